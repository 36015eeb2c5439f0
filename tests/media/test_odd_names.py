"""Names that are no text, links in circles, devices: outputs go there, or a sentence says why not."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emolive.core.errors import EmoliveError, ModelError, OutputError
from emolive.core.files import check_model, check_output
from emolive.core.options import Options
from emolive.live.outputs import check_outputs
from emolive.media.still import PictureWriter, write_picture
from emolive.media.switch import RecordingSwitch
from emolive.reports.people import read_people

NO_TEXT = os.fsdecode(b"na\xff.png")


def test_a_picture_whose_name_is_no_text(tmp_path):
    """OpenCV's `haveImageWriter` ended the process with a segmentation fault."""
    with PictureWriter(tmp_path / NO_TEXT):
        write_picture(tmp_path / NO_TEXT, np.zeros((8, 8, 3), np.uint8))
    assert (tmp_path / NO_TEXT).read_bytes().startswith(b"\x89PNG")


def test_no_output_goes_to_a_device_or_a_pipe(tmp_path):
    os.symlink("/dev/full", tmp_path / "full.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    for name in ("full.jsonl", "pipe.jsonl"):
        with pytest.raises(OutputError, match="pipe or a device"):
            check_output(tmp_path / name, overwrite=True)


def test_links_in_a_circle(tmp_path):
    os.symlink("circle.jsonl", tmp_path / "circle.jsonl")
    with pytest.raises(EmoliveError, match=r"circle\.jsonl"):
        read_people(tmp_path / "circle.jsonl")
    check_outputs(replace(Options(), data=tmp_path / "circle.jsonl", overwrite=True), [])
    assert Options(data=tmp_path / "circle.jsonl").plain()["data"]


@pytest.mark.parametrize("name", ["/dev/zero", "/proc/kmsg"])
def test_a_model_that_is_a_device(name):
    if not Path(name).exists():
        pytest.skip(f"{name} is not there")
    with pytest.raises(ModelError):
        check_model(Path(name))


def test_a_model_or_data_of_40_gb_of_nothing(tmp_path):
    for name in ("m.pt", "x.jsonl", "x.csv", "x.parquet"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(40 << 30)
    with pytest.raises(ModelError, match="more than"):
        check_model(tmp_path / "m.pt")
    for name in ("x.jsonl", "x.csv", "x.parquet"):
        with pytest.raises(EmoliveError):
            read_people(tmp_path / name)


def test_a_recordings_folder_that_may_not_be_looked_into_is_a_note(tmp_path):
    switch = RecordingSwitch(tmp_path / ("x" * 300))
    with pytest.raises(OutputError, match="--recordings"):
        switch._free_path(".mp4")
