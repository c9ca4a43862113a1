"""The losses of learning rate range tests, as an ECharts option."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cnn_core.figures import matrices
from cnn_core.figures.overlay import MARKERS
from cnn_core.figures.palette import Palette
from cnn_core.figures.ranges import nice, tidy
from cnn_core.figures.words import FigureWords
from cnn_core.progress.learning_rates import RateCurve, Usable, smoothed

Option = dict[str, Any]
TOP = 1.15  # of the loss at the start: what explodes leaves the chart
CROWDED = 10  # points between two markers
NUMBERS = 6  # on the axis of losses, at most one more
NARROW_TEXT = 280  # width of the chart in its frame on a phone, in pixels


@dataclass(frozen=True, slots=True)
class RateWords(FigureWords):
    """The words of the chart; those with `{slots}` are templates for `str.format`.

    Attributes:
        title: Above the chart.
        lines: Below the title: which line is which.
        rate: Name of the axis of learning rates.
        loss: Name of the axis of the loss.
        seed: In the legend; slot {seed}.
        suggestion: Of the suggested rate; slot {rate}.
        point: What the pointer shows; slots {seed} {rate} {loss}.
        alt: For screen readers; slots {title} {low} {high} {rate}.
        empty: For screen readers, without a usable zone; slot {title}.
    """

    SECTION: ClassVar[str] = "rate_range"

    title: str
    lines: str
    rate: str
    loss: str
    seed: str
    suggestion: str
    point: str
    alt: str
    empty: str


def rate_range(
    curves: Mapping[int, RateCurve], zone: Usable | None, *, words: RateWords, palette: Palette
) -> Option:
    """Loss of each step faint and smoothed, over the learning rate on a log axis.

    Args:
        curves: By seed.
        zone: What all seeds agree on; None draws none.
        words: What is written.
        palette: Of the theme.
    """
    starts = [smoothed(curve.losses)[0] for curve in curves.values() if smoothed(curve.losses)]
    rates = [rate for curve in curves.values() for rate in curve.rates]
    top = TOP * max(starts, default=1.0)
    step = nice(top / NUMBERS)
    series = [
        line
        for place, (seed, curve) in enumerate(curves.items())
        for line in _lines(place, seed, curve, words, palette)
    ]
    if series and zone:
        series[-1] |= _marks(zone, words, palette)
    return {
        "animation": False,
        "title": {"text": words.title, "subtext": words.lines, "left": 0, "top": 0, "itemGap": 4},
        "legend": {
            "bottom": 0, "left": "center", "selectedMode": False,
            "data": [
                {"name": words.seed.format(seed=seed), "icon": MARKERS[place]}
                for place, seed in enumerate(curves)
            ],
        },
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": {"left": 72, "right": 24, "top": 74, "bottom": 74, "outerBoundsMode": "none"},
        "media": [{"query": {"maxWidth": matrices.NARROW}, "option": _NARROW}],
        "xAxis": {
            "type": "log", "name": words.rate, "nameLocation": "middle", "nameGap": 26,
            "min": min(rates, default=1e-6), "max": 10 ** math.ceil(math.log10(max(rates, default=10))),
            "splitLine": {"show": False}, "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {
            "type": "value", "name": words.loss, "nameLocation": "middle", "nameGap": 48,
            "min": 0, "max": tidy(math.ceil(top / step) * step), "interval": step,
        },
        "series": series,
    }  # fmt: skip


def rate_range_alt(zone: Usable | None, *, words: RateWords) -> str:
    """One sentence for screen readers."""
    if zone is None:
        return words.empty.format(title=words.title)
    return words.alt.format(
        title=words.title,
        low=f"{zone.low:.2g}",
        high=f"{zone.high:.2g}",
        rate=f"{zone.suggestion:g}",
    )


def _lines(
    place: int, seed: int, curve: RateCurve, words: RateWords, palette: Palette
) -> list[Option]:
    """The losses of the single batches, and the smoothed line with a marker now and then."""
    colour = palette.classes[place]
    name = words.seed.format(seed=seed)
    raw = [
        [rate, tidy(loss)]
        for rate, loss in zip(curve.rates, curve.losses, strict=True)
        if math.isfinite(loss)
    ]
    line = []
    for step, (rate, loss) in enumerate(zip(curve.rates, smoothed(curve.losses), strict=False)):
        text = words.point.format(seed=seed, rate=f"{rate:.2g}", loss=f"{loss:.3f}")
        line.append(
            {
                "name": text, "value": [rate, tidy(loss)],
                "symbolSize": 0 if step % CROWDED else 8,
            }
        )  # fmt: skip
    shared = {"type": "line", "color": colour, "emphasis": {"disabled": True}, "clip": True}
    return [
        {
            **shared, "id": f"{seed}.raw", "name": name, "data": raw, "symbol": "none", "silent": True,
            "lineStyle": {"width": 1, "opacity": 0.35}, "z": 2,
        },
        {
            **shared, "id": f"{seed}.line", "name": name, "data": line, "symbol": MARKERS[place],
            "showAllSymbol": True, "lineStyle": {"width": 2.5}, "z": 3,
        },
    ]  # fmt: skip


def _marks(zone: Usable, words: RateWords, palette: Palette) -> Option:
    """The usable zone as an area, the suggestion as a line."""
    return {
        "markArea": {
            "silent": True, "itemStyle": {"color": palette.mark, "opacity": 0.1},
            "data": [[{"xAxis": zone.low}, {"xAxis": zone.high}]],
        },
        "markLine": {
            "silent": True, "symbol": "none",
            "lineStyle": {"color": palette.mark, "type": "solid", "width": 1.5},
            "label": {
                "formatter": words.suggestion.format(rate=f"{zone.suggestion:g}"),
                "position": "end", "color": palette.quiet,
            },
            "data": [{"xAxis": zone.suggestion}],
        },
    }  # fmt: skip


_NARROW = {
    "title": {"subtextStyle": {"width": NARROW_TEXT, "overflow": "break"}},
    "grid": {"top": 92},
}
