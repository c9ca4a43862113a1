"""Shape, type, range and memory of an image and of a batch on its way into a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ArrayFacts:
    """Shape, type, range and memory of an array.

    Attributes:
        code: The expression that makes the array.
        shape: Its shape.
        dtype: Name of the type of its values.
        low: Smallest value.
        high: Largest value.
        nbytes: Memory of its values, in bytes.
    """

    code: str
    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float
    nbytes: int

    @classmethod
    def of(cls, code: str, values: npt.NDArray[Any]) -> ArrayFacts:
        """The facts of an array that is not empty."""
        low, high = values.min().item(), values.max().item()
        return cls(code, values.shape, values.dtype.name, low, high, values.nbytes)


def as_numbers(image: Pixels) -> tuple[ArrayFacts, ArrayFacts]:
    """The image in bytes from 0 to 255, and in floats from 0 to 1."""
    scaled = image.astype("float32") / 255
    return ArrayFacts.of("image", image), ArrayFacts.of('image.astype("float32") / 255', scaled)


def for_keras(image: Pixels) -> tuple[ArrayFacts, ...]:
    """The steps from an image to a batch of one as Keras takes it, of shape (1, H, W, C).

    A grey image (H, W) gets an axis for its channel; of a transparent one (H, W, 4) the colours stay.
    """
    steps = [("image", image)]
    if image.ndim == 2:
        steps.append(("image[..., np.newaxis]", image[..., np.newaxis]))  # (H, W) -> (H, W, 1)
    elif image.shape[2] == 4:
        steps.append(("image[..., :3]", image[..., :3]))  # (H, W, 4) -> (H, W, 3)
    code, last = steps[-1]
    steps.append((f"{code}[np.newaxis]", last[np.newaxis]))  # (H, W, C) -> (1, H, W, C)
    return tuple(ArrayFacts.of(code, values) for code, values in steps)


def batch_steps(x: Pixels) -> tuple[ArrayFacts, ...]:
    """A batch of greyscale images, step by step on its way into a network.

    Args:
        x: uint8 of shape (N, H, W).
    """
    height, width = x.shape[1:]
    reshape = f"x.reshape((-1, {height}, {width}, 1))"
    batch = x.reshape((-1, height, width, 1))
    steps: dict[str, npt.NDArray[Any]] = {
        "x": x,
        reshape: batch,
        f"{reshape} / 255": batch / 255,
        f'{reshape}.astype("float32") / 255': batch.astype("float32") / 255,
    }
    return tuple(ArrayFacts.of(code, values) for code, values in steps.items())


def edge(image: np.ndarray, side: int) -> tuple[int, int]:
    """Row and column of the window of that side around the sharpest edge, the one nearest to the middle.

    Args:
        image: Values of shape (H, W) or (H, W, C).
        side: Of the window, in pixels; it is kept inside the image.
    """
    grey = image.astype(np.float32)
    if grey.ndim == 3:
        grey = grey[..., :3].mean(axis=-1)
    height, width = grey.shape
    jump = np.zeros((height, width), np.float32)
    jump[:, 1:] = np.abs(np.diff(grey, axis=1))
    jump[1:] = np.maximum(jump[1:], np.abs(np.diff(grey, axis=0)))
    rows, columns = np.nonzero(jump >= 0.98 * jump.max())
    nearest = int(((rows - height / 2) ** 2 + (columns - width / 2) ** 2).argmin())
    places = zip((int(rows[nearest]), int(columns[nearest])), (height, width), strict=True)
    top, left = (max(0, min(at - side // 2, length - side)) for at, length in places)
    return top, left
