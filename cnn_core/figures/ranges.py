"""Ranges of the axes of the live curves, and the steps between their labels."""

from __future__ import annotations

import math
from collections.abc import Iterable

MOST_LOSS = (
    10.0  # four times what guessing among ten classes gives; a diverging run goes far beyond
)
EMPTY_LOSS = 2.5  # just above ln(10), where a network of ten classes begins

Point = tuple[float, float | None]  # place on the axis of epochs, value; None is a gap


def loss_range(epochs: Iterable[float], batches: Iterable[Point]) -> tuple[float, float, float]:
    """Lowest and highest value of the axis, and the step of its labels.

    All epochs fit in; batches fit in up to their 98th percentile, and once there is an epoch, the
    steep fall of its first half may be cut off at the top. So may a loss beyond `MOST_LOSS`, unless
    all epochs, or before the first one all batches, are as large: a run that diverges would otherwise
    flatten everything else.
    """
    epoch_values, batch_values = _values(epochs, batches)
    top = (
        max([1e-6, *epoch_values, *_percentile(batch_values, 0.98)])
        if epoch_values or batch_values
        else EMPTY_LOSS
    )
    top = min(top, max(MOST_LOSS, 2 * min(epoch_values or batch_values, default=0.0)))
    step = nice(top / 5)
    return 0.0, tidy(math.ceil(top * 1.02 / step) * step), step


def accuracy_range(epochs: Iterable[float], batches: Iterable[Point]) -> tuple[float, float, float]:
    """The same for percentages: the highest is 100, the lowest below the smallest accuracy."""
    epoch_values, batch_values = _values(epochs, batches)
    low = min([99.0, *epoch_values, *_percentile(batch_values, 0.02)]) if epoch_values else 0.0
    step = nice((100 - low) / 5)
    return tidy(max(0.0, 100 - math.ceil((100 - low) * 1.02 / step) * step)), 100.0, step


def _values(epochs: Iterable[float], batches: Iterable[Point]) -> tuple[list[float], list[float]]:
    """Finite epoch figures; finite batch figures, without the first half epoch once one is over."""
    epoch_values = [y for y in epochs if math.isfinite(y)]
    start = 0.5 if epoch_values else 0.0
    return epoch_values, [y for x, y in batches if y is not None and math.isfinite(y) and x > start]


def _percentile(values: list[float], share: float) -> list[float]:
    """The value below which `share` of them lie, in a list; an empty list for none."""
    return [sorted(values)[round(share * (len(values) - 1))]] if values else []


def nice(step: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return tidy(next(n * power for n in (1, 2, 5, 10) if n * power >= step * 0.999))


def tidy(value: float) -> float:
    """The value with six significant digits, without the rounding errors of binary fractions."""
    return float(f"{value:.6g}")
