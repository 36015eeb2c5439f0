"""Who does what where several drivers share a results folder: a lease for each task, a heart for each driver.

results/.making/.drivers/ID              a driver's heart: a number that grows while the driver lives
results/.making/NAME/lease-TASK-0001     who has the task; the next one who takes it over makes 0002

Both are made by exclusive creation, which network disks keep their word about, and no clocks are compared: a lease ends
when the heart of its driver is gone, or has stood still for as long as the observer's own clock says it may. Whoever
lost a lease finds that out before anything gets its place (`check`, `layout.draft`), so it writes nothing.
"""

import json
import logging
import os
import re
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from emolive.core.errors import EmoliveError
from emolive.core.foreign import parsed
from emolive.corpus.layout import DRIVERS, MAKING, as_output_error, draft, fence, make_folder

log = logging.getLogger(__name__)

BEATS = 6
"""A lease ends after so many beats that its driver's heart has missed."""

LEASE = re.compile(r"lease-(result|[0-9a-f]{16}-[0-9]{5})-([0-9]{4,})")
"""The name of a lease: its task, and how many have taken it."""

RESULT = "result"
"""The task of making a video's result, with all that belongs to it; the others are segments, by their answers' name."""

MOST_BYTES = 10_000
"""Of a lease."""


class LeaseLost(EmoliveError):
    """Somebody else has taken this task over, since nothing was heard of this driver."""


@dataclass(frozen=True)
class Holder:
    """Who has a lease: its driver's id and machine, `process` as `_process` names it, seconds between its beats."""

    driver: str
    host: str
    pid: int
    process: str
    every: float
    token: str

    def __str__(self) -> str:
        return f"{self.host}, process {self.pid}"


@dataclass(frozen=True)
class Lease:
    """The right to do `task` of what is made in `folder` (`layout.making`): the `number`th that was given, known by
    its `token`. Travels to workers."""

    folder: Path
    task: str
    number: int
    token: str

    @property
    def path(self) -> Path:
        return _path(self.folder, self.task, self.number)


def check(lease: Lease) -> None:
    """Raise `LeaseLost` where somebody has taken the lease over."""
    holder = _holder(lease.path)
    if holder is None or holder.token != lease.token or _newest(lease.folder, lease.task) != lease.number:
        raise LeaseLost(f"The lease {lease.path} was taken over by another driver.")


@contextmanager
def leased_draft(out: Path, lease: Lease | None) -> Iterator[Path]:
    """`layout.draft` of who has the lease (None: nobody else is there). Raises `LeaseLost` too: then nothing was
    written."""
    with draft(out, partial(check, lease), lease.path.name) if lease else draft(out) as folder:
        yield folder


def holders(folder: Path) -> dict[str, Holder]:
    """Who has the leases in a folder of `layout.making`, dead or alive, by task."""
    found = {}
    for task in {match[1] for match in _leases(folder)}:
        holder = _holder(_path(folder, task, _newest(folder, task)))
        if holder:
            found[task] = holder
    return found


def forget(folder: Path) -> None:
    """Remove the leases in a folder of `layout.making` whose drivers are known to have ended."""
    for match in tuple(_leases(folder)):
        holder = _holder(folder / match[0])
        if holder and has_ended(holder):
            with suppress(OSError):
                (folder / match[0]).unlink()


def forget_hearts(drivers: Path) -> None:
    """Remove the hearts of drivers that are known to have ended: they were killed."""
    for heart in tuple(drivers.iterdir()):
        with suppress(OSError, ValueError):
            if _was_here(heart.read_text()[len(_count(0)) :]):
                heart.unlink()
    with suppress(OSError):
        drivers.rmdir()


@dataclass
class Watch:
    """Since when things stand still, by this process's own clock. A look that comes late counts as one in time: then it
    was the observer who stood still."""

    step: float
    _seen: dict[str, tuple[object, float, float]] = field(default_factory=dict)

    def still(self, name: str, value: object) -> float:
        """For how many seconds `value` of `name` has been the same, as far as it was looked at."""
        now = time.monotonic()
        before, for_s, looked = self._seen.get(name, (None, 0.0, now))
        for_s = for_s + min(now - looked, self.step) if value == before else 0.0
        self._seen[name] = value, for_s, now
        return for_s

    def forget(self, name: str) -> None:
        """It may be something new when it is seen again."""
        self._seen.pop(name, None)


class Leases:
    """The leases of a driver in the results folder `out`, which end when its heart has not beaten for `lease_s`
    seconds. A context manager: the heart beats inside, and what is still held at the end is given back."""

    def __init__(self, out: Path, lease_s: float) -> None:
        self._drivers, self._every = out / MAKING / DRIVERS, lease_s / BEATS
        self._me = Holder(uuid.uuid4().hex, socket.gethostname(), os.getpid(), _process(os.getpid()), self._every, "")
        self._heart = self._drivers / self._me.driver
        self._held: dict[Path, Lease] = {}
        self._watch = Watch(lease_s / 2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heart", daemon=True)

    def __enter__(self) -> Self:
        make_folder(self._drivers.parent)
        make_folder(self._drivers)
        with as_output_error(self._heart), self._heart.open("x") as heart:
            heart.write(_count(0) + self._me.process)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        for lease in tuple(self._held.values()):
            self.release(lease)
        self._stop.set()
        self._thread.join(self._every)
        for remove in (self._heart.unlink, self._drivers.rmdir, self._drivers.parent.rmdir):
            with suppress(OSError):
                remove()

    def take(self, folder: Path, task: str = RESULT) -> Lease | Holder:
        """The lease of a task, or who has it."""
        make_folder(folder)
        with as_output_error(folder):
            newest = _newest(folder, task)
            holder = _holder(_path(folder, task, newest)) if newest else None
            if newest and not self._has_ended(holder, _path(folder, task, newest)):
                return holder or self._me
            lease = Lease(folder, task, newest + 1, uuid.uuid4().hex)
            facts = {**vars(self._me), "token": lease.token}
            try:
                with lease.path.open("x") as file:
                    json.dump(facts, file)
            except FileExistsError:  # somebody was faster
                return _holder(lease.path) or self._me
            except FileNotFoundError:  # somebody was just done, and removed the folder
                return self.take(folder, task)
            if task == RESULT:
                fence(folder)
            for number in range(1, lease.number):
                _path(folder, task, number).unlink(missing_ok=True)
        if newest:
            log.info("%s of %s: taken over from %s", task, folder.name, holder)
        self._held[lease.path] = lease
        return lease

    def release(self, lease: Lease) -> None:
        """Give a lease back; its folder goes, if nothing else is in it."""
        self._held.pop(lease.path, None)
        holder = _holder(lease.path)
        with suppress(OSError):
            if holder and holder.token == lease.token:
                lease.path.unlink()
            lease.folder.rmdir()

    def _has_ended(self, holder: Holder | None, path: Path) -> bool:
        """Whether nothing more is to be expected of whom this lease belongs to."""
        if holder is None:  # it was not written whole: its driver ended just then, or is about to write
            return self._watch.still(str(path), "") > self._every * BEATS
        if has_ended(holder):
            return True
        try:
            beat = (self._drivers / holder.driver).read_bytes()
        except FileNotFoundError:  # it has left
            return True
        return self._watch.still(holder.driver, beat) > holder.every * BEATS

    def _beat(self) -> None:
        count = 0
        while not self._stop.wait(self._every):
            count += 1
            try:
                with self._heart.open("r+") as heart:  # in its place: a file that is replaced is seen later elsewhere
                    heart.write(_count(count))
                    heart.flush()
                    os.fsync(heart.fileno())
            except OSError as error:
                log.warning("the heart %s does not beat: %s", self._heart, error)


def has_ended(holder: Holder) -> bool:
    """Whether the process is known to have ended: it was one of this machine."""
    return _was_here(holder.process)


def _was_here(process: str) -> bool:
    """Whether what `_process` said is of this machine, and of no process any more."""
    machine, _, facts = process.rpartition(" ")
    pid, _, _ = facts.partition(":")
    mine = _process(os.getpid()).rpartition(" ")[0]
    return bool(machine) and machine == mine and pid.isdigit() and _process(int(pid)) != process


def _process(pid: int) -> str:
    """What a process is known by on this machine since it was started, and its beginning; "" where that is not known
    (Linux only knows)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink("/proc/self/ns/pid")
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return f"{boot} {space} {pid}:{facts[19]}" if facts[0] not in "ZX" else ""


def _count(beats: int) -> str:
    return f"{beats:020}"


def _path(folder: Path, task: str, number: int) -> Path:
    return folder / f"lease-{task}-{number:04}"


def _leases(folder: Path) -> Iterator[re.Match[str]]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from filter(None, (LEASE.fullmatch(entry.name) for entry in entries))


def _newest(folder: Path, task: str) -> int:
    return max((int(match[2]) for match in _leases(folder) if match[1] == task), default=0)


def _holder(path: Path) -> Holder | None:
    """Who a lease belongs to; None where it is gone, or is not written yet."""
    try:
        with path.open("rb") as file:
            facts: dict[str, Any] = parsed(file.read(MOST_BYTES))
        found = Holder(**facts)
        return found if all(isinstance(facts[name], kind) for name, kind in _KINDS.items()) else None
    except (OSError, ValueError, TypeError):
        return None


_KINDS: dict[str, Any] = {
    "driver": str, "host": str, "pid": int, "process": str, "every": (int, float), "token": str
}  # fmt: skip
