"""The engine on a real picture: one batch for all faces, and every way to look by settings alone."""

import gc
from dataclasses import replace

import numpy as np
import pytest
import torch
from nets import maps_of, seeded
from thinned import dear

from emolive.attribution.look import look
from emolive.attribution.methods import METHODS
from emolive.audit.agreement import agreement
from emolive.audit.sanity import SEEDS
from emolive.core.scene import Face, Frame, Memory, Settings, Variant, base_variant
from emolive.faces.detect import Detector
from emolive.live.engine import Engine
from emolive.live.memory import remember
from emolive.networks import checkpoint as models

QUICK = Settings(smooth_ms=0)


@pytest.fixture(scope="module")
def frame(portrait) -> Frame:
    return Frame(0, 0.0, np.ascontiguousarray(np.hstack([portrait, portrait[:, ::-1], portrait])))


@pytest.fixture(scope="module")
def faces(frame) -> tuple[Face, ...]:
    with Detector() as detect:
        found = detect(frame)
    assert len(found) == 3
    return tuple(replace(face, track=i + 1) for i, face in enumerate(found))


@pytest.fixture(scope="module")
def engine(model) -> Engine:
    return Engine(model)


def test_each_face_has_its_own_reading_from_one_batch(engine, frame, faces, monkeypatch):
    forwards = []
    handle = engine.model.net.register_forward_hook(lambda _m, args, _out: forwards.append(len(args[0])))
    try:
        together = engine(frame, faces, QUICK, Memory())
    finally:
        handle.remove()
    assert forwards == [3]
    for reading, face in zip(together, faces, strict=True):
        (alone,) = engine(frame, [face], QUICK, Memory())
        np.testing.assert_allclose(reading.result.probs, alone.result.probs, atol=1e-4)
        np.testing.assert_allclose(reading.painted.cam, alone.painted.cam, atol=1e-4)
        assert np.array_equal(reading.crop, alone.crop)


def test_live_probabilities_are_those_of_the_crop(engine, frame, faces):
    for reading in engine(frame, faces, QUICK, Memory()):
        with torch.no_grad():
            logits = engine.model.net(engine.model.prepare([reading.crop]))
        np.testing.assert_allclose(reading.result.probs, engine.model.probabilities(logits)[0].numpy(), atol=1e-5)
        assert reading.result.probs.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.ci
def test_a_randomised_look_paints_another_map_but_the_label_stays_the_networks(engine, frame, faces):
    true = engine(frame, faces, QUICK, Memory())
    for stages in range(1, 6):
        looked = engine(frame, faces, replace(QUICK, random=stages), Memory())
        for a, b in zip(true, looked, strict=True):
            np.testing.assert_allclose(a.result.probs, b.result.probs, atol=1e-5)
            assert b.agreement.spearman < 0.999
            assert b.painted.target == a.result.target
    back = engine(frame, faces, QUICK, Memory())
    np.testing.assert_allclose(back[0].painted.cam, true[0].painted.cam, atol=1e-6)


@pytest.mark.parametrize(("frozen", "times"), [(False, 2), (True, 6)])
def test_other_random_networks_are_asked_once_a_second_while_a_film_runs(
    engine, frame, faces, monkeypatch, frozen, times
):
    """Six frames over one second: the random network that is shown takes part in each; two others in the first, and in
    the first after a second. What stands still is asked anew whenever it is looked at."""
    asked, one = [], faces[:1]
    monkeypatch.setattr(
        "emolive.live.engine.look", lambda net, *args, **more: asked.append(net) or look(net, *args, **more)
    )
    settings, memory = replace(QUICK, random=1, frozen=frozen), Memory()
    for n in range(6):
        shot = Frame(n, 250.0 * n, frame.bgr)
        readings = engine(shot, one, settings, memory)
        memory = remember(memory, shot, one, readings, settings)
        assert len(readings[0].likeness.like) == SEEDS
        assert readings[0].likeness.t_ms == (250.0 * n if frozen else 1000.0 * (n // 4))
    counts = sorted(asked.count(net) for net in {id(net): net for net in asked}.values())
    assert counts == [times] * (SEEDS - 1) + [6, 6]


@pytest.mark.parametrize("switched", [{"layer": "layer2"}, {"random": 2}, {"target": "happy"}])
def test_another_map_is_compared_anew_with_those_of_random_networks(engine, frame, faces, switched):
    settings = replace(QUICK, random=1)
    readings = engine(frame, faces, settings, Memory())
    memory = remember(Memory(), frame, faces, readings, settings)
    later, after = Frame(1, 40.0, frame.bgr), replace(settings, **switched)
    found, alone = (engine(later, faces, after, before) for before in (memory, replace(memory, last=None)))
    chosen = [face.track for face in faces].index(memory.chosen)
    assert found[chosen].likeness == alone[chosen].likeness
    assert found[chosen].likeness.t_ms == 40.0


def test_knocking_out_filters_changes_the_score_by_their_share(engine, frame, faces):
    off = (3, 77, 200)
    settings = replace(QUICK, off=off, by_share=True)
    for reading in engine(frame, faces, settings, Memory()):
        knocked = reading.results[reading.knocked]
        lost = reading.ledger.shares[list(off)].sum()
        assert reading.result.logits[reading.result.target] - knocked.logits[reading.result.target] == pytest.approx(
            lost, abs=1e-4
        )


def test_knocking_out_all_filters_leaves_the_bias(engine, frame, faces):
    (reading,) = engine(frame, faces[:1], replace(QUICK, off=tuple(range(512))), Memory())
    bias = engine.model.net.fc.bias.numpy()
    np.testing.assert_allclose(reading.results[reading.knocked].logits, bias, atol=1e-4)
    assert np.abs(reading.results[reading.knocked].cam).max() == 0


@pytest.mark.parametrize("labels", [("sad", "happy"), ("cat", "dog", "cow")])
def test_a_second_model_may_have_another_size_colour_and_labels(model, frame, faces, labels):
    torch.manual_seed(1)
    spec = models.Spec(labels=labels, input_size=80, crop_size=80, color="rgb", crop_margin={"full": 1.5})
    second = models.Model(models.build(spec).eval().requires_grad_(False), spec)
    engine = Engine(model, second=second)
    other = Variant(net="b", method="layercam", layer="layer3")
    for reading in engine(frame, faces, replace(QUICK, compare=other), Memory()):
        result = reading.results[reading.other]
        assert result.probs.shape == (len(labels),)
        assert result.cam.shape == (5, 5)
        assert reading.other_crop.shape == (80, 80, 3)
        assert -1 <= reading.agreement.spearman <= 1


def test_the_proof_of_a_frame_rides_in_the_next_ones_batch(engine, frame, faces):
    settings = replace(QUICK, proof=True)
    first = engine(frame, faces, settings, Memory())
    assert all(reading.proof is None for reading in first)
    memory = remember(Memory(), frame, faces, first, settings)
    later = Frame(1, 40.0, frame.bgr)
    second = engine(later, faces, settings, memory)
    chosen = [face.track for face in faces].index(memory.chosen)
    proof = second[chosen].proof
    assert (proof.index, proof.track) == (0, memory.chosen)
    assert proof.before == pytest.approx(first[chosen].result.probs[proof.target])
    with torch.no_grad():
        logits = engine.model.net(engine.model.prepare(proof.masked))
    np.testing.assert_allclose(proof.after, engine.model.probabilities(logits)[:, proof.target], atol=1e-4)
    assert sum(reading.proof is not None for reading in second) == 1
    frozen = engine(later, faces, replace(settings, frozen=True), memory)[chosen].proof
    assert frozen.index == 1  # a frozen frame has its own proof at once


@pytest.mark.parametrize("switched", [{"layer": "layer2"}, {"method": "layercam"}, {"target": "happy"}])
def test_the_first_answer_after_a_switch_is_about_the_new_map(engine, frame, faces, switched):
    """Masked faces of the map before are not in the batch, so that nobody takes their outcome for the new map's."""
    before, memory = replace(QUICK, proof=True), Memory()
    after = replace(before, **switched)
    ways = []
    for n, settings in enumerate([before, before, after, after, after]):
        shot = Frame(n, 40.0 * n, frame.bgr)
        readings = engine(shot, faces, settings, memory)
        memory = remember(memory, shot, faces, readings, settings)
        ways.append(next((reading.proof.way for reading in readings if reading.proof), None))
    assert ways == [None, base_variant(before), None, base_variant(after), base_variant(after)]


def test_a_proof_is_dropped_when_its_face_left(engine, frame, faces):
    settings = replace(QUICK, proof=True)
    memory = remember(Memory(), frame, faces, engine(frame, faces, settings, Memory()), settings)
    left = [face for face in faces if face.track != memory.chosen]
    assert all(r.proof is None for r in engine(Frame(1, 40.0, frame.bgr), left, settings, memory))
    assert engine(Frame(1, 40.0, frame.bgr), (), settings, memory) == ()


@pytest.mark.ci
def test_scorecam_waits_for_a_frozen_frame_and_is_worked_out_in_slices(engine, frame, faces):
    settings = replace(QUICK, method="scorecam", layer="layer1", against="sad")
    (live,) = engine(frame, faces[:1], settings, Memory())
    assert live.painted.cam is None
    assert "freeze" in live.painted.why
    assert engine.slow.working() is None
    frozen = replace(settings, frozen=True)
    (waiting,) = engine(frame, faces[:1], frozen, Memory())
    assert waiting.painted.cam is None
    assert "any key stops it" in waiting.painted.why
    parts = []
    while working := engine.slow.working():
        parts.append(working.part)
        engine.slow.step(0)
    assert parts == sorted(parts)
    assert len(parts) == 17  # 64 channels, 4 at a time, and the end
    (done,) = engine(frame, faces[:1], frozen, Memory())
    want = maps_of(engine.model, engine.model.prepare([done.crop]), base_variant(settings))[0]
    np.testing.assert_allclose(done.painted.cam, want, atol=1e-4 * np.abs(want).max())
    assert done.painted.ms > 0
    (again,) = engine(frame, faces[:1], replace(frozen, target="happy", against=None), Memory())
    assert engine.slow.working() is None  # the same passes serve every target
    assert np.abs(again.painted.cam - done.painted.cam).max() > 0
    assert engine.finished(frame, faces[:1], frozen, Memory())[0].painted.cam is not None


def test_a_stopped_slow_map_rests_until_another_look_or_frame(model, frame, faces):
    engine = Engine(model)
    settings = replace(QUICK, method="scorecam", layer="layer1", frozen=True)
    engine(frame, faces[:2], settings, Memory())
    engine.slow.step(0)
    engine.slow.stop()
    assert engine.slow.working() is None
    (stopped, _) = engine(frame, faces[:2], replace(settings, proof=True), Memory())
    assert "stopped by a key" in stopped.painted.why
    assert engine.slow.working() is None
    engine(frame, faces[:2], replace(settings, method="gradcam"), Memory())
    engine(frame, faces[:2], settings, Memory())
    assert engine.slow.working().part == 0
    engine.slow.stop()
    engine(Frame(1, 40.0, frame.bgr), faces[:2], settings, Memory())
    assert engine.slow.working() is not None
    engine(Frame(2, 80.0, frame.bgr), (), settings, Memory())
    assert engine.slow.working() is None  # whose faces are gone is not worked on


@pytest.mark.parametrize("method", ["gradcam", "guided", *dear("scorecam"), "eigencam"])
@pytest.mark.parametrize("against", [None, "sad"])
def test_one_network_as_both_agrees_with_itself_in_every_way(model, frame, faces, method, against):
    engine = Engine(model, second=model)
    compare = Variant("b", method, "layer1")
    settings = replace(QUICK, method=method, layer="layer1", against=against, frozen=True, compare=compare)
    for reading in engine.finished(frame, faces[:1], settings, Memory()):
        assert reading.results[reading.other].cam is not None
        assert reading.agreement.spearman == pytest.approx(1, abs=1e-6)
        assert reading.agreement.iou == 1
        assert reading.other_label == model.spec.labels[reading.result.target]


def test_what_a_second_network_does_not_know_nothing_is_held_against(model, frame, faces):
    spec = replace(model.spec, labels=(*model.spec.labels[:-2], "grief", "awe"))
    engine = Engine(model, second=replace(model, spec=spec))
    settings = replace(QUICK, target="happy", against="sad", compare=Variant("b", "gradcam"))
    (reading,) = engine(frame, faces[:1], settings, Memory())
    assert reading.results[reading.other].cam is None
    assert "knows no sad" in reading.results[reading.other].why
    assert reading.agreement is None


@pytest.mark.parametrize(("method", "better"), [("guided", 0.4), ("activation", 0.1)])
def test_maps_of_other_squares_are_laid_over_each_other_before_they_are_compared(model, frame, faces, method, better):
    """The same network with a wider crop sees the same things at the same places of the frame, not of the crops."""
    wide = replace(model, spec=replace(model.spec, crop_margin={"full": 1.35}))
    engine = Engine(model, second=wide)
    settings = replace(QUICK, method=method, layer="layer1", compare=Variant("b", method, "layer1"))
    for reading in engine(frame, faces, settings, Memory()):
        crooked = agreement(reading.painted.cam, reading.results[reading.other].cam).spearman
        assert reading.agreement.spearman > crooked + better
        assert reading.agreement.spearman > 0.5


@pytest.mark.ci
def test_a_randomised_look_has_every_methods_map_and_contrast(engine, frame, faces):
    for method in ("gradcam", "guided", "scorecam"):
        settings = replace(QUICK, method=method, layer="layer1", random=5, frozen=True)
        (plain,) = engine.finished(frame, faces[:1], settings, Memory())
        (contrast,) = engine.finished(frame, faces[:1], replace(settings, against="sad"), Memory())
        assert plain.agreement.spearman < 0.999
        assert np.abs(plain.painted.cam - contrast.painted.cam).max() > 0
        assert plain.painted.ms > 0


def test_every_emotion_of_score_cam_comes_with_its_map(model, frame, faces):
    engine = Engine(model)
    settings = replace(QUICK, method="scorecam", layer="layer1", frozen=True, views=("camera", "emotions"))
    (first,) = engine(frame, faces[:1], settings, Memory())
    assert first.emotions is None
    (reading,) = engine.finished(frame, faces[:1], settings, Memory())
    np.testing.assert_allclose(reading.emotions[reading.result.target], reading.result.cam, atol=1e-6)


def shot(frame: Frame, index: int, cut: bool = False) -> Frame:
    """The frame, darker by `index` steps, so that each has maps of its own."""
    darker = np.ascontiguousarray((frame.bgr * (1 - 0.04 * index)).astype(np.uint8))
    return replace(frame, index=index, t_ms=40.0 * index, bgr=darker, cut=cut)


def test_maps_that_take_a_pass_each_are_renewed_in_turn(engine, frame, faces):
    settings = replace(QUICK, method="layercam", layer="layer3", views=("camera", "emotions"))
    memory, one, before, renewed = Memory(), faces[:1], None, set()
    for index in range(7):
        now = shot(frame, index)
        (reading,) = engine(now, one, settings, memory)
        (whole,) = engine(now, one, replace(settings, frozen=True), Memory())
        fresh = {k for k in range(7) if np.allclose(reading.emotions[k], whole.emotions[k], atol=1e-5)}
        if before is None:
            assert fresh == set(range(7))
        else:
            assert fresh == {reading.renewed, reading.result.target}
            kept = [k for k in range(7) if k not in fresh]
            assert np.array_equal(reading.emotions[kept], before[kept])
            renewed |= fresh
        memory, before = remember(memory, now, one, (reading,), settings), reading.emotions
    assert renewed == set(range(7))
    for another in (replace(settings, frozen=True), replace(settings, method="hirescam")):
        (reading,) = engine(shot(frame, 7), one, another, memory)
        (whole,) = engine(shot(frame, 7), one, another, Memory())
        np.testing.assert_allclose(reading.emotions, whole.emotions, atol=1e-5)
    (reading,) = engine(shot(frame, 7, cut=True), one, settings, memory)
    (whole,) = engine(shot(frame, 7), one, settings, Memory())
    np.testing.assert_allclose(reading.emotions, whole.emotions, atol=1e-5)


@pytest.mark.parametrize(("method", "layer"), [("gradcam", "layer4"), ("eigencam", "layer3")])
def test_maps_without_a_pass_of_their_own_are_all_of_the_frame(engine, frame, faces, method, layer):
    settings = replace(QUICK, method=method, layer=layer, views=("camera", "emotions"))
    (first,) = engine(frame, faces[:1], settings, Memory())
    memory = remember(Memory(), frame, faces[:1], (first,), settings)
    (reading,) = engine(shot(frame, 5), faces[:1], settings, memory)
    (whole,) = engine(shot(frame, 5), faces[:1], settings, Memory())
    np.testing.assert_allclose(reading.emotions, whole.emotions, atol=1e-5)
    assert reading.renewed == -1


@pytest.mark.ci
@pytest.mark.parametrize("frames", [40, pytest.param(1000, marks=pytest.mark.endurance)])
def test_switching_anything_on_every_frame_leaves_no_hook_and_no_memory(model, frame, faces, frames):
    rng = np.random.default_rng(0)
    engine, memory = Engine(model), Memory()
    names = list(model.layers)
    methods = list(METHODS)
    counts = []
    for i in range(frames):
        settings = replace(
            QUICK,
            method=str(rng.choice(methods)),
            layer=str(rng.choice(names)),
            filter_layer=str(rng.choice(names)),
            pins=tuple(rng.integers(0, 64, 2).tolist()),
            off=tuple(rng.integers(0, 64, rng.integers(0, 3)).tolist()),
            random=int(rng.integers(0, 6)),
            proof=bool(rng.integers(2)),
            by_share=bool(rng.integers(2)),
            frozen=bool(rng.integers(2)),
            against=[None, "sad"][rng.integers(2)],
            views=("camera", "emotions") if rng.integers(2) else ("camera",),
        )
        shot = Frame(i, i * 40.0, frame.bgr)
        readings = engine(shot, faces[: rng.integers(1, 4)], settings, memory)
        memory = remember(memory, shot, faces[: len(readings)], readings, settings)
        if i in (frames // 2, frames - 1):
            gc.collect()
            counts.append(sum(type(o) is torch.Tensor for o in gc.get_objects()))
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in model.net.modules())
    assert counts[1] <= counts[0] + 200  # copies of randomised networks may still have been made
    assert len(memory.tracks) <= 3


def test_damaged_weights_are_named(frame, faces):
    broken = seeded(0, labels=("a", "b"))
    broken.net.fc.weight[0] = float("nan")
    settings = replace(QUICK, proof=True, by_share=True)
    for reading in Engine(broken)(frame, faces, settings, Memory()):
        assert reading.painted.cam is None
        assert "damaged" in reading.painted.why
