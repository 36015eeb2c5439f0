"""A wrong map must not win: of real faces, maps of other faces and hills anywhere near the middle."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from emolive.audit.controls import HILL, controls_of, hill, scaled
from emolive.audit.masks import grid, masked, masks
from emolive.audit.probe import logits_of, proven
from emolive.audit.tally import of_picture
from emolive.audit.verdict import verdict
from emolive.core.evidence import MASKINGS, OWN
from emolive.networks.checkpoint import as_seen
from emolive.reports.maps import maps
from emolive.training.dataset import whole_crop

WAYS = ("gradcam", "layer4"), ("hirescam", "layer3")


@pytest.fixture(scope="session")
def public(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PublicTest of FER2013, unpacked."""
    import tarfile

    packed = shared / "fer2013" / "fer2013.tar.gz"
    if not packed.is_file():
        pytest.skip(f"{packed} is not there")
    folder = tmp_path_factory.mktemp("fer2013")
    with tarfile.open(packed) as tar:
        some = [member for member in tar if member.name.startswith("fer2013/validation/")]
        tar.extractall(folder, some, filter="data")
    return folder / "fer2013" / "validation"


def won(model, public, way: tuple[str, str], count: int) -> dict[str, list[bool]]:
    """Whether the verdict is "beats its controls", for own maps, for those of other faces with the same answer, and for
    hills of other widths and places than the one that is a control."""
    files = sorted(public.rglob("*.jpg"))
    files = [files[i] for i in np.random.default_rng(5).permutation(len(files))[:count]]
    size = model.spec.crop_size
    crops = np.stack([as_seen(whole_crop(cv2.imread(str(file)), size), model.spec) for file in files])
    seen = [maps(model, model.prepare(crops[i : i + 20]), [way[0]], [way[1]]) for i in range(0, count, 20)]
    cams = [cam for part in seen for cam in part.cams[way]]
    results = [result for part in seen for result in part.results]
    blind = [act.mean(0).numpy() for part in seen for act in part.caught[way[1]]]
    rng, controls, found = np.random.default_rng(6), controls_of(model), {"own": [], "shuffled": [], "centred": []}
    for i, (cam, result) in enumerate(zip(cams, results, strict=True)):
        same = [j for j in range(count) if j != i and results[j].target == result.target]
        tried = [("own", cam), ("centred", near(hill(cam.shape), rng))]
        tried += [("shuffled", scaled(cams[j])) for j in rng.permutation(same)[:2]]
        before = float(result.probs[result.target])
        whole = proven(model, controls, crops[i], cam, result.target, before, way, blind[i])
        for kind, one in tried:
            own = np.stack([masked(crops[i], masks(grid(one))[0], how) for how in MASKINGS])
            seen = model.probabilities(logits_of(model, own))[:, result.target].tolist()
            instead = dict(
                zip(MASKINGS, seen, strict=True)
            )  # the controls are the same, whatever map is put to the test
            after = tuple(instead[ask.masking] if ask.of == OWN else one for ask, one in
                          zip(whole.asks, whole.after, strict=True))  # fmt: skip
            evidence = of_picture(replace(whole, after=after))
            said = verdict(evidence, model.spec.labels[result.target])
            found[kind].append(said.word == "beats its controls")
            assert verdict(evidence, "happy", blind=True).word == "no verdict"
    return found


def near(middle: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A hill of another width, a little beside the middle."""
    height, width = middle.shape
    y, x = ((np.arange(n) + 0.5) / n - 0.5 - rng.uniform(-0.1, 0.1) for n in (height, width))
    wide = HILL * rng.uniform(0.6, 1.5)
    return np.exp(-(y[:, None] ** 2 + x[None] ** 2) / (2 * wide**2)).astype(np.float32)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("count", "most"),
    [
        pytest.param(24, 3, marks=pytest.mark.ci),  # 5 % and what chance may add: 3 of 48 or more come in 3 % of cases
        pytest.param(200, 20, marks=pytest.mark.endurance),  # 5 % of 400
    ],
)
def test_of_wrong_maps_at_most_one_in_twenty_gets_the_verdict(model, public, way, count, most):
    found = won(model, public, way, count)
    print({kind: f"{100 * np.mean(each):.1f} % of {len(each)}" for kind, each in found.items()})
    assert sum(found["shuffled"]) <= most
    assert sum(found["centred"]) <= max(2, most // 2)
    assert len(found["own"]) == count
