"""Which ink belongs together, and whether it can be a digit: the rules for photographs and for the pad.

`assets/pad/marks.js` applies the same rules to a pad in the browser, with the numbers of `LIMITS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

Mask = npt.NDArray[np.bool_]
Canvas = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Top, left, bottom and right, in pixels; the last two are the first beyond it."""
Group = tuple[tuple[int, ...], Box]
"""Labels of the connected parts of one mark, and the box around them."""
Verdict = Literal["one", "several", "touching", "nothing", "crowded"]


@dataclass(frozen=True)
class Limits:
    """Numbers of the rules; lengths are fractions of the longer side of a mark unless they say otherwise.

    Attributes:
        dark: Part of full ink; what is paler is no part of a mark on a pad.
        least: Part of a pad's side; a mark that is smaller is a dot.
        speck: Part of the largest connected part's area; what is smaller is a speck.
        flat: Width over height of a dash.
        small: Part of the largest mark's longer side; what is smaller is no digit of its own.
        most: Digits in a picture; where there are more marks, there is something else.
        gap: Largest gap between parts of one digit that lie above one another.
        hat: Part of the narrower one's width that two parts overlap by, with a gap between them.
        beside: The same without a gap: digits that lean side by side overlap a little.
        near: Largest gap between parts of one digit wherever they lie.
        blot: Ink over the square of the longer side; more is a dot.
        row_strokes: Strokes that a row of a digit crosses on average, at most.
        column_strokes: Strokes that a column crosses on average, at most.
        holes: Holes in a digit, at most.
        hole: Least area of a hole, over the square of the longer side.
        wide: Width over height from which a mark may be two digits that touch.
        very_wide: The same wherever they touch.
        middle: Part of the width on both sides in which two digits cannot touch.
        tall: Height of each of two digits, over that of both together, at least.
    """

    dark: float = 0.5
    least: float = 0.11
    speck: float = 0.02
    flat: float = 3.5
    small: float = 0.35
    most: int = 8
    gap: float = 0.25
    hat: float = 0.25
    beside: float = 0.4
    near: float = 0.04
    blot: float = 0.62
    row_strokes: float = 2.1
    column_strokes: float = 3.4
    holes: int = 2
    hole: float = 0.002
    wide: float = 1.05
    very_wide: float = 1.7
    middle: float = 0.25
    tall: float = 0.6


LIMITS = Limits()
ALL = slice(None)


@dataclass(frozen=True, eq=False)
class Marks:
    """What a pad holds.

    Attributes:
        verdict: "one", "several", "touching", "nothing" or "crowded".
        canvases: uint8 (H, W) with a digit each, from left to right; of digits that touch first both
            together.
    """

    verdict: Verdict
    canvases: tuple[Canvas, ...]


def groups_in(boxes: Mapping[int, Box]) -> list[Group]:
    """Connected parts as marks from left to right, without what is far smaller, and without dashes.

    Args:
        boxes: Around each part, by its label.
    """
    groups = _large(_together([((number,), box) for number, box in boxes.items()]))
    return sorted(groups, key=lambda group: group[1][1])


def _together(groups: list[Group]) -> list[Group]:
    """Groups that are parts of one digit as one: over one another, or almost touching."""
    for first in range(len(groups)):
        for second in range(first + 1, len(groups)):
            if _belong(groups[first][1], groups[second][1]):
                (a, box), (b, other) = groups[first], groups[second]
                joined = (
                    min(box[0], other[0]), min(box[1], other[1]),
                    max(box[2], other[2]), max(box[3], other[3]),
                )  # fmt: skip
                rest = [g for at, g in enumerate(groups) if at not in {first, second}]
                return _together([*rest, ((*a, *b), joined)])
    return groups


def _belong(first: Box, second: Box) -> bool:
    down = max(first[0], second[0]) - min(first[2], second[2])  # gap; negative is overlap
    across = max(first[1], second[1]) - min(first[3], second[3])
    size = max(*_size(first), *_size(second))
    narrower = min(first[3] - first[1], second[3] - second[1])
    overlap = LIMITS.hat if down > 0 else LIMITS.beside
    above = -across >= overlap * narrower and down <= LIMITS.gap * size
    return above or (across <= LIMITS.near * size and down <= LIMITS.near * size)


def _size(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]


def _large(groups: list[Group]) -> list[Group]:
    """Without what is far smaller than the largest, a full stop or a stain, and without dashes."""
    groups = [group for group in groups if _size(group[1])[1] < LIMITS.flat * _size(group[1])[0]]
    largest = max((max(_size(box)) for _, box in groups), default=0)
    return [group for group in groups if max(_size(group[1])) >= LIMITS.small * largest]


def can_be_digit(mask: Mask) -> bool:
    """Whether ink, cropped to it, is neither a dot nor a scribble."""
    height, width = mask.shape
    square = max(height, width) ** 2
    if int(mask.sum()) > LIMITS.blot * square:
        return False
    rows = int((mask & ~np.pad(mask, ((0, 0), (1, 0)))[:, :-1]).sum())
    columns = int((mask & ~np.pad(mask, ((1, 0), (0, 0)))[:-1]).sum())
    if rows > LIMITS.row_strokes * height or columns > LIMITS.column_strokes * width:
        return False
    labels, _ = scipy.ndimage.label(~np.pad(mask, 1))
    areas = np.bincount(labels.ravel())[2:]  # 0 is ink, 1 what is around it
    return int((areas >= LIMITS.hole * square).sum()) <= LIMITS.holes


def touching_at(mask: Mask) -> int | None:
    """The column at which two digits touch, in ink cropped to it; None if it is one digit.

    It is the column with the least ink among those around the middle. Where the ink is not much wider
    than high, a single stroke must cross it.
    """
    height, width = mask.shape
    if width <= LIMITS.wide * height or int(mask.sum()) > LIMITS.blot * width * width:  # or a dot
        return None
    edge = int(LIMITS.middle * width)
    ink = mask[:, edge : width - edge].sum(axis=0)
    at = edge + int(ink.argmin())
    if width <= LIMITS.very_wide * height:
        column = mask[:, at]
        if int((column & ~np.pad(column, (1, 0))[:-1]).sum()) > 1:
            return None
    for half in (mask[:, :at], mask[:, at:]):
        inked = np.flatnonzero(half.any(axis=1))
        if len(inked) == 0 or int(inked[-1] - inked[0] + 1) < LIMITS.tall * height:
            return None
        if not can_be_digit(cropped(half)):
            return None
    return at


def digits_at(mask: Mask) -> list[slice]:
    """The columns of each digit in one mark, cropped to it: none, all of them, or two parts.

    `slice(None)` is all of them.
    """
    at = touching_at(mask)
    if at is not None:
        return [slice(None, at), slice(at, None)]
    return [ALL] if can_be_digit(mask) else []


def verdict_of(count: int) -> Verdict:
    """What so many digits are."""
    if not 0 < count <= LIMITS.most:
        return "crowded" if count else "nothing"
    return "one" if count == 1 else "several"


def cropped(mask: Mask) -> Mask:
    """The same without the empty rows and columns around it; some of it must be ink."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def on_pad(canvas: Canvas) -> Marks:
    """The digits on a pad.

    Args:
        canvas: uint8 (H, W), ink bright on black.
    """
    most = int(canvas.max(initial=0))
    mask: Mask = (canvas > LIMITS.dark * most) if most else np.zeros(canvas.shape, np.bool_)
    labels, count = scipy.ndimage.label(mask, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    boxes = {
        number: (rows.start, columns.start, rows.stop, columns.stop)
        for number, (rows, columns) in enumerate(scipy.ndimage.find_objects(labels), start=1)
        if areas[number - 1] >= LIMITS.speck * areas.max()
    }
    least = LIMITS.least * max(canvas.shape)
    groups = [group for group in groups_in(boxes) if max(_size(group[1])) >= least]
    whole = len(groups) == 1 and len(groups[0][0]) == count
    canvases: list[Canvas] = []
    for members, box in groups:
        alone = canvas if whole else _alone(canvas, labels, members)
        columns = digits_at(np.isin(labels[box[0] : box[2], box[1] : box[3]], members))
        if len(groups) == 1 and len(columns) == 2:
            canvases.append(alone)
        canvases += [_between(alone, box[1], part) for part in columns]
    touching = len(groups) == 1 and len(canvases) > 1
    verdict = "touching" if touching else verdict_of(len(canvases))
    return Marks(verdict, () if verdict == "crowded" else tuple(canvases))


def _between(canvas: Canvas, left: int, part: slice) -> Canvas:
    """The canvas with that part of a mark that begins at column `left`."""
    if part == ALL:
        return canvas
    kept = canvas.copy()
    if part.stop is not None:
        kept[:, left + part.stop :] = 0
    if part.start is not None:
        kept[:, : left + part.start] = 0
    return kept


def _alone(canvas: Canvas, labels: npt.NDArray[np.int32], members: tuple[int, ...]) -> Canvas:
    """The canvas with those parts and their soft edges alone."""
    own = np.isin(labels, members)
    near = scipy.ndimage.binary_dilation(own, np.ones((3, 3)))
    return np.where(own | (near & (labels == 0)), canvas, 0).astype(np.uint8)
