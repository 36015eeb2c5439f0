"""What is read over HTTP: from the address that the user named and from no other, within a time limit."""

import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPDefaultErrorHandler,
    HTTPDigestAuthHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
)

from emolive.core.errors import SourceError
from emolive.media.address import short_name

PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]
"""Scheme, host and port: what an address must share with the user's own."""


class RefusedError(SourceError):
    """Something that was read leads to where the user did not ask to go; trying again would not help."""


class Deadline:
    """Until when something must have come. `limit_s` is how long one may wait from `start` on."""

    def __init__(self, limit_s: float) -> None:
        self._limit, self._until = limit_s, time.monotonic() + limit_s

    def start(self) -> None:
        """Wait as long as allowed from now on."""
        self._until = time.monotonic() + self._limit

    def left(self) -> float:
        """The seconds that are left, more than 0. Raises `TimeoutError` where none are."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing came in time")
        return left


def origin(url: str) -> Origin:
    """Where an address leads. Raises `ValueError` for what is no whole `http(s)://` address."""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in PORTS or not host:
        raise ValueError(f"no HTTP address: {scheme}")
    return scheme, host.lower().rstrip("."), parts.port or PORTS[scheme]


class Visitor:
    """Opens addresses for one stream: that of the user, and those to which it leads if they have the same origin, or
    any of `http` and `https` with `other_hosts`. What was refused is kept in `refused`, the last
    error that a server answered with in `status`.

    No proxy is used, and no cookie is kept. The user's name and password are given to his own address only. A
    camera's certificate is not checked: almost all have signed theirs themselves.
    """

    def __init__(self, url: str, deadline: Deadline, other_hosts: bool = False) -> None:
        parts = urlsplit(url)
        self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._origin, self._any = origin(self._url), other_hosts
        self._name, self._deadline = short_name(url), deadline
        self.refused: RefusedError | None = None
        self.status: int | None = None
        self._opener = self._make_opener(unquote(parts.username or ""), unquote(parts.password or ""))

    def first(self) -> "HttpFile":
        """Open the user's own address. Raises `RefusedError` where it leads elsewhere, else `OSError`."""
        return self.open(self._url)

    def open(self, url: str, begin: int = 0, end: int | None = None) -> "HttpFile":
        """Open an address, its bytes from `begin` up to `end`. Raises as `first` does."""
        self.judge(url)
        return HttpFile(lambda at: self._ask(url, at, end), self._deadline, begin)

    def judge(self, url: str) -> None:
        """Raise `RefusedError` unless this address may be opened."""
        if self.refused:
            raise self.refused
        try:
            where = origin(url)
        except ValueError:
            where = None
        if where != self._origin and not (self._any and where):
            hint = f"Name that address{' itself' if where else ''}, or add --allow-other-hosts." if where else ""
            self.refused = RefusedError(
                f"{self._name} leads to {_plain(url)}, which you did not ask for. {hint}".strip()
            )
            raise self.refused

    def _ask(self, url: str, begin: int, end: int | None) -> HTTPResponse:
        headers = {"User-Agent": "emolive", "Accept": "*/*", "Connection": "close"}
        if begin or end:
            headers["Range"] = f"bytes={begin}-{'' if end is None else end - 1}"
        try:
            answer: HTTPResponse = self._opener.open(Request(url, headers=headers), timeout=self._deadline.left())
        except HTTPError as error:
            error.close()
            self.status = error.code
            raise ConnectionError(f"the server answered {error.code}") from None
        except URLError as error:
            if isinstance(error.reason, socket.gaierror):
                raise error.reason from None
            raise ConnectionError(str(error.reason)) from None
        except (HTTPException, ValueError) as error:
            raise ConnectionError(f"the server's answer makes no sense ({type(error).__name__})") from None
        if begin and answer.status != 206:
            answer.close()
            raise ConnectionError("the server gives the whole only")
        return answer

    def _make_opener(self, user: str, password: str) -> OpenerDirector:
        known = HTTPPasswordMgrWithDefaultRealm()
        if user or password:
            scheme, host, port = self._origin
            place = f"[{host}]" if ":" in host else host
            for uri in {f"{scheme}://{urlsplit(self._url).netloc}/", f"{scheme}://{place}:{port}/"}:
                known.add_password(None, uri, user, password)
        unchecked = ssl.create_default_context()
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        opener = OpenerDirector()
        for handler in (
            HTTPHandler(),
            HTTPSHandler(context=unchecked),
            HTTPErrorProcessor(),
            HTTPDefaultErrorHandler(),
            HTTPDigestAuthHandler(known),
            HTTPBasicAuthHandler(known),
            _Redirects(self.judge),
        ):
            opener.add_handler(handler)
        return opener


class _Redirects(HTTPRedirectHandler):
    """Goes where a server sends, if that is allowed."""

    def __init__(self, judge: Callable[[str], None]) -> None:
        self._judge = judge

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        self._judge(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class HttpFile:
    """What lies at an address, as a file for PyAV; it can be sought in where the server gives parts."""

    def __init__(self, ask: Callable[[int], HTTPResponse], deadline: Deadline, begin: int = 0) -> None:
        self._ask, self._deadline = ask, deadline
        self._answer: HTTPResponse | None = ask(begin)
        self.url = self._answer.geturl()
        self._begin = self._at = self._wanted = begin
        length, parts = self._answer.headers.get("Content-Length", ""), self._answer.headers.get("Accept-Ranges", "")
        self._length = int(length) if length.isdecimal() else None
        self._parts = "bytes" in parts.lower() and self._length is not None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._parts

    def read(self, size: int) -> bytes:
        """At most so many bytes, as soon as there are some. Raises `TimeoutError` where none come in time."""
        self._deadline.left()
        if self._wanted != self._at or self._answer is None:
            if self._length is not None and self._wanted >= self._begin + self._length:
                return b""
            self.close()
            self._answer = self._ask(self._wanted)
            self._at = self._wanted
        data = self._answer.read1(size)
        self._at = self._wanted = self._at + len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        start = {0: 0, 1: self._wanted, 2: self._begin + (self._length or 0)}[whence]
        self._wanted = start + offset
        return self._wanted

    def tell(self) -> int:
        return self._wanted

    @property
    def length(self) -> int | None:
        """How many bytes there are in all, None where the server does not say."""
        return None if self._length is None else self._begin + self._length

    def close(self) -> None:
        answer, self._answer = self._answer, None
        if answer:
            answer.close()


def nested(visitor: Visitor, first: HttpFile) -> Callable[[str, int, Mapping[str, str]], HttpFile]:
    """PyAV's `io_open`: opens what a stream refers to. The first address is open already, and opened once."""
    waiting = [first]

    def io_open(url: str, _flags: int, options: Mapping[str, str]) -> HttpFile:
        if waiting and url == first.url:
            return waiting.pop()
        begin, end = options.get("offset", ""), options.get("end_offset", "")
        return visitor.open(url, int(begin) if begin.isdecimal() else 0, int(end) if end.isdecimal() else None)

    return io_open


def _plain(url: str) -> str:
    """The place that an address leads to, in harmless characters: it was written by somebody else."""
    try:
        scheme, host, port = origin(url)
        place = f"{scheme}://{host}" + (f":{port}" if port != PORTS[scheme] else "")
    except ValueError:
        place = f"{url.partition(':')[0]}:…"
    return re.sub(r"[^A-Za-z0-9.:/…\[\]_+-]", "?", place)[:100]
