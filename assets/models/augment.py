"""Change handwriting as other hands, pens and pads would: NumPy only, the same bytes for a seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

CHUNK = 2_000  # images at a time, so that memory stays small
ROTATION = np.deg2rad(15.0)
SHEAR = 0.25
SCALE = (0.75, 1.15)
STRETCH = (0.85, 1.18)  # width against height
SHIFT = 2.5  # pixels
WOBBLE = 0.9  # pixels that a bent stroke leaves its course, standard deviation
KNOTS = 5  # places each way that are bent on their own
REDRAWN = 0.6  # share of the images that get another pen
FAINT = 0.2  # share of the images that get a faint one


def copies(images: Images, count: int, seed: int) -> Images:
    """The images themselves and `count` changed versions of each, one set after the other.

    Args:
        images: uint8 of shape (N, H, W, 1), bright strokes on black.
        count: Versions of each image, from 0.
        seed: The same seed gives the same versions.

    Returns:
        uint8 of shape ((count + 1) * N, H, W, 1).
    """
    random = np.random.default_rng(seed)
    return np.concatenate([images, *(augment(images, random) for _ in range(count))])


def augment(images: Images, random: np.random.Generator) -> Images:
    """One changed version of each image (N, H, W, 1): turned, sheared, scaled, bent, another pen."""
    changed = np.empty_like(images)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK, :, :, 0].astype(np.float32) / np.float32(255)
        part = redraw(warp(part, random), random)
        changed[start : start + CHUNK, :, :, 0] = np.rint(part * 255).astype(np.uint8)
    return changed


def warp(images: Field, random: np.random.Generator) -> Field:
    """Images (N, H, W) seen through a random affine map and a gently bent sheet."""
    count, height, width = images.shape
    matrix = _matrices(count, random)  # (N, 2, 2)
    middle = np.array([(height - 1) / 2, (width - 1) / 2], np.float32)
    grid = np.stack(np.mgrid[:height, :width], axis=-1).astype(np.float32) - middle  # (H, W, 2)
    shift = random.uniform(-SHIFT, SHIFT, (count, 1, 1, 2)).astype(np.float32)
    places = np.einsum("nij,hwj->nhwi", matrix, grid) + middle + shift
    places += np.stack([_bend(count, height, width, random) for _ in range(2)], axis=-1)
    return _sampled(images, places.astype(np.float32))


def redraw(images: Field, random: np.random.Generator) -> Field:
    """Images (N, H, W) with thicker, thinner, sharper or fainter strokes.

    A blurred stroke cut at a part of its own peak is thicker or thinner than before, has the even
    brightness of a pen on a pad, and never vanishes.
    """
    count = len(images)
    blurred, passes = images, random.integers(1, 4, count)
    for step in range(1, 4):
        blurred = np.where((passes >= step)[:, None, None], _blur(blurred), blurred)
    peak = np.maximum(blurred.max(axis=(1, 2), keepdims=True), np.float32(1e-3))
    level = random.uniform(0.2, 0.65, (count, 1, 1)).astype(np.float32)
    edge = random.uniform(0.15, 0.5, (count, 1, 1)).astype(np.float32)
    drawn = np.clip((blurred / peak - level) / edge + 0.5, 0, 1)
    drawn = np.where(random.random((count, 1, 1)) < REDRAWN, drawn, images)
    faint = random.uniform(0.35, 1.0, (count, 1, 1)).astype(np.float32)
    dimmed = np.where(random.random((count, 1, 1)) < FAINT, drawn * faint, drawn)
    return dimmed.astype(np.float32)


def _matrices(count: int, random: np.random.Generator) -> Field:
    """Maps (N, 2, 2) from where a pixel lies to where it is taken from; row before column."""
    angle = random.uniform(-ROTATION, ROTATION, count)
    shear = random.uniform(-SHEAR, SHEAR, count)
    scale = random.uniform(*SCALE, count)
    stretch = random.uniform(*STRETCH, count)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], axis=-2)
    lean = np.zeros((count, 2, 2))
    lean[:, 0, 0], lean[:, 1, 1], lean[:, 1, 0] = 1 / scale, 1 / (scale * stretch), shear
    return (turn @ lean).astype(np.float32)


def _bend(count: int, height: int, width: int, random: np.random.Generator) -> Field:
    """Smooth displacements (N, H, W) in pixels: random at a few knots, straight between them."""
    knots = random.normal(0, WOBBLE, (count, KNOTS, KNOTS)).astype(np.float32)
    rows, columns = _hats(height), _hats(width)  # (H, KNOTS), (W, KNOTS)
    return np.einsum("hk,nkl,wl->nhw", rows, knots, columns, optimize=True)


def _hats(pixels: int) -> Field:
    """How much each knot counts at each pixel, (pixels, KNOTS)."""
    places = np.linspace(0, KNOTS - 1, pixels)[:, None]
    return np.maximum(0, 1 - np.abs(places - np.arange(KNOTS))).astype(np.float32)


def _sampled(images: Field, places: Field) -> Field:
    """Values at places (N, H, W, 2) between the pixels of images (N, H, W), bilinear, black outside."""
    count, height, width = images.shape
    wide = width + 2
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1))).ravel()
    row = np.clip(places[..., 0] + np.float32(1), 0, np.float32(height + 0.999))
    column = np.clip(places[..., 1] + np.float32(1), 0, np.float32(width + 0.999))
    top, left = row.astype(np.int32), column.astype(np.int32)
    down, right = row - top, column - left  # 0 to 1
    corner = (
        top * wide + left + np.arange(count, dtype=np.int32)[:, None, None] * (height + 2) * wide
    )
    upper = padded[corner] * (1 - right) + padded[corner + 1] * right
    lower = padded[corner + wide] * (1 - right) + padded[corner + wide + 1] * right
    return (upper * (1 - down) + lower * down).astype(np.float32)


def _blur(images: Field) -> Field:
    """Images (N, H, W) with each pixel mixed with its neighbours, 1 : 2 : 1 each way."""
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    tall = (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4  # (N, H, W + 2)
    mixed: Field = (tall[:, :, :-2] + 2 * tall[:, :, 1:-1] + tall[:, :, 2:]) / 4
    return mixed
