"""Small videos made with PyAV, what ffprobe says of a file, and an MJPEG camera on 127.0.0.1."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import cv2
import numpy as np
from waits import passes

from emolive.core.scene import END, Frame, Memory, Menu, Picture, Progress, Scene, Settings, Sink, Source
from emolive.media.clips import VideoClip


def numbered(i: int, width: int = 96, height: int = 64) -> np.ndarray:
    """A picture that says its number in eight black or white squares, so that it survives compression."""
    bgr = np.full((height, width, 3), 128, np.uint8)
    for bit in range(8):
        x = 8 + bit * (width - 16) // 8
        bgr[height // 4 : 3 * height // 4, x : x + (width - 16) // 8] = 255 if i >> bit & 1 else 0
    return bgr


def number_of(bgr: np.ndarray) -> int:
    """The number that a picture of `numbered` says."""
    height, width = bgr.shape[:2]
    return sum(
        (bgr[height // 2, 8 + bit * (width - 16) // 8 + (width - 16) // 16].mean() > 128) << bit for bit in range(8)
    )


def write_video(
    path: Path,
    times_ms: Iterable[float],
    picture: Callable[[int], np.ndarray] = numbered,
    rotation: int | None = None,
    gop: int = 12,
    options: dict[str, str] | None = None,
) -> Path:
    """A video with frames at these times."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "10"})
        height, width = picture(0).shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 90000)
        stream.codec_context.gop_size = gop
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for i, t_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(picture(i), format="bgr24")
            frame.pts, frame.time_base = round(t_ms * 90), Fraction(1, 90000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def ffprobe(path: Path, entries: str, *more: str) -> dict:
    """What ffprobe says, as JSON."""
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", *more, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def probed_times(path: Path, stream: str = "v:0") -> list[float]:
    """The times of a file's frames in ms, by ffprobe."""
    frames = ffprobe(path, "frame=pts_time", "-select_streams", stream)["frames"]
    return [float(frame["pts_time"]) * 1000 for frame in frames]


def frames_of(source: Source, settings: Settings | None = None) -> list[Frame]:
    """All frames of a source up to END."""
    settings, frames = settings or Settings(), []
    while (frame := source.read(settings)) is not END:
        if frame:
            frames.append(frame)
    return frames


def until_frame(source: Source, settings: Settings | None = None, seconds: float = 10.0) -> Frame:
    """The next frame that comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        frame = source.read(settings or Settings())
        if isinstance(frame, Frame):
            return frame
    raise AssertionError(f"no frame within {seconds} s")


def for_ever(source: Source, slowest_s: float = 0.2) -> None:
    """Read until an error ends it; every read must come back at once, so that keys stay alive."""
    while True:
        before = time.monotonic()
        source.read(Settings())
        assert time.monotonic() - before < slowest_s


def scene_of(frame: Frame, settings: Settings | None = None, progress: Progress | None = None) -> Scene:
    """A scene without faces."""
    settings = settings or Settings()
    progress = progress or Progress(frame.name, live=False)
    return Scene(frame, (), (), Memory(), settings, Menu((), (), ()), progress)


def pictures_of(frame: Frame) -> dict[str, Picture]:
    return {"camera": Picture(frame.bgr)}


def feed(sink: Sink, frames: Iterable[Frame], progress: Progress | None = None) -> None:
    """Hand frames to a sink."""
    for frame in frames:
        sink(scene_of(frame, progress=progress), pictures_of(frame))


def numbered_frames(times: list[float], cuts: tuple[int, ...] = ()) -> list[Frame]:
    """Frames of `numbered` pictures."""
    return [Frame(i, t, numbered(i), i in cuts) for i, t in enumerate(times)]


def numbers(path: Path) -> list[int]:
    """The numbers that the frames of a file say."""
    return [number_of(bgr) for _, bgr in VideoClip(path).play()]


def noise(i: int, size: int = 320) -> Frame:
    """A picture that compresses badly."""
    return Frame(i, 40.0 * i, np.random.default_rng(i).integers(0, 255, (size, size, 3), np.uint8))


def noisy(pause: float = 0) -> Iterator[Frame]:
    """Sixteen seconds that compress badly."""
    for i in range(400):
        yield noise(i)
        passes(pause)


class MjpegCamera:
    """A network camera: it sends JPEGs as multipart/x-mixed-replace, can be cut off and comes back at the same port."""

    def __init__(self, fps: float = 25.0) -> None:
        self.fps = fps
        self.silent = False  # connected, but sending nothing
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.sent = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream.mjpg"

    def start(self) -> None:
        camera = self
        camera._cut = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    while not camera._cut.wait(1 / camera.fps):
                        if not camera.silent:
                            self._send()
                except OSError:
                    return  # the viewer has gone

            def _send(self) -> None:
                jpeg = camera.jpeg()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                camera.sent += 1

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def jpeg(self) -> bytes:
        """The picture that is sent next."""
        return cv2.imencode(".jpg", numbered(self.sent % 256, 320, 240))[1].tobytes()

    def cut(self) -> None:
        """Hang up, and answer no more."""
        self._cut.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
