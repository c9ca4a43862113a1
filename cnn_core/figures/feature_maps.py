"""The outputs of all layers for an image: all maps of a layer as one picture, dense layers as bars."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnn_core.figures.mosaic import Scale, mosaic_png
from cnn_core.figures.palette import KINDS, rgb

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Reach = Literal["map", "layer", "network"]

REACHES: tuple[Reach, ...] = ("layer", "map", "network")
CELL = 56  # least side of a map in the picture, in pixels
BAR, BAR_GAP, BARS_HEIGHT = 4, 1, 64  # of the bars of a dense layer, in pixels


@dataclass(frozen=True, slots=True)
class Colours:
    """How numbers become colours.

    Attributes:
        scale: "diverging" around zero for sums, which may be negative; else "sequential".
        low: Value of the first colour, None if every map has its own.
        high: Value of the last colour, likewise.
    """

    scale: Scale
    low: float | None
    high: float | None


def colours(maps: Mapping[str, Floats], name: str, reach: Reach) -> Colours:
    """The colours of one layer's maps.

    Args:
        maps: Arrays by layer, as `features.feature_maps` answers; only those of three axes count.
        name: Which of them; one that ends in "/sum" holds sums, from before the activation.
        reach: What shares a scale: nothing ("map"), all maps of the "layer", or all of the
            "network"; sums and outputs are never on one scale.
    """
    sums = _is_sum(name)
    scale: Scale = "diverging" if sums else "sequential"
    if reach == "map":
        return Colours(scale, None, None)
    chosen = [maps[name]]
    if reach == "network":
        chosen = [it for key, it in maps.items() if it.ndim == 3 and _is_sum(key) == sums]
    low = min(_finite(it).min(initial=0.0) for it in chosen)
    high = max(_finite(it).max(initial=0.0) for it in chosen)
    if sums:
        low, high = -max(-low, high), max(-low, high)
    return Colours(scale, float(low), float(high))


def maps_png(maps: Floats, look: Colours, columns: int | None = None) -> bytes:
    """All maps (H, W, C) of a layer side by side as one PNG."""
    zoom, gap = measures(maps.shape)
    pictures = np.moveaxis(maps, -1, 0)  # (H, W, C) -> (C, H, W)
    low, high = look.low, look.high
    if low is None:
        pictures, low, high = _each_its_own(pictures, look.scale), -1.0, 1.0
        low = -1.0 if look.scale == "diverging" else 0.0
    return mosaic_png(
        pictures, columns=columns, scale=look.scale, low=low, high=high, zoom=zoom, gap=gap
    )


def measures(shape: tuple[int, ...]) -> tuple[int, int]:
    """Pixels a number and pixels between two maps in `maps_png`, for maps (H, W, C)."""
    zoom = math.ceil(CELL / max(shape[:2]))
    return zoom, max(2, zoom * max(shape[:2]) // 14)


def bars_png(values: Floats) -> bytes:
    """The outputs of a dense layer as a row of bars, the highest as high as the picture.

    Bars go up from the bottom; where there are negative outputs, from a line between.
    """
    top, bottom = float(values.max(initial=0.0)), float(values.min(initial=0.0))
    span = (top - bottom) or 1.0
    base = round(BARS_HEIGHT * top / span) if top > bottom else BARS_HEIGHT
    pixels = np.zeros((BARS_HEIGHT, len(values) * (BAR + BAR_GAP), 4), np.uint8)
    for place, value in enumerate(values.tolist()):
        edge = base - round(BARS_HEIGHT * value / span)
        low, high = sorted((base, edge))
        left = place * (BAR + BAR_GAP)
        pixels[low:high, left : left + BAR] = (*rgb(KINDS["dense"]), 255)
        pixels[min(base, BARS_HEIGHT) - 1, left : left + BAR + BAR_GAP, 3] |= 160
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def probabilities_html(
    shares: Floats, names: Sequence[str], alt: str, marked: int | None = None
) -> str:
    """A bar and a number for each class, the most probable one in bold, one of them with a mark."""
    best = int(shares.argmax())
    kinds = [
        "row" + " top" * (index == best) + " marked" * (index == marked)
        for index in range(len(shares))
    ]
    rows = "".join(
        f'<span class="{kinds[index]}"><span class="name">{escape(name)}</span>'
        f'<span class="bar"><i style="width:{share:.1%}"></i></span>'
        f'<span class="share">{share:.1%}</span></span>'
        for index, (name, share) in enumerate(zip(names, shares.tolist(), strict=True))
    )
    return f'<span class="class-shares" role="img" aria-label="{escape(alt)}">{rows}</span>'


def strongest(one: Floats) -> tuple[int, int]:
    """Row and column of the largest number of a map (H, W); of equal ones the first."""
    row, column = np.unravel_index(int(one.argmax()), one.shape)
    return int(row), int(column)


def _each_its_own(pictures: Floats, scale: Scale) -> Floats:
    """Every picture (n, h, w) on a scale of its own: 0 to 1, or -1 to 1 around zero."""
    values = pictures.astype(np.float64)
    if scale == "diverging":
        most = np.abs(values).max(axis=(1, 2), keepdims=True, initial=0.0)
        return (values / np.where(most > 0, most, 1)).astype(np.float32)
    low = np.minimum(values.min(axis=(1, 2), keepdims=True), 0.0)
    span = values.max(axis=(1, 2), keepdims=True) - low
    shares: npt.NDArray[np.float32] = ((values - low) / np.where(span > 0, span, 1)).astype(
        np.float32
    )
    return shares


def _is_sum(name: str) -> bool:
    return name.endswith("/sum")


def _finite(values: Floats) -> Floats:
    finite: Floats = values[np.isfinite(values)]
    return finite
