"""Curves of several runs on one chart, and the band over seeds, as ECharts options."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar, Literal

from cnn_core.analysis.comparison import Spread
from cnn_core.figures import matrices
from cnn_core.figures.curves import places
from cnn_core.figures.palette import Palette
from cnn_core.figures.ranges import accuracy_range, loss_range, nice, tidy
from cnn_core.figures.words import FigureWords
from cnn_core.progress.history import History

Option = dict[str, Any]
Axis = Literal["epochs", "seconds"]

MARKERS = ("circle", "triangle", "rect", "diamond", "pin", "arrow", "roundRect", "emptyCircle")
MOST = len(MARKERS)
"""Most runs on one chart: each has a marker of its own, which is told apart without its colour."""
SYMBOL_SIZE = 8
LEGEND_LINE, MOST_LISTED = 24, 4  # height in pixels; runs
NARROW_TEXT = 320  # width of a phone's chart, in pixels
CROWDED = 30  # epochs from which on only the best one is marked


@dataclass(frozen=True, slots=True)
class OverlayWords(FigureWords):
    """The words of the chart; those with `{slots}` are templates for `str.format`.

    Attributes:
        title: Above the chart.
        lines: Below the title: which line is which.
        epochs: Name of the axis of epochs.
        seconds: Name and unit of the axis of training time.
        loss: Name of the axis of the loss.
        accuracy: Name and unit of the axis of the accuracy.
        point: What the pointer shows; slots {run} {epoch} {seconds} {loss} {accuracy}.
        alt: For screen readers; slots {title} {runs}.
        run: A run in it; slots {run} {epoch} {loss} {accuracy}.
        empty: A run in it without an epoch; slot {run}.
    """

    SECTION: ClassVar[str] = "overlay"

    title: str
    lines: str
    epochs: str
    seconds: str
    loss: str
    accuracy: str
    point: str
    alt: str
    run: str
    empty: str


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of one run.

    Attributes:
        key: The run's id: its series keep their place on the chart while they grow.
        name: In the legend.
        history: Its history so far.
    """

    key: str
    name: str
    history: History


def overlay(
    curves: Sequence[Curves], axis: Axis, *, words: OverlayWords, palette: Palette
) -> Option:
    """Loss above, accuracy below; training dashed, validation solid; a colour and a marker for each run.

    The series depend on the chosen runs alone, so a chart with a fixed `key` grows in place.

    Raises:
        ValueError: If there are more than `MOST` runs.
    """
    if len(curves) > MOST:
        raise ValueError(f"At most {MOST} runs have markers of their own. Received {len(curves)}.")
    ends = [end for run in curves for end in run.history.epochs]
    losses = [value for end in ends for value in (end.loss, end.val_loss)]
    percents = [100 * value for end in ends for value in (end.accuracy, end.val_accuracy)]
    reach = _reach(curves, axis)
    names = [{"name": run.name} for run in curves]
    return {
        "animation": False,
        "title": {"text": words.title, "subtext": words.lines, "left": 0, "top": 0, "itemGap": 4},
        "legend": {**_LEGEND, "data": names},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": [{**_ALIGNED, "top": 56, "height": "36%"}, {**_ALIGNED, "bottom": 74, "height": "32%"}],
        "media": [_in_a_narrow_chart(names)],
        "xAxis": [_x_axis(0, "", reach, axis), _x_axis(1, getattr(words, axis), reach, axis)],
        "yAxis": [
            _y_axis(0, words.loss, loss_range(filter(math.isfinite, losses), [])),
            _y_axis(1, words.accuracy, accuracy_range(filter(math.isfinite, percents), [])),
        ],
        "series": [
            series
            for place, run in enumerate(curves)
            for measure in ("loss", "accuracy")
            for series in _pair(run, place, measure, axis, words, palette)
        ],
    }  # fmt: skip


def _in_a_narrow_chart(names: list[Option]) -> Option:
    """The words below the title in lines, and a line for each run below the axes; of many, pages of them."""
    top, narrow = 92, {"width": NARROW_TEXT, "overflow": "break"}
    legend: Option = {**_LEGEND, "data": names}
    room = LEGEND_LINE
    if len(names) <= MOST_LISTED:
        legend |= {"type": "plain", "orient": "vertical", "left": 0, "itemGap": 6}
        room = LEGEND_LINE * len(names)
    change = {
        "title": {"subtextStyle": narrow},
        "legend": legend,
        "grid": [{"top": top, "height": "28%"}, {"bottom": 52 + room, "height": "26%"}],
    }
    return {"query": {"maxWidth": matrices.NARROW}, "option": change}


def overlay_alt(curves: Sequence[Curves], *, words: OverlayWords) -> str:
    """One sentence for screen readers: each run's best epoch."""
    runs = []
    for run in curves:
        best = run.history.best
        text = (
            words.run.format(
                run=run.name, epoch=best.epoch, loss=f"{best.val_loss:.4f}",
                accuracy=f"{best.val_accuracy:.2%}",
            )
            if best
            else words.empty.format(run=run.name)
        )  # fmt: skip
        runs.append(text)
    return words.alt.format(title=words.title, runs="; ".join(runs))


@dataclass(frozen=True, slots=True)
class BandWords(FigureWords):
    """The words of the chart of a mean and its band; those with `{slots}` are templates.

    Attributes:
        title: Above the chart.
        epochs: Name of the axis of epochs.
        accuracy: Name and unit of the other one.
        mean: Legend; slots {name} {count}.
        point: What the pointer shows; slots {name} {epoch} {mean} {std} {count}.
        alt: For screen readers; slots {title} {last}.
    """

    SECTION: ClassVar[str] = "band"

    title: str
    epochs: str
    accuracy: str
    mean: str
    point: str
    alt: str


def bands(groups: Mapping[str, Sequence[Spread]], *, words: BandWords, palette: Palette) -> Option:
    """The mean validation accuracy at each epoch, and a band of one standard deviation on either side.

    Args:
        groups: By name, the spread of the accuracy (0 to 1) at each epoch, from the first on.
        words: What is written.
        palette: Of the theme.
    """
    edges = [
        100 * (at.mean + side * at.std)
        for all_ in groups.values()
        for at in all_
        for side in (-1, 1)
    ]
    low, high, step = accuracy_range([edge for edge in edges if math.isfinite(edge)], [])
    longest = max(map(len, groups.values()), default=0)
    series = []
    for place, (name, all_) in enumerate(groups.items()):
        series += _band(place, name, all_, low, words, palette)
    names = [words.mean.format(name=name, count=_count(all_)) for name, all_ in groups.items()]
    return {
        "animation": False,
        "title": {"text": words.title, "left": 0, "top": 0},
        "legend": {"bottom": 0, "left": "center", "selectedMode": False, "data": names},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": {**_ALIGNED, "top": 40, "bottom": 74},
        "xAxis": {
            "type": "category", "data": [str(epoch) for epoch in range(1, longest + 1)],
            "name": words.epochs, "nameLocation": "middle", "nameGap": 26, "boundaryGap": False,
        },
        "yAxis": _y_axis(0, words.accuracy, (low, high, step)),
        "series": series,
    }  # fmt: skip


def bands_alt(groups: Mapping[str, Sequence[Spread]], *, words: BandWords) -> str:
    """One sentence for screen readers: each group's last mean."""
    last = [_point(name, len(all_), all_[-1], words) for name, all_ in groups.items() if all_]
    return words.alt.format(title=words.title, last="; ".join(last))


_LEGEND: Option = {"type": "scroll", "bottom": 0, "left": "center", "selectedMode": False}
_ALIGNED = {"left": 72, "right": 18, "outerBoundsMode": "none", "containLabel": False}


def _pair(
    run: Curves, place: int, measure: str, axis: Axis, words: OverlayWords, palette: Palette
) -> list[Option]:
    """Validation with its markers, and training."""
    colour, grid = palette.classes[place], int(measure == "accuracy")
    scale = 100 if grid else 1
    xs = _xs(run.history, axis)
    at = list(zip(xs, run.history.epochs, strict=True))
    seconds = list(accumulate(end.seconds for end in run.history.epochs))
    best = run.history.best
    crowded = run.history.planned_epochs > CROWDED
    validation = []
    for (x, end), spent in zip(at, seconds, strict=True):
        text = words.point.format(
            run=run.name, epoch=end.epoch, seconds=f"{spent:,.0f}", loss=f"{end.val_loss:.4f}",
            accuracy=f"{end.val_accuracy:.2%}",
        )  # fmt: skip
        point: Option = {"name": text, "value": [x, _y(getattr(end, f"val_{measure}"), scale)]}
        if end is best:
            point["symbolSize"] = SYMBOL_SIZE * 1.7
        elif crowded:
            point["symbolSize"] = 0
        validation.append(point)
    training = [[x, _y(getattr(end, measure), scale)] for x, end in at]
    shared = {
        "name": run.name, "type": "line", "xAxisIndex": grid, "yAxisIndex": grid, "color": colour,
        "emphasis": {"disabled": True}, "connectNulls": False,
    }  # fmt: skip
    return [
        {
            **shared, "id": f"{run.key}.validation.{measure}", "data": validation,
            "symbol": MARKERS[place], "symbolSize": SYMBOL_SIZE, "showAllSymbol": True,
            "lineStyle": {"width": 2, "type": "solid"}, "z": 3,
        },
        {
            **shared, "id": f"{run.key}.training.{measure}", "data": training, "symbol": "none",
            "lineStyle": {"width": 1.5, "type": "dashed"}, "silent": True, "z": 2,
        },
    ]  # fmt: skip


def _xs(history: History, axis: Axis) -> list[float]:
    if axis == "seconds":
        return [round(spent, 3) for spent in accumulate(end.seconds for end in history.epochs)]
    at = places(history)
    return [round(at[end.epoch], 4) for end in history.epochs]


def _reach(curves: Sequence[Curves], axis: Axis) -> float:
    """End of the axis: the longest plan, or the longest time so far up to a round number."""
    if axis == "epochs":
        return float(max((run.history.planned_epochs for run in curves), default=1))
    longest = max((x for run in curves for x in _xs(run.history, axis)), default=0.0) or 1.0
    step = nice(longest / 8)
    return tidy(math.ceil(longest / step) * step)


def _y(value: float, scale: int) -> float | None:
    return tidy(value * scale) if math.isfinite(value) else None


def _x_axis(grid: int, name: str, reach: float, axis: Axis) -> Option:
    return {
        "type": "value", "gridIndex": grid, "min": 0, "max": reach, "name": name,
        "nameLocation": "middle", "nameGap": 26, "splitLine": {"show": False},
        "axisLabel": {"hideOverlap": True}, "minInterval": 1 if axis == "epochs" else 0,
    }  # fmt: skip


def _y_axis(grid: int, name: str, scale: tuple[float, float, float]) -> Option:
    low, high, step = scale
    return {
        "type": "value", "gridIndex": grid, "min": low, "max": high, "interval": step, "name": name,
        "nameLocation": "middle", "nameGap": 48,
    }  # fmt: skip


def _band(
    place: int, name: str, all_: Sequence[Spread], low: float, words: BandWords, palette: Palette
) -> list[Option]:
    """The lower edge, unseen; the band stacked on it; the mean."""
    colour = palette.classes[place % len(palette.classes)]
    edge = {
        "type": "line", "stack": f"band-{place}", "symbol": "none", "silent": True,
        "lineStyle": {"opacity": 0}, "color": colour, "emphasis": {"disabled": True},
        "tooltip": {"show": False}, "stackStrategy": "all",
    }  # fmt: skip
    # A band that leaves the axis at the bottom begins there: a stack cannot be cut.
    below = [max(low, 100 * (at.mean - _std(at))) for at in all_]
    heights = [100 * (at.mean + _std(at)) - start for at, start in zip(all_, below, strict=True)]
    means = [
        {"name": _point(name, epoch, at, words), "value": tidy(100 * at.mean)}
        for epoch, at in enumerate(all_, 1)
    ]
    return [
        {**edge, "id": f"{place}.low", "data": [tidy(value) for value in below]},
        {**edge, "id": f"{place}.high", "data": [tidy(height) for height in heights],
         "areaStyle": {"color": colour, "opacity": 0.2}},
        {
            "id": f"{place}.mean", "name": words.mean.format(name=name, count=_count(all_)),
            "type": "line", "data": means, "color": colour, "symbol": MARKERS[place % MOST],
            "symbolSize": SYMBOL_SIZE, "showAllSymbol": True, "lineStyle": {"width": 2.5},
            "emphasis": {"disabled": True}, "z": 3,
        },
    ]  # fmt: skip


def _std(at: Spread) -> float:
    return at.std if math.isfinite(at.std) else 0.0


def _count(all_: Sequence[Spread]) -> int:
    return max((at.count for at in all_), default=0)


def _point(name: str, epoch: int, at: Spread, words: BandWords) -> str:
    return words.point.format(
        name=name, epoch=epoch, mean=f"{at.mean:.2%}", std=f"{100 * _std(at):.2f}", count=at.count
    )
