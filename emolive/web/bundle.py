"""Downloads: views as PNG, and everything together as a ZIP with `report.json`."""

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from emolive.audit.verdict import judged
from emolive.core.files import as_bytes
from emolive.core.scene import Ledger, Proof, Scene
from emolive.faces.crop import to_rgb
from emolive.media.figures import AREAS
from emolive.networks.checkpoint import Model
from emolive.reports.figures import Json
from emolive.ui.camera import camera
from emolive.ui.filters import tile_page
from emolive.ui.heat import colored
from emolive.ui.snapshot import Facts, facts_of, scale_told
from emolive.ui.views import emotions
from emolive.web.studio import Wish, selected_reading

STRONGEST = 8
"""How many filters of a ledger are named."""


def png(bgr: np.ndarray) -> bytes:
    """(H, W, 3) uint8 BGR as a PNG file."""
    return cv2.imencode(".png", np.ascontiguousarray(bgr))[1].tobytes()


def jpeg(bgr: np.ndarray, longest: int = 1400) -> bytes:
    """(H, W, 3) uint8 BGR as a JPEG file to look at, not wider or higher than `longest`."""
    factor = longest / max(bgr.shape[:2])
    if factor < 1:
        size = max(1, round(bgr.shape[1] * factor)), max(1, round(bgr.shape[0] * factor))
        bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    fine = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return cv2.imencode(".jpg", bgr, fine)[1].tobytes()


def tiles(scene: Scene) -> np.ndarray:
    """The square of filter tiles, without the windows' column of words, BGR."""
    return tile_page(scene, 720, 15)


def icon() -> Image.Image:
    """A spot of heat, 64×64: the page's icon. Streamlit's own would be fetched from another site."""
    x = np.linspace(-1.6, 1.6, 64)
    return Image.fromarray(to_rgb(colored(np.exp(-(x**2 + x[:, None] ** 2)), 1.0)))


def stem(name: str) -> str:
    """A safe name for the files of a picture."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", Path(name).stem).strip("-")[:60] or "picture"


def pictures(scenes: Sequence[Scene]) -> dict[str, np.ndarray]:
    """All pictures of one upload by file name: the frame, and per layer the heat and the filters, BGR."""
    first = scenes[0]
    made = {"frame.png": first.frame.bgr}
    for scene in scenes:
        made[f"{scene.settings.layer}-heat.png"] = camera(scene).bgr
        made[f"{scene.settings.layer}-filters.png"] = tiles(scene)
    reading = selected_reading(first)
    if reading is not None and reading.emotions is not None:
        made["emotions.png"] = emotions(first).bgr
    for face, reading in zip(first.faces, first.readings, strict=True):
        made[f"face-{face.track}.png"] = reading.crop[..., ::-1]
    return made


def archive(pages: Sequence[Sequence[Scene]], failures: Mapping[str, str], model: Model, wish: Wish) -> bytes:
    """A ZIP file: a folder per picture, and report.json with every number. `pages` has the scenes of each picture."""
    buffer, folders = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for number, scenes in enumerate(pages, start=1):
            folders.append(f"{number:02d}-{stem(scenes[0].frame.name)}")
            for name, bgr in pictures(scenes).items():
                file.writestr(f"{folders[-1]}/{name}", png(bgr))
        told = numbers(pages, folders, failures, model, wish)
        text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)
        file.writestr("report.json", as_bytes(text + "\n"))
    return buffer.getvalue()


def numbers(
    pages: Sequence[Sequence[Scene]], folders: Sequence[str], failures: Mapping[str, str], model: Model, wish: Wish
) -> Json:
    """What report.json holds: what a snapshot says of a picture, and per layer what is known of the chosen face."""
    facts = Facts(model.path, model.sha256, model.device)
    now = datetime.now().astimezone()
    return {
        "wish": asdict(wish),
        "pictures": [
            {
                **facts_of(scenes[0], facts, now),
                "folder": folder,
                "layers": {scene.settings.layer: _layer(scene) for scene in scenes},
            }
            for scenes, folder in zip(pages, folders, strict=True)
        ],
        "failures": dict(failures),
    }


def _layer(scene: Scene) -> Json:
    reading = selected_reading(scene)
    if reading is None:
        return {}
    result, labels = reading.painted, scene.menu.labels
    blind = reading.shown.method in scene.menu.blind
    return {
        "face": scene.chosen.face.track if scene.chosen else 0,
        "target": None if blind else labels[result.target],
        "against": None if blind else reading.shown.target.minus,
        "why": result.why or None,
        "scale": None if scene.chosen is None else scale_told(scene, scene.chosen.index),
        "grid": None if result.cam is None else list(result.cam.shape),
        "drops": reading.proof and _drops(reading.proof),
        "verdict": _verdict(scene),
        "ledger": reading.ledger and _ledger(reading.ledger),
    }


def _verdict(scene: Scene) -> Json | None:
    if scene.chosen is None or scene.chosen.reading.proof is None:
        return None
    found = judged(scene.chosen, scene.menu)
    return {"word": found.word, "why": found.why}


def _drops(proof: Proof) -> Json:
    found = {name: proof.drop(of) for name, of in AREAS.items()}
    return {name: _number(drop) for name, drop in found.items() if drop is not None}


def _ledger(ledger: Ledger) -> Json:
    return {
        "logit": _number(ledger.logit),
        "bias": _number(ledger.bias),
        "exact": ledger.exact,
        "why": ledger.why or None,
        "strongest": {str(c): _number(ledger.shares[c]) for c in strongest(ledger)},
    }


def strongest(ledger: Ledger, count: int = STRONGEST) -> list[int]:
    """The channels whose shares count most, for or against, strongest first."""
    return [int(c) for c in np.argsort(-np.abs(np.nan_to_num(ledger.shares)), kind="stable")[:count]]


def _number(value: float) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None
