"""Now and then the gradient, the update and the zeros of every layer, while a network trains.

The numbers are those of the step itself: its images, its dropout masks, the weights before and after it.
Nothing that Keras computes is changed by measuring.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.config import TEXTBOOK
from cnn_core.progress.events import Emit, LayerFigures, LayersMeasured
from cnn_core.training.augmentation import Augmentation

SHARE_OF_TIME = 0.015
"""Of the training's time so far that measuring takes at most, the first measurement included."""
EXPECTED_SECONDS = 0.03
"""Of a measurement, before there has been one."""
SECONDS_BETWEEN = 0.3
"""Least time between two measurements: more are not seen in a chart, and every one is a line of the log."""
MOST_IN_A_CHART = 500
"""Measurements of the time so far after which the time between two of them grows with it, which bounds the
log: an hour of training has about 2,000, ten hours have about 3,200.
"""

SMALLEST = float(np.finfo(np.float32).tiny)  # size of weights that are all 0
SILENT_BATCHES = 5
"""Measured batches in which a unit must be 0 for every image to count as silent."""

Arrays = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class StepFigures:
    """What a training step meets in one layer.

    Attributes:
        gradient: Root of the sum of the squared gradients of the mean loss for kernel and biases.
        zeros: Share of its outputs that are 0.
        silent: Of shape (units,): which are 0 for every image, and at every place of a map.
    """

    gradient: float
    zeros: float
    silent: npt.NDArray[np.bool_]


class LayerMeter:
    """Measures a step when the time of all measurements is a small share of the training's even with it.

    Args:
        network: What is trained.
        images: Training images, uint8 of shape (N, H, W, C).
        labels: Their classes (N,).
        batch_size: Images in every batch but the last.
        seconds: Seconds of training so far, without pauses.
        emit: Called with every `LayersMeasured`; None measures nothing.
        augmentation: Changes the images of each batch as the training does; None leaves them as they are.
    """

    def __init__(
        self,
        network: keras.Sequential,
        images: npt.NDArray[np.uint8],
        labels: npt.NDArray[Any],
        batch_size: int,
        *,
        seconds: Callable[[], float],
        emit: Emit | None,
        augmentation: Augmentation | None = None,
    ) -> None:
        self._network, self._images, self._labels = network, images, labels
        self._batch_size, self._seconds, self._emit = batch_size, seconds, emit
        self._augmentation = augmentation
        self._epoch, self._order = 0, np.arange(len(images))
        self._next, self._spent = EXPECTED_SECONDS / SHARE_OF_TIME, 0.0
        self._silent: deque[dict[str, npt.NDArray[np.bool_]]] = deque(maxlen=SILENT_BATCHES)

    def begin_epoch(self, epoch: int, order: npt.NDArray[np.int64]) -> None:
        """An epoch, counted from 0, takes the images in this order: a permutation of shape (N,)."""
        self._epoch, self._order = epoch, order

    def due(self) -> bool:
        """Whether the next step is to be measured."""
        return self._emit is not None and self._seconds() >= self._next

    @contextmanager
    def around(self, batch: int) -> Iterator[None]:
        """The block trains on one batch of the epoch, counted from 0: that step is measured and reported."""
        began = self._seconds()
        start = batch * self._batch_size
        rows = self._order[start : start + self._batch_size]
        images = tf.constant(self._images[rows], tf.float32) / 255.0
        if self._augmentation:
            images = self._augmentation.changed(images, tf.constant(batch))
        figures = measured(self._network, images, self._labels[rows])
        before = weights(self._network)
        cost = self._seconds() - began
        yield
        began = self._seconds()
        ratios = update_ratios(before, weights(self._network))
        self._silent.append({name: layer.silent for name, layer in figures.items()})
        layers = {
            name: LayerFigures(layer.gradient, ratios[name], layer.zeros, self._silent_share(name))
            for name, layer in figures.items()
        }
        now = self._seconds()
        self._report(batch, layers, now, cost + now - began)

    def _silent_share(self, layer: str) -> float:
        return float(np.all([units[layer] for units in self._silent], axis=0).mean())

    def _report(self, batch: int, layers: dict[str, LayerFigures], now: float, cost: float) -> None:
        self._spent += cost
        affordable = (self._spent + cost) / SHARE_OF_TIME
        self._next = max(affordable, now + max(SECONDS_BETWEEN, now / MOST_IN_A_CHART))
        if self._emit is not None:
            self._emit(LayersMeasured(self._epoch + 1, batch + 1, cost, layers))


def measured(
    network: keras.Sequential, images: tf.Tensor, labels: npt.NDArray[Any]
) -> dict[str, StepFigures]:
    """What a training step on these images meets in each layer with weights; nothing is changed.

    Not compiled: tracing takes longer than all the measurements of a short training.

    Args:
        network: Ends in a softmax.
        images: float32 of shape (N, H, W, C) in [0, 1].
        labels: Classes of shape (N,).
    """
    outputs = images
    weighted = [layer for layer in network.layers if layer.trainable_weights]
    nonzero: dict[str, tuple[npt.NDArray[np.int32], int]] = {}
    with tf.GradientTape() as tape, _dropout_unchanged(network):
        for layer in network.layers:
            outputs = layer(outputs, training=True)
            if layer.trainable_weights:
                with tape.stop_recording():
                    nonzero[layer.name] = _nonzero(outputs)
        loss = keras.losses.SparseCategoricalCrossentropy()(labels, outputs)
    gradients = tape.gradient(loss, [layer.trainable_weights for layer in weighted])
    return {
        layer.name: StepFigures(
            _norm(gradient.numpy() for gradient in parts),
            1.0 - float(counts.sum()) / (counts.size * places),
            counts == 0,
        )
        for layer, parts in zip(weighted, gradients, strict=True)
        for counts, places in [nonzero[layer.name]]
    }


def load_kernels() -> None:
    """Measure a small network once, so that the first training does not wait while TensorFlow loads.

    It takes about 0.2 s.
    """
    network = models.build(TEXTBOOK)
    images = tf.zeros((2, *TEXTBOOK.input_shape))
    measured(network, images, np.zeros(len(images), np.int64))


def weights(network: keras.Sequential) -> Arrays:
    """Kernel and biases of each layer that has any, joined in one flat array."""
    return {
        layer.name: np.concatenate([array.ravel() for array in layer.get_weights()])
        for layer in network.layers
        if layer.trainable_weights
    }


def update_ratios(before: Arrays, after: Arrays) -> dict[str, float]:
    """By layer: size of the change to the size of what was changed, each the root of a sum of squares."""
    with np.errstate(invalid="ignore"):  # the weights of a run that diverges
        return {
            name: _norm([after[name] - array]) / max(_norm([array]), SMALLEST)
            for name, array in before.items()
        }


def _norm(parts: Iterable[npt.NDArray[Any]]) -> float:
    with np.errstate(over="ignore", invalid="ignore"):  # the same
        return float(np.sqrt(sum(float(np.vdot(part, part)) for part in parts)))


def _nonzero(outputs: tf.Tensor) -> tuple[npt.NDArray[np.int32], int]:
    """How often each unit (C,) is not 0, and of how many times: images, and places of a map."""
    axes = list(range(len(outputs.shape) - 1))
    counts = tf.math.count_nonzero(outputs, axes, dtype=tf.int32).numpy()
    return counts, int(np.prod(outputs.shape[:-1]))


@contextmanager
def _dropout_unchanged(network: keras.Sequential) -> Iterator[None]:
    """Masks that are drawn inside the block are drawn again after it."""
    generators = [
        layer.seed_generator
        for layer in network.layers
        if isinstance(layer, keras.layers.Dropout) and layer.rate > 0
    ]
    states = [generator.state.numpy() for generator in generators]
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.state.assign(state)
