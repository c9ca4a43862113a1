"""Deletion and insertion curves as an ECharts option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cnn_core.analysis.deletion import after_a_tenth, replaced_shares
from cnn_core.figures.legend import percent
from cnn_core.figures.overlay import MARKERS
from cnn_core.figures.palette import Palette
from cnn_core.figures.words import FigureWords

Option = dict[str, Any]
Curves = npt.NDArray[np.floating[Any]]
COMPARED = {"random": "dashed", "bright": "dotted"}
"""Orders that know nothing of the network, and their lines."""


@dataclass(frozen=True, slots=True)
class DeletionWords(FigureWords):
    """The words of the chart; those with `{slots}` are templates for `str.format`.

    Attributes:
        deletion: Name of the axis of pixels that are replaced.
        insertion: Name of the axis of pixels that are put back.
        point: What the pointer shows; slots {name} {share} {probability}.
        alt_deletion: For screen readers; slots {best} {change}.
        alt_insertion: For screen readers; slots {best} {change}.
    """

    SECTION: ClassVar[str] = "deletion_chart"

    deletion: str
    insertion: str
    point: str
    alt_deletion: str
    alt_insertion: str


def deletion_chart(
    curves: Mapping[str, Curves],
    names: Mapping[str, str],
    kind: str,
    *,
    probability: str,
    words: DeletionWords,
    palette: Palette,
) -> Option:
    """The probability over the share of pixels, a line for each order.

    Args:
        curves: Probabilities (STEPS + 1,) by order.
        names: The name of each order.
        kind: "deletion" or "insertion".
        probability: Name of the axis of probabilities.
        words: What is written.
        palette: Of the theme.
    """
    lines = [
        _line(place, order, curve, names[order], words, palette)
        for place, (order, curve) in enumerate(curves.items())
    ]
    return {
        "animation": False,
        "legend": {"bottom": 0, "left": "center", "itemGap": 12},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": {"left": 68, "right": 20, "top": 16, "bottom": 128, "outerBoundsMode": "none"},
        "xAxis": {
            "type": "value", "min": 0, "max": 100, "name": _axis(kind, words),
            "nameLocation": "middle", "nameGap": 26, "splitLine": {"show": False},
            "axisLabel": {"formatter": "{value}%"},
        },
        "yAxis": {
            "type": "value", "min": 0, "max": 100, "name": probability,
            "nameLocation": "middle", "nameGap": 48, "axisLabel": {"formatter": "{value}%"},
        },
        "series": lines,
    }  # fmt: skip


def deletion_alt(
    curves: Mapping[str, Curves], names: Mapping[str, str], kind: str, *, words: DeletionWords
) -> str:
    """One sentence for screen readers: after a tenth of the pixels, which order has moved it most."""
    sign = -1 if kind == "deletion" else 1
    moved = {order: float(sign * after_a_tenth(curve)) for order, curve in curves.items()}
    best = max(moved, key=moved.__getitem__)
    sentence = words.alt_deletion if kind == "deletion" else words.alt_insertion
    return sentence.format(best=names[best], change=f"{100 * moved[best]:.0f}")


def _axis(kind: str, words: DeletionWords) -> str:
    return words.deletion if kind == "deletion" else words.insertion


def _line(
    place: int, order: str, curve: Curves, name: str, words: DeletionWords, palette: Palette
) -> Option:
    compared = order in COMPARED
    points = [
        {
            "name": words.point.format(
                name=name, share=f"{share:.0%}", probability=percent(probability)
            ),
            "value": [round(100 * float(share), 2), round(100 * float(probability), 3)],
        }
        for share, probability in zip(replaced_shares(), curve, strict=True)
    ]
    return {
        "type": "line", "id": order, "name": name, "data": points,
        "color": palette.mark if compared else palette.classes[place],
        "symbol": "none" if compared else MARKERS[place], "symbolSize": 6, "showAllSymbol": True,
        "lineStyle": {"width": 2, "type": COMPARED.get(order, "solid")},
        "emphasis": {"focus": "series"}, "z": 2 if compared else 3,
    }  # fmt: skip
