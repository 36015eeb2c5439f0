"""The figures of a report against independent sums; test-time augmentation; the folder command."""

import dataclasses
import json

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from thinned import thinned

from emolive.commands.main import cli
from emolive.commands.training import evaluate
from emolive.core.errors import EmoliveError
from emolive.core.scene import Face, Frame, Memory, Settings
from emolive.faces.crop import crop_face, square
from emolive.live.engine import Engine
from emolive.networks.checkpoint import Spec, build, load
from emolive.training.calibrate import Calibration, calibrate
from emolive.training.dataset import read_faces
from emolive.training.evaluate import agreement, evaluate_folder, measure, predict, views
from emolive.training.names import meanings


@pytest.fixture(scope="module")
def guesses():
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(400, 4)).astype(np.float32) * 2
    truth = np.where(draw.random(400) < 0.6, logits.argmax(1), draw.integers(0, 3, 400))
    truth[truth == 3] = 0  # class 3 is predicted but never true
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return probabilities, truth


def test_figures_against_plain_sums(guesses):
    p, t = guesses
    report = measure(p, t, ["a", "b", "c", "d"])
    guess = p.argmax(1)
    assert report["n"] == 400
    assert report["accuracy"] == pytest.approx((guess == t).mean())
    assert report["confusion"] == [[int(((t == i) & (guess == j)).sum()) for j in range(4)] for i in range(4)]
    assert set(report["recall"]) == {"a", "b", "c"}
    f1 = []
    for k in range(3):
        hit = ((guess == k) & (t == k)).sum()
        assert report["recall"]["abc"[k]] == pytest.approx(hit / (t == k).sum())
        f1.append(2 * hit / ((guess == k).sum() + (t == k).sum()))
    assert report["macro_f1"] == pytest.approx(np.mean(f1))


def test_calibration_error_has_fifteen_equal_bins(guesses):
    p, t = guesses
    sure, right = p.max(1), p.argmax(1) == t
    error = 0.0
    for b in range(15):
        inside = (sure > b / 15) & (sure <= (b + 1) / 15)
        if inside.any():
            error += inside.mean() * abs(sure[inside].mean() - right[inside].mean())
    assert measure(p, t, list("abcd"))["ece"] == pytest.approx(error, abs=1e-6)


@pytest.fixture(scope="module")
def honest():
    """Logits (20000, 5) whose softmax is the chance of each class, and classes drawn by it."""
    draw = np.random.default_rng(1)
    logits = torch.from_numpy(draw.normal(size=(20000, 5)) * 1.5).float()
    return logits, np.array([draw.choice(5, p=row / row.sum()) for row in logits.double().softmax(1).numpy()])


def test_temperature_and_biases_are_found_again(honest):
    logits, truth = honest
    found = calibrate(3 * (logits + torch.tensor([1.0, 0, 0, 0, -1])), truth)
    assert found.temperature == pytest.approx(3, rel=0.05)
    np.testing.assert_allclose(found.bias, [-3, 0, 0, 0, 3], atol=0.3)
    np.testing.assert_allclose(found.scale, 1, atol=0.05)


def test_a_class_that_speaks_too_softly_is_found(honest):
    logits, truth = honest
    scale = torch.tensor([0.5, 1, 1, 1, 1])
    found = calibrate(logits * scale, truth)
    np.testing.assert_allclose(found.scale * scale / found.temperature, 1, atol=0.06)


def test_a_few_pictures_move_the_scales_little(honest):
    logits, truth = honest
    assert abs(calibrate(logits[:12], truth[:12]).scale.log()).max() < 0.35


def test_a_folded_calibration_leaves_the_temperature_only(honest):
    logits, _ = honest
    fitted = Calibration(2.0, torch.tensor([0.5, 1, 1, 1, 2]), torch.tensor([1.0, 0, 0, -1, 0]))
    linear = torch.nn.Linear(5, 5)
    expected = fitted(linear(logits))
    fitted.fold(linear)
    torch.testing.assert_close(linear(logits) / fitted.temperature, expected)
    torch.testing.assert_close(fitted(torch.eye(5))[0], torch.tensor([0.75, 0, 0, -0.5, 0]))


def cross_entropy(logits: np.ndarray, truth: np.ndarray) -> float:
    """In double precision, by hand."""
    z = logits.astype(np.float64)
    z = z - z.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), truth]))


@pytest.mark.parametrize("scale", thinned([1e-30, 1e-6, 1e-3, 0.1, 1, 30, 1e4, 1e30], 4))
@pytest.mark.parametrize(
    ("n", "k", "right"), thinned([(4, 2, 1.0), (12, 2, 0.5), (24, 7, 0.0), (40, 3, 1.0), (9, 7, 0.3)], 4)
)
def test_few_pictures_and_weak_or_strong_logits_give_a_finite_calibration_no_worse_than_none(scale, n, k, right):
    for seed in range(4):
        draw = np.random.default_rng(seed)
        truth = draw.integers(0, k, n)
        logits = draw.normal(size=(n, k))
        logits[np.arange(n), truth] += 6 * (draw.random(n) < right)
        logits = (logits * scale).astype(np.float32)
        found = calibrate(torch.from_numpy(logits), truth)
        assert 0.05 <= found.temperature <= 20
        assert torch.isfinite(found.scale).all()
        assert torch.isfinite(found.bias).all()
        after = cross_entropy(found(torch.from_numpy(logits)).numpy(), truth)
        assert after <= cross_entropy(logits, truth) * (1 + 1e-5) + 1e-6


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_are_not_calibrated(bad):
    logits = torch.zeros(6, 3)
    logits[2, 1] = bad
    found = calibrate(logits, np.array([0, 1, 2, 0, 1, 2]))
    assert (found.temperature, found.scale.tolist(), found.bias.tolist()) == (1.0, [1.0] * 3, [0.0] * 3)


def test_views():
    crops = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3)).astype(np.uint8)
    assert len(views(crops, "none")) == 1
    np.testing.assert_array_equal(views(crops, "flip")[1], crops[:, :, ::-1])
    ten = views(crops, "tencrop")
    assert len(ten) == 10
    assert {view.shape for view in ten} == {(2, 44, 44, 3)}
    np.testing.assert_array_equal(ten[0], crops[:, :44, :44])
    np.testing.assert_array_equal(ten[3], crops[:, 4:, 4:])
    np.testing.assert_array_equal(ten[5], crops[:, :, ::-1][:, :44, :44])


def test_probabilities_are_averaged(model):
    crops = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3)).astype(np.uint8)
    flip = (predict(model, crops) + predict(model, np.ascontiguousarray(crops[:, :, ::-1]))) / 2
    np.testing.assert_allclose(predict(model, crops, "flip"), flip, atol=1e-6)
    np.testing.assert_allclose(predict(model, crops, "tencrop").sum(1), 1, atol=1e-5)


def test_live_engine_and_evaluate_agree(model, portrait):
    box = (200.0, 60.0, 340.0, 200.0)
    frame = Frame(0, 0.0, portrait)
    settings = Settings()
    reading = Engine(model, "full")(frame, [Face(box, 1.0, np.zeros((6, 2)), 1)], settings, Memory())[0]
    live = next(iter(reading.results.values())).probs
    crop = crop_face(portrait, square(box, model.spec.crop_margin["full"]), model.spec.crop_size)
    np.testing.assert_array_equal(live, predict(model, crop[None])[0])


@pytest.fixture
def tested(tmp_path, model):
    """A folder with two of the model's classes, and a table of votes."""
    draw = np.random.default_rng(3)
    for name in ("happy", "sad"):
        (tmp_path / "test" / name).mkdir(parents=True)
        for i in range(3):
            cv2.imwrite(str(tmp_path / "test" / name / f"{i}.png"), draw.integers(0, 256, (48, 48, 3)))
    (tmp_path / "test" / "sad" / "torn.jpg").write_bytes(b"torn")
    votes = "file,happy,sad,NF\nhappy/0.png,9,1,0\nsad/1.png,5,5,0\nsad/2.png,1,0,9\n"
    (tmp_path / "test" / "ferplus.csv").write_text(votes)
    return tmp_path / "test"


def test_folder_report(tested, tmp_path):
    out = tmp_path / "out"
    result = CliRunner().invoke(evaluate, [str(tested), "--out", str(out), "--tta", "flip"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    report = json.loads((out / "report.json").read_text())
    assert report["n"] == 6
    assert set(report["recall"]) == {"happy", "sad"}
    assert len(report["labels"]) == len(report["confusion"]) == 7
    assert sum(map(sum, report["confusion"])) == 6
    assert 0 <= report["ece"] <= 1
    assert report["tta"] == "flip"
    assert report["unreadable"][0].endswith("torn.jpg")
    assert report["ferplus_n"] == 1  # one a tie, one without a face, three without votes
    assert cv2.imread(str(out / "confusion.png")) is not None


def test_votes_count_where_one_emotion_leads(tested, model):
    faces = read_faces(tested, 48, model.spec.labels)
    sure = np.zeros((6, 7))
    sure[:, model.spec.labels.index("happy")] = 1
    assert agreement(sure, faces, tested / "ferplus.csv") == {"ferplus_n": 1, "ferplus_accuracy": 1.0}


def test_a_folder_of_strange_classes_is_named(tested, tmp_path):
    (tested / "sad").rename(tested / "bored")
    with pytest.raises(EmoliveError, match="bored"):
        evaluate_folder(tested, load(), tmp_path / "out", "none", None)


def test_detect_finds_the_face_first(tested, tmp_path, portrait, model):
    cv2.imwrite(str(tested / "happy" / "0.png"), portrait)
    report = evaluate_folder(tested, load(), tmp_path / "out", "none", "full")
    assert report["n"] == 1
    assert len(report["no_face"]) == 5
    assert report["detector"] == "full"


def test_figures_are_after_temperature(model, tested, tmp_path):
    crops = read_faces(tested, 48, model.spec.labels).crops
    warm = dataclasses.replace(model, spec=dataclasses.replace(model.spec, temperature=5.0))
    assert predict(warm, crops).max() < predict(model, crops).max()


NAMES = {
    "angry": "Anger", "disgust": "disgusted", "fear": "fearful", "happy": "Happiness", "neutral": "NEUTRAL",
    "sad": "sadness", "surprise": "suprised",
}  # fmt: skip


def test_other_names_of_the_same_emotions_are_mapped_and_said(tmp_path):
    draw = np.random.default_rng(5)
    plain, other = tmp_path / "plain", tmp_path / "other"
    for label, name in NAMES.items():
        picture = draw.integers(0, 256, (48, 48, 3))
        for folder in (plain / label, other / name):
            folder.mkdir(parents=True)
            cv2.imwrite(str(folder / "0.png"), picture)
    reports = []
    for folder in (plain, other):
        out = tmp_path / f"out-{folder.name}"
        done = CliRunner().invoke(cli, ["evaluate", str(folder), "--out", str(out)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        reports.append(json.loads((out / "report.json").read_text()))
    assert "Folders read as: Anger → angry, Happiness → happy, NEUTRAL → neutral" in done.output
    assert reports[1].pop("read_as") == {name: label for label, name in NAMES.items()}
    assert reports[0] == reports[1]


@pytest.mark.parametrize(
    ("folders", "labels", "said"),
    [
        (("anger", "angry"), ("angry", "sad"), "anger and angry both stand for angry"),
        (("Happy", "happy"), ("happy", "sad"), "both stand for happy"),
        (("joy",), ("happy", "happiness"), "could stand for happy or happiness"),
        (("calm", "sad"), ("neutral", "sad"), "folder calm"),
        (("0", "1"), ("angry", "sad"), "folders 0, 1"),
    ],
)
def test_folders_that_could_mean_two_things_or_none_are_named(folders, labels, said):
    with pytest.raises(EmoliveError, match=said):
        meanings(folders, labels)


def test_a_folder_means_its_own_label_before_any_other():
    assert meanings(("happy", "joy"), ("joy", "happy")) == {"happy": "happy", "joy": "joy"}
    assert meanings(("Smile", "glad"), ("smile", "GLAD")) == {"Smile": "smile", "glad": "GLAD"}


def test_a_detector_without_detect_is_a_wrong_command(tested, tmp_path, monkeypatch):
    done = CliRunner().invoke(cli, ["evaluate", str(tested), "--out", str(tmp_path / "o"), "--detector", "full"])
    assert (done.exit_code, "add --detect" in done.output) == (2, True)


def test_a_plain_state_dict_is_measured_with_its_labels_and_facts(tested, tmp_path):
    torch.manual_seed(0)
    torch.save(build(Spec(("happy", "sad"))).state_dict(), tmp_path / "m.pt")
    words = ["evaluate", str(tested), "--out", str(tmp_path / "out"), "--model", str(tmp_path / "m.pt")]
    done = CliRunner().invoke(cli, words)
    assert (done.exit_code, "Name its 2 labels in order with --labels" in done.output) == (1, True)
    done = CliRunner().invoke(cli, [*words, "--labels", "sad, happy", "--input-size", "64", "--color", "gray"])
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "out" / "report.json").read_text())["labels"] == ["sad", "happy"]
    done = CliRunner().invoke(cli, [*words, "--labels", "sad,happy", "--mean", "123.7"])
    assert (done.exit_code, "divide it by 255" in done.output) == (1, True)
