"""The command `emolive web`; what is heavy is imported when it is called."""

import click

from emolive.commands.options import command
from emolive.core.errors import EmoliveError
from emolive.core.options import Options


@command("web")
def web(options: Options, port: int, host: str, browser: bool) -> None:
    """Show the page for single pictures, on this machine only unless --host says otherwise.

    Streamlit's own environment variables and files of settings do not open it.
    """
    from emolive.web.server import PAGE, flags, is_local

    try:
        from streamlit.web.cli import main as streamlit
    except ImportError as error:
        raise EmoliveError("The page needs Streamlit. Install it: pip install 'emolive[web]'") from error
    if not host or "/" in host or host.startswith("unix:"):
        raise EmoliveError(f"--host takes an address of this machine, like 192.168.1.5 or 0.0.0.0, not '{host}'.")
    if not is_local(host):
        click.echo(
            f"Whoever reaches {host} in the network can use this page, without a password, and what is uploaded "
            "travels unencrypted. Leave --host out to keep it on this machine.",
            err=True,
        )
    streamlit(["run", str(PAGE), *flags(port, host, browser)], prog_name="emolive web", standalone_mode=False)
