"""How long a change on the page of `emolive web` takes until its picture stands: a real server, a real browser.

    python benchmarks/page.py [--rounds 3]

Prints a table: for each method the median and the longest of some rounds, in ms, from the click on its name until the
new heat map is there ("seen") and until the page is at rest ("all"). Needs Chromium and playwright, as the tests do.
"""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click
from machine import processor
from playwright.sync_api import Page, expect, sync_playwright

METHODS = "Grad-CAM", "HiResCAM", "Eigen-CAM", "Guided backprop.", "LayerCAM"
"""What is chosen in turn; each makes another picture than the one before."""

PATIENCE_MS = 30_000

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-component-update",
    "--disable-background-networking", "--disable-dev-shm-usage",
)  # fmt: skip


@contextmanager
def served() -> Iterator[str]:
    """The address of a page of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "emolive", "web", "--port", str(port), "--no-browser"]
    with tempfile.TemporaryDirectory() as home:
        quiet = {
            "cwd": home,
            "env": os.environ | {"HOME": home},
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
        with subprocess.Popen(command, **quiet) as server:  # type: ignore[call-overload]
            try:
                ends = time.monotonic() + PATIENCE_MS / 1e3
                while not _answers(f"http://127.0.0.1:{port}/_stcore/health"):
                    if server.poll() is not None or time.monotonic() > ends:
                        raise click.ClickException("The page did not start.")
                yield f"http://127.0.0.1:{port}/"
            finally:
                server.terminate()


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(address, timeout=1) as answer:
        return bool(answer.status == 200)
    return False


def rest(page: Page) -> None:
    """Wait until nothing is left to do."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def change(page: Page, method: str) -> tuple[float, float]:
    """Milliseconds until the heat map is another, and until the page is at rest."""
    heat = page.get_by_role("img", name=re.compile("^Heat of ")).first
    before = heat.get_attribute("src")
    page.get_by_role("combobox", name="Method of the heat map").fill(method)
    option = page.get_by_role("option", name=re.compile(f"^{re.escape(method)}")).first
    expect(option).to_be_visible()
    began = time.perf_counter()
    option.click()
    expect(heat).not_to_have_attribute("src", before or "")
    seen = time.perf_counter()
    rest(page)
    return 1e3 * (seen - began), 1e3 * (time.perf_counter() - began)


@click.command(help=__doc__)
@click.option("--rounds", default=3, show_default=True)
def main(rounds: int) -> None:
    """Measure and print."""
    expect.set_options(timeout=PATIENCE_MS)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        raise click.ClickException("There is no Chromium here: tests/system_packages.sh installs it.")
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page()
        page.goto(address)
        expect(page.get_by_role("button", name="Download everything")).to_be_visible()
        rest(page)
        found: dict[str, list[tuple[float, float]]] = {method: [] for method in METHODS}
        for _ in range(rounds):
            for method in METHODS:
                found[method].append(change(page, method))
        click.echo(f"{processor()}\n\n| method | seen, ms | longest | all, ms | longest |\n|{' --- |' * 5}")
        for method, took in found.items():
            cells = [f"{of(each):.0f}" for each in zip(*took, strict=True) for of in (statistics.median, max)]
            click.echo(f"| {method} | {' | '.join(cells)} |")
        browser.close()


if __name__ == "__main__":
    main()
