"""What is where in a results folder: done, in work, failed, left; and why a video would be done again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emolive.core.errors import SourceError
from emolive.corpus.layout import BEGUN, DRIVERS, MAKING, making
from emolive.corpus.leases import RESULT, Holder, Lease, has_ended, holders
from emolive.corpus.plan import BatchPlan, BatchRequest, planned
from emolive.corpus.progress import step, text_of
from emolive.corpus.standing import Standing, damage, failure, records

MOST_NAMED = 20
"""Videos that are named of each kind; --json names all."""


@dataclass(frozen=True)
class InHand:
    """A task in hand: of which result, who has it, how many frames it has looked at (None: it has not begun)."""

    name: str
    task: str
    driver: str
    frames: int | None


@dataclass(frozen=True)
class Status:
    """How a results folder stands: the videos that are done, those that will be done again and why, those that were
    never done, those that failed when they were tried last and why, and what is in somebody's hand. `all_named`: the
    videos of a study were named; otherwise only what the folder says is known."""

    done: tuple[str, ...]
    again: dict[str, tuple[str, ...]]
    left: tuple[str, ...]
    failed: dict[str, str]
    working: tuple[InHand, ...]
    all_named: bool = True


def status_of(request: BatchRequest) -> Status:
    """How a results folder stands, for the videos that are named, or for all that are in it. Writes nothing."""
    working = _working(request.out)
    if not request.names:
        there = records(request.out)
        wrong = {one.source: tuple(damage(one, request.verify)) for one in there}
        done = tuple(source for source, reasons in wrong.items() if not reasons)
        again = {source: reasons for source, reasons in wrong.items() if reasons}
        return Status(done, again, (), _failures(request.out), working, False)
    plan = planned(request)
    failed = {str(s.video): said for s in plan.standings if s.reasons and (said := failure(_out(plan, s)))}
    rest = [s for s in plan.standings if s.reasons and str(s.video) not in failed]
    return Status(
        tuple(str(s.video) for s in plan.standings if not s.reasons),
        {str(s.video): s.reasons for s in rest if s.record},
        tuple(str(s.video) for s in rest if not s.record),
        failed,
        working,
    )


def why_again(request: BatchRequest, video: Path) -> str:
    """In words why a video would be done again, or that it would not."""
    plan = planned(request)
    whole = video.resolve()
    for stand in plan.standings:
        if stand.video == whole:
            return _why(plan, stand)
    raise SourceError(f"{video} is none of the videos that are named. Check the name.")


def _why(plan: BatchPlan, stand: Standing) -> str:
    out = _out(plan, stand)
    lines = []
    if not stand.reasons:
        elsewhere = stand.record.source if stand.record and stand.seen_elsewhere else ""
        lines.append(f"{stand.video}: done ({out}). Nothing would be done again.")
        if elsewhere and elsewhere != str(stand.video):
            lines.append(f"  It was {elsewhere} when it was done: the same content.")
    else:
        lines += [f"{stand.video}: would be done:", *(f"  {reason}" for reason in stand.reasons)]
        said = failure(out)
        tries = _begun(out)
        if said:
            lines.append(f"  It was begun {tries} {'time' if tries == 1 else 'times'}, and failed: {said}")
    lines += [f"  In work: {one.driver} ({_far(one)})" for one in _working_on(making(out))]
    return "\n".join(lines)


def in_words(status: Status) -> str:
    """The status for people."""
    heads = [f"{len(status.done)} done", f"{len(status.again)} to be done again"]
    if status.all_named:
        heads.append(f"{len(status.left)} not done yet")
    heads += [f"{len(status.failed)} failed", f"{len(status.working)} in work"]
    lines = [", ".join(heads)]
    lines += _listed([f"in work: {one.name} ({one.driver}; {_far(one)})" for one in status.working])
    lines += _listed([f"failed: {video}: {said}" for video, said in status.failed.items()])
    lines += _listed([f"again: {video}: {'; '.join(reasons)}" for video, reasons in status.again.items()])
    return "\n".join(lines)


def as_json(status: Status) -> dict[str, Any]:
    """The same for machines."""
    return asdict(status)


def _listed(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST_NAMED
    return [
        *(f"  {line}" for line in lines[:MOST_NAMED]),
        *([f"  and {more} more (--json names all)"] if more > 0 else []),
    ]


def _far(one: InHand) -> str:
    part = "" if one.task == RESULT else f"part {int(one.task[-5:]) + 1}, "
    return f"{part}{'not begun' if one.frames is None else f'{one.frames:,} frames'}"


def _out(plan: BatchPlan, stand: Standing) -> Path:
    done = stand.record and not stand.reasons
    return stand.record.folder if stand.record and done else plan.request.out.resolve() / plan.names[stand.video]


def _working(out: Path) -> tuple[InHand, ...]:
    folder = out / MAKING
    if not folder.is_dir():
        return ()
    inside = sorted(path for path in folder.iterdir() if path.name != DRIVERS and path.is_dir())
    return tuple(one for path in inside for one in _working_on(path))


def _working_on(folder: Path) -> list[InHand]:
    return [
        InHand(folder.name, task, _who(folder, holder), _frames(folder, holder))
        for task, holder in sorted(holders(folder).items())
    ]


def _who(folder: Path, holder: Holder) -> str:
    """Who has a lease, and whether there is any sign of it."""
    heart = folder.parent / DRIVERS / holder.driver
    return str(holder) if heart.exists() and not has_ended(holder) else f"{holder}, which is gone"


def _frames(folder: Path, holder: Holder) -> int | None:
    said = step(text_of(Lease(folder, RESULT, 0, holder.token)))
    return said.count if said else None


def _failures(out: Path) -> dict[str, str]:
    folder = out / MAKING
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.name: said for path in inside if (said := failure(out / path.name))}


def _begun(out: Path) -> int:
    try:
        return (making(out) / BEGUN).stat().st_size
    except OSError:
        return 0
