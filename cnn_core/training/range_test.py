"""Train a fresh network for a moment while the learning rate rises, and report the loss of every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import cast

import keras
import numpy as np
import tensorflow as tf

from cnn_core import model as models
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.datasets import Dataset, subset
from cnn_core.progress.learning_rates import STEPS, RateCurve, exploded, ramp
from cnn_core.training.batches import image_order
from cnn_core.training.loop import resolve_precision
from cnn_core.training.optimizers import optimizer


def range_test(
    model: ModelConfig,
    train: TrainConfig,
    dataset: Dataset,
    *,
    steps: int = STEPS,
    stop: Callable[[], bool] = lambda: False,
) -> RateCurve:
    """The loss of each batch while the learning rate rises exponentially, until it explodes.

    Weights, image order and dropout follow from the seed, as in a training.

    Args:
        model: The network; its input shape must be that of the images.
        train: Optimizer, batch size, images, precision and seed; rate, schedule and epochs do not count.
        dataset: Images, uint8 of shape (N, H, W, C).
        steps: How many batches the whole ramp takes.
        stop: Asked before each batch; true ends the test where it is.

    Raises:
        ShapeError: If the feature maps shrink to nothing.
    """
    data = subset(dataset, train.train_size)
    network = models.build(model, resolve_precision(train.precision), train.seed)
    step = _step(network, optimizer(replace(train, learning_rate=1.0)))
    losses: list[float] = []
    batches = _batches(len(data.x_train), train)
    rates = ramp(steps)
    for rate, rows in zip(rates, batches, strict=False):
        if stop() or exploded(losses):
            break
        images = tf.constant(data.x_train[rows], tf.float32) / 255.0
        losses.append(float(step(images, tf.constant(data.y_train[rows]), tf.constant(rate))))
    return RateCurve(rates[: len(losses)], tuple(losses), exploded(losses))


def _batches(images: int, train: TrainConfig) -> Iterator[np.ndarray]:
    """Rows of whole batches, epoch after epoch; a smaller one would have another noise."""
    size = min(train.batch_size, images)
    for epoch in count():
        order = image_order(images, train.seed, epoch)
        for start in range(0, images - size + 1, size):
            yield order[start : start + size]


def _step(network: keras.Sequential, moves: keras.optimizers.Optimizer) -> Callable[..., tf.Tensor]:
    """One step of gradient descent with the given rate; returns the loss before it."""
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    moves.build(network.trainable_variables)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(images: tf.Tensor, labels: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(labels, network(images, training=True))
        moves.learning_rate.assign(rate)
        gradients = tape.gradient(loss, network.trainable_variables)
        moves.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    return cast("Callable[..., tf.Tensor]", step)
