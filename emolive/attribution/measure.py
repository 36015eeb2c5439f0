"""What the values of a map are, and what counts as much of it: units and fixed scales."""

import numpy as np

from emolive.attribution.methods import INPUT, METHODS
from emolive.core.scene import Measure, Variant
from emolive.networks.checkpoint import Model

FEW = 0.995
"""Of a map of pixels, the strongest evidence is at this quantile: a few single pixels outshine all others."""


def layer_of(v: Variant) -> str:
    """Whose map it is: the variant's layer, or `INPUT`."""
    return INPUT if METHODS[v.method].of_input else v.layer


def measure(model: Model, v: Variant) -> Measure:
    """What a variant's maps through this network are measured in.

    A contrast and filters that are switched off are measured as the plain map is: they are to be compared with it. A
    network of which a part is random has lost its scales (`audit.randomise`).
    """
    method = METHODS[v.method]
    at_end = model.head is not None and v.layer in model.last_layers
    unit = method.unit_at_end if at_end and method.unit_at_end else method.unit
    if method.normalised:
        return Measure(unit, method.against, normalised=True)
    return Measure(unit, method.against, model.spec.scales.get(v.method, {}).get(layer_of(v), 0.0))


def peak(cam: np.ndarray, layer: str) -> float:
    """The strongest evidence of a signed map (h, w); 0 where none speaks for the target."""
    known = np.nan_to_num(cam)
    strongest = float(np.quantile(known, FEW) if layer == INPUT else known.max(initial=0))
    return max(0.0, strongest)
