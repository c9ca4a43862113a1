"""The activation functions with their derivatives as one ECharts option."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnn_core.config import ACTIVATIONS
from cnn_core.convolution import activate
from cnn_core.figures.charts import TEXT_PX
from cnn_core.figures.palette import Palette
from cnn_core.figures.words import FigureWords

Option = dict[str, Any]
Floats = npt.NDArray[np.float64]

WIDEST_SUM = 5.0
COLUMNS = 2
ROWS = -(-len(ACTIVATIONS) // COLUMNS)
HEIGHT = 150 * ROWS + 40  # in pixels, of the whole chart
NUDGE = 1e-5  # for the difference quotient


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


def derivative(name: str, sums: Floats) -> Floats:
    """The slope of an activation, as a difference quotient; at a bend the mean of both sides.

    Args:
        name: One of `ACTIVATIONS`.
        sums: Where, of any shape.
    """
    rise = activate(sums + NUDGE, name) - activate(sums - NUDGE, name)
    slope: Floats = rise / (2 * NUDGE)
    return slope


def activation_curves(*, words: ActivationWords, palette: Palette) -> Option:
    """Every activation and its derivative over the sum, a small chart each with the same axes."""
    # An even number of points leaves out zero, where two of them have no derivative.
    sums = np.linspace(-WIDEST_SUM, WIDEST_SUM, 200)
    places = range(len(ACTIVATIONS))
    return {
        "animation": False,
        "legend": {
            "bottom": 0, "left": "center", "data": [words.function, words.derivative],
            "itemStyle": {"opacity": 0},
        },
        "title": [
            {"text": name, "left": _left(place, 2), "top": _top(place), "textStyle": {"fontSize": TEXT_PX}}
            for place, name in enumerate(ACTIVATIONS)
        ],
        "grid": [
            {
                "left": _left(place, 9), "width": "39%", "top": _top(place, 26), "height": 88,
                "outerBoundsMode": "none",
            }
            for place in places
        ],
        "xAxis": [_axis(place, WIDEST_SUM, 5) | {"axisLine": {"onZero": True}} for place in places],
        "yAxis": [_axis(place, 2, 2) | {"axisLine": {"show": True, "onZero": False}} for place in places],
        "series": [
            _line(place, words.function, np.column_stack([sums, activate(sums, name)]), palette.validation)
            for place, name in enumerate(ACTIVATIONS)
        ] + [
            _line(place, words.derivative, np.column_stack([sums, derivative(name, sums)]), palette.test)
            | {"lineStyle": {"width": 2, "type": "dashed"}}
            for place, name in enumerate(ACTIVATIONS)
        ],
    }  # fmt: skip


def _left(place: int, percent: int) -> str:
    return f"{percent + 100 // COLUMNS * (place % COLUMNS)}%"


def _top(place: int, below: int = 0) -> int:
    return 150 * (place // COLUMNS) + below


def _axis(place: int, widest: float, step: float) -> Option:
    return {
        "type": "value", "gridIndex": place, "min": -widest, "max": widest, "interval": step,
        "splitLine": {"show": False},
    }  # fmt: skip


def _line(place: int, name: str, points: Floats, colour: str) -> Option:
    return {
        "type": "line", "name": name, "xAxisIndex": place, "yAxisIndex": place, "color": colour,
        "data": points.round(4).tolist(), "symbol": "none", "lineStyle": {"width": 2},
        "silent": True, "clip": True,
    }  # fmt: skip
