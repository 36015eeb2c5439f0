"""The views: how a scene becomes pictures. To add one, write `name(scene, sheet) -> Picture` and give it a row here."""

from functools import partial

from emolive.core.scene import Picture, Scene, Sheet, View
from emolive.ui import emotions as _emotions
from emolive.ui import filters as _filters
from emolive.ui import proof as _proof
from emolive.ui import timeline as _timeline
from emolive.ui.board import pane
from emolive.ui.camera import camera
from emolive.ui.filters import order

__all__ = ["VIEWS", "camera", "emotions", "filters", "order", "proof", "timeline"]


def _entitled(name: str, draws: View, usual: Sheet, scene: Scene, sheet: Sheet | None = None, /) -> Picture:
    """A view; on no sheet, as it is recorded and kept: on its usual one, below its question and answer."""
    return draws(scene, sheet) if sheet else pane(name, draws, scene, usual)


filters: View = partial(_entitled, "filters", _filters.filters, _filters.SHEET)
emotions: View = partial(_entitled, "emotions", _emotions.emotions, _emotions.SHEET)
proof: View = partial(_entitled, "proof", _proof.proof, _proof.SHEET)
timeline: View = partial(_entitled, "timeline", _timeline.timeline, _timeline.SHEET)

VIEWS: dict[str, View] = {
    "camera": camera,
    "filters": filters,
    "emotions": emotions,
    "proof": proof,
    "timeline": timeline,
}
