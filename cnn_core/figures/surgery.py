"""Effects of a surgery: probabilities, changes of the confusion matrix, filters ranked by importance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from cnn_core.analysis.evaluation import Integers
from cnn_core.figures import charts, matrices
from cnn_core.figures import palette as colours
from cnn_core.figures.legend import percent
from cnn_core.figures.palette import Palette
from cnn_core.figures.words import FigureWords
from cnn_core.markup import fill

Array = npt.NDArray[Any]
Option = dict[str, Any]

NUMBERED = 12  # classes up to which a cell has room for a number
SCALE_STEPS = 21  # colours that ECharts interpolates between; odd, so that zero has its own
_FRAME = {"borderColor": "rgba(128, 128, 128, 0.25)", "borderWidth": 1}


@dataclass(frozen=True, slots=True)
class Words(FigureWords):
    """The texts of these charts; those with slots are templates for `str.format`.

    Attributes:
        difference: Title of the matrix of differences.
        true: Name of its axis of true classes.
        predicted: Name of the other one.
        cell: Tooltip of a cell; slots {true} {predicted} {change}.
        difference_alt: For screen readers; slots {title} {more} {less}.
        kernel_alt: Of one kernel; slots {row} {column} {value}.
        weight: Tooltip of a weight; slots {row} {column} {value}.
        ranking: Title of the ranking; slot {layer}.
        filter: Name of the axis of filters.
        change: Name and unit of the axis of accuracy.
        bar: Tooltip of a filter; slots {filter} {change} {chance} {accuracy}.
        ranking_alt: For screen readers; slots {title} {first}.
    """

    SECTION: ClassVar[str] = "surgery_chart"

    difference: str
    true: str
    predicted: str
    cell: str
    difference_alt: str
    kernel_alt: str
    weight: str
    ranking: str
    filter: str
    change: str
    bar: str
    ranking_alt: str


def signed(value: float, digits: int = 0) -> str:
    """ "+3", "−3" with a real minus sign, "0"."""
    text = f"{value:+,.{digits}f}"
    return f"{0:.{digits}f}" if round(value, digits) == 0 else text.replace("-", "−")


def shares_html(before: Array, after: Array, names: Sequence[str], alt: str) -> Markup:
    """Two bars and two numbers for each class, before in grey; the most probable one after in bold."""
    best = int(after.argmax())
    rows = [
        (index == best, name, f"{was:.1%}", f"{now:.1%}", percent(was), percent(now))
        for index, (name, was, now) in enumerate(
            zip(names, before.tolist(), after.tolist(), strict=True)
        )
    ]
    return fill(
        '<span class="two-shares" role="img" aria-label="{{ alt }}">'
        "{% for top, name, width_before, width, before, after in rows %}"
        '<span class="row{{ " top" if top else "" }}"><span class="name">{{ name }}</span>'
        '<span class="two"><i class="was" style="width:{{ width_before }}"></i>'
        '<i class="is" style="width:{{ width }}"></i></span>'
        '<span class="share was">{{ before }}</span>'
        '<span class="share">{{ after }}</span></span>{% endfor %}</span>',
        alt=alt,
        rows=rows,
    )


def difference_heatmap(
    before: Integers, after: Integers, names: Sequence[str], *, words: Words, palette: Palette
) -> Option:
    """A cell for each pair of classes: how many images more (red) or fewer (blue) it holds now.

    Args:
        before: Confusion matrix (K, K), a row for each true class.
        after: The same of the same images after the surgery.
        names: K class names.
        words: Texts of the chart.
        palette: Of the theme.
    """
    change = after - before
    reach = max(1, int(np.abs(change).max(initial=0)))
    cells = [
        _changed(row, column, int(change[row, column]), reach, names, words, palette)
        for row in range(len(change))
        for column in range(len(change))
    ]
    return {
        **matrices.frame(words.difference, names, true=words.true, predicted=words.predicted),
        "visualMap": {
            "type": "continuous", "min": -reach, "max": reach, "dimension": 2,
            "orient": "horizontal", "top": 2, "right": 0, "itemWidth": 10, "itemHeight": 80,
            "text": [signed(reach), signed(-reach)], "hoverLink": False,
            "inRange": {"color": colours.stops(palette.diverging, SCALE_STEPS)},
        },
        "series": [{"id": "difference", "type": "heatmap", "data": cells}],
        **matrices.in_a_narrow_chart("difference", cells, change.ravel().tolist()),
    }  # fmt: skip


def difference_alt(before: Integers, after: Integers, names: Sequence[str], *, words: Words) -> str:
    """One sentence for screen readers: the cells that gained and lost most."""
    change = (after - before).ravel()

    def cell_text(place: int) -> str:
        row, column = divmod(place, len(names))
        return words.cell.format(
            true=names[row], predicted=names[column], change=signed(int(change[place]))
        )

    more, less = int(change.argmax()), int(change.argmin())
    return words.difference_alt.format(
        title=words.difference,
        more=cell_text(more) if change[more] > 0 else "–",
        less=cell_text(less) if change[less] < 0 else "–",
    )


def kernel_heatmap(
    kernel: Array, trained: Array, reach: float, selected: tuple[int, int] | None, *,
    words: Words, palette: Palette,
) -> Option:  # fmt: skip
    """One kernel as squares with their values; cell number `row * kw + column` can be selected.

    Args:
        kernel: The weights (kh, kw) as they are now; those that differ from `trained` are marked.
        trained: As they were trained.
        reach: Absolute weight of the last colour.
        selected: Row and column of the square to frame.
        words: Texts of the chart.
        palette: Colours of the theme.
    """
    rows, columns = kernel.shape
    cells = []
    for row in range(rows):
        for column in range(columns):
            value = float(kernel[row, column])
            edited = kernel[row, column] != trained[row, column]
            cells.append(
                {
                    "name": words.weight.format(row=row, column=column, value=_plain(value)),
                    "value": [column, row, value],
                    "itemStyle": dict(_FRAME),
                    "label": {
                        "show": True, "color": matrices.ink(value / reach, palette),
                        "fontSize": charts.TEXT_PX,
                        "fontWeight": "bold" if edited else "normal",
                        "formatter": f"{_plain(value)}{' *' if edited else ''}",
                    },
                }
            )  # fmt: skip
    if selected is not None:
        cell = cells[selected[0] * columns + selected[1]]
        cell["itemStyle"] = {"borderColor": palette.validation, "borderWidth": 4}
        cell["select"] = {"itemStyle": dict(cell["itemStyle"])}
    bare = {"type": "category", "axisTick": {"show": False}, "axisLine": {"show": False}}
    return {
        "animation": False,
        "grid": {"left": 20, "right": 4, "top": 20, "bottom": 4},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "visualMap": {
            "type": "continuous", "show": False, "dimension": 2, "min": -reach, "max": reach,
            "inRange": {"color": colours.stops(palette.diverging, SCALE_STEPS)},
        },
        "xAxis": {**bare, "data": [str(place) for place in range(columns)], "position": "top"},
        "yAxis": {**bare, "data": [str(place) for place in range(rows)], "inverse": True},
        "series": [
            {
                "id": "kernel", "type": "heatmap", "data": cells, "cursor": "pointer",
                "selectedMode": "single", "select": {"itemStyle": dict(_FRAME)},
                "emphasis": {"itemStyle": {"borderColor": palette.mark, "borderWidth": 2}},
            }
        ],
    }  # fmt: skip


def kernel_alt(kernel: Array, *, words: Words) -> str:
    """The weights of a kernel for screen readers."""
    return "; ".join(
        words.kernel_alt.format(row=row, column=column, value=_plain(float(value)))
        for (row, column), value in np.ndenumerate(kernel)
    )


@dataclass(frozen=True, slots=True)
class Ranking:
    """Changes of the predictions when one filter at a time is switched off.

    Attributes:
        lost: For each filter, images that are correct only with it.
        gained: For each filter, images that are correct only without it.
        correct: Images that are correct with all filters.
        images: Images evaluated.
    """

    lost: Sequence[int]
    gained: Sequence[int]
    correct: int
    images: int

    def change(self, place: int) -> float:
        """Change of the accuracy without that filter, in percentage points."""
        return 100 * (self.gained[place] - self.lost[place]) / self.images

    def chance(self, place: int) -> float:
        """Two standard errors of a change by chance alone, in percentage points (McNemar)."""
        return 100 * 2 * math.sqrt(self.lost[place] + self.gained[place]) / self.images

    def accuracy(self, place: int) -> float:
        """Accuracy without that filter, from 0 to 1."""
        return (self.correct + self.gained[place] - self.lost[place]) / self.images

    @property
    def order(self) -> list[int]:
        """Filters by how much is lost without them, most first; of equals the first one first."""
        return sorted(range(len(self.lost)), key=self.change)


def ranking_bars(ranking: Ranking, *, layer: str, words: Words, palette: Palette) -> Option:
    """How the accuracy changes without each filter, as bars by size; bar number n can be selected.

    A grey band around zero shows how far a change could reach by chance.

    Args:
        ranking: Counts for each filter.
        layer: Name of the layer.
        words: Texts of the chart.
        palette: Colours of the theme.
    """
    tones = {-1: palette.problem, 0: palette.mark, 1: palette.test}
    bars = [
        {
            "value": round(ranking.change(place), 4),
            "name": _bar_text(ranking, place, words),
            "itemStyle": {"color": tones[int(np.sign(ranking.change(place)))]},
        }
        for place in ranking.order
    ]
    axis: Option = {"type": "category", "data": [str(place) for place in ranking.order]}
    return {
        "animation": False,
        "title": {"text": words.ranking.format(layer=layer), "left": 0, "top": 0},
        "grid": {
            "left": 4, "right": 8, "top": 44, "bottom": 4,
            "outerBoundsMode": "same", "outerBoundsContain": "all",
        },
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "xAxis": [
            {
                **axis, "name": words.filter, "nameLocation": "middle", "axisTick": {"show": False},
                "axisLabel": {"hideOverlap": True},
            },
            {**axis, "show": False},
        ],
        "yAxis": {"type": "value", "name": words.change, "nameLocation": "middle"},
        "series": [
            {
                "id": "ranking", "type": "bar", "data": bars, "cursor": "pointer", "barMinHeight": 3,
                "selectedMode": "single", "barWidth": "60%", "z": 3,
                "select": {"itemStyle": {"borderColor": palette.mark, "borderWidth": 1}},
            },
            *_chance_band([ranking.chance(place) for place in ranking.order]),
        ],
    }  # fmt: skip


def _chance_band(reach: Sequence[float]) -> list[Option]:
    """Wide grey bars from minus to plus `reach`, on an axis of their own, below the others."""
    bare: Option = {
        "type": "bar", "xAxisIndex": 1, "stack": "chance", "silent": True, "barWidth": "96%", "z": 1,
        "itemStyle": {"color": "#808080", "opacity": 0.25},
    }  # fmt: skip
    return [
        {**bare, "id": "chance_below", "data": [round(-value, 4) for value in reach]},
        {**bare, "id": "chance_above", "data": [round(value, 4) for value in reach]},
    ]


def ranking_alt(ranking: Ranking, *, layer: str, words: Words) -> str:
    """One sentence for screen readers: the three filters without which most is lost."""
    first = "; ".join(_bar_text(ranking, place, words) for place in ranking.order[:3])
    return words.ranking_alt.format(title=words.ranking.format(layer=layer), first=first)


def _bar_text(ranking: Ranking, place: int, words: Words) -> str:
    return words.bar.format(
        filter=place,
        change=signed(ranking.change(place), 1),
        chance=f"{ranking.chance(place):.1f}",
        accuracy=f"{ranking.accuracy(place):.1%}",
    )


def _changed(
    row: int,
    column: int,
    change: int,
    reach: int,
    names: Sequence[str],
    words: Words,
    palette: Palette,
) -> Option:
    text = words.cell.format(true=names[row], predicted=names[column], change=signed(change))
    cell: Option = {
        "name": text,
        "value": [column, row, change],
        "itemStyle": dict(_FRAME),
        "label": {
            "show": change != 0 and len(names) <= NUMBERED,
            "color": matrices.ink(change / reach, palette),
            "formatter": signed(change),
        },
    }
    if change == 0:
        cell |= {"visualMap": False}
        cell["itemStyle"] |= {"color": "rgba(128, 128, 128, 0.13)"}
    return cell


def _plain(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
