"""The views: how a scene becomes pictures. To add one, write `name(scene, sheet) -> Picture` and give it a row here."""

from emolive.core.scene import Hit, Picture, Scene, Sheet, View
from emolive.ui.camera import camera as _camera
from emolive.ui.emotions import emotions as _emotions
from emolive.ui.filters import filters as _filters
from emolive.ui.filters import order
from emolive.ui.fit import fit, letterboxed
from emolive.ui.proof import proof as _proof
from emolive.ui.timeline import timeline as _timeline

__all__ = ["VIEWS", "camera", "emotions", "filters", "order", "proof", "timeline"]


def _scaled(made: Picture, sheet: Sheet | None) -> Picture:
    if sheet is None:
        return made
    size = sheet.width, sheet.height
    where = fit((made.bgr.shape[1], made.bgr.shape[0]), size)
    f = where.factor

    def at(b: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        x, y = where.x, where.y
        return round(b[0] * f + x), round(b[1] * f + y), round(b[2] * f + x), round(b[3] * f + y)

    return Picture(letterboxed(made.bgr, size, where), tuple(Hit(at(h.box), h.event) for h in made.hits))


def camera(scene: Scene, sheet: Sheet | None = None) -> Picture:
    return _scaled(_camera(scene), sheet)


def filters(scene: Scene, sheet: Sheet | None = None) -> Picture:
    return _scaled(_filters(scene), sheet)


def emotions(scene: Scene, sheet: Sheet | None = None) -> Picture:
    return _scaled(_emotions(scene), sheet)


def proof(scene: Scene, sheet: Sheet | None = None) -> Picture:
    return _scaled(_proof(scene), sheet)


def timeline(scene: Scene, sheet: Sheet | None = None) -> Picture:
    return _scaled(_timeline(scene), sheet)


VIEWS: dict[str, View] = {
    "camera": camera,
    "filters": filters,
    "emotions": emotions,
    "proof": proof,
    "timeline": timeline,
}
