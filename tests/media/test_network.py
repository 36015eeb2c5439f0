"""Films and streams of the network: at their own pace, ended where they end; why nothing comes; leaving while it hangs.

Real servers on loopback; the RTSP camera is GStreamer's (Debian: python3-gi, gir1.2-gst-rtsp-server-1.0,
gstreamer1.0-plugins-ugly).
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import odd
import pytest
from films import ffprobe, for_ever, frames_of, number_of, write_video
from hosts import Handler, Host, endless
from test_sound import record

from emolive.core.errors import SourceError
from emolive.core.scene import END, Settings
from emolive.media.sources import find, open_camera, open_files

pytestmark = pytest.mark.ci

SYSTEM_PYTHON = "/usr/bin/python3"

S = Settings()


@pytest.fixture
def host() -> Iterator[Host]:
    with Host("127.0.0.1").serving() as one:
        yield one


def seen(url: str, seconds: float) -> tuple[list[tuple[float, int]], bool]:
    """When which picture was given, for so many seconds; whether it ended by itself."""
    shown, began = [], time.monotonic()
    with open_camera(url) as source:
        while time.monotonic() - began < seconds:
            frame = source.read(S)
            if frame is END:
                return shown, True
            if frame:
                shown.append((time.monotonic(), number_of(frame.bgr)))
    return shown, False


def segments(folder: Path, count: int) -> list[bytes]:
    """Pieces of a numbered film, a second each."""
    film = write_video(folder / "film.mp4", [40.0 * i for i in range(25 * count)], gop=25)
    list_, pattern = folder / "list.m3u8", folder / "%d.ts"
    odd.ffmpeg("-i", film, "-c copy -f hls -hls_time 1 -hls_list_size 0 -hls_segment_filename", pattern, list_)
    return [(folder / f"{i}.ts").read_bytes() for i in range(count)]


def playlist(numbers: range, ended: bool) -> bytes:
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{numbers.start}"]
    lines += [line for i in numbers for line in ("#EXTINF:1.0,", f"{i}.ts")]
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else []), ""]).encode()


def test_a_live_playlist_is_shown_at_live_pace(tmp_path, host, tried):
    pieces = segments(tmp_path, 10)
    began = time.monotonic()

    def living(handler: Handler) -> None:
        newest = min(3 + int(time.monotonic() - began), len(pieces))
        body = playlist(range(max(0, newest - 4), newest), ended=False)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    host.answers = {"/live.m3u8": living} | {f"/{i}.ts": piece for i, piece in enumerate(pieces)}
    shown, ended = seen(f"{host.url}/live.m3u8", 6.0)
    assert not ended
    times, numbers = np.array([t for t, _ in shown]), np.array([n for _, n in shown])
    assert (np.diff(numbers) > 0).all()
    assert len(shown) > 60
    assert np.diff(times).max() < 0.9  # no stall between two pieces
    late = times - times[0] - (numbers - numbers[0]) * 0.04
    assert np.ptp(late) < 0.9  # and none comes before its time
    tried("network", "live HLS, pieces of one second", "at live pace, without bursts and stalls")


FINITE = ("VOD playlist", "MP4", "MKV", "TS")


@pytest.mark.parametrize("name", FINITE)
def test_what_ends_ends(tmp_path, host, name, tried):
    if name == "VOD playlist":
        pieces = segments(tmp_path, 2)
        host.answers = {"/a.m3u8": playlist(range(2), ended=True)} | {f"/{i}.ts": p for i, p in enumerate(pieces)}
    else:
        film = write_video(tmp_path / f"film.{name.lower()}", [40.0 * i for i in range(50)])
        host.answers = {"/a.m3u8": film.read_bytes()}  # what it is its content says
    began = time.monotonic()
    shown, ended = seen(f"{host.url}/a.m3u8", 20.0)
    assert ended
    assert time.monotonic() - began > 1.8  # two seconds of film, not as fast as it goes
    assert shown[-1][1] == 49
    tried("network", f"{name} over HTTP", "at its own pace; ends where it ends")


def ranged(data: bytes) -> Callable[[Handler], None]:
    """Gives parts of a file, as web servers do."""

    def answer(handler: Handler) -> None:
        asked = re.match(r"bytes=(\d+)-(\d*)", handler.headers.get("Range") or "")
        begin, end = (int(asked[1]), int(asked[2] or len(data) - 1)) if asked else (0, len(data) - 1)
        handler.send_response(206 if asked else 200)
        if asked:
            handler.send_header("Content-Range", f"bytes {begin}-{end}/{len(data)}")
        handler.send_header("Accept-Ranges", "bytes")
        handler.send_header("Content-Length", str(end + 1 - begin))
        handler.end_headers()
        handler.wfile.write(data[begin : end + 1])

    return answer


@pytest.mark.parametrize("name", ["MP4 with its index at the end", "MKV", "MP4 from a server without ranges", "VOD"])
def test_a_film_at_an_address(tmp_path, host, name, tried):
    film = write_video(tmp_path / ("film.mkv" if name == "MKV" else "film.mp4"), [40.0 * i for i in range(50)])
    if "without" in name:
        odd.ffmpeg("-i", film, "-c copy -movflags faststart", tmp_path / "fast.mp4")
        host.answers = {"/deep/a.mp4": (tmp_path / "fast.mp4").read_bytes()}
    elif name == "VOD":
        pieces = segments(tmp_path, 2)
        host.answers = {"/deep/a.mp4": playlist(range(2), ended=True)} | {
            f"/deep/{i}.ts": piece for i, piece in enumerate(pieces)
        }
        host.answers["/deep/a.m3u8"] = host.answers["/deep/a.mp4"]
    else:
        host.answers = {"/deep/a.mp4": ranged(film.read_bytes())}
    address = Path(f"{host.url}/deep/a.{'m3u8' if name == 'VOD' else 'mp4'}?token=geheim")
    with open_files(find([address]).files, realtime=False) as source:
        frames = frames_of(source)
        assert source.notes() == ()
    assert [number_of(f.bgr) for f in frames] == list(range(50))
    assert {f.name for f in frames} <= {"a.mp4", "a.m3u8"}
    with open_files([address], realtime=True) as source:
        first = source.read(S)
        assert number_of(first.bgr) == 0
        assert number_of(source.read(Settings(frozen=True, seek_ms=1200)).bgr) == 30
        assert number_of(source.read(Settings(frozen=True, seek_ms=1200, steps=-1)).bgr) == 29
    tried("network", f"`emolive file http://…`: {name}", "every frame, at its time; steps and seeks")


def test_the_sound_of_a_film_at_an_address(tmp_path, host):
    film = write_video(tmp_path / "film.mp4", [40.0 * i for i in range(50)])
    host.answers = {"/a.mp4": ranged(odd.with_sound(film, tmp_path / "b.mp4", "-c:a", "aac").read_bytes())}
    recorded = record(tmp_path / "out.mp4", [Path(f"{host.url}/a.mp4")])
    kinds = {stream["codec_type"] for stream in ffprobe(recorded, "stream=codec_type")["streams"]}
    assert kinds == {"video", "audio"}


@pytest.mark.parametrize("kind", ["rtsp", "live playlist", "camera"])
def test_what_is_a_camera_is_said(tmp_path, host, kind):
    url = f"{host.url}/live.m3u8"
    if kind == "rtsp":
        url = "rtsp://u:geheim@127.0.0.1:9/live"
    elif kind == "live playlist":
        host.answers = {"/live.m3u8": playlist(range(3), ended=False)}
        host.answers |= {f"/{i}.ts": piece for i, piece in enumerate(segments(tmp_path, 3))}
    else:
        host.answers = {"/live.m3u8": endless(part(), b"")}
    with pytest.raises(SourceError, match="emolive cam --camera"), open_files([Path(url)], realtime=False):
        pass


REFUSALS: dict[str, tuple[Callable[[int], str], str]] = {
    "no password": (lambda port: f"rtsp://127.0.0.1:{port}/live", r"without a name and a password \(401\).*NAME:PASS"),
    "wrong password": (lambda port: f"rtsp://u:geheim@127.0.0.1:{port}/live", r"for this name and password \(401\)"),
    "wrong path": (lambda port: f"rtsp://u:p%23s@127.0.0.1:{port}/nothing", r"nothing lies at that path \(404\)"),
    "raw #": (lambda port: f"rtsp://u:p#geheim@127.0.0.1:{port}/live", r"write %23 for #"),
    "raw /": (lambda port: f"rtsp://u:p/geheim@127.0.0.1:{port}/live", r"write %2F for /"),
    "unknown host": (lambda port: f"rtsp://u:geheim@nohost.invalid:{port}/live", "no host of that name is known"),
}


@pytest.fixture(scope="module")
def rtsp_port(tmp_path_factory) -> Iterator[int]:
    """A camera of GStreamer's, at /live, for u with the password p#s."""
    script = Path(__file__).parent.parent / "support" / "gstreamer_camera.py"
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if not Path(SYSTEM_PYTHON).exists() or subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True).returncode:
        pytest.skip("GStreamer's RTSP server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([SYSTEM_PYTHON, script, str(port)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout.readline() == "on\n"
            yield port
        finally:
            server.kill()


@pytest.mark.parametrize("over", ["live", "udp"])
def test_a_real_rtsp_camera(rtsp_port, over, tried):
    with open_camera(f"rtsp://u:p%23s@127.0.0.1:{rtsp_port}/{over}") as source:
        frames, end = [], time.monotonic() + 20
        while len(frames) < 10 and time.monotonic() < end:
            frame = source.read(S)
            if frame:
                frames.append(frame)
    assert len(frames) == 10
    assert {f.bgr.shape for f in frames} == {(240, 320, 3)}  # sent with pixels twice as wide as high
    how = "UDP only, with sound" if over == "udp" else "TCP only"
    what = f"RTSP, GStreamer's server, {how}, digest password with #, anamorphic H.264"
    tried("network", what, "shown, in true proportion")


@pytest.mark.parametrize("name", REFUSALS)
def test_why_a_camera_gives_nothing(rtsp_port, name, tried):
    address, says = REFUSALS[name]
    with pytest.raises(SourceError, match=says) as error, open_camera(address(rtsp_port)) as source:
        for_ever(source)
    assert "geheim" not in str(error.value)
    tried("network", f"RTSP: {name}", "said, with the way to write it that helps")


def part() -> bytes:
    """A picture of an MJPEG stream."""
    jpeg = cv2.imencode(".jpg", np.zeros((240, 320, 3), np.uint8))[1].tobytes()
    return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n"


@contextmanager
def mute() -> Iterator[str]:
    """An address that takes connections, sends one picture of an MJPEG stream, and then nothing for ever."""
    kept = []

    def serve(door: socket.socket) -> None:
        while True:
            try:
                line, _ = door.accept()
            except OSError:
                return
            line.recv(4096)
            line.sendall(
                b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n" + part() * 3
            )
            kept.append(line)

    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=serve, args=(door,), daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/stream.mjpg"
        door.shutdown(socket.SHUT_RDWR)


def leave(command: list[str], folder: Path, interrupted: bool, hangs: Callable[[], bool] = lambda: True) -> None:
    """Run a command of which the source hangs after some pictures, and end it then: within two seconds, without an
    abort."""
    command = [sys.executable, "-u", "-m", "emolive", *command, "--headless", "-v"]
    command += ["--out", str(folder / "out.mp4"), "--data", str(folder / "out.jsonl")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}) as run:
        try:
            for line in run.stderr:
                if "first picture" in line:
                    break
            end = time.monotonic() + 60
            while not hangs() and time.monotonic() < end:
                threading.Event().wait(0.02)
            began = time.monotonic()
            if interrupted:
                run.send_signal(signal.SIGINT)
            assert run.wait(20) == (130 if interrupted else 0)
            assert time.monotonic() - began < 2.0 * odd.SLACK
        finally:
            run.kill()
    assert (folder / "out.jsonl").read_text().count("\n") >= 1
    assert odd.plays(folder / "out.mp4")


@pytest.mark.parametrize("interrupted", [True, False])
def test_leaving_while_a_stream_hangs(tmp_path, interrupted):
    with mute() as url:
        leave(["cam", "--camera", url, *([] if interrupted else ["--frames", "1"])], tmp_path, interrupted)


def test_leaving_while_a_film_at_an_address_hangs(tmp_path, host):
    pieces = segments(tmp_path, 3)
    host.answers = {"/a.m3u8": playlist(range(3), ended=True)}
    host.answers |= {"/0.ts": pieces[0], "/1.ts": pieces[1], "/2.ts": lambda handler: threading.Event().wait(60)}
    leave(["file", f"{host.url}/a.m3u8"], tmp_path, True, lambda: "/2.ts" in host.asked)
