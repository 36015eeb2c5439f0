"""What single steps cost a face, whenever they are taken, beside a bare forward of one face in the same rounds."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch

from emolive.core.scene import Face, Frame, Settings
from emolive.faces.crop import crop_face, square
from emolive.faces.limits import outside
from emolive.faces.mesh import Mesher
from emolive.live.smooth import answer
from emolive.networks.checkpoint import Model, as_seen
from emolive.ui.heat import heat

ROUNDS = 25

LEANS = 30.0
"""Degrees that a face leans where it is measured what that costs."""

FORWARD = "forward"
"""The bare pass through the network, one face."""

TOLD = {
    "mesh": "confirmed by the mesh: in each frame until it is, then twice a second",
    "doubt": "too small, dark, turned, blurred? As often as the mesh looks",
    "answer": "smoothed: label, bars, target, proof and rows are of one answer; each frame",
    "crop": "cut out; each frame",
    "crop, leaning": "cut out upright; each frame, of faces that lean",
    "heat": "painted on the network's fixed scale; each frame",
    "heat, leaning": "turned back onto the face; each frame, of faces that lean",
}
"""What is measured, and when it is done."""


def costs(model: Model, frame: Frame, face: Face, rounds: int = ROUNDS) -> Mapping[str, float]:
    """Medians in ms of `FORWARD` and of each step of `TOLD`, for one face of a frame; all in turn, `rounds` times."""
    size, mesher = model.spec.crop_size, Mesher()
    there, image, cam = square(face.box, 1.1), frame.bgr.copy(), np.linspace(0, 1, 49).reshape(7, 7)
    (mesh,) = mesher(frame, [face])
    probs = np.full(len(model.spec.labels), 1 / len(model.spec.labels))
    x = model.prepare(as_seen(crop_face(frame.bgr, there, size), model.spec)[None])
    tau = Settings().smooth_ms

    def forward() -> None:
        with torch.inference_mode():
            model.net(x).cpu()

    steps: dict[str, Callable[[], object]] = {
        FORWARD: forward,
        "mesh": lambda: mesher(frame, [face]),
        "doubt": lambda: outside(frame, face, replace(mesh, yaw=0.0, pitch=0.0)),  # asks everything
        "answer": lambda: answer((probs, 0.0), probs, 40.0, tau),
        "crop": lambda: crop_face(frame.bgr, there, size),
        "crop, leaning": lambda: crop_face(frame.bgr, there, size, turn=LEANS),
        "heat": lambda: heat(image, cam, there, 1.0, 0.5),
        "heat, leaning": lambda: heat(image, cam, there, 1.0, 0.5, turn=LEANS),
    }
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            spent[name].append((time.perf_counter() - began) * 1e3)
    return {name: statistics.median(ms) for name, ms in spent.items()}


def told(found: Mapping[str, float]) -> list[str]:
    """A line for each step: ms, times a bare forward, and what it is."""
    bare = found[FORWARD]
    return [f"{name:<14}{found[name]:>9.2f} ms{found[name] / bare:>7.3f} ×   {words}" for name, words in TOLD.items()]
