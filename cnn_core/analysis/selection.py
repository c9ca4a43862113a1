"""The best of several: how much of its lead is the luck of having been chosen."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_STEPS, _REACH = 4_000, 8.0  # of the integral, in standard deviations


@lru_cache(maxsize=256)
def expected_maximum(count: int) -> float:
    """Expected maximum of `count` independent standard normal values, at least one: 0, 0.56, 0.85, ...

    References: Harter, "Expected values of normal order statistics", Biometrika 1961.
    """
    normal, width = NormalDist(), 2 * _REACH / _STEPS
    points = (-_REACH + (step + 0.5) * width for step in range(_STEPS))
    return (
        math.fsum(x * count * normal.cdf(x) ** (count - 1) * normal.pdf(x) for x in points) * width
    )


def standard_error(accuracy: float, images: int) -> float:
    """Standard error of an accuracy (0 to 1) that was measured on so many images."""
    return math.sqrt(max(0.0, accuracy * (1 - accuracy)) / images)


def optimism(accuracy: float, images: int, count: int) -> float:
    """How much too good the best of `count` equally good networks looks on `images` images, on average."""
    return expected_maximum(count) * standard_error(accuracy, images)
