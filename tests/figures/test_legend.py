"""Probabilities in percent, the same on every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnn_core.figures.legend import percent

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("probability", "digits", "said"),
    [
        (0.0, 1, "0.0%"),
        (0.9994, 1, "99.9%"),
        (0.9995, 1, "> 99.9%"),
        (1.0, 1, "> 99.9%"),
        (0.994, 0, "99%"),
        (0.996, 0, "> 99%"),
    ],
)
def test_no_class_has_all_of_the_probability(probability: float, digits: int, said: str) -> None:
    assert percent(probability, digits) == said


@pytest.mark.parametrize("script", ["flow/readings.js", "reading/elements.js"])
def test_browsers_say_the_same(script: str) -> None:
    source = (ROOT / "assets" / script).read_text("utf-8")
    function = re.search(r"function percent\(.*?\n}", source, re.DOTALL)
    assert function is not None
    assert "> " in function.group()
    assert "< 1)" not in function.group()
