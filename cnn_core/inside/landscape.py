"""The loss at points of a plane through the weights of a network, as Keras would evaluate it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.analysis.landscape import Floats, Weights
from cnn_core.arithmetic import layer_table
from cnn_core.config import ModelConfig
from cnn_core.inside import forward

MAPS_BYTES = 8 * 2**20
"""Of one layer's maps; larger chunks leave the processor's cache and are slower."""


def losses(
    opened: models.Opened,
    images: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    directions: tuple[Weights, Weights],
    points: Floats,
    precision: str = "float32",
) -> Floats:
    """The mean cross-entropy of the images at each point: weights = kept + x · first + y · second.

    The point (0, 0) is always evaluated in float32, so that it is the loss of the network itself.

    Args:
        opened: The network.
        images: Images (N, H, W, C), float in [0, 1] or uint8; N from 1 up.
        labels: Their classes (N,).
        directions: Two directions, each with all weights.
        points: Coordinates (P, 2).
        precision: "float32" or "bfloat16".

    Returns:
        Losses (P,); NaN where the outputs are beyond all numbers.

    Raises:
        ValueError: If there are no images, or they do not fit the network.
    """
    if not len(images):
        raise ValueError("There must be at least one image.")
    kept = forward.weights_of(opened.model)
    first, second = (_tensors(direction) for direction in directions)
    batch = forward.batch(opened.config, images)
    values = np.empty(len(points), np.float32)
    centre = ~points.any(axis=1)
    for rows, own in ((centre, "float32"), (~centre, precision)):
        if rows.any():
            summed = _summed(opened.config, own)
            places = tf.constant(points[rows], tf.float32)
            sums = summed(batch, kept, tf.constant(labels, tf.int64), first, second, places)
            values[rows] = sums.numpy() / len(images)
    return values


def _tensors(weights: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(array, tf.float32) for name, array in weights.items()}


def _chunk(config: ModelConfig, number_bytes: int) -> int:
    largest = max(prod(row.output_shape) for row in layer_table(config))
    return max(1, MAPS_BYTES // (number_bytes * largest))


@lru_cache(maxsize=8)
def _summed(config: ModelConfig, precision: str) -> Callable[..., tf.Tensor]:
    """The compiled pass: (images, weights, labels, two directions, points (P, 2)) -> summed losses (P,).

    The loops over points and over chunks of images run in the graph, which computes one while another
    waits for memory.
    """
    network = forward.skeleton(config, precision)
    dtype = tf.as_dtype(precision)
    step = _chunk(config, dtype.size)

    def chunk(images: tf.Tensor, weights: dict[str, Any], labels: tf.Tensor) -> tf.Tensor:
        outputs = dict(forward.walk(network, images, weights))
        scores = tf.cast(outputs[f"{network.layers[-1].name}{forward.SUM}"], tf.float32)
        # From the scores before softmax, as Keras does it, too: no probability is rounded to 0.
        return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))

    def run(
        images: tf.Tensor,
        weights: dict[str, Any],
        labels: tf.Tensor,
        first: dict[str, Any],
        second: dict[str, Any],
        points: tf.Tensor,
    ) -> tf.Tensor:
        images = tf.cast(images, dtype)
        sums = tf.TensorArray(tf.float32, tf.shape(points)[0])
        for place in tf.range(tf.shape(points)[0]):
            x, y = points[place, 0], points[place, 1]
            moved = {
                name: tf.cast(weights[name] + x * first[name] + y * second[name], dtype)
                for name in weights
            }
            total = tf.constant(0.0)
            for start in tf.range(0, tf.shape(images)[0], step):
                rows = slice(start, start + step)
                total += chunk(images[rows], moved, labels[rows])
            sums = sums.write(place, total)
        return sums.stack()

    skeleton = forward.skeleton(config)
    direction = {
        name: tf.TensorSpec(tensor.shape, tf.float32)
        for name, tensor in forward.weights_of(skeleton).items()
    }
    return forward.compiled(
        skeleton, run, tf.TensorSpec((None,), tf.int64),
        direction, direction, tf.TensorSpec((None, 2), tf.float32),
    )  # fmt: skip
