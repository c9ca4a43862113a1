"""The names above parallel axes, as titles of an ECharts option."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from cnn_core.figures.charts import TEXT_PX
from cnn_core.figures.palette import Palette

Option = dict[str, Any]

IN_ONE_ROW = 4  # axes whose names share a row
ROW_PX = 2 * (TEXT_PX + 4)  # height of a row of names of two lines
UNIT = re.compile(
    r"\s*(\([^()]*\))$"
)  # or another remark in brackets at the end: a line of its own
TOP_PX, GAP_PX = 40, 14  # above the names, and between them and the axes
LEFT_PERCENT, RIGHT_PERCENT = 8, 12  # beside the axes, of the width of the chart
NARROW_PX = 350  # width of a chart on a phone


def bottom(count: int) -> int:
    """Where that many axes begin below their names, in pixels from the top of the chart."""
    return TOP_PX + _rows(count) * ROW_PX + GAP_PX


def _rows(count: int) -> int:
    return 1 if count <= IN_ONE_ROW else 2


def titles(names: Sequence[str], palette: Palette) -> list[Option]:
    """The names above parallel axes, whole also on a phone: in two lines, and of many in two rows.

    ECharts itself cuts the name of a parallel axis off at the distance of two axes.

    Args:
        names: Of two axes or more, from the left.
        palette: Of the theme.

    Returns:
        Members of `title` in an ECharts option.
    """
    rows, below = _rows(len(names)), bottom(len(names))
    step = (100 - LEFT_PERCENT - RIGHT_PERCENT) / (len(names) - 1)
    style = {
        "fontSize": TEXT_PX,
        "lineHeight": TEXT_PX + 4,
        "color": palette.quiet,
        "overflow": "break",
    }
    parts: list[Option] = []
    for number, name in enumerate(names):
        percent: float = rows * step
        place: Option = {"left": f"{LEFT_PERCENT + number * step:.2f}%", "textAlign": "center"}
        if number == 0:
            percent, place = percent / 2 + LEFT_PERCENT, {"left": 0, "textAlign": "left"}
        elif number == len(names) - 1:
            percent, place = percent / 2 + RIGHT_PERCENT, {"left": "100%", "textAlign": "right"}
        parts.append(
            {"text": UNIT.sub(r"\n\1", name), **place, "textVerticalAlign": "bottom", "padding": 0,
             "top": below - GAP_PX - ROW_PX * (number % rows),
             "textStyle": {**style, "width": math.floor(percent / 100 * NARROW_PX) - 4}}
        )  # fmt: skip
    return parts
