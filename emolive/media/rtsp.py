"""RTSP cameras: FFmpeg talks to one through a relay in this process, because it would follow a camera that sends it on
to another address (a status of 3xx), and nothing in it can forbid that.

FFmpeg asks for RTP within the connection (TCP). Where a camera can do UDP only, the relay takes the packets from it and
puts them into the connection: FFmpeg, which would take them from anywhere, opens no port.
"""

import contextlib
import io
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from emolive.media.datagrams import PortPair
from emolive.media.encrypted import Encrypted
from emolive.media.http import Deadline

PORTS = {"rtsp": 554, "rtsps": 322}

STATUS = re.compile(rb"RTSP/1\.\d [1245]\d\d( [^\r\n]*)?\r?\n")
"""The first line of an answer that FFmpeg may see. Requests of a camera's own are not passed on either."""

LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,7})[ \t]*\r?\n", re.IGNORECASE)

CHANNELS = re.compile(rb"^transport:.*interleaved=(\d{1,3})-(\d{1,3})", re.IGNORECASE)

SERVER_PORTS = re.compile(rb"^transport:.*server_port=(\d{1,5})(?:-(\d{1,5}))?", re.IGNORECASE)

NO_TCP = b"461"
"""The status with which a camera refuses the way in which RTP should come."""

LONGEST = 8192
"""Bytes of a line of an answer."""


class Heard(Protocol):
    """What is said over a connection, in its order."""

    def read(self, count: int, /) -> bytes: ...
    def readline(self, most: int, /) -> bytes: ...


@dataclass(frozen=True)
class Packet:
    """A packet of RTP or RTCP within the connection."""

    channel: int
    data: bytes

    def __bytes__(self) -> bytes:
        return b"$" + bytes([self.channel]) + len(self.data).to_bytes(2, "big") + self.data


@dataclass(frozen=True)
class Message:
    """A request or an answer: its lines, with their ends, the last one empty; and what follows them."""

    lines: tuple[bytes, ...]
    body: bytes

    def __bytes__(self) -> bytes:
        return b"".join(self.lines) + self.body

    def with_transport(self, words: str) -> "Message":
        """The same with another transport."""
        line = f"Transport: {words}\r\n".encode()
        return Message(tuple(line if _is_transport(old) else old for old in self.lines), self.body)

    def found(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """The first line that begins so."""
        return next((match for line in self.lines if (match := pattern.match(line))), None)


@contextmanager
def relayed(url: str, deadline: Deadline, refusals: list[int]) -> Iterator[str]:
    """The address on this machine at which FFmpeg finds the camera of an `rtsp://` or `rtsps://` address. Each status
    of 400 or more with which the camera answers is added to `refusals`.

    One connection is made, to the host and port that the address names; all comes and goes through it, or, where a
    camera of `rtsp://` takes no TCP, over UDP between it and this machine. Raises `OSError` where nobody answers, and
    ends the connection at an answer that leads elsewhere.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    with contextlib.ExitStack() as stack:
        try:
            where = (parts.hostname or "", parts.port or PORTS[scheme])
        except ValueError as error:
            raise OSError(str(error)) from error
        camera = stack.enter_context(socket.create_connection(where, deadline.left()))
        line: socket.socket | Encrypted = camera
        if scheme == "rtsps":
            unchecked = ssl.create_default_context()
            unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
            line = Encrypted(stack.enter_context(unchecked.wrap_socket(camera, server_hostname=where[0])))
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        stack.callback(_shut, door)
        stack.callback(_shut, line)
        relay = _Relay(line, refusals)
        threading.Thread(target=relay.serve, args=(door,), name=f"relay {where[0]}", daemon=True).start()
        user = parts.netloc.rpartition("@")[0]
        netloc = f"{user}@" if user else ""
        yield parts._replace(scheme="rtsp", netloc=f"{netloc}127.0.0.1:{door.getsockname()[1]}").geturl()


class _Relay:
    """Passes on what FFmpeg and a camera say."""

    _player: socket.socket

    def __init__(self, camera: socket.socket | Encrypted, refusals: list[int]) -> None:
        self._camera, self._refusals = camera, refusals
        self._setup: Message | None = None  # asked for by FFmpeg, not yet answered
        self._asked: PortPair | None = None  # asked for by this relay, likewise
        self._pairs: dict[int, tuple[PortPair, int]] = {}  # by FFmpeg's channels
        self._open = contextlib.ExitStack()
        self._speaking = threading.Lock()

    def serve(self, door: socket.socket) -> None:
        """Until one of them has gone."""
        with contextlib.suppress(OSError), self._open:
            self._player, _ = door.accept()
            door.close()  # one connection only
            with self._player:
                threading.Thread(target=self._requests, name="relay requests", daemon=True).start()
                with contextlib.suppress(OSError, ValueError), _heard(self._camera) as heard:
                    self._answers(heard)
                _shut(self._player)
                _shut(self._camera)

    def _requests(self) -> None:
        with contextlib.suppress(OSError, ValueError), _heard(self._player) as heard:
            while said := spoken(heard):
                if isinstance(said, Packet) and said.channel in self._pairs:
                    pair, which = self._pairs[said.channel]
                    pair.send(which, said.data)
                    continue
                if isinstance(said, Message):
                    self._setup = said if said.lines[0].startswith(b"SETUP ") else None
                self._camera.sendall(bytes(said))
        _shut(self._camera)

    def _answers(self, heard: Heard) -> None:
        """Pass on a camera's answers and packets. Raises `ValueError` at the first that is neither."""
        while said := spoken(heard):
            if isinstance(said, Message):
                if not STATUS.fullmatch(said.lines[0]):
                    raise ValueError("the camera leads elsewhere, or speaks no RTSP")
                status, asked = said.lines[0][9:12], self._asked
                self._asked = None
                if asked is None and status == NO_TCP and self._setup and self._ask_for_udp(self._setup):
                    continue
                if asked and self._setup and status.startswith(b"2"):
                    said = self._begin_udp(asked, self._setup, said)
                if status[:1] in b"45":
                    self._refusals.append(int(status))
            self._tell(said)

    def _tell(self, said: "Packet | Message") -> None:
        with self._speaking:
            self._player.sendall(bytes(said))

    def _ask_for_udp(self, setup: Message) -> bool:
        """Ask the camera once more, for packets over UDP; say whether that makes sense."""
        if isinstance(self._camera, Encrypted) or not setup.found(CHANNELS):
            return False  # what is asked for encrypted stays so
        pair = self._asked = self._open.enter_context(PortPair(self._camera))
        ports = f"client_port={pair.first}-{pair.first + 1}"
        self._camera.sendall(bytes(setup.with_transport(f"RTP/AVP;unicast;{ports}")))
        return True

    def _begin_udp(self, pair: PortPair, setup: Message, answer: Message) -> Message:
        """Put the packets that come from now on into the connection, and answer as FFmpeg asked."""
        channels, ports = setup.found(CHANNELS), answer.found(SERVER_PORTS)
        if not channels or not ports:
            raise ValueError("the camera does not say from where it sends")
        rtp, rtcp = int(channels[1]), int(channels[2])
        first = int(ports[1])
        self._pairs |= {rtp: (pair, 0), rtcp: (pair, 1)}
        pair.meet((first, int(ports[2] or first + 1)))
        take = partial(self._take, (rtp, rtcp))
        threading.Thread(target=pair.receive, args=(take,), name="relay packets", daemon=True).start()
        return answer.with_transport(f"RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp}")

    def _take(self, channels: tuple[int, int], which: int, data: bytes) -> None:
        self._tell(Packet(channels[which], data))


def spoken(heard: Heard) -> Packet | Message | None:
    """The next thing that is said, None at the end. Raises `ValueError` for what is cut off or too long."""
    first = heard.read(1)
    if not first:
        return None
    if first == b"$":
        head = _exactly(heard, 3)
        return Packet(head[0], _exactly(heard, int.from_bytes(head[1:], "big")))
    lines, body = [first + heard.readline(LONGEST)], 0
    while lines[-1] not in (b"\r\n", b"\n"):
        if not lines[-1].endswith(b"\n") or len(lines) > 100:
            raise ValueError("an answer without an end")
        line = heard.readline(LONGEST)
        lines.append(line)
        if line.lower().startswith(b"content-length"):
            length = LENGTH.fullmatch(line)
            if not length or body:
                raise ValueError("an answer of no length")
            body = int(length[1])
    return Message(tuple(lines), _exactly(heard, body))


def _is_transport(line: bytes) -> bool:
    return line.lower().startswith(b"transport:")


def _exactly(heard: Heard, count: int) -> bytes:
    data = heard.read(count)
    if len(data) < count:
        raise ValueError("an answer is cut off")
    return data


def _heard(line: socket.socket | Encrypted) -> io.BufferedReader:
    """What is said over a connection from now on, however long that takes."""
    if isinstance(line, Encrypted):
        return io.BufferedReader(line, 1 << 16)
    line.settimeout(None)
    return io.BufferedReader(line.makefile("rb", buffering=0), 1 << 16)


def _shut(line: socket.socket | Encrypted) -> None:
    """Wake whoever waits for it."""
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
