"""One Streamlit server and one browser for all tests of the page; both are real."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect, sync_playwright
from waits import wait_for

PATIENCE_MS = 180_000
"""A machine that builds and tests at once is slow; a page that hangs is no faster found."""

expect.set_options(timeout=PATIENCE_MS)

QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
QUIET = (*QUIET, "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage")
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


@dataclass(frozen=True)
class Server:
    """A running page: its address, and the folders in which it could leave something behind."""

    url: str
    port: int
    home: Path
    temporary: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`emolive web`, started in an empty folder."""
    home, temporary = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("temporary")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from emolive.commands.web import web; web()", "--port", str(port), "--no-browser"]
    environment = os.environ | {"TMPDIR": str(temporary), "HOME": str(home)}
    log = (home / "log.txt").open("w+")
    process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield Server(f"http://127.0.0.1:{port}/", port, home, temporary)
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def _wait(url: str, process: subprocess.Popen) -> None:
    def answers() -> bool:
        assert process.poll() is None, f"the page did not start; exit status {process.poll()}"
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
        return False

    wait_for(answers, PATIENCE_MS / 1e3)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory, portrait: np.ndarray) -> Iterator[Browser]:
    """Chromium, whose camera shows the portrait."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("chromium is not installed")
    film = tmp_path_factory.mktemp("camera") / "portrait.mjpeg"
    film.write_bytes(cv2.imencode(".jpg", cv2.resize(portrait[:384], (320, 240)))[1].tobytes())
    with sync_playwright() as playwright:
        arguments = [*QUIET, *CAMERA, f"--use-file-for-fake-video-capture={film}"]
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """A page in a session of its own, and the hosts it has asked for anything."""

    page: Page
    hosts: set[str] = field(default_factory=set)

    def upload(self, *files: Path) -> None:
        """Give files to the uploader of pictures."""
        self.page.get_by_test_id("stMain").locator("input[type=file]").set_input_files([str(file) for file in files])

    def done(self) -> None:
        """Wait until a result stands and Streamlit is at rest."""
        expect(self.page.get_by_role("button", name="Download everything")).to_be_visible()
        self.rest()

    def rest(self) -> None:
        """Wait until Streamlit has nothing more to do."""
        expect(self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()

    def pick(self, label: str, option: str) -> None:
        """Choose in a list of the sidebar."""
        for patience in (3_000, 10_000, PATIENCE_MS):  # a list closes when the page is drawn anew under it
            self.page.get_by_role("combobox", name=label).fill(option)
            try:
                self.page.get_by_role("option", name=option, exact=True).click(timeout=patience)
                return
            except TimeoutError:
                self.page.keyboard.press("Escape")
        raise AssertionError(f"{label} offers no {option}")

    def picture(self, alt: str) -> str:
        """The address of a picture, which Streamlit makes from its contents."""
        return self.page.get_by_role("img", name=alt, exact=True).first.get_attribute("src") or ""

    def pixels(self, alt: str) -> np.ndarray:
        """A picture as it was sent, BGR."""
        answer = self.page.request.get(urllib.parse.urljoin(self.page.url, self.picture(alt)))
        return cv2.imdecode(np.frombuffer(answer.body(), np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def visit(server: Server, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens pages: visit("?method=…", width=…)."""
    contexts = []

    def opened(query: str = "", width: int = 1280, height: int = 900) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        made = Visit(context.new_page())
        made.page.on("request", lambda request: made.hosts.add(request.url))
        made.page.goto(server.url + query)
        return made

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def trio(tmp_path_factory: pytest.TempPathFactory, portrait: np.ndarray) -> Path:
    """A picture with three faces: the portrait, mirrored, and as it is but darker."""
    head = portrait[40:420, 95:425]
    path = tmp_path_factory.mktemp("pictures") / "trio.jpg"
    cv2.imwrite(str(path), np.hstack([head, head[:, ::-1], (head * 0.7).astype(np.uint8)]))
    return path
