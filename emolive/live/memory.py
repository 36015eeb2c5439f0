"""What is remembered of each person between frames, so that figures and heat neither flicker nor mix.

The answer of each face comes with its reading (`smooth.py`) and is kept as it is. With `Settings.smooth_ms` at 0 all
figures are those of the frame alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from emolive.audit.tally import of_film, taken
from emolive.core.scene import (
    KEEP_MS,
    Face,
    Frame,
    Memory,
    Reading,
    Remembered,
    Settings,
    Target,
    Trials,
    Variant,
    selected,
)
from emolive.live.history import mean_regions, pinned, timeline
from emolive.live.smooth import mixed, part

RISE, FALL, STEADY = 1 / 3, 10, 3
"""Time constants as multiples of `smooth_ms`: of a heat scale that rises (100 ms by default) or falls (3 s), so that
heat that fades is seen to fade, and of the channels' strengths (0.9 s), so that tiles keep their places."""

FULL = 0.7
"""A scale is never less than this part of the map's peak, so that heat is not full all over where it rises suddenly."""

NOISE = 0.2
"""Evidence for the target that is weaker than this part of the evidence against it never counts as full heat."""


def remember(
    memory: Memory, frame: Frame, faces: Sequence[Face], readings: Sequence[Reading], settings: Settings
) -> Memory:
    """Give the memory after a frame; `readings[i]` belongs to `faces[i]`.

    `memory` is what was remembered before it (`past.py`). A person out of sight is forgotten after `KEEP_MS`, faces
    without a track are not remembered. The same frame again (its time as before) changes nothing, except that ways to
    look that are new are taken up.
    """
    before = memory.tracks
    seen = {
        face.track: _remembered(before.get(face.track), reading, settings, frame.t_ms, not face.outside)
        for face, reading in zip(faces, readings, strict=True)
        if face.track
    }
    absent = {track: old for track, old in before.items() if track not in seen and frame.t_ms - old.seen_ms <= KEEP_MS}
    if not faces:
        return replace(memory, tracks=absent | seen, last=None)
    i = selected(faces, settings, memory)
    pins = pinned(memory.pinned, settings.pins, settings.filter_layer, faces, readings, i, frame.t_ms, frame.cut)
    return Memory(absent | seen, faces[i].track, pins, (faces[i].track, frame.index, readings[i]))


def _remembered(old: Remembered | None, reading: Reading, settings: Settings, t_ms: float, known: bool) -> Remembered:
    """What is kept of a track after a frame. What the network cannot know (not `known`) leaves a gap in its timeline,
    and counts for no figure of an emotion."""
    probs, strength = reading.answer, reading.maps.mean(axis=(1, 2))
    if old is None:
        first = Remembered(probs, _scales({}, reading, 0, 0), strength, settings.filter_layer, t_ms)
        return _grown(first, reading, t_ms) if known else first
    passed, tau = max(0.0, t_ms - old.seen_ms), settings.smooth_ms
    if old.layer == settings.filter_layer:
        strength = mixed(old.strength, strength, part(passed, STEADY * tau))
    scale = _scales(old.scale, reading, passed, tau)
    if passed == 0:  # walking through methods on a frozen frame and back shows each as it was
        scale = {**old.scale, **scale}
    now = replace(old, probs=probs, scale=scale, strength=strength, layer=settings.filter_layer, seen_ms=t_ms)
    return _grown(now, reading, t_ms) if passed and known else now


def _grown(now: Remembered, reading: Reading, t_ms: float) -> Remembered:
    """What is known, with a new frame taken into the timeline and the running figures; those are of one way to look."""
    base = reading.base or reading.shown
    if base != now.base:
        now = replace(now, base=base, regions={}, region_counts={}, tally=Trials(), evidence=None)
    now = replace(now, timeline=timeline(now.timeline, t_ms, now.probs))
    now = mean_regions(now, reading.result.target, reading.regions)
    if reading.proof is None or reading.proof.whole or reading.proof.way != base:
        return now
    tally = taken(now.tally, reading.proof, reading.crop, t_ms)
    finished = len(tally.seconds) != len(now.tally.seconds)
    return replace(now, tally=tally, evidence=of_film(tally) if finished else now.evidence)


def _scales(old: Mapping[Variant, float], reading: Reading, passed: float, tau: float) -> dict[Variant, float]:
    """What counts as full heat for each variant of a reading, following its peak. A broken map changes nothing."""
    scales = {way: old[way] for way in map(_way, reading.results) if way in old}
    for way, peak in _peaks(reading).items():
        known = old.get(way, peak)
        smooth = known + part(passed, (RISE if peak > known else FALL) * tau) * (peak - known)
        scales[way] = max(smooth, FULL * peak)
    return scales


def _peaks(reading: Reading) -> dict[Variant, float]:
    """The strongest evidence of each way to look; broken maps are left out."""
    peaks: dict[Variant, float] = {}
    for variant, result in reading.results.items():
        if result.cam is not None and np.isfinite(result.cam).all():
            peak = max(float(result.cam.max(initial=0)), -NOISE * float(result.cam.min(initial=0)))
            peaks[_way(variant)] = max(peak, peaks.get(_way(variant), 0.0))
    return peaks


def _way(variant: Variant) -> Variant:
    """A variant without its target: when the likeliest emotion changes, the scale stays, so nothing flickers."""
    return replace(variant, target=Target())
