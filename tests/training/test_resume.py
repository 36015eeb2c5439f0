"""A run goes on as the run that it is, or says what differs; what it has kept survives torn files and full disks."""

import dataclasses
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from stalling import silent, stalling
from toy import SMALL, rows

from emolive.core import foreign
from emolive.core.errors import EmoliveError, OutputError, Unanswered
from emolive.networks.checkpoint import load, save
from emolive.training.dataset import read_faces
from emolive.training.evaluate import measure, predict
from emolive.training.finish import finish
from emolive.training.fit import train
from emolive.training.keep import History, last_of
from emolive.training.recipe import Recipe
from emolive.training.run import Material, check_same
from emolive.training.sides import load_data

pytestmark = pytest.mark.ci  # networks are trained


@pytest.fixture
def copy(run, tmp_path) -> Path:
    """A copy of the finished run."""
    return shutil.copytree(run, tmp_path / "copy")


def recipe(**other) -> Recipe:
    return dataclasses.replace(SMALL, **other)


OTHERS = {
    "seed": 4, "val_fraction": 0.4, "color": "rgb", "layer4_stride": 2, "lr": 1e-2, "batch": 4, "smoothing": 0.0,
    "balance": 0.5, "average": 2.0, "init": "other.pth", "weight_decay": 0.1, "warmup": 0.5, "vote_weight": 0.1,
    "bend": 0.5, "freeze": "layer1",
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_another_recipe_is_named(run, data, name):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    with pytest.raises(EmoliveError, match=f"--{name.replace('_', '-')} was .* and is {OTHERS[name]!r}"):
        train(data, run, recipe(**{name: OTHERS[name]}), resume=True)
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_every_field_of_a_recipe_is_free_or_checked(run, data):
    free = {"stages", "patience", "workers", "precision", "calibration_balance"}
    rest = {field.name for field in dataclasses.fields(Recipe)} - free - set(OTHERS)
    assert rest <= {"targets", "crop_size", "group_by"}, "a new field: may it be another when a run goes on?"


@pytest.mark.parametrize(
    ("stages", "said"),
    [("32x2@0.3", "3 epochs are over"), ("48x4@0.3", "so far"), ("32x4", "so far"), ("32x1@0.3,40x3@0.3", "so far")],
)
def test_stages_may_not_change_what_is_over(run, data, stages, said):
    with pytest.raises(EmoliveError, match=said):
        train(data, run, recipe(stages=stages), resume=True)


def spoil_names(root):
    for side in ("train", "validation"):
        (root / side / "bars").rename(root / side / "happy")
        (root / side / "disc").rename(root / side / "sad")


def spoil_swap(root):
    """The classes change names: the same count, the same names."""
    for side in ("train", "validation"):
        (root / side / "bars").rename(root / side / "third")
        (root / side / "disc").rename(root / side / "bars")
        (root / side / "third").rename(root / side / "disc")


def spoil_move(root):
    (root / "train/bars/31.png").rename(root / "validation/bars/31.png")


def spoil_pixel(root):
    path = root / "validation/disc/00.png"
    pixels = np.array(Image.open(path))
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_names, "classes were bars, disc and are happy, sad"),
        (spoil_swap, r"to learn from are 64 changed \(bars/00.png.*to judge on are 24 changed"),
        (spoil_move, r"to learn from are 1 gone \(bars/31.png\).*to judge on are 1 new \(bars/31.png\)"),
        (spoil_pixel, r"to judge on are 1 changed \(disc/00.png\)"),
    ],
)
def test_other_data_are_named(run, data, tmp_path, spoil, said):
    root = shutil.copytree(data, tmp_path / "data", ignore=shutil.ignore_patterns("ferplus.csv"))
    spoil(root)
    with pytest.raises(EmoliveError, match=said):
        train(root, run, SMALL, resume=True)


def test_a_run_from_before_files_were_listed_is_named(copy, data):
    (copy / "data.json").unlink()
    with pytest.raises(EmoliveError, match="nobody knows what this run has learnt"):
        train(data, copy, SMALL, resume=True)


def test_more_epochs_in_another_place_keep_what_was_best(run, copy, data, tmp_path):
    """The folder was moved, the pictures too; an epoch more, other workers: all of that is allowed."""
    moved = shutil.copytree(data, tmp_path / "elsewhere" / "data")
    train(moved, copy, recipe(stages="32x4@0.3", workers=1, patience=3), resume=True)
    assert rows(copy)[:3] == rows(run)
    assert len(rows(copy)) == 4
    best = [float(row["val_accuracy"]) for row in rows(copy)]
    held = read_faces(data / "validation", 32)
    probabilities = predict(load(copy / "best.safetensors"), held.crops)
    assert (probabilities.argmax(1) == held.truth).mean() == pytest.approx(max(best), abs=1e-6)
    inside = torch.load(copy / "checkpoints" / "last.ckpt", weights_only=True)["callbacks"]
    kept = next(state for name, state in inside.items() if "BestKeeper" in name)["best_model_path"]
    assert Path(kept).is_relative_to(copy)
    assert Path(kept).is_file()


def test_a_torn_state_is_named_and_a_way_on(copy, data):
    last = copy / "checkpoints" / "last.ckpt"
    other = next((copy / "checkpoints").glob("best-*.ckpt"))
    whole = last.read_bytes()
    for torn in (b"", whole[: len(whole) // 2], whole[:-1000], b"hello"):
        last.write_bytes(torn)
        with pytest.raises(EmoliveError, match="or a torn one") as caught:
            train(data, copy, SMALL, resume=True)
        assert f"Copy {other} over it" in str(caught.value)
    shutil.copy(other, last)
    train(data, copy, SMALL, resume=True)
    assert len(rows(copy)) == 3


KEPT = ("settings.json", "data.json", "history.csv", "checkpoints/last.ckpt")
"""What a run reads that goes on."""


@pytest.mark.parametrize("name", KEPT)
def test_a_file_that_stops_in_its_middle_is_given_up(copy, data, tmp_path, monkeypatch, name):
    monkeypatch.setattr(foreign, "PATIENCE_S", 1.0)
    with stalling(tmp_path / "drive", {"kept": (copy / name).read_bytes()}, 0.5) as drive:
        (copy / name).unlink()
        (copy / name).symlink_to(drive / "kept")
        with pytest.raises(Unanswered, match="has not answered"):
            train(data, copy, SMALL, resume=True)


def test_files_on_a_drive_that_answers_are_gone_on_with(copy, data, tmp_path):
    """The control of the test above."""
    with stalling(tmp_path / "drive", {Path(name).name: (copy / name).read_bytes() for name in KEPT}, 1.0) as drive:
        for name in KEPT:
            (copy / name).unlink()
            (copy / name).symlink_to(drive / Path(name).name)
        assert last_of(copy).epochs == 3
        assert len(History(copy).rows()) == 3
        check_same(copy, SMALL, Material.of(*load_data(data, SMALL.crop_size, SMALL.val_fraction, SMALL.seed)), 3)


def test_a_folder_of_pictures_that_does_not_answer_is_given_up(data, tmp_path, monkeypatch):
    monkeypatch.setattr(foreign, "PATIENCE_S", 1.0)
    root = shutil.copytree(data, tmp_path / "data")
    with silent(root / "train" / "bars" / "more"), pytest.raises(Unanswered, match="more has not answered"):
        train(root, tmp_path / "out", SMALL)


@pytest.mark.parametrize("text", ["", "epoch\n1\n", "no,table\n" * 3, "\0", '"', "epoch,size\n" + "1," * 99])
def test_a_history_that_is_none_is_named_before_anything_is_learnt(copy, data, text):
    (copy / "history.csv").write_text(text)
    with pytest.raises(EmoliveError, match=r"history\.csv"):
        train(data, copy, recipe(stages="32x4@0.3"), resume=True)


def test_an_older_best_is_never_finished_as_this_runs(run, data, tmp_path):
    for name in ("best.safetensors", "model.safetensors", "history.csv", "data.json"):
        out = tmp_path / name
        out.mkdir()
        shutil.copy(run / name, out)
        with pytest.raises(EmoliveError, match=f"{name} exists already"):
            train(data, out, SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emolive.training.network.Emotions.training_step", interrupt)
        with pytest.raises(EmoliveError, match="nothing to keep"):
            train(data, tmp_path / "best.safetensors", SMALL, overwrite=True)
    assert not (tmp_path / "best.safetensors" / "model.safetensors").exists()


def interrupt(*_):
    raise KeyboardInterrupt


def test_ctrl_c_before_the_first_epoch_keeps_nothing(data, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("emolive.training.network.Emotions.training_step", interrupt)
        with pytest.raises(EmoliveError, match="nothing to keep"):
            train(data, tmp_path / "out", SMALL)
    train(data, tmp_path / "out", recipe(stages="32x1@0.3"), overwrite=True)
    assert load(tmp_path / "out" / "model.safetensors").spec.metrics


def test_out_under_a_file_and_locked_folders_are_named_before_anything_is_read(tmp_path):
    (tmp_path / "file").write_text("no folder")
    for out in (tmp_path / "file", tmp_path / "file" / "runs" / "a"):
        with pytest.raises(OutputError, match="is a file"):
            train(tmp_path / "no data", out, SMALL)
    if os.geteuid():
        (tmp_path / "locked").mkdir(mode=0o500)
        with pytest.raises(OutputError, match="may not write"):
            train(tmp_path / "no data", tmp_path / "locked" / "out", SMALL)


@pytest.mark.parametrize(("limit", "began"), [(10_000, False), (30_000_000, False)])
def test_a_file_too_large_for_the_disk(data, tmp_path, limit, began):
    """A state of this network takes 130 MB, a network 22: neither, or only the second, may be written."""
    recipe().write(tmp_path / "settings.json")
    command = [sys.executable, "-m", "emolive", "train", str(data), "--settings", str(tmp_path / "settings.json")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out"), "--stages", "32x1"],
        env=environment, capture_output=True, text=True, timeout=180,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert f"The run in {tmp_path / 'out'} cannot be written (File too large)" in done.stderr
    assert not [path for path in (tmp_path / "out").rglob("*") if path.name.endswith((".part", ".ckpt"))]


def test_a_disk_that_fills_up_later_loses_nothing(copy, data, monkeypatch):
    """The state of the last whole epoch stays, byte for byte, and the run goes on from it when there is room."""
    last = copy / "checkpoints" / "last.ckpt"
    before = last.read_bytes()
    with monkeypatch.context() as patch:

        def full(*_):
            raise OSError(28, "No space left on device")

        patch.setattr("os.replace", full)
        with pytest.raises(OutputError, match=r"No space left on device.*go on with --resume"):
            train(data, copy, recipe(stages="32x4@0.3"), resume=True)
    assert last.read_bytes() == before
    train(data, copy, recipe(stages="32x4@0.3"), resume=True)
    assert len(rows(copy)) == 4


def test_a_network_that_learnt_nothing_but_nan_is_named(run, data, tmp_path):
    model = load(run / "best.safetensors")
    model.net.fc.bias[:] = float("nan")
    save(tmp_path / "best.safetensors", model.net, model.spec)
    held = read_faces(data / "validation", 32)
    with pytest.raises(EmoliveError, match="lower --lr"):
        finish(tmp_path / "best.safetensors", held, tmp_path, SMALL, "")
    assert (tmp_path / "best.safetensors").is_file()


def test_the_network_as_it_was_learnt_is_kept_beside_the_calibrated_one(run, data):
    held = read_faces(data / "validation", 32)
    figures = [measure(predict(load(run / name), held.crops), held.truth, held.labels)
               for name in ("best.safetensors", "model.safetensors")]  # fmt: skip
    assert load(run / "best.safetensors").spec.temperature == 1.0
    assert all(figure["accuracy"] > 0.9 for figure in figures)
