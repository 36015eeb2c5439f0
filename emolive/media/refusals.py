"""Why no pictures come from an address, in a sentence that says what to do."""

import re
import socket
from urllib.parse import quote, urlsplit

from emolive.media.address import without_password

_RESERVED = re.compile(r"[#/?\\\[\]@: ]")
"""Characters that mean something in an address, so that in a password they must be written otherwise."""


EVERY = "In a name or password write %23 for #, %2F for /, %3F for ?, %40 for @, %3A for : and %25 for %."


def why_no_stream(url: str, error: BaseException | None = None, status: int | None = None) -> str:
    """What is wrong with an address, as far as that is known. `status` is what the camera or server answered, `error`
    what went wrong before. No password is in it."""
    shown, quoted = without_password(url), _quoting(url)
    none = f"There is no stream at {shown}"
    if status in (401, 403):
        given = "for this name and password" if "@" in _rest(url) else "without a name and a password"
        whole = f"'{url.partition('://')[0]}://NAME:PASSWORD@HOST/PATH'"
        return f"{none} {given} ({status}). Write {whole}, in quotes. {quoted or EVERY}"
    if status in (404, 454):
        return f"{none}: the host answers, but nothing lies at that path ({status}). Check what comes after the host."
    if status == 461:
        return (
            f"{none} that comes over TCP, or over UDP to this machine alone ({status}). Switch RTP over TCP on in the "
            "camera."
        )
    if status is not None:
        return f"{none}: it answers with the error {status}. Check the address, and that the camera is on."
    if quoted:
        return f"{none}. {quoted}"
    if isinstance(error, socket.gaierror):
        return f"{none}: no host of that name is known. Check its spelling, or use the camera's IP address."
    return f"{none}. Check the address, and that the camera is on."


def _rest(url: str) -> str:
    return url.partition("://")[2]


def _quoting(url: str) -> str:
    """What a user's name and password should look like, if a character in them breaks the address."""
    login, at, _ = _rest(url).rpartition("@")
    if not at:
        return ""
    name, _, password = login.partition(":")
    wrong = sorted(set(_RESERVED.findall(name + password)))
    if not wrong:
        return ""
    try:
        whole = urlsplit(url).netloc.rpartition("@")[0] == login
    except ValueError:
        whole = False
    if whole:
        return ""
    pairs = ", ".join(f"{quote(char, safe='')} for {'a space' if char == ' ' else char}" for char in wrong)
    return f"In a name or password write {pairs}."
