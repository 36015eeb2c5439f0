"""What paths stand for."""

import os
import time
from pathlib import Path

import cv2
import numpy as np
import odd
import pytest
from films import frames_of, numbered
from PIL import Image

from emolive.core.errors import SourceError
from emolive.corpus.manifest import videos
from emolive.media.sources import expand, find, open_files


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


KINDS = {
    "a.MTS": "-f mpegts", "b.m2ts": "-f mpegts -mpegts_m2ts_mode 1", "c.flv": "-c:v flv", "d.vob": "-c:v mpeg2video",
    "e.dv": "-s 720x576 -r 25 -pix_fmt yuv420p -c:v dvvideo -f dv", "f.ogv": "-c:v libtheora",
    "g.mxf": "-c:v mpeg2video", "h.asf": "-c:v msmpeg4", "i.3gp": "-s 176x144 -c:v h263", "j.wmv": "-c:v wmv2",
    "k.f4v": "-f flv -c:v libx264", "l": "-f matroska", "m.unheard-of": "-f mp4", "n.ivf": "-c:v libvpx -f ivf",
    "o.nut": "-f nut",
}  # fmt: skip


def test_films_are_known_by_their_content(tmp_path, film, tried):
    for name, how in KINDS.items():
        odd.ffmpeg("-i", film, "-frames:v 25", how, tmp_path / name)
    Image.new("RGB", (64, 48)).save(tmp_path / "p.heic")
    Image.new("RGB", (64, 48)).save(tmp_path / "q.avif")
    odd.ffmpeg("-f lavfi -i sine=d=1", tmp_path / "r.mp3")
    (tmp_path / "s.ts").write_text("export const film = 'this is a program';\n" * 99)
    (tmp_path / "t.bin").write_bytes(np.random.default_rng(0).bytes(50_000))
    (tmp_path / "u.mp4").write_bytes(b"\0" * 300)
    found = find([tmp_path])
    assert [path.name for path in found.files] == [*KINDS, "p.heic", "q.avif", "u.mp4"]
    assert [path.name for path in found.skipped] == ["r.mp3", "s.ts", "t.bin"]
    assert "r.mp3, s.ts, t.bin" in found.note
    with open_files(found.files, realtime=False) as source:
        names = {frame.name for frame in frames_of(source)}
        assert names == {path.name for path in found.files} - {"u.mp4"}
        assert "u.mp4" in source.progress().failed[0]
    tried(
        "containers", ", ".join(sorted(Path(name).suffix or "no ending" for name in KINDS)), "found in folders, played"
    )


def test_many_that_are_skipped_are_counted(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), numbered(3))
    for i in range(9):
        (tmp_path / f"{i}.txt").write_text("x")
    assert "and 4 more" in find([tmp_path]).note


def test_glob_characters_are_letters_like_others(tmp_path, film):
    folder = tmp_path / "study [2023] *?{}"
    folder.mkdir()
    (folder / "a[1].mp4").write_bytes(film.read_bytes())
    assert expand([folder]) == [folder / "a[1].mp4"]
    assert expand([folder / "a[1].mp4"]) == [folder / "a[1].mp4"]
    assert [path.name for path in videos([str(folder)], tmp_path / "out")] == ["a[1].mp4"]
    assert [path.name for path in videos([str(folder / "*.mp4")], tmp_path / "out")] == ["a[1].mp4"]
    assert [path.name for path in videos([str(folder / "a[1].mp4")], tmp_path / "out")] == ["a[1].mp4"]


def test_patterns(tmp_path, film):
    for name in ("a.mp4", "b.MTS", "x/c.mp4", "x/y/d.mp4", "x/e.txt", ".hidden/f.mp4"):
        (tmp_path / "study" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "study" / name).write_bytes(b"text" if name.endswith("txt") else film.read_bytes())

    def names(pattern: str) -> list[str]:
        return sorted(videos([str(tmp_path / pattern)], tmp_path / "out").values())

    assert names("study") == ["a", "b", "x_c", "x_y_d"]
    assert names("study/**/*.mp4") == ["a", "x_c", "x_y_d"]
    assert names("study/*.mp4") == ["a"]
    assert names("study/x/**") == ["c", "y_d"]
    assert names("st*/[xz]/?.mp4") == ["study_x_c"]
    assert names("study/*") == ["a", "b"]


def test_links_in_a_circle_are_walked_once(tmp_path, film):
    study = tmp_path / "study"
    (study / "deep" / "er").mkdir(parents=True)
    for i in range(12):
        (study / "deep" / "er" / f"up{i}").symlink_to(study, target_is_directory=True)
    (study / "deep" / "a.mp4").write_bytes(film.read_bytes())
    began = time.monotonic()
    assert [path.name for path in videos([str(study)], tmp_path / "out")] == ["a.mp4"]
    assert [path.name for path in videos([str(study / "**" / "*.mp4")], tmp_path / "out")] == ["a.mp4"]
    assert time.monotonic() - began < 10


def test_what_is_no_file_is_named(tmp_path, film, capsys):
    """Links that lead in circles or nowhere, pipes: the rest of the folder is played."""
    (tmp_path / "a.mp4").write_bytes(film.read_bytes())
    (tmp_path / "circle.mp4").symlink_to("circle.mp4")
    (tmp_path / "dead.mp4").symlink_to("nothing")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert [path.name for path in videos([str(tmp_path)], tmp_path / "out")] == ["a.mp4"]
    assert "circle.mp4, dead.mp4, pipe.mp4" in capsys.readouterr().err
    found = find([tmp_path])
    assert [path.name for path in found.files] == ["a.mp4"]
    assert "circle.mp4, dead.mp4, pipe.mp4" in found.note
    assert [path.name for path in videos([str(tmp_path / "*.mp4")], tmp_path / "out")] == ["a.mp4"]


def test_folders_that_may_not_be_read_are_named(tmp_path, film, monkeypatch, capsys):
    (tmp_path / "a.mp4").write_bytes(film.read_bytes())
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def guarded(path: Path):  # root may read everything
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(SourceError, match="closed may not be read"):
        expand([tmp_path / "closed"])
    assert [path.name for path in videos([str(tmp_path)], tmp_path / "out")] == ["a.mp4"]
    assert "that do not answer: closed" in capsys.readouterr().err
