"""The one place where words that come from a file, or could, get onto the page: as text, never as Markdown or HTML.

Streamlit reads most of its texts as Markdown, which can fetch pictures from anywhere. So whatever is not written down
in this program goes through here (a test sees to it): names of files, labels, layers, sentences of errors.
"""

import re
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

PLACE = DeltaGenerator | None
"""Where on the page; None: where the script is."""


def error(words: str) -> None:
    """A sentence that says what is wrong and what to do."""
    _said("alert", "bad", words)


def warning(words: str) -> None:
    """A sentence that the user should heed."""
    _said("alert", "heed", words)


def note(words: str, place: PLACE = None) -> None:
    """A sentence that explains something."""
    _said("note", "note", words, place)


def caption(words: str) -> None:
    """Small words below or above something."""
    _html(f'<p class="emolive-small">{escape(words)}</p>')


def title(words: str) -> None:
    """The heading of a section."""
    _html(f'<h3 class="emolive-title">{escape(words)}</h3>')


def answer(words: str, before: str = "") -> None:
    """What the network says of a face, `before` it the number of the face."""
    _html(f'<p class="emolive-answer">{escape(before)}<span>{escape(words)}</span></p>')


def button(words: str) -> str:
    """The words of a button, which Streamlit insists on reading as Markdown: every sign in them stands for itself."""
    plain = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(words.split()))
    return plain.replace(":", ":\u2060")  # or :smile: would be one


def _said(role: str, kind: str, words: str, place: PLACE = None) -> None:
    _html(f'<div class="emolive-said {kind}" role="{role}">{escape(words)}</div>', place)


def _html(text: str, place: PLACE = None) -> None:
    (place or st).html(text, width="stretch")
