"""Short runs on generated pictures: they learn, stop, go on, and run as two processes."""

import dataclasses
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from toy import SMALL, rows

from emolive.core.errors import EmoliveError
from emolive.networks.checkpoint import load
from emolive.training.dataset import read_faces
from emolive.training.evaluate import predict
from emolive.training.fit import train
from emolive.training.keep import HISTORY, BestKeeper, History
from emolive.training.network import Emotions, frozen, spec_of, start
from emolive.training.recipe import Recipe, Stage


@pytest.mark.ci
def test_it_learns(run):
    report = json.loads((run / "report.json").read_text())
    assert report["accuracy"] >= 0.95
    assert report["labels"] == ["bars", "disc"]
    assert len(rows(run)) == 3
    assert tuple(rows(run)[0]) == HISTORY
    assert float(rows(run)[-1]["val_loss"]) < float(rows(run)[0]["val_loss"])
    for name in ("history.png", "confusion.png", "mistakes.png"):
        assert cv2.imread(str(run / name)) is not None


@pytest.mark.ci
def test_the_checkpoint_says_everything_and_reloads_to_identical_outputs(run, data):
    first, second = (load(run / "model.safetensors") for _ in range(2))
    spec = first.spec
    assert (spec.labels, spec.input_size, spec.crop_size) == (("bars", "disc"), 32, 32)
    assert (spec.layer4_stride, spec.color) == (1, "gray")
    report = json.loads((run / "report.json").read_text())
    assert spec.metrics["validation_accuracy"] == round(report["accuracy"], 4)
    assert json.loads(spec.recipe)["seed"] == 3
    held = read_faces(data / "validation", 32)
    probabilities = predict(first, held.crops)
    np.testing.assert_array_equal(probabilities, predict(second, held.crops))
    assert (probabilities.argmax(1) == held.truth).mean() == report["accuracy"]


@pytest.mark.ci
def test_ctrl_c_keeps_the_best_and_resume_equals_uninterrupted(run, data, tmp_path, monkeypatch):
    append = History.on_train_epoch_end

    def interrupt(self, trainer, module):
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt
        append(self, trainer, module)

    with monkeypatch.context() as patch:
        patch.setattr(History, "on_train_epoch_end", interrupt)
        train(data, tmp_path, SMALL)
    assert len(rows(tmp_path)) == 1
    assert load(tmp_path / "model.safetensors").spec.metrics
    train(data, tmp_path, SMALL, resume=True)
    assert rows(tmp_path) == rows(run)
    ours, theirs = (
        torch.load(p / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for p in (tmp_path, run)
    )
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=0, msg=name)


@pytest.mark.ci
def test_soft_targets_have_their_own_outputs_in_training_only(data, tmp_path):
    with pytest.raises(EmoliveError, match=r"ferplus\.csv"):
        train(data, tmp_path / "none", Recipe(targets="both"))
    names = [f"{kind}/{i:02}.png" for kind in ("bars", "disc") for i in range(32)]
    (data / "train" / "ferplus.csv").write_text("file,bars,disc\n" + "".join(f"{name},6,4\n" for name in names))
    short = Recipe(**{**vars(SMALL), "stages": "24x1,32x1~0.1", "targets": "both", "color": "rgb", "balance": 0.5})
    train(data, tmp_path / "both", short)
    assert load(tmp_path / "both" / "model.safetensors").net.fc.out_features == 2
    assert [row["size"] for row in rows(tmp_path / "both")] == ["24", "32"]


@pytest.mark.ci
def test_a_run_is_not_overwritten_and_other_classes_are_named(run, data, folder, tmp_path):
    with pytest.raises(EmoliveError, match="--resume"):
        train(data, run, SMALL)
    with pytest.raises(EmoliveError, match="nothing to go on with"):
        train(data, tmp_path / "new", SMALL, resume=True)
    other = folder(tmp_path / "three", 4, 0, ("bars", "disc", "none"))
    with pytest.raises(EmoliveError, match="classes were bars, disc and are bars, disc, none"):
        train(other, run, Recipe(**{**vars(SMALL), "val_fraction": 0.3}), resume=True)


@pytest.mark.parametrize("content", [None, b"no weights"])
def test_bad_start_weights_are_named(data, tmp_path, content):
    path = tmp_path / "weights.pth"
    if content:
        path.write_bytes(content)
    with pytest.raises(EmoliveError, match=r"weights\.pth"):
        train(data, tmp_path / "out", Recipe(**{**vars(SMALL), "init": str(path)}))


def test_stages():
    settings = Recipe(stages="64x2, 112x3@.5")
    assert settings.plan() == [Stage(64, 2), Stage(112, 3, 0.5)]
    assert settings.epochs == 5
    assert Recipe(stages="112x3~0.2,64x1@.5~.1").plan() == [Stage(112, 3, 1.0, 0.2), Stage(64, 1, 0.5, 0.1)]
    assert [settings.stage(epoch).size for epoch in range(6)] == [64, 64, 112, 112, 112, 112]
    for wrong in ("", "112", "64x0", "8x3", "64x2;112x3", "64x2+", "64x2~"):
        with pytest.raises(EmoliveError, match="stages"):
            Recipe(stages=wrong).plan()


def test_the_learning_rate_rises_falls_and_starts_anew_half_as_high():
    settings = Recipe(stages="64x4,112x6/112x5", warmup=0.2)
    assert settings.epochs == 15
    assert [settings.rate(epoch) for epoch in (0, 1, 2, 6, 10, 11, 13, 15)] == pytest.approx(
        [0, 0.5, 1, 0.5, 0, 0.5, 0.25, 0], abs=1e-9
    )
    assert Recipe(stages="64x4", warmup=1).rate(2) == 0.5
    assert Recipe(stages="64x4", warmup=0).rate(0) == 1


def test_settings_come_back(tmp_path):
    for recipe in (SMALL, Recipe()):
        recipe.write(tmp_path / "s.json")
        assert Recipe.read(tmp_path / "s.json") == recipe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"colour": "gray"}', "'colour', no option"), ("[1]", "no settings of a training run"),
        ('{"batch": "many"}', "batch is"), ('{"targets": "others"}', "targets"),
        ('{"stages": {}}', "stages is"), ('{"lr": 1e400}', "lr "), ('{"lr": null}', "lr "),
        ("[" * 100_000, "too deeply"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_named(tmp_path, text, words):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(EmoliveError, match=r"s\.json") as error:
        Recipe.read(tmp_path / "s.json")
    assert words in str(error.value)
    assert "__init__" not in str(error.value)


@pytest.mark.ci
def test_two_processes_give_the_same_checkpoint_format(run, data, tmp_path):
    SMALL.write(tmp_path / "settings.json")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "emolive", "train", str(data), "--settings", str(tmp_path / "settings.json")]
    command += ["--stages", "32x1,32x1~0.1"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")], env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ours, theirs = (load(path / "model.safetensors") for path in (tmp_path / "out", run))
    assert ours.net.state_dict().keys() == theirs.net.state_dict().keys()
    assert ours.spec.labels == theirs.spec.labels
    assert len(rows(tmp_path / "out")) == 2
    assert json.loads((tmp_path / "out" / "report.json").read_text())["n"] == 24


@pytest.mark.parametrize("place", ["../precious.ckpt", "precious.ckpt", "s3://bucket/last.ckpt/..", "../last.ckpt/x"])
def test_a_checkpoint_names_no_file_of_others(tmp_path, place):
    """Lightning would load it, and delete it once there is a better one."""
    folder = tmp_path / "checkpoints"
    keeper = BestKeeper(tmp_path)
    said = {"monitor": "val_accuracy", "best_model_score": None, "dirpath": "/elsewhere"}
    paths = dict.fromkeys(("best_model_path", "kth_best_model_path", "last_model_path"), str(folder / place))
    keeper.load_state_dict({**said, **paths, "best_k_models": {str(folder / place): torch.tensor(1.0)}})
    assert (keeper.best_model_path, keeper.kth_best_model_path, keeper.last_model_path) == ("", "", "")
    assert keeper.best_k_models == {}
    own = str(folder / "best-epoch=003.ckpt")
    keeper.load_state_dict({**said, "best_model_path": "/copied/from/best-epoch=003.ckpt", "best_k_models": {own: 1}})
    assert (keeper.best_model_path, keeper.best_k_models) == (own, {own: 1})


def test_what_is_frozen_keeps_weights_and_statistics():
    settings = dataclasses.replace(SMALL, freeze="layer1", init="none")
    spec = spec_of(settings, ("bars", "disc"))
    module = Emotions(start(spec, "none", 2), spec, settings, np.array([1, 1]))
    module.train()
    module.on_train_epoch_start()
    before = {name: value.clone() for name, value in module.net.state_dict().items()}
    module.loss(module.net(torch.rand(4, 3, 32, 32)), torch.eye(2)[[0, 1, 0, 1]]).backward()
    torch.optim.SGD([weight for weight in module.parameters() if weight.requires_grad], 0.1).step()
    changed = {name.split(".")[0] for name, value in module.net.state_dict().items() if not value.equal(before[name])}
    assert changed == {"layer2", "layer3", "layer4", "fc"}
    with pytest.raises(EmoliveError, match="layer4"):
        frozen(module.net, "layer9")
