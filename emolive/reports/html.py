"""Pages out of the templates beside this file. Whatever is put into one is text, and comes out as text.

Names of files, labels and models are untrusted. Each is escaped (jinja2's autoescape); control characters and halves of
characters, which HTML cannot hold, are replaced; the templates put names into <bdi>, so that one that is written from
right to left turns nothing but itself around.
"""

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from emolive.ui.palette import hue
from emolive.ui.words import percent

UNKNOWN = "–"
"""What stands where a number is not known."""


def rendered(template: str, **values: Any) -> str:
    """A whole page: a template of `emolive/reports/templates` with these values in it."""
    return _environment().get_template(template).render(values)


def plain(value: Any) -> Any:
    """A text without what HTML cannot hold (control characters, surrogates: U+FFFD instead); anything else as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" else c for c in value)


def color(label: str, index: int) -> str:
    """An emotion's colour for HTML, as in the windows."""
    b, g, r = hue(label, index)
    return f"#{r:02x}{g:02x}{b:02x}"


def clock(seconds: float, digits: int = 0) -> str:
    """0:05, 12:00, 1:02:03; with `digits` of a second's parts 0:05.3."""
    parts = round(seconds * 10**digits)
    whole, part = divmod(parts, 10**digits)
    hours, minutes = divmod(whole // 60, 60)
    words = f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
    return f"{words}.{part:0{digits}d}" if digits else words


def digits_of(seconds: Iterable[float]) -> int:
    """How many digits of a second's parts `clock` needs so that different times are written differently; 3 at most."""
    times = {round(one, 3) for one in seconds}
    return next((n for n in range(3) if len({clock(t, n) for t in times}) == len(times)), 3)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("emolive.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": clock,
        "color": color,
        "listed": _listed,
        "percent": lambda part: percent(float(part)) if math.isfinite(part) else UNKNOWN,
        "whole": lambda part: UNKNOWN if part is None else str(round(100 * part)),
        "width": lambda part: f"{100 * part:.1f}" if math.isfinite(part) else "0.0",
    }
    return environment


def _listed(facts: Mapping[str, Any]) -> str:
    """Names and values in a line; what says nothing is left out."""
    return ", ".join(f"{name} {_words(value)}" for name, value in facts.items() if value not in (None, "", [], ()))


def _words(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
