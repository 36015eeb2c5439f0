"""No frame leaves the machine, and nothing else does: each command in a network whose only way out is read."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import sealed
import visit
from films import write_video

from emolive.media.cast import hopper
from emolive.networks.checkpoint import load

pytestmark = pytest.mark.ci  # network namespaces

HEADLESS = ("--headless", "--frames", "3")

TALKATIVE = {
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true",
    "RAY_USAGE_STATS_ENABLED": "1",
    "HF_HUB_ENABLE_TELEMETRY": "1",
}
"""What a user's environment may hold; emolive is silent all the same."""

SILENCING = ("DO_NOT_TRACK", "RAY_", "STREAMLIT_", "HF_", "NO_", "EMOLIVE_")
"""What is taken out of the environment: it could hide what emolive, or OpenVINO, lets through."""


class Sealed:
    """Runs emolive's commands, each once, in a folder of its own with a film, pictures and an empty home."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ran = folder, dict[str, sealed.Ran]()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(SILENCING) and k != "DISPLAY"}
        (folder / "home").mkdir()
        self._environment = kept | TALKATIVE | {"HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "home")}
        portrait = hopper()
        cv2.imwrite(str(folder / "face.jpg"), portrait)
        small = cv2.resize(portrait[:420, 95:425], (192, 256))
        write_video(folder / "a.mp4", [0.0, 40.0, 80.0], lambda _: small)
        for n, label in enumerate(["happy", "sad"] * 4):
            (folder / "data" / label).mkdir(parents=True, exist_ok=True)
            picture = np.random.default_rng(n).integers(0, 256, (48, 48, 3), np.uint8)  # no twins, which stay together
            cv2.imwrite(str(folder / "data" / label / f"{n}.png"), picture)

    def __call__(self, name: str) -> sealed.Ran:
        if name not in self._ran:
            command = (COMMANDS | ASKING)[name]
            for needed in NEEDS.get(name, ()):
                self(needed)
            whole = command(self.folder)
            python = [sys.executable, *whole] if whole[0].endswith(".py") else [sys.executable, "-m", "emolive", *whole]
            self._ran[name] = sealed.run(python, self.folder, self._environment)
        return self._ran[name]


def web(_: Path) -> list[str]:
    layer = load().spec.best_map.get("layer", "layer4")
    return [visit.__file__, "8599", layer, "Every emotion", "Probability of each emotion"]


TRAIN = ["--stages", "64x1", "--batch", "4", "--workers", "0", "--val-fraction", "0.25", "--init", "none"]

COMMANDS: dict[str, Callable[[Path], list[str]]] = {
    "demo": lambda at: ["demo", *HEADLESS],
    "file": lambda at: ["file", "a.mp4", *HEADLESS, "--bundle", "--recordings", "bundles", "--data", "a.jsonl"],
    "explain": lambda at: ["explain", "face.jpg", "--out", "page", "--methods", "gradcam", "--layers", "layer4"],
    "batch": lambda at: ["batch", "a.mp4", "--out", "results", "--workers", "1"],
    "batch by Ray": lambda at: ["batch", "a.mp4", "--out", "by-ray", "--workers", "1", "--engine", "ray"],
    "train": lambda at: ["train", "data", "--out", "run", *TRAIN],
    "evaluate": lambda at: ["evaluate", "data", "--out", "figures", "--model", str(next(at.glob("run/*.safetensors")))],
    "replay": lambda at: ["replay", str(next((at / "bundles").iterdir())), *HEADLESS, "--report", "session"],
    "summary": lambda at: ["summary", "results"],
    "plot": lambda at: ["plot", "a.jsonl", "--min-seconds", "0"],
    "layers": lambda at: ["layers"],
    "bench": lambda at: ["bench", "--faces", "1"],
    "web": web,
}
"""Every command that works on something, by name."""

ASKING = {"train from ImageNet": lambda at: ["train", "data", "--out", "other", *TRAIN[:-2]]}
"""What connects to somebody because it must."""

NEEDS = {"evaluate": ["train"], "replay": ["file"], "summary": ["batch"], "plot": ["file"]}


@pytest.fixture(scope="module")
def emolive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    if not sealed.how():
        pytest.skip(sealed.missing())
    return Sealed(tmp_path_factory.mktemp("sealed"))


def test_what_leaves_is_seen(tmp_path):
    """The control: a look-up, and knocking at a foreign door."""
    if not sealed.how():
        pytest.skip(sealed.missing())
    asked = sealed.run([sys.executable, "-c", sealed.LOOK_UP], tmp_path)
    assert len(asked.left) == 1
    assert "port 53" in asked.left[0]
    knock = "import socket as s, contextlib\nwith contextlib.suppress(OSError): s.create_connection(('{}', 80), 0.5)"
    for address in ("169.254.169.254", "192.0.2.1"):
        knocked = sealed.run([sys.executable, "-c", knock.format(address)], tmp_path)
        assert [words.split("TCP ")[-1] for words in knocked.left] == [f"to {address} port 80"]
    assert sealed.run([sys.executable, "-c", knock.format("127.0.0.1")], tmp_path).left == ()


@pytest.mark.parametrize("name", COMMANDS)
def test_no_packet_leaves(name, emolive):
    ran = emolive(name)
    assert ran.status == 0, ran.output
    assert ran.left == ()


def test_training_asks_for_imagenets_weights_where_the_readme_says_so(emolive):
    """The one address that a command asks of itself. Without an answer it ends in a sentence."""
    ran = emolive("train from ImageNet")
    assert ran.status == 1
    assert "cannot be downloaded" in ran.output
    assert "Traceback" not in ran.output
    assert all("download.pytorch.org" in words for words in ran.left)
    assert ran.left


@pytest.mark.endurance
def test_no_command_sends_a_packet(emolive, tally):
    """Each command runs in a network namespace of its own whose only way out is read by the test: demo, file, explain,
    batch by processes and by Ray, train, evaluate, replay, summary, plot, layers, bench, and web with one visit."""
    for name in COMMANDS:
        ran = emolive(name)
        assert ran.status == 0, ran.output
        tally("nothing left" if not ran.left else f"{name}: {ran.left}")
    assert list(tally.outcomes) == ["nothing left"]
    tally.say(f"seen by {'a TUN device' if sealed.how() == 'tun' else 'strace'}, which saw a look-up made on purpose")
