"""Where images lie in the eyes of a network: what its output layer decides by, in two dimensions."""

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

SEED = 42
MOST_FEATURES = 50  # t-SNE sees no more: of longer vectors their first principal components
SPREAD = 1e-4  # of the start, as scikit-learn gives its own
NICE = 5  # drawings and other looks go first

KEPT = 64  # what t-SNE made, 16 KB each

_JOBS: dict[tuple[object, ...], Future[Floats]] = {}
"""What t-SNE made or makes, by the weights of the network: a network may be closed and opened between two
questions, and would otherwise begin again each time."""
_LOCK = threading.Lock()


def vectors(opened: models.Opened, images: npt.NDArray[Any]) -> Floats:
    """What goes into the output layer: outputs of the last dense layer, or the flattened maps without one.

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
    """The first test images on the two axes along which their vectors spread most.

    Args:
        opened: The network.
        train: How it was trained; says which data it used.
        count: How many images, from the first test image on.

    Returns:
        "points" (N, 2), and "explained" (2,), the share of all variance along each axis.

    Raises:
        DataError: If the data set cannot be read.
    """
    found = vectors(opened, answers.data_of(train).x_test[:count]).astype(np.float64)
    points, explained = _principal(found, 2)
    missing = 2 - points.shape[1]  # a network may end in a single unit
    return {
        "points": np.pad(points, ((0, 0), (0, missing))).astype(np.float32),
        "explained": np.pad(explained, (0, missing)).astype(np.float32),
    }


def tsne(opened: models.Opened, train: TrainConfig, count: int, perplexity: float) -> Floats | None:
    """The first test images so that neighbours in their vectors stay neighbours; None until it is done.

    It takes seconds, so it is worked out on a thread beside the looks of other visitors; ask again. The
    same seed and the principal components as a start make it the same each time.

    Args:
        opened: The network.
        train: How it was trained; says which data it used.
        count: How many images, from the first test image on.
        perplexity: Roughly how many neighbours each image heeds; less than the images.

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
            found = vectors(opened, data.x_test[:count])
            _JOBS[key] = _thread().submit(neighbours, found, perplexity)
            for oldest in list(_JOBS)[:-KEPT]:
                _JOBS.pop(oldest).cancel()
        job = _JOBS[key]
        if job.done() and job.exception():
            del _JOBS[key]  # said once; the next question tries again
    return job.result() if job.done() else None


def _fingerprint(opened: models.Opened) -> bytes:
    """The same for the same weights in the same architecture."""
    digest = hashlib.blake2b(repr(opened.config).encode())
    for weights in forward.weights_of(opened.model).values():
        digest.update(weights.numpy())
    return digest.digest()


def neighbours(found: Floats, perplexity: float) -> Floats:
    """t-SNE of vectors (N, D), as points (N, 2); all at one place if the vectors are all alike."""
    start = found.astype(np.float64)
    points, _ = _principal(start, min(MOST_FEATURES, *found.shape))
    if len(found) < 3 or not points[:, 0].std() > 0:
        return np.zeros((len(found), 2), np.float32)
    if points.shape[1] == 1:
        points = np.pad(points, ((0, 0), (0, 1)))
    engine = TSNE(
        perplexity=min(perplexity, (len(found) - 1) / 3),
        init=points[:, :2] / points[:, 0].std() * SPREAD,
        random_state=SEED,
    )
    # One core is left to others; on a busy machine, threads that wait for each other take far longer.
    with threadpool_limits(1):
        made: Floats = engine.fit_transform(points).astype(np.float32)
    return made


def _principal(found: npt.NDArray[np.float64], count: int) -> tuple[Any, Any]:
    """Vectors on their first `count` principal axes, and the share of all variance along each."""
    engine = PCA(min(count, *found.shape), svd_solver="full", random_state=SEED)
    with np.errstate(invalid="ignore"):  # vectors that are all alike have no variance to divide
        points = engine.fit_transform(found)
    return points, np.nan_to_num(engine.explained_variance_ratio_)


@lru_cache(maxsize=1)
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "t-sne", initializer=_step_back)


def _step_back() -> None:
    with suppress(AttributeError, OSError):  # a thread has a priority of its own on Linux alone
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


@lru_cache(maxsize=8)
def _before_output(config: ModelConfig) -> Callable[..., tf.Tensor]:
    """The compiled pass of `vectors`: (images, weights) -> vectors (N, D)."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: dict[str, Any]) -> tf.Tensor:
        *_, (_, vectors) = forward.walk(network, images, weights, slice(-1))
        return vectors

    return forward.compiled(network, run)
