"""Occlusion: how far the score of a class drops when a square hides each place.

Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from cnn_core import model as models
from cnn_core.inside import forward
from cnn_core.inside.baselines import SHADES
from cnn_core.inside.scores import check_label, scores_of

Floats = npt.NDArray[np.float32]


def occlusion(
    opened: models.Opened,
    image: npt.NDArray[Any],
    label: int,
    side: int = 4,
    stride: int = 2,
    shade: str = "grey",
) -> dict[str, Any]:
    """How far the score of a class drops when a square hides each place.

    The score, not the probability: where the network is sure, that hardly moves whatever is hidden.

    The square moves by `stride`, and once more to the border where the last step would leave pixels over.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        label: The class.
        side: Side of the square in pixels.
        stride: Pixels per step, at most `side`, so that every pixel is hidden once.
        shade: Its brightness: "grey", "black" or "white".

    Returns:
        "score" of the class before the softmax, without the square, and its "probability"; "drops"
        (rows, columns), by how much the score is lower with the square there, negative where hiding
        helps, and "hidden" (rows, columns), the probability then; "tops" (rows,) and "lefts"
        (columns,) of the squares, in pixels; "heat" (H, W), the mean drop of all squares that hide a
        pixel.

    Raises:
        ValueError: If the square, its stride or its shade is out of range, there is no such class, or
            the image has another shape or type.

    References: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014.
    """
    check_label(opened.config, label)
    if not 1 <= stride <= side or shade not in SHADES:
        raise ValueError(f"Received side={side}, stride={stride}, shade={shade!r}.")
    pixels = forward.batch(opened.config, image[np.newaxis]).numpy()
    height, width = pixels.shape[1:3]
    tops, lefts = _edges(height, side, stride), _edges(width, side, stride)
    squares = [
        (slice(top, top + side), slice(left, left + side))
        for top in tops.tolist()
        for left in lefts.tolist()
    ]
    scores = scores_of(opened, _hidden(pixels, squares, SHADES[shade]))
    drops = scores[-1, label] - scores[:-1, label]
    probabilities = softmax(scores, axis=1)[:, label]
    shape = len(tops), len(lefts)
    return {
        "score": float(scores[-1, label]),
        "probability": float(probabilities[-1]),
        "drops": drops.reshape(shape),
        "hidden": probabilities[:-1].reshape(shape),
        "tops": tops,
        "lefts": lefts,
        "heat": _mean_where_hidden(drops, squares, (height, width)),
    }


def _hidden(pixels: Floats, squares: list[tuple[slice, slice]], shade: float) -> Floats:
    """The image (1, H, W, C) with each square hidden, and in the end as it is."""
    hidden = np.repeat(pixels, len(squares) + 1, axis=0)
    for picture, square in zip(hidden, squares, strict=False):
        picture[square] = shade
    return hidden


def _mean_where_hidden(
    drops: Floats, squares: list[tuple[slice, slice]], shape: tuple[int, int]
) -> Floats:
    """For each pixel the mean drop of the squares that hide it."""
    total, times = np.zeros((2, *shape), np.float32)
    for drop, square in zip(drops.tolist(), squares, strict=True):
        total[square] += drop
        times[square] += 1
    return total / times


def _edges(length: int, side: int, stride: int) -> npt.NDArray[np.int64]:
    """Where squares begin that cover `length` pixels."""
    last = max(0, length - side)
    return np.unique(np.array([*range(0, last, stride), last], np.int64))
