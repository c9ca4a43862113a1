"""Which explanation is right? Pixels go, or come, in the order that each calls most important first.

Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from cnn_core import model as models
from cnn_core.analysis.deletion import FILLS, ORDERS, replaced_shares
from cnn_core.config import TrainConfig
from cnn_core.inside import answers, forward
from cnn_core.inside.baselines import baseline
from cnn_core.inside.class_maps import class_maps
from cnn_core.inside.gradients import SAMPLES, integrated_gradients, saliency
from cnn_core.inside.occlusion import occlusion
from cnn_core.inside.scores import check_label, scores_of

RANDOM = 4  # random orders, whose mean is taken

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


def deletion_curves(
    opened: models.Opened,
    image: npt.NDArray[Any],
    label: int | None = None,
    layer: str | None = None,
    side: int = 4,
    shade: str = "grey",
) -> dict[str, Floats]:
    """The probability of a class while pixels are replaced, and while they are put back.

    Deletion begins with the image and replaces pixels, the most important first; insertion begins with all
    of them replaced and puts them back in the same order. Pixels of the same importance, such as those
    where a map is 0, come in random order.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        label: The class; None takes the most probable one.
        layer: The convolution of the class activation maps; None takes the last.
        side: Side of the occluding square in pixels.
        shade: Its brightness: "grey", "black" or "white".

    Returns:
        "deletion" and "insertion", each (ORDERS, FILLS, STEPS + 1): probabilities, at the `replaced_shares`
        of the pixels.

    Raises:
        ValueError: If the image, the class, the layer or the square does not fit the network.

    References: Petsiuk, Das and Saenko, "RISE: randomized input sampling for explanation of black-box
        models", 2018; Samek et al., "Evaluating the visualization of what a deep neural network has
        learned", 2017.
    """
    pixels = forward.batch(opened.config, image[np.newaxis]).numpy()
    if label is None:
        label = int(scores_of(opened, pixels)[0].argmax())
    check_label(opened.config, label)
    ranks = _ranks(_importance(opened, image, label, layer, side, shade), pixels[0])
    height, width = pixels.shape[1:3]
    counts = np.rint(replaced_shares() * height * width)
    taken = ranks[:, np.newaxis] < counts[:, np.newaxis]  # (orders, points, pixels)
    replaced = taken.reshape(-1, height, width, 1)
    curves = np.empty((2, len(FILLS), *taken.shape[:2]), np.float32)
    for place, fill in enumerate(FILLS):
        other = baseline(pixels, fill)
        for kind, pictures in enumerate(
            (np.where(replaced, other, pixels), np.where(replaced, pixels, other))
        ):
            probability = softmax(scores_of(opened, pictures), axis=1)[:, label]
            curves[kind, place] = probability.reshape(taken.shape[:2])
    return {"deletion": _by_order(curves[0]), "insertion": _by_order(curves[1])}


def deletion_sums(
    opened: models.Opened,
    train: TrainConfig,
    first: int,
    count: int,
    layer: str | None = None,
    side: int = 4,
    shade: str = "grey",
) -> dict[str, Any]:
    """The sums of `deletion_curves` over some test images of the run's data, each of its most probable class.

    Args:
        opened: The network.
        train: How it was trained, which names its data.
        first: Place of the first image among the test images.
        count: How many; fewer where there are no more.
        layer: As in `deletion_curves`; so are `side` and `shade`.
        side: In pixels.
        shade: Of the square.

    Returns:
        "deletion" and "insertion" as in `deletion_curves`, summed; "images", how many that were.

    Raises:
        ValueError: As in `deletion_curves`.
        DataError: If the data set cannot be read.
    """
    images = answers.data_of(train).x_test[first : first + count]
    shape = len(ORDERS), len(FILLS), len(replaced_shares())
    total = {"deletion": np.zeros(shape, np.float32), "insertion": np.zeros(shape, np.float32)}
    for image in images:
        for kind, curves in deletion_curves(opened, image, None, layer, side, shade).items():
            total[kind] += curves
    return {**total, "images": len(images)}


def _importance(
    opened: models.Opened,
    image: npt.NDArray[Any],
    label: int,
    layer: str | None,
    side: int,
    shade: str,
) -> dict[str, Floats]:
    """The heat (H, W) of each method, by its name in ORDERS."""
    maps = class_maps(opened, image, label, layer)
    heats = {name: maps[name]["heat"] for name in ("hires_cam", "layer_cam", "grad_cam")}
    for start in FILLS:
        integrated = integrated_gradients(opened, image, label, start)
        heats[f"integrated_{start}"] = integrated["heat"]
    heats["saliency"] = saliency(opened, image, label)["heat"]
    heats["smooth"] = saliency(opened, image, label, SAMPLES)["heat"]
    heats["occlusion"] = occlusion(opened, image, label, side, max(1, side // 2), shade)["heat"]
    return heats


def _ranks(heats: dict[str, Floats], pixels: Floats) -> Places:
    """The place of each pixel in each order (orders, pixels), the random orders last."""
    random = np.random.default_rng(0)
    size = pixels.shape[0] * pixels.shape[1]
    named = {**heats, "bright": pixels.mean(axis=-1)}
    keys = [named[name].ravel() for name in ORDERS if name != "random"]
    keys += [np.zeros(size)] * RANDOM
    ranks = np.empty((len(keys), size), np.int64)
    for row, key in zip(ranks, keys, strict=True):
        row[np.lexsort((random.random(size), -key))] = np.arange(size)
    return ranks


def _by_order(curves: Floats) -> Floats:
    """(FILLS, orders, points) with the random orders last -> (ORDERS, FILLS, points) with their mean."""
    by_order = np.swapaxes(curves, 0, 1)
    named, chance = by_order[:-RANDOM], by_order[-RANDOM:].mean(axis=0)
    return np.insert(named, ORDERS.index("random"), chance, axis=0)
