"""A result is made once, and in segments it is what it is in one piece: tasks as workers do them, with real videos."""

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from films import scene_of

from emolive.core.errors import ModelError
from emolive.core.options import Options
from emolive.core.scene import Face, Frame, Memory, Reading, Remembered, Result, Settings, Variant
from emolive.corpus.answers import Keeper, Recall
from emolive.corpus.job import Job, Join, Outcome, Segment, Split, Whole
from emolive.corpus.layout import MAKING, draft, making
from emolive.corpus.manifest import makers_of, network_facts, settings_hash
from emolive.corpus.result import VideoResult
from emolive.corpus.split import edges
from emolive.corpus.work import work


def job_of(film: Path, out: Path, model, options: Options, segment_s: float = 0.0) -> Job:
    settings = settings_hash(options, True, "jsonl", makers_of(options, [network_facts(model.spec, model.sha256)]))
    return Job(film, out, options, settings, annotated=True, segment_s=segment_s)


def rows(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "data.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(film, model, tmp_path_factory) -> Job:
    """A job that is done, in one piece."""
    job = job_of(film, tmp_path_factory.mktemp("whole") / "clip", model, Options())
    assert work(Whole(job)) == Outcome(24, 19)
    return job


def test_in_segments_it_is_what_it_is_in_one_piece(whole, model, tmp_path):
    job = job_of(whole.video, tmp_path / "clip", model, whole.options, segment_s=0.2)
    split = work(Whole(job))
    assert isinstance(split, Split)
    assert len(split.edges_ms) == 3
    for number in (2, 0, 3, 1):  # in any order
        assert work(Segment(job, split, number)) == Segment(job, split, number)
    kept = {path: path.stat().st_mtime_ns for path in making(job.out).glob("*.answers")}
    assert len(kept) == 4
    work(Segment(job, split, 2))  # looked at before: not again
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert work(Join(job, split)) == Outcome(24, 19)
    assert VideoResult.read(job.out).segments == 4
    assert VideoResult.read(job.out).people == VideoResult.read(whole.out).people
    assert_same(job.out, whole.out)
    assert not list((tmp_path / MAKING).glob("*"))


def assert_same(one: Path, other: Path) -> None:
    """The data of both are the same but for the last digits, the videos to the byte."""
    for a, b in zip(rows(one), rows(other), strict=True):
        assert (a["frame"], a["t_ms"]) == (b["frame"], b["t_ms"])
        for mine, theirs in zip(a["faces"], b["faces"], strict=True):
            assert mine.keys() == theirs.keys()
            for key, value in theirs.items():
                digits = {"probs": 1e-5, "probs_smooth": 1e-5, "heat": 1e-5, "entropy": 2e-4}.get(key)
                assert mine[key] == (pytest.approx(value, abs=digits) if digits else value), key
    assert (one / "video.mp4").read_bytes() == (other / "video.mp4").read_bytes()


@pytest.mark.ci
def test_who_comes_just_before_a_border_is_confirmed_when_they_are_in_one_piece(late_film, model, tmp_path):
    """Three sights confirm: the first is in one segment, the third in the next."""
    job = job_of(late_film, tmp_path / "whole", model, Options())
    assert work(Whole(job)) == Outcome(24, 17)
    assert [[face["confirmed"] for face in row["faces"]] for row in rows(job.out)[4:9]] == [
        [], [False], [False], [True], [True]
    ]  # fmt: skip
    parted = job_of(late_film, tmp_path / "parted", model, Options(), segment_s=0.2)
    split = work(Whole(parted))
    assert isinstance(split, Split)
    assert len(split.edges_ms) == 3
    for number in range(4):
        work(Segment(parted, split, number))
    assert work(Join(parted, split)) == Outcome(24, 17)
    assert_same(parted.out, job.out)


@pytest.mark.ci
def test_segments_that_are_lost_or_broken_are_looked_at_again(whole, model, tmp_path):
    job = job_of(whole.video, tmp_path / "clip", model, whole.options, segment_s=0.2)
    split = work(Whole(job))
    for number in range(3):
        work(Segment(job, split, number))
    broken = sorted(making(job.out).glob("*.answers"))[1]
    broken.write_bytes(broken.read_bytes()[:-400] + bytes(200))
    assert work(Join(job, split)) == Outcome(24, 19)
    assert VideoResult.read(job.out).people == VideoResult.read(whole.out).people


@pytest.mark.ci
def test_what_is_done_is_kept_and_other_settings_do_it_again(whole, model):
    before = {path: path.stat().st_mtime_ns for path in whole.out.iterdir()}
    assert work(Whole(whole)) == Outcome(24, 19, kept=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not work(Whole(replace(whole, force=True))).kept
    other = job_of(whole.video, whole.out, model, Options(method="layercam"))
    assert not work(Whole(other)).kept
    assert VideoResult.read(whole.out).options["method"] == "layercam"
    assert not work(Whole(whole)).kept
    assert work(Whole(whole)).kept


def test_another_model_than_the_drivers_is_refused(whole, tmp_path):
    with pytest.raises(ModelError, match="run the batch again"):
        work(Whole(replace(whole, out=tmp_path / "clip", settings="of other weights")))
    assert not (tmp_path / "clip").exists()


def test_a_result_that_fails_half_made_leaves_the_one_before(tmp_path):
    out = tmp_path / "clip"
    with draft(out) as folder:
        (folder / "report.json").write_text("first")
    with pytest.raises(FileNotFoundError), draft(out) as folder:
        (folder / "report.json").replace(folder / "no" / "such" / "folder")
    assert (out / "report.json").read_text() == "first"


def test_cuts_lie_before_key_frames(film):
    with av.open(str(film)) as container:
        keys = [1000 * frame.time for frame in container.decode(video=0) if frame.key_frame]
    cuts = edges(film, 0.2)
    assert len(cuts) == 3
    for cut in cuts:
        assert min(abs(key - cut) for key in keys) < 0.001
        assert not any(cut - 0.001 < key < cut for key in keys)
    assert edges(film, 10) == ()


def test_a_map_that_explains_another_emotion_than_the_answer_is_made_anew(tmp_path):
    """A segment did not know what was said before it: of who was happy a moment ago the answer is happy still."""
    shown, crop = Variant(), np.zeros((4, 4, 3), np.uint8)
    result = Result(np.zeros(2), np.array([0.4, 0.6]), np.ones((2, 2), np.float32), 1)
    reading = Reading(crop, (0, 0, 4, 4), {shown: result}, shown, np.ones((3, 2, 2), np.float32), base=shown)
    face = Face((0, 0, 4, 4), 0.9, np.zeros((6, 2)), 1)
    frames = [Frame(i, 40.0 * i, np.full((8, 8, 3), i, np.uint8)) for i in range(2)]
    with Keeper(tmp_path / "segments" / "0.answers") as keep:
        for frame in frames:
            keep(replace(scene_of(frame), faces=(face,), readings=(reading,)), {})
    anew: list[Frame] = []

    def look(frame: Frame, *asked: object) -> tuple[Reading, ...]:
        anew.append(frame)
        return (replace(reading, results={shown: replace(result, target=0)}),)

    recall = Recall([tmp_path / "segments" / "0.answers"], lambda frame: (), look)
    happy = Memory({1: Remembered(np.array([0.9, 0.1]), {}, np.zeros(3), "layer4", -10.0)})
    for frame, memory, expected in ((frames[0], Memory(), 1), (frames[1], happy, 0)):
        faces = recall.detect(frame)
        (found,) = recall.read(frame, faces, Settings(), memory)
        assert found.result.target == expected
        (aimed,) = recall.read(frame, faces, Settings(target="sad"), memory)
        assert aimed.result.target == 1, "a target that was asked for depends on nothing before"
    assert anew == [frames[1]]
    assert (recall.missed, recall.aimed) == (0, 1)
    assert found.result.target == 0
