"""What is live is read as late as it can be: a picture is no older than it must be when it is shown."""

import statistics
import threading
import time
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolive.core.scene import Frame, Menu, Picture, Progress, Scene, Settings
from emolive.live import ahead, loop
from emolive.ui.keys import press

SHOWN_S = 0.08
"""How long it takes to show a picture here; all else takes next to nothing."""

FRAMES = 12

pause = threading.Event()  # never set


class Camera:
    """Gives a picture whenever it is asked, with the time at which it was taken."""

    def read(self, _: Settings) -> Frame:
        self.count = getattr(self, "count", -1) + 1
        return Frame(self.count, 1e3 * time.monotonic(), np.zeros((8, 8, 3), np.uint8))

    def progress(self) -> Progress:
        return Progress("camera")

    def notes(self) -> tuple[str, ...]:
        return ()


class SlowScreen:
    """Shows a picture in `SHOWN_S`, one of them in ten times that if it `stops` once, and then knows how old it is."""

    stage = "show"

    def __init__(self, stops: bool = False) -> None:
        self.ages: list[float] = []
        self.began: list[float] = []
        self._stops = stops

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        self.began.append(time.monotonic())
        pause.wait(10 * SHOWN_S if self._stops and len(self.began) == FRAMES // 2 else SHOWN_S)
        self.ages.append(time.monotonic() - scene.frame.t_ms / 1e3)

    def notes(self) -> tuple[str, ...]:
        return ()


def watched(stops: bool = False) -> SlowScreen:
    screen = SlowScreen(stops)
    parts = loop.Parts(
        Camera(), lambda frame: (), lambda faces, frame: (), lambda *asked: (), {}, [screen], Menu((), (), ()), press,
        lambda scene: (), max_frames=FRAMES,
    )  # fmt: skip
    assert loop.run(parts, Settings(views=())) == FRAMES
    return screen


def age() -> float:
    return statistics.median(watched().ages)


def test_a_live_picture_is_not_kept_waiting_while_the_one_before_is_shown(monkeypatch):
    fresh = age()
    monkeypatch.setattr(ahead.Slack, "__call__", lambda self, timings, read=False: 0.0)
    stale = age()
    assert stale > 1.8 * SHOWN_S  # the control: taken when the one before began to be shown
    assert fresh < 0.85 * stale


def test_after_a_picture_that_took_long_the_next_one_is_not_waited_for():
    """A snapshot may take seconds to write; the frame after it takes no longer than any."""
    began = watched(stops=True).began
    stopped, after = began[FRAMES // 2] - began[FRAMES // 2 - 1], began[FRAMES // 2 + 1] - began[FRAMES // 2]
    assert stopped > 9 * SHOWN_S
    assert after < 0.5 * stopped


@given(
    ms=st.dictionaries(
        st.sampled_from(("decode", "detect", "confirm", "forward", "draw", "show", "encode")), st.floats(0, 500)
    )
)
def test_the_next_one_is_there_before_this_one_is_shown(ms):
    slack_of = ahead.Slack()
    assert slack_of(ms) == 0  # nothing is known of the one before
    slack, drawn = 1e3 * slack_of(ms), sum(ms.get(stage, 0) for stage in ("draw", "show", "encode"))
    found = ms.get("decode", 0) + ms.get("detect", 0) + ms.get("confirm", 0)
    assert slack == pytest.approx(0) or slack + found <= drawn
    assert slack >= 0
