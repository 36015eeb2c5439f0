"""Records what is shown, in real time, whatever the loop does meanwhile; and remembers the last half minute of it.

A thread of its own looks at what the windows show, some times a second. So a frozen picture lasts as long as it stood,
and an encoder that is slow takes fewer pictures, each at its true time.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from emolive.core.errors import OutputError
from emolive.core.files import reserved, why
from emolive.core.scene import Picture, Scene
from emolive.media.encode import Mp4, drop_torn_end
from emolive.media.made import Made, sentence

log = logging.getLogger(__name__)

Panes = Mapping[str, np.ndarray]
"""What each window shows: (H, W, 3) uint8 BGR, never written to."""

STEP_S, STILL_S = 0.04, 0.25
"""Seconds between two pictures of a recording at least; and at most, where nothing changes: what a crash may cost."""

CLIP_S, CLIP_STEP_S = 30.0, 0.1
"""How far back a clip reaches, and the seconds between its pictures at least."""

CLIP_BYTES, CLIP_QUALITY = 128 * 2**20, 85
"""What is remembered for a clip at most, and the quality of its JPEGs."""

TOLD_S = 8.0
"""Seconds that it is said where a recording is."""


class ScreenRecorder:
    """Records while `settings.record` is on and not `settings.paused`, each time into a new MP4 in `folder`, named
    after the time of day; and the last `CLIP_S` each time `settings.clips` has grown. A `scene.Sink`.

    `look` gives what the windows show, and is asked from another thread; `picture` makes one picture of it. A picture
    of another size than a recording's first stands in it between bars. `made` are the files that are finished. What
    fails becomes a note until the next recording. Not `records`: clips only.

    Being ready for a clip costs a JPEG of what is shown at most ten times a second, in the thread (some 2 ms each
    at 1366×768), and 128 MB at most.
    """

    stage = "encode"

    def __init__(
        self,
        folder: Path,
        look: Callable[[], Panes],
        picture: Callable[[Panes], np.ndarray | None],
        records: bool = True,
    ) -> None:
        self.made: dict[Path, Made] = {}
        self._folder, self._look, self._picture, self._records = folder, look, picture, records
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._film: _Film | None = None
        self._recent = Recent()
        self._last: tuple[np.ndarray, ...] = ()  # what was seen last, the picture of it, and the one that is remembered
        self._bgr: np.ndarray | None = None
        self._kept: np.ndarray | None = None
        self._kept_at = -CLIP_STEP_S
        self._writers: list[threading.Thread] = []
        self._wanted = self._paused = False
        self._clips = 0
        self._note, self._until = "", 0.0

    @property
    def recording(self) -> bool:
        """Whether a recording is under way, paused or not."""
        return self._wanted

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, name="record the screen", daemon=True)
        self._thread.start()
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        """See what the keys asked for; the pictures themselves are looked at by the thread."""
        settings, now = scene.settings, time.monotonic()
        if self._records and settings.record != self._wanted:
            self._wanted, self._note = settings.record, ""
            self._orders.put((lambda: self._begin(now)) if settings.record else (lambda: self._end(now)))
        if settings.paused != self._paused:
            self._paused = settings.paused
            self._orders.put(lambda: self._pause(settings.paused, now))
        if settings.clips > self._clips:
            self._orders.put(lambda: self._clip(now))
        self._clips = settings.clips

    def notes(self) -> tuple[str, ...]:
        """That it is paused, and for some seconds where the last recording is, or why there is none."""
        paused = ("recording is paused; p goes on",) if self._wanted and self._paused else ()
        return (*paused, *((self._note,) if self._note and time.monotonic() < self._until else ()))

    def __exit__(self, *error: object) -> None:
        now = time.monotonic()
        self._orders.put(lambda: self._end(now))
        self._closing.set()
        self._thread.join()
        for writer in self._writers:
            writer.join()

    def _watch(self) -> None:
        """Look, until it is closed; between two looks do what was ordered."""
        due = time.monotonic()
        while True:
            try:
                self._orders.get(timeout=max(0.0, due - time.monotonic()))()
            except queue.Empty:
                if self._closing.is_set():
                    return
                now = time.monotonic()
                due = now + (STEP_S if self._film else CLIP_STEP_S)
                try:
                    self._see(now)
                except Exception as error:  # a thread that ends here would leave the user waiting
                    log.debug("what is shown cannot be recorded", exc_info=error)
                    self._bgr, self._last = None, ()  # tried anew at the next look
                    self._tell(f"What is shown cannot be recorded: {error}.", TOLD_S)

    def _see(self, now: float) -> None:
        """Look once, and keep what is to be kept."""
        shown = self._look()
        if not same(tuple(shown.values()), self._last):
            self._last = tuple(shown.values())
            self._bgr = self._picture(shown)
        bgr, film = self._bgr, self._film
        if bgr is None:
            return
        if film and not film.paused and (bgr is not film.last or now - film.wrote >= STILL_S):
            self._try(film, lambda: film.write(bgr, now))
        if bgr is not self._kept and now - self._kept_at >= CLIP_STEP_S:
            self._recent.add(now, bgr)
            self._kept, self._kept_at = bgr, now

    def _begin(self, now: float) -> None:
        try:
            self._film = _Film(self._free(), now)
        except OSError as error:
            self._tell(f"{self._folder} cannot be written to ({why(error)}). Choose --recordings.", float("inf"))

    def _end(self, now: float) -> None:
        film, self._film = self._film, None
        if film:
            self._try(film, lambda: film.close(now))
            if film.made:
                self.made[film.path] = film.made
                self._tell(f"saved {sentence(film.path, film.made)}", TOLD_S)

    def _pause(self, paused: bool, now: float) -> None:
        if self._film:
            self._film.pause(paused, now)

    def _clip(self, now: float) -> None:
        """Write what is remembered in a thread of its own: encoding takes seconds, in which recording goes on."""
        shots = self._recent.since(now - CLIP_S)
        if not shots:
            self._tell("There is nothing to make a clip of yet.", TOLD_S)
            return
        self._tell("The clip is being written …", TOLD_S)
        writer = threading.Thread(target=self._write_clip, args=(shots, now), name="write a clip", daemon=True)
        self._writers.append(writer)
        writer.start()

    def _write_clip(self, shots: "Sequence[tuple[float, bytes]]", until: float) -> None:
        try:
            film = _Film(self._free("_clip"), shots[0][0])
        except OSError as error:
            self._tell(f"{self._folder} cannot be written to ({why(error)}). Choose --recordings.", TOLD_S)
            return
        self._try(film, lambda: film.write_all(shots, until))
        if film.made:
            self.made[film.path] = film.made
            self._tell(f"saved {sentence(film.path, film.made)}", TOLD_S)

    def _free(self, kind: str = "") -> Path:
        return reserved(self._folder / f"{time.strftime('%Y-%m-%d_%H-%M-%S')}{kind}.mp4")

    def _try(self, film: "_Film", act: Callable[[], None]) -> None:
        """Do something with a recording; where that fails, say so, and leave what plays."""
        try:
            act()
        except Exception as error:  # whatever it is, the user must hear of it
            log.debug("a recording failed", exc_info=error)
            film.abandon()
            self._film = None if film is self._film else self._film
            failure = OutputError(
                f"The recording {film.path} stopped: {why(error)}. "
                "What was recorded until then plays. Make room or choose another folder."
            )
            self._tell(str(failure), float("inf"))

    def _tell(self, words: str, seconds: float) -> None:
        self._note, self._until = words, time.monotonic() + seconds
        log.info("%s", words)


def same(some: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> bool:
    """Whether these are the very same pictures, not only alike ones."""
    return len(some) == len(other) and all(a is b for a, b in zip(some, other, strict=True))


class Recent:
    """What was shown lately, as JPEGs: `CLIP_S` and the picture that stood when they began, `CLIP_BYTES` at most."""

    def __init__(self, most: int = CLIP_BYTES) -> None:
        self._most = most
        self._shots: deque[tuple[float, bytes]] = deque()
        self._bytes = 0

    @property
    def size(self) -> int:
        """How much is remembered, in bytes."""
        return self._bytes

    def add(self, now: float, bgr: np.ndarray) -> None:
        """Remember a picture."""
        data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, CLIP_QUALITY])[1].tobytes()
        self._shots.append((now, data))
        self._bytes += len(data)
        while len(self._shots) > 1 and (self._shots[1][0] < now - CLIP_S or self._bytes > self._most):
            self._bytes -= len(self._shots.popleft()[1])

    def since(self, start: float) -> list[tuple[float, bytes]]:
        """The pictures from a time on, with their times; the one that stood then comes first, at that time."""
        shots = list(self._shots)
        first = max((n for n, (t, _) in enumerate(shots) if t <= start), default=0)
        return [(max(t, start), data) for t, data in shots[first:]]


class _Film:
    """A recording under way, by the clock of `time.monotonic()`. Its file is there and empty."""

    def __init__(self, path: Path, began: float) -> None:
        self.path = path
        self.made: Made | None = None
        self.paused = False
        self.last: np.ndarray | None = None  # the picture that stands, and when it was written
        self.wrote = began
        self._began, self._away, self._since = began, 0.0, 0.0  # seconds that it was paused, and since when it is
        self._open = ExitStack()
        self._mp4: Mp4 | None = None
        self._t_ms, self._count = -1.0, 0

    def write(self, bgr: np.ndarray, now: float) -> None:
        """Add a picture that is shown from `now` on."""
        if self._mp4 is None:
            self._mp4 = self._open.enter_context(Mp4(self.path, []))
        # The first picture stood from the beginning on.
        t_ms = 0.0 if self.last is None else max((now - self._began - self._away) * 1e3, self._t_ms + 1)
        self._mp4.write(bgr, t_ms)
        self.last, self.wrote, self._t_ms, self._count = bgr, now, t_ms, self._count + 1

    def write_all(self, shots: Sequence[tuple[float, bytes]], until: float) -> None:
        """Write all of a clip, and close it."""
        for t, data in shots:
            self.write(np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)), t)
        self.close(until)

    def pause(self, paused: bool, now: float) -> None:
        """Leave out what is shown from `now` on, or go on."""
        if paused and not self.paused:
            self._since = now
        elif self.paused and not paused:
            self._away += now - self._since
        self.paused = paused

    def close(self, now: float) -> None:
        """Let the last picture stand until `now`, and finish the file; one without a picture goes."""
        if self.paused:
            now = self._since
        if self._mp4 is None:
            self.path.unlink(missing_ok=True)
            return
        self._mp4.stands_until((now - self._began - self._away) * 1e3)
        self._open.close()
        self.made = Made(self._count, self._mp4.lasts_ms / 1e3)

    def abandon(self) -> None:
        """Close the file after a failure, as it is."""
        try:
            self._open.close()
        except Exception as error:  # it failed before
            log.debug("while closing after another error: %s", error)
        if self.path.exists():
            drop_torn_end(self.path)
            if not self.path.stat().st_size:
                self.path.unlink()
