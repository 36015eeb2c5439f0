"""Data files, settings, reports and facts from anywhere: read, or refused with a sentence; fuzzed with Hypothesis."""

import copy
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from children import Child, refused
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq
from thinned import dear

from emolive.core.errors import EmoliveError
from emolive.corpus.answers import _kept
from emolive.corpus.layout import owned
from emolive.corpus.result import VideoResult
from emolive.corpus.roster import read_roster
from emolive.corpus.summary import SummaryWish, summarise, write
from emolive.media.bundle import read_bundle
from emolive.networks.facts import parse_facts

MOST_MB = 2000

FRAME = {
    "frame": 3,
    "t_ms": 120.0,
    "file": "a.mp4",
    "faces": [{"face": 1, "confirmed": True, "probs_smooth": {"happy": 0.75, "sad": 0.25}, "heat": {"off": 0.1}}],
}
REPORT = {
    "name": "a", "source": "/a.mp4", "content": "0", "settings": "0", "options": {}, "model": "0", "labels": ["happy"],
    "versions": {"emolive": "1"}, "data": "data.jsonl", "video": None, "frames": 1, "faces": 1, "duration_ms": 40.0,
    "seconds": 1.0, "people": [{"track": 1, "first_ms": 0.0, "last_ms": 40.0, "frames": 2, "shares": {"happy": 1.0}}],
}  # fmt: skip
SPEC = {"labels": ["happy", "sad"], "input_size": 64, "mean": [0.5, 0.5, 0.5], "temperature": 1.0}
OLD = Path(__file__).parent.parent / "corpus" / "bundle_of_0_1.json"
DOCUMENTS: dict[str, Any] = {"jsonl": FRAME, "report": REPORT, "spec": SPEC, "bundle": json.loads(OLD.read_text())}

RAW = (
    "Infinity", "-Infinity", "NaN", "1e300", "-1e300", "1e999", "9" * 400, "9" * 5000, "[" * 100_000, '{"a":' * 100_000,
    '"' + "x" * 200_000 + '"', '"\\ud800"', '"$\\\\frac{"', "", "1_0", "\u0663", '"\\u0000"', "true", "[[[[]]]]",
)  # fmt: skip
"""What stands in the place of a value, as it is written."""

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=300),
    st.lists(st.integers(), max_size=3), st.dictionaries(st.text(max_size=4), st.floats(), max_size=3),
)  # fmt: skip

ARRAYS = st.sampled_from([
    pa.array(["1"] * 4), pa.array([None] * 4, pa.float64()), pa.array([float("inf"), 1, 2, 3]), pa.array([[1.0]] * 4),
    pa.array([{"x": 1}] * 4), pa.array([b"\xff"] * 4), pa.array([2**63 - 1] * 4), pa.array([-5] * 4),
    pa.array([True] * 4),
    pa.array([0, 1, 2, 3], pa.timestamp("ms")), pa.array(["x" * 2_000_000] * 4), pa.nulls(4), pa.array([1e300] * 4),
    pa.array(["a", None, "b", "a"]), pa.array(["1.5"] * 4).cast(pa.decimal128(38, 2)), pa.array([float("nan")] * 4),
])  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside of one."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, one in inside for place in places(one, (*at, key)))]


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """The value with another in one place."""
    if not place:
        return new
    made = copy.copy(value)
    made[place[0]] = changed(made[place[0]], place[1:], new)
    return made


@st.composite
def documents(draw, kind: str) -> bytes:
    """A JSON document with one value replaced, by another or by what is written as no other value is."""
    value = DOCUMENTS[kind]
    place = draw(st.sampled_from(places(value)))
    if draw(st.booleans()):
        text = json.dumps(changed(value, place, "@@")).replace('"@@"', draw(st.sampled_from(RAW)), 1)
    else:
        text = json.dumps(changed(value, place, draw(ODD)))
    return text.encode("utf-8", "surrogatepass")


@st.composite
def lines(draw) -> bytes:
    """Frames, one of them odd."""
    good = [json.dumps({**FRAME, "t_ms": 40.0 * i}).encode() for i in range(4)]
    good.insert(draw(st.integers(0, 4)), draw(documents("jsonl")))
    return b"\n".join(good) + draw(st.sampled_from([b"\n", b"", b"\r\n", b"\0", b"\n\n"]))


@st.composite
def tables(draw) -> bytes:
    """A CSV table with one cell replaced, or one of its lines."""
    rows = [["frame", "t_ms", "face", "smooth_happy", "smooth_sad", "heat_off", "file"]]
    rows += [[str(i), str(40 * i), "1", "0.75", "0.25", "", "a.mp4"] for i in range(4)]
    row, column = draw(st.integers(0, 4)), draw(st.integers(0, 6))
    rows[row][column] = draw(st.sampled_from(RAW) | st.text(max_size=20) | st.floats().map(str))
    return "\n".join(",".join(cells) for cells in rows).encode("utf-8", "surrogatepass") + b"\n"


@st.composite
def parquets(draw) -> bytes:
    """A Parquet table with a column of other values, and sometimes bytes of the file changed."""
    times, shares = pa.array([0.0, 40, 80, 120]), pa.array([0.5] * 4)
    columns = {"frame": pa.array(range(4)), "t_ms": times, "face": pa.array([1] * 4), "smooth_a": shares}
    columns |= {"heat_off": shares, "file": pa.array(["a"] * 4)}
    columns[draw(st.sampled_from(sorted(columns)))] = draw(ARRAYS)
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    data = bytearray(file.getvalue())
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


KINDS_OF_BYTES = ("jsonl", "csv", "parquet", "report", "bundle", "answers", "people")

CASES = st.one_of(
    lines().map(lambda data: ("jsonl", data)),
    tables().map(lambda data: ("csv", data)),
    parquets().map(lambda data: ("parquet", data)),
    *(documents(kind).map(lambda data, kind=kind: (kind, data)) for kind in ("report", "spec", "bundle")),
    st.binary(max_size=4000).flatmap(lambda data: st.sampled_from([(k, data) for k in KINDS_OF_BYTES])),
)


def tried(case: tuple[str, bytes]) -> str:
    """Read a file of a kind, as the commands do."""
    kind, data = case
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            return _read(folder, kind, data)
        except EmoliveError as error:
            return refused(error)


def _read(folder: Path, kind: str, data: bytes) -> str:
    if kind in ("jsonl", "csv", "parquet"):
        (folder / f"good.{kind}").touch()
        (folder / f"x.{kind}").write_bytes(data)
        found = summarise(folder, SummaryWish(min_seconds=0.0))
        write(found, folder / "out", "title")
        return "read" if len(found.failures) == 1 else refused(EmoliveError(found.failures[-1]))
    if kind == "report":
        (folder / "report.json").write_bytes(data)
        owned(folder)
        VideoResult.read(folder)
    elif kind == "bundle":
        (folder / "clean.mp4").touch()
        (folder / "settings.json").write_bytes(data)
        read_bundle(folder)
    elif kind == "people":
        (folder / "people.csv").write_bytes(data)
        read_roster(folder / "people.csv", {"v0": "/study/v0.mp4"})
    elif kind == "answers":
        (folder / "a.answers").write_bytes(data)
        list(_kept([folder / "a.answers"]))
    else:
        parse_facts(data, folder / "model.json")
    return "read"


@pytest.mark.parametrize("count", [*dear(200), pytest.param(2500, marks=pytest.mark.endurance)])
def test_hostile_files(count, tally):
    """Data files (JSON lines, CSV, Parquet), settings of recordings, reports and kept answers of batches, facts beside
    models, with a value replaced by any other, or with bytes changed; made by Hypothesis."""
    seconds, peak = 0.0, 0.0
    with Child(tried) as child:

        @settings(max_examples=count, deadline=None, derandomize=True, database=None,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(CASES)
        @example(("report", json.dumps({**REPORT, "video": [[]]}).encode()))  # what failed once
        @example(("spec", b'{"labels": ["a", "b"], "input_size": 1' + b"0" * 400 + b"}"))
        @example(("bundle", b"null"))
        @example(("people", b"video,track,person,age\nv0,1,a,inf\nv0,,b,nan\nv0.mp4,2,c,1e999\n"))
        @example(("people", b"video,track,person\nv0,99999999999999999999,a\n"))
        @example(("jsonl", json.dumps({**FRAME, "t_ms": 1e300}).encode()))
        def one(case: tuple[str, bytes]) -> None:
            nonlocal seconds, peak
            outcome = child(case)
            tally(outcome.said)
            assert outcome.fine, outcome.said
            assert outcome.peak_mb < MOST_MB
            seconds, peak = max(seconds, outcome.seconds), max(peak, outcome.peak_mb)

        one()
    tally.say(f"{seconds:.1f} s at most; {peak:.0f} MB of memory at most")
