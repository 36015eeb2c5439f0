"""What the README says is so: its keys, its files, its commands."""

import re
from pathlib import Path

from click.testing import CliRunner

from emolive.commands.main import cli
from emolive.commands.reference import reference
from emolive.media.figures import FIGURES
from emolive.ui.keys import help_table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_keys_is_the_bindings():
    assert help_table() in README, "run make readme"


def test_the_reference_of_options_is_the_table():
    assert (ROOT / "docs" / "OPTIONS.md").read_text(encoding="utf-8") == reference(), "run make readme"


def test_every_file_that_it_points_to_is_there():
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "model/README.md", "train/README.md"):
        page = ROOT / name
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), f"{name}: {target}"


def test_every_command_and_option_that_it_names_is_there():
    for line in re.findall(r"^    (emolive [^#\n]*)", README, re.MULTILINE):
        command, *words = line.split()[1:]
        shown = CliRunner().invoke(cli, [command, "--help"])
        assert shown.exit_code == 0, line
        for option in (word for word in words if word.startswith("--")):
            assert option in shown.output, line


def test_every_figure_of_data_files_is_explained():
    rows = [line.split("|")[1:3] for line in (ROOT / "docs" / "DATA.md").read_text(encoding="utf-8").splitlines()]
    named = [re.findall(r"`([^`]+)`", row[n]) for row in rows if len(row) == 2 for n in (0, 1)]
    keys, columns = ({name for each in named[n::2] for name in each} for n in (0, 1))
    for figure in FIGURES:
        assert figure.key in keys
        for column in figure.columns(["LABEL"]):
            stem = column.split("_")[0] + "_"
            assert any(name == column or name.startswith(stem) for name in columns), column
