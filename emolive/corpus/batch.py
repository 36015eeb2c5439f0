"""A batch from beginning to end: what is done stays, a driver does the rest, and what is left half made goes."""

import logging
from collections import Counter
from contextlib import suppress
from pathlib import Path

import click
from tqdm import tqdm

from emolive.core.errors import OutputError, SourceError
from emolive.core.files import make_folders, real, why
from emolive.core.interrupts import Interrupts
from emolive.corpus.contract import Resources
from emolive.corpus.driver import BatchState, Driver, outcome_of
from emolive.corpus.engines import open_engine
from emolive.corpus.job import Job
from emolive.corpus.layout import DRIVERS, MAKING, clear, make_folder, making
from emolive.corpus.leases import Lease, LeaseLost, Leases, forget, forget_hearts, holders
from emolive.corpus.plan import BatchPlan, BatchRequest, bar_of, planned
from emolive.corpus.standing import Record, Standing
from emolive.corpus.work import seen_now, work

log = logging.getLogger(__name__)


def batch(request: BatchRequest, engine: str, resources: Resources) -> BatchState:
    """Make the result of every video that is asked for. What is there already is kept unless it is forced.

    Raises `EmoliveError` for what is wrong with the request itself; a video that cannot be done is in the `BatchState`.
    """
    plan, state = planned(request), BatchState()
    todo: list[Job] = []
    elsewhere: list[tuple[Standing, Record]] = []
    for stand in plan.standings:
        if stand.reasons or request.force:
            todo.append(plan.job(stand.video))
        elif stand.record:
            state.done[stand.video] = outcome_of(stand.record)
            elsewhere += [(stand, stand.record)] if stand.seen_elsewhere else []
    _say_again(plan)
    with Interrupts(), bar_of(len(plan.standings)) as bar:
        try:
            _show(bar, state)
            if todo or elsewhere:
                _make(request.out)
                with Leases(real(request.out), request.lease_s) as leases:
                    for stand, there in elsewhere:
                        _seen(stand, there, leases)
                    if todo:
                        with open_engine(engine, work, resources) as opened:
                            Driver(opened, leases, state, lambda: _show(bar, state)).follow(todo)
        except OutputError as error:
            if todo:
                raise
            log.warning("%s", error)  # all is done, on a disk that can only be read
        except SystemExit:
            bar.close()
            with suppress(OSError):  # the terminal may be gone
                click.echo("Stopped. What is done is kept; the same command goes on with the rest.", err=True)
            raise
        finally:
            _tidy(request.out)
    return state


def _say_again(plan: BatchPlan) -> None:
    """Say how many results that are there will be made again, and why most of them: a study of months should not be
    begun anew by an option that was forgotten, or another version, without a word."""
    why = [stand.reasons[0] for stand in plan.standings if stand.record and stand.reasons]
    if why:
        count = f"{len(why)} results that are" if len(why) > 1 else "A result that is"
        most = Counter(why).most_common(1)[0][0]
        click.echo(f"{count} there will be made again ({most}). --why VIDEO tells of each.", err=True)


def _seen(stand: Standing, there: Record, leases: Leases) -> None:
    """Write down where a video that is done was seen now, where nobody else is at work on it."""
    lease = leases.take(making(there.folder))
    if isinstance(lease, Lease):
        with suppress(LeaseLost, SourceError):
            seen_now(there, stand.video, stand.now, lease)
        leases.release(lease)


def _show(bar: "tqdm[None]", state: BatchState) -> None:
    bar.set_postfix_str(f"{len(state.failed)} failed" if state.failed else "", refresh=False)
    bar.update(len(state.done) + len(state.failed) - bar.n)


def _make(out: Path) -> None:
    try:
        make_folders(out)
    except OSError as error:
        raise OutputError(f"The folder {out} cannot be made ({why(error)}). Choose another one with --out.") from error
    make_folder(out / MAKING)


def _tidy(out: Path) -> None:
    """Remove what stopped workers left half made, but for what somebody else may be at work on; what segments have kept
    and why something failed stay for the next run."""
    with suppress(OSError):  # whatever happened to the folder, it is not worth more than what the batch has to say
        for folder in (out / MAKING).iterdir():
            if folder.name == DRIVERS:
                forget_hearts(folder)
                continue
            forget(folder)
            if not holders(folder):
                clear(folder, answers=False, nobody=True)
        (out / MAKING).rmdir()
