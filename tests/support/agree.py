"""Whether what is said of a face comes from the same numbers: label, what its map explains, the largest probability."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def rows(path: Path) -> list[dict[str, Any]]:
    """The faces of a data file that were read, each with its frame."""
    frames = (json.loads(line) for line in path.read_text().splitlines())
    return [{"frame": frame["frame"], **face} for frame in frames for face in frame["faces"] if face["confirmed"]]


def disagreeing(faces: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    """Frame and number of the faces of which one thing is said here and another there."""
    return [(face["frame"], face["face"]) for face in faces if not _one_answer(face)]


def _one_answer(face: dict[str, Any]) -> bool:
    probs = face["probs_smooth"]
    largest = max(probs.values())
    return face["label"] == face["target"] and probs[face["label"]] == largest


def apart(faces: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    """Frame and number of the faces whose frame alone says something else than what is shown."""
    return [(f["frame"], f["face"]) for f in faces if max(f["probs"], key=f["probs"].get) != f["label"]]
