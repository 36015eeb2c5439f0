"""A small RTSP camera on loopback: H.264 over the RTSP connection itself, as most cameras can, or over UDP."""

import contextlib
import hashlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from films import numbered

NONCE, REALM = "abc", "camera"


def nal_units(
    folder: Path, frames: int = 50, picture: Callable[[int], np.ndarray] = numbered, crf: int = 23
) -> list[list[bytes]]:
    """The units of each frame of a film of such pictures."""
    path = folder / "film.h264"
    with av.open(str(path), "w") as container:
        parameters = f"keyint=10:repeat-headers=1:slices=1:crf={crf}"
        options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": parameters}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.height, stream.width = picture(0).shape[:2]
        stream.pix_fmt = "yuv420p"
        packets = []
        for i in range(frames):
            packets += stream.encode(av.VideoFrame.from_ndarray(picture(i), format="bgr24"))
        packets += stream.encode(None)
        data = [bytes(packet) for packet in packets]
    return [[unit for unit in re.split(rb"\x00\x00\x00?\x01", frame) if unit] for frame in data]


@contextmanager
def camera(
    frames: list[list[bytes]],
    user: str = "",
    password: str = "",
    udp: str = "",
    tls: ssl.SSLContext | None = None,
    stop: threading.Event | None = None,
) -> Iterator[int]:
    """The port on which a camera shows these frames again and again, until `stop`, and then nothing. With `udp` it
    refuses to send otherwise, and does so from that address; "never" refuses all."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        stop = stop or threading.Event()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    line, _ = door.accept()
                    line = tls.wrap_socket(line, server_side=True) if tls else line
                    threading.Thread(target=_talk, args=(line, frames, user, password, udp, stop), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield door.getsockname()[1]
        finally:
            stop.set()
            door.shutdown(socket.SHUT_RDWR)


def _talk(
    line: socket.socket, frames: list[list[bytes]], user: str, password: str, udp: str, stop: threading.Event
) -> None:
    send, by = line.sendall, None
    with line, contextlib.suppress(OSError), line.makefile("rb") as heard:
        while first := heard.readline():
            if first.startswith(b"$"):
                return  # nothing of that kind is expected before PLAY
            method, uri = first.split()[:2]
            fields = {}
            while (field := heard.readline().strip()) != b"":
                name, _, value = field.decode().partition(":")
                fields[name.lower()] = value.strip()
            said = [f"CSeq: {fields['cseq']}"]
            body = b""
            if user and fields.get("authorization", "") != _expected(method, uri, user, password, fields):
                said.append(f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"')
                line.sendall(("RTSP/1.0 401 Unauthorized\r\n" + "\r\n".join(said) + "\r\n\r\n").encode())
                continue
            if method == b"DESCRIBE":
                body = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
                body += b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
                said += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
            if method == b"SETUP" and udp:
                asked = re.search(r"client_port=(\d+)-", fields["transport"])
                if udp == "never" or not asked:
                    line.sendall(("RTSP/1.0 461 Unsupported Transport\r\n" + said[0] + "\r\n\r\n").encode())
                    continue
                by = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                by.bind((udp, 0))
                port = by.getsockname()[1]
                by.connect(("127.0.0.1", int(asked[1])))
                send = _datagram(by)
                said += [f"Transport: RTP/AVP;unicast;server_port={port}-{port + 1};source={udp}", "Session: 7"]
            elif method == b"SETUP":
                assert "interleaved=" in fields["transport"]
                said += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 7"]
            line.sendall(("RTSP/1.0 200 OK\r\n" + "\r\n".join(said) + "\r\n\r\n").encode() + body)
            if method == b"PLAY":
                _play(send, frames, stop)


def _expected(method: bytes, uri: bytes, user: str, password: str, fields: dict[str, str]) -> str:
    """What the visitor must say, as far as it is not free to choose; "" where it said nothing."""
    given = fields.get("authorization", "")
    named = re.search(r'uri="([^"]*)"', given)
    if not named or named[1] != uri.decode():
        return "-"

    def md5(words: str) -> str:
        return hashlib.md5(words.encode()).hexdigest()

    response = md5(f"{md5(f'{user}:{REALM}:{password}')}:{NONCE}:{md5(f'{method.decode()}:{named[1]}')}")
    return given if f'response="{response}"' in given else "-"


def _datagram(by: socket.socket) -> Callable[[bytes], object]:
    """Sends what was meant for the connection by itself."""

    def send(data: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # nobody listens any more
            by.send(data[4:])

    return send


def _play(send: Callable[[bytes], object], frames: list[list[bytes]], stop: threading.Event) -> None:
    sequence = 0
    for number in range(10**6):
        units = frames[number % len(frames)]
        for i, unit in enumerate(units):
            mark = 0x80 if i == len(units) - 1 else 0
            packet = struct.pack(">BBHII", 0x80, mark | 96, sequence % 65536, number * 3600, 1) + unit
            send(b"$\0" + struct.pack(">H", len(packet)) + packet)
            sequence += 1
        if stop.wait(0.02):
            return
