"""The one palette of ConvScope, safe for colour-blind eyes: one meaning, one colour, everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.uint8]
Diverging = Literal["diverging", "diverging_dark"]

READABLE = 4.5  # least contrast of text with its background (WCAG 2, level AA)
VISIBLE = 3.0  # least contrast of lines and areas with it
STEPS = 255  # colours of a scale; a palette PNG has 256, the last one stands for "nothing here"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one theme, each as "#rrggbb".

    Attributes:
        background: What the colours were checked against: at least 3:1 (WCAG 2) for lines and areas.
        text: Titles and what a reader is to see first, at least 7:1.
        quiet: Names and numbers of axes, legends, notes in a chart: at least 4.5:1, as any text.
        training: Figures on the training images.
        batches: The same, batch by batch: quieter, for a thin line behind the epochs.
        validation: Figures on the validation images.
        test: Figures on the test images.
        mark: Annotations, such as a change of the learning rate.
        problem: Something is wrong.
        classes: Ten class colours; always shown beside the name of the class.
        diverging: Name of the scale around zero, whose middle does not stand out from the background.
    """

    background: str
    text: str
    quiet: str
    training: str
    batches: str
    validation: str
    test: str
    mark: str
    problem: str
    classes: tuple[str, ...]
    diverging: Diverging


LIGHT = Palette(
    background="#ffffff",
    text="#31333f",
    quiet="#5d6068",
    training="#0067b1",
    batches="#4b96d3",
    validation="#c75300",
    test="#00795c",
    mark="#7b8089",
    problem="#c62f2f",
    classes=(
        "#0067b1",
        "#c75300",
        "#019fc1",
        "#827e4b",
        "#c1448e",
        "#4f2658",
        "#c27586",
        "#582706",
        "#0f3091",
        "#790e37",
    ),
    diverging="diverging",
)
DARK = Palette(
    background="#0e1117",
    text="#fafafa",
    quiet="#b4b8bf",
    training="#5eb1f5",
    batches="#3677ab",
    validation="#f59a3c",
    test="#3cc9a0",
    mark="#858b95",
    problem="#ff6b6b",
    classes=(
        "#5eb1f5",
        "#f59a3c",
        "#04eefb",
        "#959950",
        "#c97bbb",
        "#8b88fd",
        "#f8ba93",
        "#c9ed81",
        "#a8eac9",
        "#fb6592",
    ),
    diverging="diverging_dark",
)

# Kinds of layer. Mid-tones that reach 3:1 on white and on near-black alike, so that a drawing
# needs not know its theme.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "input": "#7d828c",
        "conv": "#2f86c8",
        "pool": "#b0762a",
        "flatten": "#7d828c",
        "dense": "#8b66d1",
        "dropout": "#a1679a",
        "output": "#229464",
        "broken": "#dd4a4a",
    }
)

# Anchors, evenly spaced. Sequential: viridis (Smith and van der Walt, 2015). Diverging: RdBu of
# ColorBrewer 2 (Brewer, 2003), blue below zero and red above, its middle a shade greyer to be seen
# on a white page. On a dark page zero is dark, and the further from it the brighter.
_ANCHORS = {
    "sequential": (
        "#440154 #482878 #3e4989 #31688e #26828e #1f9e89 #35b779 #6ece58 #b5de2b #fde725"
    ),
    "diverging": (
        "#053061 #2166ac #4393c3 #92c5de #d1e5f0 #f0f0f0 #fddbc7 #f4a582 #d6604d #b2182b #67001f"
    ),
    "diverging_dark": (
        "#cfe8fb #9accf3 #5ea8e4 #2f7fc4 #265682 #2b2f36 #7a3a33 #bb4d3e #e77a62 #f6ab95 #fddccf"
    ),
}


def for_theme(theme: str | None) -> Palette:
    """The dark palette for "dark", else the light one."""
    return DARK if theme == "dark" else LIGHT


def rgb(colour: str) -> tuple[int, int, int]:
    """ "#ff8000" -> (255, 128, 0)."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def ink(background: str) -> str:
    """Black or white, whichever stands out more from that colour: at least 4.5:1 (WCAG 2).

    References: W3C, Web Content Accessibility Guidelines 2.2, "relative luminance".
    """
    return "#000000" if (_luminance(background) + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def contrast(colour: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2)."""
    dark, bright = sorted((_luminance(colour), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def readable(colour: str, background: str, least: float = READABLE) -> str:
    """The colour itself, or the nearest to it towards black or white in which words can be read there."""
    start, end = np.array(rgb(colour)), np.array(rgb(ink(background)))
    for step in range(101):
        mixed = np.rint(start + (end - start) * step / 100).astype(int).tolist()
        shade = "#{:02x}{:02x}{:02x}".format(*mixed)
        if contrast(shade, background) >= least:
            return shade
    return ink(background)


def line_stops(scale: str, background: str, count: int = 11) -> list[str]:
    """`count` evenly spaced colours of the part of a scale in which lines can be seen on that background.

    Raises:
        KeyError: If there is no such scale.
    """
    visible = [stop for stop in stops(scale, STEPS) if contrast(stop, background) >= VISIBLE]
    return [visible[round(place)] for place in np.linspace(0, len(visible) - 1, count)]


def _luminance(colour: str) -> float:
    channels = np.array(rgb(colour)) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _table(anchors: str, steps: int) -> Table:
    points = np.array([rgb(colour) for colour in anchors.split()], dtype=float)
    places = np.linspace(0, len(points) - 1, steps)
    channels = [np.interp(places, np.arange(len(points)), points[:, c]) for c in range(3)]
    table: Table = np.rint(np.stack(channels, axis=1)).astype(np.uint8)  # (steps, 3)
    table.flags.writeable = False
    return table


SEQUENTIAL = _table(_ANCHORS["sequential"], STEPS)  # (255, 3), dark to bright
DIVERGING = _table(_ANCHORS["diverging"], STEPS)  # (255, 3), entry 127 is zero
DIVERGING_DARK = _table(_ANCHORS["diverging_dark"], STEPS)
SCALES: Mapping[str, Table] = MappingProxyType(
    {"sequential": SEQUENTIAL, "diverging": DIVERGING, "diverging_dark": DIVERGING_DARK}
)


def stops(scale: str, count: int = 11) -> list[str]:
    """`count` evenly spaced colours of a scale, for ECharts' `inRange`.

    Raises:
        KeyError: If there is no such scale.
    """
    table = _table(_ANCHORS[scale], count)
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in table.tolist()]
