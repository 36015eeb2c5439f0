"""The command `emolive audit`: it parses and wires; what is heavy is imported when called."""

from pathlib import Path

import click

from emolive.commands.options import command
from emolive.core.options import Options


@command("audit")
@click.argument("data", type=click.Path(path_type=Path))
def audit(
    options: Options,
    data: Path,
    out: Path,
    methods: tuple[str, ...],
    layers: tuple[str, ...],
    faces: int,
    seed: int,
) -> None:
    """Find out which method on which layer deserves trust, on pictures of DATA/<emotion>/*, each a face.

    OUT gets a page (index.html), a table (audit.csv), plots and audit.json. A run that was stopped goes on when it is
    started again.
    """
    from emolive.attribution.methods import METHODS, UNPINNED
    from emolive.networks.checkpoint import choose_device, load
    from emolive.networks.fast import fast
    from emolive.reports import audit as run

    quick = tuple(name for name in UNPINNED if not METHODS[name].slow)
    chosen = quick if methods == ("quick",) else UNPINNED if methods == ("all",) else methods
    model = fast(load(options.model, options.labels, choose_device(options.device), options.facts()), options.backend)
    done = run.audit(data, out, model, run.AuditRequest(chosen, layers, faces, seed), options.overwrite)
    click.echo(done.verdict.why)
    if done.unreadable:
        click.echo(f"Left out: {len(done.unreadable)} pictures that cannot be read.", err=True)
    click.echo(f"See {out / 'index.html'}")
