"""What a network says of a whole part of its data, and those images: so that no page loads a data set."""

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
"""Most images that one look hands out."""

_ANSWERS: WeakKeyDictionary[Predict, dict[tuple[object, ...], Predictions]] = WeakKeyDictionary()
"""What the open models have said already; it goes when the model goes."""


def evaluate(
    opened: Opened, train: TrainConfig, part: str, first: int = 0, count: int | None = None
) -> Predictions:
    """Probabilities of some images of a part of the run's data, and their labels.

    Where the full data set is not on this machine, the bundled sample stands in for it; each of its
    images belongs to the same part of the full set.

    Args:
        opened: The network.
        train: How it was trained; says which data it used, and how many training images.
        part: "train", "val" or "test".
        first: Place of the first image in that part.
        count: How many; None takes all the rest. Ask for a few thousand at a time, so that other
            visitors' looks come in between.

    Raises:
        ValueError: If there is no such part.
        DataError: If the data set cannot be read.
    """
    data = data_of(train)
    images, labels = _part(data, part)
    said = _ANSWERS.setdefault(opened.predict, {})
    key = (data.name, data.size, train.train_size, part, first, count)
    if key not in said:
        stop = None if count is None else first + count
        shares = opened.predict(images[first:stop])
        said[key] = Predictions(shares, labels[first:stop], first, len(labels), data.size)
    return said[key]


def images(
    opened: Opened, train: TrainConfig, part: str, rows: Sequence[int]
) -> npt.NDArray[np.uint8]:
    """Images (n, H, W, C) of a part of the run's data, in the order of `rows`; at most `MAX_IMAGES`.

    Args:
        opened: The network; not asked for anything.
        train: How it was trained.
        part: "train", "val" or "test".
        rows: Places as in `evaluate`; those that the part does not have are left out.

    Raises:
        ValueError, DataError: As in `evaluate`.
    """
    there, _ = _part(data_of(train), part)
    wanted = [row for row in rows[:MAX_IMAGES] if 0 <= row < len(there)]
    return there[np.array(wanted, dtype=np.intp)]


def _part(data: datasets.Dataset, part: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}. Received part={part!r}.")
    return getattr(data, f"x_{part}"), getattr(data, f"y_{part}")


def data_of(train: TrainConfig) -> datasets.Dataset:
    """What the run learned from, or the sample as long as the full set is not here."""
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
