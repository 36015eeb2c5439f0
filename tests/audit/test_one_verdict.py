"""One verdict everywhere: whatever map is put in a method's place, windows, the web page, `emolive explain` and
`emolive audit` say the same of it as the function that `test_wrong_maps.py` asks of 200 faces; and none of them says
anything about an emotion of a map that knows none."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from nets import maps_of

import emolive
from emolive.attribution.methods import METHODS
from emolive.audit.controls import controls_of, hill
from emolive.audit.probe import proven
from emolive.audit.tally import of_picture
from emolive.audit.verdict import judged, verdict
from emolive.core.scene import Chosen, Frame, Memory, Menu, Settings, Variant
from emolive.faces.detect import Detector
from emolive.live.engine import Engine
from emolive.networks.packed import packed
from emolive.reports.audit_face import measured
from emolive.reports.audit_table import proof_of
from emolive.reports.examine import Sight, examine
from emolive.web.studio import Wish, explained

KINDS = "own", "of another face", "a hill in the middle", "where it is busy"
WON = "beats its controls"


def everywhere(model, frame, face, method: str) -> dict[str, object]:
    """What is said of a method's map of a face at the last stage, by place."""
    settings = Settings(method=method, proof=True, frozen=True, smooth_ms=0)
    (reading,) = Engine(packed(model))(frame, [face], settings, Memory())
    menu = Menu(tuple(METHODS), tuple(model.layers), model.spec.labels, blind=("activation",))
    (scene,) = explained(model, frame, [face], Wish(method=method))
    sight = Sight(1, face, reading.square, turn=reading.turn)
    (report,) = examine(model, frame.bgr, [sight], (method,), ("layer4",))
    row = measured(model, reading.crop, 0, (method,), ("layer4",), lambda _: None)
    proof, blind = proof_of(row, row["ways"][f"{method}/layer4"]), not METHODS[method].knows_class
    return {
        "windows": judged(Chosen(0, face, reading, None), menu),
        "page": judged(scene.chosen, scene.menu),
        "explain": report.cell(method, "layer4").figures.verdict,
        "audit": verdict(of_picture(proof), row["target"], blind),
    }


@pytest.mark.ci
@pytest.mark.parametrize("kind", KINDS)
def test_windows_page_report_and_audit_say_the_same_of_any_map(model, portrait, monkeypatch, kind):
    frame = Frame(0, 0.0, portrait)
    with Detector() as detect:
        face = replace(detect(frame)[0], track=1)
    (reading,) = Engine(model)(frame, [face], Settings(smooth_ms=0), Memory())
    x = model.prepare(reading.crop[None])
    own = maps_of(model, x, Variant())[0]
    other = maps_of(model, model.prepare(reading.crop[None, ::-1]), Variant())[0]
    busy = maps_of(model, x, Variant(method="activation"))[0]
    cam = dict(zip(KINDS, (own, other, hill(own.shape, 0.03, 0.17), busy), strict=True))[kind]
    fixed = torch.from_numpy(np.ascontiguousarray(cam))
    always = replace(METHODS["gradcam"], function=lambda act, grad: fixed.expand(len(act), -1, -1) + 0 * act.sum(1))
    monkeypatch.setitem(METHODS, "gradcam", always)
    result = reading.result
    proof = proven(model, controls_of(model), reading.crop, cam, result.target, float(result.probs[result.target]),
                   ("gradcam", "layer4"), busy)  # fmt: skip
    said = verdict(of_picture(proof), model.spec.labels[result.target])
    assert {place: found.word for place, found in everywhere(model, frame, face, "gradcam").items()} == dict.fromkeys(
        ("windows", "page", "explain", "audit"), said.word
    )
    if kind == KINDS[-1]:
        assert said.word != WON  # it is its own control
        blind = everywhere(model, frame, face, "activation")
        assert {found.word for found in blind.values()} == {"no verdict"}


def test_the_words_of_a_verdict_are_given_by_one_function_only():
    """Nobody else makes a `Verdict`, or decides by thresholds of its own."""
    root = Path(emolive.__file__).parent
    texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in root.rglob("*.py")}
    makers = [name for name, text in texts.items() if re.search(r"\bVerdict\(", text)]
    assert makers == ["audit/verdict.py"]
    judges = [name for name, text in texts.items() if re.search(r"\.weakest\b|\.pooled\.low\b", text)]
    assert judges == makers
