"""Quality of a classifier: confusion matrix, metrics per class, calibration, the worst mistakes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

PARTS = ("train", "val", "test")

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted probabilities with the true labels; shared between visitors, so nobody writes to it.

    Attributes:
        probabilities: float32 of shape (N, K).
        labels: int64 of shape (N,).
        first: Place of the first of them in its part of the data.
        total: Images in that part of the data.
        size: "sample" or "full", the data that they come from.
    """

    probabilities: npt.NDArray[np.float32]
    labels: Integers
    first: int
    total: int
    size: str

    @classmethod
    def joined(cls, pieces: Iterable[Predictions]) -> Predictions:
        """Pieces that follow each other, as one.

        Raises:
            ValueError: If there is none, or one does not begin where the one before ends.
        """
        pieces = list(pieces)
        if not pieces:
            raise ValueError("There is nothing to join.")
        for before, after in pairwise(pieces):
            if before.first + len(before.labels) != after.first or before.size != after.size:
                raise ValueError(f"Piece {after.first} does not follow piece {before.first}.")
        return cls(
            np.concatenate([piece.probabilities for piece in pieces]),
            np.concatenate([piece.labels for piece in pieces]),
            pieces[0].first,
            pieces[0].total,
            pieces[0].size,
        )

    @cached_property
    def predicted(self) -> Rows:
        """The class with the highest probability, the first of equals; shape (N,)."""
        places: Rows = self.probabilities.argmax(axis=1)
        return places

    @cached_property
    def confidence(self) -> npt.NDArray[np.float32]:
        """The highest probability; shape (N,)."""
        highest: npt.NDArray[np.float32] = self.probabilities.max(axis=1)
        return highest

    @property
    def correct(self) -> int:
        """Number of correct predictions."""
        return int((self.predicted == self.labels).sum())


class PerClass(NamedTuple):
    """Metrics of each class, arrays of shape (K,).

    Attributes:
        precision: Of the images classified as this class, the share that are; 0 if there are none.
        recall: Of the images of this class, the share classified as it; 0 if there are none.
        f1: Harmonic mean of the two; 0 if both are.
        support: Images of this class.
    """

    precision: Floats
    recall: Floats
    f1: Floats
    support: Integers


class Calibration(NamedTuple):
    """Confidence against accuracy; arrays of shape (bins,).

    Attributes:
        edges: Edges of the bins of confidence, shape (bins + 1,), from 0 to 1. A bin excludes its lower
            edge and includes its upper one.
        confidence: Mean highest probability in each bin; nan in an empty one.
        accuracy: Share of correct predictions in each bin; nan in an empty one.
        counts: Images in each bin.
        error: Expected calibration error: the mean distance of the two, weighted by images.
        bias: Mean confidence less accuracy: above 0 is overconfident, below 0 underconfident.
    """

    edges: Floats
    confidence: Floats
    accuracy: Floats
    counts: Integers
    error: float
    bias: float


def confusion(
    labels: npt.NDArray[np.integer[Any]], predicted: npt.NDArray[np.integer[Any]], classes: int
) -> Integers:
    """How often images of each class are classified as each class.

    Args:
        labels: True classes of shape (N,), 0 to `classes` - 1.
        predicted: Predicted classes, likewise.
        classes: Number of classes K.

    Returns:
        Counts of shape (K, K): a row for each true class, a column for each predicted one.

    Raises:
        ValueError: If the two have different shapes, or a value that is no class.
    """
    if labels.shape != predicted.shape or labels.ndim != 1:
        raise ValueError(f"Received labels {labels.shape} and predictions {predicted.shape}.")
    for values in (labels, predicted):
        if len(values) and not 0 <= values.min() <= values.max() < classes:
            raise ValueError(
                f"Classes are 0 to {classes - 1}. Received {values.min()} to {values.max()}."
            )
    pairs = labels.astype(np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def row_shares(matrix: Integers) -> Floats:
    """Each row of a confusion matrix as shares of its class, 0 to 1; a class without images is all 0."""
    return _ratio(matrix, matrix.sum(axis=1, keepdims=True))


def per_class(matrix: Integers) -> PerClass:
    """Precision, recall, F1 and support from a confusion matrix (K, K).

    As in scikit-learn with `zero_division=0`: a division by zero gives 0.
    """
    hits, called, support = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    return PerClass(
        _ratio(hits, called), _ratio(hits, support), _ratio(2 * hits, called + support), support
    )


def macro(figures: PerClass) -> tuple[float, float, float]:
    """Mean precision, recall and F1 over the classes, unweighted (macro average); 0 without classes."""
    if not len(figures.support):
        return 0.0, 0.0, 0.0
    return tuple(float(values.mean()) for values in figures[:3])  # type: ignore[return-value]


def calibration(
    probabilities: npt.NDArray[np.floating[Any]],
    labels: npt.NDArray[np.integer[Any]],
    bins: int = 10,
) -> Calibration:
    """Confidence against accuracy, in bins of equal width.

    Args:
        probabilities: Of shape (N, K).
        labels: True classes of shape (N,).
        bins: Number of bins, at least 1.

    References: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    if len(labels):
        confidence = probabilities.max(axis=1).astype(np.float64)
        right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    else:
        confidence = right = np.zeros(0)
    places = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    sure = np.bincount(places, weights=confidence, minlength=bins)
    hits = np.bincount(places, weights=right, minlength=bins)
    images = max(1, len(labels))
    with np.errstate(invalid="ignore"):
        mean, accuracy = sure / counts, hits / counts
    return Calibration(
        edges=edges,
        confidence=mean,
        accuracy=accuracy,
        counts=counts,
        error=float(np.abs(sure - hits).sum() / images),
        bias=float((sure.sum() - hits.sum()) / images),
    )


def cell_members(predictions: Predictions, label: int, predicted: int) -> Rows:
    """Places of the images of class `label` that were classified as `predicted`, most confident first."""
    there = np.flatnonzero((predictions.labels == label) & (predictions.predicted == predicted))
    return _most_confident_first(predictions, there)


def worst_mistakes(predictions: Predictions, count: int | None = None) -> Rows:
    """Places of the wrong predictions, most confident first; at most `count` of them."""
    wrong = np.flatnonzero(predictions.labels != predictions.predicted)
    return _most_confident_first(predictions, wrong)[:count]


def top_confusions(matrix: Integers, count: int = 3) -> list[tuple[int, int, int]]:
    """The most frequent mistakes as (true class, predicted class, images), most frequent first."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    pairs = [divmod(int(place), len(matrix)) for place in order]
    return [(row, column, int(wrong[row, column])) for row, column in pairs if wrong[row, column]]


def _most_confident_first(predictions: Predictions, places: Rows) -> Rows:
    order = np.argsort(-predictions.confidence[places], kind="stable")
    return places[order]


def _ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """`part / whole`, and 0 where there is no whole."""
    ratio: Floats = np.divide(part, whole, out=np.zeros(part.shape), where=whole != 0)
    return ratio
