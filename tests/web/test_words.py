"""Words that come from files are shown as words: in the real page, everything hostile at once, and in the source."""

import ast
import dataclasses
import json
import re
import urllib.parse
from pathlib import Path

import pytest
from playwright.sync_api import expect
from safetensors.torch import load_file, save_file

import emolive
from emolive.networks.checkpoint import save
from emolive.networks.described import default_model
from emolive.web import say

EVIL = "evil.example"
PICTURE = f"![x](http://{EVIL}/a.png)"
HTML = f"<img src=http://{EVIL}/b.png onerror=alert(1)><b>bold</b>"
WORDS = f"{PICTURE} {HTML} **bold** [link](http://{EVIL}) :material/home: :smile: $x$ www.{EVIL}"


@pytest.fixture
def hostile(tmp_path: Path, model) -> dict[str, Path]:
    """Networks whose labels, architecture or tensors' names are Markdown and HTML, by what is wrong with them."""
    paths = {
        name: tmp_path / f"{name} {PICTURE.replace('/', '∕')}.safetensors" for name in ("labels", "arch", "tensors")
    }
    save(paths["labels"], model.net, dataclasses.replace(model.spec, labels=tuple(f"{WORDS} {n}" for n in range(7))))
    from safetensors import safe_open

    with safe_open(default_model(), "pt") as file:
        facts = json.loads(file.metadata()["emolive"])
    state = load_file(default_model())
    save_file(state, paths["arch"], {"emolive": json.dumps(facts | {"arch": WORDS})})
    renamed = {f"{WORDS} {name}": tensor for name, tensor in state.items()}
    save_file(renamed, paths["tensors"], {"emolive": json.dumps(facts)})
    return paths


@pytest.mark.ci
def test_hostile_words_are_words_on_the_page(visit, server, hostile, trio, tmp_path):
    odd = tmp_path / f"{WORDS.replace('/', '∕')[:80]}.jpg"
    odd.write_bytes(trio.read_bytes())
    (tmp_path / f"broken {HTML.replace('/', '∕')}.png").write_text("no picture")
    v = visit("?picture=Upload")
    v.upload(odd, tmp_path / f"broken {HTML.replace('/', '∕')}.png")
    v.done()
    expect(v.page.get_by_role("alert").first).to_contain_text("broken <img src=")
    chooser = v.page.get_by_test_id("stSidebar").locator("input[type=file]")
    for name in ("arch", "tensors"):
        chooser.set_input_files(str(hostile[name]))
        expect(v.page.get_by_test_id("stSidebar").get_by_role("alert")).to_contain_text("![x](http")
        harmless(v, server)
    chooser.set_input_files(str(hostile["labels"]))
    expect(v.page.get_by_role("rowheader", name="**bold**").first).to_be_visible()
    v.done()
    harmless(v, server)
    assert v.page.get_by_text("**bold**").count() > 5  # all signs are there to be read


def harmless(visit, server) -> None:
    """Nothing was asked of another host, and nothing stands on the page that the words would have made."""
    asked = {urllib.parse.urlsplit(url).netloc for url in visit.hosts if not url.startswith(("data:", "blob:"))}
    assert asked == {f"127.0.0.1:{server.port}"}
    for made in (f"[src*='{EVIL}']", f"[href*='{EVIL}']", "[onerror]", "main b", "main :has(> .katex)"):
        assert visit.page.locator(made).count() == 0, made
    bold = visit.page.locator("strong").all_inner_texts()
    assert "bold" not in bold


RENDERING = {
    "badge", "button", "caption", "checkbox", "download_button", "error", "exception", "expander", "file_uploader",
    "header", "html", "info", "latex", "link_button", "markdown", "metric", "popover", "progress", "radio",
    "segmented_control", "selectbox", "slider", "spinner", "subheader", "success", "tabs", "title", "toast", "toggle",
    "warning", "write",
}  # fmt: skip
"""Streamlit's functions that read their words as Markdown or HTML."""


def test_nothing_that_is_not_written_down_is_rendered_but_in_one_place():
    """Whatever is given to them are words of this program, or went through `say` or the escaping of `parts`."""
    for path in Path(emolive.__file__).parent.joinpath("web").glob("*.py"):
        if path.name == "say.py":
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in RENDERING:
                if ast.unparse(call.func.value) == "say":
                    continue
                for words in [*call.args[:1], *(k.value for k in call.keywords if k.arg in ("help", "label", "text"))]:
                    assert fixed(words), f"{path.name}: {ast.unparse(call)}"


def fixed(words: ast.expr) -> bool:
    """Whether these words are written down in the program, or made harmless."""
    if isinstance(words, ast.JoinedStr):
        return all(
            isinstance(part, ast.Constant) or ast.unparse(part).strip("{}'f").startswith("uploads.")
            for part in words.values
        )
    if isinstance(words, ast.Call):
        return ast.unparse(words.func) in ("say.button", "parts.probabilities", "parts.drops", "parts.ledger", "min")
    return isinstance(words, ast.Constant) or ast.unparse(words) in ("INTRO", "LIMITS", "parts.STYLE")


def test_a_buttons_words_stand_for_themselves():
    said = say.button("a*b_c <i> [x](y) `z` :smile: $1$\n# no heading")
    assert not re.search(r"(?<!\\)[*_<>\[\]()`$#!~|]", said)
    assert ":smile:" not in said
    assert "\n" not in said
