"""What answers of several parts hold: dicts of arrays, by name."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy.typing as npt

Array = npt.NDArray[Any]
Maps = dict[str, Array]
Explanations = dict[str, Any]
Examples = tuple[Array, Array, Array]


class Marked(TypedDict):
    """Images (n, H, W, C), their labels (n,), and where in its map a filter responds most to each (n, 2)."""

    images: Array
    labels: Array
    places: Array


class Pattern(TypedDict):
    """Patterns (n, H, W, C) in [0, 1], and what the filter answered after each step (n, steps + 1)."""

    patterns: Array
    activations: Array


class Verdict(TypedDict):
    """A confusion matrix (K, K) of some test images, all test images, and which data: "sample" or "full"."""

    matrix: Array
    total: int
    size: str


class Ablation(TypedDict):
    """Images lost and gained without each filter (n,); images that are correct with all, and all images."""

    lost: Array
    gained: Array
    correct: Array
    images: Array


class Axes(TypedDict):
    """Images on two principal axes, points (N, 2), and the share of all variance along each (2,)."""

    points: Array
    explained: Array


class Path(TypedDict):
    """Epochs (N,) of a training, and where their weights fall on a plane (N, 2)."""

    epochs: Array
    points: Array


class Plane(TypedDict):
    """A plane through the weights, as `cnn_core.engine.landscape.plane` says."""

    kind: str
    x: Array
    y: Array
    parameters: int
    share: Array
    paths: list[Path]
