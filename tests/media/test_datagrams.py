"""RTSP cameras that speak UDP only: their packets are taken, nobody else's, and nothing is sent elsewhere."""

import socket
import ssl
import subprocess
import threading
from contextlib import closing

import pytest
import rtsp_camera
from films import number_of, until_frame

from emolive.core.errors import SourceError
from emolive.media import stream
from emolive.media.datagrams import PortPair
from emolive.media.sources import open_camera

pytestmark = pytest.mark.ci

LIMIT_S = 2.0


def udp(address: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((address, 0))
    one.settimeout(10)
    return one


def test_only_the_camera_is_heard_and_spoken_to():
    got, two = [], threading.Event()

    def take(which: int, data: bytes) -> None:
        got.append((which, data))
        if len(got) == 2:
            two.set()

    with (
        socket.create_server(("127.0.0.1", 0)) as door,
        socket.create_connection(door.getsockname()) as line,
        closing(udp("127.0.0.1")) as rtp,
        closing(udp("127.0.0.1")) as rtcp,
        closing(udp("127.0.0.1")) as neighbour,
        closing(udp("127.0.0.2")) as stranger,
        PortPair(line) as pair,
    ):
        assert pair.first % 2 == 0
        pair.meet((rtp.getsockname()[1], rtcp.getsockname()[1]))
        assert rtp.recvfrom(100)[1] == ("127.0.0.1", pair.first)
        assert rtcp.recvfrom(100)[1] == ("127.0.0.1", pair.first + 1)
        thread = threading.Thread(target=pair.receive, args=(take,))
        thread.start()
        for sender in (stranger, neighbour):
            sender.sendto(b"false", ("127.0.0.1", pair.first))
        rtp.sendto(b"true", ("127.0.0.1", pair.first))
        rtcp.sendto(b"report", ("127.0.0.1", pair.first + 1))
        assert two.wait(20)
        pair.send(1, b"mine")
        assert rtcp.recv(100) == b"mine"
    thread.join(20)
    assert not thread.is_alive()
    assert sorted(got) == [(0, b"true"), (1, b"report")]


def test_a_camera_that_speaks_udp_only(tmp_path):
    with rtsp_camera.camera(rtsp_camera.nal_units(tmp_path), "me", "ge heim", udp="127.0.0.1") as port:
        with open_camera(f"rtsp://me:ge%20heim@127.0.0.1:{port}/live") as source:
            numbers = [number_of(until_frame(source).bgr) for _ in range(8)]
        assert len(set(numbers)) == 8


def test_a_camera_that_lets_another_host_send_is_not_seen(tmp_path):
    with rtsp_camera.camera(rtsp_camera.nal_units(tmp_path), udp="127.0.0.2") as port:
        capture = stream.StreamCapture(f"rtsp://127.0.0.1:{port}/live", LIMIT_S)
        try:
            assert capture.read() == (False, None)
        finally:
            capture.release()


def test_a_camera_that_takes_neither(tmp_path):
    with (
        rtsp_camera.camera(rtsp_camera.nal_units(tmp_path), udp="never") as port,
        pytest.raises(SourceError, match=r"to this machine alone \(461\)"),
    ):
        stream.StreamCapture(f"rtsp://127.0.0.1:{port}/live", LIMIT_S)


@pytest.mark.parametrize("over_udp", ["", "127.0.0.1"])
def test_what_is_encrypted_stays_so(tmp_path, over_udp):
    """Over UDP the pictures would come as they are."""
    pem = tmp_path / "both.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=camera"]
    made = subprocess.run(["openssl", *words, "-keyout", "-", "-out", "-"], capture_output=True, check=True).stdout
    pem.write_bytes(made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with rtsp_camera.camera(rtsp_camera.nal_units(tmp_path), udp=over_udp, tls=context) as port:
        at = f"rtsps://127.0.0.1:{port}/live"
        if over_udp:
            with pytest.raises(SourceError, match=r"\(461\)"):
                stream.StreamCapture(at, LIMIT_S)
            return
        with open_camera(at) as source:
            assert number_of(until_frame(source).bgr) < 50
