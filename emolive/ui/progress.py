"""The progress bar of runs without windows: frames done, speed, time left."""

from collections.abc import Mapping

from tqdm import tqdm

from emolive.core.scene import Picture, Scene


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
        """Count one frame more; of several files, count the files."""
        progress = scene.progress
        if self.bar is None:
            by_file = progress.files > 1
            total = progress.files if by_file else min([n for n in (self.limit, progress.frames) if n], default=None)
            unit = " files" if by_file else " frames"
            self.bar = tqdm(total=total, desc=progress.name, unit=unit, mininterval=0.5, dynamic_ncols=True)
        self.bar.set_description(progress.name, refresh=False)
        self.bar.set_postfix_str(scene.notes[-1] if scene.notes else f"{len(scene.faces)} faces", refresh=False)
        self.bar.update(progress.file + 1 - self.bar.n if progress.files > 1 else 1)

    def notes(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()
