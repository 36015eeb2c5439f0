"""How threads wait for each other, said before PyTorch is loaded, which reads it once."""

import os

SPINS = 3000
"""So many turns a thread of PyTorch's pool looks whether there is work before it sleeps, some ten microseconds.

300,000 are usual. They keep a core busy that a program beside this one needs, and its threads then wait for each other:
with one busy program the loop took two to three times as long. Fewer cost waking up at each layer."""


def set_waiting() -> None:
    """Have threads wait briefly, unless the user has said how they are to wait."""
    if not os.environ.keys() & {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}:
        os.environ["GOMP_SPINCOUNT"] = str(SPINS)
