"""Predictions for a part of the data, and its images: so that no page loads a data set."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from cnn_core.analysis.evaluation import Predictions
from cnn_core.config import TrainConfig
from cnn_core.datasets.parts import MAX_IMAGES, data_of, images_of, part_of
from cnn_core.model import Opened, Predict

__all__ = ["MAX_IMAGES", "data_of", "evaluate", "images"]

_PREDICTIONS: WeakKeyDictionary[Predict, dict[tuple[object, ...], Predictions]] = (
    WeakKeyDictionary()
)
"""Predictions of the models that are open; they go when their model goes."""


def evaluate(
    opened: Opened, train: TrainConfig, part: str, first: int = 0, count: int | None = None
) -> Predictions:
    """Predicted probabilities and labels of some images of a part of the run's data.

    Where the full data set is not on this machine, the bundled sample stands in for it; each of its
    images belongs to the same part of the full set.

    Args:
        opened: The network.
        train: How it was trained, which names its data, and how many training images.
        part: "train", "val" or "test".
        first: Place of the first image in that part.
        count: How many; None takes all the rest. Ask for a few thousand at a time, so that other
            visitors' calls come in between.

    Raises:
        ValueError: If there is no such part.
        DataError: If the data set cannot be read.
    """
    data = data_of(train)
    images, labels = part_of(data, part)
    cached = _PREDICTIONS.setdefault(opened.predict, {})
    key = (data.name, data.size, train.train_size, part, first, count)
    if key not in cached:
        stop = None if count is None else first + count
        probabilities = opened.predict(images[first:stop])
        cached[key] = Predictions(probabilities, labels[first:stop], first, len(labels), data.size)
    return cached[key]


def images(
    opened: Opened, train: TrainConfig, part: str, rows: Sequence[int]
) -> npt.NDArray[np.uint8]:
    """Images (n, H, W, C) of a part of the run's data, in the order of `rows`; at most `MAX_IMAGES`.

    Args:
        opened: The network; not used.
        train: How it was trained.
        part: "train", "val" or "test".
        rows: Places as in `evaluate`; those that the part does not have are left out.

    Raises:
        ValueError, DataError: As in `evaluate`.
    """
    return images_of(train, part, rows)
