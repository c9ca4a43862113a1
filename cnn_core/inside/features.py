"""Activations of a network: the maps of every layer, and how strongly each filter responds.

Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.arithmetic import LayerRow, convolutions, layer_table
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import RunError
from cnn_core.inside import answers, forward
from cnn_core.inside.answers import MAX_IMAGES
from cnn_core.inside.forward import SUM, Weights

# Beyond these outputs a unit is saturated: the derivative is at most 0.02 and it hardly learns.
ENDS = {"sigmoid": (0.01, 0.99), "tanh": (-0.99, 0.99)}

Floats = npt.NDArray[np.float32]


def feature_maps(
    opened: models.Opened, image: npt.NDArray[Any], weights: Weights | None = None
) -> dict[str, Floats]:
    """Outputs of every layer for one image, in the order of the layers.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        weights: Convolutions of another epoch, from its snapshot; the dense layers of that epoch are
            not kept, so the result then ends with the last feature maps.

    Returns:
        Arrays (H, W, C) by "conv1/sum" (before the activation), "conv1" (after it), "pool1" and so
        on, then (units,) by "dense1" and "output". Flatten and dropout change no value and are
        left out.

    Raises:
        RunError: If the snapshot is of another network.
        ValueError: If the image has another shape or type.
    """
    used = forward.weights_of(opened.model)
    if weights is not None:
        used |= _checked(used, weights)
    maps = _forward(opened.config)(forward.batch(opened.config, image[np.newaxis]), used)
    return {name: maps[name][0].numpy() for name in _names(opened.config, dense=weights is None)}


def peaks(
    opened: models.Opened, images: npt.NDArray[Any]
) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """How strongly each filter of each convolution responds to each of many images.

    Args:
        opened: The network.
        images: Images (N, H, W, C), float in [0, 1] or uint8.

    Returns:
        By name of the convolution, which has F filters: "peak" (N, F), the highest output anywhere
        in the feature map; "saturated" (F,), the share of all outputs that are at an end of the
        range of tanh or sigmoid, 0 with another activation or without images.

    Raises:
        ValueError: If the images have another shape or type.
    """
    weights, step = forward.weights_of(opened.model), forward.chunk(opened.config)
    chunks = [
        _peaks(opened.config)(forward.batch(opened.config, images[start : start + step]), weights)
        for start in range(0, len(images), step)
    ]
    answer = {}
    for row in convolutions(opened.config).values():
        units, filters = prod(row.output_shape[:2]), row.output_shape[2]
        highest = [chunk[row.name][0].numpy() for chunk in chunks]
        at_end = sum((chunk[row.name][1].numpy() for chunk in chunks), np.zeros(filters))
        answer[row.name] = {
            "peak": np.concatenate([np.empty((0, filters), np.float32), *highest]),
            "saturated": at_end / max(1, len(images) * units),
        }
    return answer


def survey(
    opened: models.Opened, train: TrainConfig, first: int, count: int
) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """`peaks` of `count` test images from place `first` on, or of as many as there are.

    Ask for a few hundred at a time, so that other visitors' calls come in between.

    Args:
        opened: The network.
        train: How it was trained, which names its data.
        first: Place of the first test image.
        count: How many test images.

    Raises:
        DataError: If the data set cannot be read.
    """
    stop = first + count
    parts = [
        answers.images(opened, train, "test", range(start, min(start + MAX_IMAGES, stop)))
        for start in range(first, stop, MAX_IMAGES)
    ]
    return peaks(opened, np.concatenate(parts))


def top_images(
    opened: models.Opened, train: TrainConfig, layer: str, channel: int, rows: Sequence[int]
) -> dict[str, npt.NDArray[Any]]:
    """The test images at some places, and where in its map a filter responds most to each.

    Args:
        opened: The network.
        train: How it was trained, which names its data.
        layer: Name of a convolution.
        channel: Which of its filters, counted from 0.
        rows: Places in the test part.

    Returns:
        "images" (n, H, W, C), "labels" (n,) and "places" (n, 2), row and column in the feature map.

    Raises:
        DataError: If the data set cannot be read.
    """
    images = answers.images(opened, train, "test", rows)
    labels = [answers.evaluate(opened, train, "test", row, 1).labels[0] for row in rows]
    return {
        "images": images,
        "labels": np.array(labels, np.int64),
        "places": places(opened, images, layer, channel),
    }


def places(
    opened: models.Opened, images: npt.NDArray[Any], layer: str, channel: int
) -> npt.NDArray[np.int64]:
    """Where in its feature map a filter responds most to each of a few images.

    Args:
        opened: The network.
        images: Images (N, H, W, C), float in [0, 1] or uint8.
        layer: Name of a convolution or pooling.
        channel: Which of its maps, counted from 0.

    Returns:
        Row and column (N, 2); of equal outputs the first, row by row.

    Raises:
        ValueError: If the images have another shape or type.
    """
    maps = _forward(opened.config)(
        forward.batch(opened.config, images), forward.weights_of(opened.model)
    )
    channel_maps = maps[layer].numpy()[..., channel]  # (N, H, W)
    spots = channel_maps.reshape(len(images), -1).argmax(axis=1)
    return np.stack(np.unravel_index(spots, channel_maps.shape[1:]), axis=1)


@lru_cache(maxsize=8)
def _forward(config: ModelConfig) -> Callable[..., dict[str, tf.Tensor]]:
    """The one compiled pass of every network of that architecture: (images, weights) -> maps by name."""
    network = forward.skeleton(config)
    return forward.compiled(
        network, lambda images, weights: dict(forward.walk(network, images, weights))
    )


@lru_cache(maxsize=8)
def _peaks(config: ModelConfig) -> Callable[..., dict[str, tuple[tf.Tensor, tf.Tensor]]]:
    """The compiled pass of `peaks`: (images, weights) -> (highest (N, F), at an end (F,)) by name."""
    network = forward.skeleton(config)
    rows = convolutions(config)
    last = list(rows)[-1]

    def run(images: tf.Tensor, weights: Weights) -> dict[str, tuple[tf.Tensor, tf.Tensor]]:
        responses = {}
        for name, maps in forward.walk(network, images, weights):
            if name in rows:
                responses[name] = tf.reduce_max(maps, axis=(1, 2)), _at_end(maps, rows[name])
            if name == last:
                break
        return responses

    return forward.compiled(network, run)


def _at_end(maps: tf.Tensor, row: LayerRow) -> tf.Tensor:
    if row.activation not in ENDS:
        return tf.zeros(row.output_shape[2])
    low, high = ENDS[row.activation]
    at_end = tf.logical_or(maps <= low, maps >= high)
    return tf.reduce_sum(tf.cast(at_end, tf.float32), axis=(0, 1, 2))


def _checked(own: Mapping[str, Any], weights: Weights) -> dict[str, tf.Tensor]:
    for path, array in weights.items():
        if path not in own or tuple(own[path].shape) != array.shape:
            raise RunError("snapshot.mismatch", layer=path)
    return {path: tf.constant(array, tf.float32) for path, array in weights.items()}


def _names(config: ModelConfig, *, dense: bool) -> Iterator[str]:
    for row in layer_table(config):
        if row.kind == "conv":
            yield row.name + SUM
        if row.kind in {"conv", "pool"} or (dense and row.kind in {"dense", "output"}):
            yield row.name
