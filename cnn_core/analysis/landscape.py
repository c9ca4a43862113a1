"""The loss landscape: a plane through the weights of a network, and a grid of points on it. NumPy only.

A plane is a centre, the weights that were kept, and two directions in the space of all weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]
"""Kernels and biases by "conv1/kernel", "conv1/bias" and so on."""

KINDS = ("path", "random")
"""The plane of a path's two main directions; one of two random directions."""
GRIDS = (15, 25)
"""Points each way that can be asked for."""
IMAGES = (250, 1_000)
"""Images that the loss can be asked of."""
PARTS = ("val", "train")
SEEDS = range(5)
LEAST_EPOCHS = 3
"""Two directions need three points."""
MARGIN = 0.25  # of the path's extent, on each side
SMALLEST = 1e-6


@dataclass(frozen=True, slots=True)
class Directions:
    """Two directions (2, D), and the share of the path's variance along each (2,)."""

    axes: Floats
    share: Floats


def flat(weights: Weights, names: Sequence[str]) -> Floats:
    """The named weights one after another, (D,)."""
    return np.concatenate([np.ravel(weights[name]) for name in names]).astype(np.float32)


def unflat(vector: Floats, like: Weights, names: Sequence[str]) -> dict[str, Floats]:
    """The inverse of `flat`; weights that are not named are 0."""
    parts = {name: np.zeros_like(array, np.float32) for name, array in like.items()}
    start = 0
    for name in names:
        stop = start + like[name].size
        parts[name] = vector[start:stop].reshape(like[name].shape)
        start = stop
    return parts


def main_directions(path: Floats) -> Directions:
    """The first two principal components of a path through the space of weights.

    The components come from the products of the points with each other, as there are far fewer points
    than weights. Each points to the side on which the path ends.

    Args:
        path: Points of shape (N, D), one for each epoch, N at least 3.

    Raises:
        ValueError: If there are fewer points, or they do not span two directions.

    References: Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets",
        NeurIPS 2018, section 7.
    """
    if len(path) < LEAST_EPOCHS:
        raise ValueError(f"A plane needs {LEAST_EPOCHS} points. Received {len(path)}.")
    offsets = path - path.mean(axis=0)
    products = (offsets @ offsets.T).astype(np.float64)
    if not np.isfinite(products).all():
        raise ValueError("The points span directions that are beyond all numbers.")
    values, vectors = np.linalg.eigh(products)
    first = values[::-1][:2]
    if first[1] <= SMALLEST * max(first[0], SMALLEST):
        raise ValueError("The points do not span two directions.")
    axes = vectors[:, ::-1][:, :2].T.astype(np.float32) @ offsets  # (2, N) @ (N, D)
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    signs = np.where(axes @ (path[-1] - path[0]) < 0, -1, 1).astype(np.float32)
    share = first / np.maximum(values, 0).sum()
    return Directions(axes * signs[:, np.newaxis], share.astype(np.float32))


def projected(path: Floats, centre: Floats, axes: Floats) -> Floats:
    """Where the points (N, D) of a path fall on the plane through the centre (D,): (N, 2)."""
    return ((path - centre) @ axes.T).astype(np.float32)


def filter_normalised(weights: Weights, random: np.random.Generator) -> dict[str, Floats]:
    """A random direction in which every filter is as long as the filter of the network.

    A filter is what makes one output: a kernel (kh, kw, c_in) of a convolution, a column of a dense layer.
    Biases do not move.

    Args:
        weights: Of the network; the last axis of a kernel counts its filters.
        random: Draws the direction.

    References: Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets",
        NeurIPS 2018, section 4.
    """
    direction = {}
    for name, kernel in weights.items():
        drawn = random.standard_normal(kernel.shape).astype(np.float32)
        if kernel.ndim < 2:
            direction[name] = np.zeros_like(drawn)
            continue
        axes = tuple(range(kernel.ndim - 1))
        lengths = np.sqrt((drawn**2).sum(axis=axes))
        wanted = np.sqrt((kernel.astype(np.float32) ** 2).sum(axis=axes))
        direction[name] = drawn * (wanted / np.maximum(lengths, SMALLEST))
    return direction


def grid(points: Floats, count: int) -> tuple[Floats, Floats]:
    """Coordinates of the grid along both axes, (count,) each: around all points, with 0 among them.

    Args:
        points: Places on the plane (N, 2), the centre (0, 0) beside them.
        count: Of coordinates each way, one of `GRIDS`.

    Raises:
        ValueError: If `count` is not one of them.
    """
    if count not in GRIDS:
        raise ValueError(f"count must be one of {GRIDS}. Received count={count!r}.")
    around = np.vstack([points, np.zeros((1, 2), np.float32)])
    low, high = around.min(axis=0), around.max(axis=0)
    margin = MARGIN * max(float((high - low).max()), SMALLEST)
    axes = []
    for axis in range(2):
        values = np.linspace(low[axis] - margin, high[axis] + margin, count)
        axes.append((values - values[np.abs(values).argmin()]).astype(np.float32))
    return axes[0], axes[1]


def check_question(kind: str, images: int, part: str, seed: int) -> None:
    """Raise `ValueError` if a landscape cannot be asked for so."""
    for name, value, allowed in (
        ("kind", kind, KINDS), ("images", images, IMAGES), ("part", part, PARTS), ("seed", seed, SEEDS),
    ):  # fmt: skip
        if value not in allowed:
            raise ValueError(f"{name} must be one of {tuple(allowed)}. Received {name}={value!r}.")
