"""The intervals of a summary, from the file to the table, against a slow and plain account of the same: other code,
other chance, Python's loops, SciPy's t."""

import json
import math
import random
import warnings
from itertools import pairwise
from pathlib import Path
from statistics import mean, median, pstdev

import pytest
from click.testing import CliRunner
from scipy.stats import t as student

from emolive.commands.summary import summary
from emolive.corpus.bootstrap import DRAWS

DRAWN = 2000
"""How often the oracle draws: its standard error is then known to 1.6 %, and that of 1000 draws to 2.2."""

SIGHT_S = 353.5
"""How long the face of the film is in sight."""

CLOSE = 0.1
"""How far the widths may be apart: four times as much as chance is likely to move them."""


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """Six minutes of one face, ten pictures a second, out of sight for a while, whose feelings drift."""
    chance, drift, lines = random.Random(3), 0.0, []
    for i in range(3600):
        drift = 0.97 * drift + 0.24 * chance.gauss(0, 1)
        happy = round(1 / (1 + math.exp(-0.4 - 1.5 * drift)), 6)
        away = 700 <= i < 765
        face = {"face": 1, "probs_smooth": {"happy": happy, "sad": round(1 - happy, 6)}}
        lines.append(json.dumps({"t_ms": 100.0 * i, "faces": [] if away else [face]}))
    path = tmp_path_factory.mktemp("results") / "clip" / "data.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def told(film) -> dict[tuple[str, str], dict]:
    """What `emolive summary` says of the video, by figure and emotion."""
    with warnings.catch_warnings():  # NumPy's about figures that nobody knows, like heat here
        warnings.simplefilter("error")
        done = CliRunner().invoke(summary, [str(film.parent.parent), "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["figures"]
    return {(row["figure"], row["emotion"]): row for row in rows if row["level"] == "video"}


def by_seconds(film: Path) -> list[tuple[float, float, float, float]]:
    """Of each second in sight: the time, that with happy as the likeliest, the integral of its probability, changes."""
    rows = [json.loads(line) for line in film.read_text().splitlines()]
    seen = [(row["t_ms"], row["faces"][0]["probs_smooth"]["happy"]) for row in rows if row["faces"]]
    steps = [after - before for (before, _), (after, _) in pairwise(seen)]
    usual = median(step for step in steps if step < 1000)
    lasts = [step if step < 1000 else usual for step in steps] + [usual]
    found: dict[int, list[float]] = {}
    for (t_ms, happy), ms in zip(seen, lasts, strict=True):
        row = found.setdefault(int(t_ms // 1000), [0.0] * 4)
        row[0] += ms / 1000
        row[1] += ms / 1000 * (happy > 0.5)
        row[2] += ms / 1000 * happy
    for t_ms in changes(seen, lasts):
        found[int(t_ms // 1000)][3] += 1
    return [tuple(found[second]) for second in sorted(found)]


def changes(seen: list[tuple[float, float]], lasts: list[float]) -> list[float]:
    """When another emotion began that lasted half a second, after one that had, in the same stretch."""
    runs: list[list] = []  # beginning, emotion, how long, stretch
    stretch = 0
    for i, ((t_ms, happy), ms) in enumerate(zip(seen, lasts, strict=True)):
        gap = i > 0 and t_ms - seen[i - 1][0] > 150
        stretch += gap
        if runs and runs[-1][1] == (happy > 0.5) and not gap:
            runs[-1][2] += ms
        else:
            runs.append([t_ms, happy > 0.5, ms, stretch])
    held = [run for run in runs if run[2] > 499.9]
    return [b[0] for a, b in pairwise(held) if a[1] != b[1] and a[3] == b[3]]


def block_length(seconds: list[tuple]) -> int:
    """By the first autocorrelation of whichever figure has the highest (Andrews), two and a half times as long."""
    n, highest = len(seconds), 0.6
    for top, per in ((1, 1), (2, 1), (3, 60)):
        values = [per * row[top] / row[0] for row in seconds]
        away = [value - mean(values) for value in values]
        r = sum(a * b for a, b in pairwise(away)) / sum(a * a for a in away)
        highest = max(highest, r + (1 + 4 * r) / n)
    r = min(highest, 0.95)
    return min(max(12, math.ceil(2.5 * (2 * r / (1 - r * r)) ** (2 / 3) * (1.5 * n) ** (1 / 3))), n // 5)


def spread(seconds: list[tuple], top: int, length: int) -> float:
    """The standard error of a share: seconds are drawn in blocks of neighbours, the last is followed by the first."""
    chance, n, drawn = random.Random(11), len(seconds), []
    for _ in range(DRAWN):
        over = under = 0.0
        for _ in range(math.ceil(n / length)):
            first = chance.randrange(n)
            for i in range(first, first + length):
                over += seconds[i % n][top]
                under += seconds[i % n][0]
        drawn.append(over / under)
    return pstdev(drawn)


def log_odds(share: float) -> float:
    return math.log(share / (1 - share))


@pytest.mark.parametrize(("figure", "column"), [("share", 1), ("mean", 2)])
def test_an_interval_is_what_plain_loops_make_of_the_data(film, told, figure, column):
    seconds, said = by_seconds(film), told[figure, "happy"]
    share = sum(row[column] for row in seconds) / sum(row[0] for row in seconds)
    assert said["value"] == pytest.approx(share, abs=1e-9)
    assert said["seconds"] == pytest.approx(SIGHT_S)
    length = block_length(seconds)
    assert 12 < length < len(seconds) // 5  # neither of the limits decides here
    blocks = len(seconds) / length

    def half(length: int) -> float:
        wide = student.ppf(0.975, round(blocks) - 1) * math.sqrt(blocks / (blocks - 1))
        return float(wide * spread(seconds, column, length) / (share * (1 - share)))

    low, high = log_odds(said["low"]), log_odds(said["high"])
    assert (low + high) / 2 == pytest.approx(log_odds(share), abs=1e-9)
    assert (high - low) / 2 == pytest.approx(half(length), rel=CLOSE)
    assert (high - low) / 2 != pytest.approx(half(1), rel=3 * CLOSE)  # the control: as if seconds were independent


def test_changes_and_their_rate_are_those_that_one_counts(film, told):
    count = sum(row[3] for row in by_seconds(film))
    assert count > 10
    assert told["changes", ""]["value"] == count
    rate = told["changes_per_min", ""]
    assert rate["value"] == pytest.approx(60 * count / SIGHT_S)
    assert rate["low"] < rate["value"] < rate["high"]
    assert DRAWS == 1000
