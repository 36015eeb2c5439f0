"""Figures by group against other libraries, published examples and chance; hostile tables."""

import csv
import json

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from emolive.networks import torchvision_guard  # noqa: F401

# isort: split
from torchmetrics.functional.classification import binary_auroc

from emolive.commands.main import cli
from emolive.core.errors import EmoliveError
from emolive.networks.checkpoint import Spec, build
from emolive.training.evaluate import measure
from emolive.training.groups import Table, by_group, holm, newcombe, read_groups, wilson

LABELS = ("happy", "neutral", "sad")


def answers(n: int, right: float | np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, 3) and truth (n,), right so often."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 3, n)
    guess = np.where(draw.random(n) < right, truth, (truth + draw.integers(1, 3, n)) % 3)
    p = draw.dirichlet(np.ones(3), n)
    best = p.argmax(1)
    rows = np.arange(n)
    p[rows, best], p[rows, guess] = p[rows, guess].copy(), p[rows, best].copy()
    return p, truth


def figure(report, name, group="everybody", column=""):
    rows = [r for r in report["figures"] if (r["column"], r["group"], r["figure"]) == (column, group, name)]
    assert len(rows) == 1
    return rows[0]


def gap(report, name, column="sex"):
    return next(r for r in report["gaps"] if r["column"] == column and r["figure"] == name)


def test_values_are_those_of_torchmetrics():
    p, truth = answers(300, 0.6)
    report = by_group(p, truth, LABELS, Table(np.arange(300), {}))
    whole = measure(p.astype(np.float32), truth, LABELS)
    assert figure(report, "accuracy")["value"] == pytest.approx(whole["accuracy"])
    assert figure(report, "calibration error")["value"] == pytest.approx(whole["ece"], abs=1e-6)
    for k, label in enumerate(LABELS):
        assert figure(report, f"recall of {label}")["value"] == pytest.approx(whole["recall"][label])
        auc = float(binary_auroc(torch.from_numpy(p[:, k]), torch.from_numpy(truth == k)))
        assert figure(report, f"AUC of {label}")["value"] == pytest.approx(auc, abs=1e-6)
        assert figure(report, f"AUC of {label}")["low"] < auc < figure(report, f"AUC of {label}")["high"]


def test_the_floor_of_a_groups_calibration_is_what_true_probabilities_show():
    draw = np.random.default_rng(0)
    p = draw.dirichlet(np.ones(3), 200)
    truth = np.array([draw.choice(3, p=one) for one in p])  # each answer is right as often as it says
    report = by_group(p, truth, LABELS, Table(np.arange(200), {"sex": np.array(["f", "m", "m", "m"] * 50)}))
    few, many = (figure(report, "calibration error", group, "sex") for group in ("f", "m"))
    assert few["floor"] > many["floor"] > 0
    assert 0.4 < many["value"] / many["floor"] < 2
    wrong = by_group(p, p.argmin(1), LABELS, Table(np.arange(200), {}))
    assert figure(wrong, "calibration error")["value"] > 3 * figure(wrong, "calibration error")["floor"]


def test_intervals_are_those_of_the_papers():
    # Newcombe 1998: 81 of 263 (part one, method 3); 56 of 70 against 48 of 80 (part two, method 10)
    np.testing.assert_allclose(wilson(81 / 263, 263), (0.2553, 0.3662), atol=2e-4)
    np.testing.assert_allclose(
        newcombe(56 / 70, wilson(56 / 70, 70), 48 / 80, wilson(48 / 80, 80)), (0.0524, 0.3339), atol=2e-4
    )
    low, high = wilson(1.0, 30)
    assert 0.85 < low < 0.9
    assert high == pytest.approx(1)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_against_its_plain_words(p):
    """The k-th smallest of m is held against (m − k + 1) times itself, and never below one before it."""
    order = sorted(range(len(p)), key=lambda i: p[i])
    expected: dict[int, float] = {}
    for k, i in enumerate(order):
        own = min(1.0, (len(p) - k) * p[i])
        expected[i] = max([own, *[expected[j] for j in order[:k]]])
    assert holm(p) == pytest.approx([expected[i] for i in range(len(p))])


def test_ten_pictures_of_a_person_are_no_ten_people():
    p, truth = answers(60, 0.7)
    once = by_group(p, truth, LABELS, Table(np.arange(60), {}))
    again = by_group(p.repeat(10, 0), truth.repeat(10), LABELS, Table(np.arange(60).repeat(10), {}))
    fooled = by_group(p.repeat(10, 0), truth.repeat(10), LABELS, Table(np.arange(600), {}))
    for name in ("accuracy", "AUC of happy"):
        widths = [figure(r, name)["high"] - figure(r, name)["low"] for r in (once, again, fooled)]
        assert widths[1] == pytest.approx(widths[0], rel=0.1)
        assert widths[2] < 0.5 * widths[0]


@pytest.mark.ci
def test_a_real_gap_is_found_and_chance_is_not():
    sex = np.where(np.arange(240) % 2, "male", "female")
    p, truth = answers(240, np.where(sex == "female", 0.9, 0.55))
    found = gap(by_group(p, truth, LABELS, Table(np.arange(240), {"sex": sex})), "accuracy")
    assert found["groups"] == ["female", "male"]
    assert found["low"] > 0.1
    assert found["p_holm"] < 0.01
    false = 0
    for seed in range(30):
        p, truth = answers(80, 0.7, seed)
        report = by_group(p, truth, LABELS, Table(np.arange(80), {"sex": sex[:80]}), seed)
        false += min(row["p_holm"] for row in report["gaps"]) < 0.05
    assert false <= 5  # one in twenty is wanted; six of thirty would happen once in 300 times


def test_a_gap_between_people_with_many_pictures_is_chance():
    """Two men whom the network cannot read, among many pictures of them, are not all men."""
    person = np.concatenate([np.arange(40).repeat(2), np.array([40, 41]).repeat(60)])
    sex = np.where((person % 2 == 1) | (person >= 40), "male", "female")
    p, truth = answers(len(person), np.where(person >= 40, 0.1, 0.8))
    honest = by_group(p, truth, LABELS, Table(person, {"sex": sex}))
    fooled = by_group(p, truth, LABELS, Table(np.arange(len(person)), {"sex": sex}))
    assert gap(fooled, "accuracy")["p_holm"] < 0.01
    assert gap(honest, "accuracy")["low"] < gap(fooled, "accuracy")["low"]
    assert gap(honest, "accuracy")["p"] > gap(fooled, "accuracy")["p"]


def test_a_few_people_have_neither_intervals_nor_gaps():
    group = np.where(np.arange(50) < 4, "few", "many")
    p, truth = answers(50, 0.7)
    report = by_group(p, truth, LABELS, Table(np.arange(50), {"group": group}))
    assert figure(report, "accuracy", "few", "group")["low"] is None
    assert figure(report, "accuracy", "many", "group")["low"] is not None
    assert not report["gaps"]
    json.dumps(report, allow_nan=False)


def write(path, rows, names=("picture", "person", "sex", "age")):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def test_a_table_is_read(tmp_path):
    files = [f"happy/{i}.png" for i in range(40)]
    rows = [
        (file, f"p{i // 2}", "male" if i % 4 < 2 else "", "NA" if i < 2 else 20 + i // 2)
        for i, file in enumerate(files)
    ]
    table = read_groups(write(tmp_path / "people.csv", rows[::-1]), files)
    assert len(set(table.person)) == 20
    assert (table.person[::2] == table.person[1::2]).all()
    assert set(table.columns["sex"]) == {"male", ""}
    ages = table.columns["age"]
    assert ages[0] == ""
    assert len(set(ages)) == 5
    for i in range(2, 40):
        low, high = map(float, ages[i].split(" to "))
        assert low <= 20 + i // 2 <= high
    alone = read_groups(write(tmp_path / "two.csv", [(f, "x") for f in files], ("picture", "sex")), files)
    assert not alone.persons
    assert len(set(alone.person)) == 40


@pytest.mark.parametrize(
    ("rows", "names", "says"),
    [
        ([("a.png", "p", "male")], ("picture", "person", "sex"), "has no row for 1 of 2"),
        ([("a.png", "p", "male"), ("b.png", "p", "female")], ("picture", "person", "sex"), "in two groups"),
        ([("a.png", "p", "male"), ("a.png", "p", "male")], ("picture", "person", "sex"), "twice"),
        ([("a.png", "p", "male"), ("b.png",)], ("picture", "person", "sex"), "1 cells of 3"),
        ([("a.png", "p"), ("b.png", "q")], ("picture", "person"), "make groups"),
        ([("a.png", "p"), ("b.png", "q")], ("file", "sex"), "make groups"),
        ([("a.png", "p", "q")], ("picture", "sex", "sex"), "twice"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, rows, names, says):
    with pytest.raises(EmoliveError, match=says):
        read_groups(write(tmp_path / "people.csv", rows, names), ["a.png", "b.png"])


@pytest.mark.ci
def test_the_command_writes_groups_and_curves(tmp_path, folder):
    data = folder(tmp_path / "data", 12, 0, ("happy", "sad"))
    torch.manual_seed(0)
    torch.save(build(Spec(("happy", "sad"))).state_dict(), tmp_path / "net.pt")
    files = sorted(path.relative_to(data).as_posix() for path in data.glob("*/*.png"))
    table = write(tmp_path / "people.csv", [(f, i // 2, "ab"[i // 2 % 2], "=1+1") for i, f in enumerate(files)])
    words = ["evaluate", str(data), "--model", str(tmp_path / "net.pt"), "--labels", "happy,sad", "--input-size", "32",
             "--out", str(tmp_path / "out"), "--groups", str(table), "--sweep"]  # fmt: skip
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "12 people: none of" in done.output
    assert "lower half covered: " in done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert figure(report["groups"], "accuracy")["value"] == pytest.approx(report["accuracy"])
    assert report["sweep"][0]["accuracy"] == pytest.approx(report["accuracy"])
    with open(tmp_path / "out" / "groups.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["column"] for row in rows} == {"", "sex", "age"}
    assert {row["group"] for row in rows if row["column"] == "age"} == {"'=1+1"}  # never a formula
    with open(tmp_path / "out" / "sweep.csv", newline="") as file:
        assert {row["kind"] for row in csv.DictReader(file)} >= {"turn", "size", "light", "blur", "cover", "half"}
    for name in ("groups.png", "sweep.png"):
        assert cv2.imread(str(tmp_path / "out" / name)).std() > 10
    again = CliRunner().invoke(cli, words)
    assert (again.exit_code, "--overwrite" in again.output) == (1, True)
    for path in (tmp_path / "out").iterdir():
        if path.name != "groups.csv":
            path.unlink()
    again = CliRunner().invoke(cli, words)
    assert (again.exit_code, "groups.csv" in again.output) == (1, True)
