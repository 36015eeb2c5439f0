"""RTP over UDP, of cameras that speak nothing else: two ports of this machine, which hear the camera alone."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

ROOM = 1 << 22
"""Bytes that may wait; the system may give less."""

TRIES = 100
"""Pairs of ports that are tried: RTP asks for an even one and the next."""

LOOKS_S = 0.3
"""Seconds after which it is looked whether all is over."""

RTP_EMPTY = bytes([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
RTCP_EMPTY = bytes([0x80, 201, 0, 1, 0, 0, 0, 0])
"""Packets that say nothing; sent first, so that a firewall between lets the answers in (as FFmpeg does)."""


class PortPair:
    """Two UDP ports, for RTP and RTCP, at the address of this machine that `camera` is connected to. Only what comes
    from its address is taken, and only there is anything sent, whatever it says of other places. A context manager.

    Raises `OSError` where no ports are free.
    """

    def __init__(self, camera: socket.socket) -> None:
        self._camera: tuple[Any, ...] = camera.getpeername()
        self._ports: tuple[int, int] | None = None  # of the camera
        self._sockets = _bound(camera.family, camera.getsockname())
        self.first: int = self._sockets[0].getsockname()[1]
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closed.set()
        for one in self._sockets:
            one.close()

    def meet(self, ports: tuple[int, int]) -> None:
        """Take what comes from these ports of the camera, and say hello there."""
        self._ports = ports
        self.send(0, RTP_EMPTY)
        self.send(1, RTCP_EMPTY)

    def send(self, which: int, data: bytes) -> None:
        """Send to the camera: 0 is RTP, 1 is RTCP."""
        if self._ports:
            with contextlib.suppress(OSError):
                self._sockets[which].sendto(data, (self._camera[0], self._ports[which], *self._camera[2:]))

    def receive(self, take: Callable[[int, bytes], None]) -> None:
        """Hand on each packet of the camera's, with which of the ports it came to, until this is closed or `take`
        raises `OSError`."""
        with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as ready:
            for which, one in enumerate(self._sockets):
                ready.register(one, selectors.EVENT_READ, which)
            while not self._closed.is_set():
                for key, _ in ready.select(LOOKS_S):
                    data, sender = self._sockets[key.data].recvfrom(1 << 16)
                    if self._ports and sender[:2] == (self._camera[0], self._ports[key.data]):
                        take(key.data, data)


def _bound(family: int, here: tuple[Any, ...]) -> tuple[socket.socket, socket.socket]:
    for _ in range(TRIES):
        with contextlib.ExitStack() as stack:
            first, second = (stack.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for _ in range(2))
            first.bind((here[0], 0, *here[2:]))
            port = first.getsockname()[1]
            if port % 2:
                continue
            try:
                second.bind((here[0], port + 1, *here[2:]))
            except (OSError, OverflowError):
                continue
            for one in (first, second):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
            stack.pop_all()
            return first, second
    raise OSError("no two ports next to each other are free")
