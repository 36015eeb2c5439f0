"""The views: how a scene becomes pictures. To add one, write `name(scene) -> Picture` and give it a row here."""

from emolive.scene import View
from emolive.show.camera import camera
from emolive.show.emotions import emotions
from emolive.show.filters import filters, order
from emolive.show.proof import proof
from emolive.show.timeline import timeline

__all__ = ["VIEWS", "camera", "emotions", "filters", "order", "proof", "timeline"]

VIEWS: dict[str, View] = {
    "camera": camera,
    "filters": filters,
    "emotions": emotions,
    "proof": proof,
    "timeline": timeline,
}
