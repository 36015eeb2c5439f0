"""How far a run goes: the limits of its options, and how fast it is."""

import time

from emolive.core.scene import Frame, Source

EPSILON_MS = 1e-6
"""What adding up many steps may be wrong by."""


class FrameRate:
    """Frames per second, smoothed over about a second."""

    def __init__(self) -> None:
        self.last: float | None = None
        self.fps = 0.0

    def tick(self) -> float:
        now = time.perf_counter()
        if self.last is not None:
            dt = max(now - self.last, 1e-6)
            weight = min(1.0, dt) if self.fps else 1.0
            self.fps += weight * (1 / dt - self.fps)
        self.last = now
        return self.fps


class Limit:
    """`--frames` and `--seconds` of the whole run: seconds of the videos, one after the other, and of the clock where
    somebody watches or a camera runs."""

    def __init__(self, source: Source, interactive: bool, frames: int | None, seconds: float | None) -> None:
        self.frames, self.seconds = frames, seconds
        self.by_clock = interactive or source.progress().live
        self.last_ms: float | None = None
        self.played_ms = self.step_ms = 0.0
        self.count, self.began = 0, time.monotonic()

    def reached(self, frame: Frame | None) -> bool:
        """Count the frame; say whether it lies beyond the limit."""
        if frame is None:
            return False
        if self.last_ms is not None:
            if not frame.cut:
                self.step_ms = frame.t_ms - self.last_ms
            self.played_ms += self.step_ms  # through a cut, the last frame stands as long as the one before it
        self.last_ms = frame.t_ms
        if self.seconds is not None and self.played_ms >= self.seconds * 1e3 - EPSILON_MS:
            return True
        self.count += 1
        return False

    def time_is_up(self) -> bool:
        """Say whether the clock, or the number of frames, has run out."""
        if self.frames is not None and self.count >= self.frames:
            return True
        return self.seconds is not None and self.by_clock and time.monotonic() - self.began >= self.seconds
