"""Where a long video is cut: at key frames, where decoding can begin."""

from itertools import pairwise
from pathlib import Path

from emolive.media.clips import EPSILON_MS, VideoClip, open_video
from emolive.media.sources import is_picture


def edges(video: Path, segment_s: float) -> tuple[float, ...]:
    """The times in ms at which a video is cut into segments of about `segment_s` seconds; none where it is not longer
    than that, or where times or key frames do not allow it (a GIF, a video with one key frame).

    Each lies just before a key frame's time, counted from the first frame. Raises `SourceError` for what is no video.
    """
    if is_picture(video):
        return ()
    clip = VideoClip(video)
    if clip.duration_ms <= segment_s * 1500:  # half a segment is not worth a process
        return ()
    keys = _key_frames(video, clip.first_s)
    found: list[float] = []
    last = 0.0
    for key in keys:
        if key - last >= segment_s * 1e3 and clip.duration_ms - key >= segment_s * 500:
            found.append(key - EPSILON_MS / 2)
            last = key
    return tuple(found)


def _key_frames(video: Path, first_s: float) -> list[float]:
    """Their times in ms; none where they do not grow, so that nobody knows what a seek would give."""
    with open_video(video) as (container, stream):
        if container.format.name == "gif":
            return []
        base = float(stream.time_base or 0)
        packets = [p.pts for p in container.demux(stream) if p.is_keyframe and p.pts is not None]
        times = [round((pts * base - first_s) * 1000, 6) for pts in packets]
    return times if all(a < b for a, b in pairwise(times)) else []
