"""Each command's options: what `--help` says of them, what the environment does, and that each reaches its command."""

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from emolive.commands.main import cli
from emolive.commands.options import WIDTH, RowOption
from emolive.core.kinds import Channels, Choice, Clock, File, Flag, Integer, Number, Numbers, PixelSize, Text, Words
from emolive.core.options import EVERY, FIELDS, GROUPS, options_of
from emolive.corpus.engines import ENGINES
from emolive.training.recipe import Recipe

COMMANDS = sorted(cli.commands.items())
ROWS = [(name, p) for name, command in COMMANDS for p in command.params if isinstance(p, RowOption)]


def example(row: RowOption, folder: os.PathLike) -> str:
    """A word that is a value of an option, and not its default."""
    match row.row.kind:
        case Choice(names):
            return names[-1]
        case Flag():
            return "0" if row.shown else "1"
        case Integer(low, high):
            return str(high or (low or 0) + 2)
        case Number(low, high):
            return str((high or 8) * 0.875)
        case Words(known):
            return ",".join(known[2:4]) or "one,two"
        case File(is_folder):
            path = folder / "there"
            path.mkdir() if is_folder else path.touch()
            return str(path)
        case Channels():
            return "3,17"
        case Numbers():
            return "0.5,0.25,0.125"
        case Clock():
            return "1:30"
        case PixelSize():
            return "640x480"
        case Text():
            return "some"
    raise AssertionError(row.row.kind)


def parsed(name: str, *words: str) -> dict:
    """The values that a command would be called with."""
    command = cli.commands[name]
    needed = [w for p in command.params if p.required and isinstance(p, RowOption) for w in (p.row.flag, "needed")]
    given = ["argument"] if any(isinstance(p, click.Argument) for p in command.params) else []
    return command.make_context(name, [*needed, *words, *given]).params


def test_all_commands_are_in_the_table():
    assert set(cli.commands) == set(EVERY)


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_every_option_is_a_row_and_reaches_the_command(name, command):
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert all(isinstance(p, RowOption) for p in options)
    assert tuple(p.row for p in options) == options_of(name)
    wanted = inspect.signature(command.callback).parameters
    by_name = {p.name for p in command.params if not (isinstance(p, RowOption) and p.row in FIELDS.values())}
    if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in wanted.values()):
        assert set(wanted) == {"options", *by_name}


def test_names_in_the_table_are_those_that_there_are():
    rows = {(name, p.name): p.row for name, p in ROWS}
    assert rows["batch", "engine"].kind.names == tuple(ENGINES)
    fields = {p.name for p in cli.commands["train"].params if isinstance(p, RowOption) and p.row.default is None}
    assert fields - {"settings"} == set(vars(Recipe()))


@pytest.mark.parametrize(("name", "option"), ROWS, ids=[f"{name}-{p.name}" for name, p in ROWS])
def test_help_is_a_sentence_for_people(name, option):
    assert option.help[0].isupper(), option.help
    assert option.help.endswith("."), option.help
    assert len(option.help.split()) >= 4, option.help


@pytest.mark.parametrize(("name", "command"), COMMANDS)
@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_help_has_few_groups_and_fits(name, command, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    said = command.get_help(click.Context(command, info_name=name, **command.context_settings))
    groups = [line[:-1] for line in said.splitlines() if line.endswith(":") and line[:-1] in GROUPS]
    assert 1 <= len(groups) <= 6
    assert groups == sorted(groups, key=GROUPS.index)
    assert "Options:" not in said
    long = [line for line in said.splitlines() if len(line) > min(columns, WIDTH)]
    assert not [line for line in long if "|" not in line], long  # a list of choices is one word
    for option in command.params:
        if isinstance(option, RowOption):
            assert len(re.findall(rf"^  {option.opts[0]}(?![-\w])", said, re.MULTILINE)) == 1, option.opts


@pytest.mark.parametrize(("name", "option"), ROWS, ids=[f"{name}-{p.name}" for name, p in ROWS])
def test_the_environment_says_the_same_as_the_command_line(name, option, tmp_path, monkeypatch):
    word, usual = example(option, tmp_path), parsed(name)
    if isinstance(option.row.kind, Flag):
        typed = parsed(name, *([f"--no-{option.row.flag[2:]}"] if word == "0" else [option.row.flag]))
    else:
        typed = parsed(name, option.row.flag, word)
    monkeypatch.setenv(f"EMOLIVE_{name}_{option.row.flag[2:].replace('-', '_')}".upper(), word)
    if not option.required:
        assert parsed(name) == typed
    assert typed != usual, "the example should not be the default"
    assert {key for key in typed if typed[key] != usual[key]} == {option.name}


@pytest.mark.parametrize(("name", "option"), [(name, option) for name, option in ROWS if option.required])
def test_what_is_required_and_missing_is_said(name, option, tmp_path):
    """click takes a default of None for a value that was given."""
    words = [str(tmp_path) for p in cli.commands[name].params if isinstance(p, click.Argument)]
    done = CliRunner().invoke(cli, [name, *words])
    assert (done.exit_code, f"Missing option '{option.row.flag}'" in done.output) == (2, True)


def test_the_environment_reaches_a_run_and_gives_way_to_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOLIVE_DEMO_FACES", "99")
    done = CliRunner().invoke(cli, ["demo", "--headless"])
    assert (done.exit_code, "'99' is not 1 to 64" in done.output) == (2, True)
    monkeypatch.setenv("EMOLIVE_FILE_DEBUG", "1")
    with pytest.raises(Exception, match="There is no file"):
        CliRunner().invoke(cli, ["file", str(tmp_path / "none.mp4"), "--headless"], catch_exceptions=False)
    assert parsed("demo", "--faces", "2")["faces"] == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--alpha", "nan"), ("--alpha", "1.5"), ("--smooth", "inf"), ("--smooth", "-1"), ("--seconds", "0"),
        ("--seconds", "nan"), ("--tiles", "0"), ("--tiles", "145"), ("--views", ""), ("--views", "camera,door"),
        ("--pin", "-3"), ("--pin", "a"), ("--detector", "best"), ("--max-faces", "0"), ("--min-confidence", "2"),
        ("--start", "nan"), ("--end", "1:2:3:4"), ("--method", "a\nb"), ("--out", ""), ("--frames", "1e3"),
    ],
)  # fmt: skip
def test_values_out_of_range_get_a_sentence(words):
    done = CliRunner().invoke(cli, ["file", "x.mp4", "--headless", *words])
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    assert words[0] in done.output
    assert re.search(" (is|are|has|names) ", done.output), done.output


@pytest.mark.parametrize(
    ("key", "value"),
    [("lr", "fast"), ("lr", 0), ("batch", 2.5), ("warmup", float("nan")), ("stages", 5),
     ("calibration_balance", 2), ("seed", None), ("targets", "all"), ("init", ["a"]), ("patience", True)],
)  # fmt: skip
def test_a_file_of_settings_for_training_is_checked_too(tmp_path, key, value):
    (tmp_path / "s.json").write_text(json.dumps({key: value}))
    words = ["train", str(tmp_path), "--out", str(tmp_path / "out"), "--settings", str(tmp_path / "s.json")]
    done = CliRunner().invoke(cli, words)
    assert (done.exit_code, type(done.exception)) == (1, SystemExit), done.output
    assert f"s.json: {key} " in done.output
    assert not (tmp_path / "out").exists()


def test_the_settings_of_the_shipped_network_are_values_of_their_options():
    recipe = Recipe.read(Path(__file__).parents[2] / "train" / "settings.json")
    for row in options_of("train"):
        if row.name in vars(recipe):
            assert row.kind.check(getattr(recipe, row.name)) == getattr(recipe, row.name)


def test_cam_is_mirrored_unless_the_user_says_otherwise():
    assert parsed("cam")["mirror"]
    assert not parsed("cam", "--no-mirror")["mirror"]
    assert not parsed("file")["mirror"]


def test_help_is_quick_and_light():
    """Three of them in less than a second of the processor's time; all of it is 0.1 s on a machine of 2026."""
    code = """
import resource, sys
from emolive.commands.main import cli
for words in (["--help"], ["file", "--help"], ["train", "--help"]):
    cli(words, standalone_mode=False)
heavy = {'torch', 'cv2', 'mediapipe', 'av', 'numpy', 'streamlit', 'matplotlib', 'lightning', 'PIL'} & set(sys.modules)
assert not heavy, heavy
usage = resource.getrusage(resource.RUSAGE_SELF)
assert usage.ru_utime + usage.ru_stime < 1.0, usage
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
