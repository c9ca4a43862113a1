"""Gradients of a class score with respect to the pixels: saliency, SmoothGrad, Integrated Gradients.

Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.config import ModelConfig
from cnn_core.inside import forward
from cnn_core.inside.baselines import baseline
from cnn_core.inside.forward import Weights
from cnn_core.inside.scores import check_label, scores_of, walk_to_scores

SAMPLES = 25  # noisy copies of SmoothGrad; the paper sees little gain beyond 50
NOISE = 0.15  # their standard deviation, as a share of the image's range; the paper uses 0.1 to 0.2
PATH = 64  # images on the way of Integrated Gradients; the paper finds 20 to 300 enough

Floats = npt.NDArray[np.float32]


def saliency(
    opened: models.Opened,
    image: npt.NDArray[Any],
    label: int,
    samples: int = 1,
    noise: float = NOISE,
    seed: int = 0,
) -> dict[str, Floats]:
    """Absolute gradient of the class score with respect to each pixel.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        label: The class.
        samples: With 1, the gradients at the image itself. With more this is SmoothGrad: the mean of the
            gradients at that many copies of the image with noise added.
        noise: Standard deviation of the noise, as a share of the image's range of values.
        seed: Seed of the noise.

    Returns:
        "heat" (H, W), at least 0; of several channels the largest.

    Raises:
        ValueError: If there is no such class, or the image has another shape or type.

    References: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2014; Smilkov
        et al., "SmoothGrad: removing noise by adding noise", 2017.
    """
    check_label(opened.config, label)
    pixels = forward.batch(opened.config, image[np.newaxis]).numpy()
    if samples > 1:
        random, sigma = np.random.default_rng(seed), noise * float(np.ptp(pixels))
        pixels = pixels + random.normal(0, sigma, (samples, *pixels.shape[1:])).astype(np.float32)
    return {"heat": np.abs(_mean_gradient(opened, pixels, label)).max(axis=-1)}


def integrated_gradients(
    opened: models.Opened,
    image: npt.NDArray[Any],
    label: int,
    start: str = "black",
    steps: int = PATH,
) -> dict[str, Any]:
    """What each pixel adds to the class score on the straight way from a start to the image.

    The difference of pixel and start, times the mean gradient at `steps` images along the way (the middles
    of as many equal steps). By completeness all of it together is the difference of the two scores, up to
    the error of the finite number of steps. A pixel that is like the start gets nothing, whatever it means.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        label: The class.
        start: Where the way begins: "black", "grey", or "blur", the image itself, blurred.
        steps: Images along the way.

    Returns:
        "heat" (H, W), summed over the channels, negative where a pixel speaks against the class; "sum" of
        all of it; "difference" of the class scores of the image and the start.

    Raises:
        ValueError: If there is no such class or start, or the image has another shape or type.

    References: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", 2017.
    """
    check_label(opened.config, label)
    pixels = forward.batch(opened.config, image[np.newaxis]).numpy()
    begin = baseline(pixels, start)
    way = ((np.arange(steps, dtype=np.float32) + 0.5) / steps).reshape(-1, 1, 1, 1)
    gradients = _mean_gradient(opened, begin + way * (pixels - begin), label)
    attributions = (pixels - begin)[0] * gradients  # (H, W, C)
    first, last = scores_of(opened, np.concatenate([begin, pixels]))[:, label].tolist()
    return {
        "heat": attributions.sum(axis=-1),
        "sum": float(attributions.sum(dtype=np.float64)),
        "difference": last - first,
    }


def _mean_gradient(opened: models.Opened, pixels: Floats, label: int) -> Floats:
    """The mean over images (N, H, W, C) of the gradients of the class score (H, W, C), in chunks."""
    gradients, weights = _gradients(opened.config), forward.weights_of(opened.model)
    step, total = forward.chunk(opened.config), np.zeros(pixels.shape[1:], np.float32)
    for start in range(0, len(pixels), step):
        total += gradients(tf.constant(pixels[start : start + step]), weights, label).numpy()
    return total / np.float32(len(pixels))


@lru_cache(maxsize=8)
def _gradients(config: ModelConfig) -> Callable[..., tf.Tensor]:
    """(images, weights, label) -> gradients of the class score (H, W, C), summed over the images."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: Weights, label: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            score = walk_to_scores(network, images, weights)[:, label]
        return tf.reduce_sum(tape.gradient(score, images), axis=0)

    return forward.compiled(network, run, tf.TensorSpec((), tf.int32))
