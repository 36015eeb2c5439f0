"""RTSP cameras: FFmpeg talks to one through a relay in this process, because it would follow a camera that sends it on
to another address (a status of 3xx), and nothing in it can forbid that."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from emolive.media.http import Deadline

PORTS = {"rtsp": 554, "rtsps": 322}

STATUS = re.compile(rb"RTSP/1\.\d [1245]\d\d( [^\r\n]*)?\r?\n")
"""The first line of an answer that FFmpeg may see. Requests of a camera's own are not passed on either."""

LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,7})[ \t]*\r?\n", re.IGNORECASE)

LONGEST = 8192
"""Bytes of a line of an answer."""


class Heard(Protocol):
    """What a camera says, in the order in which it says it."""

    def read(self, count: int, /) -> bytes: ...
    def readline(self, most: int, /) -> bytes: ...


@contextmanager
def relayed(url: str, deadline: Deadline, refusals: list[int]) -> Iterator[str]:
    """The address on this machine at which FFmpeg finds the camera of an `rtsp://` or `rtsps://` address. Each status
    of 400 or more with which the camera answers is added to `refusals`.

    One connection is made, to the host and port that the address names; all comes and goes through it (over TCP).
    Raises `OSError` where nobody answers, and ends the connection at an answer that leads elsewhere.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    with contextlib.ExitStack() as stack:
        try:
            where = (parts.hostname or "", parts.port or PORTS[scheme])
        except ValueError as error:
            raise OSError(str(error)) from error
        camera = stack.enter_context(socket.create_connection(where, deadline.left()))
        if scheme == "rtsps":
            unchecked = ssl.create_default_context()
            unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
            camera = stack.enter_context(unchecked.wrap_socket(camera, server_hostname=where[0]))
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        stack.callback(_shut, door)
        stack.callback(_shut, camera)
        threading.Thread(target=_serve, args=(door, camera, refusals), name=f"relay {where[0]}", daemon=True).start()
        user = parts.netloc.rpartition("@")[0]
        netloc = f"{user}@" if user else ""
        yield parts._replace(scheme="rtsp", netloc=f"{netloc}127.0.0.1:{door.getsockname()[1]}").geturl()


def _serve(door: socket.socket, camera: socket.socket, refusals: list[int]) -> None:
    """Pass on what FFmpeg and the camera say, until one of them has gone."""
    with contextlib.suppress(OSError):
        player, _ = door.accept()
        door.close()  # one connection only
        with player:
            camera.settimeout(None)
            threading.Thread(target=_requests, args=(player, camera), name="relay requests", daemon=True).start()
            with contextlib.suppress(OSError, ValueError), camera.makefile("rb", buffering=1 << 16) as heard:
                _answers(heard, player, refusals)
            _shut(player)
            _shut(camera)


def _requests(player: socket.socket, camera: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := player.recv(1 << 16):
            camera.sendall(data)
    _shut(camera)


def _answers(heard: Heard, player: socket.socket, refusals: list[int]) -> None:
    """Pass on a camera's answers and packets, each read as what it is. Raises `ValueError` at the first other thing."""
    while first := heard.read(1):
        if first == b"$":
            head = _exactly(heard, 3)
            player.sendall(first + head + _exactly(heard, int.from_bytes(head[1:], "big")))
            continue
        line = first + heard.readline(LONGEST)
        if not STATUS.fullmatch(line):
            raise ValueError("the camera leads elsewhere, or speaks no RTSP")
        if line[9:10] in b"45":
            refusals.append(int(line[9:12]))
        said, body = [line], 0
        while line not in (b"\r\n", b"\n"):
            line = heard.readline(LONGEST)
            if not line.endswith(b"\n") or len(said) > 100:
                raise ValueError("an answer without an end")
            said.append(line)
            if line.lower().startswith(b"content-length"):
                length = LENGTH.fullmatch(line)
                if not length or body:
                    raise ValueError("an answer of no length")
                body = int(length[1])
        player.sendall(b"".join(said) + _exactly(heard, body))


def _exactly(heard: Heard, count: int) -> bytes:
    data = heard.read(count)
    if len(data) < count:
        raise ValueError("an answer is cut off")
    return data


def _shut(line: socket.socket) -> None:
    """Wake whoever waits for it."""
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
