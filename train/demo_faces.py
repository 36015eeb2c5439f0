#!/usr/bin/env python
"""Make the demo's faces, model/demo/*.mp4: averages of many people each, who show expressions and belong to nobody.

python train/demo_faces.py LONDON

LONDON is a folder with the Face Research Lab London Set, reduced: `neutral/`, `happy/` (001.jpg and so on in both) and
`people.csv` (sex, age and ethnicity as the people reported them). For each group of at least ten people two averages
are made, of their neutral and of their smiling pictures: each picture is bent, by its mesh, onto the group's mean
shape. A smile grows by going from one mean shape to the other while one average fades into the other. The other
expressions (`expressions.py`) are the neutral average, bent. A film holds the neutral face, and then for each
expression the frames that lead to it; its order is in the film's comment.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import click
import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from emolive.core.scene import Frame
from emolive.faces.detect import Detector
from emolive.faces.mesh import Mesher

sys.path.insert(0, str(Path(__file__).parent))

from expressions import CONTROLS, EXPRESSIONS, drawn, moved

LEAST = 10  # people: an average of so many shows nobody
WIDTH, HEIGHT = 320, 400  # of a film
LEVELS = 8  # frames from neutral, which is not counted, to an expression
FACE, MIDDLE = 158.0, (160.0, 216.0)  # width of the mesh in a film and where its middle is, pixels
STILL = (168, 6, 197, 195, 33, 133, 362, 263, 127, 356, 10, 109, 338)  # nose, corners of the eyes, temples, forehead
SMILE = 1.3  # how far the smile goes, in mean smiles
SOURCE = "L. DeBruine and B. Jones, Face Research Lab London Set, figshare 2017, doi:10.6084/m9.figshare.5047666"

Person = dict[str, str]


def _white(sex: str, young: bool) -> Callable[[Person], bool]:
    def belongs(p: Person) -> bool:
        return p["ethnicity"] == "white" and p["sex"] == sex and p["age"].isdigit() and (int(p["age"]) < 25) == young

    return belongs


GROUPS: dict[str, Callable[[Person], bool]] = {
    "white women from 25": _white("female", young=False),
    "black women and men": lambda p: p["ethnicity"] == "black",
    "white men from 25": _white("male", young=False),
    "east Asian women and men": lambda p: p["ethnicity"].startswith("east_asian"),
    "white men under 25": _white("male", young=True),
    "west Asian women and men": lambda p: p["ethnicity"] == "west_asian",
    "white women under 25": _white("female", young=True),
}


@dataclass(frozen=True, eq=False)
class Average:
    """Of a group, in one expression: mean shape (468, 2) in pixels of the film, mean picture float32 BGR."""

    shape: np.ndarray
    picture: np.ndarray


@click.command(help=__doc__)
@click.argument("london", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).parents[1] / "model" / "demo")
@click.option("--sheet", type=click.Path(path_type=Path), help="Also write a picture of all faces and expressions.")
def main(london: Path, out: Path, sheet: Path | None) -> None:
    """Write the films."""
    out.mkdir(parents=True, exist_ok=True)
    with (london / "people.csv").open(encoding="utf-8") as file:
        people = [row for row in csv.DictReader(file) if row["picture"].startswith("neutral")]
    rows = []
    for i, (name, belongs) in enumerate(GROUPS.items()):
        numbers = [p["person"] for p in people if belongs(p)]
        n, neutral, smile = averages(london, numbers)
        frames = list(film(neutral, smile))
        path = out / f"{i + 1}.mp4"
        about = {"people": n, "group": name, "expressions": ["happy", *EXPRESSIONS], "levels": LEVELS,
                 "source": SOURCE, "licence": "CC BY 4.0"}  # fmt: skip
        write(path, frames, json.dumps(about))
        rows.append(np.hstack([frames[0], *frames[LEVELS::LEVELS]]))
        print(f"{path}: {n} {name}, {path.stat().st_size} bytes")
    if sheet:
        cv2.imwrite(str(sheet), np.vstack(rows))


def averages(london: Path, numbers: list[str]) -> tuple[int, Average, Average]:
    """How many people were averaged, and how they look on average, neutral and smiling."""
    both = [(one, two) for n in numbers if (one := read(london / "neutral" / f"{n}.jpg")) is not None
            and (two := read(london / "happy" / f"{n}.jpg")) is not None]  # fmt: skip
    if len(both) < LEAST:
        raise click.ClickException(f"{len(both)} faces are too few: {LEAST} or more people are averaged.")
    pictures = [[picture for picture, _ in expression] for expression in zip(*both, strict=True)]
    meshes = [np.stack([points for _, points in expression]) for expression in zip(*both, strict=True)]
    shape = upright(mean_shape(meshes[0]))
    still = list(STILL)
    smile = np.mean([similar(m[still], shape[still])(m) for m in meshes[1]], axis=0)
    return len(both), average(pictures[0], meshes[0], shape), average(pictures[1], meshes[1], smile)


def read(path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """A picture and the points (468, 2) of its face; nothing where no face is sure."""
    bgr = cv2.imread(str(path))
    with Detector() as detector:
        faces = detector(Frame(0, 0.0, bgr))[:1]
    presence, points = Mesher().read(bgr, faces)
    return (bgr, points[0, :, :2]) if faces and presence[0] > 0.99 else None


def similar(points: np.ndarray, onto: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The turn, scale and shift of the plane that brings points (P, 2) nearest to others."""
    a, b = (one @ (1, 1j) for one in (points, onto))
    factor = np.vdot(a - a.mean(), b - b.mean()) / np.vdot(a - a.mean(), a - a.mean())

    def bring(p: np.ndarray) -> np.ndarray:
        z = (p @ (1, 1j) - a.mean()) * factor + b.mean()
        return np.stack([z.real, z.imag], -1)

    return bring


def mean_shape(meshes: np.ndarray) -> np.ndarray:
    """The mean of shapes (N, 468, 2), whatever their place, size and turn (generalised Procrustes analysis)."""
    shape = meshes[0]
    for _ in range(5):
        shape = np.mean([similar(m, shape)(m) for m in meshes], axis=0)
    return shape


def upright(shape: np.ndarray) -> np.ndarray:
    """The shape with the eyes level, at its place in the film."""
    z = shape @ (1, 1j)
    z *= np.exp(-1j * np.angle(z[263] - z[33]))
    z *= FACE / np.ptp(z.real)
    low, high = z.real.min() + 1j * z.imag.min(), z.real.max() + 1j * z.imag.max()
    z += complex(*MIDDLE) - (low + high) / 2
    return np.stack([z.real, z.imag], -1)


def average(pictures: list[np.ndarray], meshes: np.ndarray, shape: np.ndarray) -> Average:
    """The mean of pictures that are bent onto a shape first, a little sharpened.

    Around the face, where one has long hair and another none, it is the mean of the middle half of the values.
    """
    all_bent = np.stack(
        [bent(picture.astype(np.float32), points, shape) for picture, points in zip(pictures, meshes, strict=True)]
    )
    quarter = len(pictures) // 4
    middle = np.sort(all_bent, axis=0)[quarter : len(pictures) - quarter].mean(0)
    face = cv2.convexHull(shape.astype(np.float32)).round().astype(np.int32)
    inside = cv2.GaussianBlur(cv2.fillConvexPoly(np.zeros((HEIGHT, WIDTH), np.float32), face, 1), None, 6)[..., None]
    total = middle + inside * (all_bent.mean(0) - middle)
    return Average(shape, total + 0.6 * (total - cv2.GaussianBlur(total, None, 1.6)))


def bent(picture: np.ndarray, points: np.ndarray, onto: np.ndarray, frame: bool = False) -> np.ndarray:
    """The picture, moved so that what is at `points` comes to lie at `onto`, both (P, 2), in the size of a film.

    By a thin-plate spline (Bookstein 1989): beyond the face, hair and ears follow smoothly. With `frame` the
    picture's border and the hair stay.
    """
    if frame:
        x, y = np.linspace(0, WIDTH, 7), np.linspace(0, HEIGHT, 9)
        border = np.array([(a, b) for a in x for b in y if a in (0, WIDTH) or b in (0, HEIGHT)])
        angles = np.linspace(np.pi, 2 * np.pi, 11)
        hair = MIDDLE + np.stack([np.cos(angles) * 0.75, np.sin(angles)], -1) * 0.95 * FACE
        points, onto = np.vstack([points, border, hair]), np.vstack([onto, border, hair])
    step = 4
    grid = np.stack(np.meshgrid(np.arange(0, WIDTH + 1, step), np.arange(0, HEIGHT + 1, step)), -1).reshape(-1, 2)
    where = RBFInterpolator(onto, points, kernel="thin_plate_spline", smoothing=0.05)(grid)
    where = where.reshape(HEIGHT // step + 1, WIDTH // step + 1, 2).astype(np.float32)
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32) / step, np.arange(HEIGHT, dtype=np.float32) / step)
    where = cv2.remap(where, x, y, cv2.INTER_LINEAR)
    return cv2.remap(picture, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def film(neutral: Average, smile: Average) -> Iterator[np.ndarray]:
    """The frames of a film, uint8 BGR."""
    yield as_bytes(neutral.picture)
    points = list(CONTROLS)
    one, two = neutral.shape[points], smile.shape[points]
    for level in np.arange(1, LEVELS + 1) / LEVELS:
        onto = one + level * SMILE * (two - one)
        before, after = bent(neutral.picture, one, onto, frame=True), bent(smile.picture, two, onto, frame=True)
        yield as_bytes(before + level * (after - before))
    for expression in EXPRESSIONS.values():
        for level in np.arange(1, LEVELS + 1) / LEVELS:
            shape = moved(neutral.shape, expression, level)
            picture = bent(neutral.picture, one, shape[points], frame=True)
            yield as_bytes(drawn(picture, shape, expression, level))


def as_bytes(picture: np.ndarray) -> np.ndarray:
    """A picture in uint8."""
    return picture.round().clip(0, 255).astype(np.uint8)


def write(path: Path, frames: list[np.ndarray], comment: str) -> None:
    """Write a film: H.264, one key frame."""
    with av.open(str(path), "w") as container:
        container.metadata["comment"] = comment
        stream = container.add_stream("libx264", rate=25, options={"crf": "18", "preset": "veryslow", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = len(frames)
        for bgr in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(bgr, "bgr24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    main()
