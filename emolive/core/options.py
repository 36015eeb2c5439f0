"""The table of options: each is one row, and all that an option is comes from it.

Click's options and their `--help` (`commands/options.py`), their names in the environment, the frozen `Options` and the
first `Settings`, what `replay` takes from a bundle, the key of a result of `batch`, and docs/OPTIONS.md. Options that
are carried through emolive are fields of `Options`; those that one command needs for itself stand in `OWN`.
"""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emolive.core.kinds import (
    Channels,
    Choice,
    Clock,
    File,
    Flag,
    Integer,
    Kind,
    Name,
    Number,
    Numbers,
    PixelSize,
    Text,
    Words,
)
from emolive.core.settings import ARRANGEMENTS, TYPES, VIEW_NAMES, Settings, Variant

VIEWING = ("cam", "file", "demo", "replay")
LOOKING = (*VIEWING, "batch")
EVERY = (
    *LOOKING, "summary", "explain", "audit", "plot", "web", "train", "evaluate", "bench", "cameras", "layers",
)  # fmt: skip
"""The commands that have an option."""

FACES, NETWORK, MAP, TESTS = "Faces and network", "Network", "Map", "Tests of the map"
LEARNING, WINDOWS, FILES, RUN = "Learning", "Filters and windows", "Files", "Run"
GROUPS = (FACES, NETWORK, LEARNING, MAP, TESTS, WINDOWS, FILES, RUN)
"""The groups of a command's `--help`, in order; a command has at most six of them."""


@dataclass(frozen=True)
class Option:
    """A row of the table. `help` is a sentence for people; `commands` have the option, in the group `group`.

    `default` is its value where nobody gives it, `defaults` for single commands; None as a default means that there may
    be no value. `setting` is the field of `Settings` that it sets, with its value `times` so much. `looks`: it says how
    to look, so `replay` takes it from the bundle unless it is given. `key`: the result of a batch depends on it.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    group: str
    commands: tuple[str, ...]
    setting: str = ""
    times: float = 1.0
    looks: bool = False
    key: bool = False
    short: str = ""
    required: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def flag(self) -> str:
        """How it is written: `--max-faces`."""
        return f"--{self.name.replace('_', '-')}"

    def variable(self, command: str) -> str:
        """Its name in the environment: `EMOLIVE_FILE_MAX_FACES`."""
        return f"EMOLIVE_{command}_{self.name}".upper()

    def default_of(self, command: str) -> Any:
        """Its value where nobody gives it to this command."""
        return self.defaults.get(command, self.default)

    def check(self, value: object) -> Any:
        """A value as JSON holds it. Raises `ValueError` with the middle of a sentence."""
        return None if value is None and self.default is None else self.kind.check(value)

    def as_setting(self, value: Any) -> Any:
        """The value as `Settings` hold it: no label at all is None there, so that no label is like it."""
        if self.default == "" and value == "":
            return None
        return value if self.times == 1 else value * self.times

    def of_setting(self, value: Any) -> Any:
        """The value of a field of `Settings` as this option holds it."""
        if self.default == "" and value is None:
            return ""
        return value if self.times == 1 else value / self.times


def _row(kind: Kind, default: Any, help: str, group: str, commands: tuple[str, ...] = VIEWING, **more: Any) -> Any:
    """A field of `Options` that is a row of the table."""
    return field(default=default, metadata={"row": (kind, default, help, group, commands, more)})


def _look(kind: Kind, default: Any, help: str, group: str, commands: tuple[str, ...] = LOOKING, **more: Any) -> Any:
    """A row that says how to look, and that results depend on."""
    return _row(kind, default, help, group, commands, looks=True, key=True, **more)


NETWORKS = (*LOOKING, "layers", "explain", "audit", "evaluate", "bench")
"""The commands that look through a network."""

FACTS = ("input_size", "crop_size", "color", "mean", "std", "layer4_stride", "margin", "temperature")
"""The options that say how a network is fed, instead of what its file says."""


def _fact(kind: Kind, help: str) -> Any:
    """A row of `FACTS`; without it, the file counts."""
    return _look(kind, None, help, FACES, NETWORKS)


@dataclass(frozen=True)
class Options:
    """What the user asked for on the command line, checked for form only. Each field is a row of the table."""

    model: Path | None = _look(
        File(), None, "The network's file: .safetensors, .pt or .pth. Without it, the one that comes with emolive.",
        FACES, NETWORKS,
    )  # fmt: skip
    labels: tuple[str, ...] = _look(
        Words(), (), "What the outputs of a plain state dict are called, in their order (train: of --init).",
        FACES, (*NETWORKS, "train"),
    )  # fmt: skip
    input_size: int | None = _fact(Integer(16, 1024), "The pixels a side that the network takes; see CHECKPOINTS.md.")
    crop_size: int | None = _fact(Integer(8, 1024), "The pixels a side that a face has first, as in its training.")
    color: str | None = _fact(Choice(("gray", "rgb")), "What the network sees: grey pictures or colours.")
    mean: tuple[float, ...] | None = _fact(Numbers(3), "What is subtracted from pixels of 0 to 1, by channel.")
    std: tuple[float, ...] | None = _fact(Numbers(3), "What pixels are divided by then, by channel.")
    layer4_stride: int | None = _fact(Integer(1, 2), "The stride of the last stage that the network was trained with.")
    margin: float | None = _fact(Number(0.5, 4), "How many times its box a face's square is wide, as in training.")
    temperature: float | None = _fact(Number(0.001, 1000), "What logits are divided by; above 1 is less sure.")
    device: str = _row(
        Choice(("auto", "cpu", "cuda", "mps")), "auto", "Where the network runs; auto takes a GPU if there is one.",
        FACES, (*LOOKING, "layers", "explain", "audit", "bench"),
    )  # fmt: skip
    half: bool = _look(
        Flag(), False, "Use half precision on a GPU: faster, and maps differ a little.",
        FACES, (*LOOKING, "layers", "explain", "bench"),
    )  # fmt: skip
    backend: str = _row(
        Choice(("auto", "torch", "openvino")), "auto",
        "What computes passes on a CPU; auto takes OpenVINO where it is installed. Numbers differ by rounding.",
        FACES, (*LOOKING, "explain", "audit", "bench"),
    )  # fmt: skip
    method: str | None = _look(
        Text(), None, "The method that makes the map; the key m goes through all of them. Without it, the one that "
        f"an audit of the network trusts most, or {Settings.method}.", MAP, (*LOOKING, "bench"), setting="method",
    )  # fmt: skip
    layer: str | None = _look(
        Text(), None, "The layer that the map is of: `emolive layers` lists them. Without it, the one that goes with "
        f"the audit's method, or {Settings.layer}.", MAP, (*LOOKING, "bench"), setting="layer",
    )  # fmt: skip
    filter_layer: str = _look(Text(), Settings.filter_layer, "The layer whose filters are shown as tiles.",
                              WINDOWS, setting="filter_layer")  # fmt: skip
    tiles: int = _look(Integer(1, 144), Settings.tiles, "How many filters are shown on a page.",
                       WINDOWS, VIEWING, setting="tiles")  # fmt: skip
    target: str = _look(
        Text(), "", "The emotion that the map explains. Without it, the likeliest one of each face.",
        MAP, (*LOOKING, "explain"), setting="target",
    )  # fmt: skip
    detector: str = _look(
        Choice(("full", "short", "tiled")), "full", "How faces are found: full for most pictures, short for one "
        "person at a desk (faster), tiled for crowds (slower).", FACES, (*LOOKING, "explain", "evaluate"),
    )  # fmt: skip
    min_confidence: float = _look(Number(0, 1), 0.5, "How sure the detector must be that something is a face.",
                                  FACES, (*LOOKING, "explain"))  # fmt: skip
    unsure: float | None = _look(
        Number(0, 1), None, "Call a face unsure whose likeliest emotion has less than this probability. Without it, "
        "what the network's file says, or 0.", FACES, setting="unsure",
    )  # fmt: skip
    max_faces: int = _look(Integer(1), 50, "How many faces are shown at most.", FACES, (*LOOKING, "explain"))
    alpha: float = _look(Number(0, 1), Settings.alpha, "How strongly the map covers the face.", MAP, setting="alpha")
    smooth: float = _look(
        Number(0, metavar="SECONDS"), Settings.smooth_ms / 1e3, "Over how long the figures are smoothed; 0 is off.",
        MAP, setting="smooth_ms", times=1e3,
    )  # fmt: skip
    views: tuple[str, ...] | None = _row(
        Words(VIEW_NAMES, least=1), None, "Which views are opened. Without it, camera and filters; on the board, all.",
        WINDOWS, looks=True, setting="views",
    )  # fmt: skip
    board: bool = _row(
        Flag(off=True), Settings.board, "Show all views in one window, the board; on for demo.",
        WINDOWS, looks=True, setting="board", defaults={"demo": True},
    )  # fmt: skip
    arrangement: str = _row(
        Choice(ARRANGEMENTS), Settings.arrangement, "How the views lie: the camera's beside the others, above them, or "
        "all alike; the key B goes on.", WINDOWS, setting="arrangement",
    )  # fmt: skip
    type: str = _row(
        Choice(TYPES), Settings.type, "How large text is: for a desk, for a room, or for the last row of a lecture "
        "hall.", WINDOWS, setting="type",
    )  # fmt: skip
    colormap: str = _look(
        Choice(("inferno", "magma", "plasma", "viridis", "cividis", "gray")), Settings.colormap,
        "The colours of the map; all of them are even to the eye.", MAP, setting="colormap",
    )  # fmt: skip
    scale: str = _look(
        Choice(("fixed", "relative")), Settings.scale, "What is full heat: fixed is the same evidence for every face, "
        "as the network's file says; relative is each map's own strongest.", MAP, (*LOOKING, "explain"),
        setting="scale",
    )  # fmt: skip
    against: str = _look(Text(), "", "Show what speaks for the target and against this emotion.",
                         MAP, setting="against")  # fmt: skip
    pin: tuple[int, ...] = _look(Channels(), Settings.pins, "Which filters of --filter-layer are pinned.",
                                 WINDOWS, setting="pins")  # fmt: skip
    off: tuple[int, ...] = _look(
        Channels(), Settings.off, "Which filters of --filter-layer are switched off for comparison.",
        TESTS, setting="off",
    )  # fmt: skip
    by_share: bool = _look(Flag(), Settings.by_share, "Sort filters by their share of the target's score.",
                           WINDOWS, setting="by_share")  # fmt: skip
    proof: bool = _look(
        Flag(), Settings.proof, "Mask what the map calls hot, and what its controls do, and see which costs more.",
        TESTS, (*LOOKING, "bench"), setting="proof",
    )  # fmt: skip
    random: int = _look(
        Integer(0, 6), Settings.random, "How many stages of the network get random weights, from the last one back.",
        TESTS, setting="random",
    )  # fmt: skip
    method_b: str = _look(Text(), "", "Show a second method beside the first.", TESTS)
    layer_b: str = _look(Text(), "", "Show a second layer beside the first.", TESTS)
    model_b: Path | None = _look(File(), None, "Show a second network beside the first.", TESTS)
    page: int = _row(
        Integer(0, 100_000), Settings.page, "Which page of filters is shown first; 0 has the strongest.",
        WINDOWS, looks=True, setting="page",
    )  # fmt: skip
    heat: bool = _row(
        Flag(off=True), Settings.heat, "Paint the map on the faces; the key o does so, too.",
        MAP, looks=True, setting="heat",
    )  # fmt: skip
    mirror: bool = _row(
        Flag(off=True), Settings.mirror, "Mirror the picture that is shown, never the data; on for cam.",
        WINDOWS, looks=True, setting="mirror", defaults={"cam": True},
    )  # fmt: skip
    record: bool = _row(
        Flag(), Settings.record, "Record from the start into the folder --recordings; the key r stops.",
        FILES, setting="record",
    )  # fmt: skip
    bundle: bool = _row(
        Flag(), False, "Keep the clean video, the data and the settings of each recording, for `emolive replay`.", FILES
    )
    out: Path | None = _row(File(), None, "Write the annotated video or picture into this file.", FILES)
    recordings: Path = _row(
        File(is_folder=True), Path("recordings"), "The folder that recordings and snapshots go into.", FILES
    )
    session: str = _row(
        Name(), "", "Go on with the session that the key S kept under this name: method, layer, target, pins, windows. "
        "What is given beside it comes first.", FILES, ("cam", "file", "demo"),
    )  # fmt: skip
    data: Path | None = _row(
        File(), None, "Write the figures of each frame into this file: .jsonl, .csv or .parquet.", FILES
    )
    report: Path | None = _row(
        File(is_folder=True), None, "Write a page about the session into this folder.", FILES, ("replay",)
    )
    headless: bool = _row(
        Flag(), False, "Open no windows; a file then goes as fast as the machine can.", RUN, (*VIEWING, "bench")
    )
    batch: int = _row(Integer(1), 1, "With --headless: how many frames the network looks at together.", RUN, ("file",))
    stream: int | None = _row(Integer(0), None, "The number of the video stream that is shown; without it, the best.",
                              FACES, ("file",))  # fmt: skip
    audio_stream: int | None = _row(
        Integer(0), None, "The number of the audio stream that is recorded; without it, the best.", FILES, ("file",)
    )
    allow_other_hosts: bool = _row(
        Flag(), False, "What comes over the network may lead to other hosts than its own.", RUN, ("cam", "file")
    )
    seconds: float | None = _row(Number(0, above=True), None, "End after so many seconds.", RUN)
    frames: int | None = _row(Integer(1), None, "End after so many frames.", RUN)
    overwrite: bool = _row(
        Flag(),
        False,
        "Replace files that are there already.",
        FILES,
        (*VIEWING, "explain", "audit", "plot", "summary", "train", "evaluate", "bench"),
    )
    verbose: bool = _row(Flag(), False, "Say on the terminal what happens.", RUN, EVERY, short="-v")
    debug: bool = _row(Flag(), False, "Show where in the code an error came from.", RUN, EVERY)

    def settings(self) -> Settings:
        """What the windows show at first."""
        given = [(row, getattr(self, row.name)) for row in FIELDS.values() if row.setting]
        shown = {row.setting: row.as_setting(value) for row, value in given if value is not None}
        shown["views"] = self.shown_views
        return Settings(**shown, compare=self.compare())

    @property
    def shown_views(self) -> tuple[str, ...]:
        """The views that are opened at first; the first of them is what is recorded."""
        return self.views or (VIEW_NAMES if self.board else Settings.views)

    def facts(self) -> dict[str, Any]:
        """What the user says about the network beside its labels, by the names that checkpoints have for it."""
        given = {name: getattr(self, name) for name in FACTS}
        return {"crop_margin" if k == "margin" else k: v for k, v in given.items() if v is not None}

    @property
    def figures(self) -> bool:
        """Whether something is written that holds the figures of all faces, not only of the selected one."""
        return bool(self.data or self.report or self.bundle)

    def plain(self) -> dict[str, Any]:
        """The options as JSON holds them, with whole paths: what a bundle stores."""
        paths = {name: os.path.realpath(v) for name, v in vars(self).items() if isinstance(v, Path)}
        return {**vars(self), **paths}

    def looking(self) -> dict[str, Any]:
        """The options that say how to look, models by their file's name."""
        values = {name: getattr(self, name) for name, row in FIELDS.items() if row.looks}
        return {name: v.name if isinstance(v, Path) else v for name, v in values.items()}

    def key(self) -> dict[str, Any]:
        """The options that a result depends on, as JSON holds them. What nobody asked for (None) is left out, so that
        results stay what they are when emolive learns an option."""
        values = {name: getattr(self, name) for name, row in FIELDS.items() if row.key}
        return {name: str(v) if isinstance(v, Path) else v for name, v in values.items() if v is not None}

    def compare(self) -> Variant | None:
        """The other way to look that --model-b, --method-b and --layer-b ask for."""
        if not (self.method_b or self.layer_b or self.model_b):
            return None
        method, layer = self.method or Settings.method, self.layer or Settings.layer
        net = "b" if self.model_b else "a"
        return Variant(net=net, method=self.method_b or method, layer=self.layer_b or layer)

    def with_map(self, best: Mapping[str, str]) -> "Options":
        """These options with a method and a layer, where nobody asked for some: those of `best`, the fact `best_map` of
        a network, where it says any. Its layer goes with its method only: another one may not be defined there."""
        method = self.method or best.get("method", Settings.method)
        layer = best.get("layer") if method == best.get("method") else None
        return dataclasses.replace(self, method=method, layer=self.layer or layer or Settings.layer)


def _rows() -> dict[str, Option]:
    found = {}
    for one in dataclasses.fields(Options):
        *row, more = one.metadata["row"]
        found[one.name] = Option(one.name, *row, **more)
    return found


FIELDS: Mapping[str, Option] = _rows()
"""The rows that are fields of `Options`, by name."""

SECONDS = Number(0, metavar="SECONDS")

OWN = (
    Option("camera", Text("WHICH"), "0", "The camera's number or device, or the address of a stream: 2, /dev/video2, "
           "rtsp://…, http://…/stream.mjpg.", FACES, ("cam",)),
    Option("size", PixelSize(), None, "The size that the camera is asked for, like 1280x720.", FACES, ("cam",)),
    Option("fps", Number(1, 1000), None, "The frames per second that the camera is asked for.", FACES, ("cam",)),
    Option("give_up", SECONDS, 60.0, "With --headless: after how long without a frame to give up.", RUN, ("cam",)),
    Option("start", Clock(), None, "Begin at this time of the video, like 0:10.", FACES, ("file",)),
    Option("end", Clock(), None, "End at this time of the video, like 0:20.", FACES, ("file",)),
    Option("faces", Integer(1, 64), 3, "How many faces are in the scene.", FACES, ("demo",)),

    Option("out", File(is_folder=True), None, "The folder that the results go into.", FILES, ("batch",), required=True),
    Option("video", Flag(off=True), False, "Write the annotated videos, too.", FILES, ("batch",)),
    Option("data", Choice(("jsonl", "parquet")), "jsonl", "How the figures of each video are written.",
           FILES, ("batch",)),
    Option("workers", Integer(1), None, "How many videos are done at once. Without it, as many as there are cores.",
           RUN, ("batch",)),
    Option("engine", Choice(("local", "ray")), "local", "Who does the work: this machine, or a Ray cluster.",
           RUN, ("batch",)),
    Option("address", Text("ADDRESS"), "", "Where the Ray cluster is, like auto or 10.0.0.1:6379.", RUN, ("batch",)),
    Option("gpus_per_worker", Number(0), 0.0, "How much of a GPU each worker gets, like 0.25 for four on one.",
           RUN, ("batch",)),
    Option("segment", SECONDS, 300.0, "Split longer videos into parts of so many seconds, which are done apart; "
           "0 is never.", RUN, ("batch",)),
    Option("force", Flag(), False, "Do all videos again, also those that are done.", RUN, ("batch",)),
    Option("verify", Flag(), False, "Compare the content of videos and results with what was done, not only their size "
           "and time.", RUN, ("batch",)),
    Option("status", Flag(), False, "Say what is done, in work, failed and left, and do nothing.", RUN, ("batch",)),
    Option("why", File(), None, "Say why this video would be done again, and do nothing.", RUN, ("batch",)),
    Option("lease", Number(0.5, metavar="SECONDS"), 60.0, "After how long without a sign of life another batch in the "
           "same folder goes on with what this one has in hand.", RUN, ("batch",)),
    Option("limit", Number(1, metavar="SECONDS"), 60.0, "How long a frame may take; then its worker is ended, and the "
           "video tried again.", RUN, ("batch",)),
    Option("json", Flag(), False, "Say what became of each video as JSON, for machines.", RUN, ("batch",)),

    Option("out", File(is_folder=True), None, "The folder that the report goes into.", FILES, ("explain",),
           required=True),
    Option("methods", Words(least=1, once=True), ("all",), "Which methods make maps: all, or names like "
           "gradcam,layercam; scorecam is slow.", MAP, ("explain",)),
    Option("layers", Words(least=1, once=True), ("layer1", "layer2", "layer3", "layer4"), "Which layers maps are "
           "made of: `emolive layers` lists them.", MAP, ("explain",)),
    Option("out", File(is_folder=True), None, "The folder that the audit goes into, and what is done of it.", FILES,
           ("audit",), required=True),
    Option("methods", Words(least=1, once=True), ("quick",), "Which methods are audited: quick (all but slow ones), "
           "all, or names like gradcam,layercam.", MAP, ("audit",)),
    Option("layers", Words(least=1, once=True), ("layer3", "layer4"), "Which layers maps are made of: `emolive layers` "
           "lists them.", MAP, ("audit",)),
    Option("faces", Integer(1), 200, "How many faces of DATA are asked, drawn by chance.", RUN, ("audit",)),
    Option("seed", Integer(0), 0, "The number that all chance comes from.", RUN, ("audit",)),
    Option("whole", Flag(), False, "Take each whole picture as a face, and look for none.", FACES, ("explain",)),

    Option("out", File(is_folder=False), None, "The name of the pictures, like FILE.png; each person's "
           "gets a number. Without it, beside DATA.",
           FILES, ("plot",)),
    Option("out", File(is_folder=True), None, "The folder that all files go into. Without it, RESULTS.",
           FILES, ("summary",)),
    Option("people", File(is_folder=False, exists=True), None, "A table of who is who: the columns video, track (empty "
           "for all of the video) and person, and one for each way to make groups, like age.", FILES, ("summary",)),
    Option("parquet", Flag(), False, "Write the tables as Parquet files, too.", FILES, ("summary",)),
    Option("hold", SECONDS, 0.5, "How long an emotion must be the likeliest for a change to it to count.",
           RUN, ("summary",)),
    Option("by_settings", Flag(), False, "Tell results of different settings apart, instead of refusing to add them "
           "up.", RUN, ("summary",)),
    Option("seed", Integer(0), 0, "The number that the chance of the intervals comes from.", RUN, ("summary",)),
    Option("min_seconds", SECONDS, 0.5, "Leave out who is in sight for less than this.", RUN, ("plot", "summary")),
    Option("raw", Flag(), False, "Draw what each frame alone says, too, as thin lines: how much smoothing delays.",
           RUN, ("plot",)),
    Option("json", Flag(), False, "Say the figures as JSON, for machines.", RUN, ("summary",)),

    Option("port", Integer(1, 65535), 8501, "The port of this machine that the page is served on.", RUN, ("web",)),
    Option("host", Text("ADDRESS"), "127.0.0.1", "Where the page is served: another address than this machine's own "
           "opens it to the network.", RUN, ("web",)),
    Option("browser", Flag(off=True), True, "Open the page in the browser.", RUN, ("web",)),

    Option("source", Text("FILE"), "demo", "The video that is looked at, or demo.", FACES, ("bench",)),
    Option("faces", Integer(1, 64), None, "How many faces are in the demo. Without it, one.", FACES, ("bench",)),
    Option("frames", Integer(1), 200, "How many frames are measured.", RUN, ("bench",)),
    Option("busy", Integer(0, 64), 0, "Measure also with so many busy programs beside it, in turn with none.",
           RUN, ("bench",)),
    Option("json", File(is_folder=False), None, "Write the figures into this file, too.", FILES, ("bench",)),

    Option("out", File(is_folder=True), None, "The folder that report.json and confusion.png go into.",
           FILES, ("evaluate",), required=True),
    Option("tta", Choice(("none", "flip", "tencrop")), "none", "Average over each picture and its mirror image (flip), "
           "or over ten crops of it.", RUN, ("evaluate",)),
    Option("calibrate", Flag(), False, "Work out the fixed scales of the maps, too, and write what was measured as "
           "facts about the network: a JSON file to lay beside it. Takes minutes.", RUN, ("evaluate",)),
    Option("detect", Flag(), False, "Find the face first; without it each picture is a face.", FACES, ("evaluate",)),
    Option("groups", File(is_folder=False, exists=True), None, "A table of who is on each picture: the columns picture "
           "(its path in FOLDER), person, and one for each way to make groups, like sex. Measures each group.",
           RUN, ("evaluate",)),
    Option("sweep", Flag(), False, "Measure the pictures also turned, small, dark, blurred and covered.",
           RUN, ("evaluate",)),

    Option("out", File(is_folder=True), Path("runs/latest"), "The folder that everything is written into.",
           FILES, ("train",)),
    Option("settings", File(is_folder=False, exists=True), None, "A JSON file of settings; options that are given "
           "beside it come first.", FILES, ("train",)),
    Option("resume", Flag(), False, "Go on after the last whole epoch of the run in --out.", RUN, ("train",)),
    # What follows overrides the field of that name of `training.recipe.Recipe`, which has the defaults.
    Option("stages", Text("SxN,SxN"), None, "Input sizes and epochs. 64x6,112x8@0.5~0.1 is 6 epochs at 64 pixels, then "
           "8 at 112, half as often spoilt, seeking a flat minimum (SAM, rho 0.1). After a / the learning rate starts "
           "anew, half as high.", LEARNING, ("train",)),
    Option("init", Text("WEIGHTS"), None, "The weights to start from: imagenet (downloaded), none, or a file.",
           NETWORK, ("train",)),
    Option("freeze", Text("PART"), None, "The part of the network up to which weights stay as they begin, like layer2.",
           NETWORK, ("train",)),
    Option("batch", Integer(1), None, "How many pictures make a step, all processes together.", LEARNING, ("train",)),
    Option("lr", Number(0, above=True), None, "The highest learning rate.", LEARNING, ("train",)),
    Option("weight_decay", Number(0), None, "The weight decay of AdamW.", LEARNING, ("train",)),
    Option("warmup", Number(0, 1), None, "In which part of the steps the learning rate rises.", LEARNING, ("train",)),
    Option("smoothing", Number(0, 0.9), None, "How much labels are smoothed.", LEARNING, ("train",)),
    Option("bend", Number(0, 1), None, "How often an expression is made weaker or stronger, by the mesh of the face: "
           "see train/README.md.", LEARNING, ("train",)),
    Option("balance", Number(0, 1), None, "What counts alike: 0 every picture, 1 every class.", LEARNING, ("train",)),
    Option("average", Number(0), None, "Over how many epochs the shipped weights are a moving average.",
           LEARNING, ("train",)),
    Option("targets", Choice(("label", "ferplus", "both")), None, "What is learnt: labels, FER+ votes, or both.",
           LEARNING, ("train",)),
    Option("vote_weight", Number(0), None, "How much votes weigh where both are learnt.", LEARNING, ("train",)),
    Option("calibration_balance", Number(0, 1), None, "The same as --balance, for the calibration in the end.",
           LEARNING, ("train",)),
    Option("color", Choice(("gray", "rgb")), None, "What the network sees: grey pictures or colours.",
           NETWORK, ("train",)),
    Option("crop_size", Integer(8, 1024), None, "To how many pixels a face is reduced first.", NETWORK, ("train",)),
    Option("layer4_stride", Integer(1, 2), None, "The stride of the last stage; 1 doubles the grid of its maps.",
           NETWORK, ("train",)),
    Option("patience", Integer(0), None, "Stop after so many epochs without a better one; 0 is never.",
           LEARNING, ("train",)),
    Option("val_fraction", Number(0, 0.9, above=True), None, "Which part of each class is held out where DATA has no "
           "folder validation.", FILES, ("train",)),
    Option("group_by", Text("PATTERN"), None, "What in a picture's path must not be split: a regular expression, like "
           "'person\\d+'. Pictures with the same match are held out together.", FILES, ("train",)),
    Option("seed", Integer(0), None, "The number that all chance comes from.", RUN, ("train",)),
    Option("precision", Choice(("auto", "32-true", "bf16-mixed", "16-mixed")), None, "The arithmetic that is used.",
           RUN, ("train",)),
    Option("workers", Integer(0), None, "How many processes prepare pictures.", RUN, ("train",)),
)  # fmt: skip
"""The options that only the commands themselves need. Each is a keyword argument of the command of that name."""

TABLE: tuple[Option, ...] = (*OWN, *FIELDS.values())
"""All options."""


def options_of(command: str) -> tuple[Option, ...]:
    """The rows of a command, in the order of the table."""
    return tuple(row for row in TABLE if command in row.commands)
