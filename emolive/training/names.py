"""The names that data sets give to the same emotions, and which class of a network a folder stands for."""

from __future__ import annotations

from collections.abc import Sequence

from emolive.core.errors import EmoliveError

EMOTIONS = (
    {"angry", "anger"},
    {"disgust", "disgusted", "disgusting"},
    {"fear", "fearful", "afraid", "scared"},
    {"happy", "happiness", "joy", "joyful"},
    {"neutral", "neutrality"},
    {"sad", "sadness"},
    {"surprise", "surprised", "suprise", "suprised"},
    {"contempt", "contemptuous"},
)
"""One emotion each, in small letters; AffectNet and others write "suprise"."""


def meanings(folders: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    """The label that each folder stands for: its own name, in any case, or another common name of the same emotion.

    Raises `EmoliveError` for a folder that stands for none of the labels, or for more than one, and for two folders
    that stand for the same.
    """
    found, strange = {}, []
    for folder in folders:
        fits = fitting(folder, labels)
        if len(fits) > 1:
            raise EmoliveError(f"The folder {folder} could stand for {' or '.join(fits)}. Rename it.")
        if fits:
            found[folder] = fits[0]
        else:
            strange.append(folder)
    if strange:
        raise EmoliveError(
            f"No class is meant by the folder{'s' * (len(strange) > 1)} {', '.join(strange)}; "
            f"the classes are {', '.join(labels)}. Rename or remove what is too much."
        )
    for label in labels:
        same = [folder for folder, meant in found.items() if meant == label]
        if len(same) > 1:
            raise EmoliveError(f"The folders {' and '.join(same)} both stand for {label}. Put them into one.")
    return found


def fitting(folder: str, labels: Sequence[str]) -> list[str]:
    """The labels that a folder's name may stand for; the closest kind of likeness decides."""
    plain = folder.strip().casefold()
    emotion = next((names for names in EMOTIONS if plain in names), {plain})
    kinds = (
        [label for label in labels if label == folder],
        [label for label in labels if label.strip().casefold() == plain],
        [label for label in labels if label.strip().casefold() in emotion],
    )
    return next((fits for fits in kinds if fits), [])
