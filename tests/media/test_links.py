"""What links in a folder of videos stand for."""

import os
from pathlib import Path

import pytest

from emolive.core.errors import SourceError
from emolive.corpus.manifest import found
from emolive.media import folders
from emolive.media.folders import videos_of, walk


@pytest.fixture
def disk(tmp_path) -> Path:
    """A study, something beside it, and another disk; each video is a few bytes of none."""
    for name in ("study/a.mp4", "study/day1/b.mp4", "beside/secret.mp4", "other/c.mp4", "other/in/d.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\0video")
    return tmp_path


def names(disk: Path, name: str = "study") -> list[str]:
    return sorted(os.path.relpath(path, disk) for path in found([str(disk / name)], disk / "results"))


def test_a_link_out_of_the_folder_is_followed(disk):
    (disk / "study" / "day2").symlink_to(disk / "other", target_is_directory=True)
    (disk / "study" / "one.mp4").symlink_to(disk / "beside" / "secret.mp4")
    assert names(disk) == ["beside/secret.mp4", "other/c.mp4", "other/in/d.mp4", "study/a.mp4", "study/day1/b.mp4"]


@pytest.mark.parametrize("aim", ["..", "../..", "/"])
def test_a_link_that_leads_up_brings_nothing_in_and_is_named(disk, capsys, aim):
    (disk / "study" / "day1" / "up").symlink_to(Path("..") / aim if aim != "/" else aim, target_is_directory=True)
    assert names(disk) == ["study/a.mp4", "study/day1/b.mp4"]
    assert "Left out, as links that lead up to a folder around them: up." in capsys.readouterr().err


def test_circles_inside_are_walked_once_and_nothing_is_said_of_them(disk, capsys):
    day1 = disk / "study" / "day1"
    (day1 / "up").symlink_to(disk / "study", target_is_directory=True)
    (day1 / "self").symlink_to(day1, target_is_directory=True)
    (disk / "study" / "again").symlink_to(day1, target_is_directory=True)
    (day1 / "eternal").symlink_to(day1 / "eternal")
    (disk / "study" / "ping").symlink_to(disk / "study" / "pong")
    (disk / "study" / "pong").symlink_to(disk / "study" / "ping")
    assert names(disk) == ["study/a.mp4", "study/day1/b.mp4"]
    assert "lead up" not in capsys.readouterr().err


def test_links_behind_a_link_lead_up_too(disk):
    """Out to another disk, and from there back around the study, or around that folder itself."""
    (disk / "study" / "day2").symlink_to(disk / "other" / "in", target_is_directory=True)
    (disk / "other" / "in" / "back").symlink_to(disk, target_is_directory=True)
    (disk / "other" / "in" / "up").symlink_to(disk / "other", target_is_directory=True)
    assert names(disk) == ["other/in/d.mp4", "study/a.mp4", "study/day1/b.mp4"]
    assert [path.name for path in videos_of(str(disk / "study")).upward] == ["back", "up"]


def test_who_names_a_link_that_leads_up_means_what_it_leads_to(disk):
    (disk / "study" / "up").symlink_to(disk / "beside", target_is_directory=True)
    (disk / "beside" / "up").symlink_to(disk, target_is_directory=True)
    assert names(disk, "study/up") == ["beside/secret.mp4"]
    assert names(disk, "study/up/up/other") == ["other/c.mp4", "other/in/d.mp4"]
    assert names(disk, "study/up/up/study/*.mp4") == ["study/a.mp4"]


def test_two_folders_that_link_to_one_another(disk):
    (disk / "study" / "day2").symlink_to(disk / "other", target_is_directory=True)
    (disk / "other" / "study").symlink_to(disk / "study", target_is_directory=True)
    assert sum(1 for _ in walk(disk / "study")) == 4
    assert names(disk) == ["other/c.mp4", "other/in/d.mp4", "study/a.mp4", "study/day1/b.mp4"]


def test_who_puts_results_around_the_study_is_told_so(disk):
    with pytest.raises(SourceError, match=r"lie in the folder of the results.*Choose another --out"):
        found([str(disk / "study")], disk / "study")


def test_a_folder_of_many_files_is_sorted_once(disk, monkeypatch):
    """A study of ten thousand videos in one folder is found at once."""
    for i in range(200):
        (disk / "study" / f"{i}.mp4").touch()
    sorted_by, real = [], folders._by_number
    monkeypatch.setattr(folders, "_by_number", lambda path: sorted_by.append(path) or real(path))
    (listed, *_) = walk(disk / "study")
    assert [path.stem for path in listed.files] == [*map(str, range(200)), "a"]
    assert len(sorted_by) <= 2 * 201
