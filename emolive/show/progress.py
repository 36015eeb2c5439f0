"""The progress bar of runs without windows: frames done, speed, time left."""

from collections.abc import Mapping

from tqdm import tqdm

from emolive.scene import Picture, Scene


class ProgressBar:
    """A sink that counts frames on the terminal; knows the end where the source does, or where a limit says it."""

    stage = "show"

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.bar: tqdm | None = None

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        """Count one frame more."""
        if self.bar is None:
            known = [n for n in (self.limit, scene.progress.frames) if n]
            self.bar = tqdm(total=min(known, default=None), desc=scene.progress.name, unit=" frames", mininterval=0.5)
        self.bar.update()
        self.bar.set_postfix(faces=len(scene.faces), refresh=False)
        if scene.notes:
            self.bar.set_postfix_str(scene.notes[-1], refresh=False)

    def notes(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()
