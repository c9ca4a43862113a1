"""Scores of the classes before the softmax: what explanations explain."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.config import ModelConfig
from cnn_core.inside import forward
from cnn_core.inside.forward import SUM, Weights

SCORE = "output" + SUM
"""What is explained: the score of a class before the softmax. After it, the probability of a class also
rises when the scores of the others fall, and hardly moves at all where the network is sure."""

Floats = npt.NDArray[np.float32]


def scores_of(opened: models.Opened, images: npt.NDArray[Any]) -> Floats:
    """Scores (N, K) of images (N, H, W, C), float32 in [0, 1], before the softmax, in chunks."""
    return in_chunks(opened, _scores(opened.config), images)


def in_chunks(
    opened: models.Opened, compute: Callable[..., tf.Tensor], images: npt.NDArray[Any], *rest: Any
) -> Floats:
    """What `compute` makes of images (N, ...) and the network's weights, a part of the images at a time."""
    weights, step = forward.weights_of(opened.model), forward.chunk(opened.config)
    parts = [
        compute(tf.constant(images[start : start + step]), weights, *rest).numpy()
        for start in range(0, len(images), step)
    ]
    return np.concatenate(parts)


def walk_to_scores(network: keras.Sequential, images: tf.Tensor, weights: Weights) -> tf.Tensor:
    """The scores (N, K) at the end of a forward pass, for a compiled function."""
    return next(output for name, output in forward.walk(network, images, weights) if name == SCORE)


def check_label(config: ModelConfig, label: int) -> None:
    """Refuse a class that the network does not have.

    Raises:
        ValueError: If it is not from 0 to the number of classes less 1.
    """
    if not 0 <= label < config.classes:
        raise ValueError(f"There are {config.classes} classes. Received label={label}.")


@lru_cache(maxsize=8)
def _scores(config: ModelConfig) -> Callable[..., tf.Tensor]:
    """(images, weights) -> scores (N, K) before the softmax."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: Weights) -> tf.Tensor:
        return walk_to_scores(network, images, weights)

    return forward.compiled(network, run)
