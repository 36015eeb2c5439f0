"""`--frames` and `--seconds` hold for a whole run, not for each of its files."""

import pytest
from films import write_video

from emolive.core.scene import Menu, Settings
from emolive.live.loop import Parts, run
from emolive.media.sources import open_files


@pytest.mark.parametrize(("limit", "expected"), [({"max_seconds": 3.0}, 75), ({"max_frames": 60}, 60), ({}, 120)])
def test_one_clock_for_all_files(tmp_path, limit, expected):
    """Three films, 1.6 s each: the limit falls into the second one."""
    paths = [write_video(tmp_path / f"{i}.mp4", [40.0 * k for k in range(40)]) for i in range(3)]
    with open_files(paths, realtime=False) as source:
        parts = Parts(
            source=source,
            detect=lambda frame: (),
            track=lambda faces, frame: faces,
            read=lambda *asked: (),
            views={},
            sinks=(),
            menu=Menu((), (), ()),
            press=lambda settings, event, menu: settings,
            order=lambda scene: (),
            **limit,
        )
        assert run(parts, Settings(views=())) == expected
