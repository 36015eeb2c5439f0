"""Ctrl-C and SIGTERM: the loop ends after the frame at hand, every file is closed, and the exit status says which."""

import signal
from types import FrameType


class Interrupts:
    """While entered, the first Ctrl-C or SIGTERM only sets `signal`, if `calm` is on (the loop is running and asks);
    otherwise, and at the second one, it raises SystemExit with 130 or 143, which unwinds every `with`."""

    def __init__(self) -> None:
        self.signal = 0
        self.calm = False

    def __enter__(self) -> "Interrupts":
        self._before = {s: signal.signal(s, self._take) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        patient = self.calm and not self.signal
        self.signal = number
        if not patient:
            raise SystemExit(128 + number)

    def __call__(self) -> bool:
        """Whether the loop should stop."""
        return bool(self.signal)
