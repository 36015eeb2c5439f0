"""A recording that can be looked at again: what is in its folder, and what is left of it after a crash."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import numbered_frames, numbers, probed_times, scene_of

from emolive.core.errors import OutputError, SourceError
from emolive.core.scene import Picture, Settings, Variant
from emolive.media.bundle import Bundle, Run, read_bundle
from emolive.media.switch import RecordingSwitch

SUPPORT = Path(__file__).resolve().parents[1] / "support"
RUN = Run({"method": "gradcam", "views": ["camera"]}, "abc", ("happy", "sad"))
GREY = Picture(np.full((64, 96, 3), 128, np.uint8))


def record(folder: Path, count: int = 20, settings: Settings = Settings()) -> Path:
    with Bundle(folder, RUN, lossless_queue=True) as bundle:
        for frame in numbered_frames([40.0 * i for i in range(count)]):
            bundle(scene_of(frame, settings), {"camera": GREY})
    return folder


def test_clean_and_annotated_and_data_belong_together(tmp_path):
    folder = record(tmp_path / "one")
    assert sorted(p.name for p in folder.iterdir()) == ["annotated.mp4", "clean.mp4", "data.jsonl", "settings.json"]
    assert numbers(folder / "clean.mp4") == list(range(20))
    assert set(numbers(folder / "annotated.mp4")) == {0}
    rows = [json.loads(line) for line in (folder / "data.jsonl").read_text().splitlines()]
    assert [row["frame"] for row in rows] == list(range(20))
    np.testing.assert_allclose(probed_times(folder / "clean.mp4"), [row["t_ms"] for row in rows], atol=0.02)
    assert probed_times(folder / "annotated.mp4") == probed_times(folder / "clean.mp4")


def test_settings_come_back(tmp_path):
    settings = Settings(method="layercam", pins=(3, 7), compare=Variant("b", "cam", channels=(1,)), target="sad")
    found = read_bundle(record(tmp_path / "one", settings=settings))
    assert found.settings == settings
    assert (found.sha256, found.options["method"]) == ("abc", "gradcam")
    facts = json.loads((tmp_path / "one" / "settings.json").read_text())
    assert facts["begins"] == {"frame": 0, "t_ms": 0.0}
    assert facts["versions"]["emolive"]


def test_the_switch_makes_a_folder_each_time(tmp_path):
    on, off = Settings(record=True), Settings()
    frames = iter(numbered_frames([40.0 * i for i in range(30)]))
    with RecordingSwitch(tmp_path, lossless_queue=True, bundle=RUN) as switch:
        for settings in [on] * 10 + [off] * 5 + [on] * 10:
            switch(scene_of(next(frames), settings), {"camera": GREY})
        assert switch.recording
    first, second = sorted(tmp_path.iterdir())
    assert {first, second} == set(switch.saved)
    assert numbers(first / "clean.mp4") == list(range(10))
    assert numbers(second / "clean.mp4") == list(range(15, 25))
    assert json.loads((second / "settings.json").read_text())["begins"]["frame"] == 15


@pytest.mark.parametrize("broken", ["missing", "no json", '{"options": {}}', "[]", '{"options": 1, "settings": {}}'])
def test_no_bundle(tmp_path, broken):
    folder = record(tmp_path / "one", 3)
    (folder / "settings.json").write_text(broken)
    if broken == "missing":
        (folder / "settings.json").unlink()
    with pytest.raises(SourceError, match=r"settings\.json"):
        read_bundle(folder)


def test_where_it_may_not_be_written(tmp_path):
    with pytest.raises(OutputError), Bundle(Path("/proc/x"), RUN):
        pass
    record(tmp_path / "one", 3)
    with pytest.raises(OutputError, match="exists already"), Bundle(tmp_path / "one", RUN):
        pass


@pytest.mark.ci
def test_kill_costs_a_second_at_most(tmp_path):
    script = f"""
import sys, time
sys.path[:0] = [{str(SUPPORT)!r}, {str(Path(__file__).parent)!r}]
from test_bundle import *
from films import numbered
from waits import passes
from emolive.core.scene import Frame
began = time.monotonic()
with Bundle(Path({str(tmp_path / "one")!r}), RUN) as bundle:
    for i in range(10_000):
        passes(max(0, began + i / 25 - time.monotonic()))  # as a camera would
        bundle(scene_of(Frame(i, 40.0 * i, numbered(i % 256))), {{"camera": GREY}})
        print(i, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if int(line) == 60:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    folder = tmp_path / "one"
    assert read_bundle(folder).source == ""
    assert len((folder / "data.jsonl").read_text().splitlines()) >= 60
    for name in ("clean.mp4", "annotated.mp4"):
        assert probed_times(folder / name)[-1] > 60 * 40 - 1000
        play = ["ffmpeg", "-v", "error", "-i", folder / name, "-f", "null", "-"]
        assert not subprocess.run(play, capture_output=True, check=True).stderr
    kept = numbers(folder / "clean.mp4")
    assert kept == list(range(len(kept)))


def test_unknown_settings_of_another_version_are_left_out(tmp_path):
    folder = record(tmp_path / "one", 3)
    facts = json.loads((folder / "settings.json").read_text())
    facts["settings"]["from_the_future"] = 1
    (folder / "settings.json").write_text(json.dumps(facts))
    assert read_bundle(folder).settings == replace(Settings())
