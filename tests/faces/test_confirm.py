"""Which faces are faces: by what the mesh saw in each frame, here written down, and on real films."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from emolive.core.mesh import Mesh
from emolive.core.scene import Face, Frame
from emolive.faces.confirm import DOUBTS, MOST, Confirmer, confirm_once
from emolive.faces.detect import Detector
from emolive.faces.mesh import Mesher
from emolive.faces.track import Tracker

Detectors = Callable[[str], Detector]
BLACK = np.zeros((4, 4, 3), np.uint8)
FRAME_MS = 40.0


def face(track: int) -> Face:
    return Face((0.0, 0.0, 9.0, 9.0), 0.6, np.zeros((6, 2)), track)


class Seen:
    """A mesh that sees what is written down: by track a letter per frame, "x" a face, "." none, " " out of sight."""

    def __init__(self, **tracks: str) -> None:
        self.tracks = {int(name.removeprefix("t")): looks for name, looks in tracks.items()}
        self.read: list[tuple[float, int]] = []

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> tuple[Mesh, ...]:
        self.read += [(frame.t_ms, one.track) for one in faces]
        looks = [self.tracks[one.track][frame.index] for one in faces]
        return tuple(Mesh({"x": 0.9, ".": 0.1}[look], np.zeros((468, 3)), 0, 0, 0) for look in looks)

    def frames(self, step_ms: float = FRAME_MS, still: bool = False) -> Iterator[tuple[list[Face], Frame]]:
        for i in range(max(map(len, self.tracks.values()))):
            there = [face(track) for track, looks in self.tracks.items() if looks[i : i + 1].strip()]
            yield there, Frame(i, i * step_ms, BLACK, still=still)

    def confirmed(self, track: int = 1, step_ms: float = FRAME_MS, still: bool = False) -> str:
        """What is said of a track in each frame: "1" confirmed, "0" not, " " nothing."""
        confirm, said = Confirmer(self), ""
        for faces, frame in self.frames(step_ms, still):
            given = confirm(faces, frame)
            assert [one.track for one in given] == [one.track for one in faces]
            said += {True: "1", False: "0", None: " "}[
                next((one.confirmed for one in given if one.track == track), None)
            ]
        return said


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ("xxxxx", "00111"),
        ("x.x.x", "00001"),
        ("xx..xx.", "0000111"),
        ("x..x..x..x..", "000000000000"),
        (".x..x.......", "000000000000"),
        ("....xxx", "0000001"),
    ],
)
def test_three_of_the_last_five_looks_confirm(looks: str, said: str) -> None:
    assert Seen(t1=looks).confirmed() == said


def test_a_letter_that_is_a_face_now_and_then_never_is_one() -> None:
    """As the worst on real films: two of seven looks."""
    assert "1" not in Seen(t1=".x..x.." * 40).confirmed()


def test_after_its_first_second_a_track_is_looked_at_twice_a_second_and_can_still_be_confirmed() -> None:
    seen = Seen(t1="." * 60 + "x" * 60)
    said = seen.confirmed()
    times = [t_ms for t_ms, _ in seen.read]
    assert times[:26] == [i * FRAME_MS for i in range(25)] + [24 * FRAME_MS + 520]
    first = said.index("1")
    assert 60 * FRAME_MS + 1000 <= first * FRAME_MS <= 60 * FRAME_MS + 1600, "the third look"
    assert set(said[first:]) == {"1"}
    assert min(np.diff(times[25:])) >= 500


def test_once_confirmed_it_is_looked_at_at_most_twice_a_second() -> None:
    seen = Seen(t1="x" * 250)
    assert seen.confirmed() == "00" + 248 * "1"
    times = [t_ms for t_ms, _ in seen.read]
    assert times[:3] == [0.0, 40.0, 80.0]
    assert min(np.diff(times[2:])) >= 500
    assert len(times) >= 3 + 9 * 1.9


def test_who_turns_away_for_four_seconds_stays_and_what_is_none_for_long_goes() -> None:
    assert "0" not in Seen(t1="xxx" + "." * 100 + "x" * 50).confirmed()[2:]
    wall = Seen(t1="xxx" + "." * 300 + "x" * 100)
    said = wall.confirmed()
    gone, back = said.index("0", 3), said.index("1", 200)
    assert gone * FRAME_MS == pytest.approx(DOUBTS * 520, abs=500)
    assert set(said[gone:back]) == {"0"}
    assert set(said[back:]) == {"1"}


def test_slow_films_are_looked_at_in_every_frame() -> None:
    assert Seen(t1="xxxx").confirmed(step_ms=4000) == "0011"


def test_what_stands_by_itself_is_confirmed_by_one_look() -> None:
    assert Seen(t1="x").confirmed(still=True) == "1"
    assert Seen(t1="..x.").confirmed(still=True) == "0011"
    faces = confirm_once(Seen(t1="x", t2="."), [face(1), face(2)], Frame(0, 0.0, BLACK))
    assert [one.confirmed for one in faces] == [True, False]
    assert [one.mesh.present for one in faces if one.mesh] == [True, False]


def test_the_same_frame_once_more_changes_nothing() -> None:
    seen = Seen(t1="x")
    confirm = Confirmer(seen)
    for _ in range(5):
        assert [one.confirmed for one in confirm([face(1)], Frame(0, 0.0, BLACK))] == [False]
    assert len(seen.read) == 1


def test_a_track_out_of_sight_is_forgotten_when_the_tracker_forgets_it() -> None:
    assert Seen(t1="xxx" + " " * 10 + "xxx").confirmed() == "001" + " " * 10 + "111"
    assert Seen(t1="xxx" + " " * 15 + "xxx").confirmed() == "001" + " " * 15 + "001"


def test_time_that_goes_back_is_no_reason_to_wait() -> None:
    """Somebody seeks back in a film and the person keeps the number."""
    confirm = Confirmer(Seen(t1="x" * 9))
    times = [90_000.0, 90_040.0, 90_080.0, 5_000.0, 5_040.0]
    said = [confirm([face(1)], Frame(i, t, BLACK, cut=i == 3))[0] for i, t in enumerate(times)]
    assert [one.confirmed for one in said] == [False, False, True, True, True]
    assert said[3].mesh is not None


def test_a_mesh_is_of_the_frame_in_which_it_was_read() -> None:
    confirm = Confirmer(seen := Seen(t1="x" * 30))
    given = [confirm(faces, frame)[0].mesh is not None for faces, frame in seen.frames()]
    assert given[:4] == [True, True, True, False]
    assert sum(given) == len(seen.read)


def test_a_crowd_that_came_at_once_is_not_looked_at_again_at_once() -> None:
    crowd = Seen(**{f"t{n}": "x" * 50 for n in range(1, 21)})
    assert crowd.confirmed(track=20) == "00" + "1" * 48
    again = [t_ms for t_ms, _ in crowd.read if t_ms > 100]
    assert max(again.count(t_ms) for t_ms in again) == MOST
    assert len({track for t_ms, track in crowd.read if t_ms > 100}) == 20, "everybody's turn comes"


@pytest.mark.parametrize(
    ("name", "least"),
    [("group-1", 10), ("group-2", 3), ("group-3", 4), ("multi_face", 5), ("single_face", 1)]
    + [(name, 1) for name in ("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")],
)
def test_every_face_of_the_photos_is_confirmed(detectors: Detectors, photo, name: str, least: int) -> None:
    picture = Frame(0, 0.0, photo(name), still=True)
    faces = Confirmer(Mesher())(Tracker()(detectors("full")(picture), picture), picture)
    assert len(faces) >= least
    assert all(one.confirmed for one in faces)


@pytest.mark.parametrize(("name", "begins", "phantoms"), [("no_face.mp4", 0, 3), ("face_noface.mov", 72, 3)])
def test_no_phantom_of_the_films_is_confirmed(
    detectors: Detectors, video, name: str, begins: int, phantoms: int
) -> None:
    track, confirm, seen = Tracker(), Confirmer(Mesher()), set()
    for picture in video(name):
        if picture.index >= begins:
            found = confirm(track(detectors("full")(picture), picture), picture)
            seen |= {one.track for one in found}
            assert not any(one.confirmed for one in found), picture.index
    assert len(seen) >= phantoms
