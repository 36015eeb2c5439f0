"""Every place of every command that takes a path, given what is no such file: a sentence, at once."""

import io
import multiprocessing
import os
import random
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from children import Child
from films import write_video

PLACES = (
    "file {} --headless", "file {f} {} --headless --frames 1", "file {f} --headless --model {}",
    "file {f} --headless --method-b cam --model-b {}", "file {f} --headless --frames 1 --out {}",
    "file {f} --headless --frames 1 --data {}", "file {f} --headless --frames 1 --record --recordings {}",
    "cam --camera {} --headless", "demo --headless --frames 1 --model {}", "demo --headless --frames 1 --data {}/x.csv",
    "explain {} --out {d}/e", "explain {p} --out {}", "explain {p} --out {d}/e --model {}", "plot {}",
    "plot {j} --min-seconds 0 --out {}", "summary {}", "summary {d}/good --out {}", "replay {} --headless",
    "replay {d}/good --headless", "batch {} --out {d}/b", "batch {f} --out {d}/b --model {}",
    "layers --model {}", "evaluate {} --out {d}/ev", "evaluate {d}/good --out {}",
    "evaluate {d}/good --out {d}/e --groups {}", "train {} --out {d}/t", "train {d}/good --out {d}/t --init {}",
    "bench --source {} --frames 1",
    "bench --json {} --model {}",
)  # fmt: skip
"""Words of a command; {} is what is tried, {f} a film, {p} a picture, {j} data, {d} the folder of all."""

GREY = np.full((64, 64, 3), 128, np.uint8)

ODD = (
    "/dev/zero", "/dev/full", "/dev/null", "/proc/kmsg", "/proc/self/mem", "{d}/pipe", "{d}/circle", "{d}/dead",
    "{d}/nothing", "{d}/sparse", "{d}/empty", "{d}/noise", "{d}/text", "{d}/deep", "{d}/folder", "{f}/below",
    "{d}/" + "x" * 300,
    "{d}/\udcff", "{d}/\u4e2d\u6587", "{d}/-x", "{d}/a\nb", "", " ", "{d}/%s%n%03d", "{d}/[a-z]*?", "~", "$HOME", "file://{f}",
    "concat:{f}|{f}", "-", "rtsp://", "http://", "http://[::1", "{d}/con", "{d}/" + "y/" * 2000,
)  # fmt: skip


def laid_out(folder: Path) -> dict[str, str]:
    """What the odd paths lead to, and some that are in order."""
    (folder / "folder").mkdir()
    (folder / "good").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "circle").symlink_to("circle")
    (folder / "dead").symlink_to("nowhere")
    with (folder / "sparse").open("wb") as file:
        file.truncate(40 << 30)
    (folder / "empty").touch()
    (folder / "noise").write_bytes(random.Random(0).randbytes(5000))
    (folder / "text").write_text("no such thing\n" * 50)
    (folder / "deep").write_text('{"a":' * 200_000)
    (folder / "data.jsonl").write_text('{"frame": 0, "t_ms": 0.0, "faces": []}\n')
    picture = write_video(folder / "film.mp4", [0, 40], lambda _: GREY)
    cv2.imwrite(str(folder / "face.png"), GREY)
    return {"d": str(folder), "f": str(picture), "p": str(folder / "face.png"), "j": str(folder / "data.jsonl")}


def tried(words: list[str]) -> str:
    """Run a command as its console is one of Windows, whose letters are few."""
    from emolive.commands.main import cli

    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # a batch has workers
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", errors="backslashreplace", write_through=True)
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = console
    try:
        cli.main(words)
        status: object = 0
    except SystemExit as leaving:
        status = leaving.code or 0
    finally:
        sys.stdout, sys.stderr = before
    said = console.buffer.getvalue().decode("cp1252")  # type: ignore[attr-defined]
    if "Traceback" in said:
        raise ValueError(said[-2000:])
    if status == 0:
        return "done"
    last = said.rstrip().rpartition("Error: ")[2]
    if status == 2 and last:
        return "refused by its form"
    if len(last.split()) < 5:
        raise ValueError(f"no sentence: {said!r}")
    return "refused with a sentence"


@pytest.mark.parametrize(
    "count", [pytest.param(120, marks=pytest.mark.ci), pytest.param(2000, marks=pytest.mark.endurance)]
)
def test_hostile_paths_by_every_command(tmp_path, tally, count, monkeypatch):
    """Devices, pipes, links in circles, 40 GB of nothing, noise, names that are none, in every place of a command."""
    named = laid_out(tmp_path)
    monkeypatch.chdir(tmp_path / "folder")  # where names without a folder lead
    cases = []
    for place in PLACES:
        for odd in ODD:
            path = odd.format(**named)
            cases.append([word.format(path, path, **named) for word in place.split()])
    random.Random(0).shuffle(cases)
    seconds = 0.0
    with Child(tried, limit_s=20) as child:
        for words in cases[:count]:
            outcome = child(words)
            tally(outcome.said)
            assert outcome.fine, f"{words}: {outcome.said}"
            seconds = max(seconds, outcome.seconds)
    tally.say(f"{seconds:.1f} s at most")
