"""The photographs that come with scikit-learn."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from cnn_core.errors import DataError
from cnn_core.images.arrays import Pixels

PHOTOGRAPHS = ("china", "flower")
"""The photographs that come with scikit-learn, without ".jpg"."""


def photograph(name: str) -> Pixels:
    """A photograph of `PHOTOGRAPHS` as uint8 of shape (427, 640, 3).

    It is `sklearn.datasets.load_sample_image`, without a second to import scikit-learn and the
    memory that this would take.

    Raises:
        DataError: If there is no such photograph here.
    """
    package = find_spec("sklearn")
    if name not in PHOTOGRAPHS or package is None or package.origin is None:
        raise DataError("data.photograph", name=name)
    try:
        with Image.open(
            Path(package.origin).parent / "datasets" / "images" / f"{name}.jpg"
        ) as image:
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        raise DataError("data.photograph", name=name) from error
