"""The facts about a network: what its outputs mean and how it is fed. From files, from options, merged and checked.

People write them by hand, so that what can only mean one thing is taken (`{"0": "angry"}`, `id2label`, a BOM, spaces
and line breaks around labels, "grey", one mean for three channels), and everything else is refused by its name.
"""

import codecs
import dataclasses
import difflib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emolive.core.errors import ModelError

DETECTORS = ("full", "short", "tiled")


@dataclass(frozen=True)
class Spec:
    """How a network is built and fed.

    A face crop is `crop_size` pixels square (as coarse as the faces of the training), turned to grey if `color` is
    "gray", enlarged to `input_size`, scaled to 0..1, and normalised by `mean` and `std` per channel. `crop_margin` says
    for each face detector how many times its box the square is wide. Softmax takes logits divided by `temperature`.
    `scales` say what counts as full heat, {method: {layer: evidence}}: what one cell in a hundred of the maps of the
    network's answers reaches, on pictures it was calibrated on. `metrics` are figures measured there; `unsure` among
    them is the largest probability below which an answer counts as unsure. `best_map` names the `method` and the
    `layer` whose maps an audit of the network found to deserve trust most; empty where there was none.
    """

    labels: tuple[str, ...]
    arch: str = "resnet18"
    input_size: int = 224
    crop_size: int = 224
    layer4_stride: int = 2
    color: str = "rgb"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    crop_margin: dict[str, float] = field(default_factory=lambda: {"full": 1.1, "short": 1.2, "tiled": 1.1})
    temperature: float = 1.0
    trained_on: str = ""
    recipe: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    scales: dict[str, dict[str, float]] = field(default_factory=dict)
    best_map: dict[str, str] = field(default_factory=dict)


NAMES = tuple(f.name for f in dataclasses.fields(Spec))
LABELS = ("labels", "id2label", "label2id")
"""Under which names the labels may stand."""
COLORS = {"gray": "gray", "grey": "gray", "grayscale": "gray", "greyscale": "gray", "l": "gray", "rgb": "rgb"}
DEFAULTS = {f.name: f.default for f in dataclasses.fields(Spec) if f.default is not dataclasses.MISSING}
FED = ("arch", "input_size", "crop_size", "layer4_stride", "color", "mean", "std")
"""What a network's calibration hangs on: told otherwise afterwards, its scales, its `unsure` and its audit hold no
more."""


class _WrongFactError(ValueError):
    """A fact that is refused, in words that go on after its name."""


def parse_facts(content: bytes | str, path: Path) -> dict[str, Any]:
    """The facts in a JSON text, normalised: a list is the labels, an object holds fields of `Spec`.

    Raises `ModelError`, which names the file and the fact, for what is unknown, twice there, or makes no sense.
    """
    try:
        text = _decoded(content) if isinstance(content, bytes) else content
        read = json.loads(text, object_pairs_hook=_once)
    except RecursionError as error:
        raise ModelError(f"The facts about the model in {path} cannot be read: they are nested too deeply.") from error
    except ValueError as error:
        raise ModelError(f"The facts about the model in {path} cannot be read ({error}).") from error
    if isinstance(read, list):
        read = {"labels": read}
    if not isinstance(read, dict):
        raise ModelError(f"{path} holds no facts about a model: a list of labels, or an object like "
                         '{"labels": ["angry", "happy"], "input_size": 112}.')  # fmt: skip
    if read and all(name.strip().isdigit() for name in read):
        read = {"labels": read}
    return normalised(read, path)


def normalised(facts: Mapping[str, Any], source: Path | str) -> dict[str, Any]:
    """Facts as `Spec` holds them. `source` is what errors call where they come from. Raises `ModelError`."""
    given = [name for name in LABELS if name in facts]
    if len(given) > 1:
        raise ModelError(f"{source} says what the labels are twice, by {' and '.join(given)}. Keep one of them.")
    found = {}
    for name, value in facts.items():
        field_name = "labels" if name in LABELS else name
        if field_name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.6)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ModelError(f"{source}: there is no fact '{name}' about a model.{hint} There are: {', '.join(NAMES)}.")
        try:
            found[field_name] = CHECKS[field_name](_by_number(value) if name == "label2id" else value)
        except _WrongFactError as error:
            raise ModelError(f"{source}: {name} {error}") from error
    return found


def merged(parts: Sequence[tuple[Mapping[str, Any], Path | str]]) -> Spec:
    """The spec that facts from several sources make together; of two for the same fact the later one counts, but for
    labels, which must agree. What nobody says has the default of `Spec`, crop_size that of input_size. Who says anew
    how the network is fed (`FED`, for `unsure` the temperature too) says that what was calibrated before is void.

    Raises `ModelError` where the labels differ, or nobody says what they are (`labels` is then named in it).
    """
    facts: dict[str, Any] = {}
    whose: Path | str = ""
    for some, source in parts:
        labels = some.get("labels")
        if labels and facts.get("labels", labels) != labels:
            raise ModelError(
                f"{whose} has the labels {', '.join(facts['labels'])}; {source} says {', '.join(labels)}. "
                "They must be the same, in the same order."
            )
        whose = source if labels else whose
        known = {"crop_size": facts.get("input_size", Spec.crop_size), **DEFAULTS, **facts}
        changed = {name for name in some if name in known and some[name] != known[name]} if facts else set()
        if changed.intersection(FED):
            facts.pop("scales", None)
            facts.pop("best_map", None)
        if changed.intersection((*FED, "temperature")):
            facts["metrics"] = {name: v for name, v in facts.get("metrics", {}).items() if name != "unsure"}
        joined = {name: facts.get(name, {}) | some.get(name, {}) for name in ("crop_margin", "metrics", "scales")}
        facts |= {**some, **joined}
    if "labels" not in facts:
        raise ModelError("Nobody says what the labels are.")
    facts.setdefault("crop_size", facts.get("input_size", Spec.crop_size))
    facts["crop_margin"] = Spec(()).crop_margin | facts["crop_margin"]
    return Spec(**facts)


def clean_label(label: object) -> str:
    """A label without spaces and line breaks around it, each of those inside a single space, in Unicode's NFC."""
    if not isinstance(label, str):
        raise _WrongFactError(f"must be words; {json.dumps(label)} is none.")
    words = unicodedata.normalize("NFC", " ".join(label.split()))
    if not words:
        raise _WrongFactError("has an empty one. Give each output a name.")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn") for letter in words):
        raise _WrongFactError(f"has one with characters that cannot be shown: {words!r}.")
    return words


def _labels(value: object) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        value = _in_order(value)
    if not isinstance(value, list | tuple):
        raise _WrongFactError('must be a list like ["angry", "happy"], or numbered like {"0": "angry", "1": "happy"}.')
    labels = tuple(clean_label(label) for label in value)
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise _WrongFactError(f"names {', '.join(twice)} twice.")
    if not 2 <= len(labels) <= 1000:
        raise _WrongFactError(f"must be 2 to 1000; there are {len(labels)}.")
    return labels


def _in_order(numbered: Mapping[Any, Any]) -> list[Any]:
    """{"0": "angry", "1": "happy"} as a list."""
    try:
        by_number = {int(str(number).strip()): label for number, label in numbered.items()}
    except ValueError as error:
        raise _WrongFactError("has keys that are no numbers.") from error
    if sorted(by_number) != list(range(len(numbered))):
        raise _WrongFactError(f"must be numbered from 0 on without a gap; there are {', '.join(map(str, numbered))}.")
    return [by_number[i] for i in range(len(by_number))]


def _by_number(value: object) -> object:
    """{"angry": 0, "happy": 1} turned round."""
    if not isinstance(value, Mapping):
        raise _WrongFactError('must be an object like {"angry": 0, "happy": 1}.')
    turned = {number: label for label, number in value.items()}
    if len(turned) != len(value):
        raise _WrongFactError("gives two labels the same number.")
    return turned


def _number(low: float, high: float, what: str = "") -> Any:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise _WrongFactError(f"must be a number; {json.dumps(value)[:60]} is none.")
        if not low <= value <= high:  # compared as it is: a whole number of 400 digits is no float
            if abs(value) > 1e18:
                raise _WrongFactError(f"must be {low:g} to {high:g}.{what}")
            raise _WrongFactError(f"must be {low:g} to {high:g}; {value:g} makes no sense.{what}")
        return float(value)

    return check


def _whole(low: int, high: int) -> Any:
    number = _number(low, high)

    def check(value: object) -> int:
        if isinstance(value, list | tuple) and len(set(value[-2:])) == 1 and len(value) in (2, 3):
            value = value[-1]  # [3, 224, 224] or [224, 224]
        whole = number(value)
        if whole != int(whole):
            raise _WrongFactError(f"must be a whole number; {whole:g} is none.")
        return int(whole)

    return check


def _triple(low: float, high: float, scale: str) -> Any:
    number = _number(low, high, f" It is of values from 0 to 1, not from 0 to 255{scale}.")

    def check(value: object) -> tuple[float, float, float]:
        values = list(value) if isinstance(value, list | tuple) else [value]
        if len(values) not in (1, 3):
            raise _WrongFactError(f"must be one number, or three for red, green and blue; there are {len(values)}.")
        red, green, blue = (number(v) for v in values * (3 // len(values)))
        return red, green, blue

    return check


def _color(value: object) -> str:
    color = COLORS.get(value.strip().lower()) if isinstance(value, str) else None
    if color is None:
        raise _WrongFactError(
            f"must be gray or rgb; it is {json.dumps(value)}."
            + (" A network that takes BGR has to be saved with its first convolution's channels turned round."
               if str(value).strip().lower() == "bgr" else "")
        )  # fmt: skip
    return color


def _margins(value: object) -> dict[str, float]:
    number = _number(0.5, 4)
    if not isinstance(value, Mapping):
        return dict.fromkeys(DETECTORS, number(value))
    strange = [name for name in value if name not in DETECTORS]
    if strange:
        raise _WrongFactError(f"is for the detectors {', '.join(DETECTORS)}; there is no {strange[0]}.")
    return {name: number(margin) for name, margin in value.items()}


def _one_of(*known: int) -> Any:
    def check(value: object) -> int:
        if isinstance(value, bool) or value not in known:
            raise _WrongFactError(f"must be {' or '.join(map(str, known))}; it is {json.dumps(value)}.")
        return int(value)

    return check


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _WrongFactError("must be words.")
    return value


def _metrics(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise _WrongFactError("must be an object of numbers.")
    return {str(name): _number(-1e9, 1e9)(number) for name, number in value.items()}


def _scales(value: object) -> dict[str, dict[str, float]]:
    number = _number(1e-30, 1e30)
    if not isinstance(value, Mapping) or not all(isinstance(layers, Mapping) for layers in value.values()):
        raise _WrongFactError('must be an object of methods, like {"gradcam": {"layer4": 0.25}}.')
    if sum(len(layers) for layers in value.values()) > MOST_SCALES:
        raise _WrongFactError(f"must be {MOST_SCALES} numbers at most.")
    return {str(method): {str(at): number(full) for at, full in layers.items()} for method, layers in value.items()}


def _best_map(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not (value.keys() == {"method", "layer"} or not value):
        raise _WrongFactError('must name a method and a layer, like {"method": "gradcam", "layer": "layer4"}.')
    return {name: _text(words) for name, words in value.items()}


MOST_SCALES = 100_000
"""More methods and layers than any network has."""

CHECKS = {
    "labels": _labels,
    "arch": _text,
    "input_size": _whole(16, 1024),
    "crop_size": _whole(8, 1024),
    "layer4_stride": _one_of(1, 2),
    "color": _color,
    "mean": _triple(-1, 1, ": divide it by 255"),
    "std": _triple(1e-3, 2, ": divide it by 255"),
    "crop_margin": _margins,
    "temperature": _number(1e-3, 1e3),
    "trained_on": _text,
    "recipe": _text,
    "metrics": _metrics,
    "scales": _scales,
    "best_map": _best_map,
}
"""What each fact must be: a value as JSON or an option has it -> as `Spec` holds it."""


def _decoded(content: bytes) -> str:
    """JSON's text; Windows writes UTF-16 and begins files with a mark (BOM)."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if utf16 else "utf-8-sig")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; a name that stands there twice is an error, not the last one."""
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"'{twice}' stands there twice")
    return dict(pairs)
