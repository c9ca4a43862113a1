"""Several steps in one call: the numbers of Keras' fit, and how many steps a call takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as some
from lengths import at_length
from numpy.testing import assert_array_equal
from small_trainings import SMALL

from cnn_core import datasets
from cnn_core import model as models
from cnn_core.config import OPTIMIZERS, TrainConfig
from cnn_core.training.batches import image_order
from cnn_core.training.optimizers import one_cycle, optimizer
from cnn_core.training.steps import MOST_STEPS, SECONDS_OF_A_CALL, Pace, Steps

pytestmark = pytest.mark.slow

BATCH, IMAGES, EPOCHS = 32, 300, 2  # the last batch is smaller


@pytest.fixture(scope="module")
def digits() -> datasets.Dataset:
    return datasets.load("digits", "sample")


def compiled(config: TrainConfig) -> keras.Sequential:
    network = models.build(replace(SMALL, dropout=0.3), config.precision, config.seed)
    network.compile(
        optimizer=optimizer(config), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return network


class Rates(keras.callbacks.Callback):
    """Sets the learning rate of each batch, as a program with plain Keras does."""

    def __init__(self, rates: list[float]) -> None:
        super().__init__()
        self.rates = iter(rates)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = next(self.rates)


def fitted(
    config: TrainConfig, images: np.ndarray, labels: np.ndarray, rates: list[float]
) -> tuple[list[np.ndarray], list[float]]:
    """Weights and losses of plain `fit` on the same batches."""
    network, losses = compiled(config), []
    rate = Rates(rates)
    for epoch in range(EPOCHS):
        order = image_order(len(images), config.seed, epoch)
        x, y = images[order].astype(np.float32) / np.float32(255), labels[order]
        history = network.fit(
            x, y, batch_size=BATCH, epochs=1, shuffle=False, verbose=0, callbacks=[rate]
        )
        losses += history.history["loss"]
    return network.get_weights(), losses


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        (name, bits) if bits == "float32" or name == "adam" else at_length(name, bits)
        for name, bits in product(OPTIMIZERS, ("float32", "bfloat16"))
    ],
)
def test_weights_and_losses_are_those_of_fit_to_the_last_bit(
    name: str, precision: str, digits: datasets.Dataset
) -> None:
    config = TrainConfig(dataset="digits", optimizer=name, precision=precision, learning_rate=0.01)
    images, labels = digits.x_train[:IMAGES], digits.y_train[:IMAGES]
    batches = -(-IMAGES // BATCH)
    rates = [one_cycle(step, EPOCHS * batches, 0.01) for step in range(EPOCHS * batches)]
    network, losses = compiled(config), []
    steps = Steps(network, images, labels, BATCH)
    for epoch in range(EPOCHS):
        network.reset_metrics()
        steps.shuffle(image_order(IMAGES, config.seed, epoch))
        for first, count in cut(batches):
            at = epoch * batches + first
            means = steps.run(first, rates[at : at + count])
        losses.append(means["loss"])
    weights, expected = fitted(config, images, labels, rates)
    assert losses == expected
    for ours, plain in zip(network.get_weights(), weights, strict=True):
        assert_array_equal(ours, plain)


def cut(batches: int) -> Iterator[tuple[int, int]]:
    """First batch and number of batches of calls of 1, 2, 3 ... steps."""
    first, count = 0, 1
    while first < batches:
        yield first, min(count, batches - first)
        first, count = first + count, count + 1


def test_a_call_of_another_length_compiles_nothing(digits: datasets.Dataset) -> None:
    network = compiled(TrainConfig(dataset="digits", precision="float32"))
    traced: list[tf.Tensor] = []
    real = network.train_step

    def train_step(batch: Any) -> Any:
        traced.append(batch)
        return real(batch)

    network.train_step = train_step
    steps = Steps(network, digits.x_train[:IMAGES], digits.y_train[:IMAGES], BATCH)
    for first, count in cut(-(-IMAGES // BATCH)):
        steps.run(first, [0.01] * count)
    assert len(traced) == 1


@given(some.floats(1e-5, 10), some.integers(1, 400))
def test_calls_come_to_take_the_time_they_may(seconds: float, left: int) -> None:
    """A step takes the same time always: calls are as long as they may be, and no longer."""
    pace = Pace()
    for _ in range(12):
        steps = pace.steps(10**6)
        pace.took(steps, steps * seconds)
    steps = pace.steps(10**6)
    assert steps == 1 or steps * seconds <= SECONDS_OF_A_CALL * (1 + 1e-9)
    assert steps == MOST_STEPS or (steps + 2) * seconds > SECONDS_OF_A_CALL
    assert pace.steps(left) == min(steps, left)


@given(some.lists(some.tuples(some.floats(0, 100), some.integers(1, 50)), max_size=30))
def test_calls_grow_by_two_at_most_and_have_a_step_at_least(
    moments: list[tuple[float, int]],
) -> None:
    pace, before = Pace(), 1
    for seconds, left in moments:
        steps = pace.steps(left)
        assert 1 <= steps <= min(left, MOST_STEPS, 2 * before)
        pace.took(steps, seconds)
        before = steps
