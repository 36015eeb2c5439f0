"""The demo: as many faces as asked for, never over one another, the same at the same time."""

from itertools import islice, pairwise

import numpy as np
import pytest

from emolive.core.errors import SourceError
from emolive.core.scene import Frame, Settings
from emolive.faces.detect import Detector
from emolive.media.demo import DemoClip
from emolive.media.sources import open_demo


@pytest.mark.parametrize("faces", [1, 3, 7])
def test_the_detector_finds_each(faces):
    clip = DemoClip(faces)
    with Detector("full") as detect:
        for t_ms in (0, 2000, 5000, 13_000):
            _, bgr = next(clip.play(t_ms))
            assert len(detect(Frame(0, t_ms, bgr))) == faces


def test_thirty_faces_in_tiles():
    _, bgr = next(DemoClip(30).play())
    with Detector("tiled") as detect:
        assert len(detect(Frame(0, 0, bgr))) == 30


def test_it_depends_on_the_time_alone():
    first, second = DemoClip(4), DemoClip(4)
    shots = dict(islice(first.play(), 10))
    assert list(shots) == [40.0 * i for i in range(10)]
    t_ms, bgr = second.last_before(320.0)
    assert t_ms == 280.0
    assert np.array_equal(bgr, shots[280.0])
    t_ms, bgr = next(second.play(281.0))
    assert t_ms == 320.0
    assert np.array_equal(bgr, shots[320.0])
    assert bgr.shape == (720, 1280, 3)
    assert bgr.dtype == np.uint8


def test_it_moves_a_little_from_frame_to_frame():
    shots = [bgr.astype(int) for _, bgr in islice(DemoClip(3).play(), 4)]
    steps = [np.abs(b - a).mean() for a, b in pairwise(shots)]
    assert all(0.05 < step < 4 for step in steps)


@pytest.mark.parametrize("faces", [2, 5, 12, 40, 64])
def test_portraits_never_overlap(faces, monkeypatch):
    """Each is laid on a background that none has touched."""
    from emolive.media import demo

    places = []
    monkeypatch.setattr(demo, "_lay", lambda bgr, portrait, mask, x, y: places.append((x, y, *portrait.shape[:2])))
    clip = DemoClip(faces)
    for t_ms in np.arange(0, 60_000, 970):
        places.clear()
        next(clip.play(t_ms))
        taken = np.zeros((720, 1280), int)
        for x, y, height, width in places:
            assert x >= 0
            assert y >= 0
            assert x + width <= 1280
            assert y + height <= 720
            taken[int(y) : int(y) + height, int(x) : int(x) + width] += 1
        assert len(places) == faces
        assert taken.max() == 1


@pytest.mark.parametrize("faces", [0, 65])
def test_too_few_or_many(faces):
    with pytest.raises(SourceError, match="--faces"), open_demo(faces, realtime=False):
        pass


def test_as_a_source():
    with open_demo(2, realtime=False) as source:
        frames = [source.read(Settings()) for _ in range(5)]
        assert source.progress().name == "demo"
    assert [(f.index, f.t_ms) for f in frames] == [(i, 40.0 * i) for i in range(5)]
