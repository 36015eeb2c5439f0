"""Plays a lecture of ten minutes in real windows: keys and clicks, on the demo's faces and then on a film. emolive
records it itself; what the screen shows at the end of each step is kept, and the README's pictures are taken from it.

    python docs/lecture.py OUT [--size 1920x1080] [--pace 1] [--film FILM]

Needs Xvfb, openbox, xdotool and ffmpeg. OUT then holds a picture of each step, and the recordings.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

import xserver as x  # noqa: E402

Size = tuple[int, int]
BOARD = "emolive board"


@dataclass(frozen=True)
class Step:
    """So many seconds of lecture, which begin with keys, and a click or a pointing at a part of the board's size."""

    name: str
    seconds: float
    keys: tuple[str, ...] = ()
    click: tuple[float, float] | None = None
    point: tuple[float, float] | None = None


DEMO = (
    Step("welcome", 20, ("r",)),
    Step("what is it", 15, point=(0.2, 0.3)),
    Step("status", 10, point=(0.05, 0.02)),
    Step("lecture type", 20, ("T", "T")),
    Step("the camera alone", 25, ("tab",)),
    Step("filters alone", 25, ("tab",)),
    Step("shares", 20, ("v",)),
    Step("a tile is pinned", 15, click=(0.45, 0.3)),
    Step("its map on the face", 15, ("u", "v")),
    Step("emotions alone", 25, ("tab",)),
    Step("an emotion is the target", 20, click=(0.12, 0.3)),
    Step("a contrast", 20, ("c",)),
    Step("undone", 10, ("U", "U")),
    Step("proof alone", 20, ("tab",)),
    Step("masked", 30, ("d",)),
    Step("random weights", 25, ("w",)),
    Step("more random", 20, ("w", "w")),
    Step("two methods", 25, ("a",)),
    Step("knocked out", 25, ("z",)),
    Step("the timeline alone", 20, ("tab",)),
    Step("all again", 15, ("tab", "0", "T", "T")),
    Step("below", 15, ("B",)),
    Step("even", 15, ("B",)),
    Step("beside", 15, ("B",)),
    Step("the next face", 15, ("n",)),
    Step("other colours", 10, ("i",)),
    Step("help", 20, ("h",)),
    Step("frozen", 20, ("h", " ")),
    Step("a step on", 10, (".", ".")),
    Step("paused", 5, ("p",)),
    Step("recording again", 5, ("p",)),
    Step("the last half minute", 10, ("R",)),
    Step("goes on", 10, (" ",)),
    Step("desk type", 10, ("T",)),
    Step("windows", 20, ("b",)),
    Step("the board again", 10, ("b",)),
    Step("full screen", 15, ("F",)),
    Step("stopped", 5, ("r",)),
)

FILM = (
    Step("film", 15, ("r",)),
    Step("film in lecture type", 15, ("T", "T")),
    Step("film tested", 20, ("d",)),
    Step("film by layercam", 15, ("m",)),
    Step("film frozen", 10, (" ",)),
    Step("film goes on", 10, (" ",)),
    Step("film stopped", 5, ("r",)),
)


def play(steps: Sequence[Step], command: Sequence[str], out: Path, size: Size, pace: float) -> int:
    """Run emolive, play the steps and keep a picture of each; gives back emolive's exit status."""
    said = out / "said.txt"
    with said.open("w") as file:
        process = subprocess.Popen([sys.executable, "-m", "emolive", *command, "-v"], cwd=out, stdout=file, stderr=file)
    try:
        x.wait_for(lambda: process.poll() is not None or x.has_picture(said), 300)
        for n, step in enumerate(steps):
            begin = time.monotonic()
            act(step, size)
            time.sleep(max(MOMENT, step.seconds * pace - (time.monotonic() - begin)))
            x.screenshot(str(out / f"{n:02d} {step.name}.png"), size)
        x.key("q")
        return process.wait(60)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


MOMENT = 1.5
"""Seconds that a step takes at least: what it asks for is on the screen by then."""


def act(step: Step, size: Size) -> None:
    """Press a step's keys, click and point."""
    title = BOARD if x.titled(BOARD) else "emolive camera"
    left, top, width, height = x.place(title)
    x.focus(title)
    for key in step.keys:
        x.key(key)
        time.sleep(0.15)
    for part, button in ((step.click, True), (step.point, False)):
        if part is not None:
            at = left + round(part[0] * width), top + round(part[1] * height)
            x.click(*at) if button else subprocess.run(["xdotool", "mousemove", *map(str, at)], check=True)


def lecture(out: Path, size: Size, pace: float, film: Path | None) -> None:
    """Play both parts on a screen of that size."""
    out.mkdir(parents=True, exist_ok=True)
    with x.running(size), x.managed():
        parts: list[tuple[Sequence[Step], list[str], Path]] = [(DEMO, ["demo", "--board"], out / "demo")]
        if film:
            parts.append((FILM, ["file", str(film.resolve()), "--board"], out / "film"))
        for steps, command, place in parts:
            place.mkdir(exist_ok=True)
            play(steps, [*command, "--recordings", str(place.resolve())], place, size, pace)


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--size", default="1920x1080", show_default=True)
@click.option("--pace", default=1.0, show_default=True, help="0.2: five times as fast.")
@click.option("--film", type=click.Path(exists=True, path_type=Path), help="A film for the second part.")
def main(out: Path, size: str, pace: float, film: Path | None) -> None:
    """Play the lecture."""
    width, height = map(int, size.split("x"))
    lecture(out, (width, height), pace, film)


if __name__ == "__main__":
    main()
