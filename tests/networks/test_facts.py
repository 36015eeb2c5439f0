"""Facts about a network as people write them: taken where they mean one thing, else refused by name; merged."""

import codecs
import json
import unicodedata

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emolive.core.errors import ModelError
from emolive.networks import checkpoint as models
from emolive.networks.facts import NAMES, Spec, clean_label, merged, normalised, parse_facts

LABELS = ("angry", "happy", "sad")


@pytest.mark.parametrize(
    "text",
    [
        '["angry", "happy", "sad"]',
        '{"labels": ["angry", "happy", "sad"]}',
        '{"0": "angry", "1": "happy", "2": "sad"}',
        '{"2": "sad", "0": "angry", "1": "happy"}',
        '{"id2label": {"0": "angry", "1": "happy", "2": "sad"}}',
        '{"label2id": {"happy": 1, "angry": 0, "sad": 2}}',
        '{"labels": {"0": "angry", "1": "happy", "2": "sad"}}',
        '[" angry", "happy\\n", "\\tsad\\r\\n"]',
    ],
)
@pytest.mark.parametrize("coded", [str.encode, lambda t: codecs.BOM_UTF8 + t.encode(), lambda t: t.encode("utf-16")])
def test_labels_in_every_form(tmp_path, text, coded):
    assert parse_facts(coded(text), tmp_path / "m.json") == {"labels": LABELS}


REFUSED = {
    '{"label": ["a", "b"]}': "no fact 'label'.*Did you mean 'labels'",
    '{"labels": ["a", "b"], "inputsize": 64}': "Did you mean 'input_size'",
    '{"labels": ["a", "b"], "architectures": []}': "no fact 'architectures'",
    '{"labels": ["a", "b"], "id2label": {"0": "a", "1": "b"}}': "twice, by labels and id2label",
    '{"labels": ["a", "b"], "labels": ["b", "a"]}': "'labels' stands there twice",
    '{"labels": ["a"]}': "2 to 1000",
    '{"labels": ["a", " a "]}': "names a twice",
    '{"labels": ["a", ""]}': "empty one",
    '{"labels": ["a", 3]}': "must be words; 3 is none",
    '{"labels": "a,b"}': "must be a list",
    '{"labels": ["a", "b\\u0007"]}': "cannot be shown",
    '{"0": "a", "2": "b"}': "without a gap",
    '{"id2label": {"a": 0, "b": 1}}': "no numbers",
    '{"label2id": {"a": 0, "b": 0}}': "same number",
    '{"mean": 123.7}': "mean must be -1 to 1; 123.7 .*divide it by 255",
    '{"mean": [0.485, 0.456]}': "one number, or three",
    '{"std": [58.4, 57.1, 57.4]}': "std .*0 to 255",
    '{"std": 0}': "std must be",
    '{"std": "0.2"}': "std must be a number",
    '{"mean": NaN}': "mean must be a number",
    '{"color": "BGR"}': "BGR has to be saved",
    '{"color": "blue"}': "gray or rgb",
    '{"input_size": 64.5}': "whole number",
    '{"input_size": true}': "must be a number",
    '{"input_size": [224, 112]}': "must be a number",
    '{"input_size": 4}': "16 to 1024",
    '{"crop_margin": {"ful": 1.1}}': "there is no ful",
    '{"crop_margin": 9}': "0.5 to 4",
    '{"temperature": 0}': "temperature must be",
    '{"layer4_stride": 3}': "1 or 2",
    '{"best_map": "hirescam"}': "must name a method and a layer",
    '{"best_map": {"method": "hirescam"}}': "must name a method and a layer",
    '{"best_map": {"method": "hirescam", "layer": 3}}': "best_map must be words",
    '{"metrics": [1]}': "object of numbers",
    '"angry"': "holds no facts",
    "7": "holds no facts",
    "{": "cannot be read",
    "[" * 100_000: "cannot be read",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_makes_no_sense_is_refused_by_name(tmp_path, text):
    with pytest.raises(ModelError, match=REFUSED[text]) as caught:
        parse_facts(text.encode(), tmp_path / "m.json")
    assert "m.json" in str(caught.value)


def test_bytes_that_are_no_text(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        parse_facts(b'["\xff\xfeangry"]', tmp_path / "m.json")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"color": "Grey"}, {"color": "gray"}),
        ({"color": "L"}, {"color": "gray"}),
        ({"color": "RGB"}, {"color": "rgb"}),
        ({"mean": 0.5}, {"mean": (0.5, 0.5, 0.5)}),
        ({"std": [0.25]}, {"std": (0.25, 0.25, 0.25)}),
        ({"input_size": [3, 112, 112]}, {"input_size": 112}),
        ({"input_size": 112.0}, {"input_size": 112}),
        ({"crop_margin": 1.3}, {"crop_margin": {"full": 1.3, "short": 1.3, "tiled": 1.3}}),
    ],
)
def test_what_can_mean_one_thing_only_is_taken(given, meant):
    assert normalised(given, "m.json") == meant


def test_later_facts_count_and_labels_must_agree():
    file, beside, options = (
        {"labels": LABELS, "input_size": 64},
        {"color": "gray", "temperature": 2.0},
        {"input_size": 96},
    )
    spec = merged([(file, "m.pt"), (beside, "m.json"), (options, "the options")])
    assert (spec.input_size, spec.crop_size, spec.color, spec.temperature) == (96, 96, "gray", 2.0)
    assert spec.crop_margin == Spec(()).crop_margin
    partly = merged([(file, "m.pt"), ({"crop_margin": {"full": 1.4}}, "m.json")])
    assert partly.crop_margin == {**Spec(()).crop_margin, "full": 1.4}
    with pytest.raises(ModelError, match=r"m\.pt has the labels angry, happy, sad; --labels says happy, angry, sad"):
        merged([(file, "m.pt"), ({"labels": ("happy", "angry", "sad")}, "--labels")])


def test_labels_from_the_option_keep_the_other_facts(tmp_path):
    """112 grey became 224 in colours once, and probabilities were off by a half."""
    torch.manual_seed(0)
    torch.save(models.build(models.Spec(LABELS)).state_dict(), tmp_path / "m.pt")
    (tmp_path / "m.json").write_text(json.dumps({"input_size": 112, "color": "grey", "mean": 0.5}))
    spec = models.load(tmp_path / "m.pt", LABELS).spec
    assert (spec.labels, spec.input_size, spec.crop_size, spec.color) == (LABELS, 112, 112, "gray")
    assert spec.mean == (0.5, 0.5, 0.5)
    spec = models.load(tmp_path / "m.pt", LABELS, facts={"crop_size": 48, "std": (0.25,), "crop_margin": 1.3}).spec
    assert (spec.input_size, spec.crop_size, spec.std) == (112, 48, (0.25, 0.25, 0.25))
    with pytest.raises(ModelError, match="Name its 3 labels in order"):
        models.load(tmp_path / "m.pt")
    (tmp_path / "m.json").write_text('{"colour": "grey"}')
    with pytest.raises(ModelError, match="Did you mean 'color'"):
        models.load(tmp_path / "m.pt", LABELS)


def test_emolives_own_file_takes_options_too(tmp_path, model):
    spec = models.load(None, facts={"temperature": 2, "crop_margin": 1.0}).spec
    assert spec.temperature == 2.0
    assert spec.crop_margin == {"full": 1.0, "short": 1.0, "tiled": 1.0}
    assert spec.labels == model.spec.labels


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20))
def test_a_clean_label_is_one_line_and_stays_as_it_is(label):
    try:
        clean = clean_label(label)
    except ValueError:
        return
    assert clean == clean_label(clean) == clean.strip()
    assert len(clean.splitlines()) == 1
    assert unicodedata.is_normalized("NFC", clean)


def test_every_field_of_a_spec_is_checked():
    from emolive.networks.facts import CHECKS

    assert set(CHECKS) == set(NAMES)


def test_scales_are_numbers_of_methods_and_layers():
    assert normalised({"scales": {"gradcam": {"layer4": 1}}}, "m.json") == {"scales": {"gradcam": {"layer4": 1.0}}}
    assert normalised({"scales": {}}, "m.json") == {"scales": {}}
    wrong = (
        [1],
        {"gradcam": 0.2},
        {"gradcam": {"layer4": 0}},
        {"gradcam": {"layer4": -1}},
        {"gradcam": {"layer4": "x"}},
    )
    for value in (*wrong, {"gradcam": {"layer4": float("inf")}}, {"gradcam": {"layer4": True}}):
        with pytest.raises(ModelError, match=r"m\.json: scales must be"):
            normalised({"scales": value}, "m.json")
    with pytest.raises(ModelError, match="100000 numbers at most"):
        normalised({"scales": {"gradcam": {str(n): 1 for n in range(100_001)}}}, "m.json")


CALIBRATED = {"labels": LABELS, "input_size": 64, "temperature": 2.0, "metrics": {"accuracy": 0.7},
              "scales": {"gradcam": {"layer4": 0.2, "layer3": 0.1}}}  # fmt: skip


def test_facts_beside_a_file_add_metrics_and_scales_to_its_own():
    beside = {"metrics": {"unsure": 0.4}, "scales": {"cam": {"layer4": 9.0}, "gradcam": {"layer4": 0.3}}}
    spec = merged([(CALIBRATED, "m.safetensors"), (beside, "m.json")])
    assert spec.metrics == {"accuracy": 0.7, "unsure": 0.4}
    assert spec.scales == {"cam": {"layer4": 9.0}, "gradcam": {"layer4": 0.3}}  # a method's scales come as a whole


@pytest.mark.parametrize(
    ("option", "kept"),
    [
        ({"input_size": 96}, (False, False)),
        ({"layer4_stride": 1}, (False, False)),
        ({"mean": (0.5, 0.5, 0.5)}, (False, False)),
        ({"temperature": 3.0}, (True, False)),
        ({"temperature": 2.0, "input_size": 64}, (True, True)),  # the same said again
        ({"crop_margin": {"full": 1.3}}, (True, True)),
    ],
)
def test_who_says_anew_how_it_is_fed_voids_what_was_calibrated(option, kept):
    known = {**CALIBRATED, "layer4_stride": 2, "mean": (0.4, 0.4, 0.4), "metrics": {"accuracy": 0.7, "unsure": 0.4},
             "best_map": {"method": "cam", "layer": "layer4"}}  # fmt: skip
    spec = merged([(known, "m.safetensors"), (option, "the options")])
    assert (bool(spec.scales), "unsure" in spec.metrics) == kept
    assert bool(spec.best_map) == bool(spec.scales)
    assert spec.metrics["accuracy"] == 0.7


def test_a_network_that_others_are_told_apart_from_by_defaults_is_changed_by_options_too():
    """Without a word in its file, the size is the default one: an option that says otherwise changes it."""
    known = {"labels": LABELS, "scales": {"gradcam": {"layer4": 0.2}}}
    assert merged([(known, "m.json"), ({"input_size": 64}, "the options")]).scales == {}
    assert merged([(known, "m.json"), ({"input_size": 224}, "the options")]).scales != {}
