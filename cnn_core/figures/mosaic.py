"""Many small maps as one PNG: one picture costs a browser far less than sixty-four charts."""

from __future__ import annotations

import io
import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnn_core.figures.palette import SCALES, STEPS, Table

Scale = Literal["sequential", "diverging", "diverging_dark"]

CLEAR = STEPS  # palette entry of the gaps, and of what is not a number: the page shows through
FAST = 1  # compression level: a mosaic is shown only briefly


def mosaic_png(
    maps: npt.NDArray[Any],
    *,
    columns: int | None = None,
    scale: Scale = "sequential",
    low: float | None = None,
    high: float | None = None,
    gap: int = 1,
    zoom: int = 1,
) -> bytes:
    """Feature maps or kernels side by side, row by row, in the colours of the palette.

    Args:
        maps: Array of shape (n, h, w); every finite number counts, the others stay transparent.
        columns: Maps in a row; None makes the mosaic about as wide as high.
        scale: "sequential" for activations, a diverging one for weights, with zero in its middle.
        low: Value of the first colour; None takes the smallest there is. One range holds for all
            maps, so that they can be compared.
        high: Value of the last colour; None takes the largest there is. With a diverging scale, what is
            not given makes the range symmetric around zero.
        gap: Transparent pixels between two maps.
        zoom: Screen pixels per number, each way, without smoothing.

    Returns:
        A PNG file; a single transparent pixel when there is no map.

    Raises:
        ValueError: If `maps` is not of shape (n, h, w), or `columns`, `gap` or `zoom` is too small.
    """
    if maps.ndim != 3:
        raise ValueError(f"maps must be of shape (n, h, w). Received shape {maps.shape}.")
    if (columns is not None and columns < 1) or gap < 0 or zoom < 1:
        raise ValueError(f"Received columns={columns}, gap={gap}, zoom={zoom}.")
    if maps.size == 0:
        return _png(np.full((1, 1), CLEAR, np.uint8), SCALES[scale])
    flat = 0.0 if scale == "sequential" else 0.5  # equal weights are all zero, equal maps all dark
    entries = _entries(maps, *value_range(maps, scale, low, high), flat)  # (n, h, w)
    entries = entries.repeat(zoom, axis=1).repeat(zoom, axis=2)
    return _png(_tile(entries, columns or default_columns(maps.shape), gap), SCALES[scale])


def value_range(
    maps: npt.NDArray[Any], scale: Scale, low: float | None = None, high: float | None = None
) -> tuple[float, float]:
    """The values of the first and the last colour, for a legend beside the mosaic."""
    finite = maps[np.isfinite(maps)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if scale != "sequential":
        given = [abs(bound) for bound in (low, high) if bound is not None]
        reach = max(given) if given else max(-least, most)
        least, most = -reach, reach
    return least if low is None else low, most if high is None else high


def default_columns(shape: tuple[int, ...]) -> int:
    """Columns that make n maps of h × w about as wide as high."""
    count, height, width = shape
    return max(1, min(count, round(math.sqrt(count * height / width))))


def image_png(image: npt.NDArray[np.uint8], zoom: int = 1) -> bytes:
    """One image, enlarged without smoothing, so that a pixel stays a square.

    Args:
        image: uint8 of shape (H, W, 1) or (H, W, 3).
        zoom: Screen pixels per pixel, each way.

    Raises:
        ValueError: If the shape or type is another, or `zoom` is less than 1.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in {1, 3}:
        raise ValueError(f"Not a uint8 image (H, W, 1 or 3). Received {image.dtype} {image.shape}.")
    if zoom < 1:
        raise ValueError(f"zoom must be at least 1. Received zoom={zoom}.")
    pixels = image[..., 0] if image.shape[2] == 1 else image  # grey files have no channel axis
    return _file(Image.fromarray(np.ascontiguousarray(pixels.repeat(zoom, 0).repeat(zoom, 1))))


def _entries(maps: npt.NDArray[Any], low: float, high: float, flat: float) -> Table:
    """Numbers -> entries of the colour table, 0 to 254; all at the place `flat` without a range."""
    finite = np.isfinite(maps)
    values = np.where(finite, maps, 0.0).astype(np.float64)
    span = high - low
    places = (values - low) / span if span > 0 else np.full(maps.shape, flat)
    entries = np.rint(np.clip(places, 0.0, 1.0) * (STEPS - 1)).astype(np.uint8)
    return np.where(finite, entries, np.uint8(CLEAR))


def _tile(entries: Table, columns: int, gap: int) -> Table:
    """(n, h, w) -> (H, W), row by row."""
    count, height, width = entries.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height + gap, width + gap), CLEAR, np.uint8)
    cells[:count, :height, :width] = entries
    grid = cells.reshape(rows, columns, height + gap, width + gap).transpose(0, 2, 1, 3)
    sheet = grid.reshape(rows * (height + gap), columns * (width + gap))
    return sheet[: rows * (height + gap) - gap, : columns * (width + gap) - gap]


def _png(entries: Table, table: Table) -> bytes:
    image = Image.frombytes("P", (entries.shape[1], entries.shape[0]), entries.tobytes())
    image.putpalette([*table.ravel().tolist(), 0, 0, 0])
    return _file(image, transparency=CLEAR)


def _file(image: Image.Image, **settings: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=FAST, **settings)
    return buffer.getvalue()
