"""The page in a real browser, as a person uses it."""

import dataclasses
import json
import re
import socket
import urllib.parse
import zipfile

import cv2
import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from emolive.networks.checkpoint import save
from emolive.ui.camera import camera
from emolive.web import bundle, uploads
from emolive.web.studio import TITLES, Wish, explained, find_faces, portrait, usual_map

pytestmark = pytest.mark.ci

GRADCAM = "layers=layer4&method=Grad-CAM"
"""A look that does not hang on what the network's audit trusts most."""


def test_the_page_begins_with_the_map_that_the_networks_audit_trusts_most(visit, model):
    method, layer = usual_map(model)
    v = visit()
    v.done()
    expect(v.page.get_by_role("img", name=f"Heat of {TITLES[method]} at {layer}", exact=True)).to_be_visible()


def test_the_built_in_picture_is_explained_at_once(visit, server, model):
    v = visit(f"?{GRADCAM}")
    v.done()
    expect(v.page.get_by_text(re.compile(rf"({'|'.join(model.spec.labels)}) \d+\s%")).first).to_be_visible()
    expect(v.page.get_by_role("heading", name="layer4")).to_be_visible()
    expect(v.page.get_by_role("heading", name="Every emotion")).to_be_visible()
    expect(v.page.get_by_role("table")).to_have_count(3)  # probabilities, drops, ledger
    expect(v.page.get_by_text(re.compile("together .* the score. Exact."))).to_be_visible()
    assert v.page.get_by_role("alert").count() == 0
    assert v.page.locator("[data-testid=stMain] img:not([alt])").count() == 0
    nameless = "e => e.filter(i => i.type != 'file' && !(i.ariaLabel || i.labels?.length)).length"
    assert v.page.locator("input").evaluate_all(nameless) == 0
    assert {urllib.parse.urlsplit(url).netloc for url in v.hosts if not url.startswith("data:")} == {
        f"127.0.0.1:{server.port}"
    }


def test_three_faces_and_what_can_be_taken_home_and_nothing_stays(visit, trio, server, model):
    v = visit(f"?picture=Upload&{GRADCAM}")
    v.upload(trio)
    expect(v.page.get_by_role("img", name="Heat of Grad-CAM at layer4")).to_be_visible()
    v.done()
    assert v.page.get_by_role("img", name=re.compile(r"Face \d: ")).count() == 3
    expect(v.page.get_by_role("table", name="Probability of each emotion")).to_have_count(3)

    with v.page.expect_download() as download:
        v.page.get_by_role("button", name="Heat of Grad-CAM at layer4 (PNG)").click()
    overlay = cv2.imread(str(download.value.path()))
    original = cv2.imread(str(trio))
    assert download.value.suggested_filename == "trio-layer4-heat.png"
    assert overlay.shape == original.shape
    assert 0.05 < (np.abs(overlay.astype(int) - original).max(axis=2) > 8).mean() < 0.9

    with v.page.expect_download() as download:
        v.page.get_by_role("button", name="Download everything").click()
    with zipfile.ZipFile(download.value.path()) as file:
        report = json.loads(file.read("report.json"))
        (picture,) = report["pictures"]
        frame = cv2.imdecode(np.frombuffer(file.read(f"{picture['folder']}/frame.png"), np.uint8), cv2.IMREAD_COLOR)
        inside = cv2.imdecode(
            np.frombuffer(file.read(f"{picture['folder']}/layer4-heat.png"), np.uint8), cv2.IMREAD_COLOR
        )
        assert file.testzip() is None
    np.testing.assert_array_equal(frame, original)
    np.testing.assert_array_equal(inside, overlay)
    assert [face["face"] for face in picture["faces"]] == [1, 2, 3]
    for face in picture["faces"]:
        assert sum(face["probs"].values()) == pytest.approx(1, abs=1e-3)
    assert picture["model"]["sha256"] == model.sha256
    ledger = picture["layers"]["layer4"]["ledger"]
    assert ledger["exact"]

    data = trio.read_bytes()
    v.page.close()
    kept = [path for folder in (server.temporary, server.home) for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if data[1000:2000] in path.read_bytes()]


def test_each_control_changes_what_is_seen_and_the_address_brings_it_back(visit, model):
    frame = uploads.picture(portrait().read_bytes(), "portrait")
    (scene,) = explained(model, frame, find_faces(frame, "full"), Wish())
    second = model.spec.labels[int(np.argsort(scene.readings[0].result.probs)[-2])]
    v = visit(f"?{GRADCAM}")
    v.done()
    heat, tiles = "Heat of Grad-CAM at layer4", "16 filters of layer4"

    def changes(what: str, act) -> str:
        before = v.picture(what)
        act()
        expect(v.page.get_by_role("img", name=what, exact=True)).not_to_have_attribute("src", before)
        v.rest()

    changes(heat, lambda: v.pick("Colours", "viridis"))
    changes(heat, lambda: v.page.get_by_role("slider", name="Strength of the heat").press("ArrowLeft"))
    changes(heat, lambda: v.pick("Emotion to explain", second))
    changes(tiles, lambda: v.pick("Filters sorted by", "share of the score"))
    changes(tiles, lambda: v.pick("Filters sorted by", "number"))
    changes(heat, lambda: v.pick("Face detector", "short range: one person at a desk"))
    v.page.get_by_role("slider", name="Number of filters").press("ArrowRight")
    expect(v.page.get_by_role("img", name="17 filters of layer4")).to_be_visible()
    v.pick("Layers", "layer2")
    v.page.keyboard.press("Escape")
    expect(v.page.get_by_role("img", name="Heat of Grad-CAM at layer2")).to_be_visible()
    v.pick("Method of the heat map", "LayerCAM")
    expect(v.page.get_by_role("img", name="Heat of LayerCAM at layer2")).to_be_visible()
    v.done()
    seen = [v.picture(name) for name in ("Heat of LayerCAM at layer2", "17 filters of layer2", "17 filters of layer4")]

    again = visit(v.page.url.split("/", 3)[3])
    again.done()
    expect(again.page.get_by_role("combobox", name="Emotion to explain")).to_have_value(second)
    names = "Heat of LayerCAM at layer2", "17 filters of layer2", "17 filters of layer4"
    assert [again.picture(name) for name in names] == seen


MOST_HEAT_MAPS = """() => {
    window.most = 0;
    const count = () => [...document.querySelectorAll("img")].filter(i => i.alt.startsWith("Heat of ")).length;
    const look = new MutationObserver(() => { window.most = Math.max(window.most, count()); });
    look.observe(document.body, {subtree: true, childList: true, attributes: true});
}"""
"""Has the page remember how many heat maps there were at once at most."""


def test_nothing_stands_twice_while_the_network_is_asked(visit):
    """What is drawn anew takes the place of the old, whether the network was asked before it or not."""
    v = visit(f"?{GRADCAM}")
    v.done()
    v.page.evaluate(MOST_HEAT_MAPS)
    shown = "Grad-CAM"
    for method in ("HiResCAM", "LayerCAM", "Eigen-CAM"):
        heat = v.page.get_by_role("img", name=re.compile(f"^Heat of {shown}")).first
        before = heat.get_attribute("src")
        v.page.get_by_role("slider", name="Strength of the heat").press("ArrowLeft")
        expect(heat).not_to_have_attribute("src", before)
        v.rest()
        v.pick("Method of the heat map", method)
        expect(v.page.get_by_role("img", name=re.compile(f"^Heat of {method}"))).to_be_visible()
        v.done()
        shown = method
    assert v.page.evaluate("window.most") == 1


SEEN_TOGETHER = """() => {
    window.together = {};
    const look = new MutationObserver(() => {
        const heat = [...document.querySelectorAll("img")].find(i => i.alt.startsWith("Heat of "));
        const drops = [...document.querySelectorAll("caption")].find(c => c.innerText.includes("of the face masked"));
        if (heat && drops) window.together[`${heat.alt}: ${drops.closest("table").innerText}`] = 1;
    });
    look.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}"""
"""Has the page remember which figures of masking stood beside which heat map."""


def test_what_masking_did_to_another_map_never_stands_beside_a_new_one(visit):
    v = visit(f"?{GRADCAM}")
    v.done()
    v.page.evaluate(SEEN_TOGETHER)
    for method in ("LayerCAM", "Eigen-CAM"):
        v.pick("Method of the heat map", method)
        expect(v.page.get_by_role("img", name=re.compile(f"^Heat of {method}"))).to_be_visible()
        v.done()
    pairs = list(v.page.evaluate("Object.keys(window.together)"))
    for method in ("LayerCAM", "Eigen-CAM"):
        assert len([pair for pair in pairs if pair.startswith(f"Heat of {method}")]) == 1, pairs


def test_what_only_pretends_to_be_a_picture_gets_a_sentence(visit, trio, tmp_path):
    text, empty = tmp_path / "x.jpg", tmp_path / "empty.png"
    text.write_text("I am no picture.")
    empty.write_bytes(b"")
    v = visit("?picture=Upload")
    v.upload(text, empty, trio)
    v.done()
    expect(v.page.get_by_text("x.jpg is not a picture that can be read. Is it whole?")).to_be_visible()
    expect(v.page.get_by_text("empty.png is empty (0 bytes).")).to_be_visible()
    assert v.page.get_by_role("img", name=re.compile(r"Face \d: ")).count() == 3  # the third is looked at
    assert "Traceback" not in v.page.content()


def test_without_a_face_the_whole_picture_can_be_one(visit, tmp_path):
    cv2.imwrite(str(tmp_path / "hill.png"), np.tile(np.linspace(0, 255, 320, dtype=np.uint8), (200, 1)))
    v = visit(f"?picture=Upload&{GRADCAM}")
    v.upload(tmp_path / "hill.png")
    expect(v.page.get_by_text("No face was found in hill.png.")).to_be_visible()
    v.page.get_by_text("Treat the whole picture as a face").click()
    expect(v.page.get_by_role("img", name="Heat of Grad-CAM at layer4")).to_be_visible()
    v.done()
    with v.page.expect_download() as download:
        v.page.get_by_role("button", name="Download everything").click()
    with zipfile.ZipFile(download.value.path()) as file:
        assert len(json.loads(file.read("report.json"))["pictures"][0]["faces"]) == 1


FILMING = "() => { const film = document.querySelector('video'); return film && film.videoWidth && film.currentTime; }"


def test_the_browsers_camera(visit):
    v = visit("?picture=Camera")
    v.rest()  # a page that is drawn anew would lose the click
    v.page.wait_for_function(FILMING)  # a picture that is taken before the first one of the film is black
    v.page.get_by_role("button", name="Take Photo").click()
    expect(v.page.get_by_role("button", name="Clear photo")).to_be_visible()
    v.done()
    expect(v.page.get_by_role("img", name=re.compile(r"Face 1: "))).to_be_visible()


def test_two_browsers_at_once_get_their_own_results(visit, trio, model):
    """Both ask for other layers of other pictures at the same time; each is shown what the library gives alone."""
    frames = uploads.picture(trio.read_bytes(), "trio"), uploads.picture(portrait().read_bytes(), "portrait")
    pages = visit("?picture=Upload&layers=layer3&method=Grad-CAM"), visit("?layers=layer3&method=Grad-CAM")
    pages[0].upload(trio)
    for page in pages:
        page.done()
    for layers in (("layer1", "layer3"), ("layer2", "layer3")):
        for page in pages:  # nobody waits for the other
            page.pick("Layers", layers[0])
            page.page.keyboard.press("Escape")
        for page, frame in zip(pages, frames, strict=True):
            expect(page.page.get_by_role("img", name=f"16 filters of {layers[0]}")).to_be_visible()
            page.rest()
            for scene in explained(model, frame, find_faces(frame, "full"), Wish(layers=layers)):
                layer = scene.settings.layer
                same_picture(page.pixels(f"Heat of Grad-CAM at {layer}"), camera(scene).bgr)
                same_picture(page.pixels(f"16 filters of {layer}"), bundle.tiles(scene))
            page.page.get_by_role("combobox", name="Layers").press("Backspace")
            expect(page.page.get_by_role("img", name=f"16 filters of {layers[0]}")).to_have_count(0)


def same_picture(seen: np.ndarray, own: np.ndarray) -> None:
    """The page shows JPEGs: so is the other one."""
    own = cv2.imdecode(np.frombuffer(bundle.jpeg(own), np.uint8), cv2.IMREAD_COLOR)
    assert seen.shape == own.shape
    assert np.abs(seen.astype(int) - own).mean() < 0.1


def test_a_network_of_ones_own_and_one_that_is_none(visit, model, tmp_path):
    own, broken = tmp_path / "own.safetensors", tmp_path / "broken.safetensors"
    spec = dataclasses.replace(model.spec, labels=("a<b>", "b", "c", "d", "e", "f", "g"))
    save(own, model.net, spec)
    torch.save({"weights": torch.zeros(1)}, broken)  # a pickle under a false name
    v = visit()
    v.done()
    chooser = v.page.get_by_test_id("stSidebar").locator("input[type=file]")
    chooser.set_input_files(str(broken))
    expect(v.page.get_by_text(re.compile("broken.safetensors is not a readable .safetensors file"))).to_be_visible()
    assert "/" not in v.page.get_by_role("alert").first.inner_text()  # no path of the server
    v.page.close()
    v = visit()
    v.done()
    chooser = v.page.get_by_test_id("stSidebar").locator("input[type=file]")
    chooser.set_input_files(str(own))
    expect(v.page.get_by_role("rowheader", name="a<b>").first).to_be_visible()


def test_it_listens_on_this_machine_only_and_answers_to_its_own_names_only(server):
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", server.port), timeout=5).close()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        line.sendall(
            b"GET /_stcore/stream HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert b" 101 " not in line.recv(200)


def test_readable_on_a_phone(visit):
    v = visit(f"?{GRADCAM}", width=390, height=844)
    v.done()
    assert v.page.get_by_test_id("stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    narrow = v.page.get_by_role("img", name="16 filters of layer4").bounding_box()
    assert narrow["width"] > 300  # columns lie below each other
