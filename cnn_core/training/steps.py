"""Several training steps in one call: the loop over batches and the gathering of images run in the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core.training.augmentation import Augmentation

SECONDS_OF_A_CALL = 0.05
"""Curves move twenty times a second at most, and a stop is obeyed within a tenth of a second."""
MOST_STEPS = 64
"""In one call: beyond it, what a call costs by itself cannot be measured any more."""


class Pace:
    """How many steps the next call takes, from how long the last ones took.

    Args:
        seconds: What a call is to take.
    """

    def __init__(self, seconds: float = SECONDS_OF_A_CALL) -> None:
        self._seconds = seconds
        self._steps = 1

    def steps(self, left: int) -> int:
        """Steps of the next call, from 1 to `left`."""
        return max(1, min(self._steps, left))

    def took(self, steps: int, seconds: float) -> None:
        """A call of `steps` steps took `seconds`; the next may have twice as many at most."""
        fitting = int(steps * self._seconds / max(seconds, 1e-6))
        self._steps = max(1, min(fitting, 2 * steps, MOST_STEPS))


class Steps:
    """Training steps of a compiled network over images that stay in memory as bytes.

    Each step is Keras' own `train_step`, so that loss, gradients, optimizer, dropout and metrics are those
    of `fit`; only the loop around it and the input pipeline are not. See "Better performance with
    tf.function" of TensorFlow's guide for the loop.

    Args:
        network: A compiled network.
        images: uint8 of shape (N, H, W, C); scaled to [0, 1] batch by batch.
        labels: Integers of shape (N,).
        batch_size: Images in every batch but the last.
        augmentation: Changes the images of each batch; None leaves them as they are.
    """

    def __init__(
        self,
        network: keras.Model,
        images: npt.NDArray[np.uint8],
        labels: npt.NDArray[Any],
        batch_size: int,
        augmentation: Augmentation | None = None,
    ) -> None:
        self._order = tf.Variable(np.arange(len(images)), dtype=tf.int64, trainable=False)
        self._run = _compiled(network, images, labels, self._order, batch_size, augmentation)

    def shuffle(self, order: npt.NDArray[np.int64]) -> None:
        """Take the images in this order from now on: a permutation of shape (N,)."""
        self._order.assign(order)

    def run(self, first: int, rates: Sequence[float]) -> dict[str, float]:
        """Train on as many batches as there are learning rates.

        Args:
            first: The first batch, counted from 0.
            rates: The learning rate of each batch.

        Returns:
            Keras' means of loss and accuracy since the metrics were reset.
        """
        means = self._run(tf.constant(first), tf.constant(rates, tf.float32))
        return {name: float(value) for name, value in means.items()}


def _compiled(
    network: keras.Model,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[Any],
    order: tf.Variable,
    batch_size: int,
    augmentation: Augmentation | None,
) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
    # One copy, as bytes: as floats the data set would take four times the memory.
    x, y = tf.constant(images), tf.constant(labels)
    # Variables that appear while the graph is traced would have it traced twice.
    network.optimizer.build(network.trainable_variables)
    network.compute_metrics(None, y[:1], network(tf.cast(x[:1], tf.float32)))
    network.reset_metrics()

    def step(batch: tf.Tensor, rate: tf.Tensor) -> None:
        start = batch * batch_size
        rows = order[start : tf.minimum(start + batch_size, len(images))]
        network.optimizer.learning_rate.assign(rate)
        # A division by a constant would become a product in the graph, and differ from fit's in the last bit.
        inputs = tf.math.divide_no_nan(tf.cast(tf.gather(x, rows), tf.float32), 255.0)
        if augmentation:
            inputs = augmentation.changed(inputs, batch)
        network.train_step((inputs, tf.gather(y, rows)))

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec((), tf.int32), tf.TensorSpec((None,), tf.float32)]
    )
    def run(first: tf.Tensor, rates: tf.Tensor) -> dict[str, tf.Tensor]:
        for at in tf.range(tf.size(rates)):
            step(first + at, rates[at])
        means: dict[str, tf.Tensor] = network.get_metrics_result()
        return means

    return cast("Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]", run)
