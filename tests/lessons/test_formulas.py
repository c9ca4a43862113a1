"""Sums inside a text come to what they should, and hold nothing else."""

from __future__ import annotations

import pytest

from cnn_core.lessons import formulas
from cnn_core.lessons.formulas import facts, fill


def test_the_facts_are_those_of_the_textbook_network() -> None:
    expected = {
        **{"side": 28, "valid.side": 26, "kernel": 3, "dropout": 0.3, "classes": 10},
        **{"conv1.params": 320, "conv2.params": 18_496, "dense1.params": 313_700},
        **{"output.params": 1_010, "total": 333_526, "flatten.size": 3136},
        **{"conv1.shape": "28×28×32", "pool2.shape": "7×7×64", "pool2.tuple": "(7, 7, 64)"},
        **{"conv1.formula": "(3×3×1 + 1) × 32 = 320", "conv2.field": 8},
        **{"images.train": 48_000, "images.val": 12_000, "images.test": 10_000},
        **{"batch": 32, "rate": 0.001, "patience": 3, "epochs": 20},
    }
    assert {name: facts()[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{conv2.params}} and {{ total }}", "18,496 and 333,526"),
        ("{{= side - kernel + 1}}", "28 − 3 + 1 = 26"),
        ("{{= (a + 1) * a}}", "(2 + 1) × 2 = 6"),
        ("{{= a - (b - c)}}", "2 − (1 − 0) = 1"),
        ("{{= a / (b / a):.0f}}", "2 / (1 / 2) = 4"),
        ("{{= -(a + b)}}", "−(2 + 1) = −3"),
        ("{{= floor((side - kernel) / a) + 1}}", "⌊(28 − 3) / 2⌋ + 1 = 13"),
        ("{{= sqrt(a + a)}}", "√(2 + 2) = 2.0"),
        ("{{= ceil(side / kernel)}}", "⌈28 / 3⌉ = 10"),
        ("{{= -ln(1 / classes):.2f}}", "−ln(1 / 10) = 2.30"),
        ("{{exp(a) / (exp(a) + exp(b) + exp(c)):.0%}}", "67%"),
        ("{{conv2.params:d}}", "18496"),
        ("f'{side}'", "f'{side}'"),
    ],
)
def test_a_slot_is_filled(text: str, expected: str) -> None:
    assert fill(text, {"a": 2, "b": 1, "c": 0}).replace(formulas.NO_BREAK, " ") == expected


def test_a_short_sum_stays_on_one_line_and_a_long_one_need_not() -> None:
    assert " " not in fill("{{= side - kernel + 1}}")
    assert " " in fill("{{= (kernel * kernel * conv1.channels + 1) * conv2.channels}}")


@pytest.mark.parametrize(
    "words", ["nobody", "side.real", "side ** 9", "(1).bit_length()", "[1]", "conv1.shape * 9"]
)
def test_a_slot_holds_a_sum_of_known_numbers_and_nothing_else(words: str) -> None:
    with pytest.raises(ValueError, match=r"No (formula|arithmetic)"):
        fill(f"{{{{{words}}}}}")


def test_white_is_the_largest_unsigned_byte() -> None:
    np = pytest.importorskip("numpy")
    assert np.iinfo(np.uint8).max == formulas.WHITE
