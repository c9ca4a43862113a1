"""Predictions for a part of the data, and its images: so that no page loads a data set."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from cnn_core import datasets
from cnn_core.analysis.evaluation import PARTS, Predictions
from cnn_core.config import TrainConfig
from cnn_core.errors import DataError
from cnn_core.model import Opened, Predict

MAX_IMAGES = 200
"""Most images per call: 200 of 32×32×3 are 0.6 MB on their way between the processes."""

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
    images, labels = _part(data, part)
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
    pool, _ = _part(data_of(train), part)
    wanted = [row for row in rows[:MAX_IMAGES] if 0 <= row < len(pool)]
    return pool[np.array(wanted, dtype=np.intp)]


def _part(data: datasets.Dataset, part: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}. Received part={part!r}.")
    return getattr(data, f"x_{part}"), getattr(data, f"y_{part}")


def data_of(train: TrainConfig) -> datasets.Dataset:
    """The data that the run trained on; the bundled sample where the full set is not on this machine.

    Raises:
        DataError: If the data set cannot be read.
    """
    try:
        return _subset(train.dataset, train.size, train.train_size)
    except DataError as error:
        if error.key != "data.missing":
            raise
        return _subset(train.dataset, "sample", train.train_size)


@lru_cache(maxsize=4)
def _subset(name: str, size: str, train_size: int | None) -> datasets.Dataset:
    return datasets.subset(_loaded(name, size), train_size)


@lru_cache(maxsize=2)
def _loaded(name: str, size: str) -> datasets.Dataset:
    return datasets.load(name, size)
