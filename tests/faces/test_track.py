"""Tracks on made-up people whose names are known, and on real videos."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from emolive.faces.track import Tracker
from emolive.scene import Face, Frame

BLACK = np.zeros((4, 4, 3), np.uint8)
Walk = Callable[[float], tuple[float, float, float] | None]
"""Where somebody is after so many seconds: the face's centre and size in pixels; None while out of sight."""


def face(x: float, y: float, size: float) -> Face:
    half = size / 2
    return Face((x - half, y - half, x + half, y + half), 0.9, np.full((6, 2), (x, y)))


def play(walks: dict[str, Walk], seconds: float = 4, fps: float = 30, jitter: float = 0.02, seed: int = 0) -> dict:
    """Film the people, shuffling them in each frame, and give each one's track numbers over time."""
    dice = np.random.default_rng(seed)
    tracker, numbers = Tracker(), {name: [] for name in walks}
    for i in range(int(seconds * fps)):
        t = i / fps
        there = [(name, walk(t)) for name, walk in walks.items() if walk(t)]
        dice.shuffle(there)
        faces = [face(*(np.array(at) + dice.normal(0, jitter * at[2], 3))) for _, at in there]
        tracked = tracker(faces, Frame(i, 1000 * t, BLACK))
        assert [f.box for f in tracked] == [f.box for f in faces]
        for (name, _), f in zip(there, tracked, strict=True):
            numbers[name].append(f.track)
    return numbers


def one_each(numbers: dict[str, list[int]]) -> bool:
    sets = [set(n) for n in numbers.values()]
    return all(len(s) == 1 for s in sets) and len(set.union(*sets)) == len(sets)


def hidden(walk: Walk, start: float, end: float) -> Walk:
    return lambda t: None if start <= t < end else walk(t)


def stands(x: float, y: float = 300, size: float = 100) -> Walk:
    return lambda t: (x, y, size)


@pytest.mark.parametrize("fps", [4, 10, 30, 120])
@pytest.mark.parametrize("seed", range(5))
def test_people_who_stand_close_keep_their_numbers(fps: float, seed: int) -> None:
    row = {f"person {i}": stands(100 + 110 * i) for i in range(8)}
    assert one_each(play(row, fps=fps, seed=seed))


@pytest.mark.parametrize("fps", [10, 15, 30, 60])
@pytest.mark.parametrize("speed", [0.7, 2, 4])
def test_people_who_pass_each_other_keep_their_numbers(fps: float, speed: float) -> None:
    """One behind the other, unseen while covered by about half a face or more."""
    size, middle, seconds = 100, 640, 400 / (speed * 100)
    there: Walk = lambda t: (middle + size * speed * (t - seconds), 300, size)  # noqa: E731
    back: Walk = lambda t: (middle - size * speed * (t - seconds), 310, 0.9 * size)  # noqa: E731
    covered = min(0.2, 0.25 / speed)
    numbers = play({"there": there, "back": hidden(back, seconds - covered, seconds + covered)}, 2 * seconds, fps)
    assert one_each(numbers)


@pytest.mark.parametrize("fps", [5, 15, 30, 60])
@pytest.mark.parametrize("speed", [0.0, 0.5, 1.5])
@pytest.mark.parametrize(("gap", "same"), [(0.4, True), (1.0, False)])
def test_half_a_second_out_of_sight(fps: float, speed: float, gap: float, same: bool) -> None:
    walk: Walk = lambda t: (300 + 100 * speed * t, 300, 100)  # noqa: E731
    numbers = play({"hidden": hidden(walk, 1.5, 1.5 + gap), "stays": stands(300, 700)}, fps=fps)
    assert (len(set(numbers["hidden"])) == 1) is same
    assert len(set(numbers["stays"])) == 1
    assert not set(numbers["hidden"]) & set(numbers["stays"])


def test_somebody_new_elsewhere_is_not_who_just_left() -> None:
    numbers = play({"leaves": hidden(stands(200), 2, 9), "comes": hidden(stands(500), 0, 2.1)})
    assert one_each(numbers)


@pytest.mark.parametrize("fps", [10, 30])
def test_thirty_faces_wander(fps: float) -> None:
    def wander(i: int) -> Walk:
        x, y = 150 * (i % 6), 150 * (i // 6)
        return lambda t: (x + 25 * math.sin(2 * t + i), y + 25 * math.cos(1.7 * t + 2 * i), 80)

    assert one_each(play({str(i): wander(i) for i in range(30)}, fps=fps))


@pytest.mark.parametrize("fps", [8, 30])
def test_a_shaken_camera_moves_all_but_nobody_changes(fps: float) -> None:
    """The whole picture swings by most of the distance between neighbours."""

    def shaken(i: int) -> Walk:
        return lambda t: (130 * i + 60 * math.sin(7 * t), 300 + 20 * math.sin(9 * t), 100)

    assert one_each(play({str(i): shaken(i) for i in range(4)}, fps=fps))


@pytest.mark.parametrize("fps", [10, 30])
def test_somebody_coming_nearer_keeps_the_number(fps: float) -> None:
    assert one_each(play({"nearer": lambda t: (640 + 20 * t, 400, 40 * 1.8**t)}, fps=fps))


def test_numbers_start_at_one_and_are_never_given_twice() -> None:
    flickering = {str(i): hidden(stands(200 * i), 0.5 * i, 0.5 * i + 1) for i in range(4)}
    numbers = play(flickering)
    given = [n for seen in numbers.values() for n in dict.fromkeys(seen)]
    assert len(given) == len(set(given))
    assert sorted(given) == list(range(1, len(given) + 1))


def frames(times: Iterable[float], cut_at: int = -1) -> Iterable[Frame]:
    return (Frame(i, t, BLACK, cut=i == cut_at) for i, t in enumerate(times))


def test_a_cut_begins_afresh() -> None:
    tracker = Tracker()
    tracks = [tracker([face(100, 100, 50)], frame)[0].track for frame in frames([0, 40, 20, 60], cut_at=2)]
    assert tracks == [1, 1, 2, 2]


def test_the_same_frame_again_changes_nothing() -> None:
    walks = [lambda t: (100 + 80 * t, 100, 50), lambda t: (400 - 90 * t, 110, 50)]
    once, often = Tracker(), Tracker()
    for frame in frames(np.arange(0, 4000, 40)):
        faces = [face(*walk(frame.t_ms / 1000)) for walk in walks]
        expected = once(faces, frame)
        for _ in range(3):
            assert [f.track for f in often(faces, frame)] == [f.track for f in expected]


def test_one_frame_a_second_is_enough_for_somebody_who_stays() -> None:
    assert one_each(play({"a": stands(100), "b": stands(300)}, seconds=10, fps=1))


def test_no_faces() -> None:
    tracker = Tracker()
    assert tracker([], Frame(0, 0, BLACK)) == ()
    assert tracker([face(1, 1, 1)], Frame(1, 40, BLACK))[0].track == 1
    assert tracker([], Frame(2, 80, BLACK)) == ()
