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
from emolive.live import loop
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
    """Shows a picture in `SHOWN_S`, and then knows how old it is."""

    stage = "show"

    def __init__(self) -> None:
        self.ages: list[float] = []

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        pause.wait(SHOWN_S)
        self.ages.append(time.monotonic() - scene.frame.t_ms / 1e3)

    def notes(self) -> tuple[str, ...]:
        return ()


def age() -> float:
    screen = SlowScreen()
    parts = loop.Parts(
        Camera(), lambda frame: (), lambda faces, frame: (), lambda *asked: (), {}, [screen], Menu((), (), ()), press,
        lambda scene: (), max_frames=FRAMES,
    )  # fmt: skip
    assert loop.run(parts, Settings(views=())) == FRAMES
    return statistics.median(screen.ages)


def test_a_live_picture_is_not_kept_waiting_while_the_one_before_is_shown(monkeypatch):
    fresh = age()
    monkeypatch.setattr(loop, "slack_s", lambda timings: 0.0)
    stale = age()
    assert stale > 1.8 * SHOWN_S  # the control: taken when the one before began to be shown
    assert fresh < 0.85 * stale


@given(
    ms=st.dictionaries(
        st.sampled_from(("decode", "detect", "confirm", "forward", "draw", "show", "encode")), st.floats(0, 500)
    )
)
def test_the_next_one_is_there_before_this_one_is_shown(ms):
    slack, drawn = 1e3 * loop.slack_s(ms), sum(ms.get(stage, 0) for stage in ("draw", "show", "encode"))
    found = ms.get("decode", 0) + ms.get("detect", 0) + ms.get("confirm", 0)
    assert slack == pytest.approx(0) or slack + found <= drawn
    assert slack >= 0
