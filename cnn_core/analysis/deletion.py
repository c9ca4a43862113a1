"""Deletion and insertion curves: how an order of the pixels does when they go, or come, in that order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FILLS = ("black", "grey", "blur")
"""What takes the place of a pixel."""

ORDERS = (
    "hires_cam", "layer_cam", "grad_cam", "integrated_black", "integrated_grey", "integrated_blur",
    "saliency", "smooth", "occlusion", "random", "bright",
)  # fmt: skip
"""In which order: what a method calls most important first; at random; the brightest first."""

STEPS = 20  # equal shares of the pixels
TENTH = STEPS // 10
IMAGES = 300  # whose mean is taken

Floats = npt.NDArray[np.floating[Any]]


def replaced_shares() -> Floats:
    """The share of pixels (STEPS + 1,) that each point of a curve stands for, 0 to 1."""
    return np.linspace(0, 1, STEPS + 1)


def after_a_tenth(curves: Floats) -> Floats:
    """How far the probability has moved after the first tenth of the pixels.

    Args:
        curves: Probabilities (..., STEPS + 1).

    Returns:
        The differences (...): below 0 where it fell.
    """
    return np.asarray(curves[..., TENTH] - curves[..., 0])


def area(curves: Floats) -> Floats:
    """Area under curves (..., STEPS + 1), their mean height: low is good for deletion, high for insertion.

    References: Petsiuk, Das and Saenko, "RISE: randomized input sampling for explanation of black-box
        models", 2018.
    """
    return np.asarray(np.trapezoid(curves, replaced_shares(), axis=-1))
