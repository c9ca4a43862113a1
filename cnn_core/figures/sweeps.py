"""The trials of a sweep as ECharts options: history, parallel coordinates, slices, importance, heat map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cnn_core.figures import axis_names
from cnn_core.figures import palette as colours
from cnn_core.figures.palette import Palette
from cnn_core.figures.ranges import nice, tidy
from cnn_core.figures.words import FigureWords

Option = dict[str, Any]
Value = int | float | str

SYMBOL_SIZE = 9
SCALE_STEPS = 21
FAINTEST = 0.75  # opacity of the first trial: 3:1 on a white page


@dataclass(frozen=True, slots=True)
class SweepWords(FigureWords):
    """The words of all charts; those with `{slots}` are templates for `str.format`.

    Attributes:
        history: Above the history.
        parallel: Above the parallel coordinates.
        slices: Above the slices.
        importance: Above the importance.
        heat: Above the heat map.
        trial: Name of the axis of trials.
        accuracy: Name and unit of the axis of the validation accuracy.
        short: The same where there is little room.
        each: Legend: a trial.
        best: Legend: the best so far.
        share: Name and unit of the axis of importance.
        point: What the pointer shows; slots {place} {settings} {accuracy}.
        cell: What the pointer shows in the heat map; slots {row} {column} {accuracy} {count}.
        alt: For screen readers; slots {title} {count} {best} {settings}.
        bars_alt: The same of the importance; slots {title} {bars}.
    """

    SECTION: ClassVar[str] = "sweep_chart"

    history: str
    parallel: str
    slices: str
    importance: str
    heat: str
    trial: str
    accuracy: str
    short: str
    each: str
    best: str
    share: str
    point: str
    cell: str
    alt: str
    bars_alt: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting that varies.

    Attributes:
        name: What it is called.
        values: What a list of values holds, in its order; empty for a range.
        labels: What each of `values` is called.
        low: Start of a range.
        high: End of a range.
        log: Whether the range is drawn on a logarithmic scale.
    """

    name: str
    values: tuple[Value, ...] = ()
    labels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def place(self, value: Value | None) -> float | None:
        """Where the value is on the axis: its number in the list, or itself; None for none."""
        if value is None:
            return None
        return self.values.index(value) if self.values else float(value)

    def text(self, value: Value | None) -> str:
        """What a reader sees of the value."""
        if value is None:
            return "–"
        if self.values:
            return self.labels[self.values.index(value)]
        return f"{value:.3g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Point:
    """A complete trial.

    Attributes:
        place: Which trial of the sweep it is, from 1.
        values: A value for each axis; None where the setting had no effect.
        accuracy: Validation accuracy, 0 to 1.
    """

    place: int
    values: tuple[Value | None, ...]
    accuracy: float


def history(
    points: Sequence[Point],
    axes: Sequence[Axis],
    trials: int,
    *,
    words: SweepWords,
    palette: Palette,
) -> Option:
    """Every complete trial in its order, and a line for the best so far; a trial can be selected."""
    best: list[list[float]] = []
    for point in points:
        before = best[-1][1] if best else 0.0
        best.append([point.place, max(before, _percent(point.accuracy))])
    each = [
        {"name": _text(point, axes, words), "value": [point.place, _percent(point.accuracy)]}
        for point in points
    ]
    return {
        "animation": False,
        "title": {"text": words.history, "left": 0, "top": 0},
        "legend": {"bottom": 0, "left": "center", "selectedMode": False},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": {**_GRID, "top": 40, "bottom": 74},
        "xAxis": {**_axis(words.trial), "type": "value", "min": 0, "max": max(1, trials),
                  "minInterval": 1, "splitLine": {"show": False}},
        "yAxis": _accuracy_axis(points, words),
        "series": [
            {"name": words.each, "type": "scatter", "data": each, "color": palette.validation,
             "symbolSize": SYMBOL_SIZE, "selectedMode": "single", "cursor": "pointer",
             "select": {"itemStyle": {"borderColor": palette.mark, "borderWidth": 3}}},
            {"name": words.best, "type": "line", "step": "end", "data": best, "symbol": "none",
             "color": palette.training, "lineStyle": {"width": 2}, "silent": True},
        ],
    }  # fmt: skip


def parallel(
    points: Sequence[Point], axes: Sequence[Axis], *, words: SweepWords, palette: Palette
) -> Option:
    """A line for each complete trial through its settings to its accuracy; axes can be brushed."""
    low, high = _reach(points)
    kinds = [*map(_parallel_axis, axes), _scale(points)]
    halo = {"textBorderColor": palette.background, "textBorderWidth": 3}
    dimensions = [{"dim": number, **kind, "axisLabel": halo} for number, kind in enumerate(kinds)]
    names = [*(axis.name for axis in axes), words.short]
    lines = [
        {
            "name": _text(point, axes, words),
            "value": [
                *(
                    _parallel_value(axis, value)
                    for axis, value in zip(axes, point.values, strict=True)
                ),
                _percent(point.accuracy),
            ],
        }
        for point in points
    ]
    return {
        "animation": False,
        "title": [
            {"text": words.parallel, "left": 0, "top": 0}, *axis_names.titles(names, palette),
        ],
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "visualMap": {
            "type": "continuous", "min": low, "max": high, "dimension": len(axes), "show": False,
            "inRange": {"color": colours.line_stops("sequential", palette.background, SCALE_STEPS)},
        },
        "parallel": {
            "left": f"{axis_names.LEFT_PERCENT}%", "right": f"{axis_names.RIGHT_PERCENT}%",
            "top": axis_names.bottom(names), "bottom": 28,
            "parallelAxisDefault": {
                "areaSelectStyle": {"width": 22, "color": palette.mark, "opacity": 0.25},
            },
        },
        "parallelAxis": dimensions,
        "series": {
            "type": "parallel", "data": lines, "smooth": False, "selectedMode": "single",
            "lineStyle": {"width": 3, "opacity": 1}, "inactiveOpacity": 0.06,
            "emphasis": {"lineStyle": {"width": 5}}, "cursor": "pointer",
            "select": {"lineStyle": {"width": 6}},
        },
    }  # fmt: skip


def slice_of(
    points: Sequence[Point],
    axes: Sequence[Axis],
    number: int,
    *,
    words: SweepWords,
    palette: Palette,
) -> Option:
    """The values of one setting against the accuracy; later trials are darker."""
    axis = axes[number]
    last = max((point.place for point in points), default=1)
    data = [
        {
            "name": _text(point, axes, words),
            "value": [
                _slice_value(axis, point.values[number]),
                _percent(point.accuracy),
                point.place,
            ],
        }
        for point in points
        if point.values[number] is not None
    ]
    return {
        "animation": False,
        "title": {"text": axis.name, "left": 0, "top": 0},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "visualMap": {
            "type": "continuous", "min": 1, "max": max(2, last), "dimension": 2, "show": False,
            "inRange": {"color": [palette.validation] * 2, "opacity": [FAINTEST, 1]},
        },
        "grid": {"left": 4, "right": 14, "top": 34, "bottom": 6, "containLabel": True},
        "xAxis": _slice_axis(axis),
        "yAxis": {**_accuracy_axis(points, words), "name": ""},
        "series": {"type": "scatter", "data": data, "color": palette.validation,
                   "symbolSize": SYMBOL_SIZE},
    }  # fmt: skip


def importance(importances: Mapping[str, float], *, words: SweepWords, palette: Palette) -> Option:
    """A bar for each setting, the most important above."""
    names = list(importances)
    return {
        "animation": False,
        "title": {"text": words.importance, "left": 0, "top": 0},
        "grid": {"left": 4, "right": 56, "top": 40, "bottom": 34, "containLabel": True},
        "xAxis": {**_axis(words.share), "type": "value", "min": 0, "max": 100},
        "yAxis": {"type": "category", "inverse": True, "data": names},
        "series": {
            "type": "bar", "color": palette.training, "barMaxWidth": 26, "silent": True,
            "data": [round(100 * importances[name], 1) for name in names],
            "label": {"show": True, "position": "right", "formatter": "{c}%"},
        },
    }  # fmt: skip


def heat(
    points: Sequence[Point], axes: Sequence[Axis], *, words: SweepWords, palette: Palette
) -> Option:
    """Mean accuracy of every pair of values of two settings that are lists, as number and colour."""
    row, column = axes[:2]
    cells: dict[tuple[int, int], list[float]] = {}
    for point in points:
        across, down = column.place(point.values[1]), row.place(point.values[0])
        if across is not None and down is not None:
            cells.setdefault((int(across), int(down)), []).append(_percent(point.accuracy))
    low, high = _reach(points)
    data = []
    for (across, down), accuracies in cells.items():
        mean = math.fsum(accuracies) / len(accuracies)
        text = words.cell.format(
            row=f"{row.name} = {row.labels[down]}", column=f"{column.name} = {column.labels[across]}",
            accuracy=f"{mean:.2f}", count=len(accuracies),
        )  # fmt: skip
        stops = colours.stops("sequential", SCALE_STEPS)
        shade = stops[round((mean - low) / ((high - low) or 1) * (SCALE_STEPS - 1))]
        data.append(
            {"name": text, "value": [across, down, tidy(mean)],
             "label": {"show": True, "formatter": f"{mean:.1f}", "color": colours.ink(shade)}}
        )  # fmt: skip
    return {
        "animation": False,
        "title": {"text": words.heat, "left": 0, "top": 0},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": {"left": 4, "right": 8, "top": 44, "bottom": 6,
                 "outerBoundsMode": "same", "outerBoundsContain": "all"},
        "visualMap": {
            "type": "continuous", "min": low, "max": high, "show": False,
            "inRange": {"color": colours.stops("sequential", SCALE_STEPS)},
        },
        "xAxis": {**_axis(column.name), "type": "category", "data": list(column.labels)},
        "yAxis": {**_axis(row.name), "type": "category", "data": list(row.labels)},
        "series": {"type": "heatmap", "data": data,
                   "itemStyle": {"borderColor": palette.background, "borderWidth": 2}},
    }  # fmt: skip


def alt(title: str, points: Sequence[Point], axes: Sequence[Axis], *, words: SweepWords) -> str:
    """One sentence for screen readers: how many trials, and the best of them."""
    top = max(points, key=lambda point: point.accuracy, default=None)
    return words.alt.format(
        title=title,
        count=len(points),
        best=f"{top.accuracy:.2%}" if top else "–",
        settings=_settings(top, axes) if top else "–",
    )


def importance_alt(importances: Mapping[str, float], *, words: SweepWords) -> str:
    """One sentence for screen readers: every bar."""
    bars = ", ".join(f"{name} {share:.0%}" for name, share in importances.items())
    return words.bars_alt.format(title=words.importance, bars=bars or "–")


_GRID = {"left": 72, "right": 18, "outerBoundsMode": "none", "containLabel": False}


def _percent(accuracy: float) -> float:
    return tidy(round(100 * accuracy, 4))


def _settings(point: Point, axes: Sequence[Axis]) -> str:
    pairs = zip(axes, point.values, strict=True)
    return ", ".join(
        f"{axis.name} = {axis.text(value)}" for axis, value in pairs if value is not None
    )


def _text(point: Point, axes: Sequence[Axis], words: SweepWords) -> str:
    return words.point.format(
        place=point.place, settings=_settings(point, axes), accuracy=f"{point.accuracy:.2%}"
    )


def _reach(points: Sequence[Point]) -> tuple[float, float]:
    """Ends of the scale of accuracies in percent: round numbers around all of them."""
    percents, step = _percents(points), _step(points)
    low = max(0.0, math.floor(min(percents) / step) * step)
    return tidy(low), tidy(min(100.0, max(math.ceil(max(percents) / step) * step, low + step)))


def _percents(points: Sequence[Point]) -> list[float]:
    return [_percent(point.accuracy) for point in points] or [0.0, 100.0]


def _step(points: Sequence[Point]) -> float:
    """From one number of that scale to the next: its ends are multiples of it."""
    percents = _percents(points)
    return nice(max((max(percents) - min(percents)) / 4, 0.1))


def _scale(points: Sequence[Point]) -> Option:
    low, high = _reach(points)
    return {"type": "value", "min": low, "max": high, "interval": _step(points)}


def _axis(name: str) -> Option:
    return {"name": name, "nameLocation": "middle", "nameGap": 28}


def _accuracy_axis(points: Sequence[Point], words: SweepWords) -> Option:
    return {**_axis(words.accuracy), **_scale(points), "nameGap": 48}


def _parallel_axis(axis: Axis) -> Option:
    if axis.values:
        return {"type": "category", "data": list(axis.labels)}
    return {"type": "log" if axis.log else "value", "min": axis.low, "max": axis.high}


def _parallel_value(axis: Axis, value: Value | None) -> Value | None:
    return axis.text(value) if axis.values and value is not None else value


def _slice_axis(axis: Axis) -> Option:
    if axis.values:
        return {"type": "category", "data": list(axis.labels)}
    return {
        "type": "log" if axis.log else "value",
        "min": axis.low,
        "max": axis.high,
        "axisLabel": {"hideOverlap": True},
    }


def _slice_value(axis: Axis, value: Value | None) -> Value | None:
    return axis.place(value) if axis.values else value
