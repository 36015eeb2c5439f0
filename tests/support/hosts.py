"""Web servers on loopback addresses (127.0.0.1, 127.0.0.2 …), which remember who asked for what."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by what `Host.answers` holds for the path."""

    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        host: Host = self.server.host  # type: ignore[attr-defined]
        host.asked.append(self.path)
        answer = host.answers.get(self.path.partition("?")[0])
        if answer is None:
            self.send_error(404)
        elif isinstance(answer, bytes):
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
        else:
            answer(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Host:
    """A server at an address. `answers` are bytes or functions by path, `asked` the paths that were asked for."""

    def __init__(self, address: str) -> None:
        self._server = ThreadingHTTPServer((address, 0), Handler)
        self._server.daemon_threads = True
        self._server.host = self  # type: ignore[attr-defined]
        self.url = f"http://{address}:{self._server.server_address[1]}"
        self.answers: dict[str, bytes | Answer] = {}
        self.asked: list[str] = []

    @contextmanager
    def serving(self) -> Iterator["Host"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


def redirect(to: str) -> Answer:
    """Sends on to another address."""

    def answer(handler: Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer


def endless(piece: bytes, head: bytes = b"") -> Answer:
    """Says the same for ever."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(head)
        try:
            while True:
                handler.wfile.write(piece)
        except OSError:
            return  # the visitor has gone

    return answer


def playlist(*segments: str, head: str = "", end: bool = True) -> bytes:
    """An HLS playlist of these addresses, a second each."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:0", *head.split("\n")]
    lines += [line for segment in segments for line in ("#EXTINF:1.0,", segment)]
    return "\n".join([line for line in [*lines, "#EXT-X-ENDLIST" if end else ""] if line]).encode() + b"\n"
