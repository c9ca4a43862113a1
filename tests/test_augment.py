"""Changed handwriting: repeatable, never lost, and changed in every way it should be; and its build."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cnn_core import datasets, model, runs
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.progress.events import BatchEnd, EpochEnd
from cnn_core.runs import log as run_log
from cnn_core.runs import store

MODELS = Path(__file__).parent.parent / "assets" / "models"

Import = Callable[[str], ModuleType]


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Import:
    """Imports a file of assets/models."""
    monkeypatch.syspath_prepend(str(MODELS))
    return importlib.import_module


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return datasets.load("mnist").x_test[:400]


def mass(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).sum(axis=1, dtype=np.float64)


def test_the_images_themselves_come_first_and_a_seed_repeats_the_rest(
    scripts: Import, digits: np.ndarray
) -> None:
    copies = scripts("augment").copies
    once, again, other = copies(digits, 2, 3), copies(digits, 2, 3), copies(digits, 2, 4)
    assert (once.shape, once.dtype) == ((1200, 28, 28, 1), np.uint8)
    assert np.array_equal(once[:400], digits)
    assert np.array_equal(once, again)
    changed = [
        (once[400:800] != once[800:]).any(axis=(1, 2, 3)),
        (once[400:] != other[400:]).any(axis=(1, 2, 3)),
    ]
    assert all(images.mean() > 0.99 for images in changed)


def test_no_digit_is_lost(scripts: Import, digits: np.ndarray) -> None:
    changed = scripts("augment").augment(digits, np.random.default_rng(0))
    assert (changed.max(axis=(1, 2, 3)) > 80).all()
    assert (mass(changed) > 0.15 * mass(digits)).all()


def test_clothes_are_rotated_shifted_zoomed_and_mirrored_and_a_seed_repeats_it(
    scripts: Import,
) -> None:
    clothes = scripts("augment_clothes")
    images = np.zeros((60, 28, 28, 1), np.uint8)
    images[:, 6:22, 11:14] = 250  # an upright bar, left of the middle
    once, again, other = (clothes.copies(images, 2, seed) for seed in (3, 3, 4))
    assert (once.shape, once.dtype) == ((180, 28, 28, 1), np.uint8)
    assert np.array_equal(once[:60], images)
    assert np.array_equal(once, again)
    assert (once[60:] != other[60:]).any(axis=(1, 2, 3)).mean() > 0.95
    rows, columns = np.mgrid[:28, :28]
    weight = once[60:, ..., 0].sum(axis=(1, 2), dtype=np.float64)
    middle = np.stack(
        [(once[60:, ..., 0] * axis).sum(axis=(1, 2)) / weight for axis in (rows, columns)]
    )
    reach = clothes.SHIFT + 2 * clothes.ZOOM[1] / 100
    assert (np.abs(middle - 13.5) < reach).all()
    assert (np.ptp(middle, axis=1) > clothes.SHIFT).all()
    areas = weight / (16 * 3 * 250)
    assert 0.5 < areas.min() < 0.65
    assert 1.4 < areas.max() < 1.65


def test_strokes_become_thinner_and_thicker(scripts: Import, digits: np.ndarray) -> None:
    redraw = scripts("augment").redraw
    before = digits[..., 0].astype(np.float32) / 255
    ratio = mass(redraw(before, np.random.default_rng(0)) > 0.5) / mass(before > 0.5)
    assert np.quantile(ratio, 0.1) < 0.85
    assert np.quantile(ratio, 0.9) > 1.3


def test_a_digit_is_moved_turned_and_scaled(scripts: Import) -> None:
    bar = np.zeros((500, 28, 28), np.float32)
    bar[:, 8:20, 13:15] = 1  # an upright bar in the middle
    warped = scripts("augment").warp(bar, np.random.default_rng(0))
    rows, columns = np.mgrid[:28, :28]
    weight = warped.sum(axis=(1, 2))
    middle = np.stack([(warped * axis).sum(axis=(1, 2)) / weight for axis in (rows, columns)])
    centre = np.array([[13.5], [13.5]])
    assert (np.abs(middle - centre).max(axis=1) > 2).all()
    assert (np.abs(middle - centre).mean(axis=1) < 2).all()
    heights = [np.ptp(np.flatnonzero((image > 0.3).any(axis=1))) + 1 for image in warped]
    assert min(heights) < 10
    assert max(heights) > 14
    tops = [np.flatnonzero(image[image.max(axis=1).argmax()] > 0.3).mean() for image in warped]
    assert np.std(tops) > 1


def test_without_any_change_an_image_stays_as_it_is(
    scripts: Import, digits: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    augment = scripts("augment")
    still = {"ROTATION": 0, "SHEAR": 0, "SCALE": (1, 1), "STRETCH": (1, 1), "SHIFT": 0, "WOBBLE": 0}
    for name, value in {**still, "REDRAWN": 0, "FAINT": 0}.items():
        monkeypatch.setattr(augment, name, value)
    assert np.array_equal(augment.augment(digits, np.random.default_rng(0)), digits)


@pytest.mark.slow
def test_the_build_leaves_a_run_that_opens(
    scripts: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = scripts("build")
    tiny = ModelConfig(blocks=(ConvBlock(4),), dense=(), input_shape=(8, 8, 1))
    train = TrainConfig(dataset="digits", epochs=2, batch_size=64, seed=3, precision="float32")
    folder = tmp_path / "models" / "digits"
    script.build("digits", script.Recipe(tiny, train, copies=1, seed=5), folder)
    monkeypatch.setattr(store, "MODELS", folder.parent)
    run = runs.open_run("digits")
    assert runs.status(run).state == "finished"
    assert sorted(path.name for path in folder.iterdir()) == [
        "best.keras",
        "config.json",
        "events.jsonl",
        "examples.npz",
        "snapshots",
        "status.json",
    ]
    assert json.loads((folder / "config.json").read_text())["copies"] == 1
    with np.load(folder / "snapshots" / "epoch-002.npz") as arrays:
        assert {name.partition("/")[0] for name in arrays} == {"conv1"}  # dense layers take space
    history = run_log.history(run)
    assert [end.epoch for end in history.epochs] == [1, 2]
    assert history.ended is not None
    assert history.ended.reason == "finished"
    data = datasets.load("digits")  # the last word is on the images as they are
    said = model.predictor(model.restore(tiny, folder / "best.keras"))(data.x_train)
    right = (said.argmax(axis=1) == data.y_train).mean()
    assert history.ended.scores["train"].accuracy == pytest.approx(right, abs=1e-6)


def test_a_name_that_the_build_does_not_know_is_a_sentence(scripts: Import) -> None:
    with pytest.raises(SystemExit, match="There is no shirts"):
        scripts("build").main(["shirts"])


def test_reports_of_batches_are_joined_without_losing_any(scripts: Import) -> None:
    def report(epoch: int, batch: int, loss: float, speed: float) -> BatchEnd:
        return BatchEnd(epoch, batch, 8, loss, loss / 2, 0.01 * batch, speed, time=float(batch))

    end = EpochEnd(1, 0.5, 0.8, 0.6, 0.7, 0.01, 3.0)
    said = [
        report(1, 1, 4.0, 100),  # one batch
        report(1, 4, 2.0, 300),  # the three after it
        report(1, 6, 1.0, 100),
        end,
        report(2, 3, 0.5, 100),
    ]
    first, second, third, fourth = scripts("build").joined(said, most=2)
    assert (first.epoch, first.batch, first.learning_rate, first.time) == (1, 4, 0.04, 4.0)
    assert (first.loss, first.accuracy) == (2.5, 1.25)
    assert first.images_per_s == pytest.approx(200)  # as many seconds for one as for three
    assert (second.batch, second.loss, second.images_per_s) == (6, 1.0, pytest.approx(100))
    assert third is end
    assert (fourth.epoch, fourth.batch, fourth.loss) == (2, 3, 0.5)


def test_ones_have_an_upstroke_that_is_no_bar_of_a_seven_and_a_seed_repeats_them(
    scripts: Import,
) -> None:
    ones = scripts("ones")
    drawings = ones.ones(12, 5)
    assert (drawings.shape, drawings.dtype) == ((12, 28, 28, 1), np.uint8)
    assert np.array_equal(drawings, ones.ones(12, 5))
    assert not np.array_equal(drawings, ones.ones(12, 6))
    assert (drawings.max(axis=(1, 2, 3)) >= 254).all()
    random = np.random.default_rng(0)
    for _ in range(300):
        lean, between = ones.upstroke(random)
        assert np.pi / 2 - lean - between >= ones.RISE
        (start, *_, top), (top_again, *_, foot) = ones.strokes(random)[:2]
        assert np.allclose(top, top_again)
        assert start[0] < top[0]  # from the left
        assert top[1] < start[1] < foot[1] + 0.2  # upwards, beside the stem


@pytest.mark.slow
def test_refining_changes_the_dense_layers_alone_and_teaches_the_ones(
    scripts: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refine, ones = scripts("refine"), scripts("ones")
    run = runs.open_run("digits")
    path = tmp_path / "best.keras"
    network = model.build(run.model, seed=3)
    before = [layer.get_weights() for layer in network.layers]
    model.save(network, path)
    monkeypatch.setattr(refine, "ONES", 120)
    monkeypatch.setattr(refine, "RATE", 1e-2)
    data = datasets.load("mnist", "sample")
    few = replace(data, x_train=data.x_train[:500], y_train=data.y_train[:500])
    refine.refine(run.model, path, few, 7)
    refined = model.restore(run.model, path)
    for layer, old in zip(refined.layers, before, strict=True):
        same = all(map(np.array_equal, layer.get_weights(), old))
        assert same == (not layer.name.startswith(("dense", "output"))), layer.name
    drawings = ones.ones(40, 91)
    said = model.predictor(refined)(drawings).argmax(axis=1)
    assert (said == 1).mean() > (model.predictor(network)(drawings).argmax(axis=1) == 1).mean()
