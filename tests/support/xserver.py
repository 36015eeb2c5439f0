"""A real X server without a screen, and hands to work with it: keys, clicks, closing buttons.

`running()` starts Xvfb on a free display; the fixture `xserver` in conftest.py files is made of it.
"""

import multiprocessing
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waits import wait_for
from Xlib import X, display, protocol
from Xlib.ext import xtest

from emolive.live.loop import FIRST_PICTURE

SIZE = (1920, 1080)

X_NAMES = {
    "[": "bracketleft",
    "]": "bracketright",
    "+": "plus",
    "-": "minus",
    "=": "equal",
    ".": "period",
    ",": "comma",
    "<": "less",
    ">": "greater",
    "?": "question",
    " ": "space",
    "esc": "Escape",
    "tab": "Tab",
    "left": "Left",
    "right": "Right",
    "up": "Up",
    "down": "Down",
    "pageup": "Prior",
    "pagedown": "Next",
}
"""What X calls emolive's keys, where it is not the same; from X11/keysymdef.h."""


@contextmanager
def running(size: tuple[int, int] = SIZE) -> Iterator[str]:
    """Start Xvfb and give its display's name, also as DISPLAY in the environment; stop it at the end."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size[0]}x{size[1]}x24", "-nolisten", "tcp"]
    command += ["-noreset"]  # else it begins anew when its last client leaves, and throws out one that is just coming
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        name = f":{pipe.readline().strip()}"
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = name
    try:
        yield name
    finally:
        if before is None:
            del os.environ["DISPLAY"]
        else:
            os.environ["DISPLAY"] = before
        server.terminate()
        server.wait(10)


@contextmanager
def managed() -> Iterator[None]:
    """A window manager, openbox, on the display of the environment; windows have frames while entered."""
    manager = subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL)
    try:
        wait_for(_has_manager)
        yield
    finally:
        manager.terminate()
        manager.wait(10)


def apart(work: Callable[[], None]) -> None:
    """Do something in a process of its own, on a display of its own with a window manager: Qt asks only once which one
    there is. Raises what it raises."""
    with running(), managed(), ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        process.submit(work).result(120)


def _has_manager() -> bool:
    server = display.Display()
    try:
        name = server.intern_atom("_NET_SUPPORTING_WM_CHECK")
        return server.screen().root.get_full_property(name, X.AnyPropertyType) is not None
    finally:
        server.close()


def key(*names: str) -> None:
    """Press keys in the window that has the focus; `names` are emolive's (see `scene.Key`) or X's own."""
    subprocess.run(["xdotool", "key", "--delay", "20", *(X_NAMES.get(name, name) for name in names)], check=True)


def press(*codes: str) -> None:
    """Press keys by their codes, whatever is written on them; "shift+46" with Shift."""
    server = display.Display()
    try:
        for words in codes:
            *held, code = words.split("+")
            keys = [50 for _ in held] + [int(code)]  # 50: Shift
            for one in keys:
                xtest.fake_input(server, X.KeyPress, one)
            for one in reversed(keys):
                xtest.fake_input(server, X.KeyRelease, one)
            server.sync()
    finally:
        server.close()


def collect(poll: Callable[[], list[Any]], count: int) -> list[Any]:
    """What polling gives until so many have come. Raises TimeoutError."""
    found: list[Any] = []

    def enough() -> bool:
        found.extend(poll())
        return len(found) >= count

    wait_for(enough)
    return found


def click(x: int, y: int) -> None:
    """Move the mouse to a point of the screen and press its left button."""
    subprocess.run(["xdotool", "mousemove", str(x), str(y), "click", "1"], check=True)


def window_id(title: str) -> int:
    """The id of the window of that title."""
    found = subprocess.run(["xdotool", "search", "--name", f"^{title}$"], check=True, capture_output=True, text=True)
    return int(found.stdout.split()[0])


def titled(title: str) -> bool:
    """Whether there is a window of that title."""
    return not subprocess.run(["xdotool", "search", "--name", f"^{title}$"], capture_output=True).returncode


def place(title: str) -> tuple[int, int, int, int]:
    """Where a window lies on the screen: x, y, width, height."""
    server = display.Display()
    try:
        window = server.create_resource_object("window", window_id(title))
        size, corner = window.get_geometry(), window.translate_coords(server.screen().root, 0, 0)
        return -corner.x, -corner.y, size.width, size.height
    finally:
        server.close()


def resize(title: str, width: int, height: int) -> None:
    """Give a window another size."""
    subprocess.run(["xdotool", "windowsize", "--sync", str(window_id(title)), str(width), str(height)], check=True)


def focus(title: str) -> None:
    """Let a window have the keys."""
    subprocess.run(["xdotool", "windowfocus", "--sync", str(window_id(title))], check=True)


def press_close(title: str) -> None:
    """Press the closing button of a window's frame: what a window manager then sends."""
    server = display.Display()
    try:
        window = server.create_resource_object("window", window_id(title))
        atoms = [server.intern_atom(name) for name in ("WM_PROTOCOLS", "WM_DELETE_WINDOW")]
        event = protocol.event.ClientMessage(
            window=window, client_type=atoms[0], data=(32, [atoms[1], X.CurrentTime, 0, 0, 0])
        )
        window.send_event(event)
        server.sync()
    finally:
        server.close()


def make_forget(title: str) -> None:
    """Let Qt think that a window is not up, as when it loses the event that says it is: on a busy machine it does."""
    server = display.Display()
    try:
        window = server.create_resource_object("window", window_id(title))
        window.send_event(protocol.event.UnmapNotify(window=window, event=window, from_configure=0))
        server.sync()
    finally:
        server.close()


def screenshot(path: str, of: tuple[int, int] = SIZE) -> None:
    """Write what a screen of that size shows to a PNG file, by ffmpeg."""
    size = f"{of[0]}x{of[1]}"
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "x11grab", "-video_size", size, "-i", os.environ["DISPLAY"]]
    subprocess.run([*command, "-frames:v", "1", path], check=True)


def has_picture(said: Path) -> bool:
    """Whether an emolive whose words (`-v`) go to that file has shown its first picture. On the screen that cannot be
    told from what is shown while the network loads."""
    return FIRST_PICTURE in said.read_text(encoding="utf-8", errors="replace")
