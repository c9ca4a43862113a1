"""Against sums made here, not by the library that the code calls."""

from __future__ import annotations

import math
from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_core.analysis import comparison
from cnn_core.analysis.comparison import Setting, Spread, settings
from cnn_core.config import TEXTBOOK, ConvBlock, TrainConfig


def answers(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of two networks are right, from a table of counts."""
    pairs = [(1, 1)] * both + [(1, 0)] * first + [(0, 1)] * second + [(0, 0)] * neither
    table = np.array(pairs or np.zeros((0, 2)), dtype=bool)
    return table[:, 0], table[:, 1]


def exact(first: int, second: int) -> float:
    """Twice the smaller tail of a fair coin thrown `first + second` times, at most 1."""
    thrown, fewer = first + second, min(first, second)
    return min(1.0, 2 * sum(comb(thrown, k) for k in range(fewer + 1)) / 2**thrown)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (0, 5, 2 / 32),
        (1, 5, 2 * (1 + 6) / 64),
        (2, 8, 2 * (1 + 10 + 45) / 1024),
        (3, 3, 1.0),
        (0, 0, 1.0),
        (0, 1, 1.0),
        (29, 41, exact(29, 41)),
    ],
)
def test_mcnemar_is_the_two_tails_of_a_fair_coin(first, second, p):
    found = comparison.mcnemar(*answers(100, first, second, 7))
    assert (found.only_first, found.only_second) == (first, second)
    assert found.p == pytest.approx(p, abs=1e-12)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_of_any_table(first, second):
    found = comparison.mcnemar(*answers(3, first, second, 2))
    assert found.p == pytest.approx(exact(first, second), abs=1e-9)
    assert found.by_chance == (found.p >= 0.05)


def test_41_against_29_could_be_chance_and_50_against_20_not():
    assert comparison.mcnemar(*answers(0, 29, 41, 0)).by_chance
    assert not comparison.mcnemar(*answers(0, 20, 50, 0)).by_chance


def test_mcnemar_refuses_answers_to_different_images():
    with pytest.raises(ValueError, match="shapes"):
        comparison.mcnemar(np.ones(3, bool), np.ones(4, bool))


def test_spread_divides_by_one_less_than_the_count():
    found = comparison.spread([0.90, 0.92, 0.97])
    assert found.mean == pytest.approx(0.93)
    assert found.std == pytest.approx(math.sqrt((0.03**2 + 0.01**2 + 0.04**2) / 2))
    assert found.count == 3
    assert math.isnan(comparison.spread([0.9]).std)


def test_a_band_ends_where_the_first_run_ends():
    found = comparison.band([[0.1, 0.3, 0.8], [0.3, 0.5]])
    assert [at.mean for at in found] == pytest.approx([0.2, 0.4])
    assert [at.std for at in found] == pytest.approx([math.sqrt(0.02), math.sqrt(0.02)])


def test_two_means_differ_only_beyond_chance():
    assert comparison.overlap(Spread(0.90, 0.02, 3), Spread(0.91, 0.02, 3))
    assert not comparison.overlap(Spread(0.80, 0.002, 3), Spread(0.91, 0.002, 3))
    assert comparison.overlap(Spread(0.80, math.nan, 1), Spread(0.91, 0.002, 3)), "one says nothing"
    assert comparison.overlap(Spread(0.9, 0.0, 2), Spread(0.9, 0.0, 2))


def test_only_the_settings_that_differ():
    train = TrainConfig()
    other = replace(train, learning_rate=0.01, seed=7)
    deeper = replace(TEXTBOOK, blocks=(*TEXTBOOK.blocks, ConvBlock(128)), dropout=0.5)
    assert comparison.differing([settings(TEXTBOOK, train), settings(TEXTBOOK, train)]) == []
    assert comparison.differing([settings(TEXTBOOK, train), settings(TEXTBOOK, other)]) == [
        Setting("learning_rate"),
        Setting("seed"),
    ]
    found = comparison.differing([settings(TEXTBOOK, train), settings(deeper, train)])
    assert found[0] == Setting("blocks")
    assert {it.place for it in found[1:-1]} == {3}, "a block that only one of them has differs"
    assert found[-1] == Setting("dropout")


def test_all_settings_of_both_configs_are_there():
    table = settings(TEXTBOOK, TrainConfig())
    names = {setting.field for setting in table}
    assert names >= set(TrainConfig.__dataclass_fields__)
    assert names >= set(ConvBlock.__dataclass_fields__)
    assert names >= {"blocks", "dense", "dense_layers", "dropout"}


def test_settings_stand_block_by_block():
    deep = replace(TEXTBOOK, blocks=(ConvBlock(), ConvBlock(), ConvBlock()))
    order = comparison.every_setting(
        [settings(TEXTBOOK, TrainConfig()), settings(deep, TrainConfig())]
    )
    places = [it.place for it in order if it.field in ConvBlock.__dataclass_fields__]
    assert places == sorted(places)
    assert len(places) == 21


def test_groups_differ_in_the_seed_alone():
    train = TrainConfig()
    tables = {
        name: settings(TEXTBOOK, replace(train, **change))
        for name, change in {
            "a": {"seed": 1},
            "b": {"seed": 2},
            "again": {"seed": 2},
            "c": {"seed": 3, "epochs": 5},
            "d": {"seed": 3},
        }.items()
    }
    assert comparison.same_but_seed(tables) == [["a", "b", "d"]]
    assert comparison.same_but_seed({"a": tables["a"]}) == []
