"""Images as points in the plane, near each other where a network finds them alike, as an ECharts option.

Plotly draws the same 2,000 points three times as slowly after every change; in three dimensions, which
ECharts has not, it is Plotly nevertheless: `embedding_space`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnn_core.figures import charts, matrices
from cnn_core.figures.charts import ControlWords
from cnn_core.figures.legend import percent
from cnn_core.figures.palette import Palette, readable
from cnn_core.figures.words import FigureWords

Array = npt.NDArray[Any]
Option = dict[str, Any]

SYMBOLS = ("circle", "rect", "triangle", "diamond", "arrow")
SIZES = {"circle": 6, "rect": 5, "triangle": 7, "diamond": 8, "arrow": 7}
MARGIN = 0.04  # share of the spread that is left free at each end
RING = 1.4  # width of the line around a mistake, in pixels
CATCH = "catch"  # id of the series of what is not seen and catches clicks beside the points
CELLS, CELL = (48, 32), 24  # of it across and down, and the side of one in pixels
PLOT, LETTER, WIDE_LETTER, LINE = (640, 480), 7.5, 13.0, 18  # nominal sizes in pixels, for names


@dataclass(frozen=True, slots=True)
class Words(FigureWords):
    """The words of the chart; those with slots are templates for `str.format`.

    Attributes:
        point: What the pointer shows; slots {row} {true} {predicted} {share}.
        alt: For screen readers; slots {title} {points} {wrong} {classes}.
    """

    SECTION: ClassVar[str] = "embedding_chart"

    point: str
    alt: str


@dataclass(frozen=True, eq=False)
class Cloud:
    """Images with their places, all arrays with one entry an image.

    Attributes:
        points: Places (N, 2), or (N, 3) in three dimensions.
        labels: True classes (N,).
        predicted: What the network says (N,).
        confidence: How sure it is (N,).
        visible: Whether it is drawn (N,).
    """

    points: Array
    labels: Array
    predicted: Array
    confidence: Array
    visible: Array

    def rows_of(self, kind: str, label: int) -> Array:
        """Rows of the "right" or "wrong" images of a class that are drawn, in the order of their series."""
        of_kind = (self.labels == self.predicted) == (kind == "right")
        rows: Array = np.flatnonzero(of_kind & (self.labels == label) & self.visible)
        return rows


def most_confident_mistake(cloud: Cloud) -> int | None:
    """The row of the drawn mistake that the network is surest of; None if none is drawn."""
    wrong = np.flatnonzero(cloud.visible & (cloud.labels != cloud.predicted))
    return int(wrong[cloud.confidence[wrong].argmax()]) if len(wrong) else None


def nearest(cloud: Cloud, cell: int) -> int | None:
    """The row of the drawn point nearest to a cell of the series `CATCH`, by distance on the screen."""
    rows = np.flatnonzero(cloud.visible)
    if not len(rows) or not 0 <= cell < CELLS[0] * CELLS[1]:
        return None
    spans = np.array([high - low for low, high in extents(cloud)]) / PLOT
    away = (cloud.points[rows] - _cells(cloud)[cell]) / spans
    return int(rows[(away**2).sum(axis=1).argmin()])


def _cells(cloud: Cloud) -> Array:
    """Centres of the cells that catch clicks, (n, 2)."""
    across, down = (
        low + (high - low) * (np.arange(count) + 0.5) / count
        for (low, high), count in zip(extents(cloud), CELLS, strict=True)
    )
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)


def _catch(cloud: Cloud) -> Option:
    """Squares that are not seen below the points: a click beside one counts for the nearest."""
    return {
        "id": CATCH, "type": "scatter", "symbol": "rect", "symbolSize": CELL, "z": 1, "cursor": "pointer",
        "itemStyle": {"color": "transparent"}, "tooltip": {"show": False}, "selectedMode": "single",
        "select": {"itemStyle": {"color": "transparent"}}, "emphasis": {"disabled": True},
        "data": [[short(x), short(y)] for x, y in _cells(cloud).tolist() if cloud.visible.any()],
    }  # fmt: skip


def name_places(cloud: Cloud, names: Sequence[str]) -> dict[int, tuple[float, float]]:
    """Where the name of each class is written: at its median, moved up or down until no two overlap."""
    (left, right), (bottom, top) = extents(cloud)
    unit = np.array([(right - left) / PLOT[0], (top - bottom) / PLOT[1]])
    free: dict[int, tuple[float, float]] = {}
    for label in range(len(names)):
        rows = np.flatnonzero((cloud.labels == label) & cloud.visible)
        if len(rows):
            x, y = np.median(cloud.points[rows], axis=0) / unit
            free[label] = float(x), float(y)
    taken: dict[int, tuple[float, float]] = {}
    for label in sorted(free, key=lambda name: free[name][1]):
        x, y = free[label]
        steps = (sign * step * LINE / 3 for step in range(40) for sign in (1, -1))
        room = (y + step for step in steps if not _overlaps((x, y + step), label, taken, names))
        taken[label] = x, next(room, y)
    return {label: (x * unit[0], y * unit[1]) for label, (x, y) in taken.items()}


def _overlaps(
    place: tuple[float, float],
    label: int,
    taken: Mapping[int, tuple[float, float]],
    names: Sequence[str],
) -> bool:
    return any(
        abs(place[1] - y) < LINE
        and abs(place[0] - x) < (_width(names[label]) + _width(names[other])) / 2
        for other, (x, y) in taken.items()
    )


def _width(name: str) -> float:
    return sum(LETTER if sign.isascii() else WIDE_LETTER for sign in name) + 8


def scatter(
    cloud: Cloud,
    names: Sequence[str],
    *,
    title: str,
    axes: tuple[str, str],
    ticks: bool,
    marked: int | None,
    words: Words,
    controls: ControlWords,
    palette: Palette,
) -> Option:
    """Images as points; point n of the series "right_3" or "wrong_3" is image `cloud.rows_of("right", 3)[n]`.

    A class has a colour and a shape, and its name is written at its centre; mistakes have a ring. The axes
    hold all images, drawn or not, so that nothing moves when some are left out.

    Args:
        cloud: The images.
        names: Class names.
        title: Above the chart.
        axes: Names of the axes.
        ticks: Write numbers at the axes; those of t-SNE mean nothing.
        marked: Row of the image to mark.
        words: What is written.
        controls: What the buttons are called.
        palette: Of the theme.
    """
    across, down = (
        {**_axis(ticks), "name": name, "min": low, "max": high}
        for name, (low, high) in zip(axes, extents(cloud), strict=True)
    )
    places = name_places(cloud, names)
    series = [
        trace
        for label in range(len(names))
        for trace in _of_class(cloud, label, names, words, palette, places.get(label))
    ]
    return {
        "animation": False,
        "title": {"text": title, "left": 0, "top": 0},
        "toolbox": charts.toolbox("embedding", controls, palette, axes="both"),
        "legend": _legend(names),
        "grid": {
            "left": 4, "right": 8, "top": 36, "bottom": 34,
            "outerBoundsMode": "same", "outerBoundsContain": "all",
        },
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "xAxis": across,
        "yAxis": down,
        "series": [*series, _catch(cloud), _mark(cloud, marked, palette)],
        "media": [_in_a_narrow_chart(names)],
    }  # fmt: skip


def _legend(names: Sequence[str]) -> Option:
    return {
        "type": "scroll", "bottom": 0, "left": "center", "data": list(names), "itemGap": 10,
        "itemWidth": 14, "itemHeight": 11, "selectedMode": False,
        "textStyle": {"lineHeight": 20},  # Korean is not clipped
    }  # fmt: skip


def _in_a_narrow_chart(names: Sequence[str]) -> Option:
    """All names wrap below the plot: a row that scrolls would cut one."""
    return {
        "query": {"maxWidth": matrices.NARROW},
        "option": {"legend": {**_legend(names), "type": "plain"}, "grid": {"bottom": 112}},
    }


def alt(cloud: Cloud, names: Sequence[str], *, title: str, words: Words) -> str:
    """One sentence for screen readers on what the chart shows."""
    wrong = int(((cloud.labels != cloud.predicted) & cloud.visible).sum())
    return words.alt.format(
        title=title, points=f"{int(cloud.visible.sum()):,}", wrong=f"{wrong:,}", classes=len(names)
    )


def _axis(ticks: bool) -> Option:
    return {
        "type": "value", "nameLocation": "middle",
        "axisLabel": {"show": ticks, "hideOverlap": True, "showMinLabel": False, "showMaxLabel": False},
        "axisTick": {"show": False}, "axisLine": {"show": False},
        "splitLine": {"show": ticks, "lineStyle": {"opacity": 0.4}},
    }  # fmt: skip


def _of_class(
    cloud: Cloud,
    label: int,
    names: Sequence[str],
    words: Words,
    palette: Palette,
    place: tuple[float, float] | None,
) -> list[Option]:
    """Right answers, mistakes, and the name at the middle: three series, one entry of the legend."""
    symbol = SYMBOLS[label % len(SYMBOLS)]
    common: Option = {
        "name": names[label], "type": "scatter", "symbol": symbol, "symbolSize": SIZES[symbol],
        "color": palette.classes[label % len(palette.classes)],
    }  # fmt: skip
    ring = {"borderColor": palette.problem, "borderWidth": RING, "opacity": 0.9}
    looks: dict[str, Option] = {"right": {"opacity": 0.7}, "wrong": ring}
    series: list[Option] = [
        {
            **common, "id": f"{kind}_{label}", "cursor": "pointer", "selectedMode": "single",
            "z": 3 if kind == "wrong" else 2, "itemStyle": look, "select": {"itemStyle": look},
            "data": [_point(cloud, row, names, words) for row in cloud.rows_of(kind, label).tolist()],
        }
        for kind, look in looks.items()
    ]  # fmt: skip
    title: Option = {
        **common, "id": f"name_{label}", "silent": True, "z": 4, "tooltip": {"show": False},
        "symbolSize": 1, "data": [] if place is None else [[short(coordinate) for coordinate in place]],
        "label": {
            "show": True, "formatter": "{a}", "fontWeight": "bold",
            "position": "inside",
            "color": readable(common["color"], palette.background),
            "textBorderColor": palette.background, "textBorderWidth": 4,
        },
        "labelLayout": {"hideOverlap": True},  # a phone has less room than `PLOT`
    }  # fmt: skip
    return [*series, title]


def point_text(cloud: Cloud, row: int, names: Sequence[str], words: Words) -> str:
    """What the pointer shows of an image."""
    true, predicted = names[cloud.labels[row]], names[cloud.predicted[row]]
    share = percent(cloud.confidence[row])
    return words.point.format(row=row, true=true, predicted=predicted, share=share)


def _point(cloud: Cloud, row: int, names: Sequence[str], words: Words) -> Option:
    x, y = cloud.points[row].tolist()
    return {"value": [short(x), short(y)], "name": point_text(cloud, row, names, words)}


def _mark(cloud: Cloud, marked: int | None, palette: Palette) -> Option:
    """A large ring around the chosen image."""
    there = marked is not None and bool(cloud.visible[marked])
    ink = "#000000" if palette.background == "#ffffff" else "#ffffff"
    return {
        "id": "chosen", "type": "scatter", "silent": True, "z": 5, "symbol": "circle", "symbolSize": 18,
        "itemStyle": {"color": "transparent", "borderColor": ink, "borderWidth": 2.5},
        "data": [[short(coordinate) for coordinate in cloud.points[marked].tolist()]] if there else [],
    }  # fmt: skip


def extents(cloud: Cloud) -> list[tuple[float, float]]:
    """Ends of both axes, a little beyond the outermost points."""
    low, high = cloud.points.min(axis=0), cloud.points.max(axis=0)
    margin = np.maximum(MARGIN * (high - low), 1e-6)
    ends = zip((low - margin).tolist(), (high + margin).tolist(), strict=True)
    return [(short(start), short(end)) for start, end in ends]


def short(value: float) -> float:
    """Five digits: a screen shows no more, and 2,000 points travel at every click."""
    return float(f"{value:.5g}")
