"""What things are called on the screen: ways to look, what they aim at, and figures as people write them."""

from collections.abc import Sequence

from emolive.core.scene import TOP, Menu, Settings, Variant

MINUS = "\N{MINUS SIGN}"


def caption(variant: Variant, menu: Menu, target: int | None) -> str:
    """A way to look in one line: method, layer, and what is looked for; `target` is the index of the result's label,
    None where the likeliest one is not to be named."""
    if variant.method in menu.blind:
        return f"{way(variant)} · {BLIND}"
    return f"{way(variant)} → {aim(variant, menu.labels, target)}"


BLIND = "knows no emotion"
"""What is said of methods whose map is the same whatever it is to explain."""


def way(variant: Variant) -> str:
    """The method and the layer of a way to look, and the network, if it is the second one."""
    which = f"{variant.method} · {variant.layer}"
    if variant.method == "filter":
        which = f"filter {', '.join(map(str, variant.channels)) or '–'} · {variant.layer}"
    if variant.method == "guided":
        which = "guided"  # a map of the picture's own pixels, of no layer
    return f"second model · {which}" if variant.net == "b" else which


def aim(variant: Variant, labels: Sequence[str], target: int | None) -> str:
    """What a map speaks for, and against: "top (happy), not neutral"."""
    plus, minus = variant.target.plus, variant.target.minus
    words = plus if plus is not TOP else "top" if target is None else f"top ({label(labels, target)})"
    return words if minus is None else f"{words}, not {minus}"


def against(variant: Variant, menu: Menu) -> str | None:
    """The label that a map speaks against; None where there is none, or the method knows no emotion."""
    return None if variant.method in menu.blind else variant.target.minus


def label(labels: Sequence[str], index: int) -> str:
    """What a class is called."""
    return labels[index] if 0 <= index < len(labels) else f"class {index}"


def randomised(menu: Menu, stages: int) -> str:
    """The parts of the network that are random after so many steps: "fc + layer4"."""
    return " + ".join(menu.random[:stages])


def trained(settings: Settings) -> str:
    """Whose the figures are that do not come from the randomised network, "" where there is none: only the map does."""
    return "of the trained network" if settings.random else ""


def smoothing(settings: Settings) -> str:
    """Over how long what is said of faces is smoothed, "" where it is not."""
    return f"smoothed {settings.smooth_ms / 1000:g} s" if settings.smooth_ms else ""


def signed(value: float, digits: int = 2) -> str:
    """A figure with its sign, also where it is positive."""
    rounded = round(float(value), digits) + 0.0
    return f"{'+' if rounded >= 0 else MINUS}{abs(rounded):.{digits}f}"


def points(change: float, digits: int = 0) -> str:
    """A change of a probability in percentage points, with its sign."""
    return signed(100 * change, digits)


def percent(probability: float) -> str:
    """A probability as people write it; the space does not break."""
    return f"{100 * probability:.0f}\N{NO-BREAK SPACE}%"
