"""Convolution and pooling in NumPy, as Keras computes them, whole and one step at a time.

Images have shape (H, W, C), kernels (kh, kw, Cin, Cout). For one image a forward pass takes a few
milliseconds and no TensorFlow, so pages can show it while no worker is up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import erf, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_core.arithmetic import layer_table, output_side
from cnn_core.config import ModelConfig

Array = npt.NDArray[Any]

NUDGE = 1e-5  # half the distance of the two sums in a difference quotient
LEAK = 0.2  # gradient of Keras' leaky_relu below zero
_ERF = np.vectorize(erf, otypes=[np.float64])

ACTIVATE: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, LEAK * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: (x * (1 + _ERF(x / sqrt(2))) / 2).astype(x.dtype),
    "tanh": np.tanh,
    "sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
}
"""Each of `config.ACTIVATIONS` as a function of an array of floats."""

KERNELS: dict[str, tuple[tuple[float, ...], ...]] = {
    "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
    "blur": tuple((w / 16, 2 * w / 16, w / 16) for w in (1, 2, 1)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "vertical": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "horizontal": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
}
"""Kernels of image processing by name: the blur is a small Gaussian, the edges are those of Sobel."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Output size and padding of a window that slides over an image.

    Attributes:
        output: Height and width of the result.
        top, bottom, left, right: Rows and columns of padding.
        unread: Rows at the bottom and columns at the right, of the padded image, that no window
            covers because another step would leave the image.
    """

    output: tuple[int, int]
    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0
    unread: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """The calculation of one value of a convolution.

    Attributes:
        top, left: Place of the window in the image, in pixels; negative where it begins in the padding.
        patch: Pixels under the window, shape (kh, kw, Cin).
        products: Patch times kernel, shape (kh, kw, Cin).
        partial: Sum of the products of each channel, shape (Cin,).
        bias: Added to the sum of all channels.
        total: The value before the activation.
    """

    top: int
    left: int
    patch: Array
    products: Array
    partial: Array
    bias: float
    total: float


def layout(
    sides: tuple[int, int],
    window: tuple[int, int],
    *,
    stride: int = 1,
    padding: str | int = "same",
) -> Layout:
    """Output size, padding and remainder of a window on an image.

    With "same", Keras puts the odd row or column of padding at the bottom and at the right.

    Args:
        sides: Height and width of the image, in pixels.
        window: Height and width of the window, in pixels.
        stride: Step of the window, in pixels.
        padding: "same", "valid", or so many zeros on each side.

    Raises:
        ValueError: If the padding has another name or is below 0, another number is below 1, or the
            window does not fit.

    References: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
    """
    if isinstance(padding, int):
        return _padded_layout(sides, window, stride, padding)
    if padding not in {"same", "valid"}:
        raise ValueError(f"padding must be 'same' or 'valid'. Received padding={padding!r}.")
    if min(*sides, *window, stride) < 1:
        raise ValueError(f"Sizes must be at least 1. Received {sides=}, {window=}, {stride=}.")
    pairs = list(zip(sides, window, strict=True))
    out = [output_side(side, size, stride, padding) for side, size in pairs]
    if 0 in out:
        raise ValueError(f"The window must fit on the image. Received {sides=}, {window=}.")
    reach = [(places - 1) * stride + size for places, (_, size) in zip(out, pairs, strict=True)]
    total = [max(0, need - side) for need, side in zip(reach, sides, strict=True)]
    return Layout(
        output=(out[0], out[1]),
        top=total[0] // 2,
        bottom=total[0] - total[0] // 2,
        left=total[1] // 2,
        right=total[1] - total[1] // 2,
        unread=(max(0, sides[0] - reach[0]), max(0, sides[1] - reach[1])),
    )


def _padded_layout(
    sides: tuple[int, int], window: tuple[int, int], stride: int, padding: int
) -> Layout:
    """The layout on an image with so many rows and columns of zeros on each side."""
    if padding < 0:
        raise ValueError(f"padding must be at least 0. Received {padding=}.")
    wider = sides[0] + 2 * padding, sides[1] + 2 * padding
    inner = layout(wider, window, stride=stride, padding="valid")
    return Layout(inner.output, padding, padding, padding, padding, inner.unread)


def conv2d(
    image: Array,
    kernels: Array,
    bias: Array | None = None,
    *,
    stride: int = 1,
    padding: str = "same",
) -> Array:
    """Output of a Conv2D layer before its activation.

    As in every deep learning library the kernel is not flipped: in mathematics this is a
    cross-correlation.

    Args:
        image: Image of shape (H, W, Cin).
        kernels: Kernels of shape (kh, kw, Cin, Cout).
        bias: One value per filter, shape (Cout,); zeros if None.
        stride: Step of the window, in pixels.
        padding: "same" or "valid".

    Returns:
        Feature maps of shape (H', W', Cout), float32 unless an argument is float64.

    Raises:
        ValueError: If the shapes do not go together or the window does not fit.
    """
    kh, kw, channels, filters = _shape(kernels, 4, "kernels")
    windows = _windows(image, (kh, kw), channels, stride, padding, 0)
    sums = np.tensordot(windows, _float(kernels), axes=([3, 4, 2], [0, 1, 2]))  # (H', W', Cout)
    if bias is None:
        return sums
    if np.shape(bias) != (filters,):
        raise ValueError(f"bias must have shape ({filters},). Received {np.shape(bias)}.")
    return sums + _float(bias)


def pool2d(
    image: Array,
    size: int = 2,
    *,
    stride: int | None = None,
    kind: str = "max",
    padding: str = "valid",
) -> Array:
    """Output of a pooling layer; channels are pooled separately.

    Args:
        image: Feature maps of shape (H, W, C).
        size: Side of the window, in pixels.
        stride: Step of the window, in pixels; `size` if None.
        kind: "max" or "average".
        padding: "valid" leaves a remainder at the bottom and right unread; with "same" the padding
            is never a maximum and does not count in an average.

    Returns:
        Maps of shape (H', W', C); a maximum keeps the type of the image.

    Raises:
        ValueError: If the kind has another name or the window does not fit.
    """
    channels = _shape(image, 3, "image")[2]
    stride = size if stride is None else stride
    if kind == "max":
        lowest = -np.inf if np.issubdtype(image.dtype, np.floating) else np.iinfo(image.dtype).min
        windows = _windows(image, (size, size), channels, stride, padding, lowest)
        return np.asarray(windows.max(axis=(3, 4)))
    if kind != "average":
        raise ValueError(f"kind must be 'max' or 'average'. Received kind={kind!r}.")
    sums = _windows(_float(image), (size, size), channels, stride, padding, 0).sum(axis=(3, 4))
    ones = np.ones((*image.shape[:2], 1), sums.dtype)
    pixels_in_window = _windows(ones, (size, size), 1, stride, padding, 0).sum(axis=(3, 4))
    return np.asarray(sums / pixels_in_window)


def step(
    image: Array,
    kernels: Array,
    bias: Array | None = None,
    *,
    at: tuple[int, int],
    channel: int = 0,
    stride: int = 1,
    padding: str = "same",
) -> Step:
    """One value of `conv2d` with its intermediate results.

    Args:
        image: Image of shape (H, W, Cin).
        kernels: Kernels of shape (kh, kw, Cin, Cout).
        bias: One value per filter, shape (Cout,); zeros if None.
        at: Row and column in the feature map.
        channel: Which filter, counted from 0.
        stride: Step of the window, in pixels.
        padding: "same" or "valid".

    Raises:
        ValueError: If the shapes do not go together.
        IndexError: If there is no such cell.
    """
    kh, kw, channels, _ = _shape(kernels, 4, "kernels")
    place = layout(_sides(image), (kh, kw), stride=stride, padding=padding)
    if not all(0 <= index < side for index, side in zip(at, place.output, strict=True)):
        raise IndexError(f"There is no cell {at} in a map of {place.output}.")
    patch = _windows(image, (kh, kw), channels, stride, padding, 0)[at].transpose(1, 2, 0)
    products = patch * _float(kernels[..., channel])
    partial = products.sum(axis=(0, 1))
    extra = 0.0 if bias is None else float(bias[channel])
    return Step(
        top=at[0] * stride - place.top,
        left=at[1] * stride - place.left,
        patch=patch,
        products=products,
        partial=partial,
        bias=extra,
        total=float(partial.sum()) + extra,
    )


def turned(kernels: Array) -> Array:
    """Kernels rotated by 180°, which turns a correlation into a convolution and back."""
    return kernels[::-1, ::-1]


def correlate(image: Array, kernel: Array, *, stride: int = 1, padding: str = "same") -> Array:
    """Cross-correlation of a grey image (H, W) with a kernel (kh, kw): what a network computes."""
    return conv2d(image[..., None], kernel[..., None, None], stride=stride, padding=padding)[..., 0]


def convolve(image: Array, kernel: Array, *, stride: int = 1, padding: str = "same") -> Array:
    """Convolution in mathematics of a grey image (H, W): the kernel is rotated by 180° first."""
    return correlate(image, turned(kernel), stride=stride, padding=padding)


def activate(sums: Array, name: str) -> Array:
    """An activation of `config.ACTIVATIONS`, applied element by element.

    Raises:
        ValueError: If there is no such activation.
    """
    if name not in ACTIVATE:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATE)}. Received {name!r}.")
    return ACTIVATE[name](_float(sums))


def derivative(sums: Array, name: str) -> Array:
    """The derivative of an activation, as a difference quotient; at a bend the mean of both sides.

    Args:
        sums: Where, of any shape.
        name: One of `config.ACTIVATIONS`.

    Raises:
        ValueError: If there is no such activation.
    """
    rise: Array = activate(sums + NUDGE, name) - activate(sums - NUDGE, name)
    return rise / (2 * NUDGE)


def forward(config: ModelConfig, weights: Mapping[str, Array], image: Array) -> dict[str, Array]:
    """Outputs of the convolutions and poolings of a network for one image.

    Args:
        config: The network.
        weights: Kernels and biases by "conv1/kernel", "conv1/bias" and so on: a snapshot.
        image: Image of shape `config.input_shape`, float in [0, 1].

    Returns:
        Maps (H, W, C) by "conv1/sum" (before the activation), "conv1", "pool1" and so on.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
        ValueError: If the image has another shape.
    """
    if image.shape != config.input_shape:
        raise ValueError(f"The image must have shape {config.input_shape}. Received {image.shape}.")
    maps: dict[str, Array] = {}
    x = image
    for row in layer_table(config):
        if row.kind == "conv":
            kernels, bias = weights[f"{row.name}/kernel"], weights[f"{row.name}/bias"]
            sums = conv2d(x, kernels, bias, stride=row.stride or 1, padding=str(row.padding))
            maps[f"{row.name}/sum"] = sums
            x = maps[row.name] = activate(sums, str(row.activation))
        elif row.kind == "pool":
            x = maps[row.name] = pool2d(x, row.kernel or 1, kind=str(row.pool))
    return maps


def _windows(
    image: Array, window: tuple[int, int], channels: int, stride: int, padding: str, fill: float
) -> Array:
    """Every place of the window, shape (H', W', C, kh, kw): a view into the padded image."""
    if _shape(image, 3, "image")[2] != channels:
        raise ValueError(f"image must have {channels} channels. Received shape {image.shape}.")
    place = layout(_sides(image), window, stride=stride, padding=padding)
    if fill == 0:
        image = _float(image)
    border = ((place.top, place.bottom), (place.left, place.right), (0, 0))
    padded = np.pad(image, border, constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(padded, window, axis=(0, 1))[::stride, ::stride]


def _sides(image: Array) -> tuple[int, int]:
    return image.shape[0], image.shape[1]


def _shape(array: Array, axes: int, name: str) -> tuple[int, ...]:
    if array.ndim != axes:
        raise ValueError(f"{name} must have {axes} axes. Received shape {array.shape}.")
    return array.shape


def _float(array: Array) -> Array:
    return array.astype(np.result_type(array.dtype, np.float32), copy=False)
