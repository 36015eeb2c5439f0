"""The audit: its table against slow obvious versions, and the command killed, resumed and misused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from nets import seeded
from scipy import stats

from emolive.audit.pointing import REST, needed, parts, points_at, without
from emolive.audit.stability import MOVES, STEP, moved, stability
from emolive.audit.verdict import CLEAR
from emolive.core.errors import EmoliveError
from emolive.core.evidence import CONTROLS, MASKINGS
from emolive.networks import checkpoint
from emolive.reports import audit as run
from emolive.reports.audit_table import as_if, as_json, judged, proof_of, spread, table

COUNTS = {"own": 1, "other_face": 8, "centre": 3, "class_blind": 1, "random": 8}


def face(rng: np.random.Generator, lead: float, ways=("gradcam/layer4",)) -> dict:
    """What a state holds of a face whose maps cost `lead` more than their controls."""
    after = {
        way: {how: {of: [float(0.6 + rng.normal(0, 0.05) - lead * (of == "own")) for _ in range(n)]
                    for of, n in COUNTS.items()} for how in MASKINGS} for way in ways
    }  # fmt: skip
    made = {way: {"after": one, "stability": 0.9, "ms": 2.0, "points_at": "mouth", "others_point_at": ["mouth", "eyes"]}
            for way, one in after.items()}  # fmt: skip
    return {"target": "happy", "p": 0.9, "needed": "mouth", "ways": made}


def step(name: str, like: float, ways=("gradcam/layer4",)) -> dict:
    return {"step": name, "ways": {way: {"like": [[like] * 3] * 4, "among": [[0.1, -0.1, 0.2]] * 4} for way in ways}}


def test_the_table_is_the_paired_differences_written_out():
    rng = np.random.default_rng(0)
    faces = [face(rng, 0.1) for _ in range(30)]
    (row,) = table(faces, [step("fc", 0.0)], 0)
    for of in CONTROLS:
        leads = []
        for one in faces:
            after = one["ways"]["gradcam/layer4"]["after"]
            leads.append(np.mean([np.mean(after[how][of]) - after[how]["own"][0] for how in MASKINGS]))
        assert row.difference[of].mean == pytest.approx(np.mean(leads))
        assert row.wins[of] == np.mean(np.array(leads) > CLEAR)
    assert (row.stability, row.ms, row.hits, row.others_hit) == (pytest.approx(0.9), 2.0, 1.0, 0.5)
    assert row.sanity["fc"].word == "reacts"


def test_intervals_are_bootstraps():
    values = np.random.default_rng(1).exponential(size=60)
    mine = spread(values, np.random.default_rng(0))
    theirs = stats.bootstrap((values,), np.mean, method="percentile", rng=0).confidence_interval
    assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)
    assert np.isnan(spread(values[:1], np.random.default_rng(0)).low)


def test_the_best_is_the_one_whose_least_certain_lead_is_largest():
    rng = np.random.default_rng(2)
    ways = "gradcam/layer3", "layercam/layer4", "activation/layer4"
    faces = []
    for _ in range(40):
        weak, strong = face(rng, 0.02, ways[:1]), face(rng, 0.2, ways[1:])
        faces.append({**weak, "ways": {**weak["ways"], **strong["ways"]}})
    rows = table(faces, [step("fc", 0.0, ways)], 0)
    found = judged(rows, 40)
    assert (found.best.method, found.best.layer, found.trusted) == ("layercam", "layer4", True)  # not the blind one
    assert "Over one picture" in found.why
    stubborn = judged(table(faces, [step("fc", 1.0, ways)], 0), 40)
    assert stubborn.best is None  # none notices a random head
    nothing = judged(table([face(rng, -0.1) for _ in range(20)], [step("fc", 0.0)], 0), 20)
    assert (nothing.trusted, nothing.best.method) == (False, "gradcam")
    assert "No method beats every control" in nothing.why
    (blind,) = [row for row in rows if row.method == "activation"]
    assert blind.won == 0
    assert blind.difference["random"].mean > 0.1


def test_audit_json_has_the_shape_that_was_agreed():
    rng = np.random.default_rng(3)
    rows = table([face(rng, 0.1) for _ in range(5)], [step("fc", 0.0)], 0)
    found = as_json(rows, judged(rows, 5), 5)
    assert list(found) == ["n", "rows", "verdict"]
    (row,) = found["rows"]
    assert list(row) == ["method", "layer", "difference", "wins", "sanity", "stability", "ms"]
    assert all(len(row["difference"][of]) == 3 for of in CONTROLS)
    assert set(found["verdict"]) == {"best", "why"}
    assert found["verdict"]["best"] == {"method": "gradcam", "layer": "layer4"}
    json.dumps(found, allow_nan=False)


def test_a_wrong_map_in_the_maps_place_has_one_control_less():
    proof = proof_of(one := face(np.random.default_rng(4), 0.3), one["ways"]["gradcam/layer4"])
    other = as_if(proof, "other_face", 2)
    assert len([ask for ask in other.asks if ask.of == "own"]) == 2
    assert len([ask for ask in other.asks if ask.of == "other_face"]) == 14
    assert {after for ask, after in zip(other.asks, other.after, strict=True) if ask.of == "own"} == {
        after for ask, after in zip(proof.asks, proof.after, strict=True) if (ask.of, ask.which) == ("other_face", 2)
    }


def test_a_map_that_moves_with_the_face_is_stable_and_one_that_stays_is_not():
    rng = np.random.default_rng(5)
    size = 48
    wide = cv2.GaussianBlur(rng.normal(size=(96, 96)).astype(np.float32), (0, 0), 2)
    corner = [(24 + round(y * size), 24 + round(x * size)) for x, y in MOVES]
    own, along = wide[24:72, 24:72], [wide[y : y + size, x : x + size] for y, x in corner]
    crop = np.repeat(rng.integers(0, 256, (size, size, 1), dtype=np.uint8), 3, axis=-1)
    shifted = moved(crop)
    assert np.array_equal(shifted[0][:, : -round(STEP * size)], crop[:, round(STEP * size) :])
    assert np.array_equal(shifted[2][: -round(STEP * size)], crop[round(STEP * size) :])
    coarse = [cv2.resize(one, (24, 24), interpolation=cv2.INTER_AREA) for one in (own, *along)]
    assert stability(coarse[0], coarse[1:]) > 0.97
    assert stability(coarse[0], [coarse[0]] * 4) < 0.97
    assert np.isnan(stability(np.ones((7, 7)), [np.ones((7, 7))] * 4))


def test_pointing_asks_the_network_which_part_it_needs():
    angle = np.linspace(0, 2 * np.pi, 468, endpoint=False)
    mesh = np.stack([24 + 14 * np.cos(angle), 24 + 14 * np.sin(angle)], axis=1)
    areas = parts(mesh, 48)
    assert sum(area.astype(int) for area in areas.values()).max() == 1  # they share no pixel
    areas = {"eyes": np.zeros((48, 48), bool), "nose": np.zeros((48, 48), bool), "mouth": np.zeros((48, 48), bool)}
    areas["eyes"][10:18, 8:40], areas["nose"][20:30, 20:28], areas["mouth"][34:42, 14:34] = True, True, True
    cam = np.zeros((6, 6))
    for (row, column), part in (((4, 2), "mouth"), ((1, 1), "eyes"), ((0, 0), REST)):
        cam[:] = 0
        cam[row, column] = 1
        assert points_at(cam, areas) == part
    crop = np.repeat(np.random.default_rng(0).integers(0, 256, (48, 48, 1), dtype=np.uint8), 3, axis=-1)
    pictures = without(crop, areas)
    assert len(pictures) == len(areas) * len(MASKINGS)
    changed = (pictures[0] != crop).any(-1)
    assert not (changed & ~areas["eyes"]).any()
    assert changed[areas["eyes"]].mean() > 0.9
    assert needed(0.9, np.array([0.8, 0.8, 0.9, 0.7, 0.3, 0.1]), areas) == (
        "mouth", {"eyes": pytest.approx(0.1), "nose": pytest.approx(0.1), "mouth": pytest.approx(0.7)},
    )  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> checkpoint.Model:
    """A network of nobody, in a file."""
    net = seeded(labels=("happy", "sad"))
    net = replace(net, spec=replace(net.spec, input_size=32, crop_size=32))
    path = tmp_path / "net.safetensors"
    checkpoint.save(path, net.net, net.spec)
    return checkpoint.load(path)


@pytest.fixture
def pictures(tmp_path: Path, portrait) -> Path:
    """Seven pictures of two emotions, and one that is none."""
    for n in range(7):
        folder = tmp_path / "data" / ("happy", "sad")[n % 2]
        folder.mkdir(parents=True, exist_ok=True)
        shown = np.roll(portrait[80:380, 130:430], 3 * n, axis=1)
        cv2.imwrite(str(folder / f"{n}.png"), cv2.resize(shown, (40, 40), interpolation=cv2.INTER_AREA))
    (tmp_path / "data" / "sad" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return tmp_path / "data"


ASKED = run.AuditRequest(("gradcam", "activation"), ("layer4",), faces=8)


def without_times(folder: Path) -> dict:
    found = json.loads((folder / "audit.json").read_text())
    for row in found["rows"]:
        del row["ms"]
    return found


@pytest.mark.ci
def test_a_killed_audit_goes_on_and_ends_the_same(small, pictures, tmp_path, monkeypatch):
    whole = run.audit(pictures, tmp_path / "whole", small, ASKED)
    assert whole.n == 7
    assert [Path(name).name for name in whole.unreadable] == ["broken.png"]
    calls, real = [], run.measured

    def dies(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(run, "measured", dies)
    with pytest.raises(KeyboardInterrupt):
        run.audit(pictures, tmp_path / "killed", small, ASKED)
    assert not (tmp_path / "killed" / "audit.json").exists()
    with (tmp_path / "killed" / run.STATE).open("a") as state:
        state.write('{"face": 3, "file": "hap')  # killed while it wrote
    run.audit(pictures, tmp_path / "killed", small, ASKED)
    assert len(calls) == 4 + 4  # three were done
    assert without_times(tmp_path / "killed") == without_times(tmp_path / "whole")
    few = replace(ASKED, faces=3)
    run.audit(pictures, tmp_path / "few", small, few)
    run.audit(pictures, tmp_path / "few", small, ASKED)  # more faces go on from there
    assert without_times(tmp_path / "few") == without_times(tmp_path / "whole")
    assert {path.name for path in (tmp_path / "whole").iterdir()} == {run.STATE, *run.FILES}
    with pytest.raises(EmoliveError, match="holds another audit"):
        run.audit(pictures, tmp_path / "whole", small, replace(ASKED, seed=1))
    run.audit(pictures, tmp_path / "few", small, replace(few, seed=1), overwrite=True)


@pytest.mark.parametrize("kind", ["missing", "splits", "empty", "method", "layer", "strange"])
def test_what_cannot_be_audited_is_a_sentence(tmp_path, pictures, kind, portrait):
    net = seeded(labels=("happy", "sad"))
    data, asked = pictures, ASKED
    if kind == "missing":
        data = tmp_path / "nowhere"
    elif kind == "splits":
        shutil.copytree(pictures, tmp_path / "splits" / "train")
        shutil.copytree(pictures, tmp_path / "splits" / "test")
        data = tmp_path / "splits"
    elif kind == "empty":
        data = tmp_path / "empty"
        (data / "happy").mkdir(parents=True)
    elif kind == "strange":
        (pictures / "sad").rename(pictures / "bored")
    else:
        asked = replace(ASKED, **{"methods": ("gradcm",)} if kind == "method" else {"layers": ("layer9",)})
    with pytest.raises(EmoliveError) as said:
        run.audit(data, tmp_path / "out", net, asked)
    assert (
        str(said.value).endswith((".", "bored", "layer4"))
        or "There are" in str(said.value)
        or "Give" in str(said.value)
    )
    assert not (tmp_path / "out").exists()
