"""The names above parallel axes, as titles of an ECharts option."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from cnn_core.figures.charts import TEXT_PX
from cnn_core.figures.palette import Palette

Option = dict[str, Any]

IN_ONE_ROW = 4  # axes whose names share a row
LINE_PX = TEXT_PX + 4
LEAST_LINES = 2  # of a row of names
LATIN, SPACE = 0.56, 0.3  # widths in heights of the text; a Korean letter is as wide as it is high
UNIT = re.compile(r"\s*(\([^()]*\))$")  # or another remark at the end: a line of its own
TOP_PX, GAP_PX = 40, 14  # above the names, and between them and the axes
LEFT_PERCENT, RIGHT_PERCENT = 8, 12  # beside the axes, of the width of the chart
NARROW_PX = 350  # width of a chart on a phone


def bottom(names: Sequence[str]) -> int:
    """Where axes with these names begin below them, in pixels from the top of the chart."""
    return TOP_PX + LINE_PX * sum(_lines_of_rows(names)) + GAP_PX


def _rows(count: int) -> int:
    return 1 if count <= IN_ONE_ROW else 2


def titles(names: Sequence[str], palette: Palette) -> list[Option]:
    """The names above parallel axes, whole also on a phone: in several lines, and of many in two rows.

    ECharts itself cuts the name of a parallel axis off at the distance of two axes.

    Args:
        names: Of two axes or more, from the left.
        palette: Of the theme.

    Returns:
        Members of `title` in an ECharts option.
    """
    below = bottom(names) - GAP_PX
    step, lines = _step(len(names)), _lines_of_rows(names)
    style = {
        "fontSize": TEXT_PX,
        "lineHeight": LINE_PX,
        "color": palette.quiet,
        "overflow": "break",
    }
    parts: list[Option] = []
    for number, name in enumerate(names):
        place: Option = {"left": f"{LEFT_PERCENT + number * step:.2f}%", "textAlign": "center"}
        if number == 0:
            place = {"left": 0, "textAlign": "left"}
        elif number == len(names) - 1:
            place = {"left": "100%", "textAlign": "right"}
        top = below - LINE_PX * sum(lines[: number % len(lines)])
        width = _width(number, len(names))
        parts.append(
            {"text": _written(name), **place, "textVerticalAlign": "bottom", "padding": 0,
             "top": top, "textStyle": {**style, "width": width}}
        )  # fmt: skip
    return parts


def _written(name: str) -> str:
    return UNIT.sub(r"\n\1", name)


def _step(count: int) -> float:
    """Distance of two axes, in percent of the width of the chart."""
    return (100 - LEFT_PERCENT - RIGHT_PERCENT) / (count - 1)


def _width(number: int, count: int) -> int:
    """Room for the name of an axis on a phone, in pixels."""
    percent = _rows(count) * _step(count)
    if number in (0, count - 1):
        percent = percent / 2 + (RIGHT_PERCENT if number else LEFT_PERCENT)
    return math.floor(percent / 100 * NARROW_PX) - 4


def _lines_of_rows(names: Sequence[str]) -> list[int]:
    """Lines of the longest name of each row, from the axes up."""
    rows = _rows(len(names))
    lines = [
        line_count(_written(name), _width(number, len(names))) for number, name in enumerate(names)
    ]
    return [max(LEAST_LINES, *lines[row::rows]) for row in range(rows)]


def line_count(text: str, width: int, size: int = TEXT_PX) -> int:
    """Lines that ECharts writes a text in: breaks are between words, and between letters of Korean.

    Args:
        text: With line feeds where lines end in any case.
        width: Of the room for it, in pixels.
        size: Of its letters, in pixels.
    """
    count = 0
    for part in text.split("\n"):
        count, used = count + 1, 0.0
        for word in part.split():
            pieces = list(word) if any(map(is_wide, word)) else [word]
            for piece in pieces:
                px = size * sum(1 if is_wide(letter) else LATIN for letter in piece)
                if used and used + px > width:
                    count, used = count + 1, 0.0
                used += px
            used += size * SPACE
    return count


def is_wide(letter: str) -> bool:
    """Whether a letter is as wide as it is high, as those of Korean are."""
    return unicodedata.east_asian_width(letter) in "WF"
