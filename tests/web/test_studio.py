"""What lies under the page, without a browser: looks in many threads, uploads, downloads, the pieces of HTML."""

import io
import json
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest

from emolive.attribution.methods import METHODS
from emolive.core.errors import EmoliveError, ModelError, SourceError
from emolive.core.scene import Frame
from emolive.faces.crop import square
from emolive.live import proving
from emolive.networks.checkpoint import save
from emolive.ui.camera import camera
from emolive.ui.views import emotions
from emolive.web import bundle, parts, uploads
from emolive.web.studio import (
    SORTS,
    TITLES,
    Wish,
    explained,
    find_faces,
    portrait,
    redrawn,
    selected_reading,
    shipped_models,
    whole_picture,
)


@pytest.fixture(scope="module")
def frame():
    return uploads.picture(portrait().read_bytes(), "grace_hopper.jpg")


@pytest.fixture(scope="module")
def faces(frame):
    return find_faces(frame, "full")


def test_the_method_list_is_the_engines():
    assert set(TITLES) == set(METHODS) - {"filter"}
    assert "emotion_resnet18" in shipped_models()


def test_a_scene_per_layer_deepest_first_each_with_its_own_map(model, frame, faces):
    scenes = explained(model, frame, faces, Wish(layers=("layer1", "layer4", "layer2.0.conv1")))
    assert [scene.settings.layer for scene in scenes] == ["layer4", "layer2.0.conv1", "layer1"]
    for scene in scenes:
        reading = selected_reading(scene)
        assert reading.painted.cam.shape == reading.maps.shape[1:]
        assert reading.proof is not None
        assert reading.ledger is not None
    assert scenes[0].readings[0].emotions.shape[0] == len(model.spec.labels)


def test_without_the_proof_all_else_is_the_same(model, frame, faces):
    (whole,), (quick,) = explained(model, frame, faces, Wish()), explained(model, frame, faces, Wish(), proof=False)
    assert selected_reading(quick).proof is None
    np.testing.assert_array_equal(camera(quick).bgr, camera(whole).bgr)
    np.testing.assert_array_equal(emotions(quick).bgr, emotions(whole).bgr)
    np.testing.assert_array_equal(bundle.tiles(quick), bundle.tiles(whole))


def test_what_masking_does_keeps_nothing_else_waiting(monkeypatch):
    """It takes longest: where it fails, all else has been seen."""

    def fails(*_: object) -> None:
        raise RuntimeError("not yet")

    monkeypatch.setattr(proving, "answered", fails)
    page = AppTest.from_file(str(Path(parts.__file__).with_name("streamlit_app.py")), default_timeout=60).run()
    assert [error.message for error in page.exception] == ["not yet"]
    assert [title.value for title in page.subheader] == ["Every emotion"]
    html = [piece.proto.body for piece in page.get("html")]
    assert any("What speaks for" in piece for piece in html)
    assert not any("with a fifth of the face masked" in piece for piece in html)
    assert len(page.get("image")) > 9


@pytest.mark.ci
def test_looks_at_the_same_time_do_not_mix(model, frame, faces):
    """Hooks sit on the one network that all sessions share."""
    layers = ("layer1", "layer2", "layer3", "layer4")
    alone = {name: explained(model, frame, faces, Wish(layers=(name,)))[0].readings[0].painted.cam for name in layers}
    wrong: list[str] = []

    def work(name: str) -> None:
        try:
            for _ in range(3):
                (scene,) = explained(model, frame, faces, Wish(layers=(name,)))
                np.testing.assert_allclose(scene.readings[0].painted.cam, alone[name], atol=1e-5)
        except (AssertionError, RuntimeError, KeyError) as error:
            wrong.append(f"{name}: {error}")

    threads = [threading.Thread(target=work, args=(name,)) for name in layers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert all(not module._forward_hooks for module in model.net.modules())


@pytest.mark.ci
def test_drawing_anew_gives_what_looking_anew_gives(model, frame, faces):
    plain = explained(model, frame, faces, Wish())[0]
    for wish in (Wish(tiles=64, sort=sort, alpha=0.3, colormap="viridis") for sort in SORTS):
        assert wish.asked == Wish()
        anew, drawn = explained(model, frame, faces, wish)[0], redrawn(plain, wish)
        np.testing.assert_array_equal(bundle.tiles(anew), bundle.tiles(drawn))
    shares = selected_reading(plain).ledger.shares
    by_share = redrawn(plain, Wish(sort="share")).menu.order
    assert list(shares[list(by_share[:20])]) == sorted(shares, reverse=True)[:20]
    assert redrawn(plain, Wish(sort="number")).menu.order == tuple(range(len(shares)))


@pytest.mark.parametrize("size", [(120, 300), (300, 120), (48, 48)])
def test_the_whole_picture_as_a_face_is_seen_to_its_edges(model, size):
    height, width = size
    whole = Frame(0, 0.0, np.zeros((height, width, 3), np.uint8))
    (face,) = whole_picture(whole, model, "full")
    x0, y0, x1, y1 = square(face.box, model.spec.crop_margin["full"])
    side = max(size)
    assert (x0, y0, x1, y1) == pytest.approx(
        ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
    )
    assert explained(model, whole, (face,), Wish())[0].readings[0].result.probs.sum() == pytest.approx(1, abs=1e-5)


def test_uploads_stand_upright_and_are_not_too_large():
    data = io.BytesIO()
    picture = Image.new("RGB", (4000, 1000), "red")
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by a quarter
    picture.save(data, "JPEG", exif=exif)
    assert uploads.picture(data.getvalue(), "turned.jpg").bgr.shape == (uploads.LONGEST, 750, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"I am a text.", "is not a picture that can be read. Is it whole?"),
        (b"GIF89a" + bytes(100), "is not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture"),
        (bytes((uploads.PICTURE_MB << 20) + 1), "Make it smaller"),
    ],
)
def test_uploads_that_are_no_pictures_get_a_sentence(data, words):
    with pytest.raises(SourceError, match=r"x\.jpg") as error:
        uploads.picture(data, "x.jpg")
    assert words in str(error.value)
    assert " at 0x" not in str(error.value)


def test_a_bomb_is_refused_before_it_is_unpacked():
    data = io.BytesIO()
    Image.new("1", (10_000, 8_000)).save(data, "PNG")
    assert len(data.getvalue()) < 50_000
    with pytest.raises(SourceError, match="10000×8000"):
        uploads.picture(data.getvalue(), "bomb.png")


def test_an_uploaded_network_is_read_as_safetensors_only(model, tmp_path, monkeypatch):
    unpickled = []
    monkeypatch.setattr(torch, "load", lambda *given, **_: unpickled.append(given))
    save(tmp_path / "own.safetensors", model.net, model.spec)
    own = uploads.network((tmp_path / "own.safetensors").read_bytes(), "../../own.pt", "cpu")
    assert own.spec.labels == model.spec.labels
    save_file({"fc.weight": model.net.fc.weight.contiguous()}, tmp_path / "bare.safetensors")
    torch.save(model.net.state_dict(), pickled := io.BytesIO())
    for data in (b"", b"\x80\x04pickle", pickled.getvalue(), (tmp_path / "bare.safetensors").read_bytes()):
        with pytest.raises(ModelError) as error:
            uploads.network(data, "x.pt", "cpu")
        assert "emolive-" not in str(error.value), "a path of the server"
    assert not unpickled


def test_everything_in_a_zip(model, frame, faces):
    nobody = Frame(0, 0.0, np.full((90, 160, 3), 128, np.uint8), name="../nobody.png")
    wish = Wish(layers=("layer4", "layer3"))
    pages = [explained(model, frame, faces, wish), explained(model, nobody, (), wish)]
    with zipfile.ZipFile(io.BytesIO(bundle.archive(pages, {"x.jpg": "no picture"}, model, wish))) as file:
        names, report = file.namelist(), json.loads(file.read("report.json"))
        png = cv2.imdecode(np.frombuffer(file.read("01-grace_hopper/frame.png"), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(png, frame.bgr)
    assert {"01-grace_hopper/layer3-heat.png", "01-grace_hopper/emotions.png", "02-nobody/frame.png"} <= set(names)
    assert all(".." not in name for name in names)
    first, second = report["pictures"]
    layer = first["layers"]["layer4"]
    total = selected_reading(pages[0][0]).ledger
    assert layer["ledger"]["bias"] + float(total.shares.sum()) == pytest.approx(layer["ledger"]["logit"], abs=1e-3)
    assert set(layer["drops"]) == {"hot", "other_face", "centre", "class_blind", "random"}
    assert second["faces"] == []
    assert report["failures"] == {"x.jpg": "no picture"}


def test_labels_of_an_uploaded_network_are_no_html(model, frame, faces):
    labels = ("<script>", *model.spec.labels[1:])
    (scene,) = explained(replace(model, spec=replace(model.spec, labels=labels)), frame, faces, Wish())
    reading = selected_reading(scene)
    for html in (
        parts.probabilities(reading.result.probs, labels),
        parts.ledger(reading.ledger, "<script>"),
        parts.drops(reading.proof, "<script>"),
    ):
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


def test_what_there_is_not_is_named(model, frame, faces):
    for wish in (Wish(method="magic"), Wish(layers=("layer4", "layer5")), Wish(target="bored")):
        with pytest.raises(EmoliveError, match="There are: "):
            explained(model, frame, faces, wish)


def test_the_command_says_what_it_does():
    from emolive.commands.web import web

    done = CliRunner().invoke(web, ["--help"])
    assert done.exit_code == 0
    assert "--port" in done.output
