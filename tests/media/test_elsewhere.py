"""What leads elsewhere is not followed: streams to other hosts, files to other files. Real servers on loopback."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import rtsp_camera
from films import MjpegCamera, for_ever, number_of, until_frame, write_video
from hosts import Host, endless, playlist, redirect
from thinned import dear
from waits import wait_for

import emolive
from emolive.core.errors import SourceError
from emolive.core.scene import END, Settings
from emolive.media import stream
from emolive.media.clips import VideoClip
from emolive.media.http import RefusedError
from emolive.media.sound import sound_of
from emolive.media.sources import open_camera, open_files

LIMIT_S = 2.0
"""How long a wait may be in these tests; the program's own is longer."""

NOT_ASKED = "which you did not ask for"


@pytest.fixture
def camera() -> Iterator[Host]:
    """The host that the user names."""
    with Host("127.0.0.1").serving() as host:
        yield host


@pytest.fixture
def other() -> Iterator[Host]:
    """Another host, which nobody asked for."""
    with Host("127.0.0.2").serving() as host:
        yield host


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("segment") / "a.ts"
    write_video(path, [40.0 * i for i in range(25)])
    return path.read_bytes()


def seen(url: str, other_hosts: bool = False) -> int:
    """How many pictures come from there before it ends, 3 at most."""
    capture = stream.StreamCapture(url, LIMIT_S, other_hosts)
    try:
        return next(n for n in range(4) if n == 3 or not capture.read()[0])
    finally:
        capture.release()


def test_a_redirect_to_another_host_is_not_followed(camera, other, segment):
    other.answers["/film.ts"] = segment
    camera.answers["/live"] = redirect(f"{other.url}/film.ts")
    with pytest.raises(RefusedError, match=f"leads to http://127.0.0.2:.*{NOT_ASKED}.*--allow-other-hosts"):
        seen(f"{camera.url}/live")
    assert other.asked == []
    assert seen(f"{camera.url}/live", other_hosts=True) == 3


def test_a_redirect_on_the_same_host_is_followed_and_playlists_count_from_there(camera, segment):
    camera.answers["/live"] = redirect("/deep/list.m3u8")
    camera.answers["/deep/list.m3u8"] = playlist("a.ts")
    camera.answers["/deep/a.ts"] = segment
    assert seen(f"{camera.url}/live") == 3
    assert camera.asked == ["/live", "/deep/list.m3u8", "/deep/a.ts"]  # each once: some cameras serve one at a time


@pytest.mark.parametrize("where", ["segment", "redirected segment", "variant", "map", "key", "port"])
def test_a_playlist_leads_to_no_other_host(where, camera, other, segment):
    away = f"{other.url}/away.ts"
    other.answers["/away.ts"] = segment
    other.answers["/away.m3u8"] = playlist("away.ts")
    camera.answers["/a.ts"], camera.answers["/sent.ts"] = segment, redirect(away)
    with Host("127.0.0.1").serving() as port:
        port.answers["/a.ts"] = segment
        camera.answers["/list.m3u8"] = {
            "segment": playlist(away),
            "redirected segment": playlist("sent.ts"),
            "variant": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\n{other.url}/away.m3u8\n".encode(),
            "map": playlist("a.ts", head=f'#EXT-X-MAP:URI="{away}"'),
            "key": playlist("a.ts", head=f'#EXT-X-KEY:METHOD=AES-128,URI="{away}"'),
            "port": playlist(f"{port.url}/a.ts"),
        }[where]
        with pytest.raises(RefusedError, match=NOT_ASKED):
            seen(f"{camera.url}/list.m3u8")
        assert port.asked == []
    assert other.asked == []


@pytest.mark.parametrize("nested", ["file://{}", "{}", "concat:{}", "subfile,,start,0,end,0,,:{}", "data:video/mp2t,x"])
def test_a_playlist_leads_to_no_file(nested, camera, tmp_path, segment):
    (tmp_path / "secret.ts").write_bytes(segment)
    camera.answers["/list.m3u8"] = playlist(nested.format(tmp_path / "secret.ts"))
    with pytest.raises(SourceError):
        seen(f"{camera.url}/list.m3u8", other_hosts=True)


def test_a_playlist_that_turns_away_later_ends_it_with_a_sentence(camera, other, segment):
    """A live playlist whose next piece lies elsewhere: it is not reconnected to for ever."""
    camera.answers["/a.ts"], other.answers["/b.ts"] = segment, segment
    pieces = count()

    def live(handler) -> None:
        names = ["a.ts"] if next(pieces) == 0 else ["a.ts", f"{other.url}/b.ts"]
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(playlist(*names, end=False))

    camera.answers["/list.m3u8"] = live
    with open_camera(f"{camera.url}/list.m3u8") as source, pytest.raises(RefusedError, match=NOT_ASKED):
        for_ever(source, slowest_s=30)
    assert other.asked == []


def test_the_users_password_goes_to_his_own_host_only(camera, other, segment):
    heard = []

    def ask(handler) -> None:
        heard.append(handler.headers.get("Authorization"))
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", 'Basic realm="x"')
        handler.end_headers()

    other.answers["/film.ts"] = ask
    camera.answers["/live"] = redirect(f"{other.url}/film.ts")
    with pytest.raises(SourceError) as error:
        seen(f"{camera.url}/live".replace("//", "//me:geheim@"), other_hosts=True)
    assert heard == [None]
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_camera_that_asks_for_a_password_gets_it(scheme, camera, segment):
    def ask(handler) -> None:
        if (handler.headers.get("Authorization") or "").startswith(scheme):
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(segment)
            return
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", f'{scheme} realm="x", nonce="abc", qop="auth"')
        handler.end_headers()

    camera.answers["/live.ts"] = ask
    assert seen(f"{camera.url}/live.ts".replace("//", "//me:ge%40heim@")) == 3


ENDLESS = {
    "segment": (playlist("more.ts"), endless(b"#EXTINF:1.0,\na.ts\n", b"#EXTM3U\n")),
    "list": (endless(b"#EXTINF:1.0,\na.ts\n", b"#EXTM3U\n"), b""),
    "text": (endless(b"la" * 999), b""),
    "silent live list": (playlist(end=False), b""),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_has_no_end_ends_in_a_sentence(what, camera):
    camera.answers["/list.m3u8"], camera.answers["/more.ts"] = ENDLESS[what]
    began = time.monotonic()
    with pytest.raises(SourceError, match="There is no stream"):
        seen(f"{camera.url}/list.m3u8")
    assert time.monotonic() - began < 5 * LIMIT_S


def test_no_proxy_is_asked(camera, other, segment, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, other.url)
    camera.answers["/a.ts"] = segment
    assert seen(f"{camera.url}/a.ts") == 3
    assert other.asked == []


@pytest.mark.parametrize("url", ["file:///etc/hostname", "concat://a|b", "udp://127.0.0.1:9", "gopher://127.0.0.1/x"])
def test_other_protocols_are_not_spoken(url):
    with pytest.raises(SourceError, match="reads http, https, rtsp and rtsps"):
        stream.StreamCapture(url, LIMIT_S)


REDIRECTS = [
    b"RTSP/1.0 302 Moved",
    b"RTSP/1.0  0302 Moved",
    b"RTSP/2.0 302",
    b"RTSP/1.0 4294967598 Moved",
    b" RTSP/1.0 302",
]


@pytest.mark.parametrize("status", REDIRECTS)
def test_an_rtsp_camera_cannot_send_on(status):
    """FFmpeg follows such an answer by itself: the other camera must not even be connected to."""
    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_server(("127.0.0.2", 0)) as away:
        away.settimeout(0.2)
        to = f"rtsp://127.0.0.2:{away.getsockname()[1]}/live".encode()

        def serve() -> None:
            line, _ = door.accept()
            with line:
                while request := line.recv(4096):
                    number = next(word for word in request.split(b"\r\n") if word.lower().startswith(b"cseq"))
                    line.sendall(status + b"\r\n" + number + b"\r\nLocation: " + to + b"\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(SourceError, match="There is no stream"):
            stream.StreamCapture(f"rtsp://127.0.0.1:{door.getsockname()[1]}/live", LIMIT_S)
        with pytest.raises(TimeoutError):
            away.accept()


@pytest.fixture
def secret(tmp_path):
    """A film of the user's that no other file may show."""
    write_video(tmp_path / "secret.mp4", [40.0 * i for i in range(5)])
    write_video(tmp_path / "secret.ts", [40.0 * i for i in range(5)])
    return tmp_path / "secret.mp4"


def evil(folder, other: str) -> dict[str, str]:
    """Scripts that refer to other files, by kind."""
    ts = folder / "secret.ts"
    return {
        "hls": playlist(str(ts)).decode(),
        "hls by scheme": playlist(f"file://{ts}").decode(),
        "hls of a host": playlist(f"{other}/a.ts").decode(),
        "ffconcat": "ffconcat version 1.0\nfile secret.mp4\n",
        "ffconcat of a host": f"ffconcat version 1.0\nfile {other}/a.ts\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.2\ns=x\nc=IN IP4 127.0.0.2\nt=0 0\nm=video 5004 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "dash": '<?xml version="1.0"?><MPD type="static"><Period><AdaptationSet mimeType="video/mp4"><Representation '
        f'id="1"><BaseURL>{folder / "secret.mp4"}</BaseURL></Representation></AdaptationSet></Period></MPD>',
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{other}/a.png"/></svg>',
    }


@pytest.mark.parametrize("name", ["film.mp4", "film.m3u8", "film.ffconcat", "film.mpd", "film.svg", "film"])
@pytest.mark.parametrize("kind", list(evil(Path(), "")))
def test_a_file_that_refers_to_others_plays_none_of_them(kind, name, tmp_path, secret, other):
    (tmp_path / name).write_text(evil(tmp_path, other.url)[kind])
    with pytest.raises(SourceError, match=r"playlist|text file|not a video"):
        VideoClip(tmp_path / name)
    assert sound_of(tmp_path / name) is None
    assert other.asked == []
    assert VideoClip(secret)


def test_the_whole_command_says_so_and_plays_the_others(tmp_path, secret):
    (tmp_path / "film.mp4").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    with open_files([tmp_path / "film.mp4", secret], realtime=False) as source:
        frames = 0
        while (frame := source.read(Settings())) is not END:
            frames += frame is not None
        assert frames == 5
        assert "film.mp4 is a playlist" in source.progress().failed[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["film.mp4", *dear("face.png", "anything")])
def test_a_pipe_is_said_to_be_none_of_a_film(name, tmp_path):
    os.mkfifo(tmp_path / name)
    code = "import sys; from emolive.commands.main import main; sys.argv = ['emolive', *sys.argv[1:]]; main()"
    command = [sys.executable, "-c", code, "file", str(tmp_path / name), "--headless", "--out", str(tmp_path / "o.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "pipe" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_is_no_camera(secret):
    with pytest.raises(SourceError, match="emolive file"):
        open_camera(str(secret))


def test_frames_still_come_in_order_over_http():
    camera = MjpegCamera()
    camera.start()
    try:
        with open_camera(camera.url) as source:
            numbers = [number_of(until_frame(source).bgr) for _ in range(5)]
        assert numbers == sorted(set(numbers))
    finally:
        camera.cut()


@pytest.mark.parametrize("user", ["", "me"])
def test_an_rtsp_camera_is_seen_through_the_relay(user, tmp_path):
    """With a digest of the password that holds for what the camera was asked, as a real one checks it."""
    with rtsp_camera.camera(rtsp_camera.nal_units(tmp_path), user, "ge heim" if user else "") as port:
        at = f"rtsp://{'me:ge%20heim@' if user else ''}127.0.0.1:{port}/live"
        before = threading.active_count()
        with open_camera(at) as source:
            numbers = [number_of(until_frame(source).bgr) for _ in range(8)]
        wait_for(lambda: threading.active_count() <= before + 1)  # the camera's own
        assert len(set(numbers)) == 8
        assert not [t.name for t in threading.enumerate() if t.name.startswith("relay")]
        if user:
            with pytest.raises(SourceError, match="no stream at"):
                seen(at.replace("heim", "hein"))


def test_nothing_else_opens_media_or_addresses():
    """All must go through the doors that the tests above rattle at."""
    doors = {
        # encode.py writes; cast.py reads bytes of emolive's own
        "av.open(": {f"media/{name}.py" for name in ("opening", "stream", "visited", "encode", "cast")},
        "VideoCapture(": {"media/camera.py"},  # only cameras of this computer: see `_usb` and `_tried`
        "Image.open(": {"media/pictures.py"},  # of open files only
        "urlopen(": set(),
        "create_connection(": {"media/rtsp.py", "corpus/cluster.py"},  # the latter to the cluster that the user names
    }
    package = Path(emolive.__file__).parent
    for words, allowed in doors.items():
        users = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if words in path.read_text()}
        assert users == allowed, words
