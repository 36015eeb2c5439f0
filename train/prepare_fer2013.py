#!/usr/bin/env python
"""Make the folders that `emolive train` takes from FER2013 as people have it, cleaned, with FER+ votes joined.

    python train/prepare_fer2013.py fer2013.tar.gz OUT --ferplus ferplus_votes.csv --join ferplus_to_fer2013.csv
    python train/prepare_fer2013.py fer2013.csv OUT --ferplus fer2013new.csv

SOURCE is the csv (emotion, pixels, Usage; Kaggle's icml_face_data.csv and train.csv too), folders of pictures
(…/{train,validation,test}/<emotion>/*, by their common names), or a zip or tar archive of either.

Writes OUT/{train,validation,test}/<emotion>/* and OUT/<split>/ferplus.csv, and says what was dropped and why: rows that
are cut or junk, blank pictures, and every training picture that is pixel-identical to one in validation or test.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import click
import cv2
import numpy as np

from emolive.core.tables import write_csv
from emolive.training.folders import is_junk, role
from emolive.training.names import fitting

SPLITS = ("train", "validation", "test")
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # the csv's numbers
VOTED = {"anger": "angry", "happiness": "happy", "sadness": "sad"}  # FER+ says it with nouns
BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, OSError, RuntimeError)
"""What a cut or damaged archive raises, and one with a password (RuntimeError)."""
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


@dataclass(frozen=True, eq=False)
class Table:
    """A csv: the names of its columns in small letters, and its rows."""

    name: str
    columns: tuple[str, ...]
    rows: list[dict[str, str]]


def files_in(source: Path) -> Iterator[tuple[str, bytes]]:
    """The names and contents of the files in a folder, a zip or a tar archive, or of the one file that it is."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file():
                yield path.relative_to(source).as_posix(), path.read_bytes()
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield entry.filename, archive.read(entry)
    elif tarfile.is_tarfile(source):
        with tarfile.open(source) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                if stream:
                    yield member.name, stream.read()
    else:
        content = source.read_bytes()
        if content.startswith(b"PK\3\4"):
            raise zipfile.BadZipFile("a zip without its end")
        name = source.name.removesuffix(".gz")
        yield (name, gzip.decompress(content)) if content.startswith(b"\x1f\x8b") else (name, content)


def read(source: Path) -> tuple[list[Picture], Counter[str]]:
    """The pictures of a source, and how many rows and files were dropped for what reason."""
    pictures, tables, dropped = [], [], Counter[str]()
    try:
        for name, content in files_in(source):
            parts = PurePosixPath(name).parts
            if any(is_junk(part) for part in parts if part not in (".", "..")) or ".." in parts:
                continue
            if name.lower().endswith(".csv") or parts == (source.name,):
                tables += [table] if (table := as_table(name, content)) else []
            elif len(parts) > 2 and (split := role(parts[-3])):
                pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) if content else None
                if pixels is None:
                    dropped["no readable pictures"] += 1
                    continue
                emotion = (fitting(parts[-2], EMOTIONS) or [parts[-2]])[0]
                pictures.append(Picture(split, emotion, parts[-1], content, pixels, name))
    except BROKEN as error:
        raise click.ClickException(
            f"{source} is cut short or damaged ({type(error).__name__}: {error}); {len(pictures)} pictures were read "
            "before that. Nothing was written: download it again."
        ) from error
    if pictures:
        return pictures, dropped
    table = the_table(tables, source)
    return from_table(table, dropped), dropped


def as_table(name: str, content: bytes) -> Table | None:
    """A csv; None for a file that is none. Its first line may begin with a mark (BOM), its names with spaces."""
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    first = text.partition("\n")[0]
    between = max(",;\t", key=first.count)
    try:
        head, *lines = csv.reader(io.StringIO(text, newline=""), delimiter=between)
    except (csv.Error, ValueError):
        return None
    columns = tuple(cell.strip().lower() for cell in head)
    return Table(name, columns, [dict(zip(columns, line, strict=False)) for line in lines])


def the_table(tables: list[Table], source: Path) -> Table:
    """The csv among these that has pictures and their emotions, rather one that says which split they are of."""
    able = [table for table in tables if {"emotion", "pixels"} <= set(table.columns)]
    best = [table for table in able if "usage" in table.columns] or able
    if len(best) > 1:
        raise click.ClickException(f"{source} holds {', '.join(t.name for t in best)}. Unpack it and name one of them.")
    if best:
        return best[0]
    blind = next((table.name for table in tables if "pixels" in table.columns), None)
    if blind:
        raise click.ClickException(f"{blind} has pictures without emotions: nothing can be learnt from it.")
    has = f"; {tables[0].name} has the columns {', '.join(tables[0].columns)[:200]}" if tables else ""
    raise click.ClickException(
        f"{source} holds neither folders train, validation, test with one folder per emotion, nor a csv with the "
        f"columns emotion, pixels, Usage{has}."
    )


def from_table(table: Table, dropped: Counter[str]) -> list[Picture]:
    """The pictures of a csv, written as PNG so that no pixel changes; what no row of it can be is counted."""
    found = []
    for number, row in enumerate(table.rows):
        emotion, usage = (
            row.get("emotion", "").strip(),
            row.get("usage", "Training" if "usage" not in table.columns else ""),
        )
        try:
            values = np.array(row["pixels"].split(), np.int64)
            kind = int(float(emotion))
        except (KeyError, ValueError, OverflowError):
            dropped["cut or junk rows"] += 1
            continue
        split = role(usage)
        if not 0 <= kind < len(EMOTIONS):
            dropped[f"of class {kind}, which is no emotion of FER2013"] += 1
        elif split is None or not len(values) or values.min() < 0 or values.max() > 255:
            dropped["cut or junk rows"] += 1
        else:
            found.append((number, split, EMOTIONS[kind], values.astype(np.uint8)))
    counts = Counter(len(values) for *_, values in found)
    usual = counts.most_common(1)[0][0] if counts else 0
    side = int(usual**0.5)
    if side < 16 or side * side != usual:
        raise click.ClickException(f"{table.name} holds no square pictures: most rows have {usual} pixels.")
    dropped["cut or junk rows"] += sum(counts.values()) - counts[usual]
    pictures = []
    for number, split, emotion, values in found:
        if len(values) == usual:
            pixels = values.reshape(side, side)
            data = cv2.imencode(".png", pixels)[1].tobytes()
            pictures.append(Picture(split, emotion, f"{number:05}.png", data, pixels, str(number)))
    return pictures


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


def table_of(path: Path) -> list[dict[str, str]]:
    """The rows of a csv. Raises `ClickException` for a file that is none."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            return list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"{path} is no table ({error}).") from error


def read_votes(ferplus: Path, join: Path | None) -> dict[str, dict[str, str]]:
    """FER+ votes by the picture's key: through the join table for an archive, by row number for the csv."""
    rows = table_of(ferplus)
    if join is None:
        return {str(number): row for number, row in enumerate(rows)}
    by_name = {row["Image name"]: row for row in rows if row.get("Image name")}
    try:
        pairs = [(row["fer2013_jpg"], row["ferplus_png"]) for row in table_of(join)]
    except KeyError as error:
        raise click.ClickException(f"{join} lacks the column {error}; it joins fer2013_jpg and ferplus_png.") from error
    return {jpg: by_name[png] for jpg, png in pairs if png in by_name}


def write(pictures: list[Picture], out: Path, votes: dict[str, dict[str, str]]) -> Counter[str]:
    """Write the pictures into folders and, where there are votes, a table of them beside each split's folders."""
    for split in SPLITS:
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
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--ferplus", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="FER+'s table of votes.")
@click.option("--join", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Table with ferplus_png and fer2013_jpg, needed beside an archive.")  # fmt: skip
def main(source: Path, out: Path, ferplus: Path | None, join: Path | None) -> None:
    if out.is_dir() and any(out.iterdir()):
        raise click.ClickException(f"The folder {out} is not empty. Name a new one, so that nothing old stays in it.")
    pictures, dropped = read(source)
    from_csv = pictures[0].key.isdecimal() if pictures else False
    if ferplus and not from_csv and not join:
        raise click.ClickException("Pictures need --join beside --ferplus: they are not in the csv's order.")
    if not pictures:
        raise click.ClickException(f"{source} holds no readable picture. Download it again.")
    votes = read_votes(ferplus, None if from_csv else join) if ferplus else {}
    last = max(int(p.key) for p in pictures) if from_csv else 0
    if ferplus and from_csv and last >= len(votes):
        raise click.ClickException(
            f"{source} has more rows ({last + 1}) than {ferplus} ({len(votes)}): they are not in the same order."
        )
    kept, cleaned = drop(pictures)
    dropped += cleaned
    try:
        written = write(kept, out, votes)
    except OSError as error:
        raise click.ClickException(
            f"{out} cannot be written ({error.strerror}). Make room, or name another."
        ) from error
    for split, count in written.items():
        click.echo(f"{split}: {count} pictures")
    if "validation" not in written:
        click.echo(f"There is no validation: emolive train {out / 'train'} holds a part of it out.")
    for reason, count in sorted(dropped.items()):
        if count:
            click.echo(f"dropped {count}: {reason}")


if __name__ == "__main__":
    sys.exit(main())
