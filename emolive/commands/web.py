"""The command `emolive web`; what is heavy is imported when it is called."""

from pathlib import Path

from emolive.commands.options import command
from emolive.core.errors import EmoliveError
from emolive.core.options import Options

PAGE = Path(__file__).parents[1] / "web" / "streamlit_app.py"


@command("web")
def web(options: Options, port: int, browser: bool) -> None:
    """Show the page for single pictures, on this machine only.

    The same as `streamlit run emolive/web/streamlit_app.py`; its settings are in .streamlit/config.toml
    beside that file.
    """
    try:
        from streamlit.web.cli import main as streamlit
    except ImportError as error:
        raise EmoliveError("The page needs Streamlit. Install it: pip install 'emolive[web]'") from error
    words = ["--server.port", str(port)]
    if not browser:
        words += ["--server.headless", "true"]
    streamlit(["run", str(PAGE), *words], prog_name="emolive web", standalone_mode=False)
