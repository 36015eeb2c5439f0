"""What things are called on the screen: ways to look, what they aim at, units, and figures as people write them."""

from collections.abc import Sequence

from emolive.core.scene import TOP, Variant

RANDOM_STEPS = ("fc", "layer4", "layer3", "layer2", "layer1")
"""What is randomised, one more at each step: the same as in audit/randomise.py, which cannot be imported here."""

UNITS = {
    "cam": "score",
    "gradcam": "score per cell",
    "hirescam": "score per cell",
    "xgradcam": "score per cell",
    "layercam": "score per cell",
    "activation": "activation",
    "eigencam": "activation",
    "filter": "activation",
}
"""What heat is measured in, by method: parts of the score (the logit) where it is one; other methods have no unit."""

MINUS = "\N{MINUS SIGN}"


def caption(variant: Variant, labels: Sequence[str], target: int) -> str:
    """A way to look in one line: method, layer, and what is looked for; `target` is the index of the result's label."""
    return way(variant) if variant.method == "filter" else f"{way(variant)} → {aim(variant, labels, target)}"


def way(variant: Variant) -> str:
    """The method and the layer of a way to look, and the network, if it is the second one."""
    which = f"{variant.method} · {variant.layer}"
    if variant.method == "filter":
        which = f"filter {', '.join(map(str, variant.channels)) or '–'} · {variant.layer}"
    if variant.method == "guided":
        which = "guided"  # a map of the picture's own pixels, of no layer
    return f"second model · {which}" if variant.net == "b" else which


def aim(variant: Variant, labels: Sequence[str], target: int) -> str:
    """What a map speaks for, and against: "top (happy), not neutral"."""
    minus = against(variant, labels)
    plus = variant.target.removesuffix(f"-{minus}") if minus else variant.target
    words = f"top ({label(labels, target)})" if plus == TOP else plus
    return f"{words}, not {minus}" if minus else words


def against(variant: Variant, labels: Sequence[str]) -> str:
    """The label that a map speaks against, "" where there is none."""
    if variant.target in labels:
        return ""
    return next((minus for minus in labels if variant.target.endswith(f"-{minus}")), "")


def label(labels: Sequence[str], index: int) -> str:
    """What a class is called."""
    return labels[index] if 0 <= index < len(labels) else f"class {index}"


def randomised(stages: int) -> str:
    """The parts of the network that are random after so many steps: "fc + layer4"."""
    return " + ".join(RANDOM_STEPS[:stages])


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
