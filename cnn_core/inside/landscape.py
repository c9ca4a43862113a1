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

MAPS_BYTES = 32 * 2**20
"""Of one layer's maps: larger chunks than `forward.chunk`, which do less on the side for each image."""


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
    step = _chunk(opened.config, tf.as_dtype(precision).size)
    batches = [
        (forward.batch(opened.config, images[first : first + step]), labels[first : first + step])
        for first in range(0, len(images), step)
    ]
    kept = forward.weights_of(opened.model)
    first, second = (_tensors(direction) for direction in directions)
    values = np.empty(len(points), np.float32)
    for place, (x, y) in enumerate(points.tolist()):
        total = _summed(opened.config, precision if x or y else "float32")
        weights = {name: kept[name] + x * first[name] + y * second[name] for name in kept}
        values[place] = sum(float(total(part, weights, own)) for part, own in batches) / len(images)
    return values


def _tensors(weights: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(array, tf.float32) for name, array in weights.items()}


def _chunk(config: ModelConfig, number_bytes: int) -> int:
    largest = max(prod(row.output_shape) for row in layer_table(config))
    return max(1, MAPS_BYTES // (number_bytes * largest))


@lru_cache(maxsize=8)
def _summed(config: ModelConfig, precision: str) -> Callable[..., tf.Tensor]:
    """The compiled pass: (images, weights, labels) -> the sum of their losses."""
    network = forward.skeleton(config, precision)
    dtype = tf.bfloat16 if precision == "bfloat16" else tf.float32

    def run(images: tf.Tensor, weights: dict[str, Any], labels: tf.Tensor) -> tf.Tensor:
        cast = {name: tf.cast(tensor, dtype) for name, tensor in weights.items()}
        outputs = dict(forward.walk(network, tf.cast(images, dtype), cast))
        scores = tf.cast(outputs[f"{network.layers[-1].name}{forward.SUM}"], tf.float32)
        # From the scores before softmax, as Keras does it, too: no probability is rounded to 0.
        return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))

    return forward.compiled(forward.skeleton(config), run, tf.TensorSpec((None,), tf.int64))
