"""OpenVINO's part of a pass gives what PyTorch gives: answers, activations, exact gradients; or it stands aside."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from thinned import dear
from waits import wait_for

from emolive.attribution.hooks import passed, taps
from emolive.attribution.look import look
from emolive.audit.randomise import randomised
from emolive.core.errors import EmoliveError
from emolive.core.scene import Variant
from emolive.networks import fast as fast_module
from emolive.networks.checkpoint import Model, load
from emolive.networks.fast import fast


@pytest.fixture(scope="module")
def plain() -> Model:
    return load()


@pytest.fixture(scope="module")
def quick(plain: Model) -> Model:
    return fast(plain, "openvino")


def batch(model: Model, faces: int) -> torch.Tensor:
    size = model.spec.crop_size
    return model.prepare(np.random.default_rng(faces).integers(0, 256, (faces, size, size, 3), np.uint8))


LAYERS = list(load().layers)


@settings(max_examples=6, deadline=None)
@given(
    faces=st.integers(1, 6),
    wanted=st.sets(st.sampled_from(LAYERS), min_size=1, max_size=4),
    graded=st.sets(st.sampled_from(LAYERS), max_size=2),
)
def test_any_layers_and_gradients_are_those_of_pytorch(plain, quick, faces, wanted, graded):
    """The oracle is the plain network, hooked as a whole."""
    x, layers = batch(plain, faces), wanted | graded
    with torch.set_grad_enabled(bool(graded)):
        logits, caught = passed(quick, x, layers, graded)
        with taps(plain.net, layers, graded) as want:
            right = plain.net(x)
    torch.testing.assert_close(logits, right, atol=1e-4, rtol=1e-4)
    for name in layers:
        torch.testing.assert_close(caught[name], want[name], atol=1e-3, rtol=1e-3)
    names = sorted(graded)
    if names:
        slopes = torch.autograd.grad(logits[:, 0].sum(), [caught[name] for name in names])
        truths = torch.autograd.grad(right[:, 0].sum(), [want[name] for name in names])
        for slope, truth in zip(slopes, truths, strict=True):
            torch.testing.assert_close(slope, truth, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("layer", ["layer4", *dear("layer1", "layer2.0.conv1"), "layer3"])
@pytest.mark.parametrize("method", ["gradcam", *dear("hirescam", "cam", "eigencam")])
def test_maps_are_the_same(plain, quick, layer, method):
    for faces in (1, 5):
        wanted, x = [Variant(method=method, layer=layer)], batch(plain, faces)
        a, b = look(plain, x, wanted, "layer1"), look(quick, x, wanted, "layer1")
        np.testing.assert_allclose(a.maps, b.maps, atol=1e-3)
        for one, other in zip(a.results[wanted[0]], b.results[wanted[0]], strict=True):
            np.testing.assert_allclose(one.probs, other.probs, atol=1e-5)
            if one.cam is not None:
                off = np.abs(one.cam - other.cam) / np.abs(one.cam).max()
                # Where a ReLU stands at 0, rounding opens or shuts it for a gradient: a few cells differ, by little.
                assert np.quantile(off, 0.95) < 1e-3
                assert off.max() < 0.1


def test_what_one_pass_gave_stays_when_another_is_made(quick):
    x = batch(quick, 1)
    _, caught = passed(quick, x, {"layer2"})
    before = caught["layer2"].clone()
    passed(quick, batch(quick, 2)[1:], {"layer2"})
    assert torch.equal(caught["layer2"], before)


def test_filters_are_switched_off_in_it_too(plain, quick):
    v = Variant(off=(3, 5), off_layer="layer2")
    x = batch(plain, 2)
    a, b = (look(model, x, [v], "layer4").results[v] for model in (plain, quick))
    np.testing.assert_allclose([one.probs for one in a], [one.probs for one in b], atol=1e-5)


def test_a_model_made_from_it_is_not_answered_by_the_old_network(quick):
    x, random = batch(quick, 2), randomised(quick, 1)
    assert random.quick is None
    torch.testing.assert_close(random.logits(x), random.net(x))
    assert not torch.allclose(random.logits(x), quick.logits(x), atol=1e-2)


def test_where_it_is_not_installed_pytorch_does_it_and_asking_for_it_is_a_sentence(plain, monkeypatch):
    monkeypatch.setattr(fast_module, "installed", lambda: False)
    assert fast(plain).quick is None
    with pytest.raises(EmoliveError, match=r"not installed \(pip install"):
        fast(plain, "openvino")
    assert fast(plain, "torch").quick is None


def test_in_windows_pytorch_does_the_first_passes_and_openvino_the_later_ones(plain, monkeypatch):
    """Nothing is prepared beside the first pass, however long that takes; once begun it is made once."""
    made, make = [], fast_module._front
    monkeypatch.setattr(fast_module, "_front", lambda *args: made.append(make(*args)) or made[-1])
    monkeypatch.setattr(fast_module, "CALM_S", math.inf)
    soon = fast(plain, wait=False)
    x = batch(soon, 2)
    assert all(soon.quick is None for _ in range(3))
    first = soon.logits(x)
    assert not made
    monkeypatch.setattr(fast_module, "CALM_S", 0.0)
    front = wait_for(lambda: soon.quick)
    assert made == [front]
    assert soon.quick is front
    torch.testing.assert_close(soon.logits(x), first, atol=1e-4, rtol=1e-4)


def test_nothing_that_others_see_goes_through_the_network_while_openvino_is_prepared(plain):
    """They look through it meanwhile, with hooks on its layers."""
    soon = fast(plain, wait=False)
    with taps(soon.net, LAYERS) as caught:
        assert soon.front._make() is not None
    assert not caught
    with taps(soon.net, LAYERS) as caught:
        soon.net(batch(soon, 1))
    assert len(caught) == len(LAYERS)


def test_where_openvino_fails_windows_go_on_with_pytorch(plain, monkeypatch):
    asked = []

    def fails(*_: object) -> None:
        asked.append(1)
        raise RuntimeError("no such operation")

    monkeypatch.setattr(fast_module, "Front", fails)
    monkeypatch.setattr(fast_module, "CALM_S", 0.0)
    soon = fast(plain, wait=False)
    wait_for(lambda: soon.quick or asked)
    assert soon.front._made.exception(timeout=60) is None
    assert soon.quick is None
    with pytest.raises(EmoliveError, match="no such operation"):
        fast(plain, "openvino", wait=False)


def test_its_converter_has_nothing_to_report_with():
    code = (
        "from emolive.networks.checkpoint import load; from emolive.networks.fast import fast; import sys;"
        "assert fast(load(), 'openvino').quick; print([n for n in sys.modules if 'telemetry' in n and sys.modules[n]])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "openvino_telemetry" not in done.stdout, done.stdout


@pytest.mark.parametrize("threads", [1, 2])
def test_it_takes_as_many_threads_as_pytorch_was_given(quick, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        graph = quick.quick.graph(("layer1",), 1)
    finally:
        torch.set_num_threads(before)
    assert graph.get_property("INFERENCE_NUM_THREADS") == threads


LOOKED_AT = """
import faulthandler, gc, os, signal
faulthandler.enable()
from emolive.networks.checkpoint import load
from emolive.networks.fast import fast
first, second = (fast(load(), "openvino") for _ in range(2))
del first
gc.collect()
del second
gc.collect()
signal.signal(signal.SIGINT, lambda *_: print("heard", flush=True))
os.kill(os.getpid(), signal.SIGINT)
print("alive")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no process sends itself Ctrl-C there")
@pytest.mark.ci
def test_ctrl_c_is_heard_after_graphs_and_networks_are_gone():
    """Each OpenVINO core once left the thread a stack for its signals that was gone: Ctrl-C ended it without a word."""
    done = subprocess.run([sys.executable, "-c", LOOKED_AT], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.split()) == (0, ["heard", "alive"]), done.stderr
