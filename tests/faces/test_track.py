"""Tracks on made-up people whose names are known, and on real videos."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest
from thinned import dear, thinned

from emolive.core.scene import Face, Frame
from emolive.faces.track import Tracker

BLACK = np.zeros((4, 4, 3), np.uint8)
RED, BLUE, GREEN = (40, 40, 200), (200, 60, 40), (60, 180, 60)
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


def middle(face: Face) -> tuple[float, float]:
    return (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2


def hidden(walk: Walk, start: float, end: float) -> Walk:
    return lambda t: None if start <= t < end else walk(t)


def stands(x: float, y: float = 300, size: float = 100) -> Walk:
    return lambda t: (x, y, size)


@pytest.mark.parametrize("fps", [4, 10, 30, *dear(120)])
@pytest.mark.parametrize("seed", thinned(range(5), 2))
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


def test_in_another_film_are_other_people() -> None:
    tracker = Tracker()
    shots = [Frame(i, t, BLACK, cut=i == 2, film=int(i > 1)) for i, t in enumerate([0, 40, 20, 60])]
    assert [tracker([face(100, 100, 50)], frame)[0].track for frame in shots] == [1, 1, 2, 2]


@pytest.mark.parametrize("jump", [-4000.0, -40.0, 0.0, 40.0, 9000.0])
def test_who_is_still_there_after_a_seek_keeps_the_number(jump: float) -> None:
    """Two people; after the jump one is where she was, the other is gone, and somebody stands where nobody did."""
    tracker = Tracker()
    for frame in frames(np.arange(0, 8000, 40)):
        assert [f.track for f in tracker([face(100, 100, 50), face(300, 100, 50)], frame)] == [1, 2]
    there = Frame(200, 8000 + jump, BLACK, cut=True)
    assert [f.track for f in tracker([face(305, 102, 51), face(600, 100, 50)], there)] == [2, 3]
    later = [Frame(201 + i, there.t_ms + 40 * i, BLACK) for i in range(1, 20)]
    assert {f.track for frame in later for f in tracker([face(305, 102, 51)], frame)} == {2}


def test_somebody_else_at_the_same_place_after_a_seek_has_another_number() -> None:
    tracker = Tracker()
    for i in range(10):
        assert tracker(*painted([(100, RED)], i, 40.0 * i))[0].track == 1
    faces, frame = painted([(100, BLUE)], 10, 5000.0)
    assert tracker(faces, replace(frame, cut=True))[0].track == 2


def test_steps_back_and_on_over_a_moment_out_of_sight() -> None:
    """He hides behind somebody for two frames; walking there and back by steps he is the same."""
    tracker, walk = Tracker(), hidden(lambda t: (100 + 40 * t, 100, 50), 0.4, 0.48)
    for t in (*np.arange(0, 1000, 40), *np.arange(960, 200, -40), *np.arange(240, 900, 40)):
        there = walk(t / 1000)
        tracked = tracker([face(*there)] if there else [], Frame(0, float(t), BLACK, cut=True))
        assert [f.track for f in tracked] == ([1] if there else [])


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


def painted(people: list[tuple[float, tuple[int, int, int]]], index: int, t_ms: float) -> tuple[list[Face], Frame]:
    """Faces 60 pixels wide at the given x, everybody in one colour from hair to shoes."""
    picture = np.full((240, 900, 3), 128, np.uint8)
    for x, color in people:
        picture[60:, int(x) - 45 : int(x) + 45] = color
    return [face(x, 120, 60) for x, _ in people], Frame(index, t_ms, picture)


def test_two_who_meet_and_turn_round_are_told_apart_by_their_looks() -> None:
    """They walk towards each other and back: by motion alone they would seem to have passed."""
    tracker, numbers = Tracker(), {RED: set(), BLUE: set()}
    for i in range(90):
        t = i / 30
        apart = 20 + 200 * abs(t - 1.5)
        people = [(450 - apart, RED), (450 + apart, BLUE)]
        if abs(t - 1.5) < 0.15:
            people = []
        for (_, color), f in zip(people, tracker(*painted(people, i, 1000 * t)), strict=True):
            numbers[color].add(f.track)
    assert sorted(map(len, numbers.values())) == [1, 1]
    assert numbers[RED] != numbers[BLUE]


def test_somebody_of_another_look_in_the_same_place_is_somebody_else() -> None:
    tracker = Tracker()
    first = [tracker(*painted([(450, RED)], i, 40.0 * i))[0].track for i in range(10)]
    assert set(first) == {1}
    assert tracker(*painted([(450, GREEN)], 15, 600.0))[0].track == 2, "after a moment out of sight"
    assert tracker(*painted([(450, BLUE)], 16, 640.0))[0].track == 3, "from one frame to the next: a cut in a film"


def test_a_lamp_switched_on_changes_nobody() -> None:
    tracker = Tracker()
    for i in range(20):
        faces, frame = painted([(300, RED), (420, BLUE)], i, 40.0 * i)
        lit = np.clip(frame.bgr.astype(int) + (50 if i >= 10 else 0), 0, 255).astype(np.uint8)
        assert [f.track for f in tracker(faces, Frame(i, frame.t_ms, lit))] == [1, 2]


def follow(frames: Iterable[Frame], detect: Callable[[Frame], list[Face]]) -> dict[int, list[tuple[int, Face]]]:
    tracker, seen = Tracker(), {}
    for frame in frames:
        for f in tracker(detect(frame), frame):
            seen.setdefault(f.track, []).append((frame.index, f))
    return seen


@pytest.mark.ci
@pytest.mark.parametrize("every", [1, 4])
def test_one_woman_has_one_number_throughout(video: Callable, detectors: Callable, every: int) -> None:
    """24 frames a second, and 6; her face is found in at least 95 of 100 of them."""
    frames = [frame for frame in video("WolfgangLanger_Pexels.mp4") if frame.index % every == 0]
    seen = follow(frames, detectors("full"))
    assert set(seen) == {1}
    assert len(seen[1]) >= 0.95 * len(frames)


def test_the_man_who_leaves_comes_back_as_somebody_new(video: Callable, detectors: Callable) -> None:
    seen = follow(video("face_noface.mov"), detectors("full"))
    assert [index for index, _ in seen[1]] == list(range(72))
    assert all(index > 71 + 15 for track in seen if track != 1 for index, _ in seen[track])


def test_two_heads_side_by_side(video: Callable, detectors: Callable) -> None:
    seen = follow(video("head-pose-face-detection-female-and-male.gif"), detectors("full"))
    assert [len(seen[track]) for track in (1, 2)] == [56, 56]
    assert all(f.box[2] < 200 for _, f in seen[1]) != all(f.box[2] < 200 for _, f in seen[2])


@pytest.mark.ci
def test_a_street(video: Callable, detectors: Callable) -> None:
    """Read off the frames: where some of the people are in the first one they are seen in, and in the last."""
    seen = follow(video("street_1080p.mp4"), detectors("tiled"))
    walks = [
        ("the woman who crosses in front", 0, (358, 781), 33, (1590, 866)),
        ("the boy in the blue jacket", 0, (921, 665), 104, (797, 708)),
        ("the man with red hair", 0, (715, 599), 86, (490, 591)),
        ("the woman with white hair", 3, (318, 663), 92, (247, 711)),
        ("the man with glasses", 46, (1150, 760), 102, (1200, 720)),
    ]

    def who(index: int, place: tuple[float, float]) -> int:
        there = [(math.dist(middle(f), place), track) for track in seen for i, f in seen[track] if i == index]
        away, track = min(there)
        assert away < 40
        return track

    assert {name: who(i, a) for name, i, a, _, _ in walks} == {name: who(j, b) for name, _, _, j, b in walks}
    assert len({who(i, a) for _, i, a, _, _ in walks}) == len(walks)
    assert sum(len(s) > 2 for s in seen.values()) <= 18, "about a dozen people are found again and again"
