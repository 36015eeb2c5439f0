"""Pieces of the page as HTML that screen readers can read: bars, the ledger, the drops. Every text is escaped."""

from collections.abc import Sequence
from html import escape

import numpy as np

from emolive.audit.verdict import NAMES
from emolive.core.evidence import CONTROLS, OWN
from emolive.core.scene import Ledger, Proof
from emolive.ui import palette
from emolive.ui.emotions import likeliest
from emolive.ui.words import label, percent, points, signed
from emolive.web.bundle import strongest

STYLE = """<style>
.emolive { border-collapse: collapse; width: 100%; font-size: 0.95rem; }
.emolive caption { text-align: left; opacity: 0.75; padding-bottom: 0.3rem; }
.emolive th, .emolive td { border: 0; padding: 0.12rem 0.4rem 0.12rem 0; }
.emolive th { text-align: left; font-weight: 400; white-space: nowrap; width: 1%; }
.emolive th { max-width: 14rem; overflow: hidden; text-overflow: ellipsis; }
.emolive .best { font-weight: 700; }
.emolive .number { text-align: right; white-space: nowrap; width: 1%; font-variant-numeric: tabular-nums; }
.emolive .track { background: rgba(255, 255, 255, 0.1); border-radius: 3px; height: 0.75rem; position: relative; }
.emolive-small { font-size: 0.875rem; margin: 0; opacity: 0.75; }
.emolive-title { font-size: 1.75rem; font-weight: 600; margin: 0; padding: 0.5rem 0 0 0; }
.emolive-answer { font-weight: 700; margin: 0; overflow-wrap: anywhere; } .emolive-answer span { color: #ffbe3c; }
.emolive-said { border-radius: 0.5rem; overflow-wrap: anywhere; padding: 1rem; }
.emolive-said.bad { background: rgba(255, 90, 80, 0.2); }
.emolive-said.heed { background: rgba(255, 190, 60, 0.2); }
.emolive-said.note { background: rgba(90, 160, 255, 0.2); }
.emolive .bar { border-radius: 3px; height: 100%; position: absolute; }
</style>"""


def probabilities(probs: np.ndarray, labels: Sequence[str]) -> str:
    """A bar per emotion, in the network's order, of the most probable ones where there are many; the likeliest is
    bold."""
    probs = np.nan_to_num(probs)
    best = int(np.argmax(probs))
    rows, those = [], likeliest(probs)
    for i in those:
        p = probs[i]
        bold = ' class="best"' if i == best else ""
        name = label(labels, i)
        bar, figure = _bar(0, float(p), palette.hue(name, i)), percent(float(p))
        head = f'<th scope="row" title="{escape(name)}">{escape(name)}</th>'
        rows.append(f'<tr{bold}>{head}<td>{bar}</td><td class="number">{figure}</td></tr>')
    few = f": the {len(those)} most probable of {len(probs):,}" if len(those) < len(probs) else ""
    return _table(f"Probability of each emotion{few}", rows)


def ledger(book: Ledger, name: str) -> str:
    """The filters that count most for and against the score of the emotion `name`."""
    if not len(book.shares):
        return f"<p>{escape(book.why)}</p>"
    most = max(float(np.abs(np.nan_to_num(book.shares)).max()), 1e-9)
    rows = []
    for channel in strongest(book):
        share = float(np.nan_to_num(book.shares[channel]))
        part = abs(share) / most / 2
        bar = _bar(0.5 if share > 0 else 0.5 - part, part, palette.BAR)
        rows.append(
            f'<tr><th scope="row">filter {channel}</th><td>{bar}</td><td class="number">{signed(share)}</td></tr>'
        )
    count, total = len(book.shares), float(np.nan_to_num(book.shares).sum())
    if book.exact:
        words = (
            f"{count} filters {signed(total)}, bias {signed(book.bias)}: together {book.logit:.2f}, the score. Exact."
        )
    else:
        words = f"An approximation at this layer: the {count} shares need not add up to the score, {book.logit:.2f}."
    rows.append(f'<tr><td colspan="3">{escape(words)}</td></tr>')
    return _table(f"What speaks for {name} (to the right) and against it (to the left)", rows)


PARTS = (
    ("this map", OWN, palette.BAR),
    *((NAMES[control].removeprefix("a "), control, palette.TONES[1]) for control in CONTROLS[:-1]),
    (NAMES["random"], "random", palette.TONES[2]),
)
"""Whose hottest part is masked, and the colour of its bar."""


def drops(proof: Proof, name: str) -> str:
    """What masking a fifth of the face does to the probability of the emotion `name`, in percentage points: what this
    map calls hot, and what its controls do."""
    rows = []
    for part, of, color in PARTS:
        drop = proof.drop(of)
        if drop is None:
            continue
        after = proof.before - drop
        bar, change = _bar(0, float(np.nan_to_num(after)), color), points(-drop)
        rows.append(
            f'<tr><th scope="row">{part}</th><td>{bar}</td>'
            f'<td class="number">{percent(after)}</td><td class="number">{change}</td></tr>'
        )
    return _table(f"{name} {percent(proof.before)}: with a fifth of the face masked, and the change in points", rows)


def _bar(start: float, length: float, color: palette.Color) -> str:
    blue, green, red = color
    start, length = (100 * min(max(part, 0.0), 1.0) for part in (start, length))
    style = f"left:{start:.1f}%;width:{length:.1f}%;background:rgb({red},{green},{blue})"
    return f'<div class="track"><div class="bar" style="{style}"></div></div>'


def _table(caption: str, rows: Sequence[str]) -> str:
    return f'<table class="emolive"><caption>{escape(caption)}</caption>{"".join(rows)}</table>'
