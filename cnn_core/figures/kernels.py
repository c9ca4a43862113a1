"""Kernels as one picture, and their weights as a histogram: both on scales that stay while epochs pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from cnn_core.figures import charts
from cnn_core.figures.charts import ControlWords
from cnn_core.figures.legend import number
from cnn_core.figures.mosaic import mosaic_png
from cnn_core.figures.palette import SCALES, STEPS, Diverging, Palette, ink
from cnn_core.figures.words import FigureWords
from cnn_core.markup import fill

Array = npt.NDArray[Any]
Option = dict[str, Any]

CELL = (
    30  # least side of a kernel in the picture, in pixels; the page scales it, squares stay squares
)
BINS = 40


@dataclass(frozen=True, slots=True)
class HistogramWords(FigureWords):
    """The words of the histogram.

    Attributes:
        title: Above it; slot {layer}.
        x_axis: Name of the axis of weights.
        y_axis: Name and unit of the other one.
        before: Legend of the untrained weights.
        after: Legend of the trained ones; slot {epoch}.
        limit: At the two lines that no untrained weight lies beyond.
        alt: For screen readers; slots {title} {epoch} {before} {after}, two standard deviations.
    """

    SECTION: ClassVar[str] = "histogram"

    title: str
    x_axis: str
    y_axis: str
    before: str
    after: str
    limit: str
    alt: str


@dataclass(frozen=True, slots=True)
class Extent:
    """The scales that hold for all epochs of a layer.

    Attributes:
        reach: End of the axis: the largest distance of a weight from 0, up to the next label.
        step: Distance of its labels.
        most: Top of the axis: the fullest bin of any epoch, in percent, up to the next multiple of 5.
    """

    reach: float
    step: float
    most: float

    @classmethod
    def of(cls, kernels: Callable[[], Iterable[Array]]) -> Extent:
        """Of the kernels of several epochs, of any shape.

        Args:
            kernels: Gives them one after another, and is called twice: all of them together may be
                more than fits in memory.
        """
        reach, step = _axis(max(map(largest, kernels()), default=0.0) or 1.0)
        most = max(
            (float(_percentages(weights, reach).max()) for weights in kernels()), default=0.0
        )
        return cls(reach, step, 5.0 * max(1, math.ceil(most / 5)))


def largest(weights: Array) -> float:
    """The largest distance of a finite weight from 0."""
    return float(np.abs(weights[np.isfinite(weights)]).max(initial=0.0))


def typical(weights: Array) -> float:
    """The distance from 0 that 99 % of the finite weights do not exceed: one outlier sets no scale."""
    finite = np.abs(weights[np.isfinite(weights)])
    return float(np.percentile(finite, 99)) if finite.size else 0.0


def each_by_its_own(pictures: Array) -> Array:
    """Kernels (n, kh, kw) divided each by its own largest weight, -1 to 1; one of zeros stays."""
    most = np.array([largest(picture) or 1.0 for picture in pictures])
    scaled: Array = pictures / most[:, np.newaxis, np.newaxis]
    return scaled


def kernel_mosaic(
    pictures: Array, reach: float, columns: int | None = None, scale: Diverging = "diverging"
) -> bytes:
    """Kernels side by side as a PNG: blue below zero, red above, the same colours for all epochs.

    Args:
        pictures: Array of shape (n, kh, kw).
        reach: The weight that has the last colour; see `Extent`.
        columns: Kernels in a row; None makes the picture about as wide as high.
        scale: Of the theme; see `Palette`.
    """
    zoom, gap = measures(pictures.shape)
    return mosaic_png(pictures, columns=columns, scale=scale, high=reach, zoom=zoom, gap=gap)


def measures(shape: tuple[int, ...]) -> tuple[int, int]:
    """Pixels a number and pixels between two kernels in `kernel_mosaic`, for (n, kh, kw)."""
    return math.ceil(CELL / max(shape[1:])), CELL // 8


def weight_histogram(
    before: Array,
    after: Array,
    *,
    layer: str,
    epoch: int,
    extent: Extent,
    limit: float,
    words: HistogramWords,
    controls: ControlWords,
    palette: Palette,
) -> Option:
    """The weights of an epoch over the untrained ones, as an ECharts option.

    ECharts, since it follows the slider in place: Plotly would be built again at every epoch, which takes
    three times as long. Series, axes and bins are the same for all epochs, so with a fixed `key` it
    changes in place.

    Args:
        before: Untrained kernels, of any shape.
        after: The same kernels after `epoch`.
        layer: Name of the layer.
        epoch: 0 is the untrained network itself.
        extent: The scales, from all epochs.
        limit: No untrained weight lies further from 0.
        words: What is written.
        controls: What the buttons are called.
        palette: Of the theme.
    """
    reach, step = extent.reach, extent.step
    after_name = words.after.format(epoch=epoch)
    return {
        "animation": False,
        "title": {"text": words.title.format(layer=layer), "left": 0, "top": 0},
        "toolbox": charts.toolbox(f"weights-{layer}", controls, palette),
        "legend": {"bottom": 0, "left": "center", "icon": "rect", "selectedMode": False},
        "grid": {
            "left": 4, "right": 12, "top": 52, "bottom": 34,
            "outerBoundsMode": "same", "outerBoundsContain": "all",
        },
        "tooltip": {"trigger": "axis", "confine": True, "transitionDuration": 0},
        "xAxis": {
            "type": "value", "name": words.x_axis, "nameLocation": "middle", "min": -reach,
            "max": reach, "interval": step, "splitLine": {"show": False},
            "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {
            "type": "value", "name": words.y_axis, "nameLocation": "middle", "min": 0,
            "max": extent.most,
        },
        "series": [
            {
                **_outline("before", words.before, before, reach, palette.mark),
                "markLine": _limits(limit, words, palette),
            },
            _outline("after", after_name, after, reach, palette.training),
        ],
    }  # fmt: skip


def histogram_alt(
    before: Array, after: Array, *, layer: str, epoch: int, words: HistogramWords
) -> str:
    """One sentence for screen readers on what the histogram shows."""
    return words.alt.format(
        title=words.title.format(layer=layer),
        epoch=epoch,
        before=number(float(before.std())),
        after=number(float(after.std())),
    )


def _percentages(weights: Array, reach: float) -> Array:
    """Percent of the weights in each bin from -reach to reach."""
    counts, _ = np.histogram(weights[np.isfinite(weights)], bins=BINS, range=(-reach, reach))
    return 100 * counts / max(1, weights.size)


def _outline(name: str, legend: str, weights: Array, reach: float, colour: str) -> Option:
    """A histogram as a filled line: the share of each bin from its left edge to its right one."""
    edges = np.linspace(-reach, reach, BINS + 1).tolist()
    percentages = [*_percentages(weights, reach).tolist(), 0.0]
    return {
        "id": name,
        "name": legend,
        "type": "line",
        "step": "end",
        "symbol": "none",
        "data": [[round(x, 6), round(y, 3)] for x, y in zip(edges, percentages, strict=True)],
        "color": colour,
        "lineStyle": {"width": 1.5},
        "areaStyle": {"opacity": 0.35},
        "emphasis": {"disabled": True},
    }


def _limits(limit: float, words: HistogramWords, palette: Palette) -> Option:
    """Two upright lines; the right one says what they are."""
    label = {"formatter": words.limit, "position": "end", "color": palette.quiet}
    return {
        "silent": True,
        "animation": False,
        "symbol": "none",
        "lineStyle": {"color": palette.mark, "type": "dashed", "width": 1},
        "data": [{"xAxis": -limit, "label": {"show": False}}, {"xAxis": limit, "label": label}],
    }


def _axis(reach: float) -> tuple[float, float]:
    """End of an axis from -end to end, and the distance of its labels: at most five a side."""
    power = 10.0 ** math.floor(math.log10(reach / 5))
    step = next(n * power for n in (1, 2, 5, 10) if reach <= 5 * n * power * (1 + 1e-9))
    return float(f"{step * math.ceil(reach / step - 1e-6):.6g}"), float(f"{step:.6g}")


def kernel_grid(picture: Array, reach: float, alt: str, scale: Diverging = "diverging") -> Markup:
    """One kernel (kh, kw) as coloured squares with their numbers, as HTML.

    Args:
        picture: The weights.
        reach: The weight that has the last colour.
        alt: What it shows, in words.
        scale: Of the theme.
    """
    side = picture.shape[1]
    return fill(
        '<div class="kernel-grid" role="img" aria-label="{{ alt }}"'
        ' style="grid-template-columns:repeat({{ side }},1fr);--side:{{ side }}">'
        "{% for colour, ink, text in cells %}"
        '<span style="background:rgb({{ colour }});color:{{ ink }}">{{ text }}</span>'
        "{% endfor %}</div>",
        alt=alt,
        side=side,
        cells=[_cell(float(value), reach, scale) for value in picture.ravel()],
    )


def _cell(value: float, reach: float, scale: Diverging) -> tuple[str, str, str]:
    """Colour, colour of the text and text of a weight."""
    place = 0.5 + 0.5 * min(1.0, max(-1.0, value / reach if reach else 0.0))
    red, green, blue = SCALES[scale][round(place * (STEPS - 1))].tolist()
    shade = f"#{red:02x}{green:02x}{blue:02x}"
    return f"{red},{green},{blue}", ink(shade), f"{value:z.2f}".replace("-", "−")
