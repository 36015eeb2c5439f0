"""Whatever stands in the address of a camera: scheme, host, port and the path's first part are shown, nothing else."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emolive.commands.main import cli
from emolive.media.address import scrubbed, short_name, without_password

SECRET = "geheim"

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a machine that does other things, too."""

WORDS = st.text("abcxyz0189 !$%&'()*+,-.:;<=>?@[]^_`{|}~äß/#\\\"", max_size=12)
"""What stands around a secret: anything."""

NAMES = st.sampled_from(["pw", "pwd", "password", "credential", "token", "key", "user", "u", "x", "auth", "p", ""])


@st.composite
def addresses(draw) -> str:
    """An address with the secret in its user, password, query, fragment or a later part of its path, or in all."""
    scheme = draw(st.sampled_from(["rtsp", "http", "https", "rtmp", "HTTP"]))
    around = draw(WORDS) + SECRET + draw(WORDS)
    user = draw(st.sampled_from(["", f"{around}@", f"admin:{around}@", f"{around}:x@"]))
    port = draw(st.sampled_from(["", ":554", ":8080"]))
    first = draw(st.sampled_from(["", "/live", "/stream.mjpg", "/h264"]))
    later = draw(st.sampled_from(["", f"/{around}", f"/user={around}_password={around}_channel=1"]))
    query = draw(
        st.sampled_from(["", f"?{draw(NAMES)}={around}", f"?a=1&{draw(NAMES)}={around};{draw(NAMES)}={around}"])
    )
    fragment = draw(st.sampled_from(["", f"#{around}", f"#{draw(NAMES)}={around}"]))
    return f"{scheme}://{user}cam.local{port}{first}{later if first else ''}{query}{fragment}"


@BUSY
@given(addresses(), st.sampled_from(["{}", "There is no stream at {}.", "[Errno 5] '{}' (rtsp)", "a {} b {} c"]))
def test_no_secret_is_shown(url, sentence):
    for shown in (without_password(url), short_name(url)):
        assert SECRET not in shown
    text = scrubbed(sentence.replace("{}", url), [url])
    assert SECRET not in text
    assert scrubbed(text) == text  # what may be shown stays as it is


@BUSY
@given(addresses().filter(lambda url: not set(url) & set(" ")))
def test_nor_in_a_text_of_somebody_else(url):
    """As in an error of FFmpeg's, without knowing which address it is about."""
    assert SECRET not in scrubbed(f"HTTP error 401: {url}")


@BUSY
@given(st.text())
def test_no_text_makes_it_stumble(text):
    scrubbed(text, [text])
    short_name(text)
    assert without_password("/dev/" + text) == "/dev/" + text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://admin:geheim@cam.local:554/live", "rtsp://cam.local:554/live"),
        ("rtsp://admin:geh@eim@cam.local/live/ch1", "rtsp://cam.local/live"),
        ("rtsp://admin:ge@h/eim#?x@cam.local/live", "rtsp://…"),
        ("rtsp://admin:12/34@cam.local/live", "rtsp://…"),
        ("http://geheim@cam/stream", "http://cam/stream"),
        ("http://cam/v?user=geheim&pwd=geheim&w=3", "http://cam/v"),
        ("http://cam/v?action=stream&access_token=geheim#a", "http://cam/v"),
        ("rtsp://cam:554/user=admin_password=geheim_channel=1_stream=0.sdp", "rtsp://cam:554"),
        ("http://cam?pw=geheim", "http://cam"),
        ("http://cam/a;pw=geheim/b", "http://cam"),
        ("HTTPS://a:geheim@[::1]:8080/", "HTTPS://[::1]:8080"),
        ("http://cam/stream.mjpg", "http://cam/stream.mjpg"),
        ("/dev/video0", "/dev/video0"),
        ("C:/Users/x@y", "C:/Users/x@y"),
        ("a film: part 1/2.mp4", "a film: part 1/2.mp4"),
    ],
)
def test_what_is_shown(url, shown):
    assert without_password(url) == shown
    assert scrubbed(f"No {url} here.", [url]) == f"No {shown} here."


URLS = (
    "rtsp://admin:geheim@127.0.0.1:9/live",
    "rtsp://127.0.0.1:9/user=admin_password=geheim_channel=1",
    "http://127.0.0.1:9/v?pw=geheim",
    "http://127.0.0.1:9/v?credential=gehe%20im&key=geheim",
    "http://admin:ge heim geheim@127.0.0.1:9/v",
    "admin:geheim@127.0.0.1:9/live",
    "rtsp:/admin:geheim@127.0.0.1/live",
    "127.0.0.1/live?token=geheim",
)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "words",
    [
        *("cam --camera {} --headless", "cam --camera={} --headless", "cam {}", "{}", "file {}", "bench --source {}"),
        *("batch {} --out out", "file x.mp4 --model {}", "plot {}", "replay {}", "cam --size {}"),
        "batch . --out o --engine ray --address {}",
    ],
)
def test_no_command_says_it(url, words, tmp_path, monkeypatch):
    """Wherever the user puts the address, also where it does not belong."""
    if words.endswith("--address {}") and "://" not in url:
        pytest.skip("that is an address of another kind")
    if not url.startswith(("rtsp:/", "http:/")) and "--camera" not in words:
        pytest.skip("without a scheme it is a file's name")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    done = CliRunner().invoke(cli, [word.replace("{}", url) for word in words.split()])
    assert done.exit_code in (1, 2), done.output
    assert isinstance(done.exception, SystemExit), done.exception
    assert SECRET not in done.output
    assert "eim" not in done.output


@pytest.mark.ci
def test_neither_logs_nor_tracebacks_say_it(tmp_path):
    """In a process of its own, with -v and --debug."""
    url = "http://admin:geheim@127.0.0.1:9/v?pw=geheim"
    program = f"""
import logging, sys, threading
from emolive.commands import main as cli
def run(self, **named):
    logging.getLogger("somebody").error("cannot open %s", {url!r})
    try:
        raise OSError({url!r})
    except OSError:
        logging.getLogger("somebody").exception("again")
    thread = threading.Thread(target=lambda: open({url!r}))
    thread.start()
    thread.join()
    raise OSError({url!r})
cli.cli = type("Cli", (), {{"said": cli.cli.said, "__call__": run}})()
cli.main()
"""
    words = [sys.executable, "-c", program, "cam", "-v", "--debug", "--camera", url]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert SECRET not in done.stdout + done.stderr
    assert done.stderr.count("http://127.0.0.1:9/v") >= 4, done.stderr
    assert done.returncode == 1
    real = [sys.executable, "-m", "emolive", "cam", "--headless", "--camera", url, "-v", "--debug"]
    done = subprocess.run(real, capture_output=True, text=True, timeout=120, cwd=tmp_path, env={**os.environ})
    assert done.returncode == 1
    assert "http://127.0.0.1:9/v" in done.stderr
    assert SECRET not in done.stdout + done.stderr
