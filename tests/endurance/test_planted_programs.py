"""Programs planted, as pickles, in every place that a command reads: none of them is ever run."""

import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import model_files
import numpy as np
import pytest
import torch
from films import noise, write_video

from emolive.core.options import Options
from emolive.corpus.answers import FORMAT, Recall
from emolive.corpus.job import Job, Join, Segment, Split, Whole
from emolive.corpus.layout import making
from emolive.corpus.manifest import makers_of, network_facts, settings_hash
from emolive.corpus.work import segments, work

EMOLIVE = [sys.executable, "-m", "emolive"]


def forms(mark: Path) -> Iterator[bytes]:
    """Each program as a bare pickle, in torch's two formats, and as a checkpoint."""
    for program in model_files.programs(mark):
        yield pickle.dumps(program)
        for content in ({"state_dict": {"weights": program}}, program):
            path = mark.with_name("form")
            torch.save(content, path, _use_new_zipfile_serialization=isinstance(content, dict))
            yield path.read_bytes()
            path.unlink()


@pytest.fixture
def places(tmp_path, portrait) -> tuple[Path, dict[str, list[str]]]:
    """A folder, and the commands that read a file in it: by the file, the words of a command."""
    cv2.imwrite(str(tmp_path / "face.png"), portrait)
    write_video(tmp_path / "clean.mp4", [40.0 * i for i in range(3)], lambda i: noise(i).bgr)
    draw = np.random.default_rng(0)
    for kind in ("a", "b"):
        (tmp_path / "pictures" / kind).mkdir(parents=True)
        for i in range(4):
            cv2.imwrite(str(tmp_path / "pictures" / kind / f"{i}.png"), draw.integers(0, 255, (48, 48, 3)))
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    shutil.copy(tmp_path / "clean.mp4", tmp_path / "clip.mp4")
    (tmp_path / "bundle").mkdir()
    shutil.copy(tmp_path / "clean.mp4", tmp_path / "bundle" / "clean.mp4")
    given = {
        "model.pt": "layers --model model.pt --labels a,b",
        "model.safetensors": "layers --model model.safetensors",
        "second.pth": "file face.png --headless --out o.png --overwrite --model-b second.pth",
        "video.mp4": "file video.mp4 --headless --out o.mp4 --overwrite",
        "picture.png": "explain picture.png --out report --overwrite",
        "data.jsonl": "plot data.jsonl",
        "data.csv": "plot data.csv",
        "data.parquet": "plot data.parquet",
        "results/clip/data.jsonl": "summary results --out . --overwrite",
        "results/clip/report.json": "batch clip.mp4 --out results --workers 1",
        "bundle/settings.json": "replay bundle --headless --out o.mp4 --overwrite",
        "settings.json": "train pictures --out other --settings settings.json",
        "start.pth": "train pictures --out another --init start.pth --stages 16x1 --workers 0",
        "run/checkpoints/last.ckpt": "train pictures --out run --resume --init none --stages 16x1 --workers 0",
        "run/settings.json": "train pictures --out run --resume --init none --stages 16x1 --workers 0",
    }
    return tmp_path, {place: command.split() for place, command in given.items()}


@pytest.mark.endurance
def test_a_program_in_every_place_that_is_read(places, tally):
    """A pickle with a program in it (eight kinds, in three formats, in turn) in the place of networks, pictures, films,
    data, a batch's results, recordings, settings, checkpoints: a real command then reads it. It is never run."""
    folder, commands = places
    mark = folder / "executed"
    programs = list(forms(mark))
    for number, (place, words) in enumerate(commands.items()):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(programs[number % len(programs)])
        done = subprocess.run([*EMOLIVE, *words], cwd=folder, capture_output=True, text=True, timeout=120)
        assert not mark.exists(), place
        assert "Traceback" not in done.stderr, (place, done.stderr)
        assert done.returncode in (0, 1), (place, done.stderr)
        assert not done.returncode or Path(place).name in done.stderr, (place, done.stderr)  # it is that file's fault
        tally("refused with a sentence" if done.returncode else "not needed, and stepped over")
        (folder / place).unlink()


@pytest.mark.ci
@pytest.mark.parametrize("place", ["run/checkpoints/last.ckpt", "model.pt"])
def test_a_program_in_a_checkpoint_and_in_a_network(places, place):
    """The short version of the test above."""
    folder, commands = places
    mark = folder / "executed"
    (folder / place).write_bytes(next(iter(forms(mark))))
    done = subprocess.run([*EMOLIVE, *commands[place]], cwd=folder, capture_output=True, text=True, timeout=120)
    assert not mark.exists()
    assert "nothing in it was executed" in done.stderr
    assert done.returncode == 1


def test_the_programs_are_run_by_whoever_trusts_them(tmp_path):
    """Otherwise the tests here would prove nothing."""
    for form in forms(tmp_path / "executed"):
        path = tmp_path / "file"
        path.write_bytes(form)
        with suppress(pickle.UnpicklingError):
            pickle.loads(form)
        if not (tmp_path / "executed").exists():  # it is in one of torch's formats
            torch.load(path, weights_only=False)
        assert (tmp_path / "executed").exists()
        (tmp_path / "executed").unlink()


@pytest.mark.ci
def test_a_program_in_what_segments_have_kept(tmp_path, model):
    """In a results folder that others may write to: it is not run, and the frames are looked at again."""
    film, mark = tmp_path / "film.mp4", tmp_path / "executed"
    write_video(film, [40.0 * i for i in range(24)], lambda i: noise(i).bgr)
    settings = settings_hash(Options(), False, "jsonl", makers_of(Options(), [network_facts(model.spec, model.sha256)]))
    job = Job(film, tmp_path / "out" / "film", Options(), settings, segment_s=0.1)
    split = work(Whole(job))
    if not isinstance(split, Split):
        split = Split("content", (200.0, 500.0))
    making(job.out).mkdir(parents=True, exist_ok=True)
    paths = segments(job, split)
    for path, program in zip(paths, forms(mark), strict=False):
        path.write_bytes(program)
    assert isinstance(work(Segment(job, split, 0)), Segment)
    assert work(Join(job, split)).frames == 24
    assert not mark.exists()
    assert FORMAT > 1


@pytest.mark.parametrize("length", [0, 3, 8, 2**63 - 1, -1])
def test_kept_answers_of_any_length_that_is_claimed(tmp_path, length):
    """Neither a crash nor gigabytes of memory: they are stepped over."""
    path = tmp_path / "0.answers"
    path.write_bytes((length % 2**64).to_bytes(8, "little") + b"\x80\x04N.")
    recall = Recall([path, tmp_path / "none.answers"], lambda frame: ["looked"], None)
    frame = type("Frame", (), {"t_ms": 0.0, "bgr": np.zeros((8, 8, 3), np.uint8)})
    assert recall.detect(frame) == ["looked"]
    assert recall.missed == 1
