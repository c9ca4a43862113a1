"""Accuracy over the strength of a change, a line for each network, as an ECharts option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cnn_core.figures.overlay import MARKERS
from cnn_core.figures.palette import Palette
from cnn_core.figures.words import FigureWords

Option = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RobustnessWords(FigureWords):
    """The words of the chart; those with slots are templates for `str.format`.

    Attributes:
        accuracy: Name of the axis of accuracies.
        point: What the pointer shows; slots {name} {strength} {accuracy}.
        alt: For screen readers; slots {change} {networks}.
        network: A network in it; slots {name} {first} {last} {strength}.
    """

    SECTION: ClassVar[str] = "robustness_chart"

    accuracy: str
    point: str
    alt: str
    network: str


def robustness_chart(
    curves: Mapping[str, Sequence[float]],
    strengths: Sequence[str],
    change: str,
    *,
    words: RobustnessWords,
    palette: Palette,
) -> Option:
    """Accuracies at each strength, the neutral one first.

    Args:
        curves: Accuracies from 0 to 1 by the name of the network, at most two networks.
        strengths: In words, one for each accuracy.
        change: Name of the change.
        words: What is written.
        palette: Of the theme.
    """
    colours = (palette.training, palette.validation)
    return {
        "animation": False,
        "legend": {"bottom": 0, "left": "center"},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
        "grid": {"left": 68, "right": 24, "top": 16, "bottom": 84, "outerBoundsMode": "none"},
        "xAxis": {
            "type": "category", "data": list(strengths), "boundaryGap": False, "name": change,
            "nameLocation": "middle", "nameGap": 28, "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {
            "type": "value", "min": 0, "max": 100, "name": words.accuracy,
            "nameLocation": "middle", "nameGap": 48, "axisLabel": {"formatter": "{value}%"},
        },
        "series": [
            {
                "type": "line", "id": str(place), "name": name, "color": colours[place],
                "symbol": MARKERS[place], "symbolSize": 8, "showAllSymbol": True,
                "lineStyle": {"width": 2, "type": ("solid", "dashed")[place]},
                "data": [
                    {
                        "value": round(100 * accuracy, 2),
                        "name": words.point.format(
                            name=name, strength=strength, accuracy=f"{accuracy:.1%}"
                        ),
                    }
                    for strength, accuracy in zip(strengths, curve, strict=True)
                ],
            }
            for place, (name, curve) in enumerate(curves.items())
        ],
    }  # fmt: skip


def robustness_alt(
    curves: Mapping[str, Sequence[float]],
    strengths: Sequence[str],
    change: str,
    *,
    words: RobustnessWords,
) -> str:
    """A sentence on each network for screen readers: accuracy unchanged, and at the largest strength."""
    networks = [
        words.network.format(
            name=name, first=f"{curve[0]:.1%}", last=f"{curve[-1]:.1%}", strength=strengths[-1]
        )
        for name, curve in curves.items()
    ]
    return words.alt.format(change=change, networks=" ".join(networks))
