"""A whole report: its figures against independent calls, its page against a parser, and what bad input gets."""

import dataclasses
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import av
import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from reported import HOSTILE, LAYERS, METHODS

from emolive.audit.agreement import regions, spearman
from emolive.audit.controls import controls_of
from emolive.audit.curves import FEW, curves, gains
from emolive.audit.masks import blurred, masked_faces, masks
from emolive.audit.randomise import randomised
from emolive.audit.sanity import can_react, sane
from emolive.commands.reports import explain as command
from emolive.core.errors import EmoliveError, OutputError, SourceError
from emolive.core.evidence import CONTROLS
from emolive.core.scene import Frame, Memory, Settings
from emolive.faces.detect import Detector
from emolive.live.engine import Engine
from emolive.reports.explain import Request, explain, find

pytestmark = pytest.mark.ci  # a page of every method is made

QUICK = Request(("gradcam",), ("layer4",))


@pytest.fixture(scope="module")
def face(made):
    return made.json["pictures"][HOSTILE]["faces"]["1"]


@pytest.fixture(scope="module")
def read(model, portrait):
    """The live engine's reading of the portrait, with the face."""
    frame = Frame(0, 0.0, portrait)
    with Detector() as detector:
        faces = detector(frame)

    def reading(model, **settings):
        return Engine(model)(frame, faces, Settings(**settings), Memory())[0]

    reading.face = faces[0]
    return reading


@pytest.mark.parametrize(("method", "layer"), [("gradcam", "layer3"), ("cam", "layer4"), ("activation", "layer4")])
def test_figures_equal_those_of_independent_calls(model, read, face, method, layer):
    figures = face["methods"][method][layer]
    reading = read(model, method=method, layer=layer)
    cam, target = reading.result.cam, reading.result.target
    found = curves(model, reading.crop, cam, target)
    assert figures["deletion_area"] == pytest.approx(found.deletion_area, abs=1e-4)
    assert figures["insertion_area"] == pytest.approx(found.insertion_area, abs=1e-4)
    blind = read(model, method="activation", layer=layer).result.cam
    beside = controls_of(model).of(method, layer, target, cam, blind)
    better = gains(lambda one: curves(model, reading.crop, one, target, FEW), beside, (0, 4), orders=3)
    for of, gain in better.items():
        assert figures["area_gains"][of] == pytest.approx(gain._asdict(), abs=1e-3)
    assert list(figures["area_gains"]) == list(CONTROLS)
    before = reading.result.probs[target]
    hot, _, cold = before - probabilities(model, masked_faces(reading.crop, cam), target)
    areas = [blurred(reading.crop, masks(cam, seed)[1]) for seed in range(8)]
    chance = before - np.mean([probabilities(model, area[None], target)[0] for area in areas])
    assert figures["drops"] == pytest.approx({"hot": hot, "random": chance, "cold": cold}, abs=1e-4)
    where = regions(cam, reading.square, read.face.box, read.face.points)
    assert figures["regions"] == pytest.approx(dataclasses.asdict(where), abs=1e-4)
    grey = read(model, method="gradcam", layer=layer).result.cam
    assert figures["agreement_with_gradcam"]["spearman"] == pytest.approx(spearman(cam, grey), abs=1e-4)
    for stages, step in ((1, "fc"), (3, "layer3")):
        live = read(model, method=method, layer=layer, random=stages)
        found = sane(live.likeness, can_react(method != "activation", layer, step, model.architecture.random))
        assert live.likeness.like[0] == pytest.approx(spearman(cam, live.painted.cam))
        assert figures["sanity"][step] == pytest.approx(found.like, abs=1e-4)
        assert figures["sanity_band"][step] == pytest.approx([found.low, found.high], abs=1e-4)
        assert figures["sanity_word"][step] == found.word


def probabilities(model, crops, target):
    with torch.no_grad():
        return model.probabilities(model.net(model.prepare(crops)))[:, target].numpy()


def test_guided_backpropagation_is_that_of_the_live_engine(model, read, made):
    cell = made.report.pictures[0].faces[0].cell("guided", "input")
    np.testing.assert_allclose(cell.cam, read(model, method="guided").result.cam, atol=1e-6)


def test_the_face_is_that_of_the_live_engine(model, read, face):
    reading = read(model)
    assert list(face["probs"]) == list(model.spec.labels)
    assert list(face["probs"].values()) == pytest.approx(reading.result.probs, abs=1e-4)
    assert face["label"] == face["target"] == model.spec.labels[int(reading.result.probs.argmax())]
    assert face["box"] == pytest.approx(read.face.box, abs=0.01)


def test_report_has_every_picture_method_and_layer(made, face, model):
    assert list(made.json["pictures"]) == [HOSTILE, "wall.png"]
    assert list(face["methods"]) == list(METHODS)
    for method in METHODS:
        assert list(face["methods"][method]) == (["input"] if method == "guided" else list(LAYERS))
    assert "last stage" in face["methods"]["cam"]["layer3"]["why"]
    assert made.json["model"]["sha256"] == model.sha256
    assert made.json["versions"]["torch"]
    assert "missing.png" in str(made.json["failures"])


def test_four_methods_are_one_map_at_the_last_stage(face):
    assert face["methods"]["cam"]["layer4"]["agreement_with_gradcam"] == {"spearman": 1.0, "iou": 1.0}


class Links(HTMLParser):
    """Collects what a page refers to, its anchors and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links, self.ids, self.tags, self.open = [], set(), set(), []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in ("meta", "img", "br", "link", "source"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "poster", "data"):
                self.links.append(value)
            if name == "id":
                assert value not in self.ids
                self.ids.add(value)
            assert not name.startswith("on"), f"{name} on {tag}"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_needs_nothing_but_the_files_beside_it(made):
    page = Links(made.html)
    assert not page.open
    assert len(page.links) > 10
    for link in page.links:
        assert ":" not in link
        assert not link.startswith("/")
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (made.folder / unquote(link)).is_file(), link
    assert not page.tags & {"script", "link", "iframe", "object", "base"}
    assert not re.search(r"url\(|@import|https?:|//", made.html)


def test_every_picture_in_the_folder_is_on_the_page_and_can_be_opened(made):
    files = sorted((made.folder / "sheets").iterdir())
    assert {f"sheets/{file.name}" for file in files} <= set(Links(made.html).links)
    assert all(cv2.imread(str(file)) is not None for file in files)
    assert sorted(file.name for file in made.folder.iterdir()) == ["index.html", "report.json", "sheets"]


def test_a_hostile_file_name_is_only_text(made):
    assert "script" not in Links(made.html).tags
    assert "<script" not in made.html
    assert "&lt;script&gt;alert(" in made.html
    assert "&amp;amp;.png" in made.html


def test_page_says_what_was_not_found_and_not_read(made):
    assert "No face was found in this picture" in made.html
    assert "missing.png" in made.html
    assert made.json["pictures"]["wall.png"]["faces"] == {}
    assert made.json["pictures"]["wall.png"]["note"]


def test_what_the_mesh_denies_is_not_explained(model, shared, tmp_path):
    """A letter of a film's title, which the detector takes for a face."""
    with av.open(str(shared / "videos" / "no_face.mp4")) as film:
        letter = next(p.to_ndarray(format="bgr24") for i, p in enumerate(film.decode(video=0)) if i == 86)
    cv2.imwrite(str(tmp_path / "title.png"), letter)
    with Detector() as detector:
        assert detector(Frame(0, 0.0, letter))
    explain([tmp_path / "title.png"], tmp_path / "out", model, QUICK)
    told = json.loads((tmp_path / "out" / "report.json").read_text())["pictures"]["title.png"]
    assert (told["faces"], told["unconfirmed"]) == ({}, 1)
    html = (tmp_path / "out" / "index.html").read_text()
    assert "No face was found" in html
    assert "the face mesh did not" in html


def test_the_same_pictures_give_the_same_bytes(model, portrait_png, tmp_path):
    for name in ("one", "two"):
        explain([portrait_png], tmp_path / name, model, QUICK)
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) == 9  # page, numbers, the marked picture; sheet, emotions, curves, each for a phone too
    for path in files:
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes(), path.name


def test_a_whole_picture_as_a_face(model, empty_png, tmp_path):
    asked = dataclasses.replace(QUICK, whole=True, target="happy")
    face = explain([empty_png], tmp_path, model, asked).pictures[0].faces[0]
    assert face.box == (0, 0, 160, 120)
    assert face.goal == "happy"
    assert face.cells[0].figures.regions is None
    assert "–" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_damaged_weights_are_named_not_painted(model, portrait_png, tmp_path):
    net = randomised(model, 1).net
    with torch.no_grad():
        net.fc.weight.fill_(torch.nan)
    broken = dataclasses.replace(model, net=net)
    report = explain([portrait_png], tmp_path, broken, Request(("gradcam", "guided", "scorecam"), ("layer4",)))
    face = report.pictures[0].faces[0]
    assert [cell.cam for cell in face.cells] == [None] * 3
    assert all("damaged" in cell.why for cell in face.cells)
    assert "NaN" not in (tmp_path / "report.json").read_text(encoding="utf-8")


def test_an_existing_report_stays(model, made, empty_png):
    before = {path: path.read_bytes() for path in made.folder.rglob("*") if path.is_file()}
    with pytest.raises(OutputError, match="--overwrite"):
        explain([empty_png], made.folder, model, QUICK)
    assert {path: path.read_bytes() for path in made.folder.rglob("*") if path.is_file()} == before


def test_a_report_can_be_replaced(model, empty_png, tmp_path):
    (tmp_path / "index.html").write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    explain([empty_png], tmp_path, model, QUICK, overwrite=True)
    assert "wall.png" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_inputs_are_never_written_over(model, empty_png, tmp_path):
    (tmp_path / "sheets").mkdir()
    picture = tmp_path / "sheets" / "01-wall.jpg"
    picture.write_bytes(empty_png.read_bytes())
    with pytest.raises(OutputError, match="among the inputs"):
        explain([picture], tmp_path, model, QUICK, overwrite=True)


def test_nothing_is_written_where_nothing_can_be_read(model, tmp_path):
    fake = tmp_path / "fake.png"
    fake.write_text("no picture")
    with pytest.raises(SourceError, match=r"fake\.png"):
        explain([fake, tmp_path / "gone.png"], tmp_path / "out", model, QUICK)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Request(("gradcan",), ("layer4",)), "Did you mean 'gradcam'"),
        (Request(("filter",), ("layer4",)), "no method 'filter'"),
        (Request(("gradcam",), ("layer5",)), "no layer 'layer5'"),
        (Request(("gradcam",), ("layer4",), target="joy"), "no emotion 'joy'"),
    ],
)
def test_unknown_names_are_answered_with_those_there_are(model, empty_png, tmp_path, asked, words):
    with pytest.raises(EmoliveError, match=words):
        explain([empty_png], tmp_path / "out", model, asked)
    assert not (tmp_path / "out").exists()


def test_pictures_of_one_name_keep_apart_and_none_comes_twice(empty_png, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.png").write_bytes(empty_png.read_bytes())
    (tmp_path / "b" / "film.mp4").write_bytes(b"0")
    found, failures = find([tmp_path / "a", tmp_path / "b", tmp_path / "a" / "x.png", empty_png])
    assert [name for _, name in found] == [str(tmp_path / "a/x.png"), str(tmp_path / "b/x.png"), "wall.png"]
    assert failures == {}


def test_names_that_are_no_text_can_be_written_down():
    _, failures = find([Path(os.fsdecode(b"caf\xe9.png"))])
    assert list(failures) == ["caf?.png"]
    "".join(failures.values()).encode()


def test_the_command_does_the_rest_and_ends_with_an_error(empty_png, tmp_path):
    arguments = [str(tmp_path / "gone.png"), str(empty_png), "--methods", "gradcam", "--layers", "layer4"]
    done = CliRunner().invoke(command, [*arguments, "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert isinstance(done.exception, EmoliveError)
    assert "gone.png" in str(done.exception)
    assert "1 picture, 0 faces" in done.output
    assert (tmp_path / "out" / "index.html").is_file()
