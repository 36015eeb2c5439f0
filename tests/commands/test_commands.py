"""The commands as a user gives them: what they write, and what bad input gets. All headless; windows have their own."""

import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from waits import wait_for

from emolive.commands.main import cli


def emolive(*words: object) -> Result:
    """Run a command in this process, as without a screen."""
    before = os.environ.pop("DISPLAY", None)
    try:
        return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=True)
    finally:
        if before is not None:
            os.environ["DISPLAY"] = before


def ok(*words: object) -> Result:
    done = emolive(*words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def fails(word: str, *words: object, status: int = 1) -> Result:
    """The command ends with a sentence that has `word` in it, that exit status, and no traceback."""
    done = emolive(*words)
    assert done.exit_code == status, (done.output, done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert word in done.output, done.output
    assert "Traceback" not in done.output
    return done


@pytest.fixture(scope="module")
def film(tmp_path_factory, portrait) -> Path:
    """A second of the portrait drifting, 12 frames of 320×240 with uneven times."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    small = cv2.resize(portrait, (188, 220))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.time_base, stream.codec_context.gop_size = Fraction(1, 1000), 3
        for i in range(12):
            ground = np.full((240, 320, 3), 90, np.uint8)
            ground[10:230, 20 + 4 * i : 208 + 4 * i] = small
            frame = av.VideoFrame.from_ndarray(ground, "bgr24")
            frame.pts, frame.time_base = i * 80 + (i % 3) * 7, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def times(path: Path) -> list[float]:
    """The frames' times in seconds, as ffprobe sees them."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "csv=p=0"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
    return [float(line.rstrip(",")) for line in done.stdout.split()]


@pytest.mark.ci
def test_a_file_gives_video_and_data_with_its_own_times(film, tmp_path):
    out, data = tmp_path / "new" / "out.mp4", tmp_path / "new" / "out.jsonl"
    ok("file", film, "--headless", "--out", out, "--data", data)
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    assert [row["frame"] for row in rows] == list(range(12))
    before = times(film)
    np.testing.assert_allclose([row["t_ms"] for row in rows], [(t - before[0]) * 1000 for t in before], atol=0.6)
    np.testing.assert_allclose(times(out), [t - before[0] + times(out)[0] for t in before], atol=0.001)
    assert all(len(row["faces"]) == 1 and row["faces"][0]["face"] == 1 for row in rows)
    face = rows[3]["faces"][0]
    assert sum(face["probs"].values()) == pytest.approx(1, abs=1e-3)
    assert face["label"] == max(face["probs_smooth"], key=face["probs_smooth"].get)
    fails("exists already", "file", film, "--headless", "--out", out)
    ok("file", film, "--headless", "--out", out, "--overwrite", "--frames", 3)
    assert len(times(out)) == 3


def test_a_table_has_a_row_per_face(film, tmp_path):
    ok("file", film, "--headless", "--data", tmp_path / "out.csv", "--frames", 4)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 5


def test_without_a_screen_files_go_on_headless_into_recordings(film, tmp_path):
    done = ok("file", film, "--recordings", tmp_path, "--frames", 2)
    assert "Going on without windows" in done.output
    assert len(list(tmp_path.glob("*film*.mp4"))) == 1


def test_a_name_after_record_is_told_where_it_belongs(film, tmp_path):
    fails(f"--out {tmp_path / 'mine.mp4'}", "file", film, "--headless", "--record", tmp_path / "mine.mp4", status=2)


def test_record_without_windows(film, tmp_path):
    ok("file", film, "--headless", "--record", "--recordings", tmp_path / "kept")
    (path,) = (tmp_path / "kept").iterdir()
    assert times(path) == pytest.approx(times(film), abs=1e-3)


def test_the_demo_ends_by_itself_and_has_its_faces(tmp_path):
    ok("demo", "--faces", 4, "--headless", "--out", tmp_path / "d.mp4", "--data", tmp_path / "d.jsonl", "--frames", 5)
    rows = [json.loads(line) for line in (tmp_path / "d.jsonl").read_text().splitlines()]
    assert [len(row["faces"]) for row in rows] == [4] * 5


def test_mirroring_changes_the_picture_and_never_the_data(film, tmp_path):
    for name, flag in (("a", "--mirror"), ("b", "--no-mirror")):
        ok("file", film, "--headless", "--out", tmp_path / f"{name}.mp4", "--data", tmp_path / f"{name}.jsonl", flag)
    assert (tmp_path / "a.jsonl").read_text() == (tmp_path / "b.jsonl").read_text()
    assert (tmp_path / "a.mp4").read_bytes() != (tmp_path / "b.mp4").read_bytes()


def test_a_picture_gives_a_picture(tmp_path, portrait):
    cv2.imwrite(str(tmp_path / "in.png"), portrait)
    ok("file", tmp_path / "in.png", "--headless", "--out", tmp_path / "out.png")
    written = cv2.imread(str(tmp_path / "out.png"))
    assert written.shape == portrait.shape
    assert (written != portrait).any()


def test_a_folder_of_pictures_gives_one_each(tmp_path, portrait):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "a.jpg", "b.jpg"):
        cv2.imwrite(str(folder / name), portrait)
    ok("file", folder, "--headless", "--out", tmp_path / "out", "--data", tmp_path / "out.jsonl")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["1-a.jpg.png", "2-a.png.png", "b.png"]
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["file"], len(row["faces"])) for row in rows] == [("a.jpg", 1), ("a.png", 1), ("b.jpg", 1)]
    fails("Give --out a folder", "file", folder, "--headless", "--out", tmp_path / "one.png")


def test_a_broken_file_among_good_ones_is_named_and_the_others_are_done(film, tmp_path, portrait):
    cv2.imwrite(str(tmp_path / "a.png"), portrait)
    (tmp_path / "b.mp4").write_text("no video")
    fails("b.mp4", "file", tmp_path / "a.png", tmp_path / "b.mp4", film, "--headless", "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "film.mp4"]
    assert len(times(tmp_path / "out" / "film.mp4")) == 12


@pytest.mark.parametrize("size", [(16, 16), (320, 240), pytest.param((7680, 4320), marks=pytest.mark.ci)])
def test_frames_of_any_size_work(tmp_path, size):
    Image.new("RGB", size, (90, 80, 70)).save(tmp_path / "in.png")
    ok("file", tmp_path / "in.png", "--headless", "--out", tmp_path / "out.png", "--data", tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text())["faces"] == []


@pytest.mark.ci
def test_every_method_runs_from_the_command_line(film, tmp_path):
    from emolive.attribution.methods import METHODS

    for method in METHODS:
        ok("file", film, "--headless", "--out", tmp_path / f"{method}.mp4", "--method", method, "--layer", "layer3",
           "--frames", 1)  # fmt: skip


def test_layers_are_listed_with_their_shapes():
    listed = ok("layers").output.splitlines()
    assert any(line.split()[:3] == ["layer4", "512", "channels"] for line in listed)
    assert len(listed) == 32


def test_options_come_from_the_environment_too(film, tmp_path, monkeypatch):
    monkeypatch.setenv("EMOLIVE_FILE_METHOD", "nonsense")
    done = CliRunner().invoke(cli, ["file", str(film), "--headless", "--out", str(tmp_path / "o.mp4")],
                              auto_envvar_prefix="EMOLIVE")  # fmt: skip
    assert "no method 'nonsense'" in done.output


def test_bad_names_get_the_list_and_the_nearest(film, tmp_path):
    given = ("file", film, "--headless", "--out", tmp_path / "o.mp4")
    fails("Did you mean 'gradcam'", *given, "--method", "gradcan")
    fails("Did you mean 'layer3'", *given, "--layer", "layr3")
    fails("Did you mean 'layer2'", *given, "--filter-layer", "layr2")
    fails("Did you mean 'happy'", *given, "--target", "hapy")
    fails("no cuda device", *given, "--device", "cuda")
    fails("no model file", *given, "--model", tmp_path / "none.pt")
    assert not (tmp_path / "o.mp4").exists()


def test_bad_files_get_a_sentence(film, tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "x.jpg").write_text("no picture")
    (tmp_path / "nothing").mkdir()
    out = ("--headless", "--out", tmp_path / "o.mp4")
    fails("There is no file", "file", tmp_path / "none.mp4", *out)
    fails("empty", "file", tmp_path / "empty.mp4", *out)
    fails("text.mp4", "file", tmp_path / "text.mp4", *out)
    fails("x.jpg", "file", tmp_path / "x.jpg", *out)
    fails("no picture or video", "file", tmp_path / "nothing", *out)
    fails("is the input itself", "file", film, "--headless", "--out", film, "--overwrite")
    fails("--end must be later", "file", film, "--start", "0:05", "--end", "0:02", status=2)
    fails("Missing argument", "file", status=2)


def test_a_video_cut_in_the_middle_keeps_its_frames_so_far(film, tmp_path):
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(film), "-c", "copy", "-movflags", "+faststart",
                           str(tmp_path / "f.mp4")])  # fmt: skip
    assert done.returncode == 0
    whole = (tmp_path / "f.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: int(len(whole) * 0.8)])
    ok("file", tmp_path / "cut.mp4", "--headless", "--out", tmp_path / "o.mp4")
    assert 3 <= len(times(tmp_path / "o.mp4")) < 12


def test_cameras_and_streams_that_are_not_there():
    fails("Plug one in", "cameras")
    fails("--headless", "cam")
    fails("emolive cameras", "cam", "--headless", "--camera", 9, "--seconds", 1)
    done = fails("127.0.0.1", "cam", "--headless", "--camera", "http://me:secret@127.0.0.1:9/a", "--seconds", 1)
    assert "secret" not in done.output


def test_an_output_folder_that_cannot_be_made(film, tmp_path):
    (tmp_path / "file").touch()
    fails("Choose another folder", "file", film, "--headless", "--out", tmp_path / "file" / "o.mp4")
    fails("Data files end in", "file", film, "--headless", "--data", tmp_path / "o.txt")


@pytest.mark.ci
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_closes_the_file_and_sets_the_exit_status(tmp_path, name, status):
    out, data = tmp_path / "o.mp4", tmp_path / "o.jsonl"
    command = [sys.executable, "-m", "emolive", "demo", "--headless", "--seconds", "600", "--out", out, "--data", data]
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: data.exists() and len(data.read_text().splitlines()) > 5, 60)
        process.send_signal(getattr(signal, name))
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == status, said
    assert "Traceback" not in said
    rows = data.read_text().splitlines()
    assert all(json.loads(row) for row in rows)
    assert len(times(out)) == len(rows)
