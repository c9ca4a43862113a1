"""A learning rate range test: its ramp of rates, when it stops, and what its losses suggest.

References: Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, stdev

STEPS = 140
LOWEST, HIGHEST = 1e-6, 10.0
NO_LEARNING = 20  # first steps, whose rates are too small to change anything: a decade
LATEST = 5  # steps whose mean tells that the loss explodes
EXPLODED = 4.0  # times the lowest mean of that many steps
REACH = 4  # steps on either side that a smoothed loss is the mean of
STARTED = 0.1  # of the whole fall of the loss: then it counts as falling
LEAST_FALL = 0.02  # of the first loss: less is no learning
ERRORS = 4.0  # standard errors of a smoothed loss that the fall must pass
BELOW_LOWEST = 0.1  # the suggestion, as a share of the rate with the lowest loss


@dataclass(frozen=True, slots=True)
class RateCurve:
    """The losses of a range test.

    Attributes:
        rates: Learning rate of each step.
        losses: Loss of each step's batch, before the step changes the weights; the last may be infinite.
        exploded: Whether it stopped because the loss exploded.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    exploded: bool


@dataclass(frozen=True, slots=True)
class Usable:
    """What a range test says.

    Attributes:
        low: Rate from which on the loss falls clearly.
        high: Rate with the lowest smoothed loss; above it the loss rises.
        suggestion: A rate well inside.
    """

    low: float
    high: float
    suggestion: float


def ramp(steps: int = STEPS) -> tuple[float, ...]:
    """Rates from `LOWEST` to `HIGHEST`, each the same factor above the one before."""
    factor = (HIGHEST / LOWEST) ** (1 / (steps - 1))
    return tuple(LOWEST * factor**step for step in range(steps))


def exploded(losses: Sequence[float]) -> bool:
    """Whether the last of these losses tell that the rate has become far too high."""
    if not losses:
        return False
    if not math.isfinite(losses[-1]):
        return True
    if len(losses) < 2 * LATEST:
        return False
    means = [fmean(losses[end - LATEST : end]) for end in range(LATEST, len(losses) + 1)]
    return means[-1] > EXPLODED * min(means)


def smoothed(losses: Sequence[float]) -> list[float]:
    """The mean of each loss and its neighbours, without those that are not finite; not delayed."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    return [
        fmean(finite[max(0, place - REACH) : place + REACH + 1]) for place in range(len(finite))
    ]


def usable(curve: RateCurve) -> Usable | None:
    """The usable zone and a suggestion; None if the loss never falls clearly."""
    line = smoothed(curve.losses)
    if len(line) <= NO_LEARNING or not all(map(math.isfinite, curve.losses[:NO_LEARNING])):
        return None
    first = fmean(line[:NO_LEARNING])
    lowest = min(range(len(line)), key=line.__getitem__)
    fall = first - line[lowest]
    noise = stdev(curve.losses[:NO_LEARNING]) / math.sqrt(2 * REACH + 1)
    if fall < max(LEAST_FALL * first, ERRORS * noise) or lowest <= NO_LEARNING:
        return None
    below = [loss <= first - STARTED * fall for loss in line[: lowest + 1]]
    # From where it stays below: a dip by chance long before is no fall.
    begin = max(
        (place + 1 for place, (here, _) in enumerate(pairwise(below)) if not here), default=0
    )
    low, high = curve.rates[begin], curve.rates[lowest]
    return Usable(low, high, rounded(max(low, BELOW_LOWEST * high)))


def together(zones: Sequence[Usable]) -> Usable | None:
    """What several seeds agree on: the rates that are usable with all of them; None if there are none."""
    if not zones:
        return None
    low, high = max(zone.low for zone in zones), min(zone.high for zone in zones)
    mean = math.exp(fmean(math.log(zone.suggestion) for zone in zones))
    if low > high:
        return None
    return Usable(low, high, rounded(min(high, max(low, mean))))


def spread(zones: Sequence[Usable]) -> float:
    """How far the suggestions of several seeds lie apart: the factor between the largest and the smallest."""
    suggestions = [zone.suggestion for zone in zones]
    return max(suggestions) / min(suggestions)


def rounded(rate: float) -> float:
    """A rate with one digit, such as 0.003: no more of it is known."""
    return float(f"{rate:.0e}")
