"""Megabytes both ways at once through one encrypted connection: nothing is lost, and nothing hangs when it ends."""

import random
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from thinned import thinned

from emolive.media.encrypted import Encrypted

SENT = random.Random(0).randbytes(4_000_000)
PATIENCE = 60.0


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Encrypted, ssl.SSLSocket]]:
    """An encrypted connection, and its other end."""
    pem = tmp_path / "both.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=camera"]
    made = subprocess.run(["openssl", *words, "-keyout", "-", "-out", "-"], capture_output=True, check=True).stdout
    pem.write_bytes(made)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(pem)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    ours, theirs = socket.socketpair()
    found: list[ssl.SSLSocket] = []
    meeting = threading.Thread(target=lambda: found.append(server.wrap_socket(theirs, server_side=True)))
    meeting.start()
    with client.wrap_socket(ours) as line:
        meeting.join(PATIENCE)
        with found[0] as other:
            other.settimeout(PATIENCE)
            yield Encrypted(line), other


def received(read, count: int) -> bytes:
    parts = []
    while count and (data := read(min(count, 30_000))):
        parts.append(data)
        count -= len(data)
    return b"".join(parts)


def some(line: Encrypted, count: int) -> bytes:
    room = bytearray(count)
    return bytes(room[: line.readinto(memoryview(room))])


def test_both_ways_at_once(both):
    line, other = both
    heard: list[bytes] = []

    def echo() -> None:  # one thread there: it reads and sends in turn
        left = len(SENT)
        while left and (data := other.recv(10_000)):
            other.sendall(data)
            left -= len(data)

    there = threading.Thread(target=echo, daemon=True)
    reading = threading.Thread(target=lambda: heard.append(received(lambda n: some(line, n), len(SENT))), daemon=True)
    there.start()
    reading.start()
    line.sendall(SENT)
    reading.join(PATIENCE)
    assert heard == [SENT]


@pytest.mark.parametrize("attempt", thinned(range(20), 5))
def test_who_waits_is_woken_when_it_ends(both, attempt):
    """Shut and closed at once, as the relay does."""
    line, _ = both
    ended = threading.Event()

    def wait() -> None:
        try:
            some(line, 10)
        except (OSError, ValueError):
            pass
        finally:
            ended.set()

    threading.Thread(target=wait, daemon=True).start()
    ended.wait(0.05)  # most often it waits by then
    line.shutdown()
    line._line.close()
    assert ended.wait(10)
