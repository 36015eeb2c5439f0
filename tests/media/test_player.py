"""Playing: every frame, at the file's own speed, with freeze, steps, seeks and other files."""

import time
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from films import frames_of, number_of, numbered, until_frame, write_video
from PIL import Image
from waits import passes

from emolive.core.errors import SourceError
from emolive.core.scene import END, Settings
from emolive.media.clips import Shot
from emolive.media.player import Player
from emolive.media.sources import open_files

S = Settings()
FROZEN = Settings(frozen=True)


class Numbers:
    """A clip of `count` pictures, 25 a second, each holding its number; `slow_s` is what one takes to be decoded."""

    name, note = "numbers", ""

    def __init__(self, count: int = 20, slow_s: float = 0.0, step_ms: float = 40.0) -> None:
        self.frames, self.duration_ms = count, count * step_ms
        self.slow, self.step = slow_s, step_ms

    def play(self, from_ms: float = 0.0) -> Iterator[Shot]:
        for i in range(self.frames):
            if i * self.step >= from_ms:
                passes(self.slow)
                yield i * self.step, np.full((4, 4, 3), i, np.uint8)

    def last_before(self, t_ms: float) -> Shot | None:
        return next(((t, bgr) for t, bgr in reversed(list(self.play())) if t < t_ms), None)


def playing(clip: Numbers) -> Player:
    return Player([lambda: clip], realtime=True)


def number(frame) -> int:
    return int(frame.bgr[0, 0, 0])


def test_where_there_is_no_other_file_it_is_said(film):
    with open_files([film], realtime=True) as source:
        until_frame(source)
        source.read(replace(S, file=1))
        assert "there is only one file" in source.notes()
    with open_files([film, film], realtime=True) as source:
        until_frame(source)
        source.read(replace(S, file=-1))
        assert "this is the first file" in source.notes()
        source.read(replace(S, file=0))
        assert "there is only one file" not in source.notes()


def test_where_there_is_no_frame_further_on_it_is_said(film):
    with open_files([film], realtime=True) as source:
        until_frame(source)
        now = replace(S, frozen=True)
        for change, words in (
            ({"steps": -1}, "this is the first frame"),
            ({"seek_ms": -5000.0}, "this is the beginning"),
            ({"seek_ms": 10.0**7}, ""),
            ({"seek_ms": 2 * 10.0**7}, "this is the end"),
            ({"steps": 1}, "this is the last frame"),
        ):
            source.read(now)
            now = replace(now, **change)
            source.read(now)
            assert source.notes() == ((words,) if words else ()), change


def test_a_gif_begins_anew_where_somebody_watches(tmp_path):
    small = [Image.new("RGB", (32, 32), color) for color in ("navy", "gold")]
    small[0].save(tmp_path / "two.gif", save_all=True, append_images=small[1:], duration=60)
    with open_files([tmp_path / "two.gif"], realtime=True) as source:
        frames = [until_frame(source) for _ in range(5)]
    assert [frame.t_ms for frame in frames] == [0, 60, 0, 60, 0]
    assert [frame.cut for frame in frames] == [False, False, True, False, True]


def test_headless_gives_every_frame_then_end(film):
    with open_files([film], realtime=False) as source:
        frames = frames_of(source)
        assert source.read(S) is END
        assert source.progress().ended
    assert [number_of(f.bgr) for f in frames] == list(range(50))
    assert [f.index for f in frames] == list(range(50))
    assert not any(f.cut for f in frames)
    assert {f.name for f in frames} == {"film.mp4"}


def test_wolfgang_has_472_frames(shared):
    with open_files([shared / "videos" / "WolfgangLanger_Pexels.mp4"], realtime=False) as source:
        progress = source.progress()
        frames = [(f.index, f.t_ms) for f in frames_of(source)]
    assert len(frames) == 472 == progress.frames
    assert progress.duration_ms == pytest.approx(19_685)
    assert [t for _, t in frames] == pytest.approx([i * 1001 / 24 for i in range(472)], abs=0.02)


def test_real_time_is_real():
    with playing(Numbers(25)) as source:
        began, shown = time.monotonic(), []
        while not source.progress().ended:
            before = time.monotonic()
            frame = source.read(S)
            assert time.monotonic() - before < 0.1
            if frame:
                shown.append((time.monotonic() - began) * 1000 - frame.t_ms)
    assert len(shown) == 25
    assert np.ptp(shown) < 60
    assert source.progress().speed == 1.0


@pytest.mark.ci
def test_a_slow_machine_shows_every_frame_and_says_so():
    with playing(Numbers(8, slow_s=0.08)) as source:
        shown = []
        while not source.progress().ended:
            frame = source.read(S)
            if frame:
                shown.append(number(frame))
    assert shown == list(range(8))

    with playing(Numbers(30, slow_s=0.08)) as source:
        for _ in range(20):
            until_frame(source)
        assert 0.3 < source.progress().speed < 0.6


def test_after_a_slow_spell_it_does_not_rush():
    with playing(Numbers(50)) as source:
        until_frame(source)
        passes(0.6)
        began = time.monotonic()
        for _ in range(15):
            until_frame(source)
        assert time.monotonic() - began > 15 * 0.04 - 0.15


def test_freeze_stops_the_clock_and_keeps_keys_alive():
    with playing(Numbers(20)) as source:
        first = until_frame(source)
        began = time.monotonic()
        while time.monotonic() - began < 0.4:
            before = time.monotonic()
            assert source.read(FROZEN) is None
            assert time.monotonic() - before < 0.1
        following = until_frame(source)
    assert (number(first), number(following)) == (0, 1)
    assert not following.cut


def test_a_source_that_starts_frozen_shows_its_first_frame():
    with playing(Numbers(3)) as source:
        assert number(until_frame(source, FROZEN)) == 0
        assert source.read(FROZEN) is None


def test_steps_there_and_back(film):
    with open_files([film], realtime=True) as source:
        for _ in range(15):
            until_frame(source)
        for steps, expected in ((1, 15), (2, 16), (1, 15), (0, 14), (-14, 0), (-20, None), (-19, 1), (-10, 10)):
            frame = source.read(replace(FROZEN, steps=steps))
            assert (frame and number_of(frame.bgr)) == expected
        assert frame.index == 14 + 7
        assert number_of(until_frame(source, replace(S, steps=-10)).bgr) == 11


def test_of_keys_that_come_together_each_is_obeyed(three):
    with open_files(three, realtime=True) as source:
        until_frame(source)
        both = source.read(replace(FROZEN, seek_ms=1000, steps=-2))
        assert (number_of(both.bgr), both.index, both.cut) == (23, 1, True)
        other = source.read(replace(FROZEN, seek_ms=1000, steps=-1, file=2))
        assert (other.name, number_of(other.bgr), other.index, other.film) == ("c.mp4", 1, 2, 2)
        assert number_of(until_frame(source, replace(S, seek_ms=1000, steps=-2, file=2)).bgr) == 0


def test_a_frame_that_nobody_saw_comes_again():
    with playing(Numbers(20)) as source:
        until_frame(source)
        shown, ahead = until_frame(source), until_frame(source)
        source.take_back(ahead)
        assert source.read(FROZEN) is None
        again = until_frame(source)
        assert (number(again), again.index, again.t_ms, again.cut) == (2, 2, ahead.t_ms, False)
        source.take_back(again)
        back = source.read(replace(FROZEN, steps=-1))
        assert (number(back), back.index) == (number(shown) - 1, 2)


class Looping(Numbers):
    """A GIF: it begins anew."""

    loops = True


def test_steps_go_round_in_what_loops():
    with playing(Looping(3)) as source:
        until_frame(source)
        numbers = [number(source.read(replace(FROZEN, steps=n))) for n in range(1, 5)]
    assert numbers == [1, 2, 0, 1]


def test_step_back_is_a_cut_and_forward_is_none():
    with playing(Numbers(20)) as source:
        until_frame(source)
        assert not source.read(replace(FROZEN, steps=1)).cut
        assert source.read(replace(FROZEN, steps=0)).cut
        assert not source.read(replace(FROZEN, steps=1)).cut


@pytest.mark.parametrize("frozen", [False, True])
def test_seek(film, frozen):
    with open_files([film], realtime=True) as source:
        until_frame(source)
        for seek, expected in ((1000, 25), (5000, 49), (3600, 14), (-9000, 0), (-8600, 10)):
            frame = source.read(replace(S, frozen=frozen, seek_ms=seek))
            assert number_of(frame.bgr) == expected
            assert frame.cut
            assert frame.t_ms == pytest.approx(40 * expected, abs=0.02)


def test_the_last_frame_stands_until_a_key():
    with playing(Numbers(3)) as source:
        for _ in range(3):
            until_frame(source)
        for _ in range(5):
            assert source.read(S) is None
        assert source.progress().ended
        back = source.read(replace(S, seek_ms=-5000))
        assert (number(back), back.cut, source.progress().ended) == (0, True, False)
        assert number(until_frame(source, replace(S, seek_ms=-5000))) == 1


def test_start_and_end(film):
    with open_files([film], 400, 1200, realtime=False) as source:
        frames = frames_of(source)
        assert source.progress().frames == len(frames) == 20
    assert [number_of(f.bgr) for f in frames] == list(range(10, 30))
    assert frames[0].t_ms == pytest.approx(400, abs=0.02)
    assert not frames[0].cut
    with open_files([film], 400, 1200, realtime=True) as source:
        until_frame(source)
        assert number_of(source.read(replace(S, seek_ms=9000)).bgr) == 29
        assert number_of(source.read(replace(S, seek_ms=-9000)).bgr) == 10
        assert source.read(replace(FROZEN, seek_ms=-9000, steps=-1)) is None


@pytest.mark.parametrize(("start", "end"), [(9000, None), (400, 400), (800, 400)])
def test_start_and_end_that_leave_nothing(film, start, end):
    with pytest.raises(SourceError, match="--start"), open_files([film], start, end, realtime=False):
        pass


@pytest.fixture
def three(tmp_path, film):
    cv2.imwrite(str(tmp_path / "b.png"), numbered(200))
    short = write_video(tmp_path / "c.mp4", [0, 40, 80])
    return [film, tmp_path / "b.png", short]


def test_several_files_headless(three):
    with open_files(three, realtime=False) as source:
        frames = frames_of(source)
    assert [f.index for f in frames] == list(range(50 + 1 + 3))
    assert [f.name for f in frames[49:52]] == ["film.mp4", "b.png", "c.mp4"]
    assert [f.index for f in frames if f.cut] == [50, 51]
    assert [f.t_ms for f in frames[50:53]] == pytest.approx([0, 0, 40], abs=0.02)


def test_next_and_previous_file(three):
    with open_files(three, realtime=True) as source:
        until_frame(source)
        seen = []
        for file in (1, 2, 3, 1, -1, -2):
            frame = source.read(replace(S, file=file))
            seen.append((frame and frame.name, source.progress().file))
    assert seen == [("b.png", 1), ("c.mp4", 2), (None, 2), ("film.mp4", 0), (None, 0), (None, 0)]


def test_a_picture_stands_until_a_key(three):
    with open_files(three[1:2], realtime=True) as source:
        frame = until_frame(source)
        assert (number_of(frame.bgr), frame.t_ms) == (200, 0)
        assert [source.read(S) for _ in range(3)] == [None] * 3
        assert source.progress().ended


def test_a_broken_file_among_others_is_left_out(three, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with open_files([tmp_path / "broken.jpg", *three], realtime=False) as source:
        assert len(frames_of(source)) == 54
        assert any("broken.jpg" in note for note in source.notes())
    with pytest.raises(SourceError, match=r"broken\.jpg"), open_files([tmp_path / "broken.jpg"], realtime=False):
        pass
    both = [tmp_path / "broken.jpg"] * 2
    with pytest.raises(SourceError, match="None of the files"), open_files(both, realtime=False):
        pass


def test_next_file_that_is_broken_keeps_the_shown_one(three, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with open_files([three[2], tmp_path / "broken.jpg"], realtime=True) as source:
        until_frame(source)
        assert source.read(replace(S, file=1)) is None
        assert number_of(until_frame(source, replace(S, file=1)).bgr) == 1


def test_closes_twice_and_leaves_no_file_open(film):
    source = open_files([film], realtime=True)
    with source:
        until_frame(source)
    source.__exit__(None, None, None)
