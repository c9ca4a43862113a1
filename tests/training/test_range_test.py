"""The range test beside a plain Keras loop on the same ramp, images and weights; and every optimizer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from lengths import at_length
from numpy.testing import assert_allclose
from small_trainings import PLAIN, SMALL

from cnn_core import datasets
from cnn_core import model as models
from cnn_core.config import OPTIMIZERS, ConvBlock, TrainConfig
from cnn_core.progress.learning_rates import STEPS, exploded, ramp, usable
from cnn_core.training.augmentation import Augmentation
from cnn_core.training.range_test import range_test

pytestmark = pytest.mark.slow
TRAIN = replace(PLAIN, batch_size=32, train_size=640)
# Dropout draws other numbers in another graph.
MODEL = replace(SMALL, dropout=0.0)
KERAS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "rmsprop": keras.optimizers.RMSprop,
}


@pytest.fixture(scope="module")
def digits() -> datasets.Dataset:
    return datasets.load("digits")


def only(landing: str) -> list[Any]:
    """Every optimizer; at each landing only one of them."""
    return [name if name == landing else at_length(name) for name in OPTIMIZERS]


def plain_losses(data: datasets.Dataset, train: TrainConfig, steps: int) -> list[float]:
    """The same with `train_on_batch`, one batch after the other."""
    model = models.build(MODEL, seed=train.seed)
    model.compile(KERAS[train.optimizer](1.0), "sparse_categorical_crossentropy")
    images = datasets.subset(data, train.train_size)
    order = np.random.default_rng((train.seed, 0)).permutation(len(images.x_train))
    losses = []
    for step, rate in enumerate(ramp()[:steps]):
        rows = order[step * train.batch_size : (step + 1) * train.batch_size]
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        loss = model.train_on_batch(images.x_train[rows] / 255.0, images.y_train[rows])
        losses.append(float(loss))
    return losses


@pytest.mark.parametrize("name", only("momentum"))
def test_the_losses_are_those_of_a_plain_keras_loop(name: str, digits: datasets.Dataset) -> None:
    train = replace(TRAIN, optimizer=name)
    first_epoch = 640 // 32
    expected = plain_losses(digits, train, first_epoch)
    measured = range_test(MODEL, train, digits)
    assert_allclose(measured.losses[:first_epoch], expected, rtol=1e-4)
    # With steps of another size the whole ramp fits into an epoch.
    short = range_test(MODEL, replace(train, batch_size=4), digits)
    expected = plain_losses(digits, replace(train, batch_size=4), len(short.losses))
    assert_allclose(short.losses[:90], expected[:90], rtol=2e-2)


@pytest.mark.parametrize("name", only("adam"))
def test_every_optimizer_has_a_usable_zone_in_which_it_learns(
    name: str, digits: datasets.Dataset
) -> None:
    train = replace(TRAIN, optimizer=name, train_size=None)
    wider = replace(SMALL, blocks=(ConvBlock(16),), dense=(64,))
    curve = range_test(wider, train, digits)
    assert len(curve.rates) == len(curve.losses) <= STEPS
    assert curve.exploded == exploded(curve.losses)
    zone = usable(curve)
    assert zone is not None
    from cnn_core.training import train as fit

    fitted = fit(wider, replace(train, learning_rate=zone.suggestion, epochs=6), digits)
    assert max(end.val_accuracy for end in fitted.epochs) > 0.6


def test_the_images_are_changed_as_in_the_training(digits: datasets.Dataset) -> None:
    """Image by image through `Augmentation`, with the changes of the second epoch where that begins."""
    train = replace(TRAIN, optimizer="momentum", augmentation="both", train_size=96)
    images = datasets.subset(digits, 96)
    model = models.build(MODEL, seed=train.seed)
    model.compile(KERAS["momentum"](1.0), "sparse_categorical_crossentropy")
    augmentation = Augmentation(train, images.x_train.shape)
    expected = []
    for step, rate in enumerate(ramp()[:6]):
        epoch, batch = divmod(step, 3)
        if batch == 0:
            augmentation.begin_epoch(epoch)
            order = np.random.default_rng((train.seed, epoch)).permutation(96)
        rows = order[batch * 32 : (batch + 1) * 32]
        inputs = np.float32(images.x_train[rows] / 255.0)
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        changed = augmentation.changed(inputs, np.int32(batch))
        expected.append(float(model.train_on_batch(changed, images.y_train[rows])))
    measured = range_test(MODEL, train, digits)
    assert_allclose(measured.losses[:6], expected, rtol=1e-4)
    plain = range_test(MODEL, replace(train, augmentation="none"), digits)
    assert abs(plain.losses[0] - expected[0]) > 1e-4


def test_it_ends_when_it_is_asked_to(digits: datasets.Dataset) -> None:
    asked = iter([False] * 5 + [True])
    curve = range_test(MODEL, TRAIN, digits, stop=lambda: next(asked))
    assert len(curve.losses) == 5
    assert not curve.exploded


def test_a_batch_larger_than_the_images_is_all_of_them(digits: datasets.Dataset) -> None:
    curve = range_test(MODEL, replace(TRAIN, batch_size=4096, train_size=20), digits, steps=4)
    assert len(curve.losses) == 4
