"""Images in the feature space of a network: the inputs of its output layer, in two dimensions."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from cnn_core import model as models
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.inside import answers, forward
from cnn_core.inside.features import Floats

SEED = 42  # fixed: the same network gives the same map each time
AXES = 3  # principal components that are answered
MOST_FEATURES = 50  # longer vectors are reduced by PCA first, as scikit-learn's guide recommends
SPREAD = 1e-4  # standard deviation of the start, as scikit-learn scales its own
NICE = 5  # predictions for other visitors go first
KEPT = 64  # results of t-SNE, 16 KB each

_JOBS: dict[tuple[object, ...], Future[Floats]] = {}
"""Runs of t-SNE by the weights of the network: a network may be closed and opened between two calls,
which would otherwise start the run again."""
_LOCK = threading.Lock()


def vectors(opened: models.Opened, images: npt.NDArray[Any]) -> Floats:
    """Inputs of the output layer: outputs of the last dense layer, or the flattened maps without one.

    Dropout does nothing here, as always outside training.

    Args:
        opened: The network.
        images: Images (N, H, W, C), float in [0, 1] or uint8.

    Returns:
        Array of shape (N, D).
    """
    weights, step = forward.weights_of(opened.model), forward.chunk(opened.config)
    run = _before_output(opened.config)
    return np.concatenate(
        [
            run(forward.batch(opened.config, images[start : start + step]), weights).numpy()
            for start in range(0, len(images), step)
        ]
    )


def pca(opened: models.Opened, train: TrainConfig, count: int) -> dict[str, Floats]:
    """The first test images on the first three principal components of their vectors.

    Args:
        opened: The network.
        train: How it was trained, which names its data.
        count: How many images, from the first test image on.

    Returns:
        "points" (N, 3), and "explained" (3,), the share of all variance along each axis.

    Raises:
        DataError: If the data set cannot be read.
    """
    features = vectors(opened, answers.data_of(train).x_test[:count]).astype(np.float64)
    points, explained = _principal(features, AXES)
    missing = AXES - points.shape[1]  # a network may end in a single unit
    return {
        "points": np.pad(points, ((0, 0), (0, missing))).astype(np.float32),
        "explained": np.pad(explained, (0, missing)).astype(np.float32),
    }


def tsne(opened: models.Opened, train: TrainConfig, count: int, perplexity: float) -> Floats | None:
    """t-SNE of the first test images' vectors; None until it is done.

    It takes seconds, so it runs on a thread beside the calls of other visitors; call again. The same
    seed and the principal components as a start give the same result each time.

    Args:
        opened: The network.
        train: How it was trained, which names its data.
        count: How many images, from the first test image on.
        perplexity: Roughly how many neighbours count for each image; less than the number of images.

    Returns:
        Points of shape (N, 2).

    Raises:
        DataError: If the data set cannot be read.

    References: van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 2008.
    """
    data = answers.data_of(train)
    key = (_fingerprint(opened), data.name, data.size, count, perplexity)
    with _LOCK:
        if key not in _JOBS:
            features = vectors(opened, data.x_test[:count])
            _JOBS[key] = _thread().submit(neighbours, features, perplexity)
            for oldest in list(_JOBS)[:-KEPT]:
                _JOBS.pop(oldest).cancel()
        job = _JOBS[key]
        if job.done() and job.exception():
            del _JOBS[key]  # raised once; the next call tries again
    return job.result() if job.done() else None


def _fingerprint(opened: models.Opened) -> bytes:
    """The same for the same weights in the same architecture."""
    digest = hashlib.blake2b(repr(opened.config).encode())
    for weights in forward.weights_of(opened.model).values():
        digest.update(weights.numpy())
    return digest.digest()


def neighbours(features: Floats, perplexity: float) -> Floats:
    """t-SNE of vectors (N, D), as points (N, 2); all at the origin if the vectors are all equal."""
    start = features.astype(np.float64)
    points, _ = _principal(start, min(MOST_FEATURES, *features.shape))
    if len(features) < 3 or not points[:, 0].std() > 0:
        return np.zeros((len(features), 2), np.float32)
    if points.shape[1] == 1:
        points = np.pad(points, ((0, 0), (0, 1)))
    engine = TSNE(
        perplexity=min(perplexity, (len(features) - 1) / 3),
        init=points[:, :2] / points[:, 0].std() * SPREAD,
        random_state=SEED,
    )
    # One core is left to others; on a busy machine, threads that wait for each other take far longer.
    with threadpool_limits(1):
        embedded: Floats = engine.fit_transform(points).astype(np.float32)
    return embedded


def _principal(features: npt.NDArray[np.float64], count: int) -> tuple[Any, Any]:
    """Vectors on their first `count` principal axes, and the share of all variance along each."""
    engine = PCA(min(count, *features.shape), svd_solver="full", random_state=SEED)
    with np.errstate(invalid="ignore"):  # equal vectors have no variance to divide
        points = engine.fit_transform(features)
    return points, np.nan_to_num(engine.explained_variance_ratio_)


@lru_cache(maxsize=1)
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "t-sne", initializer=_lower_priority)


def _lower_priority() -> None:
    with suppress(AttributeError, OSError):  # only Linux has a priority per thread
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


@lru_cache(maxsize=8)
def _before_output(config: ModelConfig) -> Callable[..., tf.Tensor]:
    """The compiled pass of `vectors`: (images, weights) -> vectors (N, D)."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: dict[str, Any]) -> tf.Tensor:
        *_, (_, vectors) = forward.walk(network, images, weights, slice(-1))
        return vectors

    return forward.compiled(network, run)
