"""Joining a Ray cluster, or starting one of this machine's own, and seeing whether it is still there."""

import atexit
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

from emolive.core.errors import EmoliveError
from emolive.core.patience import NoAnswer, within

log = logging.getLogger(__name__)

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray would send statistics; emolive lets nothing leave the machine
if not log.isEnabledFor(logging.INFO):
    # Ray prints what it thinks of dead workers to standard output, where --json is; it reads this when it is imported.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")

import ray as ray  # noqa: E402 (whoever else needs it takes it from here, so that it reads that)

PATIENCE = 3.0
"""Seconds until somebody must be listening at a cluster's address; Ray itself would wait for minutes."""

SILENT_S, ASK_S = 20.0, 3.0
"""Seconds after which a cluster that does not answer is given up (Ray itself ends the driver after 60, without a word),
and between two questions."""

OBJECTS = 100_000_000
"""Bytes of shared memory for what travels between processes: videos do not, Ray would take a third of the machine."""


class Pulse:
    """Asks the cluster again and again which machines it has, in a thread: where it is gone the question hangs.

    `count` grows with each answer; `nodes` are what the machines have ("CPU", "GPU") that are alive; `here` is whether
    the one is through which this process joined."""

    def __init__(self) -> None:
        self.count = 0
        self.here = True
        self.nodes: list[dict[str, float]] = []
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to ask."""
        self._own = ray.get_runtime_context().get_node_id()
        threading.Thread(target=self._ask, name="pulse", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()

    def _ask(self) -> None:
        while not self._stop.is_set():
            with suppress(Exception):  # whatever is wrong with it, it is no answer
                alive = [node for node in nodes_of_cluster() if node["Alive"]]
                self.nodes = [node["Resources"] for node in alive]
                self.here = any(node["NodeID"] == self._own for node in alive)
                self.count += 1
            self._stop.wait(ASK_S)


def connect(address: str) -> None:
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
            within(SILENT_S - PATIENCE, begin, "ray") if address else begin()
    except NoAnswer as error:
        never_mind_ray()
        reason = f"nothing answered within {SILENT_S:.0f} s: it hangs, or asks for a token: set RAY_AUTH_MODE=token"
        raise _absent(address, reason) from error
    except Exception as error:  # Ray raises a plain Exception where its processes start too slowly
        reason = str(error).strip().partition("\n")[0]
        if not address:
            raise EmoliveError(f"Ray could not start on this machine ({reason}). Try --engine local.") from error
        raise _absent(address, reason) from error
    if not address and not all(node["NodeManagerAddress"].startswith("127.") for node in nodes_of_cluster()):
        ray.shutdown()
        raise EmoliveError("This version of Ray can be reached from other machines. Use --engine local instead.")


def never_mind_ray() -> None:
    """At the end of this process, which failed, neither say goodbye to a cluster that does not answer, which hangs, nor
    take apart what a thread still waits for it in, which crashes."""
    atexit.unregister(ray.shutdown)

    def leave() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(1)

    atexit.register(leave)


def nodes_of_cluster() -> list[dict[str, Any]]:
    """What Ray says of each machine, dead ones too."""
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
