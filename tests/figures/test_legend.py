"""Probabilities in percent, the same on every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnn_core.figures import palette
from cnn_core.figures.legend import legend, percent

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


def test_browsers_say_the_same_with_one_function() -> None:
    sources = {path: path.read_text("utf-8") for path in (ROOT / "assets").rglob("*.js")}
    functions = {
        path.relative_to(ROOT / "assets").as_posix(): match.group()
        for path, source in sources.items()
        if (match := re.search(r"function percent\(.*?\n}", source, re.DOTALL))
    }
    assert list(functions) == ["reading/elements.js"]
    assert "> " in functions["reading/elements.js"]
    assert "< 1)" not in functions["reading/elements.js"]


def test_every_probability_is_written_by_that_function() -> None:
    formatted = re.compile(r"\{[^{}]*(probabilit|confidence|\bsure\b)[^{}]*:\.\d%\}")
    lines = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for room in ("cnn_core", "pages")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "probabilities.py"
        for line in path.read_text("utf-8").splitlines()
        if formatted.search(line) and "percent(" not in line  # beside it is the width of a bar
    ]
    assert not lines


@pytest.mark.parametrize("theme", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_the_number_in_the_middle_can_be_read_on_the_scale(theme: palette.Palette) -> None:
    row = str(legend(theme.diverging, "−1", "1", middle="0"))
    colour = re.search(r'<i style="color:(#[0-9a-f]{6})">0</i>', row)
    background = palette.stops(theme.diverging)[5]
    assert colour is not None
    assert palette.contrast(colour[1], background) >= palette.READABLE
