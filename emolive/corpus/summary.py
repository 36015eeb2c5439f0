"""The figures of a corpus: per video and person, read from the data files of a folder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emolive.core.errors import EmoliveError
from emolive.core.files import check_output, write_output
from emolive.core.foreign import is_folder
from emolive.core.tables import csv_line
from emolive.corpus.layout import MAKING, REPORT
from emolive.corpus.summary_page import page
from emolive.reports.people import SUFFIXES, read_people
from emolive.reports.ribbon import Row
from emolive.reports.tally import tally

CSV, PAGE = "summary.csv", "summary.html"


@dataclass(frozen=True)
class Summary:
    """What was found: a row per video and person, how many videos (`videos`) there are, with people or without, how
    many people were left out because they were in sight too briefly, and sentences about what could not be read."""

    rows: tuple[Row, ...]
    videos: int
    left_out: int
    failures: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The emotions of all rows, in their order."""
        return tuple(dict.fromkeys(label for row in self.rows for label in row.tally.share))


def find(folder: Path) -> dict[str, Path]:
    """The data files in a folder and the folders in it, by the name of their video, sorted: what `emolive batch` wrote,
    recordings made with --bundle, or any data files. Of several files of one result the Parquet one is taken.

    Raises `EmoliveError` where there are none.
    """
    if not is_folder(folder):
        raise EmoliveError(f"There is no folder {folder}. Name one that `emolive batch` wrote, or one of data files.")
    found: dict[str, Path] = {}
    for suffix in SUFFIXES:
        for path in sorted(folder.rglob(f"*{suffix}")):
            inside = path.relative_to(folder)
            is_result = path.stem == "data" and len(inside.parts) > 1
            hidden = any(part.startswith(".") for part in inside.parts) or MAKING in inside.parts
            if hidden or path.name == CSV or ((path.parent / REPORT).exists() and not is_result):
                continue
            found[str(inside.parent if is_result else inside.with_suffix(""))] = path
    if not found:
        raise EmoliveError(f"There is no data file ({', '.join(SUFFIXES)}) in {folder}. Make some: emolive batch.")
    return dict(sorted(found.items()))


def summarise(folder: Path, min_seconds: float = 0.5) -> Summary:
    """Read all data files of a folder (`find`) and count. Those that cannot be read are named in `failures`."""
    rows: list[Row] = []
    failures: list[str] = []
    left_out = videos = 0
    for name, path in find(folder).items():
        try:
            people = read_people(path)
        except EmoliveError as error:
            failures.append(str(error))
            continue
        videos += 1
        end_s = max((float(p.t_ms.max()) for p in people), default=0.0) / 1e3
        for person in people:
            figures = tally(person)
            if figures.last_s - figures.first_s < min_seconds:
                left_out += 1
                continue
            rows.append(Row.of(f"{name}/{person.file}" if person.file else name, person, figures, end_s))
    return Summary(tuple(rows), videos, left_out, tuple(failures))


def write(summary: Summary, out: Path, title: str, overwrite: bool = False) -> tuple[Path, Path]:
    """Write summary.csv and summary.html into the folder `out`, each whole or not at all, and give their paths."""
    files = out / CSV, out / PAGE
    check(out, overwrite)
    texts = as_csv(summary), page(summary.rows, summary.labels, summary.videos, summary.failures, title)
    for path, text in zip(files, texts, strict=True):
        write_output(path, text, "Choose another folder with --out.")
    return files


def check(out: Path, overwrite: bool) -> None:
    """See beforehand that the two files may be written: reading a corpus takes long."""
    for name in (CSV, PAGE):
        check_output(out / name, (), overwrite)


def as_csv(summary: Summary) -> str:
    """A table with a row per video and person; what is not known is empty."""
    labels = summary.labels
    heads = ("video", "person", "frames", "seconds", "first_s", "last_s", "likeliest", "changes_per_min", "off_face")
    lines = [csv_line([*heads, *(f"share_{label}" for label in labels), *(f"mean_{label}" for label in labels)])]
    for row in summary.rows:
        t = row.tally
        first = [row.video, t.track, t.frames, *_rounded((t.seconds, t.first_s, t.last_s), 3), t.likeliest]
        rest = [*_rounded((t.changes,), 2), *_rounded((t.off,), 4)]
        shares = _rounded([t.share.get(label) for label in labels], 5)
        means = _rounded([t.mean.get(label) for label in labels], 5)
        lines.append(csv_line([*first, *rest, *shares, *means]))
    return "".join(lines)


def as_json(summary: Summary) -> dict[str, Any]:
    """The same for machines: `videos` and `people`; what is not known is null."""
    people = [{"video": row.video, **asdict(row.tally)} for row in summary.rows]
    return {
        "videos": summary.videos,
        "left_out": summary.left_out,
        "failures": list(summary.failures),
        "people": people,
    }


def _rounded(values: Sequence[float | None], digits: int) -> list[float | None]:
    return [None if value is None else round(value, digits) for value in values]
