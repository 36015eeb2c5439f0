"""The pure parts of the comparison with peers: turns, ratios, verdicts, the report, environments."""

import dataclasses

import click
import pytest
from peers_environments import Environment, made, trouble
from peers_report import markdown, plot
from peers_results import (
    BARE,
    BOUNDS,
    FACE_BY_FACE,
    FER,
    GRAD_CAM,
    GRAD_CAM_ONE_BY_ONE,
    ONE_BY_ONE,
    OURS,
    Measured,
    measured,
    ratio,
    spread,
    take_turns,
    verdict,
)

RUN = Measured(
    faces=4,
    layer="layer3",
    input_size=112,
    maps={
        BARE: (10.0, 11.0, 12.0),
        OURS: (14.0, 15.0, 16.0),
        ONE_BY_ONE: (20.0, 21.0, 22.0),
        GRAD_CAM: (40.0, 50.0, 60.0),
        GRAD_CAM_ONE_BY_ONE: (70.0, 70.0, 70.0),
    },
    differences={OURS: 0.0, GRAD_CAM: 2e-6},
    video={OURS: (30.0, 31.0, 32.0), FACE_BY_FACE: (80.0, 81.0, 82.0), FER: (100.0, 90.0, 95.0)},
    found={OURS: 4.0, FACE_BY_FACE: 4.0, FER: 3.5},
    frame_size=(1280, 720),
    film="the demo scene, 4 faces",
    threads=2,
    cpu="a processor",
    cores=2,
    system="Linux",
    versions={"torch": "2"},
)


def test_everyone_has_a_turn_in_each_round_and_another_one_begins():
    order = []

    def noted(name):
        def work(given):
            order.append((name, given))
            return float(given)

        return work

    times = take_turns({name: noted(name) for name in "abc"}, range(4), warm=1)
    assert [name for name, _ in order] == list("abcbcacababc")
    assert times == dict.fromkeys("abc", (1.0, 2.0, 3.0))


def test_a_ratio_is_of_the_same_round():
    ours, theirs = (10.0, 100.0, 20.0), (20.0, 200.0, 40.0)  # the machine was busy in the second round
    assert ratio(ours, theirs) == 0.5
    assert ratio(theirs, ours) == 2.0
    with pytest.raises(ValueError):
        ratio(ours, theirs[:2])


def test_the_spread_leaves_a_single_outlier_out():
    assert spread([10.0] * 40 + [500.0]) == 1.0
    assert spread(range(100, 501)) == pytest.approx(480 / 120)


@pytest.mark.parametrize(
    ("ours", "said"), [((10.0,) * 3, "yes, and the goal too"), ((20.0,) * 3, "yes"), ((40.0,) * 3, "NO")]
)
def test_a_bound_holds_or_not(ours, said):
    run = dataclasses.replace(RUN, maps={**RUN.maps, OURS: ours})
    assert verdict(run, BOUNDS[0]) == said


def test_no_verdict_on_a_busy_machine_or_about_other_maps():
    busy = dataclasses.replace(RUN, maps={**RUN.maps, BARE: (10.0, 20.0, 40.0)})
    other = dataclasses.replace(RUN, differences={OURS: 0.0, GRAD_CAM: 0.2})
    assert "too busy" in verdict(busy, BOUNDS[0])
    assert "maps differ" in verdict(other, BOUNDS[0])
    assert verdict(dataclasses.replace(RUN, faces=1), BOUNDS[0]) == "no verdict: promised for 4 faces at layer3"
    assert "too busy" in markdown(busy, "peers.png").split("##")[0]


def test_what_was_measured_survives_its_file():
    assert measured(RUN.json()) == RUN


def test_the_report_names_everyone_with_medians_and_ratios(tmp_path):
    text = markdown(RUN, "peers.png")
    assert "| emolive ÷ pytorch-grad-cam | ≤ 0.45 | ≤ 0.33 | 0.30 | yes, and the goal too |" in text
    assert "| pytorch-grad-cam | 50.0 | 41.0 – 59.0 | 0.30 | 4.55 | 2.0e-06 |" in text
    for name in (*RUN.maps, *RUN.video):
        assert f"| {name} |" in text
    plot(RUN, tmp_path / "peers.png")
    assert (tmp_path / "peers.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.ci
def test_an_environment_is_made_once_and_says_when_there_is_no_network(tmp_path, monkeypatch):
    there = Environment("env", packages=("pip",), bare=("pip",))
    python = made(there, tmp_path)
    log = tmp_path / "env.log"
    log.unlink()
    assert made(there, tmp_path) == python
    assert not log.exists(), "it was made twice"

    for name in ("INDEX_URL", "EXTRA_INDEX_URL"):
        monkeypatch.setenv(f"PIP_{name}", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(click.ClickException, match="there is no network"):
        made(Environment("env", packages=("grad-cam==1.5.7",)), tmp_path)
    assert made(there, tmp_path) == python, "it cannot be mended"


def test_what_pip_says_is_told(tmp_path):
    log = tmp_path / "log"
    log.write_text("Collecting x\nERROR: No matching distribution found for x==9\n", encoding="utf-8")
    assert "No matching distribution found for x==9" in trouble("maps", log)
