"""Small real networks on scikit-learn's digits: 1,149 images of 8x8 pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import accuracy_score, log_loss

from cnn_core import datasets
from cnn_core import model as models
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.progress.events import EpochEnd, Event
from cnn_core.training import Result, meters, steps

SMALL = ModelConfig(
    blocks=(ConvBlock(4),), dense=(16,), dropout=0.2, input_shape=(8, 8, 1), classes=10
)
PLAIN = TrainConfig(
    "digits", epochs=4, batch_size=64, learning_rate=5e-3, patience=0, precision="float32", seed=7
)
FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy")


class Said(list[Event]):
    """What a run said, one kind at a time."""

    def of(self, kind: type) -> list[Any]:
        return [event for event in self if isinstance(event, kind)]

    @property
    def complete(self) -> list[EpochEnd]:
        return [end for end in self.of(EpochEnd) if end.complete]


def report_every_batch(patch: pytest.MonkeyPatch) -> None:
    """Let a training report each batch, and make one step in each call."""
    patch.setattr(meters, "SECONDS_BETWEEN_REPORTS", 0.0)
    patch.setattr(steps, "MOST_STEPS", 1)


def figures(epochs: Sequence[EpochEnd]) -> np.ndarray:
    return np.array([[getattr(end, name) for name in FIGURES] for end in epochs])


def conv_weights(folder: Path, epoch: int) -> dict[str, np.ndarray]:
    with np.load(folder / "snapshots" / f"epoch-{epoch:03d}.npz") as arrays:
        return {name: array for name, array in arrays.items() if name.startswith("conv")}


def assert_same_run(left: Result, right: Result) -> None:
    assert_allclose(figures(left.epochs), figures(right.epochs), atol=1e-4)
    for mine, other in zip(left.model.get_weights(), right.model.get_weights(), strict=True):
        assert_allclose(mine, other, atol=1e-3)
    for part in ("train", "val", "test"):
        assert_allclose(left.ended.scores[part].loss, right.ended.scores[part].loss, atol=1e-4)
    assert left.ended.reason == right.ended.reason
    assert (left.ended.epochs, left.ended.best_epoch) == (
        right.ended.epochs,
        right.ended.best_epoch,
    )


def assert_scores(result: Result, folder: Path, data: datasets.Dataset) -> None:
    """The scores and samples of a run follow from its best.keras, and fit its best epoch."""
    predict = models.predictor(models.restore(SMALL, folder / "best.keras"))
    for part, score in result.ended.scores.items():
        images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        probabilities = predict(images)
        assert math.isclose(
            score.accuracy, accuracy_score(labels, probabilities.argmax(1)), abs_tol=1e-6
        )
        rows = probabilities / probabilities.sum(1, keepdims=True, dtype=np.float64)
        assert math.isclose(score.loss, log_loss(labels, rows), rel_tol=1e-3)
    assert_allclose(result.ended.samples, predict(data.x_test[:10]), atol=1e-6)
    best = min(result.epochs, key=lambda end: end.val_loss)
    assert result.ended.best_epoch == best.epoch
    assert math.isclose(result.ended.scores["val"].loss, best.val_loss, rel_tol=1e-4)
