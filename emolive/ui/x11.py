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

from Xlib import X, display, error
from Xlib.support import connect

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
    """The keys pressed in this program's windows, and the size of the screen. A context manager."""

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

    def screen(self) -> tuple[int, int] | None:
        """Width and height of the first monitor in pixels, or None where there is no X display."""
        if self._display is None:
            return None
        screen = self._display.screen()
        if self._display.has_extension("RANDR"):
            with contextlib.suppress(error.XError, AttributeError):  # RANDR before 1.5 knows no monitors
                monitors = screen.root.xrandr_get_monitors().monitors
                sizes = sorted((not m.primary, m.width_in_pixels, m.height_in_pixels) for m in monitors)
                if sizes:
                    return sizes[0][1], sizes[0][2]
        return screen.width_in_pixels, screen.height_in_pixels

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
