"""`emolive replay`: the clean video of a bundle again, looked at as then, or in another way."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from emolive.core.errors import UnknownName
from emolive.core.files import check_model, fingerprint
from emolive.core.kept import as_options
from emolive.core.options import FACTS, Options
from emolive.core.settings import Settings
from emolive.live import session
from emolive.live.outputs import check_outputs
from emolive.media.bundle import ANNOTATED, CLEAN, DATA, LOOKS, SETTINGS, Recorded, read_bundle


def replay(folder: Path, options: Options, given: Collection[str]) -> None:
    """Play a bundle's clean video with its own settings, but for the options that are `given` by name.

    Raises `EmoliveError` where it is no bundle, or as `emolive file` does.
    """
    bundle = read_bundle(folder)
    asked = restored(bundle, options, given)
    if not {"model", "labels", *FACTS} & set(given):
        _tell_of_another_model(bundle, asked)
    for name in bundle.unknown:
        click.echo(f"{bundle.folder / SETTINGS}: this emolive does not know {name}, and leaves it out.", err=True)
    for name, (then, now) in changed(bundle, asked).items():
        click.echo(f"{name.replace('_', '-')}: {then} → {now}", err=True)
    check_outputs(asked, [bundle.clean], [folder / name for name in (CLEAN, ANNOTATED, DATA, SETTINGS)])
    try:
        session.files(asked, [bundle.clean], None, None, bundle.source)
    except UnknownName as error:  # of a method or layer that only the recording's network or emolive has
        raise UnknownName(f"{error} What is not given comes from {bundle.folder / SETTINGS}.") from error


def restored(bundle: Recorded, options: Options, given: Collection[str]) -> Options:
    """The bundle's options, with the settings of the moment when it began, changed by what is `given`."""
    then = {**bundle.options, **_as_options(bundle.settings)}
    mine = {*given, *(["labels", *FACTS] if "model" in given else [])}  # another model has its own facts
    return replace(options, **{name: value for name, value in then.items() if name not in mine})


def changed(bundle: Recorded, options: Options) -> dict[str, tuple[str, str]]:
    """What is looked at otherwise than in the bundle: by option its words then and now."""
    before = restored(bundle, options, ())
    now, then = vars(options), vars(before)
    return {name: (_words(then[name]), _words(now[name])) for name in sorted(LOOKS) if now[name] != then[name]}


def _words(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value) if value not in (None, "") else "–"


def _as_options(settings: Settings) -> dict[str, Any]:
    """The options that lead to settings: what keys had changed before the recording began is kept. Without windows
    there were no views, so those come from the bundle's options."""
    values = as_options(settings, LOOKS)
    if not settings.views:
        del values["views"]
    return values


def _tell_of_another_model(bundle: Recorded, options: Options) -> None:
    from emolive.networks.described import default_model

    path = options.model or default_model()
    check_model(path)  # what is none is said here: a device would be read for ever
    if fingerprint(path) != bundle.sha256:
        click.echo(f"{bundle.folder} was recorded with other weights than those of {path.name}.", err=True)
