"""A bundle looked at again: its settings, what changes them, and the page about it."""

import json
import os
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner, Result

from emolive.commands.main import cli
from emolive.core.options import Options
from emolive.corpus.replay import changed, restored
from emolive.media.bundle import Recorded, read_bundle


@pytest.fixture(scope="module", autouse=True)
def no_screen():
    before = os.environ.pop("DISPLAY", None)
    yield
    if before is not None:
        os.environ["DISPLAY"] = before


def run(*words: object) -> Result:
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exit_code == 0, (done.output, done.exception)
    return done


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    asked = ("--method", "hirescam", "--detector", "short", "--pin", "3,5", "--faces", 1, "--frames", 12)
    run("demo", "--headless", "--bundle", "--recordings", folder, *asked)
    (found,) = folder.iterdir()
    return found


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_not_given_is_as_it_was(bundle):
    found = read_bundle(bundle)
    options = restored(found, Options(method="gradcam", layer="layer3", headless=True), {"layer", "headless"})
    assert (options.method, options.layer, options.pin, options.headless) == ("hirescam", "layer3", (3, 5), True)
    assert (options.views, options.board) == (None, True)  # a demo opens the board
    assert (options.bundle, options.frames, options.record) == (False, None, False)
    assert changed(found, options) == {"layer": ("layer4", "layer3")}


def test_what_keys_had_changed_before_it_began_is_kept(bundle):
    found = read_bundle(bundle)
    other = Recorded(found.folder, found.options, Options(method_b="cam", smooth=0.0).settings(), "", "")
    options = restored(other, Options(), ())
    assert (options.method, options.method_b, options.smooth, options.pin) == ("gradcam", "cam", 0.0, ())


def test_the_same_faces_and_another_method(bundle, tmp_path):
    done = run("replay", bundle, "--headless", "--data", tmp_path / "o.jsonl", "--method", "layercam")
    assert "method: hirescam → layercam" in done.output
    before, after = rows(bundle / "data.jsonl"), rows(tmp_path / "o.jsonl")
    assert len(before) == len(after) == 12
    for one, other in zip(before, after, strict=True):
        assert other["t_ms"] == pytest.approx(one["t_ms"], abs=0.1)
        boxes = [face["box"] for frame in (one, other) for face in frame["faces"]]
        np.testing.assert_allclose(boxes[0], boxes[1], atol=4)  # compressed pictures differ a little
        assert one["faces"][0].get("label") == other["faces"][0].get("label")
    heat = [[row["faces"][0]["heat"] for row in them if row["faces"][0]["confirmed"]] for them in (before, after)]
    assert len(heat[0]) == len(heat[1]) == 10  # all but the first two, which nothing confirms yet
    assert all(one != other for one, other in zip(*heat, strict=True))


def test_the_page(bundle, tmp_path):
    run("replay", bundle, "--headless", "--report", tmp_path / "page", "--frames", 8)
    assert sorted(p.name for p in (tmp_path / "page").iterdir()) == ["data.jsonl", "index.html"]
    text = (tmp_path / "page" / "index.html").read_text()
    assert "http" not in text
    assert "<script" not in text
    assert text.count("<svg") == 1
    assert "method hirescam" in text
    assert text.count("data:image/jpeg;base64,") >= 8
    assert len(rows(tmp_path / "page" / "data.jsonl")) == 8
    done = CliRunner().invoke(cli, ["replay", str(bundle), "--headless", "--report", str(tmp_path / "page")])
    assert done.exit_code == 1
    assert "exists already" in done.output


def test_another_model_is_told(bundle, tmp_path):
    facts = json.loads((bundle / "settings.json").read_text())
    other = tmp_path / "other"
    other.mkdir()
    (other / "clean.mp4").write_bytes((bundle / "clean.mp4").read_bytes())
    facts["model"]["sha256"] = "0" * 64
    (other / "settings.json").write_text(json.dumps(facts))
    done = run("replay", other, "--headless", "--out", tmp_path / "o.mp4", "--frames", 1)
    assert "other weights" in done.output
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert next(container.decode(video=0)).width > 0


def test_a_method_that_is_not_here_is_told_with_its_file(bundle, tmp_path):
    facts = json.loads((bundle / "settings.json").read_text())
    facts["settings"]["method"] = "finestcam"
    (tmp_path / "clean.mp4").write_bytes((bundle / "clean.mp4").read_bytes())
    (tmp_path / "settings.json").write_text(json.dumps(facts))
    done = CliRunner().invoke(cli, ["replay", str(tmp_path), "--headless", "--out", str(tmp_path / "o.mp4")])
    assert done.exit_code == 1
    assert "no method 'finestcam'" in done.output
    assert str(tmp_path / "settings.json") in done.output
    run("replay", tmp_path, "--headless", "--out", tmp_path / "o.mp4", "--method", "cam", "--frames", 1)


def test_what_is_no_bundle_is_said(tmp_path):
    done = CliRunner().invoke(cli, ["replay", str(tmp_path)])
    assert done.exit_code == 1
    assert "--bundle" in done.output
