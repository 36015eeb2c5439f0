"""Makes anew what the README, docs/OPTIONS.md and docs/SCREEN.md show: the table of keys, all options, what is on the
screen, and pictures of a lecture (`lecture.py`: Xvfb, openbox, xdotool, ffmpeg); or of one played before.

    make readme
    python docs/refresh.py OUT
"""

import sys
import tempfile
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

from lecture import lecture  # noqa: E402

from emolive.commands.reference import reference  # noqa: E402
from emolive.ui.keys import help_table  # noqa: E402
from emolive.ui.palette import palette_table  # noqa: E402
from emolive.ui.topics import topics_table  # noqa: E402

BEGIN, END = "<!-- keys: made from emolive/ui/keys.py by make readme -->\n", "<!-- /keys -->"


def keys() -> None:
    """Put the table of keys between its marks in the README."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{help_table()}\n\n{END}{after}", encoding="utf-8")


def options() -> None:
    """Write the reference of all options."""
    (ROOT / "docs" / "OPTIONS.md").write_text(reference(), encoding="utf-8")


def screen() -> None:
    """Write what can be pointed at in the windows, and what is said of it."""
    words = "# What is on the screen\n\nThe help line says this of what the mouse points at.\n\n"
    colors = "## Colours\n\nHues belong to emotions alone; all else is told by place, sign, pattern and tone.\n\n"
    text = f"{words}{topics_table()}\n\n{colors}{palette_table()}\n"
    (ROOT / "docs" / "SCREEN.md").write_text(text, encoding="utf-8")


SHOWN = {
    "board": "the next face",
    "camera": "the camera alone",
    "filters": "a tile is pinned",
    "emotions": "an emotion is the target",
    "proof": "masked",
}
"""The README's pictures, by the steps of the lecture that show them."""

WIDE = 1280
"""They are at most so many pixels wide."""


def pictures(played: Path | None = None) -> None:
    """Play the lecture, in a third of its time, and take the README's pictures from it; or from one played before."""
    with tempfile.TemporaryDirectory() as folder:
        if played is None:
            played = Path(folder)
            lecture(played, (1366, 768), 1 / 3, None)
        for name, step in SHOWN.items():
            (found,) = (played / "demo").glob(f"[0-9][0-9] {step}.png")
            shown = cv2.imread(str(found))
            size = WIDE, round(shown.shape[0] * WIDE / shown.shape[1])
            small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA) if shown.shape[1] > WIDE else shown
            cv2.imwrite(str(ROOT / "docs" / f"{name}.png"), small, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    keys()
    options()
    screen()
    pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
