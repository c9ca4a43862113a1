"""Live curves of a run as ECharts options: a history in, a plain dict out, its shape never changing.

Every option has the same series under the same ids from the first second to the last, empty while
there is nothing to show: so a chart with a fixed `key` is updated in place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from cnn_core.figures.palette import Palette, readable
from cnn_core.figures.ranges import MOST_LOSS, Point, accuracy_range, loss_range, nice, tidy
from cnn_core.progress.events import EpochEnd
from cnn_core.progress.history import History, epoch_position
from cnn_core.progress.losses import loss_text

Measure = Literal["loss", "accuracy"]
Option = dict[str, Any]

MAX_POINTS = 400  # of a line: enough for the width of a chart
RECENT = 10  # batch reports that are searched for values above the axis
CROWDED = 30  # epochs from which on their points are drawn smaller


@dataclass(frozen=True, slots=True)
class CurveWords:
    """The words of one chart; those with `{slots}` are templates for `str.format`.

    Attributes:
        title: Above the chart.
        x_axis: Name of the axis of epochs.
        y_axis: Name and unit of the other one.
        batches: Legend of the training line with a point every few batches.
        training: Legend of the training line with a point for each epoch.
        validation: Legend of the validation line.
        best: Label of the best epoch; slot {epoch}.
        rate: Label of a change of the learning rate; slot {rate}.
        at: Heading of the tooltip; slot {value}, an epoch.
        alt_empty: For screen readers, before the first report; slots {title} {planned}.
        alt_batches: The same inside the first epoch; slots {title} {planned} {last}.
        alt: The same after it; slots {title} {epoch} {planned} {train_first} {train_last}
            {val_first} {val_last} {best}.
        cut: Says that the axis ends below the largest value; slots {top} {largest}.
        nothing: Shown where there is no number.
    """

    title: str
    x_axis: str
    y_axis: str
    batches: str
    training: str
    validation: str
    best: str
    rate: str
    at: str
    alt_empty: str
    alt_batches: str
    alt: str
    cut: str
    nothing: str

    @classmethod
    def of(cls, table: Mapping[str, str], measure: Measure) -> CurveWords:
        """The words of the "loss" or the "accuracy" chart from a table such as `texts.table("ko")`."""
        own = {name: f"curve.{measure}.{name}" for name in ("title", "y_axis")}
        return cls(**{f.name: table[own.get(f.name, f"curve.{f.name}")] for f in fields(cls)})


def loss_curves(history: History, *, words: CurveWords, palette: Palette) -> Option:
    """Training and validation loss over the epochs, as an ECharts option."""
    return _curves(history, _LOSS, words, palette)


def accuracy_curves(history: History, *, words: CurveWords, palette: Palette) -> Option:
    """Training and validation accuracy over the epochs, in percent, as an ECharts option."""
    return _curves(history, _ACCURACY, words, palette)


def alt_text(history: History, measure: Measure, *, words: CurveWords) -> str:
    """One sentence for screen readers on what the chart of "loss" or "accuracy" shows."""
    view = _VIEWS[measure]
    slots: dict[str, object] = {"title": words.title, "planned": history.planned_epochs}

    def formatted(value: float) -> str:
        return view.text.format(view.scaled(value)) if math.isfinite(value) else words.nothing

    if history.epochs:
        first, last, best = history.epochs[0], history.epochs[-1], history.best
        sentence = words.alt.format(
            **slots,
            epoch=last.epoch,
            train_first=formatted(view.train(first)),
            train_last=formatted(view.train(last)),
            val_first=formatted(view.val(first)),
            val_last=formatted(view.val(last)),
            best=best.epoch if best else words.nothing,
        )
        cut = cut_note(history, measure, words=words)
        return f"{sentence} {cut}" if cut else sentence
    if history.batches:
        return words.alt_batches.format(**slots, last=formatted(view.train(history.batches[-1])))
    return words.alt_empty.format(**slots)


def thin(points: Sequence[Point], limit: int = MAX_POINTS) -> list[Point]:
    """At most `limit` of the points: first, last, and each bucket's lowest, highest and first gap.

    Buckets hold a power of two of points, counted from the start, so that the line behind does not
    shimmer while it grows in front.
    """
    if len(points) <= limit:
        return list(points)
    most = 3 if any(y is None for _, y in points) else 2
    inner, size = points[1:-1], 2
    while math.ceil(len(inner) / size) * most > limit - 2:
        size *= 2
    kept = [points[0]]
    for start in range(0, len(inner), size):
        kept += _extremes(inner[start : start + size])
    return [*kept, points[-1]]


@dataclass(frozen=True, slots=True)
class _View:
    """What of a record a chart shows, and how its numbers are written."""

    name: Measure
    scale: float
    text: str
    printf: str
    rate_label: str
    range: Callable[[Iterable[float], Iterable[Point]], tuple[float, float, float]]

    def scaled(self, value: float) -> float:
        return value * self.scale

    def train(self, record: Any) -> float:
        return float(getattr(record, self.name))

    def val(self, end: EpochEnd) -> float:
        return float(getattr(end, f"val_{self.name}"))

    def point(self, x: float, value: float) -> Point:
        finite = math.isfinite(value)
        return round(x, 4), tidy(self.scaled(value)) if finite else None


_LOSS = _View("loss", 1.0, "{:.3f}", "%.4f", "insideEndTop", loss_range)
_ACCURACY = _View("accuracy", 100.0, "{:.1f}%", "%.2f%%", "insideStartTop", accuracy_range)
_VIEWS = {view.name: view for view in (_LOSS, _ACCURACY)}


def _curves(history: History, view: _View, words: CurveWords, palette: Palette) -> Option:
    batches, train, val = _points(history, view)
    low, high, step = view.range([y for _, y in train + val if y is not None], batches)
    return {
        "animation": False,
        "title": {
            "text": words.title,
            "subtext": cut_note(history, view.name, words=words),
            "left": 0,
            "top": 0,
            "itemGap": 4,
        },
        "legend": _legend(words, over=history.ended is not None),
        "grid": _GRID,
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "transitionDuration": 0,
            "valueFormatter": view.printf,
        },
        "xAxis": _x_axis(history.planned_epochs, words),
        "yAxis": {
            "type": "value",
            "min": low,
            "max": high,
            "interval": step,
            "name": words.y_axis,
            "nameLocation": "middle",
        },
        "series": _series(history, view, words, palette, thin(batches), train, val),
    }


def _points(history: History, view: _View) -> tuple[list[Point], list[Point], list[Point]]:
    """Batches, training and validation."""
    at = places(history)
    return (
        [view.point(epoch_position(end), view.train(end)) for end in history.batches],
        [view.point(at[end.epoch], view.train(end)) for end in history.epochs],
        [view.point(at[end.epoch], view.val(end)) for end in history.epochs],
    )


def cut_note(history: History, measure: Measure, *, words: CurveWords) -> str:
    """A sentence on losses of whole epochs, or of the last batches, that lie above the axis."""
    view = _VIEWS[measure]
    batches, train, val = _points(history, view)
    epoch_values = [y for _, y in train + val if y is not None]
    _, top, _ = view.range(epoch_values, batches)
    largest = max([*epoch_values, *(y for _, y in batches[-RECENT:] if y is not None)], default=0.0)
    cut = measure == "loss" and largest > top >= MOST_LOSS
    return words.cut.format(top=f"{top:g}", largest=loss_text(largest)) if cut else ""


def _series(
    history: History,
    view: _View,
    words: CurveWords,
    palette: Palette,
    batches: list[Point],
    train: list[Point],
    val: list[Point],
) -> list[Option]:
    planned = history.planned_epochs
    train_dots = _dots(history, train, palette)
    val_dots = _dots(history, val, palette, diamond=history.best)
    return [
        _line("batches", words.batches, palette.batches, batches),
        _dotted("training", words.training, palette.training, train_dots, planned),
        {
            **_dotted("validation", words.validation, palette.validation, val_dots, planned),
            "markLine": _best_mark(history, words, palette),
        },
        {
            **_line("learning_rate", "", palette.mark, []),
            "markLine": _rate_marks(history, words, palette, view.rate_label),
        },
    ]


_THIN_LINE = "path://M0 0h16v1.5h-16z"
_GRID = {
    "left": 4,
    "right": 18,
    "top": 52,
    "bottom": 34,
    "outerBoundsMode": "same",
    "outerBoundsContain": "all",
}


def _legend(words: CurveWords, *, over: bool) -> Option:
    """While the run goes on the legend takes no clicks: the next update would undo them."""
    return {
        "type": "scroll",
        "bottom": 0,
        "left": "center",
        "itemWidth": 16,
        "itemGap": 12,
        "data": [
            {"name": words.batches, "icon": _THIN_LINE},
            {"name": words.training},
            {"name": words.validation},
        ],
        "selectedMode": over,
    }


def _x_axis(planned: int, words: CurveWords) -> Option:
    step = planned / 4 if planned <= 2 else max(1.0, nice(planned / 10))
    return {
        "type": "value",
        "min": 0,
        "max": planned,
        "interval": step,
        "name": words.x_axis,
        "nameLocation": "middle",
        "splitLine": {"show": False},
        "axisPointer": {"label": {"precision": 2, "formatter": words.at}},
    }


def _line(series: str, name: str, colour: str, data: list[Any]) -> Option:
    return {
        "id": series,
        "name": name,
        "type": "line",
        "data": data,
        "color": colour,
        "symbol": "none",
        "lineStyle": {"width": 1},
        "connectNulls": False,
        "z": 2,
        "emphasis": {"disabled": True},
    }


def _dotted(series: str, name: str, colour: str, data: list[Any], planned: int) -> Option:
    return {
        **_line(series, name, colour, data),
        "symbol": "circle",
        "symbolSize": 7 if planned <= CROWDED else 4,
        "showAllSymbol": True,
        "itemStyle": {"borderColor": colour},
        "lineStyle": {"width": 2.5},
        "z": 3,
    }


def places(history: History) -> dict[int, float]:
    """Where each epoch's point stands: at its end, or where it was stopped."""
    reached = {end.epoch: epoch_position(end) for end in history.batches}
    return {
        end.epoch: float(end.epoch) if end.complete else reached.get(end.epoch, float(end.epoch))
        for end in history.epochs
    }


def _dots(
    history: History, points: list[Point], palette: Palette, diamond: EpochEnd | None = None
) -> list[Any]:
    """A point an epoch: hollow where the epoch was stopped on its way, a diamond at the best."""
    dots: list[Any] = []
    for point, end in zip(points, history.epochs, strict=True):
        look: Option = {}
        if end is diamond:
            look |= {"symbol": "diamond", "symbolSize": 14}
        if not end.complete:
            look["itemStyle"] = {"color": palette.background, "borderWidth": 2}
        dots.append({"value": [*point], **look} if look else [*point])
    return dots


def _best_mark(history: History, words: CurveWords, palette: Palette) -> Option:
    best = history.best
    marks: list[Option] = []
    if best is not None:
        x = places(history)[best.epoch]
        label = {
            "formatter": words.best.format(epoch=best.epoch),
            "position": "end",
            "align": "left" if x < history.planned_epochs / 2 else "right",
            "color": readable(palette.validation, palette.background),
        }
        marks = [{"xAxis": x, "label": label}]
    return _marks(marks, palette.validation, type="dashed", width=1.5)


def _rate_marks(history: History, words: CurveWords, palette: Palette, position: str) -> Option:
    """A thin upright line at each change of the learning rate, its label along the line."""
    batches = history.started.batches if history.started else 1
    marks: list[Option] = [
        {
            "xAxis": round(change.epoch - 1 + (change.batch - 1) / max(1, batches), 4),
            "label": {
                "formatter": words.rate.format(rate=f"{change.learning_rate:g}"),
                "position": position,
                "color": palette.quiet,
            },
        }
        for change in history.learning_rates
    ]
    return _marks(marks, palette.mark, type="solid", width=1)


def _marks(marks: list[Option], colour: str, **style: object) -> Option:
    return {
        "silent": True,
        "animation": False,
        "symbol": "none",
        "lineStyle": {"color": colour, **style},
        "data": marks,
    }


def _extremes(bucket: Sequence[Point]) -> list[Point]:
    """Lowest, highest and first gap of a bucket, in their order."""
    heights = [(y, i) for i, (_, y) in enumerate(bucket) if y is not None]
    gaps = [i for i, (_, y) in enumerate(bucket) if y is None]
    kept = {*gaps[:1]}
    if heights:
        kept |= {min(heights)[1], max(heights)[1]}
    return [bucket[i] for i in sorted(kept)]
