"""What was remembered when each of the last frames came: who goes back in time sees what was seen there."""

from dataclasses import replace

from emolive.core.scene import Frame, Memory

MOST = 250
"""Frames whose past is kept: ten seconds of a usual film."""


class Past:
    """Says what is remembered when a frame comes. Called with each frame of a run once, in the order they are shown."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, float], Memory] = {}

    def __call__(self, memory: Memory, frame: Frame) -> Memory:
        """What is remembered before a frame; `memory` is that after the one shown before it.

        After a cut (a seek, a step back) it is what was remembered when this frame came before, or nobody. Which face
        is chosen and what excited the pinned filters outlasts cuts.
        """
        where = frame.film, round(frame.t_ms, 3)
        if frame.cut:
            then = self._kept.get(where, Memory())
            memory = replace(then, chosen=memory.chosen, pinned=memory.pinned)
        self._kept.pop(where, None)
        self._kept[where] = replace(memory, last=None)  # the reading of a frame is large, and for one proof only
        if len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        return memory
