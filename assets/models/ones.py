"""Ones with an upstroke as they are written in continental Europe: NumPy only, the same bytes for a seed.

MNIST, written in the United States, has few of them. Each is drawn as strokes on a pad and prepared as on the
draw page. None has an upstroke that is nearly level, as the bar of a seven is.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cnn_core.drawing import to_model_input

Points = npt.NDArray[np.float64]

SIDE = 112  # of the pad, in pixels
LENGTH = (0.15, 0.7)  # of the upstroke, in heights of the stem
BETWEEN = np.deg2rad((22.0, 55.0))  # the angle between upstroke and stem
RISE = np.deg2rad(42.0)  # the least angle between upstroke and the line of writing
LEAN = np.deg2rad((-12.0, 25.0))  # of the stem, to the right
HEIGHT = (0.45, 0.8)  # of the stem, in sides of the pad
PEN = (0.05, 0.17)  # width of the stroke, in heights of the stem
BEND = 0.06  # how far a stroke bends, in heights of the stem, standard deviation
FOOT = 0.1  # share of the ones with a line below
POINTS = 7  # of each stroke


def ones(count: int, seed: int) -> npt.NDArray[np.uint8]:
    """So many ones, each with an upstroke of its own.

    Args:
        count: How many.
        seed: The same seed gives the same ones.

    Returns:
        uint8 of shape (count, 28, 28, 1), bright strokes on black, as MNIST has them.
    """
    random = np.random.default_rng(seed)
    return np.stack([_prepared(random) for _ in range(count)])


def upstroke(random: np.random.Generator) -> tuple[float, float]:
    """Lean of the stem and angle between it and the upstroke, in radians, steep enough for a one."""
    while True:
        lean, between = random.uniform(*LEAN), random.uniform(*BETWEEN)
        if np.pi / 2 - lean - between >= RISE:
            return lean, between


def _prepared(random: np.random.Generator) -> npt.NDArray[np.uint8]:
    height = random.uniform(*HEIGHT) * SIDE
    pen = random.uniform(*PEN) * height
    prepared = to_model_input(drawn(strokes(random), height, pen), "bright")
    assert prepared is not None
    return np.rint(prepared * 255).astype(np.uint8)


def strokes(random: np.random.Generator) -> list[Points]:
    """The strokes of a one, as points (x, y) with x right and y down; its stem is 1 long."""
    lean, between = upstroke(random)
    top, foot = np.array([np.sin(lean), -np.cos(lean)]), np.zeros(2)
    angle = lean + between
    start = top + random.uniform(*LENGTH) * np.array([-np.sin(angle), np.cos(angle)])
    lines = [_bent(start, top, random), _bent(top, foot, random)]
    if random.random() < FOOT:
        left, right = random.uniform(0.1, 0.35, 2)
        lines.append(_bent(np.array([-left, 0.0]), np.array([right, 0.0]), random))
    return lines


def _bent(start: Points, end: Points, random: np.random.Generator) -> Points:
    """Points of a stroke that is bent to one side."""
    along = np.linspace(0, 1, POINTS)[:, None]
    aside = (end - start)[::-1] * (1, -1)
    return start + along * (end - start) + random.normal(0, BEND) * 4 * along * (1 - along) * aside


def drawn(lines: list[Points], height: float, pen: float) -> npt.NDArray[np.uint8]:
    """The strokes on a pad of (SIDE, SIDE): the share of ink in each pixel, 0 to 255.

    Args:
        lines: Points (x, y) of each stroke, in stems.
        height: Of the stem, in pixels.
        pen: Width of the strokes, in pixels.
    """
    corners = np.concatenate(lines)
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    distance = np.full((SIDE, SIDE), np.inf)
    for line in lines:
        points = (line - middle) * height + SIDE / 2
        for (x0, y0), (x1, y1) in pairwise(points):
            dx, dy = x1 - x0, y1 - y0
            along = np.clip(((columns - x0) * dx + (rows - y0) * dy) / (dx * dx + dy * dy), 0, 1)
            distance = np.minimum(
                distance, np.hypot(columns - x0 - along * dx, rows - y0 - along * dy)
            )
    return np.rint(255 * np.clip(pen / 2 + 0.5 - distance, 0, 1)).astype(np.uint8)
