"""The images that a run learned from or is tested on, part by part; the sets read last stay in memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cnn_core.config import TrainConfig
from cnn_core.datasets.loading import Dataset, load, subset
from cnn_core.errors import DataError

PARTS = ("train", "val", "test")
MAX_IMAGES = 200
"""Most images per call: 200 of 32×32×3 are 0.6 MB on their way between the processes."""


@lru_cache(maxsize=2)
def loaded(name: str, size: str) -> Dataset:
    """A data set as `load` reads it, without a download; the last two are kept.

    Raises:
        DataError: If it cannot be read.
    """
    return load(name, size)


def data_of(train: TrainConfig) -> Dataset:
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


def part_of(data: Dataset, part: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images (N, H, W, C) and labels (N,) of one of `PARTS`. Raises ValueError if it is none of them."""
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}. Received part={part!r}.")
    return getattr(data, f"x_{part}"), getattr(data, f"y_{part}")


def images_of(train: TrainConfig, part: str, rows: Sequence[int]) -> npt.NDArray[np.uint8]:
    """Images (n, H, W, C) of a part of the run's data, in the order of `rows`; at most `MAX_IMAGES`.

    Args:
        train: How the run was trained.
        part: One of `PARTS`.
        rows: Places in that part; those that it does not have are left out.

    Raises:
        ValueError: If there is no such part.
        DataError: If the data set cannot be read.
    """
    pool, _ = part_of(data_of(train), part)
    wanted = [row for row in rows[:MAX_IMAGES] if 0 <= row < len(pool)]
    return pool[np.array(wanted, dtype=np.intp)]


@lru_cache(maxsize=4)
def _subset(name: str, size: str, train_size: int | None) -> Dataset:
    return subset(loaded(name, size), train_size)
