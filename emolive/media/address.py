"""Addresses of network cameras, and how to speak of them without giving their passwords away."""

import re

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SECRET = re.compile(r"([?&;][^=&;]*(?:pass|pwd|token|key|auth|secret|sig|user|login)[^=&;]*=)[^&;#]*", re.IGNORECASE)


def is_address(which: str) -> bool:
    """Whether this is the address of a stream (`rtsp://…`, `http://…`) and not a camera of this computer."""
    return bool(_SCHEME.match(which))


def without_password(url: str) -> str:
    """The address with user, password and whatever looks like a key in its query replaced by `***`.

    Passwords may hold any character, "@" and "/" too: all before the last "@" counts as one.
    """
    scheme = _SCHEME.match(url)
    if not scheme:
        return url
    rest = url[scheme.end() :]
    if "@" in rest:
        rest = "***@" + rest.rpartition("@")[2]
    return scheme.group() + _SECRET.sub(r"\1***", rest)


def short_name(url: str) -> str:
    """A few words for the screen: the host, and no password."""
    rest = without_password(url).partition("://")[2].removeprefix("***@")
    return re.split(r"[/?#]", rest)[0]
