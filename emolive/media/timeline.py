"""One timeline for a source whose clock begins anew or jumps: it goes on where it stopped, picture and sound alike.

Films that are joined end to end (TS, MPEG), recorders that split, and clocks that are set give packets whose times
begin anew. Players wait for hours, or throw half away. Here the times of packets are rewritten before anything decodes
them, so that all behind sees one clock. The picture leads; the sound follows with the same shift, so both stay in step.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import av

BACK_S = 0.1
"""Seconds that decoding times may go back without being another clock's."""

AHEAD_S = 10.0
"""Seconds that they may jump ahead in a container whose clock may jump (FFmpeg takes the same)."""

LONGEST_S = 6 * 3600.0
"""In all others: a longer gap is closed. Shorter ones are true: nothing came for so long."""

TOGETHER_S = 5.0
"""Where the other stream is as near as this, a jump ahead is a gap in one stream, and the clock ran on."""

LONGEST_STEP_S = 1.0
"""A packet that claims to last longer than this tells nothing of the pace."""

MOST_HELD = 1000
"""Packets of sound that wait for the picture to say where another clock's times lie."""


@dataclass
class _Position:
    """Where a stream is: its last decoding time and how long that packet lasts, in seconds of its own clock, and which
    of the shifts is its own."""

    last: float
    step: float
    part: int

    @property
    def due(self) -> float:
        return self.last + self.step


@dataclass
class Timeline:
    """Rewrites the times of packets. `leader` is the picture's stream; `jumps` says whether the container's clock may
    jump; `shift_s` is added to the first packets' times. `parts` are the shifts so far, in seconds."""

    leader: int
    jumps: bool
    shift_s: float = 0.0
    parts: list[float] = field(default_factory=list)
    _paces: dict[int, _Position] = field(default_factory=dict)
    _held: dict[int, list[av.Packet]] = field(default_factory=lambda: defaultdict(list))
    _delays: dict[int, int] = field(default_factory=dict)
    _latest_pts: float = float("-inf")

    def __post_init__(self) -> None:
        self.parts = [self.shift_s]

    @property
    def breaks(self) -> int:
        """How often the clock began anew or jumped."""
        return len(self.parts) - 1

    def shift_of(self, stream: int) -> float:
        """What is added to the times of a stream now, in seconds."""
        pace = self._paces.get(stream)
        return self.parts[pace.part if pace else 0]

    def placed(self, packets: Iterable[av.Packet]) -> Iterator[av.Packet]:
        """The packets with times that go on, in the order of the file."""
        for packet in packets:
            if packet.dts is None and packet.pts is None:
                if not packet.size:  # the end: whatever waits must come before
                    yield from self._released(packet.stream.index)
                yield packet
                continue
            yield from self._place(packet)

    def _place(self, packet: av.Packet) -> Iterator[av.Packet]:
        stream = packet.stream.index
        self._mend(packet)
        raw = _seconds(packet)
        pace = self._paces.get(stream)
        if self._held[stream] and pace and not self._jumped(raw, pace, stream):
            self._held[stream].clear()  # one packet with a mad time: it is dropped, nothing else
        if pace is None:
            self._paces[stream] = pace = _Position(raw, 0.0, self.breaks)
        elif pace.part < self.breaks and self._is_of_newest(raw, pace):
            pace.part = self.breaks
        elif self._jumped(raw, pace, stream):
            if stream == self.leader or self.leader not in self._paces:
                self._begin_part(packet, raw, pace)
                for other in list(self._held):
                    yield from self._released(other)
            else:
                self._held[stream].append(packet)
                if len(self._held[stream]) > MOST_HELD:
                    yield from self._released(stream)
                return
        yield self._shifted(packet, raw, pace)

    def _mend(self, packet: av.Packet) -> None:
        """Where a container keeps no decoding times, those that FFmpeg makes up lag behind a jump: take the others."""
        if packet.pts is None or packet.dts is None:
            return
        stream, ahead = packet.stream.index, packet.pts - packet.dts
        if abs(ahead * packet.time_base) < AHEAD_S:
            self._delays[stream] = ahead
        else:
            packet.dts = packet.pts - self._delays.get(stream, 0)

    def _is_of_newest(self, raw: float, pace: _Position) -> bool:
        """Whether a time lies nearer to the picture by the newest clock than by the stream's own, older one."""
        leader = self._paces.get(self.leader)
        if leader is None:
            return True
        now = leader.last + self.parts[leader.part]
        return abs(raw + self.parts[-1] - now) <= abs(raw + self.parts[pace.part] - now)

    def _jumped(self, raw: float, pace: _Position, stream: int) -> bool:
        if raw < pace.last - BACK_S:
            return True
        ahead = raw - pace.due
        if ahead <= (AHEAD_S if self.jumps else LONGEST_S):
            return False
        others = [other for number, other in self._paces.items() if number != stream and other.part == pace.part]
        return not any(abs(other.last - raw) < TOGETHER_S for other in others)

    def _begin_part(self, packet: av.Packet, raw: float, pace: _Position) -> None:
        """Begin another clock's part with this packet, which follows the last one of its stream."""
        shift = self.parts[pace.part] + pace.due - raw
        if packet.pts is not None and packet.stream.index == self.leader:
            over = self._latest_pts - (float(packet.pts * packet.time_base) + shift)
            shift += max(0.0, over + pace.step) if over >= 0 else 0.0
        self.parts.append(shift)
        pace.part = self.breaks

    def _released(self, stream: int) -> Iterator[av.Packet]:
        """The packets that waited, in the newest part; where the picture's clock did not jump, a part of their own."""
        held, self._held[stream] = self._held[stream], []
        pace = self._paces.get(stream)
        if not held or pace is None:
            return
        if pace.part == self.breaks:
            self._begin_part(held[0], _seconds(held[0]), pace)
        pace.part = self.breaks
        for packet in held:
            yield self._shifted(packet, _seconds(packet), pace)

    def _shifted(self, packet: av.Packet, raw: float, pace: _Position) -> av.Packet:
        steps = (float((packet.duration or 0) * packet.time_base), raw - pace.last, pace.step)
        pace.step = next((step for step in steps if 0 < step < LONGEST_STEP_S), 0.0)
        pace.last = raw
        shift = self.parts[pace.part]
        if shift:
            ticks = round(shift / packet.time_base)
            packet.dts = None if packet.dts is None else packet.dts + ticks
            packet.pts = None if packet.pts is None else packet.pts + ticks
        if packet.stream.index == self.leader and packet.pts is not None:
            self._latest_pts = max(self._latest_pts, float(packet.pts * packet.time_base))
        return packet


def _seconds(packet: av.Packet) -> float:
    ticks = packet.pts if packet.dts is None else packet.dts
    return float(ticks * packet.time_base)
