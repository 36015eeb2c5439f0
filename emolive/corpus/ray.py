"""The engine of a cluster: each task is a Ray task. Without an address, a Ray of this machine's own."""

import atexit
import logging
import math
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from emolive.core.errors import EmoliveError
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

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray would send statistics; emolive lets nothing leave the machine
if not log.isEnabledFor(logging.INFO):
    # Ray prints what it thinks of dead workers to standard output, where --json is; it reads this when it is imported.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")

import ray  # noqa: E402
from ray.exceptions import NodeDiedError, RayError, RayTaskError, RuntimeEnvSetupError  # noqa: E402

PATIENCE = 3.0
"""Seconds until somebody must be listening at a cluster's address; Ray itself would wait for minutes."""

SILENT_S, ASK_S = 20.0, 3.0
"""Seconds after which a cluster that does not answer is given up (Ray itself ends the driver after 60, without a word),
and between two questions."""

OBJECTS = 100_000_000
"""Bytes of shared memory for what travels between processes: videos do not, Ray would take a third of the machine."""


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
    gone goes to the front of the queue; where its node is gone that is not held against it. Where no GPU is asked for,
    Ray hides them from the workers. Names and namespaces are not needed: tasks have none.
    """

    def __init__(self, work: Work, resources: Resources) -> None:
        self._work, self._resources = work, resources
        self.workers = resources.workers or os.cpu_count() or 1
        self._queue: deque[tuple[Any, int]] = deque()  # tasks, and how often each was tried
        self._running: dict[ray.ObjectRef[Any], tuple[Any, int]] = {}
        self._why: dict[ray.ObjectRef[Any], str] = {}
        self._pulse = _Pulse()
        self._watch = Watch(2 * ASK_S)
        self._lost = self._waits = False

    def __enter__(self) -> Self:
        _connect(self._resources.address)
        try:
            nodes = [node["Resources"] for node in _nodes() if node["Alive"]]
            plan = plan_for(nodes, self._resources)
        except BaseException:
            ray.shutdown()
            raise
        self.workers, self._plan = plan.workers, plan
        self._remote = ray.remote(_serve).options(
            num_cpus=plan.cpus,
            num_gpus=self._resources.gpus,
            max_retries=0,
            runtime_env={"env_vars": thread_settings(plan.threads)},
        )
        log.info("Ray: %d workers, %d threads each", plan.workers, plan.threads)
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
        ready, _ = ray.wait(list(self._running), num_returns=1, timeout=seconds)
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
            self._lost = True
            raise EmoliveError(
                f"The Ray cluster has not answered for {silent:.0f} s: its head is gone, or cannot be reached. What is "
                "done is kept; start the cluster again (`ray start --head`), and the same command goes on."
            )
        need = self._plan.cpus, self._resources.gpus
        waits = not any(n.get("CPU", 0) >= need[0] and n.get("GPU", 0) >= need[1] for n in self._pulse.nodes)
        if waits and not self._waits and self._pulse.count:
            log.warning(
                "No machine of the Ray cluster has the %g CPUs%s that a worker needs. The batch waits for one: "
                "ray start --address=HOST:PORT",
                need[0],
                f" and the {need[1]:g} GPUs" if need[1] else "",
            )
        self._waits = waits

    def __exit__(self, *error: object) -> None:
        self._pulse.stop()
        if self._lost:  # saying goodbye would hang
            self._running.clear()
            _never_mind_ray()
            return
        try:
            for running in self._running:
                ray.cancel(running, force=True)
        except RayError as problem:  # the cluster is gone, and with it what ran there
            log.debug("could not cancel: %s", problem)
        finally:
            self._running.clear()
            ray.shutdown()

    def _heard(self, ready: "ray.ObjectRef[Any]") -> Done | None:
        """What became of a task; None where its worker died and it is tried again."""
        task, attempts = self._running.pop(ready)
        try:
            return Done(task, ray.get(ready), attempts)
        except (RayTaskError, RuntimeEnvSetupError) as error:  # `_serve` raises nothing: it could not even begin
            log.debug("a task could not begin", exc_info=error)
            return Done(task, Failure(_no_start(error), fatal=True), attempts)
        except RayError as error:
            log.warning("a worker died (%s) at its task", type(error).__name__)
            attempts -= isinstance(error, NodeDiedError)
            if attempts < ATTEMPTS:
                self._queue.appendleft((task, attempts))
                return None
            return Done(task, died(attempts, self._why.pop(ready, "")), attempts)


class _Pulse:
    """Asks the cluster again and again which machines it has, in a thread: where it is gone the question hangs.

    `count` grows with each answer; `nodes` are what the machines have ("CPU", "GPU") that are alive."""

    def __init__(self) -> None:
        self.count = 0
        self.nodes: list[dict[str, float]] = []
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to ask."""
        threading.Thread(target=self._ask, name="pulse", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()

    def _ask(self) -> None:
        while not self._stop.is_set():
            with suppress(Exception):  # whatever is wrong with it, it is no answer
                self.nodes = [node["Resources"] for node in _nodes() if node["Alive"]]
                self.count += 1
            self._stop.wait(ASK_S)


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


def _serve(work: Work, task: Any, level: int) -> Any:
    """In a worker: one task."""
    logging.basicConfig(level=level, format="%(levelname)s:%(name)s:%(message)s")
    return attempt(work, task)


def _no_start(error: RayError) -> str:
    cause = getattr(error, "cause", None) or error
    reason = str(cause).strip().splitlines()[-1]
    return (
        f"A Ray worker could not begin ({type(cause).__name__}: {reason}). The same emolive must be installed on every "
        "machine of the cluster."
    )


def _connect(address: str) -> None:
    """Join the cluster at "auto" or "HOST:PORT"; "" starts one on this machine, which ends with `ray.shutdown`.

    Raises `EmoliveError` where there is none.
    """
    verbose = log.isEnabledFor(logging.INFO)
    logging.getLogger("ray").setLevel(logging.NOTSET if verbose else logging.CRITICAL)
    own: dict[str, Any] = {} if address else {"include_dashboard": False, "object_store_memory": OBJECTS}
    if address not in ("", "auto"):
        _knock(address)
    try:
        with _own_signals(), nullcontext() if address else _on_this_machine_only():
            begin = partial(ray.init, address=address or "local", log_to_driver=verbose, configure_logging=False, **own)
            _within(SILENT_S - PATIENCE, begin) if address else begin()
    except TimeoutError as error:
        _never_mind_ray()
        raise _absent(address, f"nothing answered within {SILENT_S:.0f} s") from error
    except Exception as error:  # Ray raises a plain Exception where its processes start too slowly
        reason = str(error).strip().partition("\n")[0]
        if not address:
            raise EmoliveError(f"Ray could not start on this machine ({reason}). Try --engine local.") from error
        raise _absent(address, reason) from error
    if not address and not all(node["NodeManagerAddress"].startswith("127.") for node in _nodes()):
        ray.shutdown()
        raise EmoliveError("This version of Ray can be reached from other machines. Use --engine local instead.")


def _within(seconds: float, call: Callable[[], object]) -> None:
    """Call it in a thread that is left behind where it takes longer. Raises what it raises, and `TimeoutError`."""
    failed: list[Exception] = []

    def begin() -> None:
        try:
            call()
        except Exception as error:  # it is raised where it was asked for
            failed.append(error)

    thread = threading.Thread(target=begin, name="ray", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if thread.is_alive():
        raise TimeoutError


def _never_mind_ray() -> None:
    """At the end of this process, which failed, neither say goodbye to a cluster that does not answer, which hangs, nor
    take apart what a thread still waits for it in, which crashes."""
    atexit.unregister(ray.shutdown)

    def leave() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(1)

    atexit.register(leave)


def _nodes() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return found


def _knock(address: str) -> None:
    """Raise `EmoliveError` if nobody listens at "HOST:PORT"."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        raise EmoliveError(f"'{address}' is no address of a Ray cluster. Write auto, or HOST:PORT like 10.0.0.1:6379.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise _absent(address, str(error)) from error


def _absent(address: str, reason: str) -> EmoliveError:
    return EmoliveError(
        f"There is no Ray cluster that can be joined at '{address}' ({reason}). Start one with `ray start --head`, "
        "join it on this machine with `ray start --address=HOST:PORT`, or leave --address out."
    )


@contextmanager
def _on_this_machine_only() -> Iterator[None]:
    """A cluster that is started in here can be reached from this machine only, and asks nobody anything.

    Ray has no public option for either. It binds to the loopback device where it is told that there are no clusters of
    several machines, which it asks its environment in each process. Its API server, which nobody here needs, looks for
    the metadata service of a cloud (169.254.169.254) even where statistics and dashboard are off.
    """
    from ray._private import ray_constants
    from ray._private.node import Node

    def no_server(self: Node, **_: object) -> None:
        self._webui_url = None

    name = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR
    clusters, server, said = ray_constants.ENABLE_RAY_CLUSTER, Node.start_api_server, os.environ.get(name)
    ray_constants.ENABLE_RAY_CLUSTER, Node.start_api_server, os.environ[name] = False, no_server, "0"  # type: ignore[method-assign]
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER, Node.start_api_server = clusters, server  # type: ignore[method-assign]
        os.environ.pop(name)
        os.environ |= {name: said} if said is not None else {}


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the answer to SIGTERM that the program chose: Ray replaces it."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
