"""Which map is shown at first: the one that an audit of the network trusts most, unless somebody asks for another."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from nets import seeded

from emolive.core.options import Options
from emolive.core.scene import Variant
from emolive.faces.track import Tracker
from emolive.live import session
from emolive.media.demo import DemoClip
from emolive.media.player import Player
from emolive.reports.figures import title
from emolive.web.studio import usual_map

ROOT = Path(__file__).parents[2]

BEST = {"method": "hirescam", "layer": "layer3"}
NONE: dict[str, str] = {}


@pytest.mark.parametrize(
    ("best", "asked", "shown"),
    [
        (NONE, {}, ("gradcam", "layer4")),
        (BEST, {}, ("hirescam", "layer3")),
        (BEST, {"method": "hirescam"}, ("hirescam", "layer3")),
        (BEST, {"method": "cam"}, ("cam", "layer4")),  # at layer3 it is not defined
        (BEST, {"layer": "layer2"}, ("hirescam", "layer2")),
        (BEST, {"method": "cam", "layer": "layer1"}, ("cam", "layer1")),
        (NONE, {"method": "layercam"}, ("layercam", "layer4")),
        (NONE, {"layer": "layer2"}, ("gradcam", "layer2")),
    ],
)
def test_what_is_not_asked_for_says_the_networks_audit(best, asked, shown):
    net = seeded()
    net = replace(net, spec=replace(net.spec, best_map=best))
    with ExitStack() as stack:
        player = stack.enter_context(Player([lambda: DemoClip(1)], realtime=False))
        parts, settings = session.parts(Options(headless=True, **asked), net, player, lambda _: (), Tracker())
    assert (settings.method, settings.layer, settings.filter_layer) == (*shown, "layer4")
    assert (parts.menu.start.method, parts.menu.start.layer) == shown  # what the key 0 goes back to
    beside = Options(layer_b="layer1", **asked).with_map(best).settings()
    assert beside.compare == Variant(method=shown[0], layer="layer1")


def test_the_page_begins_with_it_too_and_with_what_there_is():
    net = seeded()
    assert usual_map(net) == ("gradcam", "layer4")
    for best, shown in (
        (BEST, ("hirescam", "layer3")),
        ({"method": "magic", "layer": "layer3"}, ("gradcam", "layer4")),
        ({"method": "cam", "layer": "layer9"}, ("gradcam", "layer4")),
    ):
        assert usual_map(replace(net, spec=replace(net.spec, best_map=best))) == shown


def test_the_shipped_networks_first_map_is_its_audits(model):
    """What docs/AUDIT.md says first, and the fact beside the weights, are of one audit."""
    words = (ROOT / "docs" / "AUDIT.md").read_text(encoding="utf-8").split("written by train/audit.py -->")[1]
    best = model.spec.best_map
    if best:
        assert f"{title(best['method'])} at {best['layer']}" in words.split("(")[0]
        assert best["layer"] in model.layers
