"""What a file of weights is and says of its network, without loading it: no torch, no tensor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from emolive.core.errors import ModelError, SourceError
from emolive.core.files import check_model, fingerprint, why
from emolive.core.foreign import MOST_BYTES, open_regular
from emolive.core.installed import weights
from emolive.networks.facts import Spec, merged, normalised, parse_facts

Said = Sequence[tuple[Mapping[str, Any], Path | str]]
"""Facts about a network, and where each comes from; of two the later one counts (`facts.merged`)."""


@dataclass(frozen=True)
class Described:
    """A file of weights: its sha256, and the spec of the network in it, as far as anybody says so. Whether the weights
    fit is known when they are loaded (`checkpoint.load`)."""

    sha256: str
    spec: Spec


def described(
    path: Path | None = None, labels: Sequence[str] | None = None, facts: Mapping[str, Any] | None = None
) -> Described:
    """What `checkpoint.load` would say of the same file. Raises `ModelError` as far as it is known by then."""
    path = path or default_model()
    check_model(path)
    sha256 = whole(path)
    inside = facts_inside(path) if is_safetensors(path) else None
    return Described(sha256, spec_of(path, facts_of(path, inside, told(labels, facts))))


def default_model() -> Path:
    """The weights that travel with emolive."""
    return weights("emotion_resnet18.safetensors")


def whole(path: Path) -> str:
    """SHA-256 of a file of weights, which is read to its end: what reads it after that does not know of patience."""
    try:
        return fingerprint(path)
    except (SourceError, OSError) as error:
        raise ModelError(f"As a model: {why(error)}") from error


def is_safetensors(path: Path) -> bool:
    """Whether a file of weights is read as safetensors: by its content, or by its name unless it is a zip (`.pt`)."""
    with open(path, "rb") as file:
        start = file.read(9)
    named = path.suffix.lower() == ".safetensors" and not start.startswith(b"PK")
    return named or begins_as_safetensors(start)


def begins_as_safetensors(start: bytes) -> bool:
    """Whether a file that begins so is read as safetensors, whatever its name: they begin with the length of an object
    and the object; a `.pt` is a zip."""
    return start[8:9] == b"{"


def facts_inside(path: Path) -> str | None:
    """The text of the facts in a safetensors file; emolive's have them. Raises `ModelError` for a broken one."""
    try:
        with safe_open(str(path), "np") as file:
            return (file.metadata() or {}).get("emolive")
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> ModelError:
    """What is to be said of a safetensors file that is broken."""
    return ModelError(f"{path} is not a readable .safetensors file ({error}). Export it again.")


def told(labels: Sequence[str] | None, facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """The facts that a user's options say."""
    return {**(facts or {}), **({"labels": list(labels)} if labels else {})}


def facts_of(path: Path, inside: str | None, options: Mapping[str, Any]) -> Said:
    """All that says something about the network in `path`, and where each comes from: the facts `inside` the file, a
    JSON file of the same name beside it, a user's options. Raises `ModelError` for what makes no sense."""
    parts: list[tuple[Mapping[str, Any], Path | str]] = [(parse_facts(inside, path), path)] if inside else []
    beside = path.with_suffix(".json")
    if beside.is_file():
        try:
            with open_regular(beside, most=MOST_BYTES) as file:
                parts.append((parse_facts(file.read(MOST_BYTES), beside), beside))
        except (SourceError, OSError) as error:
            raise ModelError(f"The facts about the model in {beside} cannot be read ({why(error)}).") from error
    return [*parts, (normalised(options, "the options"), "--labels")]


def spec_of(path: Path, parts: Said, count: int | None = None) -> Spec:
    """The spec that facts make together, of a network with so many outputs (None: not known). Raises `ModelError`."""
    if not any("labels" in some for some, _ in parts):
        raise ModelError(
            f"{path} does not say what its outputs mean. Name {f'its {count}' if count else 'the'} labels in order "
            f"with --labels angry,happy,… or write them as a JSON list to {path.with_suffix('.json').name} beside it."
        )
    return merged(parts)
