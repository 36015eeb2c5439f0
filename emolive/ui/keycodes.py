"""Key codes, as OpenCV's window systems and X name them, and what emolive calls the keys."""

import unicodedata

ASCII = {27: "esc", 13: "enter", 10: "enter", 9: "tab", 8: "backspace"}

X_KEYSYMS = {
    0xFF1B: "esc",
    0xFF0D: "enter",
    0xFF8D: "enter",
    0xFF09: "tab",
    0xFF51: "left",
    0xFF52: "up",
    0xFF53: "right",
    0xFF54: "down",
    0xFF55: "pageup",
    0xFF56: "pagedown",
    0xFFAB: "+",  # on the number pad
    0xFFAD: "-",
    0xFFAC: ",",
    0xFFAE: ".",
    0xFFB0: "0",
}
"""From X11/keysymdef.h. OpenCV's Qt and GTK windows give them for keys that are no characters."""

WINDOWS = {
    0x250000: "left",
    0x260000: "up",
    0x270000: "right",
    0x280000: "down",
    0x210000: "pageup",
    0x220000: "pagedown",
}
"""Virtual-key codes, shifted left by 16 bits as OpenCV's Win32 windows do."""

MACOS = {
    0xF700: "up",
    0xF701: "down",
    0xF702: "left",
    0xF703: "right",
    0xF72C: "pageup",
    0xF72D: "pagedown",
}
"""NSEvent's function-key characters, which OpenCV's Cocoa windows pass on."""


_ROWS = {24: "qwertyuiop", 38: "asdfghjkl", 52: "zxcvbnm"}

LETTER_PLACES = {first + i: letter for first, row in _ROWS.items() for i, letter in enumerate(row)}
"""X's key codes of the letters of an American keyboard, by which keys go where a layout has no Latin letters."""

OTHER_PLACES = {59: ",<", 60: ".>"}
"""Keys beside them on which such layouts have letters: without and with Shift."""

_FOREIGN_PAGES = {0x04, 0x05, 0x06, 0x07, 0x0C, 0x0D, 0x0E, 0x14, 0x15}
"""Pages of X's older keysyms: Katakana, Arabic, Cyrillic, Greek, Hebrew, Thai, Korean, Armenian, Georgian."""


def is_foreign_letter(keysym: int) -> bool:
    """Whether an X keysym is a letter of another script than Latin."""
    if keysym & 0xFF000000 == 0x01000000:  # Unicode
        letter = chr(keysym & 0xFFFFFF) if keysym & 0xFFFFFF < 0x110000 else ""
        return letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN")
    return keysym >> 8 in _FOREIGN_PAGES


def key_name(code: int) -> str | None:
    """The name of a key that `cv2.waitKeyEx` or an X keysym stands for: a character, or a word such as "left".

    None for no key (-1) and for keys that emolive has no name for, such as Shift by itself.
    """
    for table in (ASCII, WINDOWS, MACOS):
        if code in table:
            return table[code]
    plain = code & 0xFFFF  # GTK puts Shift, Ctrl and the locks into the bits above
    if plain in ASCII or plain in X_KEYSYMS:
        return ASCII.get(plain) or X_KEYSYMS[plain]
    return chr(plain) if 0x20 <= plain < 0x7F and code >= 0 else None
