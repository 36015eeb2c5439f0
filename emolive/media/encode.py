"""Writes an H.264 MP4 that plays everywhere and survives a crash.

Fragments of less than half a second, flushed at once, with a key frame at least every second: what is on disk plays,
whatever happens to the writer. Each picture stands at its true time.
"""

import math
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace

from emolive.media.colour import BT709, ROUNDED
from emolive.media.sound import Sound, SoundTrack, add_track

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

TICKS = 90
"""Ticks a millisecond: the time base of 1/90000 s is the finest that all players know."""

KEY_MS = 900.0
"""Time from key frame to key frame, a little less than a second because the next frame may be late."""

CONTAINER = {
    # delay_moov writes the start times of both streams exactly, which empty_moov cannot.
    "movflags": "frag_keyframe+delay_moov+default_base_moof",
    "frag_duration": "400000",  # µs
    "max_interleave_delta": "300000",  # µs that one stream may wait for the other
    "flush_packets": "1",
}

CODEC = {"preset": "veryfast", "tune": "zerolatency", "crf": "21"}
"""Zero latency: no picture is held back in the encoder, and none is reordered."""

STEP_MS, STILL_MS = 40.0, 1000.0
"""How long a frame is shown if no other tells: the first of a film, and one that stands alone, like a photo."""

MOST_SIDE = 16_384
"""The widest and highest that x264 takes; larger pictures are shrunk."""

LONGEST_MS = 6 * 3_600_000.0
"""How long one picture may be shown: an MP4 has 2^31 ticks for it. A longer gap is closed, as a cut is."""


class Mp4:
    """An MP4 that is being written. A context manager. `sounds` are those of the files its pictures come from.

    It begins with its first picture, or with the sound before it where the file begins so. Raises `av.FFmpegError` and
    `OSError`; what was written before then plays.
    """

    def __init__(self, path: Path, sounds: Sequence[Sound | None] = ()) -> None:
        self._sounds = list(sounds)
        self._container = av.open(str(path.absolute()), "w", format="mp4", container_options=CONTAINER)
        self._stream = self._container.add_stream("libx264", options=CODEC)
        self._track: SoundTrack | None = None
        self._size: tuple[int, int] | None = None
        self._step_ms: float | None = None  # the last interval since the last cut
        self._key_ms = -math.inf
        self._pts = -1
        self._held: Packet[VideoStream] | None = None
        self._t_ms = 0.0

    def __enter__(self) -> "Mp4":
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if self._size and error[0] is None:
                self._end()
        finally:
            self._container.close()

    def write(self, bgr: np.ndarray, t_ms: float, cut: bool = False, file: int = 0) -> None:
        """Add a picture (H, W, 3) uint8 BGR at a time of its source. After a `cut` the recording goes on where it was.

        A picture of another size than the first is fitted into it. `file` says which of the `sounds` is heard.
        """
        size = self._size
        if size is None:
            size = self._begin(bgr, t_ms, file)
        elif cut or not 0 < t_ms - self._t_ms < LONGEST_MS:
            self._cut(t_ms, file)
        else:
            self._step_ms = t_ms - self._t_ms
        self._t_ms = t_ms
        if self._track:
            self._track.write_until(t_ms)
        self._encode(_fit(bgr, size), t_ms + self._offset_ms)

    def _begin(self, bgr: np.ndarray, t_ms: float, file: int) -> tuple[int, int]:
        """Set the stream up for pictures like this one; gives back the size of the recording."""
        height, width = bgr.shape[:2]
        scale = min(1.0, MOST_SIDE / max(width, height))
        width, height = (max(1, int(side * scale)) for side in (width, height))
        self._size = (width + width % 2, height + height % 2)  # yuv420p halves both
        stream, codec = self._stream, self._stream.codec_context
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        codec.time_base = Fraction(1, 1000 * TICKS)
        codec.gop_size = 100_000  # key frames are set by time
        codec.color_range = ColorRange.MPEG
        codec.colorspace = codec.color_primaries = codec.color_trc = BT709
        sound = self._sound(file)
        lead_ms = max(0.0, -sound.start_ms) if sound and t_ms == 0 else 0.0
        self._offset_ms = lead_ms - t_ms
        if any(self._sounds):
            self._track = add_track(self._container, self._sounds, sound, t_ms - lead_ms)
            self._track.jump(sound, t_ms - lead_ms, 0.0)
        self._file = file
        return self._size

    def _cut(self, t_ms: float, file: int) -> None:
        """Go on after the last picture, with the sound that belongs to the next one."""
        step = self._step_ms or (STILL_MS if file != self._file else STEP_MS)
        out_ms = self._t_ms + self._offset_ms + step
        if self._track:
            self._track.write_until(self._t_ms + step)
            self._track.jump(self._sound(file), t_ms, out_ms)
        self._offset_ms, self._step_ms, self._file = out_ms - t_ms, None, file

    def _encode(self, bgr: np.ndarray, out_ms: float) -> None:
        frame = av.VideoFrame.from_ndarray(bgr, format="bgr24")
        frame = frame.reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, interpolation=ROUNDED
        )
        # A broken file's times may be nearer to each other than a tick, which the muxer refuses.
        self._pts = max(round(out_ms * TICKS), self._pts + 1)
        frame.pts, frame.time_base = self._pts, Fraction(1, 1000 * TICKS)
        if out_ms - self._key_ms >= KEY_MS:
            frame.pict_type = PictureType.I
            self._key_ms = out_ms
        for packet in self._stream.encode(frame):
            self._mux_held(packet.pts or 0)
            self._held = packet

    def _mux_held(self, until: int) -> None:
        """Write the packet that waited to know how long it is shown: the muxer would guess, and move the next one."""
        if self._held:
            self._held.duration = max(until - (self._held.pts or 0), 1)
            self._container.mux(self._held)
            self._held = None

    @property
    def lasts_ms(self) -> float:
        """How long it is, once its last picture is known."""
        return self._t_ms + self._offset_ms + (self._step_ms or STEP_MS) if self._size else 0.0

    def stands_until(self, t_ms: float) -> None:
        """Say until when the last picture is shown; without it, as long as the one before."""
        if t_ms > self._t_ms:
            self._step_ms = t_ms - self._t_ms

    def _end(self) -> None:
        step = self._step_ms or STEP_MS
        self._mux_held(round((self._t_ms + self._offset_ms + step) * TICKS))
        if self._track:
            sound = self._sound(self._file)
            # Sound may be longer than the picture: after a file's last frame all of it belongs to the recording.
            whole = sound and self._t_ms + 2 * step >= sound.picture_ms
            self._track.write_until(math.inf if whole else self._t_ms + step)
            self._track.finish()

    def _sound(self, file: int) -> Sound | None:
        return self._sounds[file] if file < len(self._sounds) else None


def drop_torn_end(path: Path) -> None:
    """Cut off what follows the last whole fragment of an MP4: a full disk tears one, and some decoders choke on it.

    Where no fragment is whole the file stays as it is: others get something out of the torn one.
    """
    length, at, whole = path.stat().st_size, 0, 0
    with path.open("r+b") as file:
        while at + 8 <= length:
            file.seek(at)
            size, kind = struct.unpack(">I4s", file.read(8))
            at += size
            if size < 8 or at > length:
                break
            whole = at if kind == b"mdat" else whole
        if whole:
            file.truncate(whole)


def _fit(bgr: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture in another size (width, height): as it is, with its last row repeated, or shrunk between bars."""
    width, height = size
    rows, columns = bgr.shape[:2]
    if (columns, rows) == size:
        return np.ascontiguousarray(bgr)
    if width - columns in (0, 1) and height - rows in (0, 1):
        return cv2.copyMakeBorder(bgr, 0, height - rows, 0, width - columns, cv2.BORDER_REPLICATE)
    scale = min(width / columns, height / rows)
    inner = cv2.resize(bgr, (max(1, round(columns * scale)), max(1, round(rows * scale))), interpolation=cv2.INTER_AREA)
    left, top = (width - inner.shape[1]) // 2, (height - inner.shape[0]) // 2
    right, bottom = width - inner.shape[1] - left, height - inner.shape[0] - top
    return cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_CONSTANT)
