"""What is remembered between frames: against formulas, and as properties of random histories."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from emolive.core.evidence import OWN, Query
from emolive.core.scene import (
    KEEP_MS,
    Face,
    Frame,
    Memory,
    Proof,
    Reading,
    Regions,
    Remembered,
    Result,
    Settings,
    Target,
    Variant,
)
from emolive.live.memory import FALL, FULL, RISE, STEADY, remember
from emolive.live.past import MOST, Past
from emolive.live.smooth import answers, given

SHOWN = Variant(method="gradcam", layer="layer4", target=Target())
SETTINGS = Settings(smooth_ms=300)


def frame(t_ms: float, cut: bool = False) -> Frame:
    return Frame(round(t_ms), t_ms, np.zeros((8, 8, 3), np.uint8), cut)


def face(track: int) -> Face:
    return Face((0, 0, 10, 10), 0.9, np.zeros((6, 2)), track)


def reading(
    probs: Sequence[float] = (0.5, 0.5), peak: float = 1.0, maps: Sequence[float] = (1, 2, 3), variant: Variant = SHOWN
) -> Reading:
    cam = np.array([[0, peak], [0, -peak / 10]], np.float32)
    result = Result(np.zeros(len(probs)), np.array(probs, np.float64), cam, 0)
    channels = np.array(maps, np.float32)[:, None, None] * np.array([[0.5, 1.5]], np.float32)
    return Reading(np.zeros((4, 4, 3), np.uint8), (0, 0, 10, 10), {variant: result}, variant, channels)


def play(
    history: Sequence[tuple[float, dict[int, Reading]]], settings: Settings = SETTINGS, memory: Memory | None = None
) -> Memory:
    """Remember what was read, each face with its answer, as the engine gives it."""
    memory = memory or Memory()
    for t_ms, readings in history:
        faces, now = [face(track) for track in readings], frame(t_ms)
        probs = [reading.result.probs for reading in readings.values()]
        smoothed, _ = answers(given(memory), [(now, faces)], probs, settings.smooth_ms)
        read = [replace(reading, smoothed=one) for reading, one in zip(readings.values(), smoothed, strict=True)]
        memory = remember(memory, now, faces, read, settings)
    return memory


def same(a: Remembered, b: Remembered) -> bool:
    arrays = np.array_equal(a.probs, b.probs) and np.array_equal(a.strength, b.strength)
    return arrays and dict(a.scale) == dict(b.scale) and (a.layer, a.seen_ms) == (b.layer, b.seen_ms)


def test_the_first_look_is_taken_as_it_is() -> None:
    kept = play([(40, {7: reading([0.2, 0.8], 3.0)})]).tracks[7]
    assert kept.probs.tolist() == [0.2, 0.8]
    assert kept.strength.tolist() == [1, 2, 3]
    assert dict(kept.scale) == {SHOWN: 3.0}
    assert (kept.layer, kept.seen_ms) == ("layer4", 40)


@pytest.mark.parametrize("steps", [1, 3, 30])
def test_smoothing_depends_on_time_and_not_on_the_number_of_frames(steps: int) -> None:
    """A step of the input, watched for 450 ms at several frame rates: always the same exponential."""
    times = np.linspace(0, 450, steps + 1)[1:]
    after = [(t, {1: reading([0.0, 1.0], 2.0, (11, 12, 13))}) for t in times]
    kept = play([(0, {1: reading([1.0, 0.0], 1.5)}), *after]).tracks[1]
    left = math.exp(-450 / 300)
    np.testing.assert_allclose(kept.probs, [left, 1 - left], rtol=1e-9)
    np.testing.assert_allclose(kept.scale[SHOWN], 2 - 0.5 * math.exp(-450 / (RISE * 300)), rtol=1e-6)
    np.testing.assert_allclose(kept.strength, np.array([11, 12, 13]) - 10 * math.exp(-450 / (STEADY * 300)), rtol=1e-5)


def test_probabilities_stay_probabilities() -> None:
    dice = np.random.default_rng(1)
    history = [(t, {1: reading(dice.dirichlet(np.ones(7)))}) for t in np.cumsum(dice.uniform(1, 200, 300))]
    for i in range(1, len(history)):
        probs = play(history[:i][-20:]).tracks[1].probs
        assert probs.min() >= 0
        assert probs.sum() == pytest.approx(1)


def test_the_heat_scale_rises_fast_and_falls_slowly() -> None:
    def after(ms: float, first: float, then: float) -> float:
        return play([(0, {1: reading(peak=first)}), (ms, {1: reading(peak=then)})]).tracks[1].scale[SHOWN]

    assert after(100, 1.0, 1.2) == pytest.approx(1.2 - 0.2 / math.e)
    assert after(FALL * 300, 1.0, 0.2) == pytest.approx(0.2 + 0.8 / math.e)
    assert after(33, 1.0, 100.0) == pytest.approx(FULL * 100), "a sudden peak is not full heat all over"


def test_a_map_of_noise_does_not_glow_after_a_strong_one() -> None:
    history = [(0, {1: reading(peak=10.0)}), *((t, {1: reading(peak=0.1)}) for t in range(33, 1000, 33))]
    assert play(history).tracks[1].scale[SHOWN] > 0.5 * 10


def test_faint_evidence_beside_much_against_is_not_full_heat() -> None:
    against = reading()
    cam = np.array([[0.01, -5.0]], np.float32)
    against = replace(against, results={SHOWN: replace(against.result, cam=cam)})
    assert play([(0, {1: against})]).tracks[1].scale[SHOWN] == pytest.approx(1.0)


def test_zero_turns_smoothing_off() -> None:
    history = [(t, {1: reading([p, 1 - p], 1 + p, (p, 2, 3))}) for t, p in ((0, 0.1), (33, 0.9), (66, 0.4))]
    kept = play(history, replace(SETTINGS, smooth_ms=0)).tracks[1]
    np.testing.assert_array_equal(kept.probs, [0.4, 0.6])
    np.testing.assert_allclose(kept.strength, [0.4, 2, 3])
    assert kept.scale[SHOWN] == pytest.approx(1.4)


def test_people_do_not_mix() -> None:
    """Everybody is remembered in company exactly as alone."""
    dice = np.random.default_rng(2)
    history = [
        (t, {n: reading(dice.dirichlet(np.ones(3)), dice.uniform(1, 2)) for n in (1, 2, 3)}) for t in range(0, 2000, 33)
    ]
    together = play(history).tracks
    for track in (1, 2, 3):
        alone = play([(t, {track: readings[track]}) for t, readings in history]).tracks
        assert same(together[track], alone[track])


def test_somebody_out_of_sight_is_kept_for_half_a_second() -> None:
    memory = play([(0, {1: reading(), 2: reading()})])
    gone = play([(KEEP_MS, {2: reading()})], memory=memory)
    assert same(gone.tracks[1], memory.tracks[1])
    assert set(play([(KEEP_MS + 1, {2: reading()})], memory=gone).tracks) == {2}


def test_one_frame_a_second_still_smooths() -> None:
    kept = play([(0, {1: reading([1.0, 0.0])}), (1000, {1: reading([0.0, 1.0])})]).tracks[1]
    assert 0 < kept.probs[0] < 0.1


def test_a_cut_to_what_was_never_seen_forgets_everybody() -> None:
    past, memory = Past(), play([(5000, {1: reading([1.0, 0.0]), 2: reading()})])
    after = past(memory, frame(0, cut=True))
    assert (after.tracks, after.last, after.chosen) == ({}, None, memory.chosen)
    assert past(memory, frame(5040)) is memory


def test_who_goes_back_finds_what_was_remembered_there() -> None:
    past, memory, kept = Past(), Memory(), []
    for t in range(0, 400, 40):
        before = past(memory, frame(t))
        memory = play([(t, {1: reading([t / 400, 1 - t / 400])})], memory=before)
        kept.append((t, before.tracks, memory.tracks[1].probs))
    for t, before, after in reversed(kept):
        found = past(memory, frame(t, cut=True))
        assert found.tracks == before
        memory = play([(t, {1: reading([t / 400, 1 - t / 400])})], memory=found)
        assert memory.tracks[1].probs.tolist() == after.tolist()
    other_film = replace(frame(40, cut=True), film=1)
    assert not past(memory, other_film).tracks


def test_the_past_is_bounded() -> None:
    past, memory = Past(), play([(0, {1: reading()})])
    for t in range(MOST + 5):
        past(memory, frame(t))
    assert not past(Memory(), frame(4, cut=True)).tracks
    assert past(Memory(), frame(MOST, cut=True)).tracks


def test_a_row_of_frames_is_answered_as_one_by_one() -> None:
    """People come and go, one of them has no track, and there is a cut."""
    dice, one_by_one, before = np.random.default_rng(4), [], {}
    shots = [
        (
            frame(33 * i, cut=i == 20),
            [face(n) for n in range(4) if dice.uniform() < 0.8 and not (n == 1 and 5 < i < 30)],
        )
        for i in range(40)
    ]
    probs = [dice.dirichlet(np.ones(3)) for _, faces in shots for _ in faces]
    left = list(probs)
    for shot in shots:
        count = len(shot[1])
        now, before = answers({} if shot[0].cut else before, [shot], left[:count], 300)
        one_by_one, left = one_by_one + now, left[count:]
    together, after = answers({}, shots, probs, 300)
    assert np.array_equal(together, one_by_one)
    assert after.keys() == before.keys()
    untracked = [i for i, f in enumerate(f for _, faces in shots for f in faces) if f.track == 0]
    assert all(np.array_equal(together[i], probs[i]) for i in untracked)
    assert not np.allclose(together, probs)


def test_faces_without_a_track_are_not_remembered() -> None:
    assert not remember(Memory(), frame(0), [face(0), face(0)], [reading(), reading()], SETTINGS).tracks


def test_the_same_frame_again_stands_still() -> None:
    first, last = {1: reading([1.0, 0.0])}, {1: reading([0.3, 0.7], 5.0, (9, 9, 9))}
    once = play([(0, first), (33, last)])
    again = play([(33, last)] * 5, memory=once)
    assert same(once.tracks[1], again.tracks[1])


def test_a_frozen_frame_shows_another_way_to_look_at_once_and_the_first_as_it_was() -> None:
    other = replace(SHOWN, method="layercam")
    memory = play([(0, {1: reading(peak=1.0)}), (33, {1: reading(peak=1.3)})])
    before = memory.tracks[1].scale[SHOWN]
    elsewhere = play([(33, {1: reading(peak=40.0, variant=other)})], memory=memory).tracks[1]
    assert elsewhere.scale[other] == pytest.approx(40)
    back = play([(33, {1: reading(peak=1.3)})], memory=Memory({1: elsewhere})).tracks[1]
    assert back.scale[SHOWN] == before
    assert same(replace(back, scale={}), replace(memory.tracks[1], scale={}))


def test_a_change_of_target_keeps_the_scale() -> None:
    sad = replace(SHOWN, target=Target("sad"))
    memory = play([(0, {1: reading(peak=2.0)})])
    kept = play([(33, {1: reading(peak=1.9, variant=sad)})], memory=memory).tracks[1]
    assert set(kept.scale) == {SHOWN}
    assert 1.9 < kept.scale[SHOWN] < 2


def test_another_filter_layer_begins_its_strengths_anew() -> None:
    memory = play([(0, {1: reading(maps=(1, 2, 3))})])
    kept = play([(33, {1: reading(maps=(9, 8, 7))})], replace(SETTINGS, filter_layer="layer3"), memory).tracks[1]
    assert kept.strength.tolist() == [9, 8, 7]
    assert kept.layer == "layer3"


def test_another_number_of_labels_begins_anew() -> None:
    memory = play([(0, {1: reading([0.5, 0.5])})])
    assert play([(33, {1: reading([0.2, 0.3, 0.5])})], memory=memory).tracks[1].probs.tolist() == [0.2, 0.3, 0.5]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_does_not_stay(bad: float) -> None:
    good, broken = reading([0.2, 0.8], 2.0), reading([bad, bad], bad, (bad, 2, 3))
    kept = play([(0, {1: good}), (33, {1: broken}), (66, {1: good})]).tracks[1]
    np.testing.assert_allclose(kept.probs, [0.2, 0.8])
    np.testing.assert_allclose(kept.strength, [1, 2, 3])
    assert kept.scale[SHOWN] == pytest.approx(2)
    late = play([(0, {1: broken}), (33, {1: good})]).tracks[1]
    np.testing.assert_allclose(late.probs, [0.2, 0.8])
    np.testing.assert_allclose(late.strength, [1, 2, 3])
    assert late.scale[SHOWN] == pytest.approx(2)


def test_a_method_that_is_not_defined_has_no_scale() -> None:
    undefined = reading()
    undefined = replace(undefined, results={SHOWN: replace(undefined.result, cam=None, why="not here")})
    assert dict(play([(0, {1: undefined})]).tracks[1].scale) == {}


def test_nothing_given_is_written_to_and_memory_stays_small() -> None:
    dice, memory = np.random.default_rng(3), Memory()
    for i in range(1000):
        given = reading(dice.dirichlet(np.ones(3)), variant=replace(SHOWN, channels=(i,)))
        for array in (given.result.probs, given.result.cam, given.maps):
            array.setflags(write=False)
        before = memory
        for kept in before.tracks.values():
            kept.probs.setflags(write=False)
            kept.strength.setflags(write=False)
        memory = play([(i * 300.0, {1: given, 100 + i: given})], memory=before)
        assert len(memory.tracks) <= 3
        assert all(len(kept.scale) == 1 for kept in memory.tracks.values())


def test_running_figures_are_of_one_way_to_look() -> None:
    """Another method begins anew; the target that follows the likeliest emotion does not."""
    asks = Query("blur", OWN), Query("blur", "random")
    eyes = Regions(eyes=1.0)

    def proven(variant: Variant) -> Reading:
        proof = Proof(0, 1, 0, 0.9, asks, (0.1, 0.5), np.zeros((2, 4, 4, 3), np.uint8), variant)
        return replace(reading(variant=variant), base=variant, proof=proof, regions=eyes)

    kept = play([(t * 500, {1: proven(SHOWN)}) for t in range(9)])
    assert [second["blur", "random"] for second in kept.tracks[1].tally.seconds] == [pytest.approx(0.4)] * 4
    assert kept.tracks[1].evidence.seconds == 4
    assert kept.tracks[1].regions[0] == eyes
    other = play([(5000, {1: proven(replace(SHOWN, method="layercam"))})], memory=kept).tracks[1]
    assert (other.evidence, other.tally.seconds, len(other.tally.now)) == (None, (), 1)
    old = replace(proven(replace(SHOWN, method="layercam")), proof=proven(SHOWN).proof)
    late = play([(5000, {1: old})], memory=kept).tracks[1]
    assert late.tally.asked == 0  # the first answer after a switch is about the old map
    assert other.region_counts == {0: 1}


def test_what_the_network_cannot_know_leaves_a_gap_and_counts_for_no_figure() -> None:
    memory, turned = Memory(), {400.0, 500.0, 600.0}
    for t in np.arange(0.0, 1000.0, 100.0):
        faces = [replace(face(1), outside="turned 50\N{DEGREE SIGN}" if t in turned else "")]
        read = [replace(reading(), regions=Regions(1.0))]
        memory = remember(memory, frame(t), faces, read, SETTINGS)
    kept = memory.tracks[1]
    assert {moment.t_ms for moment in kept.timeline} == set(np.arange(0.0, 1000.0, 100.0)) - turned
    assert sum(kept.region_counts.values()) == 7
    assert kept.seen_ms == 900
    never = remember(Memory(), frame(0), [replace(face(1), outside="dark")], [reading()], SETTINGS)
    assert never.tracks[1].timeline == ()
