"""Status lines, help and first words: readable in any window, and nothing is cut off."""

from dataclasses import replace

import numpy as np
import pytest
from scenes import scene

from emolive.core.scene import Progress
from emolive.ui import draw, hud
from emolive.ui.keys import BINDINGS, key_name

FILE = Progress("a film.mp4", live=False, duration_ms=3_725_000, file=1, files=3, speed=0.6)
WINDOWS = [(320, 240), (640, 480), (1280, 720), (1920, 1080)]


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


@pytest.mark.parametrize("size", WINDOWS)
def test_notes_stand_below_the_two_lines_whole(size):
    plain = hud.status(scene(), *size)
    assert plain.shape == (hud.status_height(*size), size[0], 3)
    long = "The recording stopped: the disk is full. What was recorded so far is kept in recordings/2026-11-23.mp4."
    noted = hud.status(replace(scene(), notes=("12 frames dropped", long)), *size)
    assert noted.shape[0] > plain.shape[0]
    px = hud.text_height(*size)
    assert " ".join(draw.wrap(long, px, size[0] - px)) == long


@pytest.mark.parametrize("size", WINDOWS)
def test_nothing_of_the_status_touches_the_edges(size):
    given = replace(scene(), progress=FILE, recording=True, notes=("reconnecting to the camera in the garden",) * 2)
    lines = hud.status(given, *size)
    ground = np.array(hud.GROUND)
    for edge in (lines[:1], lines[-1:], lines[:, :2], lines[:, -2:]):
        assert (edge == ground).all()


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (1920, 1080)])
def test_the_help_is_readable_and_names_every_key(size, monkeypatch):
    written = []
    real = draw.text

    def spy(image, text, x, y, px, *more, **named):
        end = real(image, text, x, y, px, *more, **named)
        written.append((text, px, end, y))
        return end

    monkeypatch.setattr(draw, "text", spy)
    hud.help_overlay(np.zeros((size[1], size[0], 3), np.uint8))
    for binding in BINDINGS:
        assert binding.help in [text for text, *_ in written]
        assert " ".join(key_name(key) for key in binding.keys) in [text for text, *_ in written]
    assert all(px >= 12 and end <= size[0] and 0 <= y <= size[1] - px for _, px, end, y in written)


def test_status_help_and_loading_look_as_they_did(golden):
    given = replace(scene(480, 360), progress=FILE, recording=True, notes=("12 frames dropped",))
    golden("hud-status", hud.status(given, 640, 480))
    picture = np.full((480, 640, 3), 90, np.uint8)
    hud.help_overlay(picture)
    golden("hud-help", picture)
    golden("hud-loading", hud.loading("Loading the network…", (480, 270))[:250])  # below it stands the version


@pytest.mark.parametrize(("ms", "text"), [(0, "0:00"), (59_999, "0:59"), (61_000, "1:01"), (3_661_000, "1:01:01")])
def test_clock(ms, text):
    assert hud.clock(ms) == text
