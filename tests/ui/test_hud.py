"""Status lines, help and first words: readable in any window, and nothing is cut off."""

from dataclasses import replace

import numpy as np
import pytest
from legible import faults
from scenes import scene

from emolive.core.scene import Progress, Working
from emolive.ui import draw, hud
from emolive.ui.help import MORE, draw_help, help_fits, help_room
from emolive.ui.keys import BINDINGS, key_name
from emolive.ui.palette import GROUND
from emolive.ui.place import inside, overlaps
from emolive.ui.sizes import LEAST

FILE = Progress("a film.mp4", live=False, duration_ms=3_725_000, file=1, files=3, speed=0.6)


def words(parts: list[hud.Part]) -> str:
    return " | ".join(part.words for part in parts)


def test_the_first_line_says_what_is_going_on():
    given = scene(faces=2)
    assert words(hud.state(given)) == "24.3 fps | 2 faces | demo | h: help"
    film = replace(given, progress=FILE, recording=True, frame=replace(given.frame, name="a film.mp4", t_ms=65_400))
    assert words(hud.state(film)).startswith("● REC | 0.6× | 24.3 fps | 2 faces | 1:05 / 1:02:05 | file 2 of 3")
    frozen = replace(film, settings=replace(film.settings, frozen=True), recording=False)
    assert words(hud.state(frozen)).startswith("frozen | 24.3 fps")
    assert "the end" in words(hud.state(replace(film, progress=replace(FILE, ended=True))))


def test_a_picture_has_no_clock():
    picture = Progress("group.jpg", live=False, frames=1, ended=True)
    assert words(hud.state(replace(scene(), progress=picture))) == "1 face | demo | h: help"


def test_speed_is_said_only_where_it_is_too_slow():
    for progress in (replace(FILE, speed=0.97), replace(FILE, live=True)):
        assert "×" not in words(hud.state(replace(scene(), progress=progress)))


def test_a_speed_is_never_rounded_to_nothing():
    assert "0.04×" in words(hud.state(replace(scene(), progress=replace(FILE, speed=0.04))))
    assert "< 0.01×" in words(hud.state(replace(scene(), progress=replace(FILE, speed=0.004))))


def test_the_second_line_says_what_is_shown_and_what_it_costs():
    assert (
        words(hud.second_line(scene(target="happy")))
        == "gradcam · layer4 → happy | smoothed 0.3 s | detect 7 · read 25 · views 6 ms | cpu"
    )
    assert "smoothed" not in words(hud.second_line(scene(smooth_ms=0.0)))
    picture = Progress("group.jpg", live=False, frames=1, ended=True)
    assert "smoothed" not in words(hud.second_line(replace(scene(), progress=picture)))
    assert words(hud.second_line(scene(faces=0, heat=False))).startswith("gradcam · layer4 → top | heat off")
    assert words(hud.second_line(scene(faces=0, against="sad"))).startswith("gradcam · layer4 → top, not sad |")
    for faces in (0, 1):
        blind = words(hud.second_line(scene(faces=faces, method="eigencam", against="sad")))
        assert blind.startswith("eigencam · layer4 · knows no emotion |")


@pytest.mark.parametrize("room", [60, 150, 300, 600, 1900])
def test_what_matters_least_is_left_out_first(room):
    given = replace(scene(), progress=FILE, recording=True)
    kept = hud.fitting(hud.state(given), 13, room)
    ranks = {part.words: part.rank for part in hud.state(given)}
    dropped = [part for part in hud.state(given) if part not in kept]
    assert kept[0].words.startswith("● R")
    if len(kept) > 1:
        assert max(part.rank for part in kept) <= min([part.rank for part in dropped], default=9)
        assert all(part.words in ranks for part in kept)
    assert sum(draw.text_size(part.words, 13, part.bold)[0] for part in kept) <= room


@pytest.mark.parametrize("width", [320, 640, 1280, 1920])
@pytest.mark.parametrize("px", [11, 17, 27])
def test_notes_and_slow_work_stand_below_the_two_lines_whole(width, px):
    plain = hud.status(scene(), width, px).bgr
    assert plain.shape == (px // 2 + 2 * round(1.5 * px), width, 3)
    long = "The recording stopped: the disk is full. What was recorded so far is kept in recordings/2026-11-23.mp4."
    given = replace(scene(), notes=("12 frames dropped", long), working=Working("Score-CAM", 0.4))
    with draw.noted() as lines:
        assert hud.status(given, width, px).bgr.shape[0] > plain.shape[0]
    said = "".join(line.words for line in lines).replace(" ", "")
    assert long.replace(" ", "") in said
    assert "Score-CAM40%·anykeystopsit" in said
    assert all(inside(line.rect, line.room) for line in lines)


@pytest.mark.parametrize("width", [320, 640, 1280, 1920])
def test_nothing_of_the_status_touches_the_edges(width):
    given = replace(scene(), progress=FILE, recording=True, notes=("reconnecting to the camera in the garden",) * 2)
    lines = hud.status(given, width, 14).bgr
    ground = np.array(GROUND)
    for edge in (lines[:1], lines[-1:], lines[:, :2], lines[:, -2:]):
        assert (edge == ground).all()


@pytest.mark.parametrize("size", [(770, 620), (1366, 690), (1920, 1000), (3840, 2000)])
@pytest.mark.parametrize("px", [12, 27])
def test_the_help_is_readable_and_names_every_key_the_mouse_and_its_words(size, px):
    left, rect, size_of_text, columns = help_room((0, 0, *size), px)
    assert left is None or (left[2] <= rect[0] and left[2] - left[0] >= 0.29 * size[0])
    assert size[0] < 1366 or left is not None
    with draw.noted() as lines:
        draw_help(np.zeros((size[1], size[0], 3), np.uint8), rect, size_of_text, columns)
    said = [line.words for line in lines]
    for binding in BINDINGS:
        assert binding.help in said
        assert " ".join(key_name(key) for key in binding.keys) in said
    assert {"Caps Lock", "click", "point", "target", "score"} <= set(said)
    assert all(line.px >= LEAST and inside(line.rect, rect) for line in lines)
    assert not overlaps([line.rect for line in lines], [line.rect for line in lines])[
        ~np.eye(len(lines), dtype=bool)
    ].any()


def test_a_window_too_small_for_the_help_says_that_there_is_more():
    assert help_fits(1366, 768)
    assert not help_fits(500, 400)
    image = np.zeros((400, 500, 3), np.uint8)
    _, rect, px, columns = help_room((0, 0, 500, 400), 12)
    with draw.noted() as lines:
        draw_help(image, rect, px, columns)
    assert lines[-1].words == MORE
    assert faults(image, lines, px) == []


def test_status_help_and_loading_look_as_they_did(golden):
    given = replace(scene(480, 360), progress=FILE, recording=True, notes=("12 frames dropped",))
    golden("hud-status", hud.status(given, 640, 13).bgr)
    picture = np.full((690, 960, 3), 90, np.uint8)
    _, rect, px, columns = help_room((0, 0, 960, 690), 12)
    draw_help(picture, rect, px, columns)
    golden("hud-help", picture)
    golden("hud-loading", hud.loading("Loading the network…", (480, 270), 13)[:240])  # below it stands the version


@pytest.mark.parametrize(("ms", "text"), [(0, "0:00"), (59_999, "0:59"), (61_000, "1:01"), (3_661_000, "1:01:01")])
def test_clock(ms, text):
    assert hud.clock(ms) == text
