"""What two differences of confusion matrices share: title, axes of classes, ink on a coloured cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnn_core.figures import palette as colours
from cnn_core.figures.axis_names import line_count
from cnn_core.figures.palette import Palette

Option = dict[str, Any]

NARROW = 480  # pixels up to which a matrix of ten classes has no room for "1,234" in a cell
THOUSAND = 1000
TITLE_PX = 330  # room of a title where three matrices are side by side or on a phone
TITLE_SIZE_PX, TITLE_LINE_PX = 18, 22
SHORT = 3  # letters up to which a class name needs no slanting


def frame(title: str, names: Sequence[str], *, true: str, predicted: str) -> Option:
    """An ECharts option without colours and cells.

    Args:
        title: Above the matrix.
        names: K class names.
        true: Name of the axis of true classes, from top to bottom.
        predicted: Name of the other one.
    """
    axis = {
        "type": "category", "data": list(names), "nameLocation": "middle",
        "axisTick": {"show": False}, "axisLine": {"show": False}, "splitLine": {"show": False},
    }  # fmt: skip
    slant = 0 if max(map(len, names), default=0) <= SHORT else 45
    return {
        "animation": False,
        "title": {"text": title, "left": 0, "top": 0},
        "grid": {
            "left": 4, "right": 4, "top": 44, "bottom": 4,
            "outerBoundsMode": "same", "outerBoundsContain": "all",
        },
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "xAxis": {**axis, "name": predicted, "axisLabel": {"interval": 0, "rotate": slant}},
        "yAxis": {**axis, "name": true, "inverse": True, "axisLabel": {"interval": 0}},
    }  # fmt: skip


def align(options: Sequence[Option]) -> list[Option]:
    """Matrices for one row of the page: long titles go over several lines, all grids begin at one height."""
    titles = [option["title"]["text"] for option in options]
    most = max(line_count(title, TITLE_PX, TITLE_SIZE_PX) for title in titles)
    style = {"textStyle": {"width": TITLE_PX, "overflow": "break", "lineHeight": TITLE_LINE_PX}}
    return [
        {
            **option,
            "title": {**option["title"], **style},
            "grid": {**option["grid"], "top": option["grid"]["top"] + TITLE_LINE_PX * (most - 1)},
        }
        for option in options
    ]


def in_a_narrow_chart(series: str, cells: Sequence[Option], counts: Sequence[int]) -> Option:
    """What an option needs so that a phone shows "1.2k" in the cells that hold "1,234" elsewhere.

    Args:
        series: Its id.
        cells: Its data.
        counts: The number in each cell.
    """
    if max(map(abs, counts), default=0) < THOUSAND:
        return {}
    short = [
        {**cell, "label": {**cell["label"], "formatter": _in_thousands(cell, count)}}
        for cell, count in zip(cells, counts, strict=True)
    ]
    narrow = {"series": [{"id": series, "data": short}]}
    return {"media": [{"query": {"maxWidth": NARROW}, "option": narrow}]}


def _in_thousands(cell: Option, count: int) -> str:
    text = str(cell["label"].get("formatter", ""))
    if abs(count) < THOUSAND or "," not in text:
        return text
    digits = 1 if abs(count) < 10 * THOUSAND else 0
    sign = text[0] if text[0] in "+−-" else ""
    return f"{sign}{abs(count) / THOUSAND:.{digits}f}k"


def ink(share: float, palette: Palette) -> str:
    """Text colour with enough contrast on the colour of `share`, from -1 to 1."""
    inks = _INKS[palette.diverging]
    return inks[round((0.5 + 0.5 * min(1.0, max(-1.0, share))) * (len(inks) - 1))]


_INKS = {
    theme.diverging: [colours.ink(colour) for colour in colours.stops(theme.diverging, 101)]
    for theme in (colours.LIGHT, colours.DARK)
}
