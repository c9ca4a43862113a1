"""A drawn canvas -> model input, by the preprocessing steps of MNIST."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.float32]
Ink = Literal["auto", "bright", "dark"]

SIDE = 28  # of the model's input, in pixels
BOX = 20  # side of the square that a digit is scaled to, in pixels
FAINTEST = 1 / 64  # of full ink; paler pixels are background
TIE = 1e-6  # pixels; closer to a half counts as a half, whatever the rounding of the sum
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as in Pillow's "L"


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps from a drawing to the model's input; float32 images, 0 without ink, 1 for full ink.

    Attributes:
        canvas: The whole canvas, of shape (H, W).
        crop: Top, left, height and width of the ink on the canvas, in pixels.
        cropped: Only the ink, of shape (height, width).
        scaled: The same with its longer side 20 pixels long.
        corner: Row and column of the upper left corner of `scaled` in `centred`.
        centred: `scaled` in an image of shape (28, 28), its centre of mass in the middle.
        uncentred: The whole canvas resized to (28, 28), without any preparation.
    """

    canvas: Grey
    crop: tuple[int, int, int, int]
    cropped: Grey
    scaled: Grey
    corner: tuple[int, int]
    centred: Grey
    uncentred: Grey

    @property
    def model_input(self) -> Grey:
        """Input of the model, of shape (28, 28, 1)."""
        return self.centred[..., np.newaxis]

    @property
    def naive_input(self) -> Grey:
        """Input of the model in programs that skip the preparation, of shape (28, 28, 1)."""
        return self.uncentred[..., np.newaxis]


def to_model_input(canvas: npt.NDArray[Any], ink: Ink = "auto") -> Grey | None:
    """A drawing as an MNIST digit: bright on black, in a box of 20 pixels, centred by mass.

    Args:
        canvas: As in `steps`.
        ink: As in `steps`.

    Returns:
        Image of shape (28, 28, 1) in [0, 1], or None if nothing is drawn.

    Raises:
        ValueError: As in `steps`.

    References:
        LeCun, Cortes and Burges, "The MNIST database of handwritten digits": normalised "to fit in
        a 20x20 pixel box while preserving their aspect ratio", grey by anti-aliasing, and centred
        "in a 28x28 image by computing the center of mass of the pixels".
    """
    preparation = steps(canvas, ink)
    return None if preparation is None else preparation.model_input


def steps(canvas: npt.NDArray[Any], ink: Ink = "auto") -> Steps | None:
    """Every step from a drawing to the model's input; None if nothing is drawn.

    Args:
        canvas: Grey (H, W) or (H, W, 1), RGB (H, W, 3) or RGBA (H, W, 4); integers from 0 to 255 or
            floats in [0, 1]. Where an RGBA canvas is transparent there is no ink, and opaque parts
            are ink whatever their colour; if nothing is transparent, the colours count.
        ink: "bright" ink on black, as the pad sends it; "dark" ink on white; or "auto": the
            parts brighter or darker than the median of the canvas's edge, whichever are more.

    Raises:
        ValueError: If `canvas` has another shape or type, or its values another range.
    """
    grey = _ink(_fractions(canvas), ink)
    most = grey.max()
    if most <= FAINTEST:
        return None
    drawn = grey > FAINTEST * most
    grey = np.where(drawn, grey / most, np.float32(0))
    (top, height), (left, width) = _extent(drawn, axis=0), _extent(drawn, axis=1)
    cropped = grey[top : top + height, left : left + width]
    scaled = _brightened(_fitted(cropped))
    corner = _corner(scaled)
    return Steps(
        canvas=grey,
        crop=(top, left, height, width),
        cropped=cropped,
        scaled=scaled,
        corner=corner,
        centred=_placed(scaled, corner),
        uncentred=_squeezed(grey),
    )


def unpack(text: str, side: int) -> npt.NDArray[np.uint8] | None:
    """The square canvas (side, side) that a pad packed; None if `text` does not hold one.

    It is base64 of pairs of bytes: how often, from 1 to 255, and which grey, row by row.
    """
    try:
        pairs = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        return None
    counts, greys = pairs[0::2], pairs[1::2]
    if len(counts) != len(greys) or int(counts.sum(dtype=np.int64)) != side * side:
        return None
    return np.repeat(greys, counts).reshape(side, side)


def _fractions(canvas: npt.NDArray[Any]) -> Grey:
    """The canvas as floats in [0, 1], of shape (H, W, 1, 3 or 4)."""
    shape = canvas.shape
    if canvas.ndim == 2:
        canvas = canvas[..., np.newaxis]
    if canvas.ndim != 3 or canvas.shape[2] not in {1, 3, 4} or canvas.size == 0:
        raise ValueError(f"A canvas is of shape (H, W) or (H, W, 1, 3 or 4). Received {shape}.")
    if np.issubdtype(canvas.dtype, np.integer):
        full = 255
    elif np.issubdtype(canvas.dtype, np.floating):
        full = 1
    else:
        raise ValueError(f"A canvas holds integers or floats. Received {canvas.dtype}.")
    if not (canvas.min() >= 0 and canvas.max() <= full):  # false for nan, too
        value_range = f"{canvas.min()} to {canvas.max()}"
        raise ValueError(f"A canvas of {canvas.dtype} is in [0, {full}]. Received {value_range}.")
    fractions: Grey = canvas.astype(np.float32) / np.float32(full)
    return fractions


def _ink(canvas: Grey, ink: Ink) -> Grey:
    """Amount of ink of each pixel in [0, 1], of shape (H, W)."""
    if canvas.shape[2] == 4 and canvas[..., 3].min() < 1:
        return canvas[..., 3]
    grey = canvas[..., 0] if canvas.shape[2] == 1 else canvas[..., :3] @ LUMINANCE
    if ink == "bright":
        return grey
    if ink == "dark":
        return 1 - grey
    paper = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    brighter, darker = np.clip(grey - paper, 0, 1), np.clip(paper - grey, 0, 1)
    inked: Grey = brighter if brighter.sum() >= darker.sum() else darker
    return inked


def _extent(drawn: npt.NDArray[np.bool_], axis: int) -> tuple[int, int]:
    """First place and length of the drawing along that axis."""
    places = np.unique(np.nonzero(drawn)[axis])
    return int(places[0]), int(places[-1] - places[0] + 1)


def _fitted(cropped: Grey) -> Grey:
    """The ink with its aspect ratio kept, the longer side `BOX`; the shorter side is rounded up."""
    height, width = cropped.shape
    longer = max(height, width)
    return _resized(
        cropped, _ceiling(height * BOX, longer), _ceiling(width * BOX, longer), longer / BOX
    )


def _squeezed(grey: Grey) -> Grey:
    """The whole canvas as an image of `SIDE`; one that is not square is padded to a square."""
    height, width = grey.shape
    longer = max(height, width)
    square = np.zeros((longer, longer), np.float32)
    top, left = (longer - height) // 2, (longer - width) // 2
    square[top : top + height, left : left + width] = grey
    return _resized(square, SIDE, SIDE, longer / SIDE)


def _ceiling(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def _resized(picture: Grey, height: int, width: int, step: float) -> Grey:
    """Area resampling: the mean ink of squares of `step` pixels, fractions of pixels weighted."""
    rows = _overlap_weights(picture.shape[0], height, step)
    columns = _overlap_weights(picture.shape[1], width, step)
    # Not with "@": for images this small the overhead of its threads outweighs the work.
    squeezed = np.einsum("rh,hw->rw", rows, picture)
    resized: Grey = np.einsum("rw,cw->rc", squeezed, columns).astype(np.float32)
    return resized


def _overlap_weights(pixels: int, count: int, step: float) -> npt.NDArray[np.float64]:
    """Fraction of each interval of `step` pixels that lies in each pixel, of shape (count, pixels)."""
    starts, edges = np.arange(count)[:, np.newaxis] * step, np.arange(pixels)
    overlap = np.minimum(starts + step, edges + 1) - np.maximum(starts, edges)
    weights: npt.NDArray[np.float64] = np.clip(overlap, 0, None) / step
    return weights


def _brightened(picture: Grey) -> Grey:
    """Scaled to a maximum of 1, as in every image of MNIST; thin lines fade when they are reduced."""
    brightened: Grey = np.clip(picture / picture.max(), 0, 1)
    return brightened


def _corner(scaled: Grey) -> tuple[int, int]:
    """Where `scaled` must start so that its centre of mass is pixel 14 of both axes, within half a pixel.

    That is where MNIST has it, counted from 0. Ink is never moved out of the image for it.
    """
    corner = []
    for axis, length in enumerate(scaled.shape):
        mass = scaled.sum(axis=1 - axis, dtype=np.float64)
        centre = float(mass @ np.arange(length) / mass.sum())
        nearest = ceil(SIDE / 2 - centre - 0.5 - TIE)
        corner.append(min(max(nearest, 0), SIDE - length))
    return corner[0], corner[1]


def _placed(scaled: Grey, corner: tuple[int, int]) -> Grey:
    picture = np.zeros((SIDE, SIDE), np.float32)
    (top, left), (height, width) = corner, scaled.shape
    picture[top : top + height, left : left + width] = scaled
    return picture
