"""The sink that keeps a session when its key is pressed, and says what became of the one that was asked for."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from emolive.core.errors import EmoliveError
from emolive.core.files import why
from emolive.core.kept import keep_session, read_session
from emolive.core.scene import Picture, Scene

TOLD_S = 8.0
"""Seconds that something is said."""


class SessionKeeper:
    """Writes how things are looked at into the session's file each time `settings.kept` has grown. A `scene.Sink`."""

    stage = "write"

    def __init__(self, path: Path, sha256: str, named: bool) -> None:
        self._path, self._sha256, self._named = path, sha256, named
        self._kept = 0
        self._note, self._until = "", 0.0

    def __enter__(self) -> Self:
        if self._named:
            session = read_session(self._path)
            if session is None:
                self._tell(f"The session {self._path.stem} is new; the key S keeps it.")
            elif session.sha256 != self._sha256:
                self._tell(f"The session {self._path.stem} was kept with another network: its filters may be others.")
        return self

    def __exit__(self, *error: object) -> None:
        pass  # it is written when the key is pressed, so that what is tried later spoils nothing

    def __call__(self, scene: Scene, pictures: Mapping[str, Picture]) -> None:
        """Keep the session if that was asked for since the last call."""
        if scene.settings.kept > self._kept:
            try:
                keep_session(self._path, scene.settings, self._sha256)
                self._tell(f"Session kept in {self._path}; --session {self._path.stem} goes on with it.")
            except (OSError, EmoliveError) as error:
                self._tell(f"The session was not kept: {why(error)}. Choose another folder with --recordings.")
        self._kept = scene.settings.kept

    def notes(self) -> tuple[str, ...]:
        """What was said last, for some seconds."""
        return (self._note,) if self._note and time.monotonic() < self._until else ()

    def _tell(self, words: str) -> None:
        self._note, self._until = words, time.monotonic() + TOLD_S
