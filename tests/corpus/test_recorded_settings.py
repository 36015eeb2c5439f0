"""The settings.json of a bundle is a stranger's file: what is in it is checked against the table of options.

`bundle_of_0_1.json` was written by emolive before there was a table.
"""

import copy
import dataclasses
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emolive.commands.main import cli
from emolive.core.errors import SourceError
from emolive.core.kinds import Channels, Choice, Flag, Integer, Number, Numbers, Text, Words
from emolive.core.options import FIELDS, Options
from emolive.core.settings import Settings, Variant
from emolive.corpus.manifest import settings_hash
from emolive.corpus.replay import restored
from emolive.media.bundle import read_bundle

OLD = (Path(__file__).parent / "bundle_of_0_1.json").read_text(encoding="utf-8")
DEEP = '{"options": ' + "[" * 200_000 + "]" * 200_000 + "}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "clean.mp4").write_bytes(b"no film: its settings are read first")
    return folder


def changed(path: str, value: object) -> str:
    """The old settings with one value changed: "options.alpha", "settings.compare.method"."""
    facts = json.loads(OLD)
    *way, last = path.split(".")
    place = facts
    for word in way:
        place = place[word]
    place[last] = value
    return json.dumps(facts)


def test_a_bundle_of_before_is_looked_at_as_then(folder):
    (folder / "settings.json").write_text(OLD)
    found = read_bundle(folder)
    options = restored(found, Options(), ())
    assert found.unknown == ()
    assert (options.method, options.layer, options.detector, options.pin, options.off) == (
        "hirescam", "layer3", "short", (3, 5), (2,))  # fmt: skip
    assert (options.target, options.against, options.smooth, options.colormap) == ("happy", "sad", 0.2, "magma")
    assert (options.method_b, options.layer_b, options.model_b) == ("cam", "layer3", None)
    assert options.views == ("camera", "proof")
    assert (options.recordings, options.frames, options.record) == (Path("recordings"), None, False)
    assert found.settings.compare == Variant(method="cam", layer="layer3")


HOSTILE = [
    *((f"options.{name}", {"a": [1]}) for name, row in FIELDS.items() if row.looks),
    *((f"settings.{name}", {"a": [1]}) for name in vars(Settings()) if name != "compare"),
    *((f"settings.{name}", None) for name, value in vars(Settings()).items() if value is not None),
    ("options.tiles", 0), ("settings.tiles", 0), ("settings.tiles", 145), ("settings.tiles", True),
    ("settings.tiles", 1.5),
    ("settings.smooth_ms", None), ("settings.smooth_ms", float("nan")), ("settings.smooth_ms", float("-inf")),
    ("settings.smooth_ms", -1), ("settings.smooth_ms", "300"), ("settings.smooth_ms", 10**400),
    ("options.smooth", 1e999),
    ("settings.alpha", 1.01), ("settings.alpha", "0.5"), ("options.alpha", float("nan")), ("settings.alpha", True),
    ("options.detector", "best"), ("options.detector", 3), ("options.max_faces", -1), ("options.max_faces", 1e3),
    ("options.min_confidence", 2), ("options.labels", "happy"), ("options.labels", [1]), ("options.model", 5),
    ("options.model", "a\0b"), ("options.model", ""), ("options.model", ["x"]), ("options.half", 1),
    ("options.half", "no"),
    ("settings.views", ["door"]), ("settings.views", "camera"), ("settings.views", [["camera"]]), ("options.views", []),
    ("settings.pins", [-1]), ("settings.pins", [1.5]), ("settings.pins", ["3"]), ("settings.pins", 3),
    ("settings.off", [True]), ("settings.off", [list(range(3))]), ("settings.off", list(range(10_001))),
    ("settings.method", "a\nb"), ("settings.method", "\ud800"), ("settings.method", "x" * 5000), ("settings.method", 7),
    ("settings.colormap", "jet"), ("settings.random", 7), ("settings.random", -1), ("settings.target", []),
    ("settings.compare", "b"), ("settings.compare", []), ("settings.compare.method", 3), ("settings.compare.off", "2"),
    ("options", []), ("options", None), ("settings", "x"), ("model", None), ("model", []), ("model.sha256", 5),
    ("source", 5), ("source", None),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), HOSTILE)
def test_a_value_that_is_none_of_its_kind_is_named(folder, key, value):
    (folder / "settings.json").write_text(changed(key, value))
    done = CliRunner().invoke(cli, ["replay", str(folder), "--headless"])
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit)
    assert str(folder / "settings.json") in done.output
    assert key.removesuffix(".sha256") in done.output
    assert "emolive file" in done.output
    assert len(done.output) < 500


@pytest.mark.parametrize(
    "text",
    [DEEP, '{"settings":' * 100_000, "", "null", "[]", "3", "{", '{"options": 1e999}', "\ufeff{}", "9" * 5000,
     " " * 1_000_001 + OLD, '{"a": "' + "x" * 2_000_000 + '"}'],
    ids=lambda text: f"{text[:12]!r}… {len(text)}",
)  # fmt: skip
def test_what_is_no_json_of_settings_is_said(folder, text):
    (folder / "settings.json").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(cli, ["replay", str(folder), "--headless"])
    assert (done.exit_code, "settings.json cannot be read" in done.output) == (1, True), done.output
    assert isinstance(done.exception, SystemExit)


def test_bytes_that_are_no_text_are_said(folder):
    (folder / "settings.json").write_bytes(b"\xff\xfe{\x00")
    with pytest.raises(SourceError, match=r"settings\.json"):
        read_bundle(folder)


def test_names_of_another_version_are_told_and_left_out(folder):
    facts = json.loads(OLD)
    facts["options"]["from_the_future"] = facts["settings"]["glow"] = facts["settings"]["compare"]["x"] = {"a": 1}
    (folder / "settings.json").write_text(json.dumps(facts))
    assert read_bundle(folder).unknown == ("options.from_the_future", "settings.glow", "settings.compare.x")
    done = CliRunner().invoke(cli, ["replay", str(folder), "--headless"])
    assert "does not know options.from_the_future" in done.output
    assert "does not know settings.glow" in done.output


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["gradcam", "camera", "full"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
PLACES = [(), *((part,) for part in json.loads(OLD)),
          *((part, name) for part in ("options", "settings", "model") for name in json.loads(OLD)[part]),
          *(("settings", "compare", name) for name in json.loads(OLD)["settings"]["compare"])]  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), ANY), min_size=1, max_size=3))
@example(changes=[(("settings", "smooth_ms"), 5e-324)])
@example(changes=[(("settings", "smooth_ms"), 1e308)])
def test_any_change_is_read_as_options_that_make_sense_or_refused_in_a_sentence(folder, changes):
    facts = json.loads(OLD)
    for place, value in changes:
        try:
            if place:
                holder = facts
                for word in place[:-1]:
                    holder = holder[word]
                holder[place[-1]] = copy.deepcopy(value)
            else:
                facts = value
        except (TypeError, KeyError, IndexError):  # an earlier change took that place away
            continue
    (folder / "settings.json").write_text(json.dumps(facts))
    try:
        options = restored(read_bundle(folder), Options(), ())
    except SourceError as error:
        assert "settings.json cannot be read" in str(error)  # noqa: PT017
        assert str(error).isprintable()  # noqa: PT017
        return
    for name, row in FIELDS.items():
        value = getattr(options, name)
        assert row.check(value) == value or name in ("method_b", "layer_b"), name
    assert isinstance(options.settings(), Settings)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    options=st.builds(
        Options,
        method=st.sampled_from(["gradcam", "layercam"]), layer=st.sampled_from(["layer1", "layer4"]),
        tiles=st.integers(1, 144), alpha=st.floats(0, 1), smooth=st.floats(0, 1e6), pin=st.tuples(st.integers(0, 511)),
        views=st.sampled_from([("camera",), ("filters", "proof")]), random=st.integers(0, 5), proof=st.booleans(),
        max_faces=st.integers(1, 99), labels=st.sampled_from([(), ("gai", "néz-moi")]), mirror=st.booleans(),
        method_b=st.sampled_from(["", "cam"]), model=st.sampled_from([None, Path("/a/b.pt")]),
    )
)  # fmt: skip
def test_what_is_stored_is_what_is_replayed(folder, options):
    facts = json.loads(OLD)
    facts["options"] = options.plain()
    facts["settings"] = dataclasses.asdict(options.settings())
    (folder / "settings.json").write_text(json.dumps(facts))
    again = restored(read_bundle(folder), Options(), ())
    for name, row in FIELDS.items():
        if row.looks and name not in ("layer_b", "smooth", "unsure"):  # layer_b may be the first's own
            assert getattr(again, name) == getattr(options, name), name
    assert again.smooth == pytest.approx(options.smooth)
    assert again.unsure == options.settings().unsure
    assert again.compare() == options.compare()


MAKERS = {"networks": ["abc"], "detector_file": "d", "mesh_file": "m", "numbers": 2}


def test_keys_of_results_do_not_change_by_accident():
    """Or a batch that was done would be done again. They change with `NUMBERS`, and only then."""
    some = Options(
        model=Path("/x/y.pt"), labels=("a", "b"), half=True, method="layercam", layer="layer3", filter_layer="layer2",
        tiles=9, target="happy", detector="short", min_confidence=0.25, max_faces=7, alpha=0.75, smooth=0.125,
        views=("proof",), colormap="gray", against="sad", pin=(1, 2), off=(3,), by_share=True, proof=True, random=2,
        method_b="cam", layer_b="layer1", model_b=Path("/x/z.pt"), mirror=True, device="cpu", frames=3,
    )  # fmt: skip
    plain = "1941c70dea98e44c86acf2990d16b1c0b98637f083f3834604430ee786e4dae4"
    assert settings_hash(Options().with_map({}), False, "jsonl", MAKERS) == plain  # as batches have them
    other = "42e951d7d50729f6825547a5485867d8aad533a67f88eb03ef51e044754e90ea"
    assert settings_hash(some, True, "parquet", {**MAKERS, "networks": ["abc", "def"]}) == other


@pytest.mark.parametrize("name", [name for name, row in FIELDS.items() if row.key and name not in ("model", "model_b")])
def test_every_way_to_look_has_a_key_of_its_own(name):
    kind = FIELDS[name].kind
    values = {Flag: True, Integer: 2, Number: 0.75, Text: "short", Words: ("3",), Channels: (3,), Numbers: (0.5,)}
    other = Options(**{name: kind.names[-1] if isinstance(kind, Choice) else values[type(kind)]})
    assert settings_hash(other, False, "jsonl", MAKERS) != settings_hash(Options(), False, "jsonl", MAKERS)
