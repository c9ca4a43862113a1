"""What stands in for pixels that are not there: every choice answers another question."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from cnn_core.analysis.deletion import FILLS

SHADES = {"grey": 0.5, "black": 0.0, "white": 1.0}
BLUR = 1 / 7
"""Standard deviation of the blur as a share of the shorter side: 4 of 28 pixels leave no shape."""

Floats = npt.NDArray[np.float32]


def baseline(images: npt.NDArray[Any], name: str) -> Floats:
    """Images without what could be recognized in them.

    Args:
        images: Images (N, H, W, C), float32 in [0, 1].
        name: "black", "grey", or "blur": each image itself, blurred.

    Raises:
        ValueError: If there is no such name.
    """
    if name not in FILLS:
        raise ValueError(f"It must be one of {', '.join(FILLS)}. Received {name!r}.")
    if name != "blur":
        return np.full(images.shape, SHADES[name], np.float32)
    width = BLUR * min(images.shape[1:3])
    blurred: Floats = gaussian_filter(images, (0, width, width, 0), mode="nearest")
    return blurred.astype(np.float32)
