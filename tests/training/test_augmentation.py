"""Training images that are changed at random: how, by how much, and the same again for a seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from small_trainings import PLAIN, SMALL, Said, assert_same_run, figures

from cnn_core import datasets, training
from cnn_core.config import AUGMENTATIONS, TrainConfig
from cnn_core.planning.augmentation import NOISE, ROTATION, SHIFT, ZOOM, random_moves
from cnn_core.progress.events import LayersMeasured
from cnn_core.training import layer_meter
from cnn_core.training.augmentation import augmentation_of

CHANGING = [name for name in AUGMENTATIONS if name != "none"]


def changed(kind: str, images: np.ndarray, epoch: int = 0, seed: int = 1) -> np.ndarray:
    """All images as one batch of that epoch."""
    config = TrainConfig(augmentation=kind, batch_size=len(images), seed=seed)
    augmentation = augmentation_of(config, images.shape)
    assert augmentation is not None
    augmentation.begin_epoch(epoch)
    return augmentation.changed(tf.constant(images), tf.constant(0)).numpy()


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return datasets.load("fashion_mnist").x_train[:64].astype(np.float32) / 255


def test_without_augmentation_there_is_nothing_to_change() -> None:
    assert augmentation_of(TrainConfig(), (10, 28, 28, 1)) is None


@pytest.mark.parametrize("kind", CHANGING)
def test_images_stay_images_and_follow_from_seed_and_epoch(kind: str, images: np.ndarray) -> None:
    first = changed(kind, images)
    assert first.shape == images.shape
    assert first.min() >= 0
    assert first.max() <= 1
    assert (np.abs(first - images).max(axis=(1, 2, 3)) > 0.05).all()
    assert_array_equal(first, changed(kind, images))
    for other in (changed(kind, images, epoch=1), changed(kind, images, seed=2)):
        assert (np.abs(first - other).max(axis=(1, 2, 3)) > 0.05).all()


def test_noise_has_its_standard_deviation_and_moves_nothing() -> None:
    grey = np.full((50, 28, 28, 1), 0.5, np.float32)
    difference = changed("noise", grey) - grey
    assert abs(difference.mean()) < 0.005
    assert difference.std() == pytest.approx(NOISE, rel=0.05)


def test_images_move_as_scipy_moves_them(images: np.ndarray) -> None:
    moves = random_moves(len(images), 28, 28, np.random.default_rng((1, 0, 1)))
    ours = changed("geometry", images)
    for image, mine, (a, b, c, d, e, f, *_) in zip(images, ours, moves, strict=True):
        theirs = ndimage.affine_transform(  # row before column; it takes black beyond the edge, too
            image[..., 0], np.array([[e, d], [b, a]]), (f, c), order=1, mode="grid-constant"
        )
        assert_allclose(mine[..., 0], theirs, atol=2e-3)


def test_moves_are_within_what_the_help_says() -> None:
    height, width = 20, 28
    moves = random_moves(5000, height, width, np.random.default_rng(0)).astype(np.float64)
    matrix = moves[:, :6].reshape(-1, 2, 3)
    scale = 1 / np.sqrt(np.linalg.det(matrix[:, :, :2]))
    turn = np.degrees(np.arctan2(matrix[:, 0, 1], matrix[:, 0, 0]))
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    goes_to = np.linalg.solve(matrix[:, :, :2], (middle - matrix[:, :, 2])[..., np.newaxis])
    shift = np.abs(goes_to[..., 0] - middle) / (width, height)
    for values, most in ((np.abs(scale - 1), ZOOM), (np.abs(turn), ROTATION), (shift, SHIFT)):
        assert values.max() == pytest.approx(most, rel=0.02)
        assert values.max() <= most * (1 + 1e-4)


@pytest.mark.slow
def test_a_training_goes_on_after_an_interruption_as_if_there_had_been_none(tmp_path: Path) -> None:
    data, config = datasets.load("digits"), replace(PLAIN, augmentation="both")
    whole = training.train(SMALL, config, data)
    half = training.train(SMALL, replace(config, epochs=2), data, folder=tmp_path)
    again = training.train(SMALL, config, data, folder=tmp_path, past=half.epochs)
    assert_same_run(whole, again)
    plain = training.train(SMALL, PLAIN, data)
    assert np.abs(figures(plain.epochs) - figures(whole.epochs)).max() > 0.01


@pytest.mark.slow
def test_layers_are_measured_on_the_changed_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_meter, "SHARE_OF_TIME", float("inf"))
    data, said = datasets.load("digits"), Said()
    training.train(SMALL, replace(PLAIN, augmentation="both", epochs=1), data, said.append)
    assert said.of(LayersMeasured)


@pytest.mark.slow
def test_a_network_trained_with_shifts_reads_shifted_images_better() -> None:
    data = datasets.load("digits")
    shifted = np.roll(data.x_test, 1, axis=2).astype(np.float32) / 255
    shifted[:, :, 0] = 0
    config = replace(PLAIN, epochs=12, learning_rate=0.01)
    plain, augmented = (
        training.train(SMALL, replace(config, augmentation=kind), data).model.predict(
            shifted, verbose=0
        )
        for kind in ("none", "geometry")
    )
    right = [(answers.argmax(axis=1) == data.y_test).mean() for answers in (plain, augmented)]
    assert right[1] > right[0] + 0.05
