"""Snapshots: whole or not at all."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scenes import LABELS, examined, scene

from emolive.core.evidence import OWN
from emolive.core.scene import Scene, Variant
from emolive.ui.snapshot import Facts, Snapshots
from emolive.ui.views import VIEWS

SUPPORT = Path(__file__).resolve().parents[1] / "support"

SHA = hashlib.sha256(b"weights").hexdigest()
FACTS = Facts("somewhere/net.safetensors", SHA, "cpu")


def pressed(given: Scene, shots: int) -> Scene:
    return replace(given, settings=replace(given.settings, shots=shots))


def shoot(snapshots: Snapshots, given: Scene, shots: int) -> None:
    given = pressed(given, shots)
    snapshots(given, {name: view(given) for name, view in VIEWS.items()})


def test_a_snapshot_holds_the_frame_the_views_the_crops_and_the_facts(tmp_path):
    given = scene(320, 240, 2)
    with Snapshots(tmp_path / "new" / "recordings", FACTS) as snapshots:
        shoot(snapshots, given, 0)
        assert not (tmp_path / "new").exists()
        shoot(snapshots, given, 1)
        (note,) = snapshots.notes()
    (folder,) = (tmp_path / "new" / "recordings").iterdir()
    assert folder.name.endswith("-snapshot")
    assert str(folder) in note
    names = {path.name for path in folder.iterdir()}
    assert names == {"frame.png", "snapshot.json", "face-1.png", "face-2.png", *(f"{view}.png" for view in VIEWS)}
    assert np.array_equal(cv2.imread(str(folder / "frame.png")), given.frame.bgr)
    assert np.array_equal(cv2.imread(str(folder / "camera.png")), VIEWS["camera"](given).bgr)
    assert np.array_equal(cv2.imread(str(folder / "face-2.png"))[..., ::-1], given.readings[1].crop)
    facts = json.loads((folder / "snapshot.json").read_text())
    assert facts["model"] == {"file": "net.safetensors", "sha256": SHA, "device": "cpu"}
    assert facts["frame"] == 12
    assert facts["settings"]["layer"] == "layer4"
    assert facts["versions"]["emolive"]
    assert facts["versions"]["numpy"] == np.__version__
    for n, face in enumerate(facts["faces"]):
        assert face["box"] == pytest.approx(given.faces[n].box, abs=0.01)
        assert face["probs"] == pytest.approx(dict(zip(LABELS, given.readings[n].result.probs, strict=True)), abs=1e-5)
        assert face["label"] == LABELS[int(np.argmax(given.memory.tracks[n + 1].probs))]


def test_a_snapshot_holds_the_tests_that_are_on(tmp_path):
    tests = {"proof": True, "random": 1, "off": (4,), "by_share": True, "compare": Variant(method="layercam")}
    given = examined(scene(320, 240, **tests))
    with Snapshots(tmp_path, FACTS) as snapshots:
        shoot(snapshots, given, 1)
    (folder,) = tmp_path.iterdir()
    facts = json.loads((folder / "snapshot.json").read_text())
    assert facts["settings"]["compare"]["method"] == "layercam"
    (face,) = facts["faces"]
    reading = given.readings[0]
    assert face["drops"]["frame"] == 11
    assert face["drops"]["hot"] == pytest.approx(reading.proof.drop(OWN), abs=1e-5)
    assert face["agreement"] == {"spearman": 0.42, "iou": 0.31}
    assert face["heat"]["off"] == 0.15
    off = reading.results[reading.knocked].probs
    assert face["probs_off"] == pytest.approx(dict(zip(LABELS, off, strict=True)), abs=1e-5)
    assert face["score_sum"]["channels"] + face["score_sum"]["bias"] == pytest.approx(
        face["score_sum"]["logit"], abs=1e-3
    )


def test_one_press_is_one_snapshot_and_two_in_a_second_get_two_names(tmp_path):
    given = scene(64, 64)
    with Snapshots(tmp_path, FACTS) as snapshots:
        for shots in (1, 1, 1, 2, 3, 3):
            shoot(snapshots, given, shots)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_frame_without_a_face_has_a_snapshot_too(tmp_path):
    with Snapshots(tmp_path, FACTS) as snapshots:
        shoot(snapshots, scene(64, 64, 0), 1)
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "snapshot.json").read_text())["faces"] == []


def test_figures_that_are_no_numbers_become_null(tmp_path):
    given = scene(64, 64)
    broken = replace(given.readings[0].result, probs=np.full(7, np.nan))
    reading = replace(given.readings[0], results={given.readings[0].shown: broken})
    with Snapshots(tmp_path, FACTS) as snapshots:
        shoot(snapshots, replace(given, readings=(reading,)), 1)
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "snapshot.json").read_text())["faces"][0]["probs"]["happy"] is None


def test_a_folder_that_cannot_be_made_becomes_a_note(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with Snapshots(tmp_path / "file", FACTS) as snapshots:
        shoot(snapshots, scene(64, 64), 1)
        (note,) = snapshots.notes()
    assert note.startswith("No snapshot: ")


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path):
    """No file may grow beyond a kilobyte, in a process of its own: this one writes a log that may be larger."""
    recordings = tmp_path / "recordings"
    script = f"""
import resource, signal, sys
sys.path[:0] = {[str(SUPPORT), str(Path(__file__).parent)]!r}
from test_snapshot import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
with Snapshots(Path({str(recordings)!r}), FACTS) as snapshots:
    shoot(snapshots, scene(320, 240), 1)
    print(*snapshots.notes())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("No snapshot: ")
    assert list(recordings.iterdir()) == []
