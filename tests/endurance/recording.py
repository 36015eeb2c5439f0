"""emolive's loop, recorder and data writer, without the network; as a program it begins quickly.

python recording.py FILM OUT DATA [fast]
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import av

from emolive.core.errors import EmoliveError
from emolive.core.interrupts import Interrupts
from emolive.core.scene import Menu, Picture, Settings, Sink, Source
from emolive.live.loop import Parts, run
from emolive.media.data import DataWriter
from emolive.media.record import Recorder
from emolive.media.sources import open_files

QUICK = [sys.executable, __file__]
"""Begins this program."""

WHOLE = [sys.executable, "-m", "emolive", "file"]
"""Begins all of emolive, for a file."""


def lines(data: Path) -> int:
    """How many frames a data file has."""
    return data.read_bytes().count(b"\n") if data.exists() else 0


def decoded(path: Path) -> int:
    """How many frames of a file play."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def record(source: Source, sinks: Sequence[Sink], stop: Callable[[], bool]) -> int:
    """Run the loop, with nobody in the picture; give the number of frames."""
    parts = Parts(
        source=source,
        detect=lambda frame: (),
        track=lambda faces, frame: (),
        read=lambda *_: (),
        views={"camera": lambda scene: Picture(scene.frame.bgr)},
        sinks=sinks,
        menu=Menu((), (), ()),
        press=lambda settings, event, menu: settings,
        order=lambda scene: (),
        stop=stop,
    )
    return run(parts, Settings())


def main(film: str, out: str, data: str, speed: str = "") -> None:
    with (
        Interrupts() as interrupts,
        open_files([Path(film)], realtime=speed != "fast") as source,
        Recorder(Path(out), source_audio=Path(film), lossless_queue=True) as recorder,
        DataWriter(Path(data), ()) as writer,
        interrupts.calm(),
    ):
        record(source, (recorder, writer), interrupts)
    interrupts.leave()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EmoliveError as error:
        sys.exit(f"Error: {error}")
