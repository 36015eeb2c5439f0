"""The preparer of FER2013, on a made archive and a made csv."""

import gzip
import importlib.util
import io
import sys
import tarfile
import zipfile
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
            name = f"fer2013/{prepare.role(usage)}/{prepare.EMOTIONS[emotion]}/{usage}_{i}.png"
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


CLEAN = "".join(f"{e},{' '.join(map(str, p.ravel()))},{u}\n" for u, e, p in PICTURES)
HEAD = "emotion,pixels,Usage\n"
WHOLE = HEAD + CLEAN
KAGGLE = "emotion, Usage, pixels\n" + "".join(f"{e}, {u}, {' '.join(map(str, p.ravel()))}\n" for u, e, p in PICTURES)
TRAIN = "emotion,pixels\n" + "".join(
    f"{e},{' '.join(map(str, p.ravel()))}\n" for u, e, p in PICTURES if u == "Training"
)
JUNK = (
    "7,1 2 3,Training\n"
    + f"7,{'5 ' * 2304},Training\n"
    + f"1,{'5 ' * 2209},Training\n"
    + f"1,{'300 ' * 2304},Training\n"
    "x,1,Training\n\nhello\n,,\n" + f"1,{'5 ' * 2304},Nothing\n3,12 13"
)


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def pictures_in(names: dict[str, str]) -> dict[str, bytes]:
    """The pictures as files, in folders whose splits are called as `names` says."""
    usual = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    return {f"{names[u]}/{usual[e].title()}/{i}.png": cv2.imencode(".png", p)[1].tobytes()
            for i, (u, e, p) in enumerate(PICTURES) if u in names}  # fmt: skip


ALL = {"Training": "FER/Train", "PublicTest": "FER/PublicTest", "PrivateTest": "FER/private_test"}
READ = {
    "plain.csv": WHOLE.encode(),
    "bom.csv": b"\xef\xbb\xbf" + WHOLE.encode(),
    "utf16.csv": WHOLE.encode("utf-16"),
    "windows.csv": WHOLE.replace("\n", "\r\n").encode(),
    "semicolon.csv": WHOLE.replace(",", ";").encode(),
    "icml_face_data.csv": KAGGLE.encode(),
    "junk.csv": (WHOLE + JUNK).encode(),
    "packed.csv.gz": gzip.compress(WHOLE.encode()),
    "archive.zip": zipped({"fer2013/fer2013.csv": WHOLE.encode(), "__MACOSX/._fer2013.csv": b"x", "README": b"hi"}),
    "challenge.zip": zipped(
        {"icml_face_data.csv": KAGGLE.encode(), "train.csv": TRAIN.encode(), "test.csv": b"pixels\n1"}
    ),
    "csv.tar.gz": tarred({"fer2013/fer2013.csv": WHOLE.encode(), "fer2013/README": b"hello"}),
    "csv.tar": tarred({"fer2013/fer2013.csv": WHOLE.encode()}, "w"),
    "folders.zip": zipped(
        {**pictures_in(ALL), "FER/Train/Happy/.ipynb_checkpoints/x.png": b"x", "FER/Train/Happy/b.jpg": b"x"}
    ),
    "folders.tar.gz": tarred(pictures_in(ALL)),
}


@pytest.mark.parametrize("name", READ)
def test_fer2013_as_people_have_it(prepare, tmp_path, name):
    (tmp_path / name).write_bytes(READ[name])
    done = CliRunner().invoke(prepare.main, [str(tmp_path / name), str(tmp_path / "out")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    said = ("train: 3 pictures", "validation: 2 pictures", "test: 2 pictures", "dropped 1: blank in train")
    assert all(words in done.output for words in said), done.output
    pixels = {cv2.imread(str(path), 0).tobytes() for path in (tmp_path / "out" / "train").rglob("*.png")}
    assert pixels == {gray(1).tobytes(), gray(2).tobytes()}
    assert {path.name for path in (tmp_path / "out" / "train").iterdir()} == {"angry", "happy"}
    if name == "junk.csv":
        assert "dropped 8: cut or junk rows" in done.output
        assert "dropped 2: of class 7" in done.output
    if name == "folders.zip":
        assert "dropped 1: no readable pictures" in done.output


def test_kaggles_train_alone_has_no_validation(prepare, tmp_path):
    for name, content in (("train.csv", TRAIN.encode()), ("t.zip", zipped(pictures_in({"Training": "train"})))):
        (tmp_path / name).write_bytes(content)
        out = tmp_path / f"out {name}"
        done = CliRunner().invoke(prepare.main, [str(tmp_path / name), str(out)], catch_exceptions=False)
        assert (done.exit_code, "train: 5 pictures" in done.output) == (0, True), done.output
        assert f"There is no validation: emolive train {out / 'train'}" in done.output


REFUSED = {
    "cut.tar.gz": (READ["csv.tar.gz"][:-2000], "cut short or damaged"),
    "cut folders.tar.gz": (tarred(pictures_in(ALL))[:9000], "cut short or damaged"),
    "cut.tar": (READ["csv.tar"][:30000], "cut short or damaged"),
    "cut.zip": (READ["archive.zip"][:-300], "cut short or damaged"),
    "cut.csv.gz": (READ["packed.csv.gz"][:-300], "cut short or damaged"),
    "test.csv": (b"pixels\n1 2 3\n", "without emotions"),
    "other.csv": (b"a,b\n1,2\n", "has the columns a, b"),
    "empty.csv": (b"", "neither folders"),
    "head.csv": (HEAD.encode(), "no square pictures"),
    "noise.csv": (bytes(range(256)) * 9, "neither folders"),
    "two.zip": (zipped({"a.csv": WHOLE.encode(), "b.csv": WHOLE.encode()}), "holds a.csv, b.csv"),
    "none.zip": (zipped({"a.txt": b"hi"}), "neither folders"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_gets_a_sentence_and_nothing_is_written(prepare, tmp_path, name):
    content, said = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    done = CliRunner().invoke(prepare.main, [str(tmp_path / name), str(tmp_path / "out")], catch_exceptions=False)
    assert done.exit_code == 1, done.output
    assert said in done.output
    assert not (tmp_path / "out").exists()


def test_votes_of_another_order_are_not_joined(prepare, tmp_path):
    (tmp_path / "fer.csv").write_text(WHOLE + CLEAN)
    (tmp_path / "votes.csv").write_text(VOTES)
    args = [str(tmp_path / "fer.csv"), str(tmp_path / "out"), "--ferplus", str(tmp_path / "votes.csv")]
    done = CliRunner().invoke(prepare.main, args)
    assert (done.exit_code, "more rows (20)" in done.output) == (1, True), done.output
