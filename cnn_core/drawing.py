"""A drawn canvas -> model input, step by step as MNIST's makers prepared their digits."""

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
BOX = 20  # side of the square that a digit just fits into
FAINTEST = 1 / 64  # of full ink; what is paler is paper
TIE = 1e-6  # pixels; closer to a half counts as one, whatever the order in which ink is added up
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as in Pillow's "L"


@dataclass(frozen=True, eq=False)
class Steps:
    """A drawing on its way to the model; every picture is grey, 0 without ink and 1 where it is full.

    Attributes:
        canvas: The whole canvas, of shape (H, W).
        crop: Top, left, height and width of the ink on the canvas, in pixels.
        cropped: Only the ink, of shape (height, width).
        scaled: The same with its longer side 20 pixels long.
        corner: Row and column of the picture that the upper left corner of `scaled` came to.
        centred: `scaled` in a picture of shape (28, 28), its centre of mass in the middle.
        uncentred: The whole canvas squeezed to (28, 28), as if nothing had been prepared.
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
        """The picture that the model gets, of shape (28, 28, 1)."""
        return self.centred[..., np.newaxis]

    @property
    def naive_input(self) -> Grey:
        """What the model gets in programs that leave out the preparation, of shape (28, 28, 1)."""
        return self.uncentred[..., np.newaxis]


def to_model_input(canvas: npt.NDArray[Any], ink: Ink = "auto") -> Grey | None:
    """A drawing as an MNIST digit: bright on black, in a box of 20 pixels, centred by mass.

    Args:
        canvas: As in `steps`.
        ink: As in `steps`.

    Returns:
        Picture of shape (28, 28, 1) in [0, 1], or None if nothing is drawn.

    Raises:
        ValueError: As in `steps`.

    References:
        LeCun, Cortes and Burges, "The MNIST database of handwritten digits": normalised "to fit in
        a 20x20 pixel box while preserving their aspect ratio", grey by anti-aliasing, and centred
        "in a 28x28 image by computing the center of mass of the pixels".
    """
    found = steps(canvas, ink)
    return None if found is None else found.model_input


def steps(canvas: npt.NDArray[Any], ink: Ink = "auto") -> Steps | None:
    """Every step from a drawing to the model's input; None if nothing is drawn.

    Args:
        canvas: Grey (H, W) or (H, W, 1), RGB (H, W, 3) or RGBA (H, W, 4); integers from 0 to 255 or
            floats in [0, 1]. Where an RGBA canvas is see-through there is paper, and what covers it
            is ink whatever its colour; if nothing is see-through, the colours count.
        ink: "bright" ink on black, as the pad sends it; "dark" ink on white; or "auto": what is
            brighter or what is darker than most of the canvas's edge, whichever is more.

    Raises:
        ValueError: If `canvas` has another shape or type, or its numbers another range.
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
        found = f"{canvas.min()} to {canvas.max()}"
        raise ValueError(f"A canvas of {canvas.dtype} is in [0, {full}]. Received {found}.")
    fractions: Grey = canvas.astype(np.float32) / np.float32(full)
    return fractions


def _ink(canvas: Grey, ink: Ink) -> Grey:
    """How much ink there is at each place, of shape (H, W)."""
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
    """Where what is drawn begins along that axis, and how long it is."""
    places = np.unique(np.nonzero(drawn)[axis])
    return int(places[0]), int(places[-1] - places[0] + 1)


def _fitted(cropped: Grey) -> Grey:
    """The ink in its own proportions, the longer side `BOX`; the last pixel of the shorter is cut."""
    height, width = cropped.shape
    longer = max(height, width)
    return _resized(
        cropped, _ceiling(height * BOX, longer), _ceiling(width * BOX, longer), longer / BOX
    )


def _squeezed(grey: Grey) -> Grey:
    """The whole canvas as a picture of `SIDE`; one that is not square is set in the middle of one."""
    height, width = grey.shape
    longer = max(height, width)
    square = np.zeros((longer, longer), np.float32)
    top, left = (longer - height) // 2, (longer - width) // 2
    square[top : top + height, left : left + width] = grey
    return _resized(square, SIDE, SIDE, longer / SIDE)


def _ceiling(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def _resized(picture: Grey, height: int, width: int, step: float) -> Grey:
    """The mean ink of squares of `step` pixels, fractions of pixels counted as such."""
    rows = _shares(picture.shape[0], height, step)
    columns = _shares(picture.shape[1], width, step)
    # Not with "@": for pictures as small as these, its threads would spin longer than they work.
    squeezed = np.einsum("rh,hw->rw", rows, picture)
    resized: Grey = np.einsum("rw,cw->rc", squeezed, columns).astype(np.float32)
    return resized


def _shares(pixels: int, count: int, step: float) -> npt.NDArray[np.float64]:
    """How much of each interval of `step` pixels lies in each pixel, of shape (count, pixels)."""
    starts, edges = np.arange(count)[:, np.newaxis] * step, np.arange(pixels)
    overlap = np.minimum(starts + step, edges + 1) - np.maximum(starts, edges)
    shares: npt.NDArray[np.float64] = np.clip(overlap, 0, None) / step
    return shares


def _brightened(picture: Grey) -> Grey:
    """With its brightest pixel 1, as in every picture of MNIST; thin lines pale when they shrink."""
    brightened: Grey = np.clip(picture / picture.max(), 0, 1)
    return brightened


def _corner(scaled: Grey) -> tuple[int, int]:
    """Where `scaled` must begin for its centre of mass to be pixel 14 of both axes, give or take a half.

    That is where MNIST has it, counted from 0. Ink is never pushed out of the picture for it.
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
