"""Done means: the files are there and are what was written, of this video, made as would be done now."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from inline import InlineEngine
from thinned import dear

from emolive.commands.main import cli
from emolive.corpus import engines, manifest
from emolive.corpus.layout import results
from emolive.corpus.result import VideoResult
from emolive.networks.checkpoint import load


@pytest.fixture(autouse=True)
def inline(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "local", InlineEngine)


@pytest.fixture(scope="module")
def weights(tmp_path_factory, model) -> Path:
    """The shipped network as a file of bare weights, with its facts beside it."""
    import dataclasses

    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("network")
    save_file({name: t.contiguous() for name, t in model.net.state_dict().items()}, folder / "net.safetensors")
    facts = dataclasses.asdict(model.spec)
    (folder / "net.json").write_text(json.dumps({k: v for k, v in facts.items() if k not in ("metrics", "recipe")}))
    return folder / "net.safetensors"


@pytest.fixture(scope="module")
def made(tmp_path_factory, film, weights) -> Path:
    """A study that is done: `study`, `results`, and the network."""
    root = tmp_path_factory.mktemp("made")
    (root / "study").mkdir()
    shutil.copy(film, root / "study" / "clip.mp4")
    for path in (weights, weights.with_suffix(".json")):
        shutil.copy(path, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(engines.ENGINES, "local", InlineEngine)
        done = batch(root)
    assert done.exit_code == 0, done.output
    return root


@pytest.fixture
def root(made, tmp_path) -> Path:
    """A copy of it, with all times as they were."""
    shutil.copytree(made, tmp_path / "root", dirs_exist_ok=True)
    root = tmp_path / "root"
    report = root / "results" / "clip" / "report.json"
    report.write_text(report.read_text().replace(str(made), str(root)))
    return root


def batch(root: Path, *more: object) -> Result:
    given = ["batch", root / "study", "--out", root / "results", "--model", root / "net.safetensors", *more]
    return CliRunner().invoke(cli, [str(word) for word in given])


def why(root: Path, *more: object) -> str:
    done = batch(root, "--why", root / "study" / "clip.mp4", *more)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_record_says_all_that_its_result_depends_on(root):
    record = VideoResult.read(root / "results" / "clip")
    video, data = root / "study" / "clip.mp4", root / "results" / "clip" / "data.jsonl"
    assert (record.size, record.mtime_ns) == (video.stat().st_size, video.stat().st_mtime_ns)
    assert record.content == manifest.content_hash(video)
    assert {name: (f.size, f.mtime_ns, f.sha256) for name, f in record.files.items()} == {
        "data.jsonl": (data.stat().st_size, data.stat().st_mtime_ns, manifest.content_hash(data))
    }
    (network,) = record.options["networks"]
    assert {"weights", "labels", "crop_margin", "temperature"} <= network.keys()
    assert {"detector_file", "mesh_file", "numbers", "method"} <= record.options.keys()
    assert record.attempts == 1
    assert "Nothing would be done again" in why(root)
    assert "1 of them before" in batch(root).output


def gone(root: Path, _) -> None:
    (root / "results" / "clip" / "data.jsonl").unlink()


def emptied(root: Path, _) -> None:
    (root / "results" / "clip" / "data.jsonl").write_text("")


def changed_within(root: Path, _) -> None:
    path = root / "results" / "clip" / "data.jsonl"
    path.write_bytes(path.read_bytes().replace(b"happy", b"hippy"))


def other_labels(root: Path, _) -> None:
    facts = json.loads((root / "net.json").read_text())
    facts["labels"] = [*facts["labels"][1:], facts["labels"][0]]
    (root / "net.json").write_text(json.dumps(facts))


def other_margin(root: Path, _) -> None:
    facts = json.loads((root / "net.json").read_text())
    facts["crop_margin"]["full"] = 1.4
    (root / "net.json").write_text(json.dumps(facts))


def other_numbers(_, monkeypatch) -> None:
    monkeypatch.setattr(manifest, "NUMBERS", 99)


def other_detector(_, monkeypatch) -> None:
    monkeypatch.setattr(manifest, "version", lambda name: "9.9")
    manifest._finders.cache_clear()


def other_mesh(_, monkeypatch) -> None:
    real = manifest.weights
    monkeypatch.setattr(manifest, "weights", lambda name: real("mean_face.safetensors" if "landmark" in name else name))
    manifest._finders.cache_clear()


def other_video(root: Path, _) -> None:
    with (root / "study" / "clip.mp4").open("ab") as file:
        file.write(bytes(8))


def earlier(root: Path, _) -> None:
    path = root / "results" / "clip" / "report.json"
    facts = json.loads(path.read_text())
    for name in ("size", "mtime_ns", "files", "attempts", "format"):
        del facts[name]
    path.write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (gone, "data.jsonl is gone"),
        *dear((emptied, "data.jsonl has 0 bytes"), (other_labels, "networks.1.labels")),
        (changed_within, "data.jsonl is not what was written"),
        *dear((other_margin, "networks.1.crop-margin.full: 1.1 → 1.4"), (other_detector, "MediaPipe 9.9")),
        (other_numbers, "numbers: "),
        *dear((other_mesh, "mesh-file")),
        (other_video, "the video has"),
        (earlier, "earlier emolive"),
    ],
)  # fmt: skip
def test_what_is_no_longer_so_is_not_done(root, monkeypatch, change, words):
    try:
        change(root, monkeypatch)
        assert words in why(root)
        status = json.loads(batch(root, "--status", "--json").stdout)
        assert (status["done"], len(status["again"])) == ([], 1)
    finally:
        manifest._finders.cache_clear()


def test_an_option_that_is_another_is_named(root):
    first = load().spec.best_map.get("method", "gradcam")
    assert f"method: {first} → hirescam" in why(root, "--method", "hirescam")
    assert "Nothing" in why(root, "--model", root / "net.safetensors")


def test_what_is_done_again_is_whole_again(root):
    gone(root, None)
    done = batch(root)
    assert "1 videos done\n" in done.output
    assert "A result that is there will be made again (its data.jsonl is gone). --why VIDEO tells" in done.output
    assert (root / "results" / "clip" / "data.jsonl").stat().st_size > 0
    assert "1 of them before" in batch(root).output


def test_a_damaged_video_of_the_same_size_and_time_is_seen_by_verify(root):
    video = root / "study" / "clip.mp4"
    facts = video.stat()
    data = bytearray(video.read_bytes())
    data[-200] ^= 1
    video.write_bytes(data)
    os.utime(video, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert "Nothing" in why(root)
    assert "content is another one" in why(root, "--verify")


def test_a_renamed_folder_a_touched_video_and_copied_results_are_done(root):
    """A renamed or moved video is the same video; its record says where it is now."""
    (root / "study").rename(root / "elsewhere")
    (root / "study").mkdir()
    (root / "elsewhere" / "clip.mp4").rename(root / "study" / "renamed.mp4")
    shutil.copytree(root / "results", root / "copy", copy_function=shutil.copy)  # with times of now
    shutil.rmtree(root / "results")
    (root / "copy").rename(root / "results")
    done = batch(root)
    assert "1 of them before" in done.output
    assert [folder.name for folder in results(root / "results")] == ["clip"]
    record = VideoResult.read(root / "results" / "clip")
    assert record.source == str(root / "study" / "renamed.mp4")
    assert not (root / "results" / ".making").exists()
    os.utime(root / "study" / "renamed.mp4")
    assert "1 of them before" in batch(root).output
    facts = (root / "study" / "renamed.mp4").stat()
    assert VideoResult.read(root / "results" / "clip").mtime_ns == facts.st_mtime_ns


def test_a_moved_video_that_is_done_with_other_settings_keeps_its_result(root):
    (root / "study").rename(root / "later")
    (root / "study").mkdir()
    (root / "later" / "clip.mp4").rename(root / "study" / "other.mp4")
    assert batch(root, "--method", "layercam").exit_code == 0
    assert [folder.name for folder in results(root / "results")] == ["clip"]
    assert VideoResult.read(root / "results" / "clip").options["method"] == "layercam"


def test_a_copy_beside_it_is_another_video(root):
    shutil.copy2(root / "study" / "clip.mp4", root / "study" / "twin.mp4")
    status = json.loads(batch(root, "--status", "--json").stdout)
    assert status["done"] == [str(root / "study" / "clip.mp4")]
    assert status["left"] == [str(root / "study" / "twin.mp4")]


def test_status_says_what_is_where_and_changes_nothing(root):
    (root / "study" / "broken.mp4").write_text("no film")
    assert batch(root).exit_code == 1
    (root / "study" / "new.mp4").write_text("no film either")
    before = {path: path.stat().st_mtime_ns for path in (root / "results").rglob("*")}
    said = batch(root, "--status").output
    assert "1 done, 0 to be done again, 1 not done yet, 1 failed, 0 in work" in said
    assert "broken.mp4" in said
    of_folder = CliRunner().invoke(cli, ["batch", "--status", "--out", str(root / "results")]).output
    assert "1 done, 0 to be done again, 1 failed, 0 in work" in of_folder
    assert {path: path.stat().st_mtime_ns for path in (root / "results").rglob("*")} == before


def test_results_of_another_batch_inside_the_study_are_no_videos(root):
    shutil.copytree(root / "results", root / "study" / "old results")
    film = root / "study" / "old results" / "clip" / "video.mp4"
    shutil.copy(root / "study" / "clip.mp4", film)
    report = film.with_name("report.json")
    report.write_text(report.read_text().replace('"video": null', '"video": "video.mp4"'))
    done = batch(root)
    assert "Left out, as results of emolive: clip" in done.output
    assert "1 videos done, 1 of them before" in done.output


@pytest.mark.ci
def test_videos_that_changed_places_are_done(root):
    """Names that were swapped, and a chain of renames: each content is known, whatever it is called now."""
    study = root / "study"
    (study / "other.mp4").write_bytes((study / "clip.mp4").read_bytes() + bytes(4))
    assert batch(root).exit_code == 0
    before = {folder.name: VideoResult.read(folder).content for folder in results(root / "results")}
    (study / "clip.mp4").rename(study / "away")
    (study / "other.mp4").rename(study / "clip.mp4")
    (study / "away").rename(study / "other.mp4")
    assert "2 of them before" in batch(root).output
    now = {folder.name: VideoResult.read(folder) for folder in results(root / "results")}
    assert {name: one.content for name, one in now.items()} == before
    for one in now.values():
        assert manifest.content_hash(Path(one.source)) == one.content
    assert "2 of them before" in batch(root).output
    (study / "clip.mp4").rename(study / "third.mp4")
    (study / "other.mp4").rename(study / "clip.mp4")
    assert "2 of them before" in batch(root).output
    assert {folder.name: VideoResult.read(folder).content for folder in results(root / "results")} == before


@pytest.mark.ci
def test_a_result_that_stands_for_a_moved_video_is_not_given_to_the_one_that_took_its_place(root):
    study = root / "study"
    (study / "other.mp4").write_bytes((study / "clip.mp4").read_bytes() + bytes(4))
    assert batch(root).exit_code == 0
    (study / "clip.mp4").rename(study / "away")
    (study / "other.mp4").rename(study / "clip.mp4")
    (study / "away").rename(study / "other.mp4")
    shutil.rmtree(root / "results" / "clip")  # so other.mp4 is to be done, and clip.mp4 is done, in `other`
    assert "2 videos done, 1 of them before" in batch(root).output
    assert "2 videos done, 2 of them before" in batch(root).output


@pytest.mark.ci
def test_one_result_stands_for_one_video(root):
    """A video that was moved, and copied: one of the two is known, the other is another video."""
    (root / "study" / "clip.mp4").rename(root / "study" / "one.mp4")
    shutil.copy(root / "study" / "one.mp4", root / "study" / "two.mp4")
    assert "2 videos done, 1 of them before" in batch(root).output
    assert "2 videos done, 2 of them before" in batch(root).output
    assert sorted(folder.name for folder in results(root / "results")) == ["clip", "two"]


def test_nothing_is_read_again_that_is_as_it_was(root, monkeypatch):
    """Of the same size and time: neither a video nor a result is hashed, and no known video is opened."""
    from emolive.corpus import standing
    from emolive.media import folders

    hashed, opened = [], []
    monkeypatch.setattr(standing, "content_hash", lambda path: hashed.append(path) or "another")
    monkeypatch.setattr(folders, "is_video", lambda path: opened.append(path) or True)
    assert "1 of them before" in batch(root).output
    assert (hashed, opened) == ([], [])
    os.utime(root / "study" / "clip.mp4")
    batch(root)
    assert [path.name for path in hashed] == ["clip.mp4"]


def test_what_lies_in_the_results_inside_the_study_is_not_spoken_of(root):
    """Neither as videos nor as what was skipped; a folder that links to one above it is walked once."""
    (root / "study" / "up").symlink_to(root / "study", target_is_directory=True)
    (root / "results").rename(root / "study" / "results")
    (root / "study" / "notes.txt").write_text("mine")
    given = ["batch", root / "study", "--out", root / "study" / "results", "--model", root / "net.safetensors"]
    done = CliRunner().invoke(cli, [str(word) for word in given])
    assert "1 videos done, 1 of them before" in done.output
    assert "Skipped, as no video that can be read: notes.txt.\n" in done.output


def test_what_is_done_is_done_also_on_a_disk_that_can_only_be_read(root, monkeypatch):
    """Nothing is made there for it; where a record could be brought up to date, that is left for another time."""
    from emolive.core.errors import OutputError

    before = {path: path.stat().st_mtime_ns for path in (root / "results", root / "results" / "clip")}
    assert "1 videos done, 1 of them before" in batch(root).output
    assert {path: path.stat().st_mtime_ns for path in before} == before

    def refused(_: Path) -> None:
        raise OutputError("Read-only file system")

    monkeypatch.setattr("emolive.corpus.batch._make", refused)
    (root / "study" / "clip.mp4").rename(root / "study" / "renamed.mp4")
    assert "1 videos done, 1 of them before" in batch(root).output
    shutil.copy(root / "study" / "renamed.mp4", root / "study" / "new.mp4")
    assert "Read-only file system" in batch(root).output
