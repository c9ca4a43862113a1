"""Predictions of a network after edits to its filters and weights, and which filters matter most.

Edited weights and switched-off filters go into the compiled passes as arguments, so a network that is
open for many visitors is never written to. A filter that is switched off has a feature map of zeros
after its activation, whatever that is: with zeros for kernel and bias a sigmoid would still output 0.5.
Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.analysis.edits import Edits
from cnn_core.analysis.evaluation import confusion
from cnn_core.arithmetic import convolutions, layer_table
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.inside import answers, forward
from cnn_core.inside.features import Floats

CHUNKS = 2
"""Times `forward.chunk`: where most layers' maps are discarded, larger batches are faster."""

Tensors = dict[str, Any]


def kernels(opened: models.Opened) -> dict[str, Floats]:
    """Kernels (kh, kw, c_in, c_out) and biases (c_out,) of all convolutions, by "conv1/kernel" and so on."""
    weights = forward.weights_of(opened.model)
    return {
        f"{row.name}/{kind}": np.array(weights[f"{row.name}/{kind}"])
        for row in convolutions(opened.config).values()
        for kind in ("kernel", "bias")
    }


def operate(opened: models.Opened, image: npt.NDArray[Any], edits: Edits) -> dict[str, Floats]:
    """Probabilities and feature maps of one image before and after a surgery.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        edits: The surgery.

    Returns:
        "before" and "after", probabilities (K,); and by the name of each convolution its feature maps
        (H, W, F) after the surgery, after the activation.

    Raises:
        ConfigError: If the edits name something that the network does not have.
        ValueError: If the image has another shape or type.
    """
    batch = forward.batch(opened.config, image[np.newaxis])
    run = _maps(opened.config)
    before, after = (run(batch, _weights(opened, surgery)) for surgery in (Edits(), edits))
    outputs = {name: maps[0].numpy() for name, maps in after.items()}
    return {"before": before["output"][0].numpy(), "after": outputs.pop("output"), **outputs}


def predicted(
    opened: models.Opened, images: npt.NDArray[Any], edits: Edits
) -> npt.NDArray[np.int64]:
    """The class with the highest probability after a surgery; the first of equals.

    Args:
        opened: The network.
        images: Images (N, H, W, C), float in [0, 1] or uint8.
        edits: The surgery.

    Returns:
        Classes of shape (N,), counted from 0.

    Raises:
        ConfigError: If the edits name something that the network does not have.
        ValueError: If the images have another shape or type.
    """
    weights, run = _weights(opened, edits), _classes(opened.config)
    chunks = [run(batch, weights).numpy() for batch in _batches(opened.config, images)]
    return np.concatenate([np.empty(0, np.int64), *chunks])


def verdict(
    opened: models.Opened,
    train: TrainConfig,
    edits: Edits,
    first: int,
    count: int,
    part: str = "test",
) -> dict[str, Any]:
    """Confusion matrix on images of a part of the data after a surgery.

    Ask for a few thousand at a time, so that other visitors' calls come in between.

    Args:
        opened: The network.
        train: How it was trained, which names its data.
        edits: The surgery.
        first: Place of the first image.
        count: How many images.
        part: "train", "val" or "test".

    Returns:
        "matrix" (K, K), the confusion matrix of `count` images from place `first` on, or of as many as
        there are; "total", images in that part; "size", "sample" or "full".

    Raises:
        ConfigError: If the edits name something that the network does not have.
        DataError: If the data set cannot be read.
    """
    data = answers.data_of(train)
    of_part = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
    images, labels = (each[first : first + count] for each in of_part)
    matrix = confusion(labels, predicted(opened, images, edits), opened.config.classes)
    return {"matrix": matrix, "total": len(of_part[1]), "size": data.size}


def ablation(
    opened: models.Opened,
    train: TrainConfig,
    edits: Edits,
    layer: str,
    filters: Sequence[int],
    count: int,
) -> dict[str, npt.NDArray[np.int64]]:
    """How many predictions change when one more filter is switched off, for each of some filters.

    What lies before the layer is computed once for all of them.

    Args:
        opened: The network.
        train: How it was trained, which names its data.
        edits: The surgery that they are switched off on top of.
        layer: The convolution.
        filters: Which of its filters, counted from 0.
        count: How many test images, from the first on.

    Returns:
        Counts for each filter, of shape (n,): "lost", images that are correct only with it, and
        "gained", those that are correct only without it; "correct" (), images that are correct with
        all of them; "images" (), images looked at.

    Raises:
        ConfigError: If the edits name something that the network does not have.
        DataError: If the data set cannot be read.
    """
    data = answers.data_of(train)
    images, labels = data.x_test[:count], data.y_test[:count]
    weights, run = _weights(opened, edits), _without_each(opened.config, layer)
    which = tf.constant(filters, tf.int32)
    lost, gained = np.zeros((2, len(filters)), np.int64)
    correct, seen = 0, 0
    for batch in _batches(opened.config, images):
        truth = tf.constant(labels[seen : seen + len(batch)], tf.int64)
        counts = run(batch, weights, which, truth)
        lost += counts["lost"].numpy()
        gained += counts["gained"].numpy()
        correct += int(counts["correct"])
        seen += len(batch)
    return {
        "lost": lost, "gained": gained, "correct": np.array(correct), "images": np.array(seen),
    }  # fmt: skip


def _weights(opened: models.Opened, edits: Edits) -> Tensors:
    """All weights of the network, in copies where they are edited, and which filters are left on."""
    edits.fitting(opened.config)
    weights = forward.weights_of(opened.model)
    for path in {weight.path for weight in edits.weights}:
        edited = np.array(weights[path])
        for weight in edits.weights:
            if weight.path == path:
                edited[weight.place] = weight.value
        weights[path] = tf.constant(edited)
    for row in convolutions(opened.config).values():
        on = np.ones(row.output_shape[2], bool)
        on[edits.off_in(row.name)] = False
        weights[f"{row.name}/on"] = tf.constant(on)
    return weights


def _batches(config: ModelConfig, images: npt.NDArray[Any]) -> Iterator[tf.Tensor]:
    step = CHUNKS * forward.chunk(config)
    for start in range(0, len(images), step):
        yield forward.batch(config, images[start : start + step])


@lru_cache(maxsize=8)
def _maps(config: ModelConfig) -> Callable[..., Tensors]:
    """The compiled pass of `operate`: (images, weights) -> maps of the convolutions, and "output"."""
    network = forward.skeleton(config)
    kept = {row.name for row in layer_table(config) if row.kind in {"conv", "output"}}

    def run(images: tf.Tensor, weights: Tensors) -> Tensors:
        return {
            name: output for name, output in forward.walk(network, images, weights) if name in kept
        }

    return forward.compiled(network, run, switches=True)


@lru_cache(maxsize=8)
def _classes(config: ModelConfig) -> Callable[..., Any]:
    """The compiled pass of `predicted`: (images, weights) -> classes (N,)."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: Tensors) -> tf.Tensor:
        return tf.argmax(_last(network, images, weights, slice(None)), axis=1)

    return forward.compiled(network, run, switches=True)


@lru_cache(maxsize=16)
def _without_each(config: ModelConfig, layer: str) -> Callable[..., Tensors]:
    """The compiled pass of `ablation`: (images, weights, filters (n,), labels (N,)) -> its counts."""
    network = forward.skeleton(config)
    split = [each.name for each in network.layers].index(layer) + 1

    def run(images: tf.Tensor, weights: Tensors, filters: tf.Tensor, labels: tf.Tensor) -> Tensors:
        maps = _last(network, images, weights, slice(split))  # (N, H, W, F)

        def correct(maps: tf.Tensor) -> tf.Tensor:
            probabilities = _last(network, maps, weights, slice(split, None))
            return tf.equal(tf.argmax(probabilities, axis=1), labels)

        def count(images: tf.Tensor) -> tf.Tensor:
            return tf.reduce_sum(tf.cast(images, tf.int64))

        before = correct(maps)

        def changes(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            others = tf.not_equal(tf.range(tf.shape(maps)[-1]), index)
            after = correct(tf.where(others, maps, 0.0))
            return count(before & ~after), count(after & ~before)

        lost, gained = tf.map_fn(changes, filters, fn_output_signature=(tf.int64, tf.int64))
        return {"lost": lost, "gained": gained, "correct": count(before)}

    which, truth = (tf.TensorSpec((None,), kind) for kind in (tf.int32, tf.int64))
    return forward.compiled(network, run, which, truth, switches=True)


def _last(network: Any, x: tf.Tensor, weights: Tensors, part: slice) -> tf.Tensor:
    """Output of the last layer of that part of the network."""
    for _, output in forward.walk(network, x, weights, part):
        x = output
    return x
