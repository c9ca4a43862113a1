"""Small changes of all pixels that a network is misled by: the fast gradient sign method, once and iterated.

Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.special import softmax

from cnn_core import model as models
from cnn_core.config import ModelConfig
from cnn_core.inside import forward
from cnn_core.inside.forward import Weights
from cnn_core.inside.scores import in_chunks, scores_of, walk_to_scores
from cnn_core.labs.adversarial import ITERATIONS, SIZES

Floats = npt.NDArray[np.float32]


def adversarial(opened: models.Opened, image: npt.NDArray[Any]) -> dict[str, Any]:
    """One image, changed against the network's own answer by every size and method.

    The fast method goes by the whole size along the sign of the gradient of the loss; the iterated one
    takes `ITERATIONS` equal steps, each along the sign of the gradient where it is. The loss is the
    cross-entropy of the class that is most probable for the unchanged image. Pixels stay in [0, 1].

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.

    Returns:
        "label", the class at first; "images" (METHODS, SIZES, H, W, C) and "probabilities"
        (METHODS, SIZES, K), float32.

    Raises:
        ValueError: If the image has another shape or type.

    References: Goodfellow, Shlens and Szegedy, "Explaining and harnessing adversarial examples", 2015;
        Kurakin, Goodfellow and Bengio, "Adversarial examples in the physical world", 2017.
    """
    pixels = forward.batch(opened.config, image[np.newaxis]).numpy()
    label = int(scores_of(opened, pixels)[0].argmax())
    sizes = np.array(SIZES, np.float32).reshape(-1, 1, 1, 1)
    fast = np.clip(pixels + sizes * np.sign(_gradient(opened, pixels, label)), 0, 1)
    iterated = np.repeat(pixels, len(SIZES), axis=0)
    for _ in range(ITERATIONS):
        step = sizes / ITERATIONS * np.sign(_gradient(opened, iterated, label))
        iterated = np.clip(iterated + step, 0, 1)
    images = np.stack([fast, iterated]).astype(np.float32)
    probabilities = [softmax(scores_of(opened, changed), axis=1) for changed in images]
    return {"label": label, "images": images, "probabilities": np.stack(probabilities)}


def _gradient(opened: models.Opened, pixels: Floats, label: int) -> Floats:
    """The gradient of the loss of each image (N, H, W, C) with respect to its pixels, in chunks."""
    return in_chunks(opened, _gradients(opened.config), pixels, label)


@lru_cache(maxsize=8)
def _gradients(config: ModelConfig) -> Callable[..., tf.Tensor]:
    """(images, weights, label) -> gradients of the cross-entropy of that class (N, H, W, C)."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: Weights, label: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            scores = walk_to_scores(network, images, weights)
            labels = tf.fill([tf.shape(images)[0]], label)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
        return tape.gradient(loss, images)

    return forward.compiled(network, run, tf.TensorSpec((), tf.int32))
