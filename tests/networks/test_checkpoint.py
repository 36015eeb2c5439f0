"""Checkpoints: what is saved comes back, and nothing broken or hostile gets in."""

import json
import os
import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from emolive.attribution.hooks import shapes, taps
from emolive.core.errors import EmoliveError, ModelError
from emolive.networks import checkpoint as models

LABELS = ("angry", "happy", "sad")


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return models.build(models.Spec(LABELS)).state_dict()


def test_what_is_saved_comes_back(tmp_path, state):
    spec = models.Spec(LABELS, input_size=64, crop_size=48, layer4_stride=1, color="gray", temperature=1.3,
                       crop_margin={"full": 1.2}, metrics={"accuracy": 0.5})  # fmt: skip
    net = models.build(spec)
    net.load_state_dict(state)
    models.save(tmp_path / "m.safetensors", net, spec, half=False)
    loaded = models.load(tmp_path / "m.safetensors")
    assert loaded.spec == spec
    crops = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3), dtype=np.uint8)
    x = loaded.prepare(crops)
    assert x.shape == (2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(loaded.net(x), net.eval()(x), rtol=1e-4, atol=1e-4)
    assert len(loaded.sha256) == 64


def test_shipped_model_carries_its_facts(model):
    assert model.spec.labels == ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    assert set(model.spec.crop_margin) == {"full", "short", "tiled"}
    assert not model.net.training
    assert not any(p.requires_grad for p in model.net.parameters())


def test_prepare_is_the_plain_recipe():
    spec = models.Spec(LABELS, input_size=32, crop_size=32, color="gray", mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    crop = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    gray = np.asarray(Image.fromarray(crop).convert("L"), dtype=np.float64)
    x = models.prepare([crop], spec)[0].numpy()
    assert np.abs(x - (gray / 255 - 0.5) / 0.25).max() <= 1 / 255 / 0.25 + 1e-5  # Pillow rounds in fixed point
    same = np.repeat(gray.astype(np.uint8)[..., None], 3, axis=2)
    np.testing.assert_allclose(models.prepare([same], spec)[0, 0].numpy(), (gray / 255 - 0.5) / 0.25, atol=1e-6)


def test_what_is_shown_as_seen_is_what_the_network_gets():
    crop = np.random.default_rng(3).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    for color in ("gray", "rgb"):
        spec = models.Spec(LABELS, input_size=32, crop_size=32, color=color)
        seen = models.as_seen(crop, spec)
        torch.testing.assert_close(models.prepare([seen], spec), models.prepare([crop], spec), rtol=0, atol=1e-6)
    assert (models.as_seen(crop, models.Spec(LABELS, color="gray")).std(axis=-1) == 0).all()


def test_prepare_enlarges_like_pillow():
    spec = models.Spec(LABELS, input_size=96, crop_size=48, mean=(0.0,) * 3, std=(1.0,) * 3)
    crop = np.random.default_rng(2).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    pillow = np.asarray(Image.fromarray(crop).resize((96, 96), Image.Resampling.BILINEAR), dtype=np.float64)
    np.testing.assert_allclose(models.prepare([crop], spec)[0].permute(1, 2, 0).numpy() * 255, pillow, atol=1.01)


def test_every_offered_layer_gives_a_map_that_nothing_overwrites():
    spec = models.Spec(LABELS, input_size=64, crop_size=64)
    net = models.build(spec).eval().requires_grad_(False)
    model = models.Model(net, spec)
    copies = {}
    handles = [
        module.register_forward_hook(lambda _m, _i, out, name=name: copies.update({name: out.clone()}))
        for name, module in net.named_modules()
        if name in model.layers
    ]
    with torch.no_grad(), taps(net, list(model.layers)) as caught:
        net(torch.randn(2, 3, 64, 64))
    for handle in handles:
        handle.remove()
    assert list(shapes(model)) == list(model.layers) == list(copies)
    for name, copy in copies.items():
        assert copy.shape[1:] == shapes(model)[name]
        torch.testing.assert_close(caught[name], copy, rtol=0, atol=0)


def test_stride_makes_the_last_grid_finer():
    specs = [models.Spec(LABELS, input_size=112, layer4_stride=stride) for stride in (1, 2)]
    sizes = [shapes(models.Model(models.build(spec).eval(), spec))["layer4"] for spec in specs]
    assert sizes == [(512, 7, 7), (512, 4, 4)]


@pytest.mark.parametrize("wrapped", [False, True])
def test_plain_state_dict_with_labels(tmp_path, state, wrapped):
    plain = {f"module.{k}": v for k, v in state.items()} if wrapped else state
    torch.save({"state_dict": plain} if wrapped else plain, tmp_path / "m.pt")
    assert models.load(tmp_path / "m.pt", LABELS).spec.labels == LABELS
    (tmp_path / "m.json").write_text(json.dumps({"labels": LABELS, "input_size": 64, "color": "gray"}))
    loaded = models.load(tmp_path / "m.pt")
    assert (loaded.spec.labels, loaded.spec.input_size, loaded.spec.crop_size) == (LABELS, 64, 64)


def bad_files(folder, state):
    """Each broken file, and a word that its message must contain."""

    def make(name, write):
        write(folder / name)
        return folder / name

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {folder / 'executed'}",)

    short = {k: v for k, v in state.items() if k != "layer3.0.conv1.weight"}
    return {
        "missing": (folder / "nothing.pt", "no model file"),
        "empty": (make("empty.safetensors", lambda p: p.touch()), "empty"),
        "text": (make("text.safetensors", lambda p: p.write_text("hello")), "not a readable"),
        "text as pt": (make("text.pt", lambda p: p.write_text("hello")), "not a plain state dict"),
        "pickle": (make("plain.pth", lambda p: p.write_bytes(pickle.dumps([1, 2]))), "state dict"),
        "evil": (make("evil.pt", lambda p: p.write_bytes(pickle.dumps(Evil()))), "nothing in it was executed"),
        "evil zip": (make("evil2.pt", lambda p: torch.save({"x": Evil()}, p)), "nothing in it was executed"),
        "whole module": (make("module.pt", lambda p: torch.save(torch.nn.Linear(2, 2), p)), "not a plain state dict"),
        "lacks a key": (make("short.pt", lambda p: torch.save(short, p)), "lacks layer3.0.conv1.weight"),
        "cut": (make("cut.safetensors", lambda p: (save_file(state, p), os.truncate(p, 10000))), "not a readable"),
    }


def test_bad_files_get_a_sentence_and_run_nothing(tmp_path, state):
    for path, word in bad_files(tmp_path, state).values():
        with pytest.raises(ModelError, match=word):
            models.load(path, LABELS)
    assert not (tmp_path / "executed").exists()


def test_labels_are_never_guessed(tmp_path, state):
    torch.save(state, tmp_path / "m.pt")
    with pytest.raises(ModelError, match="--labels"):
        models.load(tmp_path / "m.pt")
    with pytest.raises(ModelError, match="3 outputs but 2 labels"):
        models.load(tmp_path / "m.pt", ("a", "b"))
    (tmp_path / "m.json").write_text('{"labels": 7}')
    with pytest.raises(ModelError):
        models.load(tmp_path / "m.pt")


def test_a_device_that_is_not_there_is_named():
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="no cuda device"):
            models.choose_device("cuda")
    with pytest.raises(EmoliveError, match="Did you mean 'cuda'"):
        models.choose_device("cudda")
