"""The views: how a scene becomes pictures. To add one, write `name(scene) -> Picture` and give it a row here."""

from emolive.core.scene import View
from emolive.ui.camera import camera
from emolive.ui.emotions import emotions
from emolive.ui.filters import filters, order
from emolive.ui.proof import proof
from emolive.ui.timeline import timeline

__all__ = ["VIEWS", "camera", "emotions", "filters", "order", "proof", "timeline"]

VIEWS: dict[str, View] = {
    "camera": camera,
    "filters": filters,
    "emotions": emotions,
    "proof": proof,
    "timeline": timeline,
}
