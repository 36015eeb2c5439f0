"""The verdict: what wins, what must not, and what a row of frames is worth."""

import itertools
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from nets import seeded
from scipy import stats

from emolive.audit import controls as kept
from emolive.audit.masks import FINEST, blurred, grid, imputed, masks
from emolive.audit.probe import logits_of, proven
from emolive.audit.tally import interval, of_film, of_picture, taken, worth
from emolive.audit.verdict import STILL, verdict
from emolive.core.evidence import CONTROLS, MASKINGS, OWN, Difference, Evidence, Query, Trials
from emolive.core.reading import Proof

GREY = np.repeat(np.random.default_rng(4).integers(0, 256, (32, 32, 1), dtype=np.uint8), 3, axis=-1)
NOTHING = np.zeros((0, 4, 4, 3), np.uint8)


def evidence(low: float = 0.08, seconds: int = 0, half: float = 0.03, **other: float) -> Evidence:
    """Evidence whose differences are at least `low`; `blur_centre=-0.1` names one that is not."""
    found = {}
    for how, of in itertools.product(MASKINGS, CONTROLS):
        least = other.get(f"{how}_{of}", low)
        found[how, of] = Difference(least, least - half, least + half)
    weakest = {of: (found["blur", of].mean + found["linear", of].mean) / 2 for of in CONTROLS}
    pooled = float(np.mean([one.mean for one in found.values()]))
    return Evidence(found, 0.8, seconds, max(1.0, seconds * 0.43), 0.1, weakest,
                    Difference(pooled, pooled - half, pooled + half))  # fmt: skip


def test_a_map_that_costs_more_than_every_control_beats_them():
    assert verdict(evidence(), "happy").word == "beats its controls"
    assert "over 20 s of film" in verdict(evidence(seconds=20), "happy").why


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("seconds", [0, 20])
def test_one_control_that_does_as_well_is_enough_to_lose(control, seconds):
    both = {f"{how}_{control}": -0.02 for how in MASKINGS}
    found = verdict(evidence(seconds=seconds, **both), "happy")
    assert found.word == "does not beat its controls"
    assert ("most maps cannot win" in found.why) == (not seconds)
    for how in MASKINGS:
        assert verdict(evidence(seconds=seconds, **{f"{how}_{control}": 0.0}), "x").word == "depends on the masking"
    single = evidence(seconds=seconds)
    found = verdict(replace(single, weakest={**single.weakest, control: 0.0}), "happy")
    assert found.word == "does not beat its controls"  # one map of it does as well, by the mean of both maskings


def test_a_film_wins_by_the_lead_over_all_controls_together():
    """The intervals of single controls may reach below nothing."""
    wide = evidence(0.08, seconds=20)
    wide = replace(wide, differences={key: replace_low(found, -0.1) for key, found in wide.differences.items()})
    assert verdict(wide, "happy").word == "beats its controls"
    uncertain = replace(wide, pooled=Difference(0.08, -0.01, 0.17))
    assert verdict(uncertain, "happy").word == "does not beat its controls"
    assert verdict(replace(uncertain, pooled=Difference(0.08, -0.1, 0.26)), "x").word == "not enough evidence yet"


def replace_low(found: Difference, low: float) -> Difference:
    return found._replace(low=low)


def test_what_cannot_be_judged_is_not():
    assert verdict(evidence(), "happy", blind=True).word == "no verdict"
    assert "4 %" in verdict(replace(evidence(), before=0.04), "happy").why
    assert verdict(None, "happy").word == "not enough evidence yet"
    still = verdict(replace(evidence(seconds=20), moved=STILL / 2), "happy")
    assert (still.word, "nearly still" in still.why) == ("not enough evidence yet", True)
    wide = verdict(evidence(-0.2, seconds=9, half=0.3), "happy")
    assert (wide.word, "worth 4 pictures" in wide.why) == ("not enough evidence yet", True)
    some = {key: value for key, value in evidence(seconds=9).differences.items() if key != ("linear", "centre")}
    assert "have not been asked" in verdict(replace(evidence(seconds=9), differences=some), "happy").why


def test_without_maps_of_other_faces_the_sentence_names_what_was_asked():
    some = {key: value for key, value in evidence().differences.items() if key[1] != "other_face"}
    found = verdict(replace(evidence(), differences=some), "happy")
    assert found.word == "beats its controls"
    assert "other faces" not in found.why
    assert "random cells" in found.why


def film(rng: np.random.Generator, seconds: int, mean: float) -> list[float]:
    """One-second means of frames (10 a second) that correlate 0.83 with the next one and 0.40 after a second: the sum
    of something slow and something quick, as in films of faces."""
    slow, quick = math.exp(-1 / 22), math.exp(-1 / 3.2)
    a, b, frames = rng.normal(), rng.normal(), []
    for _ in range(10 * seconds):
        frames.append(mean + 0.1 * (math.sqrt(0.63) * a + math.sqrt(0.37) * b))
        a = slow * a + math.sqrt(1 - slow**2) * rng.normal()
        b = quick * b + math.sqrt(1 - quick**2) * rng.normal()
    return np.array(frames).reshape(seconds, 10).mean(1).tolist()


@pytest.mark.parametrize("seconds", [5, 10, 30, 60])
def test_intervals_hold_the_truth_though_frames_are_alike(seconds):
    rng, inside, naive = np.random.default_rng(seconds), 0, 0
    for _ in range(300):
        row = film(rng, seconds, 0.2)
        mean, half, _ = interval(row)
        inside += mean - half <= 0.2  # the lower end is what a verdict rests on, at 5 %
        naive += mean - stats.t.ppf(0.95, seconds - 1) * stats.sem(row) <= 0.2
    assert inside / 300 >= 0.92
    assert naive / 300 < inside / 300


def test_rows_that_have_nothing_to_do_with_each_other_are_still_not_taken_as_such():
    row = np.random.default_rng(0).normal(size=100)
    assert 30 < worth(row) < 60
    assert worth(np.ones(4)) >= 1
    assert interval([0.1, 0.2])[1] == math.inf


def test_a_film_is_tallied_by_seconds_and_by_control():
    tally, rng, truth = Trials(), np.random.default_rng(0), {}
    for n in range(100):
        how, of = MASKINGS[n % 2], CONTROLS[n // 2 % 4]
        ask, own, other = Query(how, of, n // 8 % 3), *rng.random(2).tolist()
        proof = Proof(n, 1, 0, 0.9, (Query(how, OWN), ask), (own, other), NOTHING)
        truth.setdefault((how, of), {}).setdefault(n // 10, []).append(other - own)
        tally = taken(tally, proof, rng.integers(0, 256, (48, 48, 3), np.uint8), 100.0 * n)
    found = of_film(tally)
    assert found.seconds == 9  # the tenth is under way
    assert found.before == pytest.approx(0.9)
    assert found.moved > STILL
    for key, seconds in truth.items():
        means = [np.mean(values) for second, values in seconds.items() if second < 9]
        assert found.differences[key].mean == pytest.approx(np.mean(means))
        assert found.differences[key].maps <= 3


def test_of_several_maps_of_a_control_each_must_be_beaten():
    """Each map of other faces and each centre; of random cells the mean."""
    asks = [Query("blur", OWN)] + [Query("blur", of, n) for of in ("other_face", "random") for n in range(2)]
    found = of_picture(Proof(0, 0, 0, 0.9, tuple(asks), (0.4, 0.8, 0.3, 0.8, 0.3), NOTHING, whole=True))
    other, chance = found.differences["blur", "other_face"], found.differences["blur", "random"]
    assert (other.mean, other.low, other.high, other.maps) == (pytest.approx(0.15), pytest.approx(-0.1),
                                                               pytest.approx(0.4), 2)  # fmt: skip
    assert chance.low == chance.mean == pytest.approx(0.15)


def slowly(crop: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Noisy linear imputation as written in arXiv:2202.00449, section 5, without the noise: one dense linear system."""
    size = crop.shape[0]
    hole = cv2.resize(cells.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST_EXACT).astype(bool)
    number = {place: i for i, place in enumerate(zip(*np.nonzero(hole), strict=True))}
    left, right = np.zeros((len(number), len(number))), np.zeros(len(number))
    for (y, x), i in number.items():
        for dy, dx in itertools.product((-1, 0, 1), repeat=2):
            there = y + dy, x + dx
            if (dy or dx) and all(0 <= v < size for v in there):
                weight = 1 / 12 if dy and dx else 1 / 6
                left[i, i] += weight
                if there in number:
                    left[i, number[there]] -= weight
                else:
                    right[i] += weight * crop[there][0]
    out = crop.astype(float)
    for place, value in zip(number, np.linalg.solve(left, right), strict=True):
        out[place] = value
    return out


@pytest.mark.parametrize("seed", range(4))
def test_imputation_is_its_linear_system(seed):
    cam = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(7, 7)), (0, 0), 1.0)
    cells = masks(cam, seed)[0]
    assert np.abs(imputed(GREY, cells, noise=0) - slowly(GREY, cells)).max() <= 1


def test_imputation_touches_the_cells_only_and_adds_the_same_noise_to_all_colours():
    cells = np.zeros((4, 4), bool)
    cells[0, 0] = cells[1, 2] = True
    out = imputed(GREY, cells, seed=1)
    changed = (out != GREY).any(-1)
    assert changed[:8, :8].mean() > 0.8
    assert not changed[16:].any()
    assert (out[..., :1] == out).all()
    assert np.array_equal(out, imputed(GREY, cells, seed=1))
    assert not np.array_equal(out, imputed(GREY, cells, seed=2))
    every = imputed(GREY, np.ones((4, 4), bool), noise=0)
    assert (every == every[0, 0]).all()
    red = GREY.copy()
    red[..., 1:] = 0
    assert not imputed(red, cells, noise=0)[..., 1].any()


def test_a_map_of_pixels_is_judged_by_cells():
    cam = np.zeros((112, 112), np.float32)
    cam[:8, :8] = 1
    assert grid(cam).shape == (FINEST, FINEST)
    assert grid(cam)[:2, :2].min() == pytest.approx(1)
    small = np.ones((7, 7))
    assert grid(small) is small


def test_controls_are_kept_beside_their_network_and_for_it_alone(tmp_path, caplog):
    net = replace(seeded(), path=str(tmp_path / "net.safetensors"), sha256="ab" * 32)
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(4, 8, 4, 4)).astype(np.float16)
    cam = rng.normal(size=(4, 4)).astype(np.float32)
    assert set(kept.controls_of(net).of("gradcam", "layer4", 2, cam, None).maps) == {"centre"}
    kept._kept.cache_clear()
    kept.keep(kept.beside(net.path), net.sha256, {("gradcam", "layer4"): maps, ("guided", ""): maps})
    found = kept.controls_of(net).of("gradcam", "layer4", 2, cam, cam)
    np.testing.assert_array_equal(found.maps["other_face"], maps[2].astype(np.float32))
    assert [len(found.maps[of]) for of in ("other_face", "centre", "class_blind")] == [8, 6, 1]
    np.testing.assert_allclose(found.maps["centre"][1], maps.astype(np.float32).mean((0, 1)), rtol=1e-5)
    assert len(kept.controls_of(net).of("guided", "layer1", 0, cam, None).maps["other_face"]) == 8
    assert "other_face" not in kept.controls_of(net).of("gradcam", "layer3", 2, cam, cam).maps
    assert not kept.controls_of(replace(net, sha256="cd" * 32)).others
    assert "another network" in caplog.text
    kept.beside(net.path).write_bytes(b"no such thing")
    kept._kept.cache_clear()
    assert not kept.controls_of(net).others


def test_a_films_frames_take_turns_and_a_picture_is_asked_everything():
    rng = np.random.default_rng(0)
    others = {("gradcam", "layer4"): rng.normal(size=(4, 8, 4, 4)).astype(np.float32)}
    cam, busy = rng.normal(size=(2, 4, 4)).astype(np.float32)
    beside = kept.Controls(others).of("gradcam", "layer4", 1, cam, busy)
    whole = beside.asks()
    turns = [beside.turn(n) for n in range(200)]
    assert all(len(turn) == 3 and turn[0].of == OWN for turn in turns)
    assert all(len({ask.masking for ask in turn}) == 1 for turn in turns)
    assert set(itertools.chain(*turns)) == set(whole)
    assert all((beside.cells(ask, 3).sum() == 3) for ask in whole)
    assert np.array_equal(beside.cells(Query("blur", OWN)), masks(cam)[0])


def test_a_proof_is_what_the_network_says_of_each_masked_face():
    net = seeded()
    crop, cam = GREY, np.random.default_rng(1).normal(size=(4, 4)).astype(np.float32)
    found = proven(net, kept.Controls(), crop, cam, 2, 0.5, ("gradcam", "layer4"), None)
    for ask, after in zip(found.asks, found.after, strict=True):
        if ask.of == OWN and ask.masking == "blur":
            alone = net.probabilities(net.net(net.prepare([blurred(crop, masks(cam)[0])])))
            assert after == pytest.approx(float(alone[0, 2]), abs=1e-5)
    assert found.whole
    assert len(found.trials()) == len(found.asks) - 2
    twice = np.stack([crop, crop[::-1], crop])
    logits = logits_of(net, twice)
    np.testing.assert_allclose(logits.numpy(), net.net(net.prepare(twice)).numpy(), atol=1e-4)
