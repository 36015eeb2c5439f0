"""Animated PNG, WebP and AVIF as clips: all of their pictures, each at its time, as a GIF's."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from emolive.core.errors import SourceError
from emolive.media.film import MOST_PIXELS
from emolive.media.opening import open_regular
from emolive.media.pictures import bgr_of, opened

UNSAID_MS = 100.0
"""How long a picture is shown that asks for 10 ms or less, as browsers do."""


class AnimationClip:
    """An animated picture file. Making one raises `SourceError` where it cannot be read or is too large."""

    loops = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name, self.note = path.name, ""
        with self._pictures() as pictures:
            times = [(t_ms, lasts_ms) for t_ms, lasts_ms, _ in pictures]
        self.frames = len(times)
        self.duration_ms = sum(times[-1])
        self._times = [t_ms for t_ms, _ in times]

    def play(self, from_ms: float = 0.0) -> Generator[tuple[float, np.ndarray], None, None]:
        with self._pictures() as pictures:
            for t_ms, _, picture in pictures:
                if t_ms >= from_ms:
                    yield t_ms, bgr_of(ImageOps.exif_transpose(picture))

    def last_before(self, t_ms: float) -> tuple[float, np.ndarray] | None:
        earlier = [time for time in self._times if time < t_ms]
        return next(self.play(earlier[-1]), None) if earlier else None

    @contextmanager
    def _pictures(self) -> Iterator[Iterator[tuple[float, float, Image.Image]]]:
        """Each picture with its time and how long it is shown."""
        try:
            with open_regular(self._path) as file, opened(file) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise SourceError(
                        f"{self._path} has {image.width}×{image.height} pixels, more than fit. Make it smaller first."
                    )
                yield self._shown(image)
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            raise SourceError(f"{self._path} is not a picture that can be read ({error}). Is it whole?") from error

    def _shown(self, image: Image.Image) -> Iterator[tuple[float, float, Image.Image]]:
        t_ms = 0.0
        first = int(bool(getattr(image, "default_image", False)))  # a still for programs that show no animations
        for number in range(first, getattr(image, "n_frames", 1)):
            try:
                image.seek(number)
                image.load()
            except (OSError, ValueError, SyntaxError, EOFError):
                if number == first:
                    raise
                self.note = f"{self.name} is damaged or cut off; what can be read of it is shown"
                return
            lasts_ms = float(image.info.get("duration") or 0)
            lasts_ms = lasts_ms if lasts_ms > 10 else UNSAID_MS
            yield t_ms, lasts_ms, image
            t_ms += lasts_ms
