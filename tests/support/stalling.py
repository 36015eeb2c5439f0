"""File systems that never answer, or whose files can be read up to a point only: a small FUSE server; root, on Linux.

The protocol is that of the kernel, `include/uapi/linux/fuse.h`.
"""

import ctypes
import errno
import os
import struct
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR = (
    1, 2, 3, 14, 15, 18, 25, 26, 27, 28, 29,
)  # fmt: skip
PARALLEL = 1 << 18
"""The folder may be read while a question about one of its files is open."""

INTERRUPT, SILENT = 36, (FORGET, 36, 42)
"""What is not answered: FORGET, INTERRUPT, BATCH_FORGET."""

FOREVER = 3600
"""Seconds that what is said of a file holds."""


@contextmanager
def stalling(folder: Path, files: Mapping[str, bytes], share: float, hushed: Collection[str] = ()) -> Iterator[Path]:
    """Mounts files of which reading beyond a share of their bytes never ends, on a new folder. It lists `hushed` ones
    among them, of which no question is answered.

    Skips where one may not mount.
    """
    with _mounted(folder) as device:
        given = (device, list(files.items()), share, hushed)
        threading.Thread(target=_serve, args=given, daemon=True).start()
        yield folder


@contextmanager
def silent(folder: Path) -> Iterator[Path]:
    """Makes a new folder of which no question is ever answered: nobody serves it. Skips where one may not mount."""
    with _mounted(folder):
        yield folder


@contextmanager
def _mounted(folder: Path) -> Iterator[int]:
    """The device through which a new folder's file system is asked."""
    if sys.platform != "linux" or os.geteuid() != 0 or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("FUSE needs root on Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    folder.mkdir()
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"stalling", os.fsencode(folder), b"fuse", 0, options):
        os.close(device)
        pytest.skip(f"mount: {os.strerror(ctypes.get_errno())}")
    try:
        yield device
    finally:
        libc.umount2(os.fsencode(folder), 2)  # at once for names, so that nobody new waits
        os.close(device)  # which ends all that still waits


def _serve(device: int, files: list[tuple[str, bytes]], share: float, hushed: Collection[str]) -> None:
    with suppress(OSError):  # it is unmounted
        while request := os.read(device, 1 << 17):
            _, what, unique, node = struct.unpack_from("IIQQ", request)
            is_hushed = what == LOOKUP and request[40:].rstrip(b"\0").decode() in hushed
            answer = None if is_hushed else _answer(what, node, request[40:], files, share)
            if what == INTERRUPT:  # who asked is being ended; without an answer nothing could end it
                (unique,), answer = struct.unpack_from("Q", request, 40), errno.EINTR
            if answer is not None:
                failed, content = (-answer, b"") if isinstance(answer, int) else (0, answer)
                os.write(device, struct.pack("IiQ", 16 + len(content), failed, unique) + content)


def _answer(what: int, node: int, asked: bytes, files: list[tuple[str, bytes]], share: float) -> bytes | int | None:
    """The bytes of an answer, the number of an error, or None for no answer. Node 1 is the folder, 2 the first file."""
    if what in SILENT:
        return None
    if what == INIT:
        return struct.pack("4I2H2I2H8I", 7, 31, 4096, PARALLEL, 8, 8, 4096, 1, 1, 0, *[0] * 8)
    if what == LOOKUP:
        name = asked.rstrip(b"\0").decode()
        found = [i for i, (one, _) in enumerate(files) if one == name]
        return (
            struct.pack("4Q2I", found[0] + 2, 0, FOREVER, FOREVER, 0, 0) + _facts(found[0] + 2, files) if found else 2
        )
    if what == GETATTR:
        return struct.pack("Q2I", FOREVER, 0, 0) + _facts(node, files)
    if what in (OPEN, OPENDIR):
        return struct.pack("Q2I", 0, 0, 0)
    if what == READ:
        _, offset, size = struct.unpack_from("QQI", asked)
        content = files[node - 2][1]
        stalls = share < 1 and offset + size > share * len(content)
        return None if stalls else content[offset : offset + size]
    if what == READDIR:
        _, offset = struct.unpack_from("QQ", asked)
        return b"".join(_entry(i, name) for i, (name, _) in enumerate(files) if i >= offset)
    return b"" if what in (RELEASE, RELEASEDIR, FLUSH) else errno.ENOSYS


def _facts(node: int, files: list[tuple[str, bytes]]) -> bytes:
    size, mode = (0, 0o40755) if node == 1 else (len(files[node - 2][1]), 0o100644)
    return struct.pack("6Q10I", node, size, (size + 511) // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def _entry(i: int, name: str) -> bytes:
    words = name.encode()
    return struct.pack("QQ2I", i + 2, i + 1, len(words), 8) + words + bytes(-len(words) % 8)
