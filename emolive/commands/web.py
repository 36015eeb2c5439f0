"""The command `emolive web`; what is heavy is imported when it is called."""

from pathlib import Path

import click

from emolive.core.errors import EmoliveError

PAGE = Path(__file__).with_name("streamlit_app.py")


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Where to listen.")
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open the page in the browser.")
def web(port: int, browser: bool) -> None:
    """Show the page for single pictures, on this machine only.

    The same as `streamlit run emolive/web/streamlit_app.py`; its settings are in .streamlit/config.toml
    beside that file.
    """
    try:
        from streamlit.web.cli import main as streamlit
    except ImportError as error:
        raise EmoliveError("The page needs Streamlit. Install it: pip install 'emolive[web]'") from error
    options = ["--server.port", str(port)]
    if not browser:
        options += ["--server.headless", "true"]
    streamlit(["run", str(PAGE), *options], prog_name="emolive web", standalone_mode=False)
