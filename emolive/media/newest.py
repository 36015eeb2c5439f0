"""Live sources: one thread reads and keeps the newest frame only, so that what is shown is never old."""

import logging
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, Self

import cv2
import numpy as np

from emolive.core.errors import SourceError
from emolive.core.scene import END, End, Frame, Progress, Settings
from emolive.media.clips import EPSILON_MS
from emolive.media.http import RefusedError

log = logging.getLogger(__name__)

PATIENCE = 0.05
"""The longest that `read` waits, in seconds."""

DUE_SOON = 0.5
"""The next picture is waited for if it is due within this part of a camera's interval: the one at hand is old then."""

STALLED = 2.0
"""Seconds without a frame after which the user is told, and a camera that only fails counts as gone."""

BACK_OFF = (0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts to reconnect; the last one from then on."""

PROMPT = 1.0
"""Seconds that a source may take to say that it is not there, before anything else is begun."""

FAREWELL = 0.7
"""Seconds that closing waits for the thread, which may hang in a driver or the network; the process then ends without
it (`interrupts.end`)."""


class Capture(Protocol):
    """What is read from: the part of `cv2.VideoCapture` that is used. One with `ended` that is True gave all it had."""

    def read(self) -> tuple[bool, np.ndarray | None]: ...
    def release(self) -> None: ...


class LiveSource:
    """A camera or a stream. A `scene.Source`.

    `connect` opens it and raises `SourceError` where it cannot. `patience_s` is how long the first frame may take.
    With `reconnects` a stream that once delivered is opened again and again when it breaks off, for `give_up_s` seconds
    if that is given; without, a break is an error. `gone` is the error's text. Times come from a monotonic clock.

    Entering raises at once what `connect` raises within `PROMPT`; what takes longer is told by `read`.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], Capture],
        gone: str,
        patience_s: float = 9.0,
        reconnects: bool = False,
        give_up_s: float | None = None,
    ) -> None:
        self._name, self._connect, self._gone = name, connect, gone
        self._patience, self._reconnects, self._give_up = patience_s, reconnects, give_up_s
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._newest: Frame | None = None
        self._index = -1
        self._gaps: deque[float] = deque(maxlen=5)
        self._t_ms = 0.0
        self._size: tuple[int, ...] = ()
        self._cut = False
        self._error: Exception | None = None
        self._ended = False
        self._opened = False
        self._connected = False

    def __enter__(self) -> Self:
        self._began = self._heard = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"read {self._name}", daemon=True)
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._opened or self._error, min(PROMPT, self._patience))
            if self._error:
                raise self._error
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(FAREWELL)

    def read(self, settings: Settings) -> Frame | End | None:
        with self._changed:
            going = not settings.frozen
            self._changed.wait_for(lambda: self._error or (going and (self._newest or self._ended)), PATIENCE)
            if self._error:
                raise self._error
            if self._ended and self._newest is None:
                return END if going else None
            self._check_patience()
            if settings.frozen or self._newest is None:
                return None
            self._await_what_is_due()
            frame, self._newest, self._cut = self._newest, None, False
            return frame

    def take_back(self, frame: Frame) -> None:
        """Nothing: what is live is gone when it was not looked at."""

    def progress(self) -> Progress:
        return Progress(name=self._name)

    def notes(self) -> tuple[str, ...]:
        silent = time.monotonic() - self._heard
        if self._index < 0:
            return (f"connecting to {self._name}…",)
        if not self._connected:
            return (f"{self._name} is lost, reconnecting… ({silent:.0f} s)",)
        return (f"no picture from {self._name} for {silent:.0f} s",) if silent > STALLED else ()

    def _await_what_is_due(self) -> None:
        """Wait for the next frame if it will be there in a moment."""
        every = statistics.median(self._gaps or [0.0])
        moment, before = min(DUE_SOON * every, PATIENCE), self._index
        if 0 < self._heard + every - time.monotonic() < moment:
            self._changed.wait_for(lambda: self._index > before or self._ended or self._error, moment)

    def _check_patience(self) -> None:
        """Watched from here, because the thread may hang in the driver or the network."""
        silent = time.monotonic() - self._heard
        if self._index < 0 and silent > self._patience:
            raise SourceError(self._gone)
        if self._index >= 0 and self._give_up is not None and silent > self._give_up:
            raise SourceError(f"{self._name} was lost and did not come back within {self._give_up:g} s.")

    def _run(self) -> None:
        try:
            self._read_until_stopped()
        except Exception as error:  # whatever it is, the main thread must hear of it
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _read_until_stopped(self) -> None:
        attempts = 0
        while not self._stop.is_set():
            try:
                capture = self._connect()
            except SourceError as error:
                if self._index < 0 or isinstance(error, RefusedError):
                    raise
            else:
                with self._changed:
                    self._opened = True
                    self._changed.notify_all()
                if self._drain(capture):
                    attempts = 0
                if getattr(capture, "ended", False):
                    with self._changed:
                        self._ended = True
                        self._changed.notify_all()
                    return
            if self._stop.is_set():
                return
            if self._index < 0 or not self._reconnects:
                raise SourceError(self._gone)
            with self._changed:
                self._connected, self._cut = False, True
            self._stop.wait(BACK_OFF[min(attempts, len(BACK_OFF) - 1)])
            attempts += 1

    def _drain(self, capture: Capture) -> bool:
        """Read frames until they fail to come or the source is closed; say whether any came."""
        before, failing = self._index, None
        try:
            while not self._stop.is_set():
                bgr = _picture(capture)
                now = time.monotonic()
                if bgr is not None:
                    failing = None
                    self._keep(bgr, now)
                    continue
                failing = failing or now
                if self._reconnects or now - failing > STALLED:
                    break
                self._stop.wait(0.01)  # a camera may skip a beat
        finally:
            capture.release()
        return self._index > before

    def _keep(self, bgr: np.ndarray, now: float) -> None:
        with self._changed:
            if self._index < 0:
                self._began = now
            else:
                self._gaps.append(now - self._heard)
                self._t_ms = max((now - self._began) * 1000, self._t_ms + EPSILON_MS)
                self._cut |= bgr.shape != self._size
            self._size, self._heard, self._connected = bgr.shape, now, True
            self._index += 1
            self._newest = Frame(self._index, self._t_ms, bgr, self._cut)
            self._changed.notify_all()


def _picture(capture: Capture) -> np.ndarray | None:
    """The next picture as (H, W, 3) uint8 BGR, None where none came or it is broken."""
    try:
        came, bgr = capture.read()
    except cv2.error as error:
        log.debug("a frame cannot be read: %s", error)
        return None
    if not came or bgr is None or bgr.size == 0 or bgr.dtype != np.uint8:
        return None
    if bgr.ndim not in (2, 3) or bgr.shape[2:] not in ((), (1,), (3,), (4,)):
        return None
    if bgr.shape[2:] in ((), (1,)):
        bgr = cv2.cvtColor(bgr, cv2.COLOR_GRAY2BGR)
    return np.ascontiguousarray(bgr[..., :3])
