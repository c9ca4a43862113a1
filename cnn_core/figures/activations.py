"""Activation functions with their derivatives as one ECharts option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnn_core.figures.charts import TEXT_PX
from cnn_core.figures.palette import Palette
from cnn_core.figures.words import FigureWords

Option = dict[str, Any]
Floats = npt.NDArray[np.float64]

WIDEST_SUM = 5.0
COLUMNS = 2
ROW_PX, LEGEND_PX = 150, 40


@dataclass(frozen=True, slots=True)
class ActivationWords(FigureWords):
    """The words of the chart.

    Attributes:
        function: Of the solid line.
        derivative: Of the dashed line.
        alt: For screen readers.
    """

    SECTION: ClassVar[str] = "activation_chart"

    function: str
    derivative: str
    alt: str


def activation_curves(
    curves: Mapping[str, tuple[Floats, Floats]],
    sums: Floats,
    *,
    words: ActivationWords,
    palette: Palette,
) -> Option:
    """Activations and their derivatives over the sum, a small chart each with the same axes.

    Args:
        curves: Function and derivative (N,) at each sum, by the name of the activation.
        sums: Where, (N,), from -`WIDEST_SUM` to `WIDEST_SUM`.
        words: What is written.
        palette: Of the theme.
    """
    names = list(curves)
    places = range(len(names))
    lines = []
    for place, (function, derivative) in enumerate(curves.values()):
        lines += [
            _line(place, words.function, sums, function, palette.validation, "solid"),
            _line(place, words.derivative, sums, derivative, palette.test, "dashed"),
        ]
    return {
        "animation": False,
        "legend": {
            "bottom": 0, "left": "center", "data": [words.function, words.derivative],
            "itemStyle": {"opacity": 0},
        },
        "title": [
            {"text": name, "left": _left(place, 2), "top": _top(place), "textStyle": {"fontSize": TEXT_PX}}
            for place, name in enumerate(names)
        ],
        "grid": [
            {
                "left": _left(place, 9), "width": "39%", "top": _top(place, 26), "height": 88,
                "outerBoundsMode": "none",
            }
            for place in places
        ],
        "xAxis": [_axis(place, WIDEST_SUM, 5) for place in places],
        "yAxis": [_axis(place, 2, 2) | {"axisLine": {"show": True, "onZero": False}} for place in places],
        "series": lines,
    }  # fmt: skip


def height(count: int) -> int:
    """Of a chart of so many activations, in pixels."""
    return ROW_PX * -(-count // COLUMNS) + LEGEND_PX


def _left(place: int, percent: int) -> str:
    return f"{percent + 100 // COLUMNS * (place % COLUMNS)}%"


def _top(place: int, below: int = 0) -> int:
    return ROW_PX * (place // COLUMNS) + below


def _axis(place: int, widest: float, step: float) -> Option:
    return {
        "type": "value", "gridIndex": place, "min": -widest, "max": widest, "interval": step,
        "splitLine": {"show": False},
    }  # fmt: skip


def _line(place: int, name: str, sums: Floats, levels: Floats, colour: str, dash: str) -> Option:
    return {
        "type": "line", "name": name, "xAxisIndex": place, "yAxisIndex": place, "color": colour,
        "data": np.column_stack([sums, levels]).round(4).tolist(), "symbol": "none",
        "lineStyle": {"width": 2, "type": dash}, "silent": True, "clip": True,
    }  # fmt: skip
