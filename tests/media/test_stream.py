"""Network cameras: a real MJPEG server on this machine, which is cut and comes back."""

import logging
import socket
import threading
import time
from itertools import pairwise

import pytest
from films import MjpegCamera, for_ever, number_of, until_frame
from waits import wait_for

from emolive.core.errors import SourceError
from emolive.core.scene import Settings
from emolive.media import newest
from emolive.media.address import is_address
from emolive.media.sources import open_camera

pytestmark = pytest.mark.ci

S = Settings()


def wait_for_note(source, word: str, seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not any(word in note for note in source.notes()):
        assert time.monotonic() < end, f"no note says {word!r}"
        before = time.monotonic()
        source.read(S)
        assert time.monotonic() - before < 0.2, "keys would have to wait"


def test_frames_in_order_and_up_to_date(mjpeg):
    with open_camera(mjpeg.url) as source:
        frames = [until_frame(source) for _ in range(10)]
        sent = mjpeg.sent
        wait_for(lambda: mjpeg.sent >= sent + 12)  # nobody looks meanwhile
        assert mjpeg.sent - number_of(until_frame(source).bgr) <= 3
    numbers = [number_of(f.bgr) for f in frames]
    assert numbers == sorted(set(numbers))
    assert all(b.t_ms > a.t_ms for a, b in pairwise(frames))
    assert not any(f.cut for f in frames)


def test_cut_and_restored(mjpeg):
    before = {thread.name for thread in threading.enumerate()}
    with open_camera(mjpeg.url) as source:
        last = until_frame(source)
        mjpeg.cut()
        wait_for_note(source, "reconnecting")
        while isinstance(frame := source.read(S), type(last)):
            last = frame
        mjpeg.start()
        frame = until_frame(source)
        assert frame.cut
        assert frame.index > last.index
        assert frame.t_ms > last.t_ms
        assert not until_frame(source).cut
        assert source.notes() == ()
    assert {t.name for t in threading.enumerate() if t.name.startswith("read ")} <= before


def test_a_stream_that_falls_silent_is_reconnected(mjpeg, monkeypatch):
    monkeypatch.setattr("emolive.media.camera.TIMEOUT_MS", 700)
    with open_camera(mjpeg.url) as source:
        until_frame(source)
        mjpeg.silent = True
        wait_for_note(source, "reconnecting")
        mjpeg.silent = False
        end = time.monotonic() + 8
        while not (frame := until_frame(source)).cut:
            assert time.monotonic() < end
        assert frame.cut


def test_headless_gives_up(mjpeg):
    with open_camera(mjpeg.url, give_up_s=1.0) as source:
        until_frame(source)
        mjpeg.cut()
        began = time.monotonic()
        with pytest.raises(SourceError, match="within 1 s"):
            for_ever(source)
        assert 0.8 < time.monotonic() - began < 2.5


def test_never_opened_is_an_error_within_ten_seconds(capfd, caplog):
    with socket.socket() as deaf:  # takes the connection and never answers
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"http://user:geheim@127.0.0.1:{deaf.getsockname()[1]}/stream.mjpg"
        began = time.monotonic()
        with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as error, open_camera(url) as source:
            for_ever(source)
        assert time.monotonic() - began < 10
    out, err = capfd.readouterr()
    assert "geheim" not in str(error.value) + out + err + caplog.text
    assert "127.0.0.1" in str(error.value)


@pytest.mark.parametrize("answer", [b"HTTP/1.0 404 Not Found\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\nthis is a page", b""])
def test_what_is_no_stream(answer):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return  # closed: the test is over
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        began = time.monotonic()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        with pytest.raises(SourceError, match=r"no stream"), open_camera(url) as source:
            until_frame(source)
        assert time.monotonic() - began < 10
        server.shutdown(socket.SHUT_RDWR)


def test_refused_at_once(capfd):
    camera = MjpegCamera()  # never started
    with pytest.raises(SourceError, match="Check the address"), open_camera(camera.url) as source:
        until_frame(source)
    assert capfd.readouterr().err == ""


def test_back_off_grows():
    assert list(newest.BACK_OFF) == sorted(newest.BACK_OFF)
    assert newest.BACK_OFF[-1] < 10


def test_password_in_no_note_nor_name(mjpeg, caplog, capfd):
    url = mjpeg.url.replace("//", "//admin:geheim@")
    with caplog.at_level(logging.DEBUG), open_camera(url) as source:
        said = [*source.notes(), source.progress().name]
        frame = until_frame(source)
        mjpeg.cut()
        wait_for_note(source, "reconnecting")
        said += [*source.notes(), source.progress().name, frame.name]
    out, err = capfd.readouterr()
    assert "geheim" not in "".join(said) + caplog.text + out + err
    assert is_address(url)
    assert not is_address("/dev/video0")
    assert not is_address("0")
