"""What is measured while a network trains: means since the last report, the best weights, seconds of work."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy.typing as npt

from cnn_core.progress.events import EpochEnd

ROUNDING = 1e-6  # Keras' accuracies are float32: 0.9 of the images reads 0.89999998
SECONDS_BETWEEN_REPORTS = 0.1  # ten a second look continuous; more would slow small networks down


class Weighted(Protocol):
    """Has weights, as a Keras model does."""

    def get_weights(self) -> list[npt.NDArray[Any]]:
        """All weights, layer by layer."""


def reached(target: float | None, end: EpochEnd) -> bool:
    """Whether a complete epoch has the validation accuracy at which training is to stop."""
    return target is not None and end.complete and end.val_accuracy >= target - ROUNDING


class BatchMeter:
    """Turn Keras' means since the start of the epoch into means since the last reading.

    Keras weights every image equally, so a smaller last batch counts for less.

    Args:
        images: Training images per epoch.
        batch_size: Images in every batch but the last.

    Attributes:
        batch: Batches of this epoch that are done.
    """

    def __init__(self, images: int, batch_size: int) -> None:
        self._all_images, self._batch_size = images, batch_size
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """An epoch begins at `now` seconds."""
        self.batch = self._read_images = 0
        self._read_at = now
        self._logs: dict[str, Any] = {}
        self._sums = {"loss": 0.0, "accuracy": 0.0}

    def count(self, batch: int, logs: dict[str, Any]) -> None:
        """`batch` batches are done, and `logs` holds the means over all their images."""
        self.batch, self._logs = batch, logs

    def due(self, now: float) -> bool:
        """Whether the last reading is long enough ago."""
        return now - self._read_at >= SECONDS_BETWEEN_REPORTS

    def read(self, now: float) -> dict[str, float] | None:
        """Means since the last reading: loss, accuracy (0 to 1), images per second; None without a batch."""
        images = min(self.batch * self._batch_size, self._all_images)
        fresh = images - self._read_images
        if fresh == 0:
            return None
        sums = {name: float(self._logs[name]) * images for name in self._sums}
        loss, accuracy = ((sums[name] - self._sums[name]) / fresh for name in ("loss", "accuracy"))
        speed = fresh / max(now - self._read_at, 1e-9)
        self._sums, self._read_images, self._read_at = sums, images, now
        # Keras' means are rounded to 24 bits, so that a difference of two may leave the range.
        return {
            "loss": max(loss, 0.0),
            "accuracy": min(max(accuracy, 0.0), 1.0),
            "images_per_s": speed,
        }


class BestWeights:
    """The weights of the lowest validation loss, and whether patience is exhausted.

    Attributes:
        past: Epochs before an interruption.
        epoch: Where the weights come from, counted from 1; 0 if there are none.
        weights: Arrays as `get_weights` gives them, or None.
    """

    def __init__(self, past: Sequence[EpochEnd] = ()) -> None:
        self.past = tuple(past)
        self.epoch = 0
        self.weights: list[npt.NDArray[Any]] | None = None
        self._loss, self._waited = math.inf, 0
        for end in past:
            self._judge(end.epoch, end.val_loss)

    def offer(self, epoch: int, val_loss: float, model: Weighted) -> bool:
        """Keep the model's weights if this is the best epoch so far; returns whether it is."""
        best = self._judge(epoch, val_loss)
        if best:
            self.weights = model.get_weights()
        return best

    def exhausted(self, patience: int) -> bool:
        """Whether `patience` epochs have passed without a better one; 0 disables early stopping."""
        return 0 < patience <= self._waited

    def _judge(self, epoch: int, val_loss: float) -> bool:
        if val_loss < self._loss:  # never true of a loss that is not a number
            self.epoch, self._loss, self._waited = epoch, val_loss, 0
            return True
        self._waited += 1
        return False


class Stopwatch:
    """Seconds of training without pauses."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._before, self._since = 0.0, clock()

    def seconds(self) -> float:
        """Seconds since the start, without those spent in `halted`."""
        return self._before + self._clock() - self._since

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Time inside the block does not count."""
        self._before = self.seconds()
        try:
            yield
        finally:
            self._since = self._clock()
