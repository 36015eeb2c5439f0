"""Where the page listens, whatever else the environment and the files of Streamlit say."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from waits import wait_for

from emolive.commands.main import cli
from emolive.web.server import flags, is_local

OPEN = """
[server]
address = "0.0.0.0"
allowedHosts = ["*"]
enableCORS = false
enableXsrfProtection = false
enableAgentApi = true
[browser]
gatherUsageStats = true
serverAddress = "evil.example"
"""

OPEN_ENVIRONMENT = {
    "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",
    "STREAMLIT_SERVER_ALLOWED_HOSTS": "*",
    "STREAMLIT_SERVER_ENABLE_CORS": "false",
    "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false",
    "STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS": "http://evil.example",
    "STREAMLIT_SERVER_ENABLE_AGENT_API": "true",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true",
}


@contextmanager
def page(folder: Path, *options: str) -> Iterator[tuple[int, set[str]]]:
    """`emolive web` in a folder that, as the home does, holds settings which open everything: its port, and the
    addresses at which it listens."""
    for where in (folder, folder / "home"):
        (where / ".streamlit").mkdir(parents=True)
        (where / ".streamlit" / "config.toml").write_text(OPEN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "emolive", "web", "--port", str(port), "--no-browser", *options]
    environment = os.environ | OPEN_ENVIRONMENT | {"HOME": str(folder / "home")}
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:

            def heard() -> set[str]:
                assert process.poll() is None, (folder / "log").read_text()
                return listening(process.pid)

            yield port, wait_for(heard, 180)
        finally:
            process.terminate()
            process.wait(60)


def listening(pid: int) -> set[str]:
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    lines = [line for process in tree for line in process.net_connections("inet")]
    return {line.laddr.ip for line in lines if line.status == psutil.CONN_LISTEN}


def asks(port: int, host: str, origin: str) -> bytes:
    """The server's answer to whoever wants the page's stream."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Origin: {origin}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        return line.recv(200)


def test_neither_environment_nor_files_open_the_page(tmp_path):
    with page(tmp_path) as (port, heard):
        assert heard == {"127.0.0.1"}
        own = f"127.0.0.1:{port}"
        assert b" 101 " in asks(port, own, f"http://{own}")
        assert b" 101 " not in asks(port, own, "http://evil.example")
        assert b" 101 " not in asks(port, f"evil.example:{port}", f"http://evil.example:{port}")
    assert "0.0.0.0" not in (tmp_path / "log").read_text()


def test_only_our_own_option_opens_it_and_says_what_that_means(tmp_path):
    with page(tmp_path, "--host", "0.0.0.0") as (port, heard):
        assert heard == {"0.0.0.0"}
        named = f"some-machine:{port}"
        assert b" 101 " in asks(port, named, f"http://{named}")
        assert b" 101 " not in asks(port, named, "http://evil.example")
    assert "without a password" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("host", ["unix:///tmp/x", "http://127.0.0.1", ""])
def test_what_is_no_host(host):
    done = CliRunner().invoke(cli, ["web", "--host", host])
    assert done.exit_code == 1
    assert "--host takes an address" in done.output


def test_which_hosts_are_this_machine():
    assert all(map(is_local, ("127.0.0.1", "127.8.0.1", "::1", "localhost")))
    assert not any(map(is_local, ("0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "example.org", "localhost.example")))


def test_every_setting_of_the_file_is_a_flag():
    given = flags(8501)
    for name in ("--server.address", "--browser.gatherUsageStats", "--server.enableCORS", "--server.allowedHosts"):
        assert name in given
    assert given[given.index("--browser.gatherUsageStats") + 1] == "false"
