"""What each view is there for, as a question, and its answer in words for the face that is selected now."""

from collections.abc import Callable

import numpy as np

from emolive.audit.sanity import sane
from emolive.audit.verdict import judged
from emolive.core.scene import Chosen, Scene
from emolive.ui.filters import on_page, shares
from emolive.ui.named import answered, target, unnamed, who
from emolive.ui.timeline import newest
from emolive.ui.words import label, signed, way

NOBODY = "no face in sight"


def question(view: str, scene: Scene) -> str:
    """What a view answers, as a sentence."""
    return _QUESTIONS[view](scene)


def answer(view: str, scene: Scene) -> str:
    """The answer in a few words, without a full stop at its end."""
    chosen = scene.chosen
    if chosen is None:
        return NOBODY
    if chosen.face.outside and view in _OF_EMOTIONS:
        return f"{who(chosen)}: {unnamed(scene, chosen.index)}"
    return _ANSWERS[view](scene, chosen)


_OF_EMOTIONS = ("camera", "emotions", "proof", "timeline")
"""Views whose answer is about an emotion."""


def _who(scene: Scene) -> str:
    return who(scene.chosen) if scene.chosen else "the face"


def _target(scene: Scene) -> str:
    chosen = scene.chosen
    if chosen is None:
        return scene.settings.target or "an emotion"
    return target(scene, chosen, chosen.reading.painted.target)


def _camera(scene: Scene, chosen: Chosen) -> str:
    return f"{who(chosen)}: {answered(scene, chosen.index)}"


def _filters(scene: Scene, chosen: Chosen) -> str:
    reading, settings = chosen.reading, scene.settings
    shown = on_page(scene, len(reading.maps))
    ranked = [c for c in shown if c not in settings.pins] or list(shown)
    if not ranked:
        return "none on this page"
    ledger, by_share = reading.ledger, shares(scene)
    if ledger is not None and by_share is not None:
        whose = target(scene, chosen, ledger.target)
        return f"filter {ranked[0]} most: {signed(float(by_share[ranked[0]]))} of the score of {whose}"
    return f"filter {ranked[0]} answers most strongly"


def _emotions(scene: Scene, chosen: Chosen) -> str:
    maps = chosen.reading.emotions
    if maps is None:
        return "not with this method"
    totals = np.nan_to_num(maps).clip(0).sum(axis=(1, 2))
    if not totals.max() > 0:
        return "nothing: no positive evidence"
    best = int(np.argmax(totals))
    name, unit = label(scene.menu.labels, best), chosen.reading.result.measure.unit
    return f"most of it speaks for {name}" if unit.startswith("score") else f"most heat: {name}; it is no score here"


def _proof(scene: Scene, chosen: Chosen) -> str:
    proof, settings = chosen.reading.proof, scene.settings
    agreement, likeness = chosen.reading.agreement, chosen.reading.likeness
    if settings.proof and proof is not None:
        word = judged(chosen, scene.menu).word
        return word if word == "not enough evidence yet" or word == "no verdict" else f"the map {word}"
    if settings.random and likeness is not None and np.isfinite(like := sane(likeness).like):
        return f"with random weights the maps correlate {signed(like)}"
    if settings.compare and agreement is not None and np.isfinite(agreement.spearman):
        return f"two ways to look correlate {signed(agreement.spearman)}"
    if settings.off:
        count = len(settings.off)
        return f"{count} filter{'' if count == 1 else 's'} switched off"
    return "not tested yet: press d, w, z or a"


def _timeline(scene: Scene, chosen: Chosen) -> str:
    kept = chosen.remembered
    if kept is None or not kept.timeline:
        return "nothing yet"
    most = np.log2(max(2, len(chosen.probs)))
    bits = newest(scene, chosen.face.track)[1]
    words = "sure" if bits < most / 4 else "undecided" if bits > most * 0.6 else "fairly sure"
    return f"{_who(scene)} now: {words}, {bits:.1f} of {most:.1f} bits"


_QUESTIONS: dict[str, Callable[[Scene], str]] = {
    "camera": lambda scene: "What does the network see?",
    "filters": lambda scene: f"Which filters answer to {_who(scene)}?",
    "emotions": lambda scene: _contrasted(scene),
    "proof": lambda scene: f"Can the map of {_mapped(scene)} be trusted?",
    "timeline": lambda scene: "How did it change, and how sure is it?",
}

_ANSWERS: dict[str, Callable[[Scene, Chosen], str]] = {
    "camera": _camera,
    "filters": _filters,
    "emotions": _emotions,
    "proof": _proof,
    "timeline": _timeline,
}


def _mapped(scene: Scene) -> str:
    chosen = scene.chosen
    shown = (chosen.reading.base or chosen.reading.shown) if chosen else None
    if shown and shown.method in scene.menu.blind:
        return way(shown)
    return _target(scene)


def _contrasted(scene: Scene) -> str:
    minus, chosen = scene.settings.against, scene.chosen
    if minus is None or (chosen and (chosen.reading.base or chosen.reading.shown).method in scene.menu.blind):
        return "What speaks for each emotion?"
    return f"What speaks for each emotion, not {minus}?"
