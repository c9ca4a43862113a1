"""Networks side by side, as ECharts options: confusion matrices subtracted, probabilities of one image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnn_core.analysis.evaluation import Integers
from cnn_core.figures import matrices
from cnn_core.figures import palette as colours
from cnn_core.figures.palette import Palette
from cnn_core.figures.words import FigureWords

Option = dict[str, Any]

MOST = 99.94  # percent: a tooltip rounds to a tenth, and no class has all of the probability
NUMBERED = 12  # most classes whose cells have room for a number


@dataclass(frozen=True, slots=True)
class DifferenceWords(FigureWords):
    """The words of both charts; those with `{slots}` are templates for `str.format`.

    Attributes:
        title: Above the difference of two matrices.
        true: Name of the axis of true classes.
        predicted: Name of the other one.
        cell: What the pointer shows; slots {true} {predicted} {first} {second}.
        alt: For screen readers; slots {title} {right} {most}.
        probability: Name and unit of the axis of probabilities.
    """

    SECTION: ClassVar[str] = "matrices"

    title: str
    true: str
    predicted: str
    cell: str
    alt: str
    probability: str


def matrix_difference(
    first: Integers,
    second: Integers,
    names: Sequence[str],
    *,
    words: DifferenceWords,
    palette: Palette,
) -> Option:
    """The second confusion matrix less the first: red where it has more images, blue where fewer.

    Args:
        first: Counts of shape (K, K), a row for each true class.
        second: The same of another network and the same images.
        names: K class names.
        words: What is written.
        palette: Of the theme.
    """
    change = second - first
    reach = max(1, int(np.abs(change).max()))
    cells = [
        {
            "name": words.cell.format(
                true=names[row],
                predicted=names[column],
                first=f"{int(first[row, column]):,}",
                second=f"{int(second[row, column]):,}",
            ),
            "value": [column, row, int(change[row, column])],
            "label": {
                "show": len(names) <= NUMBERED and bool(change[row, column]),
                "formatter": f"{int(change[row, column]):+,d}",
                "color": matrices.ink(float(change[row, column]) / reach, palette),
            },
        }
        for row in range(len(names))
        for column in range(len(names))
    ]
    return {
        **matrices.frame(words.title, names, true=words.true, predicted=words.predicted),
        "visualMap": {
            "show": False, "min": -reach, "max": reach, "dimension": 2,
            "inRange": {"color": colours.stops(palette.diverging, 21)},
        },
        "series": [{"id": "difference", "type": "heatmap", "data": cells, "silent": False}],
        **matrices.in_a_narrow_chart("difference", cells, change.ravel().tolist()),
    }  # fmt: skip


def matrix_difference_alt(
    first: Integers, second: Integers, names: Sequence[str], *, words: DifferenceWords
) -> str:
    """One sentence for screen readers: correct images gained or lost, and the largest change."""
    change = second - first
    row, column = divmod(int(np.abs(change).argmax()), len(names))
    largest = words.cell.format(
        true=names[row],
        predicted=names[column],
        first=f"{int(first[row, column]):,}",
        second=f"{int(second[row, column]):,}",
    )
    right = f"{int(np.trace(change)):+,d}"
    return words.alt.format(title=words.title, right=right, most=largest)


def probability_bars(
    probabilities: Mapping[str, npt.NDArray[np.floating[Any]]],
    names: Sequence[str],
    *,
    words: DifferenceWords,
    palette: Palette,
) -> Option:
    """A group of bars for each class, a bar for each network.

    Args:
        probabilities: By name of the network, an array of shape (K,).
        names: K class names.
        words: What is written.
        palette: Of the theme.
    """
    return {
        "animation": False,
        "legend": {"type": "scroll", "top": 0, "left": 0, "selectedMode": False, "icon": "rect"},
        "grid": {
            "left": 4, "right": 18, "top": 34, "bottom": 26,
            "outerBoundsMode": "same", "outerBoundsContain": "all",
        },
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True,
                    "valueFormatter": "%.1f%%"},
        "xAxis": {"type": "value", "min": 0, "max": 100, "interval": 20, "nameLocation": "middle",
                  "name": words.probability},
        "yAxis": {"type": "category", "data": list(names), "inverse": True,
                  "axisTick": {"show": False}, "axisLabel": {"interval": 0}},
        "series": [
            {
                "id": str(place), "name": name, "type": "bar", "color": palette.classes[place],
                "barGap": "10%", "data": [min(round(float(value) * 100, 2), MOST) for value in values],
                "emphasis": {"disabled": True},
            }
            for place, (name, values) in enumerate(probabilities.items())
        ],
    }  # fmt: skip
