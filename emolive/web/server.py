"""How the page is served: to this machine only, whatever the environment or Streamlit's own files of settings say."""

import ipaddress
import tomllib
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).with_name("streamlit_app.py")

LOCAL = "127.0.0.1"


def flags(port: int, host: str = LOCAL, browser: bool = True) -> list[str]:
    """Streamlit's options as flags, which count more than its environment variables and files.

    They are those of `.streamlit/config.toml` beside the page, and where it listens. With another `host` than this
    machine's own the page answers to any name, as nobody knows by which one it will be reached.
    """
    known = tomllib.loads((PAGE.parent / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    wanted = {f"{section}.{name}": value for section, values in known.items() for name, value in values.items()}
    shown = LOCAL if _is_any(host) else host
    wanted |= {
        "server.port": port,
        "server.address": host,
        "browser.serverAddress": shown,
        "server.corsAllowedOrigins": [f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"],
        "server.headless": not browser,
    }
    if not is_local(host):
        wanted["server.allowedHosts"] = ["*"]
    return [word for name, value in wanted.items() for word in _flag(name, value)]


def is_local(host: str) -> bool:
    """Whether only this machine reaches what listens at `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_any(host: str) -> bool:
    return host in ("0.0.0.0", "::")


def _flag(name: str, value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        yield from (f"--{name}", str(one).lower() if isinstance(one, bool) else str(one))
