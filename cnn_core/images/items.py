"""One item on plain ground, as in a product photograph: found, cut out, and as Fashion-MNIST has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy
from PIL import Image

from cnn_core.drawing import LUMINANCE
from cnn_core.images.paper import Floats, Mask

RIM = 0.015  # of the shorter side: the border that shows the ground
FAINTEST = 4 / 255  # what differs less from the ground is ground: white shoes on white
NOISY = 5.0  # standard deviations of the ground that an item must exceed
GAP = 0.03  # of the longer side: parts nearer than that are one item
SMALLEST = 0.004  # of the picture
OTHER = 0.3  # of the largest item's area: what is smaller is no item of its own
BRIGHT = 0.5

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Items:
    """Items in a picture.

    Attributes:
        strength: How far each pixel is from the ground, 0 to 1, as bright as Fashion-MNIST has it.
        bright_ground: Whether the ground is bright, so that the brightness was inverted.
        boxes: Top, left, bottom and right of each item, from left to right.
    """

    strength: Floats
    bright_ground: bool
    boxes: tuple[Box, ...]


def find(rgb: Floats, bright_ground: bool | None = None, *, even: bool = True) -> Items:
    """The items in a picture.

    Args:
        rgb: In [0, 1], of shape (H, W, 3).
        bright_ground: Invert the brightness; None does so if the ground is bright.
        even: Take the light of the ground out; else the ground keeps its own grey.
    """
    ground, deviation = _ground(rgb)
    difference = np.abs(rgb - ground).max(axis=-1)
    mask = difference > max(FAINTEST, NOISY * deviation)
    mask = scipy.ndimage.binary_fill_holes(scipy.ndimage.binary_opening(mask, iterations=2))
    grey, base = rgb @ LUMINANCE, np.clip(ground @ LUMINANCE, 0, 1)
    bright = bool(np.median(base) > BRIGHT) if bright_ground is None else bright_ground
    least = np.float32(1 / 255)
    if not even:
        strength = 1 - grey if bright else grey
    elif bright:
        strength = 1 - grey / np.maximum(base, least)
    else:
        strength = (grey - base) / np.maximum(1 - base, least)
    return Items(np.clip(strength, 0, 1).astype(np.float32), bright, _boxes(mask))


def _ground(rgb: Floats) -> tuple[Floats, float]:
    """The ground, evenly or more and more lit from one side to the other, and its deviation."""
    height, width, _ = rgb.shape
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    rim = max(1, round(RIM * min(height, width)))
    border = np.ones((height, width), bool)
    border[rim:-rim, rim:-rim] = False
    places = np.stack([np.ones_like(down), down, across], axis=-1)
    kept = border.copy()
    for _ in range(3):  # without the parts of an item that reach the border
        plane = np.linalg.lstsq(places[kept], rgb[kept], rcond=None)[0]
        ground = places @ plane
        error = np.abs(rgb - ground).max(axis=-1)
        deviation = float(np.median(error[kept])) / 0.674
        kept = border & (error <= max(FAINTEST, 3 * deviation))
        if kept.sum() < 0.2 * border.sum():
            break
    return np.asarray(ground, np.float32), deviation


def _boxes(mask: Mask) -> tuple[Box, ...]:
    near = max(1, round(GAP * max(mask.shape) / 2))
    wide = scipy.ndimage.maximum_filter(mask, 2 * near + 1)
    labels, count = scipy.ndimage.label(wide)
    labels = labels * mask
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    areas[0] = 0
    boxes = []
    for number, part in enumerate(scipy.ndimage.find_objects(labels), start=1):
        if part is None or areas[number] < max(SMALLEST * mask.size, OTHER * areas.max()):
            continue
        rows, columns = part
        boxes.append((rows.start, columns.start, rows.stop, columns.stop))
    return tuple(sorted(boxes, key=lambda box: box[1]))


def fitted(part: Floats, side: int) -> npt.NDArray[np.uint8]:
    """An item with its longer edge as long as the input, in the middle: (side, side).

    References:
        Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017: trimmed, "resizing the longest edge of the
        image to 28", extended to 28 × 28 and negated.
    """
    height, width = part.shape
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BOX))
    picture = np.zeros((side, side), np.float32)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    picture[top : top + size[1], left : left + size[0]] = small
    return np.rint(picture * 255).astype(np.uint8)
