"""Where a long video is cut: at key frames, where decoding can begin."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from emolive.media.clips import EPSILON_MS, VideoClip
from emolive.media.film import open_film
from emolive.media.pictures import form


def edges(video: Path, segment_s: float, alive: Callable[[], None] = lambda: None) -> tuple[float, ...]:
    """The times in ms at which a video is cut into segments of about `segment_s` seconds; none where it is not longer
    than that, or where times or key frames do not allow it (a GIF, a video with one key frame).

    Each lies just before a key frame's time, counted from the first frame. `alive` is called on the way. Raises
    `SourceError` for what is no video.
    """
    if form(video) is not None:
        return ()
    clip = VideoClip(video)
    if clip.duration_ms <= segment_s * 1500:  # half a segment is not worth a process
        return ()
    keys = _key_frames(video, clip.first_s, alive)
    found: list[float] = []
    last = 0.0
    for key in keys:
        if key - last >= segment_s * 1e3 and clip.duration_ms - key >= segment_s * 500:
            found.append(key - EPSILON_MS / 2)
            last = key
    return tuple(found)


def _key_frames(video: Path, first_s: float, alive: Callable[[], None]) -> list[float]:
    """Their times in ms; none where they do not grow, so that nobody knows what a seek would give."""
    with open_film(video) as film:
        if film.container.format.name == "gif":
            return []
        keys = []
        for packet in film.pictures():
            alive()
            if packet.is_keyframe and packet.pts is not None:
                keys.append(float(packet.pts * packet.time_base))
        times = [round((key - first_s) * 1000, 6) for key in keys]
    return times if all(a < b for a, b in pairwise(times)) else []
