"""What training does in each layer, as ECharts options: one line a layer, its shape never changing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from cnn_core.figures.curves import thin
from cnn_core.figures.overlay import MARKERS
from cnn_core.figures.palette import Palette
from cnn_core.figures.ranges import Point, nice, tidy
from cnn_core.progress.events import LayersMeasured
from cnn_core.progress.history import History, measured_at
from cnn_core.progress.layer_notes import USUAL_UPDATE, size_text

Measure = Literal["gradient", "update", "zeros"]
Option = dict[str, Any]

MEASURES: tuple[Measure, ...] = get_args(Measure)
MOST_POINTS = 120  # of a line
MOST_MARKERS = 15  # of a line: more run into one another
EMPTY = {"gradient": (1e-4, 1.0), "update": (1e-5, 1e-1)}  # axes before the first measurement


@dataclass(frozen=True, slots=True)
class LayerWords:
    """The words of one chart; those with `{slots}` are templates for `str.format`.

    Attributes:
        title: Above the chart.
        x_axis: Name of the axis of epochs.
        y_axis: Name and unit of the other one.
        usual: Label of the line at the usual ratio of update to weights; slot {ratio}.
        at: Heading of the tooltip; slot {value}, an epoch.
        alt: For screen readers; slots {title} {count} {layers}.
        layer: A layer in it; slots {layer} {first} {last}.
        empty: For screen readers before the first measurement; slot {title}.
        nothing: Shown where there is no number.
    """

    title: str
    x_axis: str
    y_axis: str
    usual: str
    at: str
    alt: str
    layer: str
    empty: str
    nothing: str

    @classmethod
    def of(cls, table: Mapping[str, str], measure: Measure) -> LayerWords:
        """The words of a chart from a table such as `texts.table("ko")`."""
        own = {name: f"layer_curves.{measure}_{name}" for name in ("title", "y_axis")}
        own |= {name: f"curve.{name}" for name in ("x_axis", "at", "nothing")}
        return cls(
            **{f.name: table[own.get(f.name, f"layer_curves.{f.name}")] for f in fields(cls)}
        )


def layer_curves(
    history: History,
    layers: Sequence[str],
    measure: Measure,
    *,
    words: LayerWords,
    palette: Palette,
) -> Option:
    """Gradient norms or ratios of update to weights on a log axis, or shares of zeros in percent.

    Args:
        history: The run so far.
        layers: Names of the layers to draw, from the first one on; at most eight.
        measure: Which of the figures.
        words: What is written.
        palette: Of the theme.
    """
    lines = {name: _points(history, name, measure) for name in layers}
    series = [
        _line(place, name, points, palette) for place, (name, points) in enumerate(lines.items())
    ]
    if series and measure == "update":
        series[0]["markLine"] = _usual(words, palette)
    return {
        "animation": False,
        "title": {"text": words.title, "left": 0, "top": 0},
        "legend": {"type": "scroll", "bottom": 0, "left": "center", "data": [*layers],
                   "selectedMode": history.ended is not None},
        "grid": {"left": 4, "right": 18, "top": 40, "bottom": 34,
                 "outerBoundsMode": "same", "outerBoundsContain": "all"},
        "tooltip": {"trigger": "axis", "confine": True, "transitionDuration": 0,
                    "valueFormatter": "%.0f%%" if measure == "zeros" else "%.1e"},
        "xAxis": _x_axis(history.planned_epochs, words),
        "yAxis": {"name": words.y_axis, "nameLocation": "middle", **_range(lines, measure)},
        "series": series,
    }  # fmt: skip


def layer_alt(
    history: History, layers: Sequence[str], measure: Measure, *, words: LayerWords
) -> str:
    """What the chart shows, for screen readers: first and last value of every layer."""
    if not history.layers:
        return words.empty.format(title=words.title)
    first, last = history.layers[0], history.layers[-1]
    parts = [
        words.layer.format(
            layer=name,
            first=_text(first, name, measure, words),
            last=_text(last, name, measure, words),
        )
        for name in layers
    ]
    return words.alt.format(title=words.title, count=len(history.layers), layers="; ".join(parts))


def _text(step: LayersMeasured, layer: str, measure: Measure, words: LayerWords) -> str:
    value = _value(step, layer, measure)
    if not math.isfinite(value):
        return words.nothing
    return f"{value:.0%}" if measure == "zeros" else size_text(value)


def _value(step: LayersMeasured, layer: str, measure: Measure) -> float:
    figures = step.layers.get(layer)
    return float(getattr(figures, measure)) if figures else math.nan


def _points(history: History, layer: str, measure: Measure) -> list[Point]:
    """Places on the axis of epochs and values; none where a log axis has no place for it."""
    points: list[Point] = []
    for step in history.layers:
        value, at = _value(step, layer, measure), measured_at(step, history)
        if measure == "zeros":
            points.append((at, tidy(100 * value) if math.isfinite(value) else None))
        else:
            # Rounded by digits: the values span many powers of ten.
            exists = math.isfinite(value) and value > 0
            points.append((at, float(f"{value:.3g}") if exists else None))
    return thin(points, MOST_POINTS)


def _line(place: int, name: str, points: list[Point], palette: Palette) -> Option:
    every = math.ceil(len(points) / MOST_MARKERS)
    colour = palette.classes[place]
    return {
        "id": name,
        "name": name,
        "type": "line",
        "data": [
            {"value": [*point], "symbolSize": 0 if every and number % every else 8}
            for number, point in enumerate(points)
        ],
        "color": colour,
        "symbol": MARKERS[place],
        "showAllSymbol": True,
        "lineStyle": {"width": 2},
        "connectNulls": False,
        "emphasis": {"disabled": True},
    }


def _x_axis(planned: int, words: LayerWords) -> Option:
    return {
        "type": "value",
        "min": 0,
        "max": planned,
        "interval": planned / 4 if planned <= 2 else max(1.0, nice(planned / 10)),
        "name": words.x_axis,
        "nameLocation": "middle",
        "splitLine": {"show": False},
        "axisPointer": {"label": {"precision": 2, "formatter": words.at}},
    }


def _range(lines: Mapping[str, list[Point]], measure: Measure) -> Option:
    """Percent from 0 to 100, or whole powers of ten around all values."""
    if measure == "zeros":
        return {"type": "value", "min": 0, "max": 100, "interval": 25}
    values = [y for points in lines.values() for _, y in points if y is not None]
    if measure == "update" and values:
        values += [USUAL_UPDATE / 2, USUAL_UPDATE * 2]  # its line lies inside
    low, high = (min(values), max(values)) if values else EMPTY[measure]
    bottom, top = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return {"type": "log", "min": 10.0**bottom, "max": 10.0 ** max(top, bottom + 1)}


def _usual(words: LayerWords, palette: Palette) -> Option:
    return {
        "silent": True,
        "animation": False,
        "symbol": "none",
        "lineStyle": {"color": palette.mark, "type": "dashed", "width": 1.5},
        "label": {
            "formatter": words.usual.format(ratio=f"{USUAL_UPDATE:g}"),
            "position": "insideEndTop",
            "color": palette.quiet,
        },
        "data": [{"yAxis": USUAL_UPDATE}],
    }
