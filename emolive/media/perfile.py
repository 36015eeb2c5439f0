"""A sink for each file of several that are played one after the other."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from emolive.core.scene import Picture, Scene, Sink


class PerFile:
    """Opens `makers[i]()` when the first frame of file i comes, and closes it before the next one's. A `scene.Sink`."""

    stage = "encode"

    def __init__(self, makers: Sequence[Callable[[], Sink]]) -> None:
        self._makers = makers
        self._file: int | None = None
        self._sink: Sink | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        if self._sink is None or scene.progress.file != self._file:
            self._open.close()
            self._file = file = scene.progress.file
            self._sink = self._open.enter_context(self._makers[file]())
        self._sink(scene, pictures)

    def notes(self) -> tuple[str, ...]:
        return self._sink.notes() if self._sink else ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._open.__exit__(kind, error, trace)
