"""A training step in charts: loss over the learning rate, gradient in each layer, steps so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnn_core.figures import matrices
from cnn_core.figures.palette import Palette
from cnn_core.figures.ranges import tidy
from cnn_core.figures.words import FigureWords
from cnn_core.progress.losses import SUPERSCRIPT

Option = dict[str, Any]
Array = npt.NDArray[Any]

TOP = 2.0
"""Times the loss before the step: the chart ends there, and what is higher leaves it."""

PRECISION = 15
"""Digits after the point of the places of lines: ECharts would round them to two."""

FLOOR = 1e-12
"""Smaller gradients are drawn as this one: a log axis has no 0."""


EXPLODED = 10.0
"""Times the first loss: steps that end higher than this are drawn on a log axis."""

POWERS = (-4, 6)
"""Numbers below ten to the first and from ten to the second on are written as powers of ten."""


def digits(value: float, count: int = 3) -> str:
    """A number with that many significant digits: "0.412", "1,320", "−5.8 × 10⁻⁵"; "–" for no number."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{count - 1}e}".partition("e")
    power = int(exponent)
    if not POWERS[0] <= power < POWERS[1]:
        sign = "⁻" if power < 0 else ""
        return f"{mantissa} × 10{sign}{str(abs(power)).translate(SUPERSCRIPT)}".replace("-", "−")
    return f"{value:,.{max(0, count - 1 - power)}f}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class SliceWords(FigureWords):
    """The words of the slice; those with `{slots}` are templates for `str.format`.

    Attributes:
        title: Above the chart; slot {optimizer}.
        rate: Name of the axis of learning rates.
        loss: Name of the axis of the loss.
        step: Of the line of the optimizer's step; slot {optimizer}.
        gradient: Of the line along the gradient.
        before: Of the horizontal line.
        overshoot: Of the vertical line; slot {rate}.
        point: What the pointer shows; slots {name} {rate} {loss}.
        here: Of the marked point; slots {rate} {loss}.
        alt: For screen readers; slots {title} {before} {best} {lowest} {rate} {loss}.
        alt_overshoot: The same goes on; slot {rate}.
    """

    SECTION: ClassVar[str] = "step_slice"

    title: str
    rate: str
    loss: str
    step: str
    gradient: str
    before: str
    overshoot: str
    point: str
    here: str
    alt: str
    alt_overshoot: str


@dataclass(frozen=True, slots=True)
class LayerWords(FigureWords):
    """The words of the chart of the layers.

    Attributes:
        title: Above the chart.
        size: Name of the axis.
        output: Of the gradient for a layer's outputs.
        weights: Of the gradient for its weights.
        point: What the pointer shows; slots {layer} {name} {size}.
        alt: For screen readers; slots {title} {first} {first_size} {last} {last_size}.
    """

    SECTION: ClassVar[str] = "step_layers"

    title: str
    size: str
    output: str
    weights: str
    point: str
    alt: str


@dataclass(frozen=True, slots=True)
class HistoryWords(FigureWords):
    """The words of the chart of the steps.

    Attributes:
        title: Above the chart.
        steps: Name of the axis of steps.
        loss: Name of the axis of the loss.
        loss_log: The same of a log axis.
        point: What the pointer shows; slots {step} {loss}.
        alt: For screen readers; slots {title} {first} {last} {steps}.
    """

    SECTION: ClassVar[str] = "step_history"

    title: str
    steps: str
    loss: str
    loss_log: str
    point: str
    alt: str


@dataclass(frozen=True, slots=True)
class Slice:
    """What is drawn of a step.

    Attributes:
        rates: Learning rates (R,), ascending.
        after: Loss after the optimizer's step with each (R,).
        along_gradient: Loss along the gradient (R,).
        before: Loss before the step.
        place: Which of the rates is chosen.
        overshoot: Learning rate from which on the step raises the loss, if there is one.
        optimizer: What the optimizer is called.
    """

    rates: Array
    after: Array
    along_gradient: Array
    before: float
    place: int
    overshoot: float | None
    optimizer: str

    @property
    def best(self) -> int:
        """Place of the lowest loss after the step."""
        return int(np.argmin(np.where(np.isfinite(self.after), self.after, np.inf)))

    @property
    def plain(self) -> bool:
        """Whether the optimizer's step goes along the gradient itself."""
        return bool(np.allclose(self.after, self.along_gradient, rtol=1e-9, equal_nan=True))


def slice_chart(slice_: Slice, *, words: SliceWords, palette: Palette) -> Option:
    """Loss after the step over the learning rate on a log axis; the chosen rate is marked."""
    top = float(f"{TOP * slice_.before:.2g}") or 1.0
    lines = [_line(slice_.after, slice_, words.step, palette.training, "solid", words)]
    if not slice_.plain:
        lines.append(
            _line(slice_.along_gradient, slice_, words.gradient, palette.mark, "dashed", words)
        )
    return {
        "animation": False,
        "title": {"text": words.title.format(optimizer=slice_.optimizer), "left": 0, "top": 0},
        "legend": {"top": 28, "left": 0, "selectedMode": False, "itemGap": 16},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": {"left": 74, "right": 20, "top": 62, "bottom": 48, "outerBoundsMode": "none"},
        "xAxis": {
            "type": "log", "name": words.rate, "nameLocation": "middle", "nameGap": 26,
            "min": float(slice_.rates[0]), "max": float(slice_.rates[-1]),
            "splitLine": {"show": False}, "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {
            "type": "value", "name": words.loss, "nameLocation": "middle", "nameGap": 52,
            "min": 0, "max": top, "axisLabel": {"hideOverlap": True, "showMaxLabel": False},
        },
        "series": [*lines, _here(slice_, top, words, palette)],
    }  # fmt: skip


def slice_alt(slice_: Slice, *, words: SliceWords) -> str:
    """What the slice shows, for screen readers."""
    text = words.alt.format(
        title=words.title.format(optimizer=slice_.optimizer),
        before=digits(slice_.before),
        best=f"{slice_.rates[slice_.best]:.2g}",
        lowest=digits(slice_.after[slice_.best]),
        rate=f"{slice_.rates[slice_.place]:g}",
        loss=digits(slice_.after[slice_.place]),
    )
    if slice_.overshoot is not None:
        text += " " + words.alt_overshoot.format(rate=f"{slice_.overshoot:.2g}")
    return text


def layers_chart(
    names: Sequence[str],
    outputs: Sequence[float],
    weights: Sequence[float | None],
    *,
    words: LayerWords,
    palette: Palette,
) -> Option:
    """Size of the gradient in each layer on a log axis, in the order of the way back, from the top."""
    sizes = [size for size in (*outputs, *weights) if size]
    low = 10.0 ** math.floor(math.log10(max(FLOOR, min(sizes, default=0.1))) - 0.3)
    return {
        "animation": False,
        "title": {"text": words.title, "left": 0, "top": 0},
        "legend": {"top": 28, "left": 0, "selectedMode": False},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": {"left": 74, "right": 24, "top": 62, "bottom": 48, "outerBoundsMode": "none"},
        "xAxis": {
            "type": "log", "name": words.size, "nameLocation": "middle", "nameGap": 26,
            "min": low, "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {
            "type": "category", "data": list(names), "inverse": True,
            "axisTick": {"show": False}, "axisLabel": {"interval": 0}, "splitLine": {"show": True},
        },
        "media": [{"query": {"maxWidth": matrices.NARROW}, "option": {"grid": {"top": 88}}}],
        "series": [
            {
                "type": "line", "name": label, "color": colour, "symbol": symbol, "symbolSize": 10,
                "connectNulls": True, "lineStyle": {"width": 2}, "emphasis": {"disabled": True},
                "data": [
                    _point(layer, label, size, words) for layer, size in zip(names, values, strict=True)
                ],
            }
            for label, values, colour, symbol in (
                (words.output, outputs, palette.mark, "circle"),
                (words.weights, weights, palette.training, "diamond"),
            )
        ],
    }  # fmt: skip


def layers_alt(names: Sequence[str], outputs: Sequence[float], *, words: LayerWords) -> str:
    """The first and the last layer of the way back, for screen readers."""
    return words.alt.format(
        title=words.title,
        first=names[0],
        first_size=digits(outputs[0]),
        last=names[-1],
        last_size=digits(outputs[-1]),
    )


def history_chart(losses: Sequence[float], *, words: HistoryWords, palette: Palette) -> Option:
    """Loss of the batch before each step taken, and now; on a log axis where it has grown tenfold."""
    finite = {step: loss for step, loss in enumerate(losses) if math.isfinite(loss)}
    log = max(finite.values(), default=0.0) > EXPLODED * max(losses[0], FLOOR)
    points = [
        {
            "name": words.point.format(step=step, loss=digits(loss)),
            "value": [step, max(tidy(loss), FLOOR) if log else tidy(loss)],
        }
        for step, loss in finite.items()
    ]
    axis = {"type": "log", "name": words.loss_log} if log else {"type": "value", "min": 0}
    return {
        "animation": False,
        "title": {"text": words.title, "left": 0, "top": 0},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": {"left": 74, "right": 20, "top": 40, "bottom": 48, "outerBoundsMode": "none"},
        "xAxis": {
            "type": "value", "name": words.steps, "nameLocation": "middle", "nameGap": 26,
            "min": 0, "max": max(10, len(losses) - 1), "minInterval": 1, "splitLine": {"show": False},
        },
        "yAxis": {
            "name": words.loss, "nameLocation": "middle", "nameGap": 52, **axis,
            "axisLabel": {"hideOverlap": True},
        },
        "series": [
            {
                "type": "line", "data": points, "color": palette.training, "symbol": "circle",
                "symbolSize": 7, "showAllSymbol": True, "lineStyle": {"width": 2},
                "emphasis": {"disabled": True},
            }
        ],
    }  # fmt: skip


def history_alt(losses: Sequence[float], *, words: HistoryWords) -> str:
    """Where the loss began and where it is, for screen readers."""
    return words.alt.format(
        title=words.title, first=digits(losses[0]), last=digits(losses[-1]), steps=len(losses) - 1
    )


def _line(
    values: Array, slice_: Slice, name: str, colour: str, kind: str, words: SliceWords
) -> Option:
    label = name.format(optimizer=slice_.optimizer)
    points = [
        {
            "name": words.point.format(name=label, rate=f"{rate:.2g}", loss=digits(loss)),
            "value": [rate, tidy(loss)],
        }
        for rate, loss in zip(slice_.rates.tolist(), values.tolist(), strict=True)
        if math.isfinite(loss)
    ]
    return {
        "type": "line", "id": kind, "name": label, "data": points, "color": colour, "clip": True,
        "symbol": "circle", "symbolSize": 5, "showAllSymbol": True,
        "lineStyle": {"width": 2.5 if kind == "solid" else 1.5, "type": kind},
        "emphasis": {"disabled": True},
    }  # fmt: skip


def _here(slice_: Slice, top: float, words: SliceWords, palette: Palette) -> Option:
    """The chosen rate as a large point, at the upper edge if its loss is beyond, and two lines."""
    rate, loss = float(slice_.rates[slice_.place]), float(slice_.after[slice_.place])
    beyond = not loss <= top
    lines: list[Option] = [
        {
            "yAxis": slice_.before,
            "label": {"formatter": words.before, "position": "insideStartTop"},
        }
    ]
    if slice_.overshoot is not None:
        text = words.overshoot.format(rate=f"{slice_.overshoot:.2g}")
        right = slice_.overshoot > math.sqrt(float(slice_.rates[0]) * float(slice_.rates[-1]))
        lines.append(
            {
                "xAxis": slice_.overshoot,
                "label": {"formatter": text, "position": "insideEndTop", "rotate": 0,
                          "align": "right" if right else "left", "offset": [-6 if right else 6, 14]},
                "lineStyle": {"color": palette.problem},
            }
        )  # fmt: skip
    text = words.here.format(rate=f"{rate:g}", loss=digits(loss))
    return {
        "type": "scatter", "id": "here", "color": palette.validation, "symbolSize": 16, "z": 5,
        "symbol": "triangle" if beyond else "circle",
        "data": [{"name": text, "value": [rate, top if beyond else tidy(loss)]}],
        "markLine": {
            "silent": True, "symbol": "none", "data": lines, "precision": PRECISION,
            "lineStyle": {"color": palette.mark, "type": "solid", "width": 1.5},
        },
    }  # fmt: skip


def _point(layer: str, label: str, size: float | None, words: LayerWords) -> Option | None:
    if size is None:
        return None
    name = words.point.format(layer=layer, name=label, size=digits(size))
    return {"name": name, "value": [max(FLOOR, size), layer]}
