"""Ink on paper, or an item on plain ground: what of a picture is neither."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy
from PIL import Image, ImageDraw

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

COARSE = 64  # longer side of the picture on which the ground is found, in pixels
WINDOW = 0.42  # of the longer side: what is ink must cover less than half of such a square
SMALLEST = {
    True: 0.06,
    False: 0.2,
}  # part of the picture that a bright, a dark sheet covers at least
LARGEST = 0.9
WRITTEN = 0.7  # part of the outline of a sheet that stays bare when it is written on
SQUARE = 0.9  # part of the smallest rectangle around it
LONG = 2.6  # times longer than wide
CONTRAST = 0.12  # between a sheet and the desk


@dataclass(frozen=True)
class Sheet:
    """A sheet of paper on a desk.

    Attributes:
        box: Top, left, height and width of its inside, in pixels.
        mask: Its inside within the box, of shape (height, width).
    """

    box: tuple[int, int, int, int]
    mask: Mask


def sheet(grey: Floats) -> Sheet | None:
    """The sheet on a desk, brighter or darker than the desk; None if the paper fills the picture.

    Args:
        grey: Brightness in [0, 1], of shape (H, W).
    """
    step = max(1, round(max(grey.shape) / (2 * COARSE)))
    small = scipy.ndimage.median_filter(scipy.ndimage.uniform_filter(grey, step)[::step, ::step], 5)
    level = sum(two_levels(small)) / 2
    for bright in (True, False):
        inside = _inside(small, (small > level) == bright, bright=bright)
        if inside is None:
            continue
        mask = inside.repeat(step, axis=0).repeat(step, axis=1)[: grey.shape[0], : grey.shape[1]]
        rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        left, right = int(columns[0]), int(columns[-1]) + 1
        return Sheet((top, left, bottom - top, right - left), mask[top:bottom, left:right])
    return None


def _inside(grey: Floats, side: Mask, *, bright: bool) -> Mask | None:
    """The inside of a sheet whose pixels are among `side`; None if that is no sheet."""
    region = _largest(scipy.ndimage.binary_opening(side, iterations=2))
    bare = int(region.sum())
    region = scipy.ndimage.binary_fill_holes(region)
    least = SMALLEST[bright]
    if not least < region.mean() < LARGEST or _on_border(region) > 0.1:
        return None
    outline, corners = _outline(region)
    if bare < WRITTEN * outline.sum():  # a ring or a stroke of ink
        return None
    height, width = _rectangle(corners)
    if outline.sum() < SQUARE * height * width or max(height, width) > LONG * min(height, width):
        return None
    outside = ~scipy.ndimage.binary_dilation(outline, iterations=2)
    if not outside.any() or abs(np.median(grey[region]) - np.median(grey[outside])) < CONTRAST:
        return None
    inside: Mask = scipy.ndimage.binary_erosion(outline, iterations=2)
    return inside if inside.any() else None


def ground(grey: Floats, mask: Mask | None = None) -> Floats:
    """Brightness of the paper at each pixel, from the median of its wide surroundings.

    Args:
        grey: Brightness in [0, 1], of shape (H, W).
        mask: Where there is paper; None for everywhere.
    """
    if mask is not None and not mask.all():
        # What is no paper gets the brightness of the paper nearest to it.
        nearest = scipy.ndimage.distance_transform_edt(
            ~mask, return_distances=False, return_indices=True
        )
        grey = grey[tuple(nearest)]
    step = max(grey.shape) / COARSE
    size = [max(3, round(side / step)) for side in grey.shape]
    small = np.asarray(
        Image.fromarray(grey).resize((size[1], size[0]), Image.Resampling.BOX), np.float32
    )
    window = round(WINDOW * COARSE) | 1
    paper = scipy.ndimage.median_filter(small, window, mode="nearest")
    smooth = np.asarray(
        Image.fromarray(paper).resize(grey.shape[::-1], Image.Resampling.BILINEAR), np.float32
    )
    return np.maximum(smooth, np.float32(1 / 255))


def two_levels(values: Floats) -> tuple[float, float]:
    """The darker and the brighter of the two levels that values gather around, by k-means."""
    from scipy.cluster.vq import kmeans

    flat = values.ravel().astype(np.float64)
    ends = np.array([[flat.min()], [flat.max()]])
    if ends[0] == ends[1]:
        return float(ends[0, 0]), float(ends[1, 0])
    centres, _ = kmeans(flat[:, np.newaxis], ends)
    return float(centres.min()), float(centres.max())


def _largest(mask: Mask) -> Mask:
    labels, count = scipy.ndimage.label(mask)
    if not count:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest: Mask = labels == sizes.argmax()
    return largest


def _on_border(region: Mask) -> float:
    """Part of the picture's border that a region covers."""
    edges = [region[0], region[-1], region[1:-1, 0], region[1:-1, -1]]
    return float(np.concatenate(edges).mean())


def _outline(region: Mask) -> tuple[Mask, Floats]:
    """The convex outline of a region, filled, and its corners (N, 2) as row and column."""
    from scipy.spatial import ConvexHull

    points = np.argwhere(region & ~scipy.ndimage.binary_erosion(region))
    corners = points[ConvexHull(points).vertices]
    picture = Image.new("L", region.shape[::-1])
    ImageDraw.Draw(picture).polygon([(x, y) for y, x in corners.tolist()], fill=1, outline=1)
    return np.asarray(picture) > 0, corners.astype(np.float32)


def _rectangle(corners: Floats) -> tuple[float, float]:
    """The sides of the smallest rectangle around a convex outline: one of its sides is one of theirs."""
    edges = np.roll(corners, -1, axis=0) - corners
    edges /= np.linalg.norm(edges, axis=1, keepdims=True)
    normals = edges[:, ::-1] * np.array([1, -1])
    extents = np.stack([np.ptp(corners @ axis.T, axis=0) + 1 for axis in (edges, normals)], axis=1)
    height, width = extents[extents.prod(axis=1).argmin()]
    return float(height), float(width)
