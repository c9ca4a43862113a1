"""Where a network is wrong: its confusion matrix (ECharts) and how far its confidence holds (Plotly)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cnn_core.analysis.evaluation import (
    Calibration,
    Integers,
    row_shares,
    top_confusions,
)
from cnn_core.figures import charts, matrices
from cnn_core.figures import palette as colours
from cnn_core.figures.legend import percent
from cnn_core.figures.palette import Palette
from cnn_core.figures.words import FigureWords

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Option = dict[str, Any]

NUMBERED = 12  # most classes whose cells have room for a number
SHORT = 3  # letters up to which a class name needs no slanting
NOTHING = "rgba(128, 128, 128, 0.13)"  # a pair of classes that was never confused
SCALE_STEPS = 21


@dataclass(frozen=True, slots=True)
class ConfusionWords(FigureWords):
    """The words of a confusion matrix.

    Attributes:
        title: Above the chart.
        true: Name of the axis of true classes.
        predicted: Name of the other one.
        cell: What the pointer shows; slots {true} {predicted} {count} {share}.
        alt: For screen readers; slots {title} {classes} {right} {images} {worst}.
        worst: A frequent mistake in it; slots {true} {predicted} {count}.
    """

    SECTION: ClassVar[str] = "confusion"

    title: str
    true: str
    predicted: str
    cell: str
    alt: str
    worst: str


@dataclass(frozen=True, slots=True)
class CalibrationWords(FigureWords):
    """The words of a calibration curve.

    Attributes:
        title: Above the chart.
        confidence: Name and unit of the axis of confidence.
        accuracy: Name and unit of the axis of accuracy.
        images: Name of the axis that counts images.
        ideal: Legend of the diagonal.
        curve: Legend of the curve.
        point: What the pointer shows; slots {confidence} {accuracy} {count}.
        alt: For screen readers; slots {title} {points} {error}.
    """

    SECTION: ClassVar[str] = "calibration"

    title: str
    confidence: str
    accuracy: str
    images: str
    ideal: str
    curve: str
    point: str
    alt: str


def confusion_heatmap(
    matrix: Integers,
    names: Sequence[str],
    *,
    as_percent: bool,
    marked: tuple[int, int] | None,
    words: ConfusionWords,
    palette: Palette,
    small: bool = False,
) -> Option:
    """A cell for each pair of classes; cell number `row * K + column` of the series can be selected.

    The colour is the square root of a cell's share of its row, so that rare mistakes are seen too.

    Args:
        matrix: Counts of shape (K, K), a row for each true class.
        names: K class names.
        as_percent: Write the share of the row in percent into the cells, not the count.
        marked: Row and column of the cell to frame.
        words: What is written.
        palette: Of the theme.
        small: The chart takes a third of a page: class names of columns are upright, there is no legend of
            the colours, and the page itself writes the title and what rows and columns are.
    """
    cells = _cells(matrix, names, as_percent, words)
    if marked is not None:
        cell = cells[marked[0] * len(names) + marked[1]]
        cell["itemStyle"] |= {"borderColor": palette.validation, "borderWidth": 3}
        cell["select"] = {"itemStyle": dict(cell["itemStyle"])}
    slant = 0 if max(map(len, names), default=0) <= SHORT else 90 if small else 45
    across, down = ("", "") if small else (words.predicted, words.true)
    return {
        "animation": False,
        "title": {"text": words.title, "left": 0, "top": 0, "show": not small},
        "grid": {**_GRID, "top": 8 if small else 44, "bottom": 4, "right": 4},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "visualMap": {**_SCALE, "show": not small},
        "xAxis": {
            **_classes(names, across),
            "axisLabel": {"interval": 0, "rotate": slant},
        },
        "yAxis": {**_classes(names, down), "inverse": True, "axisLabel": {"interval": 0}},
        "series": [
            {
                "id": "confusion",
                "type": "heatmap",
                "data": cells,
                "cursor": "pointer",
                "selectedMode": "single",
                "emphasis": {"itemStyle": {"borderColor": palette.mark, "borderWidth": 2}},
                "select": {"itemStyle": dict(_PLAIN)},  # the frame says which cell is chosen
            }
        ],
        **matrices.in_a_narrow_chart("confusion", cells, matrix.ravel().tolist()),
    }


def confusion_alt(matrix: Integers, names: Sequence[str], *, words: ConfusionWords) -> str:
    """One sentence for screen readers on what the matrix shows."""
    worst = "; ".join(
        words.worst.format(true=names[row], predicted=names[column], count=f"{count:,}")
        for row, column, count in top_confusions(matrix)
    )
    return words.alt.format(
        title=words.title,
        classes=len(names),
        right=f"{int(np.trace(matrix)):,}",
        images=f"{int(matrix.sum()):,}",
        worst=worst or "-",
    )


def calibration_chart(
    calibration: Calibration, *, colour: str, words: CalibrationWords, palette: Palette
) -> Figure:
    """Accuracy over confidence with the diagonal of an honest network, and below it the images a bin.

    Args:
        found: What was measured.
        colour: Of the part of the data.
        words: What is written.
        palette: Of the theme.
    """
    from plotly.graph_objects import Figure

    filled = _filled(calibration)
    pairs = _pairs(calibration)
    ideal: Option = {
        "type": "scatter", "mode": "lines", "name": words.ideal, "x": [0, 100], "y": [0, 100],
        "line": {"color": palette.mark, "dash": "dash", "width": 1.5}, "hoverinfo": "skip",
    }  # fmt: skip
    curve: Option = {
        "type": "scatter", "mode": "lines+markers", "name": words.curve,
        "x": [_percent(sure) for sure, _, _ in filled],
        "y": [_percent(right) for _, right, _ in filled],
        "hovertext": [_point(*point, words) for point in filled], "hoverinfo": "text",
        "line": {"color": colour, "width": 2.5}, "marker": {"color": colour, "size": 9}, "cliponaxis": False,
    }  # fmt: skip
    counts: Option = {
        "type": "bar", "name": words.images, "yaxis": "y2", "showlegend": False,
        "x": [_percent((low + high) / 2) for low, high in pairs],
        "width": [_percent(0.88 * (high - low)) for low, high in pairs],
        "y": calibration.counts.tolist(), "marker": {"color": colour},
        "hovertext": _count_words(calibration, words), "hoverinfo": "text", "textposition": "none",
    }  # fmt: skip
    percent = {"range": [0, 100], "tickvals": list(range(0, 101, 20)), "showgrid": True}
    layout = charts.layout(words.title, palette)
    layout["legend"] |= {"x": 0, "y": 1.02, "yanchor": "bottom"}
    layout["margin"]["t"] = 84  # two lines of legend on a phone
    layout["hovermode"] = "closest"
    layout["xaxis"] = charts.axis(words.confidence, palette, **percent, anchor="y2")
    layout["yaxis"] = charts.axis(words.accuracy, palette, **percent, domain=[0.36, 1])
    layout["yaxis2"] = charts.axis(
        words.images, palette, domain=[0, 0.26], nticks=4, rangemode="tozero", tickformat=","
    )
    return Figure(data=[ideal, curve, counts], layout=layout)


def calibration_alt(calibration: Calibration, *, words: CalibrationWords) -> str:
    """One sentence for screen readers: every point of the curve, and the error."""
    points = "; ".join(
        _point(sure, right, count, words) for sure, right, count in _filled(calibration)
    )
    return words.alt.format(title=words.title, points=points, error=f"{calibration.error:.1%}")


_INKS = [colours.ink(colour) for colour in colours.stops("sequential", 101)]
_PLAIN = {"borderColor": "rgba(128, 128, 128, 0.25)", "borderWidth": 1}
_SCALE = {
    "type": "continuous",
    "min": 0,
    "max": 1,
    "dimension": 2,
    "orient": "horizontal",
    "top": 2,
    "right": 0,
    "itemWidth": 10,
    "itemHeight": 80,
    "text": ["100%", "0%"],
    "hoverLink": False,
    "inRange": {"color": colours.stops("sequential", SCALE_STEPS)},
}
_GRID = {"left": 4, "outerBoundsMode": "same", "outerBoundsContain": "all"}


def _classes(names: Sequence[str], title: str) -> Option:
    return {
        "type": "category",
        "data": list(names),
        "name": title,
        "nameLocation": "middle",
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "splitLine": {"show": False},
    }


def _cells(
    matrix: Integers, names: Sequence[str], as_percent: bool, words: ConfusionWords
) -> list[Option]:
    """All cells, row by row; numbers stand in them as long as there are not too many."""
    share = row_shares(matrix)
    cells = [
        _cell(row, column, int(matrix[row, column]), float(share[row, column]), names, words)
        for row in range(len(matrix))
        for column in range(len(matrix))
    ]
    if len(names) <= NUMBERED:
        for cell, count, part in zip(cells, matrix.ravel(), share.ravel(), strict=True):
            cell["label"] |= {"formatter": _number(int(count), float(part), as_percent)}
    return cells


def _cell(
    row: int, column: int, count: int, share: float, names: Sequence[str], words: ConfusionWords
) -> Option:
    text = words.cell.format(
        true=names[row], predicted=names[column], count=f"{count:,}", share=f"{share:.1%}"
    )
    depth = math.sqrt(share)
    cell: Option = {
        "name": text,
        "value": [column, row, round(depth, 4)],
        "itemStyle": dict(_PLAIN),
        "label": {"show": True, "color": _INKS[round(depth * (len(_INKS) - 1))]},
    }
    if count == 0:
        cell |= {"visualMap": False, "label": {"show": False}}
        cell["itemStyle"] |= {"color": NOTHING}
    return cell


def _number(count: int, share: float, as_percent: bool) -> str:
    """What stands in a cell: four signs or so, since a phone has room for no more."""
    if not as_percent:
        return f"{count:,}"
    percent = share * 100
    return f"{percent:.0f}" if percent >= 9.95 else f"{percent:.1f}"


def _filled(calibration: Calibration) -> list[tuple[float, float, int]]:
    """Mean confidence, accuracy and images of each bin that is not empty."""
    rows = zip(calibration.confidence, calibration.accuracy, calibration.counts, strict=True)
    return [(float(sure), float(right), int(count)) for sure, right, count in rows if count]


def _pairs(calibration: Calibration) -> list[tuple[float, float]]:
    return [
        (float(low), float(high))
        for low, high in zip(calibration.edges, calibration.edges[1:], strict=False)
    ]


def _count_words(calibration: Calibration, words: CalibrationWords) -> list[str]:
    rows = zip(calibration.confidence, calibration.accuracy, calibration.counts, strict=True)
    return [_point(float(sure), float(right), int(count), words) for sure, right, count in rows]


def _point(sure: float, right: float, count: int, words: CalibrationWords) -> str:
    confidence = "-" if math.isnan(sure) else percent(sure)
    accuracy = "-" if math.isnan(right) else f"{right:.1%}"
    return words.point.format(confidence=confidence, accuracy=accuracy, count=f"{count:,}")


def _percent(share: float) -> float:
    return round(share * 100, 3)
