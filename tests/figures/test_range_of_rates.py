"""The chart of a range test: numbers of its axis, and its legend."""

from __future__ import annotations

import pytest

from cnn_core import texts
from cnn_core.figures import rate_range
from cnn_core.figures.palette import LIGHT
from cnn_core.progress.learning_rates import RateCurve

WORDS = rate_range.RateWords.of(texts.table("en"))


@pytest.mark.parametrize("start", [0.02, 0.69, 2.3, 2.35, 4.6, 31.0])
def test_the_numbers_of_the_losses_are_evenly_spaced_and_the_start_is_in_sight(start):
    rates = tuple(10 ** (place / 10 - 6) for place in range(60))
    curve = RateCurve(rates, (*[start] * 59, 50 * start), exploded=True)
    axis = rate_range.rate_range({1: curve}, None, words=WORDS, palette=LIGHT)["yAxis"]
    steps = axis["max"] / axis["interval"]
    assert steps == pytest.approx(round(steps), abs=1e-6)
    assert 3 <= steps <= 8
    assert start < axis["max"] < 2 * start


def test_the_legend_has_the_marker_of_each_seed():
    curves = {seed: RateCurve((1e-6, 1.0), (2.3, 2.0), exploded=False) for seed in (42, 43)}
    option = rate_range.rate_range(curves, None, words=WORDS, palette=LIGHT)
    icons = {entry["name"]: entry["icon"] for entry in option["legend"]["data"]}
    drawn = {line["name"]: line["symbol"] for line in option["series"] if line["symbol"] != "none"}
    assert icons == drawn
    assert len(set(icons.values())) == 2
