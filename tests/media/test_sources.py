"""What paths stand for."""

import cv2
import pytest
from films import frames_of, numbered

from emolive.core.errors import SourceError
from emolive.media.sources import expand, open_files


def test_a_folder_stands_for_its_pictures_and_videos_in_order(tmp_path, film):
    for name in ("face10.png", "face2.png", "Face1.JPG"):
        cv2.imwrite(str(tmp_path / name), numbered(3))
    for name in ("notes.txt", ".hidden.png", "data.csv"):
        (tmp_path / name).write_text("x")
    (tmp_path / "sub.png").mkdir()
    found = expand([film, tmp_path])
    assert [path.name for path in found] == ["film.mp4", "Face1.JPG", "face2.png", "face10.png"]
    with open_files(found[1:], realtime=False) as source:
        assert [f.name for f in frames_of(source)] == ["Face1.JPG", "face2.png", "face10.png"]


def test_what_is_not_there(tmp_path):
    with pytest.raises(SourceError, match="Check the name"):
        expand([tmp_path / "none.mp4"])
    with pytest.raises(SourceError, match="no picture or video"):
        expand([tmp_path])
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match="no picture or video"):
        expand([tmp_path])
