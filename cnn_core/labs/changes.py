"""Changes of an image, each with one strength: the values of a slider, and the pixels in SciPy and NumPy.

`assets/robustness/changes.js` computes the same in a browser; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

MOVES = ("right", "down", "rotate", "zoom", "shear")  # places of pixels, not their values
GREY = 0.5  # of the square that occludes
BLUR_REACH = 4  # standard deviations on each side of the blur's kernel

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Change:
    """One change of an image.

    Attributes:
        values: Strengths in order: pixels, degrees, percent or standard deviations.
        neutral: The strength that changes nothing, one of `values`.
        curve: Strengths at which accuracies are measured, from the neutral one up.
    """

    values: tuple[float, ...]
    neutral: float
    curve: tuple[float, ...]


def _steps(low: float, high: float, step: float) -> tuple[float, ...]:
    """From `low` to `high`, whole numbers where they are whole."""
    count = round((high - low) / step)
    values = [round(low + step * at, 4) for at in range(count + 1)]
    return tuple(int(value) if value == int(value) else value for value in values)


CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "right": Change(_steps(-14, 14, 1), 0, _steps(0, 10, 1)),
        "down": Change(_steps(-14, 14, 1), 0, _steps(0, 10, 1)),
        "rotate": Change(_steps(-180, 180, 1), 0, _steps(0, 180, 15)),
        "zoom": Change(_steps(30, 250, 5), 100, _steps(100, 200, 10)),
        "shear": Change(_steps(-60, 60, 1), 0, _steps(0, 60, 5)),
        "blur": Change(_steps(0, 5, 0.1), 0, _steps(0, 3, 0.3)),
        "noise": Change(_steps(0, 1, 0.02), 0, _steps(0, 0.6, 0.06)),
        "contrast": Change(_steps(0, 300, 5), 100, _steps(0, 100, 10)[::-1]),
        "invert": Change(_steps(0, 100, 2), 0, _steps(0, 100, 10)),
        "occlude": Change(_steps(0, 28, 1), 0, _steps(0, 20, 2)),
    }
)
"""By name; strengths of shifts and of the square are pixels, of rotation and shear degrees, of zoom,
contrast and inversion percent, of blur pixels and of noise brightness, both as standard deviations."""


def apply(
    image: npt.NDArray[Any],
    strengths: Mapping[str, float],
    *,
    seed: int = 0,
    centre: tuple[float, float] | None = None,
) -> Floats:
    """The image after all changes: shear, zoom, rotation and shift in one step, then the others in order.

    Args:
        image: Shape (H, W, C), float in [0, 1] or uint8. What moves in from outside is black.
        strengths: By name of the change; those left out change nothing.
        seed: Of the noise.
        centre: Row and column of the middle of the occluding square; None is the middle of the image.

    Returns:
        Float32 in [0, 1], of the same shape.
    """
    scale = 255 if image.dtype == np.uint8 else 1
    pixels: Floats = np.asarray(image, np.float32) / np.float32(scale)
    strength = {name: strengths.get(name, change.neutral) for name, change in CHANGES.items()}
    if any(strength[name] != CHANGES[name].neutral for name in MOVES):
        pixels = _moved(pixels, strength)
    if strength["blur"]:
        pixels = _blurred(pixels, strength["blur"])
    if strength["contrast"] != CHANGES["contrast"].neutral:
        mean = pixels.mean(axis=(0, 1), dtype=np.float64)
        pixels = _valid(mean + (pixels - mean) * strength["contrast"] / 100)
    if strength["invert"]:
        part = strength["invert"] / 100
        pixels = _valid(pixels * (1 - part) + (1 - pixels) * part)
    if strength["occlude"]:
        pixels = _occluded(pixels, int(strength["occlude"]), centre)
    if strength["noise"]:
        pattern = noise(pixels.size, seed).reshape(pixels.shape)
        pixels = _valid(pixels + strength["noise"] * pattern)
    return pixels


def _moved(pixels: Floats, strength: Mapping[str, float]) -> Floats:
    """Bilinear interpolation at the place that each pixel comes from, in (row, column)."""
    from scipy import ndimage

    turn, lean = np.deg2rad(strength["rotate"]), np.tan(np.deg2rad(strength["shear"]))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shear, zoom = np.array([[1, 0], [-lean, 1]]), strength["zoom"] / 100
    back = np.linalg.inv(rotation @ shear * zoom)
    middle = (np.array(pixels.shape[:2]) - 1) / 2
    offset = middle - back @ (middle + np.array([strength["down"], strength["right"]]))
    moved = [
        ndimage.affine_transform(channel, back, offset, order=1, mode="grid-constant")
        for channel in np.moveaxis(pixels, -1, 0)
    ]
    return np.stack(moved, axis=-1).astype(np.float32)


def _blurred(pixels: Floats, deviation: float) -> Floats:
    from scipy import ndimage

    blurred: Floats = ndimage.gaussian_filter(
        pixels, deviation, axes=(0, 1), mode="nearest", truncate=BLUR_REACH
    )
    return blurred


def _occluded(pixels: Floats, side: int, centre: tuple[float, float] | None) -> Floats:
    row, column = centre or ((pixels.shape[0] - 1) / 2, (pixels.shape[1] - 1) / 2)
    top, left = (int(np.floor(at - side / 2 + 0.5 + 1e-9)) for at in (row, column))
    covered = pixels.copy()
    covered[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)] = GREY
    return covered


def _valid(pixels: npt.NDArray[Any]) -> Floats:
    valid: Floats = np.clip(pixels, 0, 1).astype(np.float32)
    return valid


def noise(count: int, seed: int = 0) -> npt.NDArray[np.float64]:
    """Normally distributed numbers (count,) that browsers compute alike: a hash of the place, Box-Muller.

    Args:
        count: How many.
        seed: Another number gives another pattern.
    """
    places = np.arange(1, 2 * count + 1, dtype=np.uint32) + np.uint32((seed * 0x9E3779B9) % 2**32)
    uniform = (_hashed(places).astype(np.float64) + 0.5) / 2**32
    radius, angle = uniform[::2], uniform[1::2]
    normal: npt.NDArray[np.float64] = np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * angle)
    return normal


def _hashed(numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Well-mixed 32-bit integers (C. Wellons, "lowbias32")."""
    mixed = numbers ^ (numbers >> np.uint32(16))
    mixed *= np.uint32(0x7FEB352D)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x846CA68B)
    mixed ^= mixed >> np.uint32(16)
    return mixed
