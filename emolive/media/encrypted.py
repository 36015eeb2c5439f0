"""An encrypted connection that one thread reads while another writes."""

import io
import selectors
import socket
import ssl
import threading
from collections.abc import Callable

Waiting: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Not epoll, which forgets who waits for a connection when another thread closes it."""


class Encrypted(io.RawIOBase):
    """The bytes of a TLS connection. OpenSSL must not read and write for one connection at the same time: what it then
    gives is wrong, now and then. So neither waits within it. Raises `OSError` and `ValueError` once it is closed."""

    def __init__(self, line: ssl.SSLSocket) -> None:
        line.setblocking(False)
        self._line, self._alone = line, threading.Lock()

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]  # RawIOBase takes any buffer
        """Wait for some bytes; give back how many came, 0 at the end."""
        return self._when_ready(lambda: self._line.recv_into(room))

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        left = memoryview(data)
        while left:
            left = left[self._when_ready(lambda left=left: self._line.send(left)) :]  # type: ignore[misc]

    def shutdown(self, how: int = socket.SHUT_RDWR) -> None:
        """Wake whoever waits for it."""
        self._line.shutdown(how)

    def _when_ready(self, act: Callable[[], int]) -> int:
        while True:
            with self._alone:
                try:
                    return act()
                except ssl.SSLWantReadError:
                    event = selectors.EVENT_READ
                except ssl.SSLWantWriteError:
                    event = selectors.EVENT_WRITE
            with Waiting() as waiting:
                waiting.register(self._line, event)
                waiting.select()
