"""Image order of an epoch, and the batches of an evaluation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

EVALUATION_BATCH = 500  # without gradients to keep, large batches fit in memory and are faster


def batches_per_epoch(images: int, batch_size: int) -> int:
    """How many batches hold all images; the last one may be smaller."""
    return math.ceil(images / batch_size)


def image_order(count: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Order of `count` training images in an epoch, counted from 0: a permutation of shape (count,)."""
    return np.random.default_rng((seed, epoch)).permutation(count)


def ordered_batches(images: npt.NDArray[np.uint8], labels: npt.NDArray[Any]) -> tf.data.Dataset:
    """Batches of images in [0, 1] and labels, in their own order, for an evaluation.

    Args:
        images: uint8 of shape (N, H, W, C).
        labels: Integers of shape (N,).
    """
    # One copy, as bytes: as floats the data set would take four times the memory.
    x, y = tf.constant(images), tf.constant(labels)

    def pick(start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rows = tf.range(start, tf.minimum(start + EVALUATION_BATCH, len(images)))
        return tf.cast(tf.gather(x, rows), tf.float32) / 255.0, tf.gather(y, rows)

    return tf.data.Dataset.range(0, len(images), EVALUATION_BATCH).map(pick).prefetch(2)
