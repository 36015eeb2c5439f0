"""What the page and the notebook ask of emolive: the faces of a picture, and what the network makes of them.

Everything is done by the same detector, engine, memory and views as in the live windows; here they are only called.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from safetensors import safe_open

from emolive.attribution.methods import BLIND, METHODS, UNPINNED
from emolive.core.errors import pick
from emolive.core.installed import matplotlib_data, weights
from emolive.core.scene import TOP, Face, Frame, Memory, Menu, Progress, Reading, Scene, Settings
from emolive.faces.confirm import confirm_once
from emolive.faces.detect import Detector
from emolive.faces.mesh import Mesher
from emolive.live.engine import Engine
from emolive.live.memory import remember
from emolive.networks.checkpoint import Model
from emolive.ui.filters import order

_TURN = threading.Lock()
"""One look at a time, for everybody: forward hooks sit on the network that all share, and MediaPipe's detector turns
the process's stderr. Two looks at once would catch each other's activations."""

TITLES = {name: METHODS[name].title + (" (slow)" if METHODS[name].slow else "") for name in UNPINNED}
"""The methods that need no pinned filter, and their names for people."""

SCALES = {"fixed": "fixed: the same for every face", "relative": "relative: each map's own strongest evidence"}
"""What full heat can be, and what that means."""

SORTS = {"strength": "strongest first", "share": "share of the score", "number": "number"}
"""How filters can be sorted."""

FEWEST, MOST = 4, 64
"""How many filters can be shown."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see of a picture. `face` is the number of the face that details are shown of, 0 for the
    largest; `target` a label, "" for the likeliest."""

    method: str = "gradcam"
    layers: tuple[str, ...] = ("layer4",)
    tiles: int = 16
    sort: str = "strength"
    target: str = ""
    alpha: float = 0.6
    colormap: str = "inferno"
    scale: str = "fixed"
    detector: str = "full"
    face: int = 0

    @property
    def asked(self) -> "Wish":
        """What of this the network must be asked for: without what is only drawing."""
        drawn = {name: getattr(Wish, name) for name in ("tiles", "sort", "alpha", "colormap", "scale")}
        return replace(self, **drawn)

    def settings(self, layer: str, first: bool, proof: bool = True) -> Settings:
        """The same for the engine and the views, at one of the layers; the map of each emotion at the first only."""
        return Settings(
            method=self.method,
            layer=layer,
            filter_layer=layer,
            target=self.target or TOP,
            selected=self.face,
            views=("camera", "filters", "emotions") if first else ("camera", "filters"),
            by_share=True,
            proof=proof,
            frozen=True,
        )


def usual_map(network: Model) -> tuple[str, str]:
    """The method and the layer that are shown at first: those that an audit of the network trusts most; the usual
    method at the last layer where there was none, or it names what there is not."""
    best, layers = network.spec.best_map, list(network.layers)
    if best and best["method"] in TITLES and best["layer"] in layers:
        return best["method"], best["layer"]
    return Wish.method, layers[-1]


def shipped_models() -> dict[str, Path]:
    """The networks in `model/`, by name: the files that say of themselves that they are one."""
    found = {}
    for path in sorted(weights().glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            if "emolive" in (file.metadata() or {}):
                found[path.stem] = path
    return found


def portrait() -> Path:
    """The built-in picture: Rear Admiral Grace Hopper, in the public domain; it comes with matplotlib."""
    return matplotlib_data("sample_data/grace_hopper.jpg")


@lru_cache(maxsize=1)
def _mesher() -> Mesher:
    """The face mesh, loaded once."""
    return Mesher()


def find_faces(frame: Frame, detector: str) -> tuple[Face, ...]:
    """The faces of a picture that the face mesh confirms, numbered from left to right."""
    with _TURN, Detector(detector) as detect:
        confirmed = [face for face in confirm_once(_mesher(), detect(frame), frame) if face.confirmed]
        found = sorted(confirmed, key=lambda face: face.box[0] + face.box[2])
    return tuple(replace(face, track=number) for number, face in enumerate(found, start=1))


def whole_picture(frame: Frame, model: Model, detector: str) -> tuple[Face, ...]:
    """One face that is the whole picture: what the network sees is just as wide as the picture's longer side."""
    height, width = frame.bgr.shape[:2]
    part = 1 / model.spec.crop_margin.get(detector, 1.1)
    x, y = width * (1 - part) / 2, height * (1 - part) / 2
    return (Face((x, y, width - x, height - y), 1.0, np.zeros((6, 2)), track=1),)


def explained(
    model: Model,
    frame: Frame,
    faces: Sequence[Face],
    wish: Wish,
    progress: Callable[[float], None] = lambda _: None,
    proof: bool = True,
) -> tuple[Scene, ...]:
    """What the network makes of the faces: a scene per layer, the deepest first, ready for the views.

    Without `proof` nothing is masked, which takes most of the time. `progress` is told how far a slow map is. Raises
    `EmoliveError` for a method, layer or target that does not exist.
    """
    known = tuple(model.layers)
    pick(wish.method, TITLES, "method")
    for layer in wish.layers:
        pick(layer, known, "layer")
    tracks = tuple(face.track for face in faces)
    menu = Menu(UNPINNED, known, model.spec.labels, tracks=tracks, blind=BLIND, random=model.architecture.random)
    scenes: list[Scene] = []
    for layer in sorted(wish.layers, key=known.index, reverse=True):
        settings = wish.settings(layer, not scenes, proof)
        with _TURN:
            readings = Engine(model, wish.detector).finished(frame, faces, settings, Memory(), progress)
        memory = remember(Memory(), frame, faces, readings, settings)
        told = Progress(frame.name, live=False)
        scenes.append(Scene(frame, tuple(faces), readings, memory, settings, menu, told, device=model.device))
    return tuple(redrawn(scene, wish) for scene in scenes)


def redrawn(scene: Scene, wish: Wish) -> Scene:
    """The scene with what only the drawing depends on: opacity, colours and their scale, how many filters, and how they
    are sorted."""
    settings = replace(
        scene.settings,
        alpha=wish.alpha,
        colormap=wish.colormap,
        scale=wish.scale,
        tiles=wish.tiles,
        by_share=wish.sort == "share",
    )
    scene = replace(scene, settings=settings)
    reading = selected_reading(scene)
    count = 0 if reading is None else len(reading.maps)
    ranked = tuple(range(count)) if wish.sort == "number" else order(scene)
    return replace(scene, menu=replace(scene.menu, order=ranked))


def selected_reading(scene: Scene) -> Reading | None:
    """The reading of the face that details are shown of; None where there is no face."""
    return scene.chosen.reading if scene.chosen else None
