"""The outputs of all layers for an image: all maps of a layer as one picture, dense layers as bars."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from PIL import Image

from cnn_core.figures.legend import percent
from cnn_core.figures.mosaic import Scale, mosaic_png
from cnn_core.figures.palette import KINDS, Diverging, rgb
from cnn_core.markup import fill

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Reach = Literal["map", "layer", "network"]

REACHES: tuple[Reach, ...] = ("layer", "map", "network")
CELL = 56  # least side of a map in the picture, in pixels
BAR, BAR_GAP, BARS_HEIGHT = 4, 1, 64  # of the bars of a dense layer, in pixels


@dataclass(frozen=True, slots=True)
class Colours:
    """The mapping from values to colours.

    Attributes:
        scale: A diverging one around zero for sums, which may be negative; else "sequential".
        low: Value of the first colour, None if every map has its own.
        high: Value of the last colour, likewise.
    """

    scale: Scale
    low: float | None
    high: float | None


def colours(
    maps: Mapping[str, Floats], name: str, reach: Reach, diverging: Diverging = "diverging"
) -> Colours:
    """The colours of one layer's maps.

    Args:
        maps: Arrays by layer, as `features.feature_maps` returns; only those of three axes count.
        name: Which of them; one that ends in "/sum" holds sums, from before the activation.
        reach: What shares a scale: each map alone ("map"), all maps of the "layer", or all of the
            "network"; sums and outputs are never on one scale.
        diverging: The scale of sums in the visitor's theme.
    """
    sums = _is_sum(name)
    scale: Scale = diverging if sums else "sequential"
    if reach == "map":
        return Colours(scale, None, None)
    arrays = [maps[name]]
    if reach == "network":
        arrays = [array for key, array in maps.items() if array.ndim == 3 and _is_sum(key) == sums]
    low = min(_finite(array).min(initial=0.0) for array in arrays)
    high = max(_finite(array).max(initial=0.0) for array in arrays)
    if sums:
        low, high = -max(-low, high), max(-low, high)
    return Colours(scale, float(low), float(high))


def maps_png(maps: Floats, look: Colours, columns: int | None = None) -> bytes:
    """All maps of a layer side by side as one PNG.

    Args:
        maps: Feature maps (H, W, C).
        look: Their colours.
        columns: Maps in a row; None makes the picture about square.
    """
    zoom, gap = measures(maps.shape)
    pictures = np.moveaxis(maps, -1, 0)  # (H, W, C) -> (C, H, W)
    low, high = look.low, look.high
    if low is None:
        pictures, low, high = _normalized_each(pictures, look.scale), -1.0, 1.0
        low = 0.0 if look.scale == "sequential" else -1.0
    return mosaic_png(
        pictures, columns=columns, scale=look.scale, low=low, high=high, zoom=zoom, gap=gap
    )


def measures(shape: tuple[int, ...]) -> tuple[int, int]:
    """Screen pixels per value, and between two maps, in `maps_png`, for maps (H, W, C)."""
    zoom = math.ceil(CELL / max(shape[:2]))
    return zoom, max(2, zoom * max(shape[:2]) // 14)


def bars_png(values: Floats) -> bytes:
    """The outputs (units,) of a dense layer as bars in a PNG, the highest as high as the picture.

    Bars start at the bottom; with negative outputs, at a zero line.
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
    probabilities: Floats,
    names: Sequence[str],
    alt: str,
    marked: int | None = None,
    order: Sequence[int] | None = None,
) -> Markup:
    """A bar and a percentage for each class as HTML, the most probable one in bold.

    Args:
        probabilities: Probabilities (K,), 0 to 1.
        names: K class names.
        alt: What it shows, in words.
        marked: Class with a mark, counted from 0; None marks none.
        order: Which classes, in their order; None takes all.
    """
    best = int(probabilities.argmax())
    kinds = [
        "row" + " top" * (index == best) + " marked" * (index == marked)
        for index in range(len(probabilities))
    ]
    rows = [
        (kinds[index], names[index], f"{probabilities[index]:.1%}", percent(probabilities[index]))
        for index in (range(len(probabilities)) if order is None else order)
    ]
    return fill(
        '<span class="class-shares" role="img" aria-label="{{ alt }}">'
        "{% for kind, name, width, share in rows %}"
        '<span class="{{ kind }}"><span class="name">{{ name }}</span>'
        '<span class="bar"><i style="width:{{ width }}"></i></span>'
        '<span class="share">{{ share }}</span></span>{% endfor %}</span>',
        alt=alt,
        rows=rows,
    )


def strongest(feature_map: Floats) -> tuple[int, int]:
    """Row and column of the largest value of a map (H, W); of equal ones the first."""
    row, column = np.unravel_index(int(feature_map.argmax()), feature_map.shape)
    return int(row), int(column)


def _normalized_each(pictures: Floats, scale: Scale) -> Floats:
    """Every picture (n, h, w) scaled by its own range: to 0 to 1, or to -1 to 1 around zero."""
    values = pictures.astype(np.float64)
    if scale != "sequential":
        most = np.abs(values).max(axis=(1, 2), keepdims=True, initial=0.0)
        return (values / np.where(most > 0, most, 1)).astype(np.float32)
    low = np.minimum(values.min(axis=(1, 2), keepdims=True), 0.0)
    span = values.max(axis=(1, 2), keepdims=True) - low
    normalized: npt.NDArray[np.float32] = ((values - low) / np.where(span > 0, span, 1)).astype(
        np.float32
    )
    return normalized


def _is_sum(name: str) -> bool:
    return name.endswith("/sum")


def _finite(values: Floats) -> Floats:
    finite: Floats = values[np.isfinite(values)]
    return finite
