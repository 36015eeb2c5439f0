"""What values an option takes: read from a user's words, checked as JSON holds them, and said to people.

Each kind has `metavar` (how `--help` writes the value), `limits` (what is allowed, in words; "" where all is said by
`metavar`), `read` (from a word of the command line or the environment) and `check` (from JSON, or from code). Both give
the value and raise `ValueError` with a sentence that begins in the middle: "is no number".
"""

import math
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

LONGEST = 4096
"""Characters of a text: more is no name of anything."""

MOST = 10_000
"""Words or numbers in a list."""


class Kind(Protocol):
    """A kind of values, see above."""

    @property
    def metavar(self) -> str: ...
    @property
    def limits(self) -> str: ...
    def read(self, text: str) -> Any: ...
    def check(self, value: object) -> Any: ...


@dataclass(frozen=True)
class Flag:
    """On or off. `off`: it can be switched off, too (`--no-…`)."""

    off: bool = False
    metavar = ""
    limits = ""

    def read(self, text: str) -> bool:
        words = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }
        if text.strip().lower() not in words:
            raise ValueError("is neither true nor false")
        return words[text.strip().lower()]

    def check(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError("is neither true nor false")
        return value


@dataclass(frozen=True)
class Text:
    """One or a few words, like the name of a method or a label; what they may be is known later."""

    metavar: str = "NAME"
    limits = ""

    def read(self, text: str) -> str:
        return self.check(text)

    def check(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("is no text")
        if len(value) > LONGEST:
            raise ValueError(f"is longer than {LONGEST} characters")
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):  # Cs: halves of characters
            raise ValueError("has characters that cannot be printed")
        return value


@dataclass(frozen=True)
class Name(Text):
    """A name that a file of emolive's own gets: letters, digits, spaces, "-" and "_"."""

    limits = "letters, digits, spaces, - and _"

    def check(self, value: object) -> str:
        text = super().check(value)
        if len(text) > 100 or not re.fullmatch(r"[\w -]*", text):
            raise ValueError("is no name; use letters, digits, spaces, - and _")
        return text


@dataclass(frozen=True)
class Choice:
    """One of some names."""

    names: tuple[str, ...]

    @property
    def metavar(self) -> str:
        return f"[{'|'.join(self.names)}]"

    @property
    def limits(self) -> str:
        return f"one of {', '.join(self.names)}"

    def read(self, text: str) -> str:
        return self.check(text)

    def check(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.names:
            raise ValueError(f"is not one of {', '.join(self.names)}")
        return value


@dataclass(frozen=True)
class Integer:
    """A whole number from `low` to `high`, both allowed; None: no end."""

    low: int | None = None
    high: int | None = None
    metavar: str = "N"

    @property
    def limits(self) -> str:
        return _limits(self.low, self.high)

    def read(self, text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()):
            raise ValueError("is no whole number")
        return self.check(int(text))

    def check(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("is no whole number")
        if not _within(value, self.low, self.high):
            raise ValueError(f"is not {self.limits}")
        return value


@dataclass(frozen=True)
class Number:
    """A finite number from `low` to `high`, both allowed unless `above`: then `low` itself is not. None: no end."""

    low: float | None = None
    high: float | None = None
    above: bool = False
    metavar: str = "NUMBER"

    @property
    def limits(self) -> str:
        return _limits(self.low, self.high, self.above)

    def read(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError("is no number") from None
        return self.check(value)

    def check(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("is no number")
        try:
            number = float(value)
        except OverflowError:  # a whole number of hundreds of digits
            number = math.inf
        if not math.isfinite(number):
            raise ValueError("is no finite number")
        if not _within(number, self.low, self.high) or (self.above and number == self.low):
            raise ValueError(f"is not {self.limits}")
        return number


@dataclass(frozen=True)
class File:
    """A path. `is_folder` says what it must be where it is there already (None: anything), `exists` that it must be."""

    is_folder: bool | None = None
    exists: bool = False
    limits = ""

    @property
    def metavar(self) -> str:
        return "FOLDER" if self.is_folder else "FILE"

    def read(self, text: str) -> Path:
        return self.check(text)

    def check(self, value: object) -> Path:
        if not isinstance(value, str | Path):
            raise ValueError("is no path")
        if not str(value) or "\0" in str(value) or len(str(value)) > LONGEST:
            raise ValueError("is no path")
        try:
            os.fsencode(value)
        except UnicodeEncodeError:
            raise ValueError("is no path") from None
        return Path(value)


@dataclass(frozen=True)
class Words:
    """Some words with commas between them: any, or some of `known`; at least `least`, each once if `once`."""

    known: tuple[str, ...] = ()
    least: int = 0
    once: bool = False
    metavar: str = "NAME,NAME"

    @property
    def limits(self) -> str:
        return f"of {', '.join(self.known)}" if self.known else ""

    def read(self, text: str) -> tuple[str, ...]:
        words = [word.strip() for word in text.split(",") if word.strip()]
        return self.check(list(dict.fromkeys(words)) if self.once else words)

    def check(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or len(value) > MOST:
            raise ValueError("is no list of words")
        words = tuple(Text().check(word) for word in value)
        if len(words) < self.least or (self.known and not set(words) <= set(self.known)):
            raise ValueError(f"names none of these: {', '.join(self.known)}" if self.known else "names nothing")
        return words


@dataclass(frozen=True)
class Channels:
    """Numbers of filters."""

    metavar = "N,N"
    limits = ""

    def read(self, text: str) -> tuple[int, ...]:
        words = [word.strip() for word in text.split(",") if word.strip()]
        if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
            raise ValueError("are no numbers of filters; write them like 3,17")
        return tuple(int(word) for word in words)

    def check(self, value: object) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or len(value) > MOST:
            raise ValueError("is no list of numbers of filters")
        return tuple(Integer(0).check(number) for number in value)


@dataclass(frozen=True)
class Numbers:
    """Finite numbers, one for all or `count` of them."""

    count: int
    metavar: str = "X,X,X"

    @property
    def limits(self) -> str:
        return f"one number, or {self.count}"

    def read(self, text: str) -> tuple[float, ...]:
        return self.check([Number().read(word) for word in text.split(",")])

    def check(self, value: object) -> tuple[float, ...]:
        if not isinstance(value, list | tuple) or len(value) not in (1, self.count):
            raise ValueError(f"is not {self.limits}")
        return tuple(Number().check(number) for number in value)


@dataclass(frozen=True)
class Clock:
    """A time of a video: "90", "1:30" or "0:01:30.5"; the value is in milliseconds."""

    metavar = "TIME"
    limits = ""

    def read(self, text: str) -> float:
        try:
            parts = [float(part) for part in text.split(":")]
        except ValueError:
            parts = []
        if not 1 <= len(parts) <= 3 or not all(0 <= part < math.inf for part in parts):
            raise ValueError("is no time; write seconds, 1:30 or 0:01:30")
        return sum(part * 60.0**i for i, part in enumerate(reversed(parts))) * 1e3

    def check(self, value: object) -> float:
        return Number(0).check(value)


@dataclass(frozen=True)
class PixelSize:
    """Width and height in pixels, like 1280x720."""

    metavar = "WxH"
    limits = ""

    def read(self, text: str) -> tuple[int, int]:
        width, _, height = text.lower().partition("x")
        if not all(side.isascii() and side.isdigit() and len(side) < 6 and int(side) for side in (width, height)):
            raise ValueError("is no size; write it like 1280x720")
        return int(width), int(height)

    def check(self, value: object) -> tuple[int, int]:
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise ValueError("is no size")
        return Integer(1).check(value[0]), Integer(1).check(value[1])


def like(value: object) -> Kind:
    """The kind of values that a value is one of: for what no option sets. Raises `TypeError` where there is none."""
    match value:
        case bool():
            return Flag()
        case int():
            return Integer()
        case float():
            return Number()
        case str():
            return Text()
        case tuple():
            return Channels()
    raise TypeError(f"{value!r} is of no kind.")


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _limits(low: float | None, high: float | None, above: bool = False) -> str:
    if low is not None and high is not None:
        return f"{'above ' if above else ''}{low:g} {'and at most' if above else 'to'} {high:g}"
    if low is not None:
        return f"{'above ' if above else ''}{low:g}{'' if above else ' or more'}"
    return "" if high is None else f"at most {high:g}"
