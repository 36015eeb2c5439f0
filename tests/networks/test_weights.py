"""State dicts as people save them: whatever they are wrapped in, the network inside is the one that was trained; what
is no such network is refused with the true reason."""

import json
import warnings

import pytest
import torch
from safetensors.torch import save_file
from strangers import other_network
from thinned import thinned

from emolive.core.errors import EmoliveError, ModelError
from emolive.networks import checkpoint as models
from emolive.training.network import spec_of, start
from emolive.training.recipe import Recipe

LABELS = ("angry", "happy", "sad")


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {name: t.half() if t.is_floating_point() else t for name, t in
            models.build(models.Spec(LABELS)).state_dict().items()}  # fmt: skip


PREFIXES = ["", "module.", "model.", "net.", "backbone.", "_orig_mod.", "module._orig_mod.model.net."]
BESIDE = {
    "n_averaged": torch.tensor(3), "weights": torch.ones(3), "criterion.weight": torch.ones(3),
    "loss_fn.pos_weight": torch.ones(3), "total_ops": torch.zeros(1), "total_params": torch.zeros(1),
    "train_accuracy.tp": torch.ones(3, dtype=torch.long), "val_f1.confmat": torch.ones(3, 3),
}  # fmt: skip


def same(model, state) -> bool:
    own = model.net.state_dict()
    return all(torch.equal(own[name], state[name].float()) for name in own if "tracked" not in name)


@pytest.mark.parametrize("ending", thinned([".pth", ".safetensors", ".pt", ".PT"], 2))
@pytest.mark.parametrize("prefix", thinned(PREFIXES, 3))
def test_any_prefix_in_any_file_with_anything_beside(tmp_path, state, prefix, ending):
    wrapped = {**{prefix + name: t for name, t in state.items()}, **BESIDE,
               f"{prefix}layer1.0.conv1.total_ops": torch.zeros(1)}  # fmt: skip
    path = tmp_path / f"m{ending}"
    (save_file if ending == ".safetensors" else torch.save)(wrapped, path)
    assert same(models.load(path, LABELS), state)
    net = start(spec_of(Recipe(), LABELS), str(path), 3, LABELS)
    assert torch.equal(net.fc.weight, state["fc.weight"].float())
    assert torch.equal(net.layer4[1].conv2.weight, state["layer4.1.conv2.weight"].float())


@pytest.mark.parametrize(
    "name",
    thinned(
        ["model/state_dict", "state_dict", "model", "net", "model_state_dict", "ema", "ema_state_dict", "resnet"], 3
    ),
)
def test_any_container(tmp_path, state, name):
    inside = state
    for part in reversed(name.split("/")):
        inside = {part: inside, "epoch": 3, "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}}}
    torch.save(inside, tmp_path / "m.pt")
    assert same(models.load(tmp_path / "m.pt", LABELS), state)


def test_the_weights_come_before_their_average(tmp_path, state):
    torch.save({"ema": {k: t * 0 for k, t in state.items()}, "model": state}, tmp_path / "m.pt")
    assert same(models.load(tmp_path / "m.pt", LABELS), state)


def test_a_head_with_dropout_before_it(tmp_path, state):
    torch.save({name.replace("fc.", "fc.1."): t for name, t in state.items()}, tmp_path / "m.pt")
    assert same(models.load(tmp_path / "m.pt", LABELS), state)


def test_content_counts_not_the_ending(tmp_path, state):
    save_file(state, tmp_path / "m.pt")
    torch.save(state, tmp_path / "m.safetensors")
    assert same(models.load(tmp_path / "m.pt", LABELS), state)
    assert same(models.load(tmp_path / "m.safetensors", LABELS), state)


def refused() -> dict:
    """What is saved, made of a state dict, and what must be said of it."""

    def fc(**kind):
        return lambda s: {**s, "fc.weight": torch.zeros(3, 512, **kind)}

    def quantised(s):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {**s, "fc.weight": torch.quantize_per_tensor(torch.zeros(3, 512), 0.1, 0, torch.qint8)}

    return {
        "quantised": (quantised, "fc.weight is quantised"),
        "packed": (lambda s: {**s, "fc._packed_params": (1, 2)}, "packed, as quantised"),
        "sparse": (lambda s: {**s, "fc.weight": torch.zeros(3, 512).to_sparse()}, "fc.weight is sparse"),
        "csr": (lambda s: {**s, "fc.weight": torch.zeros(3, 512).to_sparse_csr()}, "fc.weight is sparse"),
        "meta": (fc(device="meta"), "no values"),
        "complex": (fc(dtype=torch.complex64), "fc.weight is complex"),
        "whole": (fc(dtype=torch.int8), r"whole numbers \(int8\)"),
        "bool": (fc(dtype=torch.bool), r"whole numbers \(bool\)"),
        "nan": (lambda s: {**s, "fc.bias": torch.full((3,), float("nan"))}, "fc.bias holds values that are no numbers"),
        "two": (lambda s: {p + k: v for p in ("model.", "ema.module.") for k, v in s.items()}, "2 networks: 'model.'"),
        "head": (lambda s: {**{f"b.{k}": v for k, v in s.items()}, "head.weight": torch.zeros(3, 3)}, "beside.*head"),
        "no fc": (lambda s: {k: v for k, v in s.items() if "fc" not in k}, "lacks fc.weight and fc.bias"),
        "gray": (lambda s: {**s, "conv1.weight": s["conv1.weight"][:, :1].clone()}, "one channel.*--color gray"),
        "cifar": (lambda s: {**s, "conv1.weight": torch.zeros(64, 3, 3, 3)}, "64×3×3×3"),
        "short": (lambda s: {k: v for k, v in s.items() if k != "bn1.weight"}, "lacks bn1.weight"),
        "more": (lambda s: {**s, "layer1.0.se.fc.weight": torch.zeros(3)}, "unexpectedly, layer1.0.se.fc.weight"),
        "fewer outputs": (lambda s: {**s, "fc.weight": torch.zeros(2, 512)}, "2 outputs but 3 labels"),
        "resnet34": (lambda s: other_network("resnet34"), "is a ResNet34; emolive .* resnet18"),
        "resnet50": (lambda s: other_network("resnet50"), "is a ResNet50"),
        "vgg": (lambda s: other_network("vgg11_bn"), "is a VGG"),
        "vit": (lambda s: {"blocks.0.attn.qkv.weight": torch.zeros(2)}, "vision transformer"),
    }


@pytest.mark.parametrize("name", thinned(refused(), 3))
def test_the_true_reason_is_said(tmp_path, state, name):
    make, said = refused()[name]
    torch.save(make(state), tmp_path / "m.pt")
    with pytest.raises(ModelError, match=said) as caught:
        models.load(tmp_path / "m.pt", LABELS)
    assert "m.pt" in str(caught.value)
    if name not in ("fewer outputs", "no fc"):
        with pytest.raises(ModelError, match=said):
            start(spec_of(Recipe(), LABELS), str(tmp_path / "m.pt"), 3)


def test_outputs_are_taken_over_by_what_they_mean(tmp_path, state):
    """The same classes in another order; other classes; nobody knows which."""
    torch.save(state, tmp_path / "m.pt")
    rows = state["fc.weight"].float()
    spec = spec_of(Recipe(), ("sad", "angry", "happy"))
    assert torch.equal(start(spec, str(tmp_path / "m.pt"), 3, LABELS).fc.weight, rows[[2, 0, 1]])
    for known in ((), ("angry", "happy", "bored")):
        assert not torch.equal(start(spec, str(tmp_path / "m.pt"), 3, known).fc.weight, rows[[2, 0, 1]])
    (tmp_path / "m.json").write_text(json.dumps(LABELS))
    assert torch.equal(start(spec, str(tmp_path / "m.pt"), 6).fc.weight[:3], rows[[2, 0, 1]])
    with pytest.raises(EmoliveError, match="labels"):
        start(spec, str(tmp_path / "m.pt"), 3, ("angry", "sad", "happy"))
