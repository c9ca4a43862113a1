"""Handwriting in a picture: what is ink, which ink is one digit, and each digit as MNIST has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from cnn_core.drawing import BOX
from cnn_core.images.marks import LIMITS, Box, groups_in
from cnn_core.images.paper import Floats, Mask

FAINTEST = 0.07  # ink that differs less from its ground is none
NOISY = 5.0  # standard deviations of the ground that ink must exceed
SMOOTH = 1 / 500  # of the longer side: blur that takes the noise, standard deviation
RULE = 1 / 9  # of the longer side: a line that is longer may be printed
LEANS = (-0.06, -0.045, -0.03, -0.015, 0.0, 0.015, 0.03, 0.045, 0.06)  # of the paper, held askew
ACROSS = 0.5  # of the picture that a printed line crosses
RULE_WIDTH = 1 / 110  # of the longer side: printed lines are thinner
RULED = 0.002  # of the picture: fewer pixels of lines are none
SMALLEST = 1 / 45  # of the longer side: what is smaller is a speck
SIDE = 160  # longer side of a digit while its pen is measured, in pixels
PENS = (2.0, 3.6)  # width of the pens of MNIST, 5th to 95th percentile of digits of 20 pixels
MARGIN = 12  # pixels around a digit of `SIDE`, for a pen that becomes wider


@dataclass(frozen=True)
class Ink:
    """The ink of a picture.

    Attributes:
        strength: Ink of each pixel in [0, 1], of shape (H, W).
        mask: Where there is ink.
        bright: Whether it is brighter than its ground.
        groups: Parts of `mask` that are a digit each, from left to right: labels, of which
            `labels` says where they are.
        labels: Number of the connected part that each pixel of `mask` belongs to; 0 for none.
        boxes: Around each group.
    """

    strength: Floats
    mask: Mask
    bright: bool
    groups: tuple[tuple[int, ...], ...]
    labels: npt.NDArray[np.int32]
    boxes: tuple[Box, ...]

    def group(self, number: int) -> Mask:
        """Where the ink of that group is, within its box."""
        top, left, bottom, right = self.boxes[number]
        part = self.labels[top:bottom, left:right]
        inside: Mask = np.isin(part, self.groups[number])
        return inside


def contrast(
    grey: Floats, ground: Floats, mask: Mask | None = None, bright: bool | None = None
) -> tuple[Floats, bool, float]:
    """How much each pixel differs from its ground, whether ink is brighter, and the least that counts.

    Args:
        grey: Brightness in [0, 1], of shape (H, W).
        ground: That of the paper, as `paper.ground` finds it.
        mask: Where there is paper; None for everywhere.
        bright: Whether ink is brighter; None for what there is more of.
    """
    soft = np.maximum(
        scipy.ndimage.gaussian_filter(grey, max(grey.shape) * SMOOTH), np.float32(1 / 255)
    )
    darker = np.clip(1 - soft / ground, 0, 1)
    brighter = np.clip((soft - ground) / np.maximum(1 - ground, np.float32(0.35)), 0, 1)
    if mask is not None:
        darker, brighter = darker * mask, brighter * mask
    least = []
    for difference in (darker, brighter):
        spread = difference[difference > 0]
        # The ground alone: the half of the pixels nearest to it, as half of a normal distribution.
        deviation = float(np.median(spread)) / 0.674 if len(spread) else 0.0
        least.append(max(FAINTEST, NOISY * min(deviation, 0.04)))
    sums = [
        float((values - limit)[values > limit].sum())
        for values, limit in zip((darker, brighter), least, strict=True)
    ]
    if bright is None:
        bright = sums[1] > sums[0]
    return (brighter if bright else darker).astype(np.float32), bright, least[bright]


def without_rules(strength: Floats) -> Floats:
    """The same without printed lines: what is thin, straight, and goes over half of the picture."""
    left = strength
    for axis in (0, 1):
        turned = left if axis == 1 else left.T
        width = max(3, round(max(turned.shape) * RULE_WIDTH))
        thin = turned - scipy.ndimage.grey_opening(turned, (width, 1))
        if float((thin > FAINTEST / 2).mean()) < RULED:
            continue
        lines = np.zeros_like(turned)
        for lean in LEANS:
            lines = np.maximum(lines, _sheared(_level_lines(_sheared(thin, lean)), -lean))
        rest = np.clip(turned - scipy.ndimage.grey_dilation(lines, (5, 1)), 0, None)
        left = np.asarray(rest if axis == 1 else rest.T, np.float32)
    return left


def _level_lines(thin: Floats) -> Floats:
    """What of thin strokes is part of a level line over half of the picture; strokes may cross it."""
    length = round(max(thin.shape) * RULE)
    along = np.asarray(scipy.ndimage.grey_opening(thin, (1, length)), np.float32)
    dark = (along > FAINTEST / 2).astype(np.uint8)
    near = scipy.ndimage.grey_closing(scipy.ndimage.maximum_filter1d(dark, 3, axis=0), (1, length))
    labels, count = scipy.ndimage.label(near, structure=np.ones((3, 3)))
    if not count:
        return along
    wide = [part[1].stop - part[1].start for part in scipy.ndimage.find_objects(labels)]
    kept = np.array([False, *(size > ACROSS * thin.shape[1] for size in wide)])
    return np.asarray(along * kept[labels], np.float32)


def _sheared(picture: Floats, lean: float) -> Floats:
    """Each column moved up by `lean` times its number, around and in again; exactly reversible."""
    if not lean:
        return picture
    height, width = picture.shape
    columns = np.arange(width)
    shifts = np.rint(abs(lean) * columns).astype(int) * (1 if lean > 0 else -1)
    rows = (np.arange(height)[:, np.newaxis] + shifts) % height
    sheared: Floats = picture[rows, columns]
    return sheared


def digits_in(strength: Floats, bright: bool, least: float) -> Ink:
    """The ink in a picture of contrast, and which of it belongs together.

    Args:
        strength: As `contrast` gives it.
        bright: Likewise.
        least: Likewise.
    """
    strong = strength[strength > least]
    level = float(np.percentile(strong, 90)) if len(strong) else 1.0
    mask = scipy.ndimage.binary_closing(strength > max(least, level / 2), iterations=1)
    labels, _ = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel())
    boxes: dict[int, Box] = {}
    for number, part in enumerate(scipy.ndimage.find_objects(labels), start=1):
        rows, columns = part
        boxes[number] = (rows.start, columns.start, rows.stop, columns.stop)
    groups = groups_in({number: boxes[number] for number in _written(boxes, areas, mask.shape)})
    return Ink(
        np.clip(strength / level, 0, 1), mask, bright,
        tuple(members for members, _ in groups), labels, tuple(box for _, box in groups),
    )  # fmt: skip


def _written(
    boxes: dict[int, Box], areas: npt.NDArray[np.int64], shape: tuple[int, ...]
) -> list[int]:
    """Numbers of the parts that can have been written: no specks, no lines across, nothing cut off."""
    longer = max(shape)
    kept = []
    for number, (top, left, bottom, right) in boxes.items():
        height, width = bottom - top, right - left
        across = height > 0.9 * shape[0] or width > 0.9 * shape[1]
        line = across and areas[number] < 0.06 * longer * max(height, width)
        if max(height, width) >= longer * SMALLEST / 3 and not line:
            kept.append(number)
    inner = [number for number in kept if not _cut_off(boxes[number], shape)]
    most = max((areas[number] for number in kept), default=0)
    if any(areas[number] > 0.05 * most for number in inner):
        kept = inner
    most = max((areas[number] for number in kept), default=0)
    return [number for number in kept if areas[number] >= LIMITS.speck * most]


def _cut_off(box: Box, shape: tuple[int, ...]) -> bool:
    top, left, bottom, right = box
    return top == 0 or left == 0 or bottom == shape[0] or right == shape[1]


def drawn(mask: Mask, *, pen: bool) -> tuple[Floats, float]:
    """A digit's ink as a drawing in [0, 1], and the width of its pen in pixels of a digit of 20.

    Args:
        mask: Where there is ink, cropped to it.
        pen: Make a pen that is thinner or thicker than those of MNIST one of them.
    """
    zoom = SIDE / max(mask.shape)
    soft = scipy.ndimage.zoom(np.pad(mask.astype(np.float32), 1), zoom, order=1)
    large = np.pad(scipy.ndimage.gaussian_filter(soft, max(0.5, zoom / 3)), MARGIN) > 0.5
    inner = scipy.ndimage.distance_transform_edt(large)
    unit = SIDE / BOX
    # Across a stroke the distance to its edge rises evenly to half the width: its mean is a quarter.
    width = 4 * float((inner[large] - 0.5).mean()) / unit if large.any() else 0.0
    more = (min(max(width, PENS[0]), PENS[1]) - width) / 2 * unit if pen and width else 0.0
    distance = inner - scipy.ndimage.distance_transform_edt(~large)
    edge = np.where(large, distance - 0.5, distance + 0.5)  # from the border between two pixels
    ink: Floats = np.clip(edge + more + 0.5, 0, 1).astype(np.float32)
    return ink, width
