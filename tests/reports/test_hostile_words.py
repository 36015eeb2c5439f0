"""The pages that commands write: whatever a name or a label holds, it is words there. The judge is an HTML parser."""

import dataclasses
import json
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from emolive.commands.main import cli
from emolive.networks.checkpoint import save

EVIL = "evil.example"
NAME = f"\"'><img src=x onerror=alert(1)><script>{EVIL}<&amp; ${{css}} $title"
"""A file's name may hold all but a slash; the pages are made from templates, too."""

LABEL = f'</td></svg><a href="http://{EVIL}/">"\'><img src=http://{EVIL}/b.png onerror=alert(1)><script>x</script>'


class Seen(HTMLParser):
    """Counts elements, and keeps what would fetch, lead elsewhere or run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements, self.words = Counter[str](), ""
        self.leads: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        for name, value in attrs:
            if name.startswith("on"):
                self.elements[name] += 1
            if name in ("src", "href", "srcset", "action", "data", "poster"):
                self.leads.add(value or "")

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def evil_model(tmp_path_factory: pytest.TempPathFactory, model) -> Path:
    path = tmp_path_factory.mktemp("model") / "evil.safetensors"
    labels = tuple(f"{LABEL} {n}" for n in range(7))
    save(path, model.net, dataclasses.replace(model.spec, labels=labels))
    return path


def run(*words: object) -> None:
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exit_code == 0, (done.output, done.exception)


def check(page: Path) -> None:
    seen = Seen(page)
    assert not {"script", "onerror", "iframe", "object", "embed", "base", "form"} & set(seen.elements)
    for where in seen.leads:
        assert where.startswith(("#", "data:image/")) or "://" not in where, where
        assert where == "data.jsonl" or where == "report.json" or EVIL not in where or (page.parent / where).is_file()
    assert LABEL in seen.words


@pytest.mark.ci
def test_explain(tmp_path, portrait, evil_model):
    picture = tmp_path / f"{NAME}.png"
    cv2.imencode(".png", portrait)[1].tofile(picture)
    run(
        "explain", picture, "--model", evil_model, "--methods", "gradcam", "--layers", "layer4", "--out", tmp_path / "o"
    )
    check(tmp_path / "o" / "index.html")
    assert NAME in Seen(tmp_path / "o" / "index.html").words


def test_summary(tmp_path):
    folder = tmp_path / "results" / NAME
    folder.mkdir(parents=True)
    frames = [
        {"t_ms": 40.0 * i, "file": NAME, "faces": [{"face": 1, "probs_smooth": {LABEL: 0.9, "sad": 0.1}}]}
        for i in range(30)
    ]
    (folder / "data.jsonl").write_text("".join(json.dumps(frame) + "\n" for frame in frames))
    (folder / "broken.jsonl").write_text(NAME)
    CliRunner().invoke(cli, ["summary", str(tmp_path / "results")])
    check(tmp_path / "results" / "summary.html")


def test_replay(tmp_path, evil_model, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    run(
        "demo", "--headless", "--frames", 15, "--faces", 1, "--bundle", "--recordings", tmp_path / "r",
        "--model", evil_model,
    )  # fmt: skip
    (made,) = (tmp_path / "r").iterdir()
    bundle = tmp_path / NAME
    shutil.move(made, bundle)
    facts = json.loads((bundle / "settings.json").read_text())
    facts |= {"source": NAME, "labels": [NAME], "versions": {NAME: NAME}}
    (bundle / "settings.json").write_text(json.dumps(facts))
    run("replay", bundle, "--headless", "--report", tmp_path / "o", "--model", evil_model)
    check(tmp_path / "o" / "index.html")
