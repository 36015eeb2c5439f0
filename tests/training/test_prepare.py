"""The preparer of FER2013, on a made archive and a made csv."""

import importlib.util
import io
import sys
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from emolive.training.dataset import join_votes, read_faces

SCRIPT = Path(__file__).resolve().parents[2] / "train" / "prepare_fer2013.py"


@pytest.fixture(scope="module")
def prepare():
    spec = importlib.util.spec_from_file_location("prepare_fer2013", SCRIPT)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gray(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (48, 48)).astype(np.uint8)


# Usage, number of the emotion, pixels: one blank, two of train in validation or test, one twice in train.
PICTURES = [
    ("Training", 0, gray(1)),
    ("Training", 3, gray(2)),
    ("Training", 3, gray(2)),
    ("Training", 4, gray(3)),
    ("Training", 6, gray(4)),
    ("Training", 6, np.full((48, 48), 7, np.uint8)),
    ("PublicTest", 4, gray(3)),
    ("PublicTest", 3, gray(5)),
    ("PrivateTest", 6, gray(4)),
    ("PrivateTest", 3, gray(6)),
]
VOTES = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n" + "".join(
    f"{usage},fer{i:07}.png,1,{i % 3},0,0,6,0,0,2,0,0\n" for i, (usage, _, _) in enumerate(PICTURES)
)


def check(out: Path, result) -> None:
    assert result.exit_code == 0, result.output
    assert "train: 3 pictures" in result.output
    assert "validation: 2 pictures" in result.output
    assert "test: 2 pictures" in result.output
    assert "dropped 1: blank in train" in result.output
    assert "dropped 2: in train, identical to one in validation or test" in result.output
    pixels = {cv2.imread(str(path), 0).tobytes() for path in (out / "train").rglob("*.png")}
    assert pixels == {gray(1).tobytes(), gray(2).tobytes()}
    faces = read_faces(out / "train", 48)
    assert faces.labels == ("angry", "happy")
    with_all = read_faces(out / "train", 48, ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"))
    soft = join_votes(with_all, out / "train" / "ferplus.csv").targets
    np.testing.assert_allclose(soft.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(soft[0], [6 / 7, 0, 0, 0, 1 / 7, 0, 0], rtol=1e-6)


def test_from_csv(prepare, tmp_path):
    rows = "".join(f"{e},{' '.join(map(str, p.ravel()))},{u}\n" for u, e, p in PICTURES)
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + rows)
    (tmp_path / "votes.csv").write_text(VOTES)
    args = [str(tmp_path / "fer2013.csv"), str(tmp_path / "out"), "--ferplus", str(tmp_path / "votes.csv")]
    check(tmp_path / "out", CliRunner().invoke(prepare.main, args))


def test_from_archive(prepare, tmp_path):
    join = "usage,ferplus_png,fer2013_jpg,fer2013_label,mean_abs_diff\n"
    with tarfile.open(tmp_path / "fer.tar.gz", "w:gz") as archive:
        for i, (usage, emotion, pixels) in enumerate(PICTURES):
            name = f"fer2013/{prepare.SPLITS[usage]}/{prepare.EMOTIONS[emotion]}/{usage}_{i}.png"
            data = cv2.imencode(".png", pixels)[1].tobytes()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
            join += f"{usage},fer{i:07}.png,{name},x,0\n"
    (tmp_path / "votes.csv").write_text(VOTES)
    (tmp_path / "join.csv").write_text(join)
    args = [str(tmp_path / "fer.tar.gz"), str(tmp_path / "out"), "--ferplus", str(tmp_path / "votes.csv")]
    refused = CliRunner().invoke(prepare.main, args)
    assert refused.exit_code == 1
    assert "--join" in refused.output
    check(tmp_path / "out", CliRunner().invoke(prepare.main, [*args, "--join", str(tmp_path / "join.csv")]))
    again = CliRunner().invoke(prepare.main, args)
    assert "not empty" in again.output
