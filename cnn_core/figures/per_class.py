"""Precision, recall and F1 of every class in one chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cnn_core.analysis.evaluation import Floats, PerClass
from cnn_core.figures import charts
from cnn_core.figures.palette import Palette
from cnn_core.figures.palette import ink as ink_on
from cnn_core.figures.words import FigureWords

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Option = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Words(FigureWords):
    """The words of the figures for each class.

    Attributes:
        title: Above the chart.
        axis: Name of the axis.
        precision: Legend of precision.
        recall: Legend of recall.
        f1: Legend of F1.
        point: What the pointer shows; slots {name} {precision} {recall} {f1} {support}.
        alt: For screen readers; slots {title} {low} {low_f1} {high} {high_f1}.
    """

    SECTION: ClassVar[str] = "per_class"

    title: str
    axis: str
    precision: str
    recall: str
    f1: str
    point: str
    alt: str


def chart(
    figures: PerClass,
    names: Sequence[str],
    *,
    colour: str,
    words: Words,
    palette: Palette,
) -> Figure:
    """F1 of each class as a bar, precision and recall as points on it; the first class is at the top.

    Args:
        figures: Of the K classes.
        names: K class names.
        colour: Of the part of the data.
        words: What is written.
        palette: Of the theme.
    """
    from plotly.graph_objects import Figure

    ink = ink_on(palette.background)
    hover = [
        words.point.format(
            name=name, precision=f"{precision:.3f}", recall=f"{recall:.3f}", f1=f"{f1:.3f}",
            support=f"{support:,}",
        )
        for name, precision, recall, f1, support in zip(names, *figures, strict=True)
    ]  # fmt: skip
    rows = list(range(len(names)))
    common: Option = {"y": rows, "hovertext": hover, "hoverinfo": "text"}
    bars: Option = {
        **common, "type": "bar", "orientation": "h", "name": words.f1, "x": _exact(figures.f1),
        "marker": {"color": colour, "opacity": 0.55}, "textposition": "none",
    }  # fmt: skip
    points: list[Option] = [
        {
            **common, "type": "scatter", "mode": "markers", "name": name, "x": _exact(values),
            "marker": {"symbol": symbol, "size": 11, "color": ink, "line": {"width": 0}},
        }
        for name, symbol, values in (
            (words.precision, "triangle-right", figures.precision),
            (words.recall, "circle-open", figures.recall),
        )
    ]  # fmt: skip
    points[1]["marker"]["line"]["width"] = 2.5
    layout = charts.layout(words.title, palette)
    layout["legend"] |= {"x": 0, "y": 1.02, "yanchor": "bottom"}
    layout["margin"]["t"] = 72
    layout["hovermode"] = "closest"
    layout["bargap"] = 0.35
    layout["xaxis"] = charts.axis(words.axis, palette, range=[0, 1.005], showgrid=True)
    layout["yaxis"] = charts.axis(
        "", palette, range=[len(rows) - 0.5, -0.5], tickvals=rows, ticktext=list(names), showgrid=False,
        ticklabelstandoff=6, fixedrange=True,
    )  # fmt: skip
    return Figure(data=[bars, *points], layout=layout)


def alt(figures: PerClass, names: Sequence[str], *, words: Words) -> str:
    """One sentence for screen readers: the class with the lowest F1, and the one with the highest."""
    low, high = int(np.argmin(figures.f1)), int(np.argmax(figures.f1))
    return words.alt.format(
        title=words.title,
        low=names[low],
        low_f1=f"{figures.f1[low]:.3f}",
        high=names[high],
        high_f1=f"{figures.f1[high]:.3f}",
    )


def _exact(values: Floats) -> list[float]:
    return [round(float(value), 4) for value in values]
