"""The options that all viewing commands share: one decorator, one frozen value."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from emolive.core.settings import VIEW_NAMES, Settings, Variant

LOOKING = frozenset((
    "model", "labels", "half", "method", "layer", "filter_layer", "tiles", "target", "detector", "min_confidence",
    "max_faces", "alpha", "smooth", "views", "colormap", "against", "pin", "off", "by_share", "proof", "random",
    "method_b", "layer_b", "model_b", "mirror",
))  # fmt: skip
"""The options that say how to look; all others belong to a run."""


@dataclass(frozen=True)
class Options:
    """What the user asked for on the command line, checked for form only."""

    model: Path | None = None
    labels: tuple[str, ...] = ()
    device: str = "auto"
    half: bool = False
    method: str = "gradcam"
    layer: str = "layer4"
    filter_layer: str = "layer4"
    tiles: int = 16
    target: str = ""
    detector: str = "full"
    min_confidence: float = 0.5
    max_faces: int = 50
    alpha: float = 0.5
    smooth: float = 0.3
    views: tuple[str, ...] = ("camera", "filters")
    colormap: str = "inferno"
    against: str = ""
    pin: tuple[int, ...] = ()
    off: tuple[int, ...] = ()
    by_share: bool = False
    proof: bool = False
    random: int = 0
    method_b: str = ""
    layer_b: str = ""
    model_b: Path | None = None
    mirror: bool = False
    record: bool = False
    bundle: bool = False
    out: Path | None = None
    recordings: Path = Path("recordings")
    data: Path | None = None
    report: Path | None = None
    headless: bool = False
    batch: int = 1
    stream: int | None = None
    audio_stream: int | None = None
    seconds: float | None = None
    frames: int | None = None
    overwrite: bool = False
    verbose: bool = False
    debug: bool = False

    def settings(self) -> Settings:
        """What the windows show at first."""
        return Settings(
            method=self.method,
            layer=self.layer,
            filter_layer=self.filter_layer,
            target=self.target,
            tiles=self.tiles,
            alpha=self.alpha,
            smooth_ms=self.smooth * 1e3,
            views=self.views,
            colormap=self.colormap,
            against=self.against,
            pins=self.pin,
            off=self.off,
            by_share=self.by_share,
            proof=self.proof,
            random=self.random,
            compare=self.compare(),
            mirror=self.mirror,
            record=self.record,
        )

    @property
    def figures(self) -> bool:
        """Whether something is written that holds the figures of all faces, not only of the selected one."""
        return bool(self.data or self.report or self.bundle)

    def plain(self) -> dict[str, Any]:
        """The options as JSON holds them, with whole paths."""
        paths = {name: str(v.resolve()) for name, v in vars(self).items() if isinstance(v, Path)}
        return {**vars(self), **paths}

    def looking(self) -> dict[str, Any]:
        """The options that say how to look, models by their file's name."""
        values = {name: value for name, value in vars(self).items() if name in LOOKING}
        return {name: v.name if isinstance(v, Path) else v for name, v in values.items()}

    def compare(self) -> Variant | None:
        """The other way to look that --model-b, --method-b and --layer-b ask for."""
        if not (self.method_b or self.layer_b or self.model_b):
            return None
        net = "b" if self.model_b else "a"
        return Variant(net=net, method=self.method_b or self.method, layer=self.layer_b or self.layer)


def _words(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (value or "").split(",") if word.strip())


def _views(context: click.Context, option: click.Parameter, value: str) -> tuple[str, ...]:
    views = _words(context, option, value)
    if not views or any(view not in VIEW_NAMES for view in views):
        raise click.BadParameter(f"'{value}' names no views; there are: {', '.join(VIEW_NAMES)}.")
    return views


def _channels(context: click.Context, option: click.Parameter, value: str | None) -> tuple[int, ...]:
    words = _words(context, option, value)
    if not all(word.isdigit() for word in words):
        raise click.BadParameter(f"'{value}' are no channel numbers; write them like 3,17.")
    return tuple(int(word) for word in words)


_MODEL_OPTIONS = [
    click.option("--model", type=click.Path(path_type=Path), help="Weights (.safetensors, .pt, .pth); default: ours."),
    click.option("--labels", callback=_words, help="Labels of a plain state dict, in order, with commas."),
    click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True),
    click.option("--half", is_flag=True, help="Half precision on a GPU: faster, maps differ slightly."),
]

_COMMON = [
    click.option("-v", "--verbose", is_flag=True, help="Log what happens."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
]

_LOOK = [
    click.option("--method", default="gradcam", show_default=True, help="CAM method; `m` cycles them."),
    click.option("--layer", default="layer4", show_default=True, help="Layer of the heat map: see `emolive layers`."),
    click.option("--filter-layer", default="layer4", show_default=True, help="Layer of the filter tiles."),
    click.option("--target", default="", help="Emotion that the map explains; default: the likeliest of each face."),
    click.option(
        "--detector",
        type=click.Choice(["full", "short", "tiled"]),
        default="full",
        show_default=True,
        help="Face detector: full range, short (one person at a desk, faster), tiled (crowds, slower).",
    ),
    click.option("--min-confidence", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Of a face."),
    click.option("--max-faces", type=click.IntRange(1), default=50, show_default=True, help="The largest count."),
    click.option("--alpha", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Strength of the heat."),
    click.option("--smooth", type=click.FloatRange(0), default=0.3, show_default=True, help="Smoothing, s; 0: off."),
    click.option(
        "--colormap",
        type=click.Choice(["inferno", "magma", "plasma", "viridis", "cividis", "gray"]),
        default="inferno",
        show_default=True,
        help="Colours of the heat; all are even to the eye.",
    ),
    click.option("--against", default="", help="Contrast: the map of the target minus that of this emotion."),
    click.option("--pin", callback=_channels, help="Filters of --filter-layer to pin, like 3,17."),
    click.option("--off", callback=_channels, help="Filters of --filter-layer to switch off for comparison."),
    click.option("--by-share", is_flag=True, help="Sort filters by their share of the target's score."),
    click.option("--proof", is_flag=True, help="Blur the hottest, random, coldest parts; see the probability fall."),
    click.option("--random", type=click.IntRange(0, 5), default=0, help="Stages to randomise, from the last one back."),
    click.option("--method-b", default="", help="Another method, side by side."),
    click.option("--layer-b", default="", help="Another layer, side by side."),
    click.option("--model-b", type=click.Path(path_type=Path), help="Another checkpoint, side by side."),
]

_WINDOWS_AND_FILES = [
    click.option("--tiles", type=click.IntRange(1, 144), default=16, show_default=True, help="Tiles on a page."),
    click.option("--views", callback=_views, default="camera,filters", show_default=True, help="Windows to open."),
    click.option("--mirror/--no-mirror", default=None, help="Mirror the picture shown (cam: on), never the data."),
    click.option("--record", is_flag=True, help="Record from the start into the recordings folder; `r` stops."),
    click.option("--bundle", is_flag=True, help="Recordings keep the clean video, data, settings: `emolive replay`."),
    click.option("--out", type=click.Path(path_type=Path), help="Write the annotated video (or picture) here."),
    click.option(
        "--recordings",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("recordings"),
        show_default=True,
        help="Folder of recordings and snapshots.",
    ),
    click.option("--data", type=click.Path(path_type=Path), help="Numbers of each frame: .jsonl, .csv or .parquet."),
    click.option("--headless", is_flag=True, help="No windows; a file goes as fast as the machine can."),
    click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End after so many seconds."),
    click.option("--frames", type=click.IntRange(1), help="End after so many frames."),
    click.option("--overwrite", is_flag=True, help="Replace existing files."),
]


def _add(options: list[Callable], command: Callable) -> Callable:
    for option in reversed(options):
        command = option(command)
    return command


def common_options(command: Callable) -> Callable:
    """Add -v and --debug."""
    return _add(_COMMON, command)


def model_options(command: Callable) -> Callable:
    """Add --model, --labels, --device and --half."""
    return _add(_MODEL_OPTIONS, command)


def look_options(command: Callable) -> Callable:
    """Add the options that say how faces are found and looked at; the command is called with them as one `Options`."""
    return _as_one_value(_LOOK, command)


def viewing_options(command: Callable) -> Callable:
    """Add the options that all viewing commands share; the command is called with them as one `Options`."""
    return _as_one_value([*_LOOK, *_WINDOWS_AND_FILES], command)


def _as_one_value(options: list[Callable], command: Callable) -> Callable:
    names = {f.name for f in dataclasses.fields(Options)}

    def with_options(**values: Any) -> Any:
        given = {name: values.pop(name) for name in names & values.keys()}
        if given.get("mirror", False) is None:
            given["mirror"] = command.__name__ == "cam"
        return command(options=Options(**given), **values)

    with_options.__name__, with_options.__doc__ = command.__name__, command.__doc__
    params = getattr(command, "__click_params__", [])
    with_options.__click_params__ = params  # type: ignore[attr-defined]
    return common_options(model_options(_add(options, with_options)))
