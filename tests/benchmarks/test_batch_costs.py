"""The arithmetic of a corpus, against figures worked out by hand; the document that holds it."""

from pathlib import Path

import pytest
from batch_costs import FROM, TO, Costs, Run, Stages, cluster, costs, gpu_core_s, verdict, within
from batch_report import Setting, markdown
from scene_video import write_scene

from emolive.media.clips import VideoClip

DOC = Path(__file__).resolve().parents[2] / "docs" / "SCALING.md"

COST = Costs(speedup=1.8, slowest=1.7, core_s=7200.0, start_s=10.0, busy=0.95, worker_mb=800.0, out_mb=30.0)
STAGES = Stages(decode=5.0, detect=15.0, network=60.0)


def test_costs_are_medians_without_the_start():
    starts = [Run(2, 5.0, cpu, 600.0, 10) for cpu in (8.0, 10.0, 50.0)]
    ones = [Run(1, wall, 60.0, 700.0, 1_000_000) for wall in (60.0, 90.0, 64.0)]
    twos = [Run(2, wall, 70.0, peak, 1_000_000) for wall, peak in ((40.0, 650.0), (45.0, 720.0), (40.0, 660.0))]
    cost = costs(starts, ones, twos, video_h=0.01, cores=2)
    assert cost.speedup == pytest.approx(1.6)
    assert cost.slowest == pytest.approx(1.5)
    assert cost.core_s == pytest.approx((70 - 10) / 0.01)
    assert cost.busy == pytest.approx(70 / 40 / 2)
    assert (cost.worker_mb, cost.out_mb) == (720.0, pytest.approx(100.0))


def test_a_corpus_too_small_is_refused():
    with pytest.raises(ValueError, match="too small"):
        costs([Run(2, 5.0, 9.0, 600.0, 10)], [Run(1, 5.0, 9.0, 1.0, 1)], [Run(2, 5.0, 8.0, 1.0, 1)], 0.01, 2)


def test_a_thousand_machines():
    plan = cluster(COST, machines=1000, cores=16, memory_gb=64)
    assert plan.workers == 16
    assert plan.machine_rate == pytest.approx(8.0)  # 16 cores, two core-hours each
    assert plan.rate == pytest.approx(8000.0)
    assert plan.tail_min == pytest.approx(10.0)
    assert plan.study_h == pytest.approx(10_000 / 6 / 8000 + 1 / 6)
    assert plan.input_gb_s == pytest.approx(8000 * 1.5 / 3600)
    assert plan.fed == pytest.approx(1000 * 1.25 / plan.input_gb_s)
    assert plan.output_gb == pytest.approx(10_000 / 6 * 0.03)


def test_memory_may_be_what_limits_the_workers():
    assert cluster(COST, cores=64, memory_gb=8).workers == 10
    assert cluster(COST, cores=64, memory_gb=0.1).workers == 1


def test_a_gpu_leaves_the_rest_to_the_cores():
    assert gpu_core_s(COST, STAGES) == pytest.approx(7200 / 4)


def test_the_verdict_is_withheld_on_a_busy_machine():
    assert verdict(COST, 1.1) == "yes"
    assert verdict(Costs(**{**vars(COST), "speedup": 1.4}), 1.1) == "NO"
    assert verdict(COST, 3.0).startswith("no verdict")


def test_the_document_has_its_place_for_the_figures():
    block = markdown(COST, STAGES, Setting(6, 20, 2, 3, "a processor", 2, 1.1))
    text = DOC.read_text(encoding="utf-8")
    written = within(text, block)
    assert written.count(block) == 1
    assert written.partition(FROM)[0] == text.partition(FROM)[0]
    assert written.partition(TO)[2] == text.partition(TO)[2]
    assert within(written, block) == written
    with pytest.raises(ValueError, match="marks"):
        within("no marks", block)


def test_the_scene_is_written_from_any_moment_on(tmp_path):
    write_scene(tmp_path / "film.mp4", faces=2, frames=5, from_ms=7_000)
    times = [t_ms for t_ms, _ in VideoClip(tmp_path / "film.mp4").play()]
    assert times == [0, 40, 80, 120, 160]
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
