#!/usr/bin/env python
"""Make the folders that `emolive train` takes from FER2013's archive or csv, cleaned, with FER+ votes joined.

    python train/prepare_fer2013.py fer2013.tar.gz OUT --ferplus ferplus_votes.csv --join ferplus_to_fer2013.csv
    python train/prepare_fer2013.py fer2013.csv OUT --ferplus fer2013new.csv

Writes OUT/{train,validation,test}/<emotion>/* and OUT/<split>/ferplus.csv, and says what was dropped and why:
blank pictures, and every training picture that is pixel-identical to one in validation or test.
"""

from __future__ import annotations

import csv
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import click
import cv2
import numpy as np

from emolive.core.tables import write_csv

SPLITS = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # the csv's numbers
VOTED = {"anger": "angry", "happiness": "happy", "sadness": "sad"}  # FER+ says it with nouns
BLANK = 8  # grey levels between the darkest and the lightest pixel; a JPEG of nothing has a few


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture: split, emotion, file name, its file's bytes, its pixels, and its row or path in the source."""

    split: str
    emotion: str
    name: str
    data: bytes
    pixels: np.ndarray
    key: str


def from_archive(path: Path) -> Iterator[Picture]:
    """The pictures of a tar archive that holds …/{train,validation,test}/<emotion>/<file>."""
    with tarfile.open(path) as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            if not member.isfile() or len(parts) < 3 or parts[-3] not in SPLITS.values() or ".." in parts:
                continue
            data = archive.extractfile(member).read()
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
            if pixels is not None:
                yield Picture(*parts[-3:], data, pixels, member.name)


def from_csv(path: Path) -> Iterator[Picture]:
    """The pictures of the original csv (emotion, pixels, Usage), written as PNG so that no pixel changes."""
    with open(path, newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream)):
            values = np.array(row["pixels"].split(), np.uint8)
            side = int(len(values) ** 0.5)
            pixels = values.reshape(side, side)
            data = cv2.imencode(".png", pixels)[1].tobytes()
            split, emotion = SPLITS[row["Usage"]], EMOTIONS[int(row["emotion"])]
            yield Picture(split, emotion, f"{number:05}.png", data, pixels, str(number))


def drop(pictures: list[Picture]) -> tuple[list[Picture], Counter[str]]:
    """What remains without blank pictures and training pictures that are in validation or test too; and the counts."""
    held = {p.pixels.tobytes() for p in pictures if p.split != "train"}
    kept, counts = [], Counter()
    for picture in pictures:
        if int(picture.pixels.max()) - int(picture.pixels.min()) <= BLANK:
            counts[f"blank in {picture.split}"] += 1
        elif picture.split == "train" and picture.pixels.tobytes() in held:
            counts["in train, identical to one in validation or test"] += 1
        else:
            kept.append(picture)
    return kept, counts


def read_votes(ferplus: Path, join: Path | None) -> dict[str, dict[str, str]]:
    """FER+ votes by the picture's key: through the join table for an archive, by row number for the csv."""
    with open(ferplus, newline="") as stream:
        rows = list(csv.DictReader(stream))
    if join is None:
        return {str(number): row for number, row in enumerate(rows)}
    by_name = {row["Image name"]: row for row in rows if row["Image name"]}
    with open(join, newline="") as stream:
        pairs = [(row["fer2013_jpg"], row["ferplus_png"]) for row in csv.DictReader(stream)]
    return {jpg: by_name[png] for jpg, png in pairs if png in by_name}


def write(pictures: list[Picture], out: Path, votes: dict[str, dict[str, str]]) -> Counter[str]:
    """Write the pictures into folders and, where there are votes, a table of them beside each split's folders."""
    for split in SPLITS.values():
        mine = [p for p in pictures if p.split == split]
        for picture in mine:
            folder = out / split / picture.emotion
            folder.mkdir(parents=True, exist_ok=True)
            (folder / picture.name).write_bytes(picture.data)
        voted = [p for p in mine if p.key in votes]
        if voted:
            columns = [c for c in votes[voted[0].key] if c not in ("Usage", "Image name")]
            with open(out / split / "ferplus.csv", "w", newline="") as stream:
                rows = ([f"{p.emotion}/{p.name}", *(votes[p.key][c] for c in columns)] for p in voted)
                write_csv(stream, [["file", *(VOTED.get(c, c) for c in columns)], *rows])
    return Counter(p.split for p in pictures)


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--ferplus", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="FER+'s table of votes.")
@click.option("--join", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Table with ferplus_png and fer2013_jpg, needed beside an archive.")  # fmt: skip
def main(source: Path, out: Path, ferplus: Path | None, join: Path | None) -> None:
    if out.is_dir() and any(out.iterdir()):
        raise click.ClickException(f"The folder {out} is not empty. Name a new one, so that nothing old stays in it.")
    csv_given = source.suffix == ".csv"
    if ferplus and not csv_given and not join:
        raise click.ClickException("An archive needs --join beside --ferplus: its pictures are not in the csv's order.")
    pictures = list(from_csv(source) if csv_given else from_archive(source))
    if not pictures:
        raise click.ClickException(f"{source} holds no pictures in folders train, validation, test.")
    kept, dropped = drop(pictures)
    votes = read_votes(ferplus, None if csv_given else join) if ferplus else {}
    for split, count in write(kept, out, votes).items():
        click.echo(f"{split}: {count} pictures")
    for reason, count in sorted(dropped.items()):
        click.echo(f"dropped {count}: {reason}")


if __name__ == "__main__":
    sys.exit(main())
