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
from cnn_core.training.augmentation import Augmentation, augmentation_of
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

    Weights, image order, augmentation and dropout follow from the seed, as in a training.

    Args:
        model: The network; its input shape must be that of the images.
        train: Optimizer, batch size, images, augmentation, precision and seed; nothing else counts.
        dataset: Images, uint8 of shape (N, H, W, C).
        steps: How many batches the whole ramp takes.
        stop: Asked before each batch; true ends the test where it is.

    Raises:
        ShapeError: If the feature maps shrink to nothing.
    """
    data = subset(dataset, train.train_size)
    images = data.x_train
    train = replace(train, batch_size=min(train.batch_size, len(images)), learning_rate=1.0)
    network = models.build(model, resolve_precision(train.precision), train.seed)
    augmentation = augmentation_of(train, images.shape)
    step = _step(network, optimizer(train), augmentation)
    losses: list[float] = []
    rates = ramp(steps)
    for rate, (epoch, batch, rows) in zip(rates, _batches(len(images), train), strict=False):
        if stop() or exploded(losses):
            break
        if augmentation and batch == 0:
            augmentation.begin_epoch(epoch)
        inputs = tf.constant(images[rows], tf.float32) / 255.0
        labels = tf.constant(data.y_train[rows])
        losses.append(float(step(inputs, labels, tf.constant(batch), tf.constant(rate))))
    return RateCurve(rates[: len(losses)], tuple(losses), exploded(losses))


def _batches(images: int, train: TrainConfig) -> Iterator[tuple[int, int, np.ndarray]]:
    """Epoch, batch and rows of whole batches; a smaller one would have another noise."""
    for epoch in count():
        order = image_order(images, train.seed, epoch)
        for batch in range(images // train.batch_size):
            start = batch * train.batch_size
            yield epoch, batch, order[start : start + train.batch_size]


def _step(
    network: keras.Sequential,
    moves: keras.optimizers.Optimizer,
    augmentation: Augmentation | None,
) -> Callable[..., tf.Tensor]:
    """One step of gradient descent with the given rate; returns the loss before it."""
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    moves.build(network.trainable_variables)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(images: tf.Tensor, labels: tf.Tensor, batch: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
        if augmentation:
            images = augmentation.changed(images, batch)
        with tf.GradientTape() as tape:
            loss = loss_of(labels, network(images, training=True))
        moves.learning_rate.assign(rate)
        gradients = tape.gradient(loss, network.trainable_variables)
        moves.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    return cast("Callable[..., tf.Tensor]", step)
