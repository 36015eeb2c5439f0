"""The page of a report: one HTML file with the pictures beside it, no scripts, nothing from a network."""

import math
from collections.abc import Iterable, Mapping
from html import escape
from string import Template

from emolive.audit.randomise import STEPS
from emolive.reports.figures import (
    INPUT,
    SAME,
    Cell,
    FaceReport,
    Figures,
    PictureReport,
    Report,
    can_react,
    knows_class,
    title,
)
from emolive.reports.style import CSS
from emolive.reports.words import INTRO, SECTIONS, verdict
from emolive.ui.draw import hue
from emolive.ui.words import percent

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What does the network look at?</title>
<style>$css</style>
</head>
<body><main>
<h1>What does the network look at?</h1>
$intro
$failures
<nav><p>On this page: $contents</p></nav>
$pictures
<h2 id="proofs">What the figures mean, and what they do not</h2>
$sections
<h2 id="made">How this page was made</h2>
$made
</main></body>
</html>
""")

_FACE = Template("""<section>
<h3 id="$anchor">$heading</h3>
<div class="bars">$bars</div>
$verdict
<figure class="wide"><img class="strip" src="$emotions" alt="$emotions_alt" loading="lazy">
<figcaption>Every emotion on one scale. What is bright for several does not tell them apart.</figcaption></figure>
<figure class="wide"><img class="sheet" src="$sheet" alt="$sheet_alt" loading="lazy">
<figcaption>Rows are <a href="#methods">methods</a>, columns <a href="#layers">layers</a>.</figcaption></figure>
<figure class="wide"><img class="sheet" src="$curves" alt="$curves_alt" loading="lazy">
<figcaption><a href="#curves">Deletion and insertion</a>, laid out as the sheet above; the numbers are the areas under
the curves. Good: orange falls early, blue rises early, both far from the dotted lines.</figcaption></figure>
$tables
</section>""")

_GROUPS = (
    ("curves", "areas", ("deletion", "insertion")),
    ("drops", "drop, in points", ("hot", "random", "cold")),
    ("where", "share of heat, %", ("eyes", "nose", "mouth", "rest", "off")),
    ("like", "like Grad-CAM", ("rank", "overlap")),
    ("sanity", "like itself after randomising down to", STEPS),
)


def page(report: Report, folder: str) -> str:
    """The HTML of a report whose pictures lie in `folder`, beside the page. File names are untrusted and escaped."""
    pictures = [_picture(n, picture, report, folder) for n, picture in enumerate(report.pictures, start=1)]
    links = [(f"p{n}", picture.name) for n, picture in enumerate(report.pictures, start=1)]
    links += [("proofs", "What the figures mean"), ("made", "How this page was made")]
    sections = [f'<section><h3 id="{anchor}">{heading}</h3>{text}</section>' for anchor, heading, text in SECTIONS]
    return _PAGE.substitute(
        css=CSS,
        intro=INTRO,
        failures="".join(f'<p class="note bad">{escape(why)}</p>' for why in report.failures.values()),
        contents=" · ".join(f'<a href="#{anchor}">{escape(text)}</a>' for anchor, text in links),
        pictures="\n".join(pictures),
        sections="\n".join(sections),
        made=_made(report),
    )


def _picture(n: int, picture: PictureReport, report: Report, folder: str) -> str:
    count = len(picture.faces)
    found = (
        "No face was found." if not count else "1 face." if count == 1 else f"{count} faces, numbered from the left."
    )
    hint = (
        '<p class="note bad">No face was found in this picture, so there is nothing to explain. If it <em>is</em> a '
        "face, cut out closely, run the command again with <code>--whole</code>; small or turned faces may be found "
        "with <code>--detector tiled</code> or a lower <code>--min-confidence</code>.</p>"
    )
    name = escape(picture.name, quote=True)
    image = f'<figure class="marked"><img src="{folder}/{picture.marked}" alt="{name}, its faces numbered">'
    caption = f"<figcaption>{picture.width} × {picture.height} pixels. {found}</figcaption></figure>"
    faces = "\n".join(_face(n, picture, face, report, folder) for face in picture.faces)
    return f'<h2 id="p{n}">{name}</h2>\n{image}{caption}\n{"" if count else hint}\n{faces}'


def _face(n: int, picture: PictureReport, face: FaceReport, report: Report, folder: str) -> str:
    who = f"face {face.number} of {picture.name}"
    sure = "" if not face.label else f": {face.label} {percent(float(face.probs.max()))}"
    said = verdict(face, report.layers)
    return _FACE.substitute(
        anchor=f"p{n}f{face.number}",
        heading=escape(f"Face {face.number}{sure}"),
        bars="".join(_bar(i, label, float(face.probs[i])) for i, label in enumerate(face.labels)),
        verdict=f'<p class="note">{escape(said)}</p>' if said else "",
        emotions=f"{folder}/{picture.file(face, 'emotions')}",
        emotions_alt=escape(f"Heat map of every emotion, {who}", quote=True),
        sheet=f"{folder}/{picture.file(face, 'sheet')}",
        sheet_alt=escape(f"Heat maps of all methods and layers, {who}", quote=True),
        curves=f"{folder}/{picture.file(face, 'curves')}",
        curves_alt=escape(f"Deletion and insertion curves, {who}", quote=True),
        tables="\n".join(_table(face, layer, report.methods) for layer in _layers(face, report.layers)),
    )


def _layers(face: FaceReport, layers: tuple[str, ...]) -> Iterable[str]:
    """The last layer first: it is the one that most readers want; the pixels at the end."""
    has_input = any(cell.layer == INPUT for cell in face.cells)
    return (*reversed(layers), *([INPUT] if has_input else []))


def _bar(index: int, label: str, probability: float) -> str:
    b, g, r = hue(label, index)
    share = probability if math.isfinite(probability) else 0.0
    style = f"width: {100 * share:.1f}%; background: rgb({r}, {g}, {b})"
    number = percent(share) if math.isfinite(probability) else "–"
    return f'<span>{escape(label)}</span><span class="bar"><i style="{style}"></i></span><span>{number}</span>'


def _table(face: FaceReport, layer: str, methods: tuple[str, ...]) -> str:
    cells = [cell for cell in (face.cell(method, layer) for method in methods) if cell is not None]
    size = next((cell.cam.shape for cell in cells if cell.cam is not None), None)
    grid = f", a grid of {size[1]} × {size[0]}" if size else ""
    heading = "the input's pixels" if layer == INPUT else layer
    star = "" if all(knows_class(cell.method) for cell in cells) else " * knows no emotion: the same map for each."
    groups = "".join(
        f'<th class="first" colspan="{len(columns)}" scope="colgroup"><a href="#{anchor}">{words}</a></th>'
        for anchor, words, columns in _GROUPS
    )
    columns = "".join(
        f'<th class="first" scope="col">{name}</th>' if i == 0 else f'<th scope="col">{name}</th>'
        for _, _, names in _GROUPS
        for i, name in enumerate(names)
    )
    rows = "".join(_row(cell) for cell in cells) + _chance(face, layer)
    return (
        f'<h4>{escape(heading)}</h4><div class="scroll"><table>'
        f"<caption>{escape(face.goal)}, {escape(heading)}{grid}.{star}</caption>"
        f'<thead><tr><td></td>{groups}</tr><tr><th scope="col">method</th>{columns}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(cell: Cell) -> str:
    star = "" if knows_class(cell.method) else " *"
    name = f'<th scope="row">{title(cell.method)}{star}</th>'
    if cell.figures is None:
        return f'<tr>{name}<td class="first none" colspan="{_width()}">not defined: {escape(cell.why)}</td></tr>'
    groups = [_plain(values) for values in _values(cell.figures)] + [_sanity(cell, cell.figures.sanity)]
    return f"<tr>{name}{''.join(groups)}</tr>"


def _values(figures: Figures) -> list[list[str]]:
    shares = list(vars(figures.regions).values()) if figures.regions else []
    where = shares if sum(shares) > 0 else [math.nan] * 5
    return [
        [f"{figures.deletion_area:.2f}", f"{figures.insertion_area:.2f}"],
        [_whole(drop) for drop in vars(figures.drops).values()],
        [_whole(share) for share in where],
        [_signed(figures.gradcam.spearman), f"{figures.gradcam.iou:.2f}"],
    ]


def _plain(values: Iterable[str]) -> str:
    return "".join(f'<td class="first">{v}</td>' if i == 0 else f"<td>{v}</td>" for i, v in enumerate(values))


def _sanity(cell: Cell, sanity: Mapping[str, float]) -> str:
    out = ""
    for i, (step, value) in enumerate(sanity.items()):
        fixed = not can_react(cell.method, cell.layer, step)
        same = not fixed and value >= SAME
        kind = " ".join(word for word, there in (("first", i == 0), ("fixed", fixed), ("same", same)) if there)
        mark = "= " if fixed else "▲ " if same else ""
        out += f'<td class="{kind}">{mark}{_signed(value)}</td>' if kind else f"<td>{_signed(value)}</td>"
    return out


def _chance(face: FaceReport, layer: str) -> str:
    if layer not in face.chance:
        return ""
    curves = face.chance[layer]
    areas = _plain([f"{curves.deletion_area:.2f}", f"{curves.insertion_area:.2f}"])
    rest = f'<td class="first none" colspan="{_width() - 2}">cells in random order: what a map must beat</td>'
    return f'<tr class="chance"><th scope="row">chance</th>{areas}{rest}</tr>'


def _width() -> int:
    return sum(len(columns) for _, _, columns in _GROUPS)


def _whole(part: float) -> str:
    return str(round(100 * part)).replace("-", "−") if math.isfinite(part) else "–"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else "–"


def _made(report: Report) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items() if version)
    settings = ", ".join(f"{name} {value}" for name, value in report.settings.items() if value != "")
    return (
        f'<ul class="small"><li>Network: {escape(report.model)}, sha256 {escape(report.sha256)}</li>'
        f"<li>Methods: {', '.join(map(title, report.methods))}</li>"
        f"<li>Layers: {escape(', '.join(report.layers))}</li>"
        f"<li>Settings: {escape(settings)}</li><li>Versions: {escape(versions)}</li>"
        f'<li>All numbers: <a href="report.json">report.json</a></li></ul>'
    )
