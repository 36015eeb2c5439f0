"""One suite for all sources: whatever it is, a loop that takes its frames may rely on the same things."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import odd
import pytest
import rtsp_camera
from films import MjpegCamera, number_of, numbered, scene_of, until_frame, write_video
from hosts import Handler, Host, playlist
from PIL import Image
from thinned import dear

from emolive.core.scene import END, Frame, Picture, Settings, Source
from emolive.media.bundle import Bundle, Run, read_bundle
from emolive.media.sources import find, open_camera, open_demo, open_files

S, FROZEN = Settings(), Settings(frozen=True)

WIDTH, HEIGHT, COUNT = 160, 96, 30

CORNERS = {(0, 0): (0, 0, 255), (0, -16): (0, 255, 0), (-16, 0): (255, 0, 0), (-16, -16): (255, 255, 255)}
"""The colours of a card's corners, BGR, by where they begin."""


def card(i: int) -> np.ndarray:
    """A numbered picture whose corners tell how it lies and whether its colours are right."""
    bgr = numbered(i, WIDTH, HEIGHT)
    for (y, x), colour in CORNERS.items():
        bgr[y : y + 16 or None, x : x + 16 or None] = colour
    return bgr


@dataclass
class Place:
    """What a source is made with: an empty folder, what must be closed after it, and what makes it hang when set."""

    folder: Path
    stack: ExitStack
    hang: threading.Event = field(default_factory=threading.Event)

    def film(self, name: str = "film.mp4") -> Path:
        return write_video(self.folder / name, [40.0 * i for i in range(COUNT)], card, gop=10)

    def host(self) -> Host:
        return self.stack.enter_context(Host("127.0.0.1").serving())


def file(place: Place) -> Source:
    return open_files([place.film()], realtime=False)


def replay(place: Place) -> Source:
    with Bundle(place.folder / "one", Run({}, "0", ("happy",)), lossless_queue=True) as bundle:
        for i in range(COUNT):
            bundle(scene_of(Frame(i, 40.0 * i, card(i))), {"camera": Picture(card(i))})
    return open_files([read_bundle(place.folder / "one").clean], realtime=False)


def pictures(place: Place) -> Source:
    for i in range(COUNT):
        cv2.imwrite(str(place.folder / f"{i}.png"), card(i))
    return open_files(find([place.folder]).files, realtime=False)


def animation(place: Place) -> Source:
    images = [Image.fromarray(card(i)[..., ::-1]) for i in range(COUNT)]
    images[0].save(place.folder / "a.png", save_all=True, append_images=images[1:], duration=40)
    return open_files([place.folder / "a.png"], realtime=False)


def demo(place: Place) -> Source:
    return open_demo(1, realtime=False)


def camera(place: Place) -> Source:
    return open_camera("0", device=lambda which, backend: _Device(place.hang))


class _Device:
    """Stands in for the hardware."""

    def __init__(self, hang: threading.Event) -> None:
        self._hang, self._count = hang, 0

    def isOpened(self) -> bool:
        return True

    def set(self, prop: int, value: float) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray]:
        threading.Event().wait(30 if self._hang.is_set() else 0.02)
        self._count += 1
        return True, card(self._count % 256)

    def release(self) -> None:
        pass


class _Cards(MjpegCamera):
    """Sends cards, with few losses."""

    hang: threading.Event

    def jpeg(self) -> bytes:
        self.silent = self.hang.is_set()
        return cv2.imencode(".jpg", card(self.sent % 256), [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()


def mjpeg(place: Place) -> Source:
    sender = _Cards(fps=40)
    sender.hang = place.hang
    sender.start()
    place.stack.callback(sender.cut)
    return open_camera(sender.url)


def rtsp(place: Place, udp: str = "") -> Source:
    units = rtsp_camera.nal_units(place.folder, picture=card, crf=10)
    port = place.stack.enter_context(rtsp_camera.camera(units, udp=udp, stop=place.hang))
    return open_camera(f"rtsp://127.0.0.1:{port}/live")


def served(place: Place, data: bytes) -> Callable[[Handler], None]:
    """The bytes of a file; once it hangs, no more of them."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        half = len(data) // 2
        handler.wfile.write(data[:half])
        if place.hang.is_set():
            threading.Event().wait(30)
        handler.wfile.write(data[half:])

    return answer


def segments(place: Place) -> dict[str, Callable[[Handler], None]]:
    place.film()
    odd.ffmpeg(
        "-i", place.folder / "film.mp4", "-c copy -f hls -hls_time 0.4 -hls_list_size 0 -hls_segment_filename",
        place.folder / "%d.ts", place.folder / "l.m3u8",
    )  # fmt: skip
    pieces = sorted(place.folder.glob("*.ts"), key=lambda path: int(path.stem))
    return {f"/{piece.name}": served(place, piece.read_bytes()) for piece in pieces}


def hls(place: Place) -> Source:
    host, pieces = place.host(), segments(place)
    host.answers = {**pieces, "/a.m3u8": playlist(*(name[1:] for name in pieces))}
    return open_camera(f"{host.url}/a.m3u8")


def film_by_http(place: Place) -> Source:
    host = place.host()
    odd.ffmpeg("-i", place.film(), "-c copy -movflags faststart", place.folder / "fast.mp4")
    host.answers = {"/a.mp4": served(place, (place.folder / "fast.mp4").read_bytes())}
    return open_files(find([Path(f"{host.url}/a.mp4")]).files, realtime=False)


@dataclass(frozen=True)
class Kind:
    """A source, and what is to be expected of it: whether it is shown as it comes, ends, seeks and can hang."""

    make: Callable[[Place], Source]
    is_live: bool = False
    ends: bool = True
    seeks: bool = False
    hangs: bool = False
    shows_cards: bool = True


KINDS = {
    "file": Kind(file, seeks=True),
    "replay": Kind(replay, seeks=True),
    "pictures": Kind(pictures),
    "animation": Kind(animation, seeks=True),
    "demo": Kind(demo, ends=False, seeks=True, shows_cards=False),
    "camera": Kind(camera, is_live=True, ends=False, hangs=True),
    "HTTP camera": Kind(mjpeg, is_live=True, ends=False, hangs=True),
    "RTSP": Kind(rtsp, is_live=True, ends=False, hangs=True),
    "RTSP over UDP": Kind(partial(rtsp, udp="127.0.0.1"), is_live=True, ends=False, hangs=True),
    "HLS": Kind(hls, is_live=True, hangs=True),
    "film at an address": Kind(film_by_http, seeks=True, hangs=True),
}


FROM_SERVERS = {"HTTP camera", "RTSP over UDP", "HLS", "film at an address"}
"""By default one camera of the network stands for all of them."""


def those(**wanted: bool) -> list[Any]:
    """The names of kinds, for `parametrize`."""
    found = [name for name, kind in KINDS.items() if all(getattr(kind, key) == value for key, value in wanted.items())]
    return [dear(name)[0] if name in FROM_SERVERS else name for name in found]


@pytest.fixture
def place(tmp_path) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(tmp_path, stack)


def taken(source: Source, most: int) -> tuple[list[Frame], bool]:
    """So many frames, or all; and whether it ended."""
    frames, end = [], time.monotonic() + 30
    while len(frames) < most and time.monotonic() < end:
        frame = source.read(S)
        if frame is END:
            return frames, True
        if frame:
            frames.append(frame)
    return frames, False


def readers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith(("read ", "relay"))}


@pytest.mark.parametrize("name", those())
def test_frames(place, name):
    """Shape, order, times, how they lie, their colours, how many there are, their end; and nothing is left."""
    kind, before = KINDS[name], readers()
    with kind.make(place) as source:
        frames, ended = taken(source, COUNT + 1 if kind.ends else 12)
        assert ended == kind.ends
        assert source.progress().live == kind.is_live
        assert source.notes() == ()
        if ended:
            assert source.read(S) is END  # and stays so
    for frame in frames:
        assert frame.bgr.dtype == np.uint8
        assert frame.bgr.shape == frames[0].bgr.shape
        assert frame.bgr.shape[2] == 3
        assert frame.bgr.flags.c_contiguous
    assert all(b.index > a.index for a, b in pairwise(frames))
    assert all(b.t_ms > a.t_ms or b.cut for a, b in pairwise(frames))
    assert not frames[0].cut
    if name != "pictures":
        assert not any(frame.cut for frame in frames)
    if kind.shows_cards:
        numbers = [number_of(frame.bgr) for frame in frames]
        assert frames[0].bgr.shape == (HEIGHT, WIDTH, 3)
        assert len(set(numbers)) == len(numbers)
        if kind.ends and not kind.is_live:
            assert numbers == list(range(COUNT))
            assert [frame.index for frame in frames] == numbers
        if kind.ends:
            assert numbers[-1] == COUNT - 1
        for (y, x), colour in CORNERS.items():
            seen = frames[-1].bgr[y + 4 : y + 12, x + 4 : x + 12].reshape(-1, 3).mean(0)
            assert np.abs(seen - colour).max() < 14, f"{name}: the corner at {y}, {x}"
    end = time.monotonic() + 20
    while readers() - before and time.monotonic() < end:
        threading.Event().wait(0.01)
    assert not readers() - before


@pytest.mark.parametrize("name", those())
def test_nothing_comes_while_it_is_frozen(place, name):
    """And each look comes back soon, so that keys stay alive."""
    with KINDS[name].make(place) as source:
        until_frame(source)
        for _ in range(3):
            began = time.monotonic()
            assert source.read(FROZEN) is None
            assert time.monotonic() - began < 0.2 * odd.SLACK


@pytest.mark.parametrize("name", those(seeks=True))
def test_seeking_and_stepping(place, name):
    kind = KINDS[name]
    with kind.make(place) as source:
        until_frame(source)
        sought = source.read(Settings(frozen=True, seek_ms=800))
        assert sought.t_ms == pytest.approx(800, abs=1)
        assert sought.cut
        back = source.read(Settings(frozen=True, seek_ms=800, steps=-1))
        assert back.t_ms == pytest.approx(760, abs=1)
        on = source.read(Settings(frozen=True, seek_ms=800, steps=1))
        assert on.t_ms > back.t_ms
        if kind.shows_cards:
            assert [number_of(frame.bgr) for frame in (sought, back)] == [20, 19]


@pytest.mark.parametrize("name", those(hangs=True, is_live=True))
def test_leaving_while_it_hangs(place, name):
    with ExitStack() as stack:
        source = stack.enter_context(KINDS[name].make(place))
        until_frame(source, seconds=20)
        place.hang.set()
        began = time.monotonic()
        while time.monotonic() - began < 0.5:
            source.read(S)
        began = time.monotonic()
    assert time.monotonic() - began < 2.0 * odd.SLACK


@pytest.mark.ci
def test_a_film_at_an_address_that_hangs_ends(place):
    place.hang.set()
    with film_by_http(place) as source:
        frames, ended = taken(source, COUNT + 1)
        assert ended
        assert 0 < len(frames) < COUNT
        assert "cut off" in " ".join(source.notes())
