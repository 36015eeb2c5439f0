"""Which videos are done: whatever happens to files, what the driver says is what reading everything would say."""

import os
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emolive.core.errors import SourceError
from emolive.corpus.asked import FileFacts
from emolive.corpus.result import FORMAT, VideoResult
from emolive.corpus.standing import Wanted, records, standings
from emolive.media.folders import videos_of

COUNT = 4

MOVES = (
    "touch video", "change video", "swap videos", "rename video", "move video", "delete video", "bring it back",
    "touch data", "change data", "cut data", "delete data", "delete result", "cut report", "nonsense as report",
    "rename result", "other settings",
)  # fmt: skip


class Study:
    """Some videos, a result of each, and what may happen to them; each write has a time of its own."""

    def __init__(self, root: Path) -> None:
        self.videos, self.out, self.away = root / "study", root / "results", root / "away"
        self.ticks = count(10**18, 10**9)
        for folder in (self.videos, self.out, self.away):
            folder.mkdir()
        for i in range(COUNT):
            video, folder = self.videos / f"{i}.mp4", self.out / str(i)
            folder.mkdir()
            self.write(video, b"\0video %d" % i)
            self.write(folder / "data.jsonl", b"data %d" % i)
            self.result(i, "these").write(folder)

    def result(self, i: int, with_settings: str) -> VideoResult:
        video, data = self.videos / f"{i}.mp4", self.out / str(i) / "data.jsonl"
        facts = video.stat()
        files = {data.name: FileFacts(data.stat().st_size, data.stat().st_mtime_ns, digest(data))}
        return VideoResult(
            str(i), str(video), digest(video), with_settings, {"method": with_settings}, "", (), {"emolive": "0"},
            data.name, None, 1, 1, 1.0, 1.0, size=facts.st_size, mtime_ns=facts.st_mtime_ns, files=files, format=FORMAT,
        )  # fmt: skip

    def write(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        now = next(self.ticks)
        os.utime(path, ns=(now, now))

    def do(self, what: str, i: int) -> None:
        video, folder = self.videos / f"{i}.mp4", self.out / str(i)
        data, report = folder / "data.jsonl", folder / "report.json"
        other = self.videos / f"{(i + 1) % COUNT}.mp4"
        path = data if "data" in what else video
        if what.startswith(("touch", "change")) and path.exists():
            old = path.read_bytes()
            self.write(path, old if "touch" in what else bytes([old[0]]) + b"%d" % next(self.ticks) + old[-1:])
        if what == "swap videos" and video.exists() and other.exists():
            video.rename(self.away / "between")
            other.rename(video)
            (self.away / "between").rename(other)
        if what == "rename video" and video.exists():
            video.rename(self.videos / f"new {next(self.ticks)}.mp4")
        if what == "move video" and video.exists():
            (self.videos / "deeper").mkdir(exist_ok=True)
            video.rename(self.videos / "deeper" / f"{next(self.ticks)}.mp4")
        if what == "delete video" and video.exists():
            video.rename(self.away / video.name)
        if what == "bring it back" and (self.away / video.name).exists() and not video.exists():
            (self.away / video.name).rename(video)
        if what == "cut data" and data.exists():
            self.write(data, data.read_bytes()[:3])
        if what == "delete data":
            data.unlink(missing_ok=True)
        if what == "delete result" and folder.exists():
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        if what == "cut report" and report.exists():
            report.write_bytes(report.read_bytes()[:-20])
        if what == "nonsense as report" and report.exists():
            report.write_bytes(b"\0\xff{{{")
        if what == "rename result" and folder.exists():
            folder.rename(self.out / f"was {next(self.ticks)}")
        if what == "other settings" and report.exists() and data.exists() and video.exists():
            self.result(i, "others").write(folder)

    def told(self) -> set[Path]:
        known = records(self.out)
        found = videos_of(str(self.videos)).files
        return {one.video for one in standings(found, known, Wanted("these", {"method": "these"})) if not one.reasons}

    def read(self) -> set[Path]:
        """All is hashed; of what stands on disk nothing but contents counts."""
        whole = set()
        for report in self.out.glob("*/report.json"):
            try:
                said = VideoResult.read(report.parent)
            except SourceError:  # nonsense as a report is what one of the moves writes
                continue
            data = report.parent / "data.jsonl"
            if said.settings == "these" and data.exists() and digest(data) == said.files[data.name].sha256:
                whole.add(said.content)
        return {path for path in self.videos.rglob("*.mp4") if digest(path) in whole}


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


@pytest.mark.ci
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, COUNT - 1)), max_size=8))
@example([("swap videos", 0), ("other settings", 0)])
def test_done_is_what_reading_everything_says(moves):
    with TemporaryDirectory() as folder:
        study = Study(Path(folder).resolve())
        assert len(study.told()) == COUNT
        for what, i in moves:
            study.do(what, i)
        assert study.told() == study.read()


def test_each_of_these_moves_can_change_what_is_done_or_nothing():
    """That the property above is about something: which moves alone make a video undone."""
    undone = set()
    for what in MOVES:
        with TemporaryDirectory() as folder:
            study = Study(Path(folder).resolve())
            study.do(what, 1)
            if len(study.told()) < COUNT:
                undone.add(what)
    assert undone == {
        "change video", "delete video", "change data", "cut data", "delete data", "delete result", "cut report",
        "nonsense as report", "other settings",
    }  # fmt: skip
