"""A command in a network of its own whose only way out is read: nothing that leaves can go unseen.

`run(command)` runs it in a network namespace with a loopback device, a TUN device as the default route, and a name
server behind it. Every packet on the TUN device is one that would have left the machine. Where there is no TUN device
the system calls of the command are read instead (strace). As a program this file is the inside of the namespace:
`sealed.py REPORT FOLDER COMMAND…`.
"""

import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

DEVICE, OWN, SERVER = "out0", "10.99.0.2", "10.99.0.53"
OWN_6, ADDED_BY_THE_KERNEL = "fd99::2", {133, 135, 143}
"""Of ICMPv6: it asks for routers and neighbours, and tells which groups it listens to, whoever is at home."""

QUIET = {
    "/etc/nsswitch.conf": "hosts: files dns\n",
    "/etc/resolv.conf": f"nameserver {SERVER}\noptions timeout:1 attempts:1\n",
}
"""Names are looked up through the name server only, by nobody else's daemon outside of the namespace."""


@dataclass(frozen=True)
class Ran:
    """A command that has ended: its exit status, what it wrote, and what left, a line for each kind of packet."""

    status: int
    output: str
    left: tuple[str, ...]


@cache
def how() -> str:
    """ "tun", "strace", or "" where neither is there."""
    with TemporaryDirectory() as folder:
        for way in ("tun", "strace"):
            with suppress(OSError, subprocess.SubprocessError, ValueError):
                asked = _run(way, [sys.executable, "-c", LOOK_UP], Path(folder), None, 60)
                if asked.left:
                    return way
    return ""


LOOK_UP = "import socket, contextlib\nwith contextlib.suppress(OSError): socket.getaddrinfo('emolive.invalid', 80)"
"""A program that looks up a name: what must be seen."""


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None, limit_s: float = 240
) -> Ran:
    """Run a command that can reach nobody, and say what it tried to send. `how()` must not be ""."""
    return _run(how(), command, folder, environment, limit_s)


def _run(way: str, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None, limit_s: float) -> Ran:
    with TemporaryDirectory(dir=folder) as room:
        report = Path(room, "report")
        if way == "tun":
            unshare = ["unshare", "-nm"] if os.geteuid() == 0 else ["unshare", "-rnm"]
            inside = [*unshare, sys.executable, __file__, str(report), room, *command]
        else:
            inside = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(report), *command]
        done = subprocess.run(
            inside,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit_s,
            env=environment,
            cwd=folder,
        )
        if not report.exists():
            raise OSError(f"no {way}: {done.stdout}")
        words = report.read_text(errors="replace")
        left = json.loads(words) if way == "tun" else sorted(set(_traced(words)))
    return Ran(done.returncode, done.stdout, tuple(left))


def _traced(lines: str) -> Iterator[str]:
    """The addresses beyond loopback that system calls name."""
    for port, address in re.findall(r'htons\((\d+)\).*?"([0-9a-fA-F.:]+)"', lines):
        if not (address.startswith("127.") or address in ("::1", "0.0.0.0", "::") or "::ffff:127." in address):
            yield f"to {address} port {port}"


def main(report: str, room: str, *command: str) -> int:
    """Inside of the namespaces: make the way out, run the command, tell what went out."""
    for path, text in QUIET.items():
        if os.path.exists(path):
            own = Path(room, Path(path).name)
            own.write_text(text)
            _do("mount", "--bind", str(own), os.path.realpath(path))
    for folder in ("/run/nscd", "/run/systemd/resolve"):
        if os.path.isdir(folder):
            _do("mount", "-t", "tmpfs", "tmpfs", folder)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", DEVICE.encode(), 0x0001 | 0x1000))  # TUNSETIFF: TUN, NO_PI
    _do("ip", "link", "set", "lo", "up")
    _do("ip", "link", "set", DEVICE, "up")
    _do("ip", "address", "add", f"{OWN}/24", "dev", DEVICE)
    _do("ip", "route", "add", "default", "dev", DEVICE)
    with suppress(subprocess.CalledProcessError):  # where there is IPv6
        _do("ip", "-6", "address", "add", f"{OWN_6}/64", "dev", DEVICE, "nodad")
        _do("ip", "-6", "route", "add", "default", "dev", DEVICE)
    left: dict[str, None] = {}
    over = threading.Event()
    reader = threading.Thread(target=_read, args=(tun, left, over))
    reader.start()
    status = subprocess.run(command).returncode
    over.set()
    reader.join()
    Path(report).write_text(json.dumps(list(left)))
    return status


def _read(tun: int, left: dict[str, None], over: threading.Event) -> None:
    """Keep what is sent. A packet is there when the call that sends it has come back, so the last look misses none."""
    while True:
        last = over.wait(0.01)
        with suppress(BlockingIOError):
            while True:
                words = told(os.read(tun, 65536))
                if words:
                    left[words] = None
        if last:
            return


def told(packet: bytes) -> str:
    """What a packet is, in words; "" for those that the kernel sends of itself."""
    if packet[0] >> 4 == 6:
        kind, body, to = packet[6], packet[40:], socket.inet_ntop(socket.AF_INET6, packet[24:40])
        if kind == 0:  # hop-by-hop options, before the kernel's own
            kind, body = body[0], body[8 * (body[1] + 1) :]
        if kind == 58 and body[0] in ADDED_BY_THE_KERNEL:
            return ""
    else:
        kind, body, to = packet[9], packet[4 * (packet[0] & 15) :], socket.inet_ntoa(packet[16:20])
    name = {6: "TCP", 17: "UDP"}.get(kind, f"protocol {kind}")
    port = int.from_bytes(body[2:4], "big") if kind in (6, 17) else 0
    asked = f", asking for {_question(body[20:])}" if kind == 17 and port == 53 else ""
    return f"{name} to {to} port {port}{asked}"


def _question(dns: bytes) -> str:
    words, at = [], 0
    while at < len(dns) and dns[at]:
        words.append(dns[at + 1 : at + 1 + dns[at]].decode("ascii", "replace"))
        at += 1 + dns[at]
    return ".".join(words)


def _do(*command: str) -> None:
    subprocess.run(command, check=True)


def missing() -> str:
    """Why nothing can be sealed here."""
    there = [name for name in ("unshare", "ip", "strace") if shutil.which(name)]
    return (
        f"neither a TUN device in a network namespace nor strace can be used here (found: {', '.join(there) or 'none'})"
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
