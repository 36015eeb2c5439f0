"""What OpenCV does not tell about an X display: whether it is there, how large its screen is, which key was pressed.

OpenCV's Qt windows forget Shift: `M` arrives as `m`; and they keep one key only between two polls. So the keys pressed
in our windows are read from the X server, which lets any program listen along. Used on Linux only.
"""

import contextlib
import io
import logging
import os
import time
from collections import deque
from typing import Any

import numpy as np
from Xlib import X, display, error
from Xlib.protocol import event as events
from Xlib.support import connect

from emolive.ui.draw import Rect
from emolive.ui.keycodes import LETTER_PLACES, OTHER_PLACES, is_foreign_letter, key_name

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds to wait for a connection: a server without other clients, such as Xvfb, begins anew when the last one goes,
and `problem` was just one."""

_COMMANDS = X.ControlMask | X.Mod1Mask | X.Mod4Mask
"""Ctrl, Alt and Super: keys pressed with them are meant for the desktop."""


def problem(name: str) -> str | None:
    """Why the X display of that name cannot be reached, or None where it answers."""
    try:
        _, protocol, host, number, _ = connect.get_display(name)
        connect.get_socket(name, protocol, host, number).close()
    except (error.DisplayNameError, error.DisplayConnectionError) as wrong:
        return str(wrong)
    return None


class Keyboard:
    """The keys pressed in this program's windows, what they show, and the size of the screen. A context manager."""

    def __init__(self) -> None:
        self._display: display.Display | None = None
        self._watched: set[int] = set()

    def __enter__(self) -> "Keyboard":
        end = time.monotonic() + PATIENCE
        while self._display is None:
            try:
                with contextlib.redirect_stdout(io.StringIO()):  # Xlib prints when there is no ~/.Xauthority
                    self._display = display.Display()
            except (error.DisplayError, error.ConnectionClosedError, error.XauthError, OSError) as wrong:
                if time.monotonic() > end:
                    log.warning("capital letters may be taken for small ones: %s", wrong)
                    break
                time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._display is not None:
            with contextlib.suppress(error.ConnectionClosedError, OSError):  # the X server may be gone first
                self._display.close()
            self._display = None

    def screen(self) -> Rect | None:
        """Where the first monitor lies (x0, y0, x1, y1 in pixels), or None where there is no X display."""
        if self._display is None:
            return None
        screen = self._display.screen()
        if self._display.has_extension("RANDR"):
            with contextlib.suppress(error.XError, AttributeError):  # RANDR before 1.5 knows no monitors
                monitors = sorted(screen.root.xrandr_get_monitors().monitors, key=lambda m: not m.primary)
                for m in monitors[:1]:
                    return m.x, m.y, m.x + m.width_in_pixels, m.y + m.height_in_pixels
        return 0, 0, screen.width_in_pixels, screen.height_in_pixels

    def room(self) -> Rect | None:
        """The same without the bars of the desktop, where a window manager says where they are."""
        whole = self.screen()
        if whole is None or self._display is None:
            return whole
        area = self._display.screen().root.get_full_property(
            self._display.intern_atom("_NET_WORKAREA"), X.AnyPropertyType
        )
        if area is None or len(area.value) < 4:
            return whole
        x, y, width, height = (int(v) for v in area.value[:4])
        found = max(whole[0], x), max(whole[1], y), min(whole[2], x + width), min(whole[3], y + height)
        return found if found[2] - found[0] > 200 and found[3] - found[1] > 200 else whole

    def watch(self) -> bool:
        """Listen to all windows of this program. Gives back whether there is one; call it after a window opened."""
        if self._display is None:
            return False
        pid = self._display.intern_atom("_NET_WM_PID")
        waiting = deque([self._display.screen().root])
        self._watched.clear()
        while waiting:
            window = waiting.popleft()
            with contextlib.suppress(error.XError):  # windows of others may vanish while we look
                owner = window.get_full_property(pid, X.AnyPropertyType)
                if owner is not None and owner.value[0] == os.getpid():
                    window.change_attributes(event_mask=X.KeyPressMask)
                    self._watched.add(window.id)
                else:
                    waiting.extend(window.query_tree().children)
        self._display.sync()
        return bool(self._watched)

    def pixels(self, title: str) -> np.ndarray | None:
        """What the server has in this program's window of that title, (H, W, 3) uint8 BGR; None where it cannot say."""
        with contextlib.suppress(error.XError, error.ConnectionClosedError, OSError):
            window = self._titled(title)
            if window is not None and window.get_attributes().map_state == X.IsViewable:
                size = window.get_geometry()
                data = window.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xFFFFFFFF).data
                if len(data) == size.width * size.height * 4:  # 24 or 32 bits a pixel; no others are met today
                    return np.frombuffer(data, np.uint8).reshape(size.height, size.width, 4)[..., :3]
        return None

    def size(self, title: str) -> tuple[int, int] | None:
        """Width and height of this program's window of that title; None where the server cannot say."""
        with contextlib.suppress(error.XError, error.ConnectionClosedError, OSError):
            window = self._titled(title)
            if window is not None:
                size = window.get_geometry()
                return size.width, size.height
        return None

    def remind(self, title: str) -> None:
        """Tell this program's window of that title once more that it is up, where, how large, and to be painted."""
        with contextlib.suppress(error.XError, error.ConnectionClosedError, OSError):
            window = self._titled(title)
            if self._display is None or window is None or window.get_attributes().map_state != X.IsViewable:
                return
            log.debug("the window %s does not show what was drawn; it is told again that it is there", title)
            size, corner = window.get_geometry(), window.translate_coords(self._display.screen().root, 0, 0)
            names = {"event": window, "window": window, "override": 0}
            place = {"x": -corner.x, "y": -corner.y, "width": size.width, "height": size.height, "border_width": 0}
            # No mask: events for the client that made the window.
            window.send_event(events.MapNotify(**names), event_mask=0)
            window.send_event(events.ConfigureNotify(**names, above_sibling=X.NONE, **place), event_mask=0)
            window.clear_area(exposures=True)
            self._display.sync()

    def _titled(self, title: str) -> Any:
        """This program's window of that title, or None."""
        if self._display is None:
            return None
        name = self._display.intern_atom("_NET_WM_NAME")
        for number in self._watched:
            window = self._display.create_resource_object("window", number)
            with contextlib.suppress(error.XError):  # it may be gone
                found = window.get_full_property(name, X.AnyPropertyType)
                if found is not None and bytes(found.value) == title.encode():
                    return window
        return None

    def pressed(self) -> list[str] | None:
        """The names of the keys pressed since the last call, in order; None where no window is listened to."""
        if self._display is None or not self._watched:
            return None
        names: list[str | None] = []
        try:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == X.KeyPress and not event.state & _COMMANDS:
                    names.append(self._name(event.detail, event.state))
                elif event.type == X.MappingNotify:
                    self._display.refresh_keyboard_mapping(event)
        except (error.ConnectionClosedError, OSError) as wrong:
            log.warning("the X server is gone: %s", wrong)
            self._watched.clear()
        return [name for name in names if name]

    def _name(self, code: int, state: int) -> str | None:
        """The name of a key by what it means in its layout or, where that has no Latin letters, by its place. Caps Lock
        changes nothing: small and capital letters do opposite things, and nobody means to hold Shift for hours."""
        shift, base = bool(state & X.ShiftMask), 2 * (state >> 13 & 1)
        if code in LETTER_PLACES and any(map(is_foreign_letter, self._home_row(base))):
            return LETTER_PLACES[code].upper() if shift else LETTER_PLACES[code]
        if code in OTHER_PLACES and is_foreign_letter(self._symbol(code, base)):
            return OTHER_PLACES[code][shift]
        if state & X.Mod5Mask and self._symbol(code, 4):  # AltGr: the third level
            base = 4
        plain = self._symbol(code, base)
        return key_name((self._symbol(code, base + 1) or plain) if shift else plain)

    def _home_row(self, base: int) -> list[int]:
        """What the layout has where an American keyboard has a, s, d, f."""
        return [self._symbol(code, base) for code in range(38, 42)]

    def _symbol(self, code: int, column: int) -> int:
        assert self._display is not None
        return int(self._display.keycode_to_keysym(code, column))
