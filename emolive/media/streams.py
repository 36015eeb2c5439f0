"""Which picture and which sound of a file are taken: what FFmpeg would choose, or what the user names."""

from collections.abc import Sequence
from dataclasses import dataclass

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from emolive.core.errors import SourceError

BRIEF = 0.1
"""A stream that lasts a smaller part of the longest one is a cover or a logo, not the film."""


@dataclass(frozen=True)
class StreamChoice:
    """The streams that the user asks for, by their numbers in the file (as ffprobe counts them); None: the best.
    `other_hosts`: a film that lies at an address may lead to other hosts than its own."""

    video: int | None = None
    audio: int | None = None
    other_hosts: bool = False


BEST = StreamChoice()


def video_stream(container: InputContainer, name: str, choice: StreamChoice = BEST) -> VideoStream:
    """The pictures: never a cover, before others what is no still, then what is marked as the default, then the
    largest, then the first. Raises `SourceError`, with what there is, for a stream that is none."""
    if choice.video is not None:
        asked: VideoStream = _named(container.streams.video, choice.video, "video", name)
        if asked.codec_context is None:
            raise SourceError(f"{name} has pictures in a form that nothing here can decode. Convert it to MP4.")
        return asked
    films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    known = [s for s in films if s.codec_context is not None]
    if known:
        longest = max(map(_seconds, known))
        return max(known, key=lambda s: (not _is_still(s, longest), _is_default(s), _area(s), -s.index))
    if films:
        raise SourceError(f"{name} has pictures in a form that nothing here can decode. Convert it to MP4.")
    if container.streams.audio:
        raise SourceError(f"{name} has sound but no picture. Name a video with pictures in it.")
    raise SourceError(f"{name} has no pictures in it. Name a video or a picture.")


def audio_stream(container: InputContainer, name: str, choice: StreamChoice = BEST) -> AudioStream | None:
    """The sound: what is marked as the default, then what has most channels, then the first; None where there is none
    that can be decoded. Raises `SourceError`, with what there is, for a stream that is none."""
    if choice.audio is not None:
        asked: AudioStream = _named(container.streams.audio, choice.audio, "audio", name)
        return asked if asked.codec_context is not None else None
    known = [s for s in container.streams.audio if s.codec_context is not None]
    return max(known, key=lambda s: (_is_default(s), s.codec_context.channels, -s.index), default=None)


def _named(streams: Sequence[Stream], number: int, kind: str, name: str) -> Stream:
    for stream in streams:
        if stream.index == number:
            return stream
    there = ", ".join(_described(s) for s in streams) or "none"
    raise SourceError(f"{name} has no {kind} stream {number}. Its {kind} streams: {there}.")


def _described(stream: Stream) -> str:
    codec = stream.codec_context.name if stream.codec_context else "unknown"
    size = f" {stream.width}×{stream.height}" if isinstance(stream, VideoStream) else ""
    language = f" {stream.language}" if stream.language and stream.language != "und" else ""
    return f"{stream.index} ({codec}{size}{language})"


def _is_default(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.default)


def _area(stream: VideoStream) -> int:
    return stream.width * stream.height


def _is_still(stream: VideoStream, longest: float) -> bool:
    still = bool(stream.disposition & (Disposition.still_image | Disposition.timed_thumbnails))
    return still or stream.frames == 1 or 0 < _seconds(stream) < BRIEF * longest


def _seconds(stream: VideoStream) -> float:
    """How long it lasts, 0 where the file does not say."""
    words = stream.metadata.get("DURATION", "0").split(":")  # Matroska, where `duration` is that of the whole file
    try:
        tagged = sum(float(word) * 60**i for i, word in enumerate(reversed(words)))
    except ValueError:
        tagged = 0.0
    return tagged or float((stream.duration or 0) * (stream.time_base or 0))
