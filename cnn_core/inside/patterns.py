"""The pattern that a filter responds to most, found by gradient ascent from noise.

Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.config import ModelConfig
from cnn_core.inside import forward
from cnn_core.inside.forward import SUM, Weights

STARTS, STEPS = 4, 60  # patterns per filter, steps of each ascent
RATE, BLUR, DECAY, JITTER = 0.06, 0.15, 0.02, 2  # step length, regularization, shift in pixels

Floats = npt.NDArray[np.float32]


def preferred_pattern(
    opened: models.Opened,
    layer: str,
    channel: int,
    seed: int = 0,
    starts: int = STARTS,
    steps: int = STEPS,
) -> dict[str, Floats]:
    """Activation maximization: the pattern that a filter responds to most, by gradient ascent from noise.

    Each step follows the gradient of the filter's mean output over its whole map, by the same length
    whatever its size. Where the filter outputs 0 and has no gradient, it follows that of its largest
    sum before the activation. Against patterns of single pixels each gradient is taken at the pattern
    shifted a little at random, and each step blurs a little and fades towards grey.

    Args:
        opened: The network.
        layer: Name of a convolution.
        channel: Which of its filters, counted from 0.
        seed: Seed of the noise and the shifts.
        starts: How many random starts.
        steps: Steps of ascent from each.

    Returns:
        "patterns" (starts, H, W, C) in [0, 1], and "activations" (starts, steps + 1): mean output of
        the filter before the first step, and after each.

    Raises:
        ValueError: If there is no such convolution or filter.

    References: Erhan et al., "Visualizing higher-layer features of a deep network", 2009.
    """
    row = forward.convolution(opened.config, layer)
    if not 0 <= channel < row.output_shape[2]:
        raise ValueError(f"{layer} has {row.output_shape[2]} filters. Received {channel}.")
    random, shape = np.random.default_rng(seed), (starts, *opened.config.input_shape)
    pattern = tf.constant(random.uniform(0.4, 0.6, shape), tf.float32)
    jitter = min(JITTER, min(shape[1:3]) // 8)
    shifts = random.integers(-jitter, jitter + 1, (steps + 1, 2)).astype(np.int32)
    climb, weights = _climb(opened.config, row.name), forward.weights_of(opened.model)
    activations = []
    for shift in shifts:
        before = pattern
        pattern, activation = climb(before, weights, channel, tf.constant(shift))
        activations.append(activation.numpy())
    return {"patterns": before.numpy(), "activations": np.stack(activations, axis=1)}


@lru_cache(maxsize=16)
def _climb(config: ModelConfig, layer: str) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """(patterns, weights, channel, shift) -> patterns one step higher, mean outputs (N,) before it."""
    network = forward.skeleton(config)

    def response(
        images: tf.Tensor, weights: Weights, channel: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Mean output of the filter (N,), and its largest sum (N,)."""
        for name, maps in forward.walk(network, images, weights):
            if name == layer + SUM:
                largest = tf.reduce_max(maps[..., channel], axis=(1, 2))
            if name == layer:
                break
        return tf.reduce_mean(maps[..., channel], axis=(1, 2)), largest

    def run(
        images: tf.Tensor, weights: Weights, channel: tf.Tensor, shift: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        shifted = tf.roll(images, shift, axis=(1, 2))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(shifted)
            mean, largest = response(shifted, weights, channel)
        gradient, length = _with_length(tape.gradient(mean, shifted))
        fallback, fallback_length = _with_length(tape.gradient(largest, shifted))
        step = tf.where(
            length > 0, gradient / length, tf.math.divide_no_nan(fallback, fallback_length)
        )
        higher = tf.roll(shifted + RATE * step, -shift, axis=(1, 2))
        higher += BLUR * (tf.nn.avg_pool2d(higher, 3, 1, "SAME") - higher)
        higher += DECAY * (0.5 - higher)
        return tf.clip_by_value(higher, 0.0, 1.0), response(images, weights, channel)[0]

    return forward.compiled(
        network, run, tf.TensorSpec((), tf.int32), tf.TensorSpec((2,), tf.int32)
    )


def _with_length(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Gradients (N, H, W, C), and for each pattern how large they are on average (root of mean square)."""
    return gradient, tf.sqrt(tf.reduce_mean(tf.square(gradient), axis=(1, 2, 3), keepdims=True))
