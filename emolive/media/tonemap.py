"""HDR to SDR: what is meant for a display of 1,000 nits and more, as the faces on it look on any other.

Light up to half of HDR's reference white (203 nits, ITU-R BT.2408) keeps its place; from there on it is compressed, so
that what is brighter than white still differs. The formulas become one table of colours, which FFmpeg
applies (`lut3d`): its own conversion takes a second a frame.
"""

import tempfile
from pathlib import Path

import av
import numpy as np
from av.filter import Graph

PQ, HLG = 16, 18
"""Transfer functions by their numbers in ITU-T H.273: SMPTE ST 2084 and ARIB STD-B67."""

WHITE = 203.0
"""Nits of a white sheet of paper in HDR (BT.2408), which is white in SDR."""

KNEE, PEAK = 0.5, 1000.0
"""From this part of white on light is compressed, so that these nits are the brightest that differ."""

NODES = 33
"""Nodes of the table along each colour."""

TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""Linear BT.2020 to linear BT.709, ITU-R BT.2087."""

LUMA = np.array([0.2627, 0.6780, 0.0593])
"""Luminance of linear BT.2020."""


def is_hdr(frame: av.VideoFrame) -> bool:
    """Whether a frame's light is coded for an HDR display."""
    return frame.color_trc in (PQ, HLG)


def pq_light(signal: np.ndarray) -> np.ndarray:
    """Nits of a PQ signal 0..1 (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = np.power(signal, 1 / m2)
    light: np.ndarray = 10_000 * np.power(np.maximum(root - c1, 0) / (c2 - c3 * root), 1 / m1)
    return light


def hlg_light(signal: np.ndarray) -> np.ndarray:
    """Nits (…, 3) of an HLG signal 0..1 on a display of 1,000 nits (ITU-R BT.2100)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    light: np.ndarray = 1000 * scene * np.power(np.maximum(scene @ LUMA, 1e-9), 0.2)[..., None]
    return light


def sdr(signal: np.ndarray, transfer: int) -> np.ndarray:
    """The SDR signal 0..1 of an HDR signal (…, 3) 0..1, both RGB; with BT.709 primaries and a screen's gamma (2.2)."""
    light = (pq_light(signal) if transfer == PQ else hlg_light(signal)) / WHITE
    light = np.maximum(light @ TO_BT709.T, 0)
    top = light.max(axis=-1, keepdims=True)
    shown: np.ndarray = np.power(np.clip(light * _rolled(top) / np.maximum(top, 1e-9), 0, 1), 1 / 2.2)
    return shown


def _rolled(top: np.ndarray) -> np.ndarray:
    """Compress what lies above the knee, smoothly: slope 1 there, 1.0 for the peak and beyond."""
    room, over = 1 - KNEE, np.maximum(top - KNEE, 0)
    most = PEAK / WHITE - KNEE
    curve = over * (1 + over * (room / most**2)) / (1 + over / room)  # after Reinhard, with a white point
    return np.where(top <= KNEE, top, np.minimum(KNEE + curve, 1.0))


def cube(transfer: int) -> str:
    """The table as a .cube file, red running fastest."""
    axis = np.linspace(0, 1, NODES)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    table = sdr(np.stack([red, green, blue], axis=-1), transfer).reshape(-1, 3)
    return f"LUT_3D_SIZE {NODES}\n" + "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in table) + "\n"


class ToneMap:
    """Turns HDR frames of one stream into SDR; the graph is made anew where their form changes."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._form: tuple[object, ...] = ()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame as SDR, 8-bit RGB."""
        form = (frame.width, frame.height, frame.format.name, frame.color_trc, frame.colorspace, frame.color_range)
        if form != self._form or self._graph is None:
            self._graph, self._form = _graph(frame), form
        self._graph.push(frame)
        made = self._graph.pull()
        assert isinstance(made, av.VideoFrame)
        return made


def _graph(frame: av.VideoFrame) -> Graph:
    with tempfile.TemporaryDirectory(prefix="emolive-") as folder:
        table = Path(folder, "sdr.cube")
        table.write_text(cube(int(frame.color_trc)))
        graph = Graph()
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        deep = graph.add("format", "gbrpf32le")  # in which lut3d is fastest
        lut = graph.add("lut3d", file=str(table), interp="tetrahedral")
        plain = graph.add("format", "gbrp")
        sink = graph.add("buffersink")
        for one, other in zip((source, deep, lut, plain), (deep, lut, plain, sink), strict=True):
            one.link_to(other)
        graph.configure()
    return graph
