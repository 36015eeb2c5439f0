"""The views: how a scene becomes pictures. To add one, write `name(scene) -> Picture` and give it a row here."""

from emolive.scene import View
from emolive.show.camera import camera
from emolive.show.filters import filters, order

__all__ = ["VIEWS", "camera", "filters", "order"]

VIEWS: dict[str, View] = {"camera": camera, "filters": filters}
