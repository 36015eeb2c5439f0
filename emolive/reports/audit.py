"""The run of `emolive audit`: a labelled folder in; a table, plots, a page and `audit.json` out.

What is done is kept in `state.jsonl`, a line for each face and step; a run that was killed goes on from there, and ends
with the same figures, but for milliseconds. So does one that asks for more faces.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from tqdm import tqdm

from emolive.attribution.methods import METHODS, UNPINNED
from emolive.audit.agreement import likeness
from emolive.audit.controls import beside
from emolive.audit.masks import grid
from emolive.audit.randomise import cascade
from emolive.audit.sanity import SEEDS
from emolive.core.errors import EmoliveError, OutputError, SourceError, pick
from emolive.core.files import check_output, why, write_output
from emolive.core.foreign import read_lines
from emolive.media.pictures import read_picture
from emolive.networks.checkpoint import Model, as_seen
from emolive.reports.audit_face import measured, mesh_of_crops
from emolive.reports.audit_page import audit_page, audit_plots, audit_rows
from emolive.reports.audit_table import AuditRow, AuditVerdict, StateLine, as_json, judged, table
from emolive.reports.maps import Maps, maps
from emolive.training.dataset import whole_crop
from emolive.training.folders import find_pictures
from emolive.training.names import meanings

log = logging.getLogger(__name__)

STATE = "state.jsonl"

RANDOMISED = 24
"""Faces at most that random networks look at."""

VERSION = 2
"""Of what the state holds: an older one is not gone on with."""

PLOTS = ("differences.png", "differences-narrow.png", "sanity.png", "sanity-narrow.png")
FILES = ("audit.json", "audit.csv", "index.html", *PLOTS)
"""What an audit writes, beside its state."""


@dataclass(frozen=True)
class AuditRequest:
    """What is audited: methods, layers, how many faces, and the number that all chance comes from."""

    methods: tuple[str, ...]
    layers: tuple[str, ...]
    faces: int = 200
    seed: int = 0

    def checked(self, model: Model) -> "AuditRequest":
        """This request with its layers from shallow to deep. Raises `EmoliveError` for names that there are not."""
        deep = list(model.layers)
        for method in self.methods:
            pick(method, UNPINNED, "method")
        for layer in self.layers:
            pick(layer, deep, "layer")
        order = tuple(method for method in METHODS if method in self.methods)
        return replace(self, methods=order, layers=tuple(sorted(self.layers, key=deep.index)))


@dataclass(frozen=True)
class Audit:
    """What came of an audit of `n` faces; `right` is the share that the network named rightly, `unreadable` the
    pictures that were left out."""

    n: int
    rows: tuple[AuditRow, ...]
    verdict: AuditVerdict
    right: float
    unreadable: tuple[str, ...] = ()


def audit(data: Path, out: Path, model: Model, request: AuditRequest, overwrite: bool = False) -> Audit:
    """Audit the methods on pictures of DATA/<emotion>/*, each a face, and write what came of it into the folder `out`.

    Raises `EmoliveError` where the folder holds no such pictures, or holds another audit, and nothing is to be written
    over.
    """
    request = request.checked(model)
    files = _files(data, model, request)
    key = _key(model, request)
    state = _State.opened(out, key, overwrite, [data / name for name, _ in files])
    unreadable: list[str] = []
    steps = model.architecture.random
    bar = tqdm(
        total=len(files) + len(steps),
        disable=None,
        bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} {elapsed}<{remaining}",
    )
    with bar, state.appended() as append:
        mesh = mesh_of_crops(model)
        for number, (name, truth) in enumerate(files):
            bar.set_description(name[-30:])
            if state.faces.get(number, {}).get("file") != name:
                try:
                    crop = _crop(data / name, model)
                except SourceError as error:
                    append({"face": number, "file": name, "unreadable": str(error)})
                else:
                    append({"face": number, "file": name, "truth": truth,
                            **measured(model, crop, number, request.methods, request.layers, mesh)})  # fmt: skip
            bar.update()
        faces = [state.faces[number] for number in range(len(files))]
        unreadable = [face["file"] for face in faces if "unreadable" in face]
        faces = [face for face in faces if face.get("ways")]
        if not faces:
            raise EmoliveError(
                f"No face in {data} could be measured. Give a folder with one folder of pictures per emotion."
            )
        some = faces[:RANDOMISED]
        missing = [step for step in steps if state.steps.get(step, {}).get("files") != [one["file"] for one in some]]
        bar.set_description("random weights")
        if missing:
            for record in _steps(data, model, request, some, bar.update):
                append(record)
        bar.update(bar.total - bar.n)
    rows = table(faces, [state.steps[step] for step in steps], request.seed)
    right = float(np.mean([face["truth"] == face["target"] for face in faces]))
    done = Audit(len(faces), rows, judged(rows, len(faces)), right, tuple(unreadable))
    _write(out, done, key)
    return done


def _files(data: Path, model: Model, request: AuditRequest) -> list[tuple[str, str]]:
    """So many pictures by chance: their paths in the folder, and the labels that people gave them."""
    found = find_pictures(data)
    meant = meanings(found.labels, model.spec.labels)
    every = [(path.relative_to(data).as_posix(), meant[label]) for path, label in found.pictures]
    if not every:
        raise EmoliveError(f"{data} holds no pictures in its class folders. Put some in, or give another folder.")
    order = np.random.default_rng(request.seed).permutation(len(every))[: request.faces]
    return [every[i] for i in order]


def _crop(path: Path, model: Model) -> np.ndarray:
    return as_seen(whole_crop(read_picture(path), model.spec.crop_size), model.spec)


def _steps(
    data: Path, model: Model, request: AuditRequest, faces: Sequence[StateLine], done: Callable[[float], object]
) -> list[StateLine]:
    """How alike the maps of some faces are when parts of the network are random, one more in each record: for each way
    a row of rank correlations for each face, with each random network and among these."""
    x = model.prepare(np.stack([_crop(data / face["file"], model) for face in faces]))
    aim = torch.tensor([model.spec.labels.index(face["target"]) for face in faces], device=x.device)
    quick = [method for method in request.methods if not METHODS[method].slow]
    true = maps(model, x, quick, request.layers, aim)
    others: dict[str, list[Maps]] = {}
    for seed in range(SEEDS):
        for step, net in cascade(model, seed):
            others.setdefault(step, []).append(maps(net, x, quick, request.layers, aim))
            done(1 / SEEDS)
    files = [face["file"] for face in faces]
    return [{"step": step, "files": files, "ways": _alike(true, drawn)} for step, drawn in others.items()]


def _alike(true: Maps, others: Sequence[Maps]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for way, cams in true.cams.items():
        like, among = [], []
        for n, cam in enumerate(cams):
            drawn = [grid(one) for other in others if (one := other.cams[way][n]) is not None]
            if cam is not None and len(drawn) == len(others):
                alike = likeness(grid(cam), drawn)
                like.append([_number(one) for one in alike.like])
                among.append([_number(one) for one in alike.among])
        if like:
            found["/".join(way)] = {"like": like, "among": among}
    return found


def _key(model: Model, request: AuditRequest) -> dict[str, Any]:
    """What figures depend on beside the faces, as JSON holds it: more faces may be asked later."""
    kept = beside(model.path) if model.path else None
    controls = hashlib.sha256(kept.read_bytes()).hexdigest() if kept and kept.is_file() else ""
    asked = {"methods": list(request.methods), "layers": list(request.layers), "seed": request.seed}
    return {"version": VERSION, "model": model.sha256, "labels": list(model.spec.labels), "controls": controls, **asked}


class _State:
    """What is done: `faces` by number, `steps` by name; each new record is a line of the file, on the disk at once."""

    def __init__(self, path: Path, key: Mapping[str, Any]) -> None:
        self.path, self.key = path, key
        self.faces: dict[int, StateLine] = {}
        self.steps: dict[str, StateLine] = {}
        self.whole = 0  # bytes of the file's whole lines

    @classmethod
    def opened(cls, out: Path, key: Mapping[str, Any], overwrite: bool, inputs: Sequence[Path]) -> "_State":
        """What a folder holds of this audit. Raises `OutputError` where it holds something else."""
        state = cls(out / STATE, key)
        if state.path.is_file():
            if state.read():
                for name in FILES:
                    check_output(out / name, inputs, overwrite=True)
                return state
            if not overwrite:
                raise OutputError(
                    f"{out} holds another audit: with other settings, or of another network. Choose another --out, or "
                    "add --overwrite."
                )
        for name in (STATE, *FILES):
            check_output(out / name, inputs, overwrite)
        write_output(state.path, json.dumps(key) + "\n")
        state.whole = state.path.stat().st_size
        return state

    def read(self) -> bool:
        """Take up what the file says; False where it is of another audit, or no state at all."""
        for number, (line, is_whole) in enumerate(read_lines(self.path, "Choose another --out, or add --overwrite.")):
            try:
                record = json.loads(line)
            except ValueError:
                if is_whole or not number:
                    return False
                break  # it was killed while it wrote
            if not number:
                if record != self.key:
                    return False
            elif not is_whole:
                break
            else:
                self.take(record)
        return True

    def take(self, record: StateLine) -> None:
        """Remember a record."""
        if "step" in record:
            self.steps[record["step"]] = record
        else:
            self.faces[record["face"]] = record

    @contextmanager
    def appended(self) -> Iterator[Any]:
        """A function that adds a record. What a killed run left of a line is ended first."""
        try:
            with self.path.open("r+b") as file:
                content = file.read()
                file.truncate(content.rfind(b"\n") + 1)
            with self.path.open("a", encoding="utf-8") as lines:
                yield lambda record: self._append(lines, record)
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written ({why(error)}). Make room, then run it again.") from error

    def _append(self, lines: TextIO, record: StateLine) -> None:
        lines.write(json.dumps(record, allow_nan=False) + "\n")
        lines.flush()
        os.fsync(lines.fileno())
        self.take(json.loads(json.dumps(record)))


def _write(out: Path, done: Audit, key: Mapping[str, Any]) -> None:
    """Write everything that an audit says, the page last."""
    plots = audit_plots(done.rows)
    write_output(
        out / "audit.json", json.dumps(as_json(done.rows, done.verdict, done.n), indent=1, allow_nan=False) + "\n"
    )
    write_output(out / "audit.csv", audit_rows(done.rows))
    for name, content in plots.items():
        write_output(out / name, content)
    write_output(out / "index.html", audit_page(done.rows, done.verdict, done.n, done.right, done.unreadable, key))


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
