"""Addresses of network cameras, and how to speak of them without giving their passwords away.

What is shown is never what is left when secrets are taken out, because nobody knows all their names and places. It is
put together anew from parts that are known to be harmless: scheme, host, port, and the first part of the path.
"""

import re
from collections.abc import Iterable
from pathlib import Path

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LOOSE = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)
"""As a scheme may stand in a sentence: a path has lost its second slash. One letter is a drive of Windows."""

_IN_TEXT = re.compile(_LOOSE.pattern + r"\S*[^\s'\"”’)\]}>.,;:!]", re.IGNORECASE)
_SERVER = re.compile(r"(?P<host>[\w.-]+|\[[0-9a-f:.]+\])(?P<port>:[0-9]{1,5})?", re.IGNORECASE)
_PART = re.compile(r"[\w.-]{1,40}")
"""A part of a path that holds no name with a value, no user, and no key of great length."""

_ADDRESS = re.compile(r"(https?|rtsps?):/+", re.IGNORECASE)

HIDDEN = "…"


def is_address(which: str) -> bool:
    """Whether this is the address of a stream (`rtsp://…`, `http://…`) and not a camera of this computer."""
    return bool(_SCHEME.match(which))


def address_in(path: Path) -> str | None:
    """The `http(s)://` or `rtsp(s)://` address that was taken for a path, which lost its second slash; None for a path
    that is one."""
    words = _ADDRESS.match(str(path))
    return f"{words.group(1)}://{str(path)[words.end() :]}" if words and not path.exists() else None


def file_name(url: str) -> str:
    """What a film at an address is called: the last part of its path, if that is a plain word."""
    last = re.split(r"[?#]", url)[0].rpartition("/")[2]
    return last if _PART.fullmatch(last) and "@" not in url.rpartition("/")[2] else short_name(url)


def without_password(url: str) -> str:
    """The address as it may be shown: `scheme://host:port/first`, where `first` is the path's first part if it is a
    plain word; nothing of user, password, query, fragment or the rest of the path. What is no address stays as it is.

    Where it is open which part is the host, because an "@" follows later (a password may hold "/", too), all but the
    scheme is hidden.
    """
    scheme = _LOOSE.match(url)
    if not scheme:
        return url
    begin = f"{scheme.group(1)}://"
    server, _, rest = re.sub(r"[/?#\\]", "\n\\g<0>", url[scheme.end() :], count=1).partition("\n")
    found = _SERVER.fullmatch(server.rpartition("@")[2])
    if not found or "@" in rest:
        return begin + HIDDEN
    first = rest[1:].partition("/")[0] if rest.startswith("/") else ""
    first = re.split(r"[?#]", first)[0]
    return begin + found.group() + (f"/{first}" if _PART.fullmatch(first) else "")


def short_name(url: str) -> str:
    """A few words for the screen: host and port, if they may be shown."""
    return without_password(url).partition("://")[2].partition("/")[0].replace(HIDDEN, "network camera")


def scrubbed(text: str, known: Iterable[str] = ()) -> str:
    """A text in which every address is as it may be shown; `known` are words of the user, which may hold spaces and
    what else ends an address in a sentence."""
    for word in sorted(known, key=len, reverse=True):
        if _LOOSE.match(word):
            shown, path = without_password(word), Path(word)
            for form in (word, str(path)):
                text = text.replace(form, shown)
            for part in (path.name, path.stem, path.suffix):  # as in "It ends in .mp4?token=…"
                text = text.replace(part, HIDDEN) if len(part) > 2 and part not in shown else text
    return _IN_TEXT.sub(lambda match: without_password(match.group()), text)
