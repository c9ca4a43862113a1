"""The forward pass with weights as arguments: networks of one architecture share a compiled graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from math import prod
from typing import Any

import keras
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.arithmetic import FLOAT_BYTES, LayerRow, convolutions, layer_table
from cnn_core.config import ModelConfig

SUM = "/sum"
"""Ending of the name of a layer's weighted sum, before its activation: "conv1/sum", "output/sum"."""

CHUNK_BYTES = 4 * 2**20
"""Of one layer's maps; larger chunks leave the processor's cache and are slower."""

Weights = Mapping[str, Any]
"""Kernels and biases by "conv1/kernel", "conv1/bias" and so on: what a snapshot holds."""


def walk(
    network: keras.Sequential,
    x: tf.Tensor,
    weights: Mapping[str, tf.Tensor],
    part: slice = slice(None),
) -> Iterator[tuple[str, tf.Tensor]]:
    """Outputs of the layers one after another, with the given weights in place of their own.

    Args:
        network: The network.
        x: Input of its first layer, or of the first one of `part`.
        weights: As in `Weights`. An array of bools (F,) by "conv1/on" makes the maps of the filters
            with False zero after the activation. An array (N, ...) by "dropout/mask" is multiplied in at
            the place of the dropout.
        part: Which of the layers.

    Yields:
        Name and output of each layer in order; before it, under its name and "/sum", the weighted sum
        of a layer with an activation. Dropout without a mask does nothing and is left out.
    """
    for layer in network.layers[part]:
        if isinstance(layer, keras.layers.Dropout):
            if f"{layer.name}/mask" not in weights:
                continue
            x *= weights[f"{layer.name}/mask"]
        elif isinstance(layer, keras.layers.Conv2D):
            x = layer.convolution_op(x, weights[f"{layer.name}/kernel"])
            x += weights[f"{layer.name}/bias"]
            yield layer.name + SUM, x
            x = layer.activation(x)
            if f"{layer.name}/on" in weights:
                x = _switched(x, weights[f"{layer.name}/on"])
        elif isinstance(layer, keras.layers.Dense):
            x = tf.matmul(x, weights[f"{layer.name}/kernel"]) + weights[f"{layer.name}/bias"]
            yield layer.name + SUM, x
            x = layer.activation(x)
        else:
            x = layer(x)
        yield layer.name, x


@lru_cache(maxsize=8)
def skeleton(config: ModelConfig, precision: str = "float32") -> keras.Sequential:
    """The network that all passes of an architecture walk through; its own weights are not used."""
    return models.build(config, precision)


def compiled(
    network: keras.Sequential,
    run: Callable[..., Any],
    *more: Any,
    switches: bool = False,
    masks: bool = False,
) -> Callable[..., Any]:
    """`run` compiled as one graph, for any number of images (N, H, W, C).

    Args:
        network: The network.
        run: The function to compile: (images, weights, ...).
        more: Specifications of the arguments after the weights: `tf.TensorSpec`, or dicts of them.
        switches: Whether "conv1/on" and so on are among the weights, for every convolution.
        masks: Whether "dropout/mask" is, if the network has a dropout.
    """
    kind = network.layers[0].compute_dtype
    images = tf.TensorSpec((None, *network.input_shape[1:]), kind)
    weights = {
        path: tf.TensorSpec(tensor.shape, kind) for path, tensor in weights_of(network).items()
    }
    if switches:
        weights |= {
            f"{layer.name}/on": tf.TensorSpec((layer.filters,), tf.bool)
            for layer in network.layers
            if isinstance(layer, keras.layers.Conv2D)
        }
    if masks:
        weights |= {
            f"{layer.name}/mask": tf.TensorSpec((None, *layer.output.shape[1:]), kind)
            for layer in network.layers
            if isinstance(layer, keras.layers.Dropout)
        }
    graph: Callable[..., Any] = tf.function(run).get_concrete_function(images, weights, *more)
    return graph


def weights_of(network: keras.Sequential) -> dict[str, Any]:
    """The weights of a network as `walk` takes them; call again after further training."""
    return {
        f"{layer.name}/{name}": variable.value
        for layer in network.layers
        if layer.weights and not isinstance(layer, keras.layers.Dropout)
        for name, variable in zip(("kernel", "bias"), layer.weights, strict=True)
    }


def chunk(config: ModelConfig) -> int:
    """Images per batch, so that the maps of a layer stay within `CHUNK_BYTES`."""
    largest = max(prod(row.output_shape) for row in layer_table(config))
    return max(1, CHUNK_BYTES // (FLOAT_BYTES * largest))


def convolution(config: ModelConfig, layer: str | None = None) -> LayerRow:
    """The convolution of that name; None takes the last.

    Raises:
        ValueError: If there is none of that name.
    """
    rows = convolutions(config)
    if layer is None:
        return list(rows.values())[-1]
    if layer not in rows:
        raise ValueError(f"layer must be one of {', '.join(rows)}. Received layer={layer!r}.")
    return rows[layer]


def batch(config: ModelConfig, images: npt.NDArray[Any]) -> tf.Tensor:
    """Images (N, H, W, C), float in [0, 1] or uint8, as the compiled passes take them: float32.

    Raises:
        ValueError: If the images have another shape or type.
    """
    if images.shape[1:] != config.input_shape:
        raise ValueError(
            f"Images must have shape {config.input_shape}. Received {images.shape[1:]}."
        )
    return tf.constant(models.scaled(images))


def _switched(maps: tf.Tensor, on: tf.Tensor) -> tf.Tensor:
    """Maps (N, H, W, F) with those of the filters that are off as zeros; copied only if there are any."""
    return tf.cond(tf.reduce_all(on), lambda: maps, lambda: tf.where(on, maps, 0.0))
