"""The engine of a cluster: each task is a Ray task. Without an address, a Ray of this machine's own."""

import logging
import math
import os
import sys
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from tqdm import tqdm

from emolive.core.errors import EmoliveError
from emolive.core.patience import NoAnswer, within
from emolive.corpus.cluster import ASK_S, SILENT_S, Pulse, connect, never_mind_ray, nodes_of_cluster, ray
from emolive.corpus.contract import (
    ATTEMPTS,
    Done,
    Failure,
    Resources,
    Work,
    attempt,
    died,
    thread_settings,
)
from emolive.corpus.leases import Watch

log = logging.getLogger(__name__)

NO_GPU = {"CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": ""}


@dataclass(frozen=True)
class Plan:
    """How many `workers` run at once, and what each takes: `cpus` of its node (a part of one where there are more
    workers than cores) and `threads`."""

    workers: int
    cpus: float
    threads: int


class RayEngine:
    """Runs tasks on a Ray cluster; a `contract.BatchEngine`.

    Ray keeps worker processes and gives them the next task, so a model is loaded once in each. Which workers and nodes
    are alive is what Ray's own health checks say. Its retries are off: they do not tell how often a task was tried, and
    do not try one again that was cancelled because it hung. So attempts are counted here, and a task whose worker is
    gone goes to the front of the queue; where its node is gone that is not held against it. Where no GPU is asked for
    none is seen: Ray would let all workers of a node sit on its first one. Names and namespaces are not needed: tasks
    have none.
    """

    def __init__(self, work: Work, resources: Resources) -> None:
        self._work, self._resources = work, resources
        self.workers = resources.workers or os.cpu_count() or 1
        self._queue: deque[tuple[Any, int]] = deque()  # tasks, and how often each was tried
        self._running: dict[ray.ObjectRef[Any], tuple[Any, int]] = {}
        self._why: dict[ray.ObjectRef[Any], str] = {}
        self._pulse = Pulse()
        self._watch = Watch(2 * ASK_S)
        self._lost = self._waits = False

    def __enter__(self) -> Self:
        connect(self._resources.address)
        try:
            nodes = [node["Resources"] for node in nodes_of_cluster() if node["Alive"]]
            plan = plan_for(nodes, self._resources)
        except BaseException:
            ray.shutdown()
            raise
        self.workers, self._plan = plan.workers, plan
        self._remote = ray.remote(_serve).options(
            num_cpus=plan.cpus,
            num_gpus=self._resources.gpus,
            max_retries=0,
            runtime_env={"env_vars": thread_settings(plan.threads) | ({} if self._resources.gpus else NO_GPU)},
        )
        log.info("Ray: %d workers, %d threads each", plan.workers, plan.threads)
        free = ray.available_resources() if self._resources.address else {}  # type: ignore[no-untyped-call]
        if self._resources.address and (free.get("CPU", 0) < plan.cpus or free.get("GPU", 0) < self._resources.gpus):
            _say("Others use all of the Ray cluster now. The batch begins as soon as a worker finds room.")
        self._pulse.start()
        return self

    def submit(self, task: Any) -> None:
        self._queue.append((task, 0))

    def wait(self, seconds: float) -> list[Done]:
        while self._queue and len(self._running) < self.workers:
            task, tried = self._queue.popleft()
            running = self._remote.remote(self._work, task, logging.getLogger().level)
            self._running[running] = task, tried + 1
        if not self._running:
            return []
        ask = partial(ray.wait, list(self._running), num_returns=1, timeout=seconds, fetch_local=False)
        try:
            ready, _ = within(seconds + SILENT_S, ask, "ray")  # where the machine's own part of Ray is gone, it hangs
        except NoAnswer:
            raise self._gone("Ray on this machine does not answer") from None
        self._look_at_the_cluster()
        return [done for one in ready if (done := self._heard(one))]

    def end(self, task: Any, why: str, pid: int | None = None) -> None:
        for running, (one, _) in self._running.items():
            if one is task:
                self._why[running] = why
                ray.cancel(running, force=True)

    def _look_at_the_cluster(self) -> None:
        """Raise `EmoliveError` where it has not answered for long; say so where no machine is left that can work."""
        silent = self._watch.still("cluster", self._pulse.count)
        if silent > SILENT_S:
            raise self._gone(
                f"The Ray cluster has not answered for {silent:.0f} s: its head is gone, or cannot be reached"
            )
        if not self._pulse.here:
            raise self._gone("The node of the Ray cluster through which this machine joined it is gone")
        need = self._plan.cpus, self._resources.gpus
        waits = not any(n.get("CPU", 0) >= need[0] and n.get("GPU", 0) >= need[1] for n in self._pulse.nodes)
        if waits and not self._waits and self._pulse.count:
            gpus = f" and the {need[1]:g} GPUs" if need[1] else ""
            _say(
                f"No machine of the Ray cluster has the {need[0]:g} CPUs{gpus} that a worker needs. The batch waits "
                "for one: ray start --address=HOST:PORT"
            )
        self._waits = waits

    def _gone(self, what: str) -> EmoliveError:
        """What is to be said where the batch cannot go on."""
        self._lost = True
        return EmoliveError(
            f"{what}. What is done is kept; start the cluster again (`ray start --head`), and the same command goes on."
        )

    def __exit__(self, *error: object) -> None:
        self._pulse.stop()
        if self._lost:  # saying goodbye would hang
            self._running.clear()
            never_mind_ray()
            return
        try:
            for running in self._running:
                ray.cancel(running, force=True)
        except ray.exceptions.RayError as problem:  # the cluster is gone, and with it what ran there
            log.debug("could not cancel: %s", problem)
        finally:
            self._running.clear()
            ray.shutdown()

    def _heard(self, ready: "ray.ObjectRef[Any]") -> Done | None:
        """What became of a task; None where its worker died and it is tried again."""
        task, attempts = self._running.pop(ready)
        try:
            return Done(task, ray.get(ready), attempts)
        except (ray.exceptions.RayTaskError, ray.exceptions.RuntimeEnvSetupError) as error:
            # `_serve` raises nothing: it could not even begin
            log.debug("a task could not begin", exc_info=error)
            return Done(task, Failure(_no_start(error), fatal=True), attempts)
        except ray.exceptions.RayError as error:
            log.warning("a worker died (%s) at its task", type(error).__name__)
            attempts -= isinstance(error, ray.exceptions.NodeDiedError)
            if attempts < ATTEMPTS:
                self._queue.appendleft((task, attempts))
                return None
            return Done(task, died(attempts, self._why.pop(ready, "")), attempts)


def plan_for(nodes: list[dict[str, float]], resources: Resources) -> Plan:
    """Share a cluster evenly, given what each node has ("CPU", "GPU"): every worker fits on every node with a CPU.

    Raises `EmoliveError` where no worker fits on any node.
    """
    cores = [node["CPU"] for node in nodes if node.get("CPU")]
    if not cores:
        raise EmoliveError("The Ray cluster has no CPU to work with. Add a machine: ray start --address=HOST:PORT")
    workers = resources.workers or max(1, int(sum(cores)))
    if resources.gpus:
        places = sum(int(node.get("GPU", 0) / resources.gpus) for node in nodes)
        if not places:
            raise EmoliveError(
                f"--gpus-per-worker {resources.gpus:g} is given, but no machine of the Ray cluster has that much of a "
                "GPU. Give a smaller share or leave it out."
            )
        workers = min(workers, places)
    share = min(sum(cores) / workers, min(cores))
    cpus = math.floor(share) if share >= 1 else math.floor(share * 1e4) / 1e4  # Ray counts in ten-thousandths
    return Plan(workers, cpus, max(1, int(share)))


def _say(what: str) -> None:
    """Not logged: who waits is to know, and warnings are for --verbose."""
    tqdm.write(what, file=sys.stderr)


def _serve(work: Work, task: Any, level: int) -> Any:
    """In a worker: one task."""
    logging.basicConfig(level=level, format="%(levelname)s:%(name)s:%(message)s")
    return attempt(work, task)


def _no_start(error: ray.exceptions.RayError) -> str:
    cause = getattr(error, "cause", None) or error
    reason = str(cause).strip().splitlines()[-1]
    return (
        f"A Ray worker could not begin ({type(cause).__name__}: {reason}). The same emolive must be installed on every "
        "machine of the cluster."
    )
