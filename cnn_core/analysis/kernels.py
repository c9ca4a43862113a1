"""Statistics of kernels: mean and spread, near-duplicate filters, the images that activate them most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

ALIKE = 0.95  # cosine similarity from which two kernels count as near-duplicates
SATURATED = 0.5  # share of outputs at an end of the range from which a filter counts as saturated

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation of some weights."""

    shape: tuple[int, ...]
    mean: float
    std: float

    @classmethod
    def of(cls, weights: Array) -> Spread:
        """Of all values of an array that is not empty."""
        return cls(weights.shape, float(weights.mean()), float(weights.std()))


@dataclass(frozen=True, slots=True)
class Glorot:
    """The uniform distribution that a kernel is drawn from before training.

    Attributes:
        fan_in: Inputs of one output: kh × kw × c_in.
        fan_out: Outputs that one input contributes to: kh × kw × c_out.

    References: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", 2010.
    """

    fan_in: int
    fan_out: int

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> Glorot:
        """For kernels of shape (kh, kw, c_in, c_out)."""
        *window, channels, filters = shape
        return cls(prod(window) * channels, prod(window) * filters)

    @property
    def limit(self) -> float:
        """Largest absolute value of an initial weight."""
        return sqrt(6 / (self.fan_in + self.fan_out))

    @property
    def std(self) -> float:
        """Standard deviation of the distribution."""
        return sqrt(2 / (self.fan_in + self.fan_out))


@dataclass(frozen=True, slots=True)
class Twin:
    """Two filters, counted from 0, and the cosine similarity of their kernels, -1 to 1."""

    first: int
    second: int
    cosine: float


@dataclass(frozen=True, slots=True)
class TopImages:
    """The images that activate a layer's filters most, best first.

    Attributes:
        images: How many images there were.
        peak: Strongest output of each filter on any image (F,).
        saturated: Share of all outputs of each filter at an end of its range (F,).
        rows: Which images (k, F).
        values: Their strongest outputs (k, F).
    """

    images: int
    peak: Array
    saturated: Array
    rows: Array
    values: Array


def channel_view(kernel: Array, channel: int | None) -> Array:
    """Kernels (kh, kw, c_in, c_out) as pictures (c_out, kh, kw): of one input channel, or the mean of all."""
    flat = kernel.mean(axis=2) if channel is None else kernel[:, :, channel]
    return np.moveaxis(flat, -1, 0)  # (kh, kw, c_out) -> (c_out, kh, kw)


def twins(kernel: Array, alike: float = ALIKE) -> list[Twin]:
    """Pairs of filters whose kernels have a cosine similarity of at least `alike`, most alike first.

    A kernel of zeros is similar to none.

    Args:
        kernel: Kernels (kh, kw, c_in, c_out).
        alike: Least cosine similarity.
    """
    cosines = _cosines(kernel)
    firsts, seconds = np.nonzero(cosines >= alike)
    pairs = zip(firsts.tolist(), seconds.tolist(), cosines[firsts, seconds].tolist(), strict=True)
    return sorted((Twin(*pair) for pair in pairs), key=lambda twin: -twin.cosine)


def most_alike(kernel: Array) -> Twin | None:
    """The two filters that are most alike, however little; None if there is only one."""
    cosines = _cosines(kernel)
    first, second = (int(place) for place in np.unravel_index(cosines.argmax(), cosines.shape))
    return None if first == second else Twin(first, second, float(cosines[first, second]))


def _cosines(kernel: Array) -> Array:
    """Cosine similarity of every two filters (c_out, c_out), each pair once; -inf elsewhere."""
    vectors = kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)  # (kh*kw*c_in, c_out)
    lengths = np.linalg.norm(vectors, axis=0)
    unit = vectors / np.where(lengths > 0, lengths, np.inf)
    pairs = np.triu(np.ones((kernel.shape[-1],) * 2, bool), k=1)
    return np.where(pairs, unit.T @ unit, -np.inf)


def top_images(chunks: Iterable[tuple[Array, Array]], count: int = 9) -> TopImages:
    """Merge the responses of a layer's filters to one chunk of images after another.

    Args:
        chunks: Of each chunk of images, in order: strongest outputs (n, F), saturated shares (F,).
        count: How many images to keep for each filter; of equals the earlier one.

    Raises:
        ValueError: If there is no image.
    """
    parts = list(chunks)
    peaks = np.concatenate([peak for peak, _ in parts])  # (N, F)
    if not len(peaks):
        raise ValueError("No image.")
    rows = np.argsort(-peaks, axis=0, kind="stable")[:count]
    saturated_shares = np.stack([share for _, share in parts])
    images = np.array([len(peak) for peak, _ in parts])
    return TopImages(
        images=len(peaks),
        peak=peaks.max(axis=0),
        saturated=np.average(saturated_shares, axis=0, weights=images),
        rows=rows,
        values=np.take_along_axis(peaks, rows, axis=0),
    )


def dead(top: TopImages) -> list[int]:
    """Filters whose output is 0 on every image; after ReLU they contribute nothing."""
    return np.flatnonzero(top.peak <= 0).tolist()


def saturated(top: TopImages, share: float = SATURATED) -> list[int]:
    """Filters with at least that share of their outputs at an end of the range."""
    return np.flatnonzero(top.saturated >= share).tolist()
