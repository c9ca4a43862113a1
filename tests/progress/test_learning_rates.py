"""What a range test says of losses that were made up: a known zone, noise, and nothing at all."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cnn_core.progress.learning_rates import (
    HIGHEST,
    LOWEST,
    STEPS,
    RateCurve,
    Usable,
    exploded,
    ramp,
    smoothed,
    spread,
    together,
    usable,
)


def curve(noise: float = 0.0, seed: int = 0, start: float = 1e-4, best: float = 1e-2) -> RateCurve:
    """Flat at 2.3 up to `start`, then down to 0.5 at `best` in equal parts a decade, then up."""
    dice = random.Random(seed)
    losses: list[float] = []
    for rate in ramp():
        if rate <= start:
            loss = 2.3
        elif rate <= best:
            loss = 2.3 - 1.8 * math.log(rate / start) / math.log(best / start)
        else:
            loss = 0.5 * (rate / best) ** 2
        losses.append(loss * (1 + noise * dice.uniform(-1, 1)))
        if exploded(losses):
            break
    return RateCurve(ramp()[: len(losses)], tuple(losses), exploded(losses))


def test_the_ramp_rises_by_the_same_factor_every_step() -> None:
    rates = ramp()
    assert (len(rates), rates[0]) == (STEPS, LOWEST)
    assert rates[-1] == pytest.approx(HIGHEST)
    factors = [after / before for before, after in pairwise(rates)]
    assert min(factors) == pytest.approx(max(factors))


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.15])
def test_the_usable_zone_is_where_the_loss_falls(noise: float) -> None:
    for seed in range(5):
        zone = usable(curve(noise, seed))
        assert zone is not None
        assert 3e-5 < zone.low < 5e-4
        assert 4e-3 < zone.high < 3e-2
        assert zone.low <= zone.suggestion <= zone.high
        assert zone.suggestion == float(f"{zone.suggestion:.0e}")


def test_it_stops_soon_after_the_loss_explodes() -> None:
    made = curve()
    assert made.exploded
    assert 2e-2 < made.rates[-1] < 2e-1
    assert exploded([2.0, math.inf])
    assert exploded([2.0, math.nan])
    assert not exploded([])
    assert not exploded([2.3] * 50)


@pytest.mark.parametrize("loss", [2.3, 0.0])
def test_without_a_fall_there_is_no_suggestion(loss: float) -> None:
    assert usable(RateCurve(ramp(), (loss,) * STEPS, False)) is None
    dice = random.Random(0)
    noisy = tuple(2.3 + 0.05 * dice.uniform(-1, 1) for _ in range(STEPS))
    assert usable(RateCurve(ramp(), noisy, False)) is None
    assert usable(RateCurve((), (), False)) is None
    assert usable(RateCurve(ramp()[:3], (2.3, 2.3, math.inf), True)) is None


def test_a_smoothed_loss_is_the_mean_of_its_neighbours() -> None:
    assert smoothed([1.0] * 20) == [1.0] * 20
    assert smoothed([0.0] * 4 + [9.0] + [0.0] * 4)[4] == 1.0
    assert smoothed([1.0, math.inf]) == [1.0]


def test_two_seeds_agree_on_what_is_usable_with_both() -> None:
    one, two = Usable(1e-4, 1e-2, 1e-3), Usable(2e-4, 3e-2, 4e-3)
    assert together([one, two]) == Usable(2e-4, 1e-2, 0.002)
    assert spread([one, two]) == 4
    assert together([one]) == one
    assert together([]) is None
    assert together([one, Usable(0.1, 1.0, 0.5)]) is None


@given(some.lists(some.floats(0, 1e6) | some.just(math.nan), max_size=STEPS))
def test_whatever_the_losses_are_the_zone_is_in_order(losses: list[float]) -> None:
    zone = usable(RateCurve(ramp()[: len(losses)], tuple(losses), exploded(losses)))
    if zone is not None:
        assert 0 < zone.low <= zone.high
        assert 0.5 * zone.low <= zone.suggestion <= 1.5 * zone.high
