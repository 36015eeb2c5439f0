"""Makes anew what the README and docs/OPTIONS.md show: the table of keys, all options, and pictures of the windows at
work (Xvfb, xdotool, ffmpeg).

make readme
"""

import subprocess
import sys
import time
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

import xserver as x  # noqa: E402

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


def pictures(views: tuple[str, ...] = ("camera", "filters", "emotions", "proof")) -> None:
    """Run the demo in real windows and cut each window out of a screenshot."""
    with x.running():
        command = [
            sys.executable,
            "-m",
            "emolive",
            "demo",
            "--no-board",
            "--views",
            ",".join(views),
            "--seconds",
            "600",
        ]
        command += ["--proof", "--by-share", "--method-b", "layercam", "--layer-b", "layer3"]
        process = subprocess.Popen(command)
        try:
            x.wait_for(lambda: len(titles(views)) == len(views), 120)
            time.sleep(25)  # the network is loaded and the figures have settled
            x.screenshot("/tmp/emolive-screen.png")
            screen = cv2.imread("/tmp/emolive-screen.png")
            for view in views:
                left, top, width, height = x.place(f"emolive {view}")
                cv2.imwrite(str(ROOT / "docs" / f"{view}.png"), screen[top : top + height, left : left + width])
        finally:
            process.terminate()
            process.wait(20)


def titles(views: tuple[str, ...]) -> list[str]:
    """Which of the views' windows are there."""
    return [v for v in views if not subprocess.run(["xdotool", "search", "--name", f"^emolive {v}$"],
                                                   capture_output=True).returncode]  # fmt: skip


if __name__ == "__main__":
    keys()
    options()
    screen()
    pictures()
