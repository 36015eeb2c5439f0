"""The maps that a map must beat: those that the same method drew of other faces, the average map, and others.

Maps of other faces are kept beside the network's file, as `NAME.controls.safetensors`: maps only, no pictures. They
hold for that network alone, known by its sha256. A network without such a file has no
maps of other faces, and of centres plain hills in and near the middle; verdicts name what was asked.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as safetensors_of

from emolive.attribution.methods import METHODS
from emolive.audit.masks import grid, masked, masks
from emolive.core.errors import EmoliveError
from emolive.core.evidence import CONTROLS, MASKINGS, OWN, Query
from emolive.core.files import write_output
from emolive.core.foreign import MOST_BYTES, open_regular
from emolive.networks.checkpoint import Model

log = logging.getLogger(__name__)

FACES = 8
"""Other faces for each emotion."""

DRAWS = 8
"""Random areas that a picture is asked about."""

HILL = 0.2
"""The width (standard deviation) of the hill in the middle, in sides of the map."""

HILLS = ((0.0, HILL), (-0.12, HILL), (0.12, HILL), (0.0, 0.3))
"""How far below the middle each hill is, and its width: one alone is beaten by others near it."""

Way = tuple[str, str]
"""A method and a layer."""


@dataclass(frozen=True, eq=False)
class Controls:
    """The maps of other faces: {(method, layer): (classes, faces, h, w) float32}, each scaled to its peak, `classes`
    being 1 for a method that knows no emotion. Centres are the average for the emotion, the average for all, and
    hills in and near the middle (`HILLS`)."""

    others: Mapping[Way, np.ndarray] = field(default_factory=dict)

    def of(self, method: str, layer: str, label: int, cam: np.ndarray, activation: np.ndarray | None) -> "Beside":
        """The controls of a map (h, w) that explains the class `label`; `activation` is what knows no emotion."""
        way = method, "" if METHODS[method].of_input else layer
        others = self.others.get(way)
        shape = grid(cam).shape
        maps: dict[str, list[np.ndarray]] = {}
        if others is not None:
            same = others[min(label, len(others) - 1)]
            maps["other_face"] = [_fitted(one, shape) for one in same]
            maps["centre"] = [_fitted(one, shape) for one in (same.mean(0), others.mean((0, 1)))]
        maps["centre"] = [*maps.get("centre", ()), *(hill(shape, *one) for one in HILLS)]
        if activation is not None:
            maps["class_blind"] = [_fitted(activation, shape)]
        return Beside(grid(cam), maps)


@dataclass(frozen=True, eq=False)
class Beside:
    """A map (h, w) and its controls on the same grid."""

    own: np.ndarray
    maps: Mapping[str, Sequence[np.ndarray]]

    def cells(self, ask: Query, seed: int = 0) -> np.ndarray:
        """The cells (h, w) bool that a question masks."""
        if ask.of == "random":
            found: np.ndarray = masks(self.own, 1 + ask.which + DRAWS * seed)[1]
            return found
        cam = self.own if ask.of == OWN else self.maps[ask.of][ask.which]
        hottest: np.ndarray = masks(cam, seed)[0]
        return hottest

    def faces(self, crop: np.ndarray, asks: Sequence[Query], seed: int = 0) -> np.ndarray:
        """The masked faces (P, S, S, 3) uint8 RGB of some questions about a crop (S, S, 3) uint8 RGB."""
        return np.stack([masked(crop, self.cells(ask, seed), ask.masking, seed) for ask in asks])

    def asks(self) -> tuple[Query, ...]:
        """Every question, as of a picture: under each masking the map itself, then each control."""
        counts = {of: len(self.maps.get(of, ())) if of != "random" else DRAWS for of in CONTROLS}
        each = [Query("", OWN), *(Query("", of, n) for of in CONTROLS for n in range(counts[of]))]
        return tuple(ask._replace(masking=how) for how in MASKINGS for ask in each)

    def turn(self, n: int) -> tuple[Query, ...]:
        """The three questions of a film's frame `n`: the map itself and two of its controls. Maskings, controls and
        their maps take turns, so that no frame costs more than another."""
        how = MASKINGS[n % 2]
        pairs = ("other_face", "random"), ("centre", "class_blind")
        found = [Query(how, OWN)]
        for of in pairs[n // 2 % 2]:
            if of in self.maps:
                found.append(Query(how, of, n // 4 % len(self.maps[of])))
            else:
                found.append(Query(how, "random", n // 4 % DRAWS))
        return tuple(dict.fromkeys(found))


def hill(shape: tuple[int, ...], below: float = 0.0, wide: float = HILL) -> np.ndarray:
    """A hill in a map (h, w), in the middle or so far `below` it, its ties broken downwards: where a face has its
    mouth."""
    y, x = ((np.arange(n) + 0.5) / n - 0.5 for n in shape)
    away = (y[:, None] - 1e-3 - below) ** 2 + x[None] ** 2
    found: np.ndarray = np.exp(-away / (2 * wide**2)).astype(np.float32)
    return found


def scaled(cam: np.ndarray) -> np.ndarray:
    """A map on the grid of its cells, divided by its strongest value."""
    coarse = grid(cam)
    return coarse / max(float(np.abs(coarse).max()), 1e-12)


def beside(path: str | Path) -> Path:
    """The file of controls that belongs to a network's file."""
    return Path(path).with_suffix(".controls.safetensors")


def controls_of(model: Model) -> Controls:
    """What is kept beside a network; nothing where there is no such file, or it is another network's."""
    file = beside(model.path) if model.path else None
    if file is None or not file.is_file():
        return Controls()
    return _kept(file, file.stat().st_mtime_ns, model.sha256, len(model.spec.labels))


@lru_cache(maxsize=4)
def _kept(file: Path, _written: int, sha256: str, classes: int) -> Controls:
    try:
        with open_regular(file, most=MOST_BYTES) as opened:
            found = tensors_of(opened.read(MOST_BYTES))
        mark = bytes(found.pop("model").astype(np.uint8)).hex()
        others = {_way(name): _checked(maps, classes) for name, maps in found.items()}
    except (OSError, EmoliveError, SafetensorError, KeyError, ValueError, TypeError) as error:
        log.warning("%s is left out: it cannot be read as control maps (%s).", file, error)
        return Controls()
    if mark != sha256:
        log.warning("%s is left out: it belongs to another network.", file)
        return Controls()
    return Controls(others)


def _way(name: str) -> Way:
    method, _, layer = name.partition("/")
    return method, layer


def _checked(maps: np.ndarray, classes: int) -> np.ndarray:
    if maps.ndim != 4 or maps.shape[0] not in (1, classes) or not maps.shape[1] or not np.isfinite(maps).all():
        raise ValueError("a map is not one")
    return maps.astype(np.float32)


def keep(path: Path, sha256: str, others: Mapping[Way, np.ndarray]) -> None:
    """Write maps of other faces, (classes, faces, h, w) each, for the network with this sha256."""
    named = {f"{method}/{layer}": np.ascontiguousarray(maps, np.float16) for (method, layer), maps in others.items()}
    content = safetensors_of({**named, "model": np.frombuffer(bytes.fromhex(sha256), np.uint8)})
    write_output(path, content, "Make room or choose another folder.")


def _fitted(cam: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A map on another grid."""
    if cam.shape == shape:
        return cam
    size = shape[1], shape[0]
    how = cv2.INTER_AREA if cam.shape[0] > shape[0] else cv2.INTER_LINEAR
    found: np.ndarray = cv2.resize(np.asarray(cam, np.float32), size, interpolation=how)
    return found
