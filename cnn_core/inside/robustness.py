"""How many test images a network still classifies correctly after each of them was changed.

Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_core.config import TrainConfig
from cnn_core.inside.answers import data_of
from cnn_core.labs.changes import CHANGES, apply
from cnn_core.model import Opened


def robustness(
    opened: Opened, train: TrainConfig, change: str, first: int, count: int
) -> dict[str, Any]:
    """Correct answers at each strength of one change, on some test images of the run's data.

    Args:
        opened: The network.
        train: How it was trained, which names its data.
        change: A name in `CHANGES`. Noise is another pattern on each image.
        first: Place of the first image among the test images.
        count: How many; fewer where there are no more.

    Returns:
        "correct", int64, one number for each strength in the change's `curve`; "images", how many there
        were; "total", all test images.

    Raises:
        ValueError: If there is no such change.
        DataError: If the data set cannot be read.
    """
    if change not in CHANGES:
        raise ValueError(f"change must be one of {', '.join(CHANGES)}. Received change={change!r}.")
    data = data_of(train)
    images, labels = data.x_test[first : first + count], data.y_test[first : first + count]
    correct = [
        _correct(opened, images, labels, {change: strength}, first)
        for strength in CHANGES[change].curve
    ]
    return {
        "correct": np.array(correct, np.int64),
        "images": len(images),
        "total": len(data.x_test),
    }


def _correct(
    opened: Opened,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    strengths: Mapping[str, float],
    seed: int,
) -> int:
    if not len(images):
        return 0
    changed = [apply(image, strengths, seed=seed + at) for at, image in enumerate(images)]
    return int((opened.predict(np.stack(changed)).argmax(axis=1) == labels).sum())
