"""Plays clips as a source: in order, every frame, at their own speed or as fast as it goes."""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from typing import Self

from emolive.core.errors import SourceError
from emolive.core.scene import END, End, Frame, Progress, Settings
from emolive.media.clips import EPSILON_MS, Clip, Shot

log = logging.getLogger(__name__)

PATIENCE = 0.05
"""The longest that `read` waits, in seconds: keys are looked at between two reads."""

BEHIND = 0.1
"""Seconds a frame may be late before the clock is set back, so that a slow spell is not followed by a rush."""

TOLD_S = 4.0
"""Seconds that it is said that there is no other file, or no frame further on."""

SPAN = 3.0
"""Seconds over which the speed is measured."""


class Player:
    """Plays the clips that `openers` make, one after the other. A `scene.Source`.

    In real time every frame is shown when it is due, or late where the machine cannot keep up; each file's last frame
    stands until a key, and what loops (a GIF, an animation) begins anew. Otherwise frames come as fast as they are
    read, file after file, then END. A file that cannot be opened is left out with a note; `SourceError` if none can. Of
    each file only the time from `start_ms` up to `end_ms` is played.
    """

    def __init__(
        self,
        openers: Sequence[Callable[[], Clip]],
        realtime: bool,
        start_ms: float | None = None,
        end_ms: float | None = None,
    ) -> None:
        self._openers = openers
        self._realtime = realtime
        self._start = start_ms or 0.0
        self._end = math.inf if end_ms is None else end_ms
        self._settings: Settings | None = None
        self._clip: Clip | None = None
        self._shots = _nothing()
        self._next: Shot | None = None  # read ahead, not yet due
        self._clock = _Clock()
        self._file = 0
        self._index = -1
        self._t_ms = self._shown_ms = 0.0  # of the last frame, and of the one before it
        self._cut = False
        self._ended = False
        self._left_out: dict[int, str] = {}
        self._said, self._until = "", 0.0

    def __enter__(self) -> Self:
        if self._end <= self._start:
            raise SourceError("The end lies before the start. Give --end a later time than --start.")
        self._open(0, 1)
        self._cut = False  # the first frame follows no other
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(ValueError):  # it hangs in another thread, and the process is about to end
            self._shots.close()

    def read(self, settings: Settings) -> Frame | End | None:
        before = self._settings or settings
        self._settings = settings
        files, seek = settings.file - before.file, settings.seek_ms - before.seek_ms
        steps = settings.steps - before.steps
        if files or seek or steps:  # of keys that came together each is obeyed
            self._said = ""
            shot = self._other_file(files) if files else None
            shot = (self._seek(seek) if seek else None) or shot
            return self._frame((self._step(steps) if steps else None) or shot)
        if self._index >= 0 and settings.frozen:
            self._clock.stop()
            time.sleep(PATIENCE)
            return None
        return self._on()

    def take_back(self, frame: Frame) -> None:
        """The frame that was read last was not shown: it is the next one again."""
        self._next, self._index, self._t_ms = (frame.t_ms, frame.bgr), self._index - 1, self._shown_ms
        self._cut, self._ended = frame.cut, False

    def progress(self) -> Progress:
        """Where it stands. With a start or an end `frames` is an estimate of how many will come."""
        clip = self._clip
        if clip is None:
            return Progress(name="", live=False, files=len(self._openers))
        frames, duration = clip.frames, clip.duration_ms
        if duration and (self._start or self._end < duration):
            frames = round(frames * (min(self._end, duration) - self._start) / duration)
        return Progress(
            name=clip.name,
            live=False,
            duration_ms=duration,
            frames=frames,
            file=self._file,
            files=len(self._openers),
            speed=self._clock.speed if self._realtime else 1.0,
            ended=self._ended,
            failed=tuple(self._left_out.values()),
        )

    def notes(self) -> tuple[str, ...]:
        note = self._clip.note if self._clip else ""
        said = self._said if time.monotonic() < self._until else ""
        return (*self._left_out.values(), *(words for words in (note, said) if words))

    def _on(self) -> Frame | End | None:
        """The next frame, when it is due."""
        if not self._ended:
            self._next = self._take()
            self._ended = self._next is None
        if self._ended and self._realtime and self._loops() and not self._begin_anew():
            return None
        if self._ended:
            return self._at_end()
        if self._realtime and self._next is not None and not self._clock.wait(self._next[0]):
            return None
        self._shown_ms = self._t_ms
        return self._frame(self._took(self._take()))

    @property
    def _playing(self) -> Clip:
        """The open clip."""
        assert self._clip is not None  # nothing is played before a file is open
        return self._clip

    def _loops(self) -> bool:
        return self._clip is not None and getattr(self._clip, "loops", False) and self._t_ms > self._start

    def _begin_anew(self) -> bool:
        """Begin the clip once more, when its last picture has been shown for its time; say whether it was."""
        if not self._clock.wait(max(self._t_ms, min(self._playing.duration_ms, self._end))):
            return False
        self._play(self._start)
        self._next = self._take()
        self._cut, self._ended = True, self._next is None
        return True

    def _at_end(self) -> Frame | End | None:
        if not self._realtime:
            return self._on() if self._open(self._file + 1, 1) else END
        self._clock.stop()
        time.sleep(PATIENCE)
        return None

    def _take(self) -> Shot | None:
        shot, self._next = self._next or next(self._shots, None), None
        return shot

    def _took(self, shot: Shot | None) -> Shot | None:
        """The same; what comes next is counted from it."""
        self._t_ms = shot[0] if shot else self._t_ms
        return shot

    def _frame(self, shot: Shot | None) -> Frame | None:
        if shot is None:
            return None
        self._index += 1
        cut, self._cut = self._cut, False
        frozen = self._settings is not None and self._settings.frozen
        still = frozen or self._ended or self._playing.frames in (1, 2)  # with so few nobody waits for more
        return Frame(self._index, shot[0], shot[1], cut, self._playing.name, still, self._file)

    def _other_file(self, by: int) -> Shot | None:
        target = min(max(self._file + by, 0), len(self._openers) - 1)
        if target == self._file or not self._open(target, 1 if by > 0 else -1):
            many = len(self._openers) > 1
            self._tell(f"this is the {'last' if by > 0 else 'first'} file" if many else "there is only one file")
            return None
        return self._took(self._take())

    def _tell(self, words: str) -> None:
        self._said, self._until = words, time.monotonic() + TOLD_S

    def _seek(self, by_ms: float) -> Shot | None:
        """Go to the first frame at or after a time, or to the last frame where there is none."""
        latest = min(self._end, self._playing.duration_ms or math.inf)
        if by_ms < 0 and self._t_ms <= self._start and self._playing.frames != 1:
            self._tell("this is the beginning")
        if by_ms > 0 and self._ended and self._playing.frames != 1:
            self._tell("this is the end")
        self._play(max(self._start, min(self._t_ms + by_ms, latest)))
        shot = self._take()
        if shot is None:
            self._ended = True
            shot = self._last_before(math.inf)
        self._cut = True
        return self._took(shot)

    def _step(self, by: int) -> Shot | None:
        self._clock.stop()
        return self._forward(by) if by > 0 else self._back(-by)

    def _forward(self, steps: int) -> Shot | None:
        shot = None
        for _ in range(steps):
            following = self._take()
            if following is None and self._loops():
                self._play(self._start)
                self._cut, following = True, self._take()
            if following is None:
                if shot is None and self._playing.frames != 1:
                    self._tell("this is the last frame")
                self._ended = True
                break
            shot = self._took(following)
        return shot

    def _back(self, steps: int) -> Shot | None:
        shot, t_ms = None, self._t_ms
        for _ in range(steps):
            earlier = self._last_before(t_ms)
            if earlier is None:
                if shot is None and self._playing.frames != 1:
                    self._tell("this is the first frame")
                break
            shot, t_ms = earlier, earlier[0]
        if shot:
            self._play(t_ms + EPSILON_MS / 2)
            self._cut = True
        return self._took(shot)

    def _last_before(self, t_ms: float) -> Shot | None:
        shot = self._playing.last_before(min(t_ms, self._end))
        return shot if shot and shot[0] >= self._start else None

    def _play(self, from_ms: float) -> None:
        """Play on from a time; nothing is decoded before it is asked for."""
        self._shots.close()
        self._shots, self._next, self._ended = self._within(self._playing, from_ms), None, False
        self._clock.stop()

    def _within(self, clip: Clip, from_ms: float) -> Generator[Shot, None, None]:
        with closing(clip.play(from_ms)) as shots:
            for shot in shots:
                if shot[0] >= self._end:
                    return
                yield shot

    def _open(self, file: int, direction: int) -> bool:
        """Open a file, or the next one in that direction that can be opened; say whether there was one."""
        while 0 <= file < len(self._openers):
            try:
                clip, shots, first = self._opened(file)
            except SourceError as error:
                if len(self._openers) == 1:
                    raise
                log.warning("%s", error)
                self._left_out[file] = f"left out: {error}"
                file += direction
                continue
            self._shots.close()
            self._clip, self._shots, self._next, self._file = clip, shots, first, file
            self._cut, self._ended = True, False
            self._clock.stop()
            return True
        if self._clip is None:
            raise SourceError("None of the files can be read. " + " ".join(self._left_out.values()))
        return False

    def _opened(self, file: int) -> tuple[Clip, Generator[Shot, None, None], Shot]:
        clip = self._openers[file]()
        shots = self._within(clip, self._start)
        first = next(shots, None)
        if first is None:
            lasts = f" It lasts {clip.duration_ms / 1000:.1f} s." if clip.duration_ms else ""
            raise SourceError(f"{clip.name} has no frame between --start and --end.{lasts}")
        return clip, shots, first


def _nothing() -> Generator[Shot, None, None]:
    yield from ()


class _Clock:
    """Says when a frame is due; runs as fast as the frames' own times, or slower where they come late."""

    def __init__(self) -> None:
        self.stop()

    def stop(self) -> None:
        """Stand still: the next frame is due at once."""
        self._last: tuple[float, float] | None = None  # when the last frame was due, and its time in the file
        self._shown: deque[tuple[float, float]] = deque()  # when frames were shown, and their times in the file

    def wait(self, t_ms: float) -> bool:
        """Wait for a frame, at most `PATIENCE`; say whether it is due now."""
        now = time.monotonic()
        due = now
        if self._last:
            last_due, last_ms = self._last
            due = max(last_due + (t_ms - last_ms) / 1000, now - BEHIND)
        time.sleep(min(PATIENCE, max(0.0, due - now)))
        if due - now > PATIENCE:
            return False
        self._last = (due, t_ms)
        self._shown.append((time.monotonic(), t_ms))
        while len(self._shown) > 2 and self._shown[0][0] < now - SPAN:
            self._shown.popleft()
        return True

    @property
    def speed(self) -> float:
        """How fast frames were shown lately, as a part of their own speed; 1.0 until that is known."""
        if not self._shown or self._shown[-1][0] - self._shown[0][0] < SPAN / 4:
            return 1.0
        (began, first_ms), (now, last_ms) = self._shown[0], self._shown[-1]
        speed = (last_ms - first_ms) / 1000 / (now - began)
        return 1.0 if speed > 0.95 else speed
