"""The run of `emolive explain`: pictures in, a folder with sheets, curves, `report.json` and `index.html` out."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from emolive.attribution.methods import UNPINNED
from emolive.attribution.passes import OnProgress
from emolive.core.errors import SourceError, pick
from emolive.core.installed import versions
from emolive.core.scene import Detect, Face, Frame
from emolive.faces.confirm import confirm_once
from emolive.faces.crop import square
from emolive.faces.detect import Detector
from emolive.faces.lean import turn
from emolive.faces.mesh import Mesher
from emolive.media.pictures import is_picture, moves, read_picture
from emolive.media.sources import expand
from emolive.networks.checkpoint import Model
from emolive.reports.examine import Sight, examine
from emolive.reports.figures import FaceReport, PictureReport, Report
from emolive.reports.folder import SHEETS, check_folder, drafted, publish, save_picture, slug, write
from emolive.reports.graphs import curves_picture, narrow_curves
from emolive.reports.sheets import marked, narrow_sheet, sheet, strip

log = logging.getLogger(__name__)

BATCH = 8
"""Faces that go through the network together."""


@dataclass(frozen=True)
class Request:
    """What is asked for: methods, layers, the emotion to explain (None for each face's likeliest), and how faces are
    found; `whole` takes each whole picture as a face; `scale` says what full heat is, "fixed" or "relative"."""

    methods: tuple[str, ...]
    layers: tuple[str, ...]
    target: str | None = None
    detector: str = "full"
    min_confidence: float = 0.5
    max_faces: int = 50
    whole: bool = False
    scale: str = "fixed"

    def checked(self, model: Model) -> "Request":
        """This request with its layers from shallow to deep. Raises `EmoliveError`, with the names there are, for what
        the model does not have."""
        deep = list(model.layers)
        for method in self.methods:
            pick(method, UNPINNED, "method")
        for layer in self.layers:
            pick(layer, deep, "layer")
        if self.target:
            pick(self.target, model.spec.labels, "emotion")
        return replace(self, layers=tuple(sorted(self.layers, key=deep.index)))


def explain(paths: Sequence[Path], out: Path, model: Model, request: Request, overwrite: bool = False) -> Report:
    """Explain every face in these pictures (and folders of pictures) and write it all into the folder `out`.

    What cannot be read is named in the report, and the rest is done; `failures` says what. Nothing is written before
    everything is done. A picture's sheets are drawn while the network is asked about the next
    one. Raises `EmoliveError` where nothing can be read, and `OutputError` where nothing may be written.
    """
    request = request.checked(model)
    pictures, failures = find(paths)
    if not pictures:
        raise SourceError(" ".join(failures.values()))
    check_folder(out, [path for path, _ in pictures], overwrite)
    done: list[PictureReport] = []
    bar = tqdm(total=len(pictures), disable=None, bar_format="{l_bar}{bar}| {elapsed}<{remaining}")
    drawn: list[Future[None]] = []
    with bar, drafted(out) as draft, ThreadPoolExecutor(1, "draw") as pencil, _detector(request) as detect:
        for n, (path, name) in enumerate(pictures):
            bar.set_description(name[-30:])
            try:
                bgr = read_picture(path)
            except SourceError as error:
                failures[name] = _text(str(error))
            else:
                stem = f"{len(done) + 1:02d}-{slug(path.stem)}"
                picture, boxes = _explain(bgr, name, stem, detect, model, request, _tell(bar, n))
                done.append(picture)
                drawn.append(pencil.submit(_draw, picture, boxes, request, draft / SHEETS))
            bar.update(n + 1 - bar.n)
        if not done:
            raise SourceError(" ".join(failures.values()))
        for sheets in drawn:
            sheets.result()
        report = _report(done, failures, model, request)
        write(report, draft)
        publish(draft, out)
    return report


def find(paths: Sequence[Path]) -> tuple[list[tuple[Path, str]], dict[str, str]]:
    """The picture files these paths stand for, each once, with the names they have in the report (the file's name, the
    whole path where two share it); and what is wrong with the others, by name."""
    files: dict[Path, Path] = {}
    failures = {}
    for path in paths:
        try:
            found = expand([path])
            if path.is_dir():
                found = [file for file in found if is_picture(file)]
                if not found:
                    raise SourceError(f"There is no picture in the folder {path}. Name another one, or a file.")
            elif moves(path):
                raise SourceError(
                    f"{path} is a film (a GIF is one, too), and pictures are explained here. Save one of its frames: "
                    "play it with emolive file, and press s."
                )
            files |= {file.resolve(): file for file in found}
        except SourceError as error:
            failures[_text(path)] = _text(str(error))
    names = [path.name for path in files.values()]
    named = [(path, _text(path if names.count(path.name) > 1 else path.name)) for path in files.values()]
    return named, failures


def _text(path: Path | str) -> str:
    """A path for people; bytes that are no text become question marks."""
    return str(path).encode("utf-8", "replace").decode()


def _explain(
    bgr: np.ndarray,
    name: str,
    stem: str,
    detect: Detect | None,
    model: Model,
    request: Request,
    tell: OnProgress,
) -> tuple[PictureReport, np.ndarray]:
    """What is to be said of a picture, and the picture with its faces marked."""
    height, width = bgr.shape[:2]
    unconfirmed: list[Face] = []
    if detect is None:
        whole = Face((0.0, 0.0, float(width), float(height)), 1.0, np.zeros((6, 2)))
        sights = [Sight(1, whole, square(whole.box, 1.0), has_points=False)]
    else:
        margin = model.spec.crop_margin.get(request.detector, 1.1)
        found = sorted(detect(Frame(0, 0.0, bgr, name=name)), key=lambda face: face.box[0] + face.box[2])
        confirmed = [face for face in found if face.confirmed]
        unconfirmed = [face for face in found if not face.confirmed]
        sights = [Sight(n, f, square(f.box, margin), turn=turn(f)) for n, f in enumerate(confirmed, start=1)]
    faces: list[FaceReport] = []
    for at in range(0, len(sights), BATCH):
        some = sights[at : at + BATCH]

        def told(part: float, at: int = at, count: int = len(some)) -> None:
            tell((at + part * count) / len(sights))

        faces += examine(
            model,
            bgr,
            some,
            request.methods,
            request.layers,
            request.target,
            told,
            request.scale,
        )
    picture = PictureReport(name, stem, width, height, tuple(faces), len(unconfirmed))
    numbered = [(s.number, s.face) for s in sights if s.has_points]
    return picture, marked(bgr, numbered, unconfirmed)


def _draw(picture: PictureReport, boxes: np.ndarray, request: Request, into: Path) -> None:
    """Write the pictures of a report on one picture. Raises OSError."""
    name, methods, layers = picture.name, request.methods, request.layers
    save_picture(into / picture.marked, boxes)
    for face in picture.faces:
        save_picture(into / picture.file(face, "sheet"), sheet(face, name, methods, layers))
        save_picture(into / picture.file(face, "sheet-narrow"), narrow_sheet(face, name, methods, layers))
        save_picture(into / picture.file(face, "emotions"), strip(face))
        save_picture(into / picture.file(face, "emotions-narrow"), strip(face, 2))
        curves_picture(face, methods, layers, into / picture.file(face, "curves"))
        narrow_curves(face, methods, layers, into / picture.file(face, "curves-narrow"))


def _report(done: Sequence[PictureReport], failures: dict[str, str], model: Model, request: Request) -> Report:
    settings = {key: value for key, value in asdict(request).items() if key not in ("methods", "layers")}
    known = {name: version for name, version in versions().items() if version is not None}
    made = Path(model.path).name, model.sha256, settings, known, model.spec.best_map
    return Report(tuple(done), failures, request.methods, request.layers, model.spec.labels, *made)


def _tell(bar: tqdm, base: int) -> OnProgress:
    def tell(part: float) -> None:
        bar.update(base + part - bar.n)

    return tell


@contextmanager
def _detector(request: Request) -> Iterator[Detect | None]:
    """What finds the faces of a picture and says which of them are confirmed; None where nobody is to look."""
    if request.whole:
        yield None
        return
    read = Mesher()
    with Detector(request.detector, request.min_confidence, request.max_faces) as find:
        yield lambda frame: confirm_once(read, find(frame), frame)
