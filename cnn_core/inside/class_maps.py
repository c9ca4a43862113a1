"""Class activation maps: which places of a convolution's feature maps support a class.

All three weight the maps by their gradients and add them up; they differ in what is averaged or cut off
before. Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.arithmetic import LayerRow
from cnn_core.config import ModelConfig
from cnn_core.inside import forward
from cnn_core.inside.forward import Weights
from cnn_core.inside.scores import SCORE, check_label

Floats = npt.NDArray[np.float32]


def class_maps(
    opened: models.Opened, image: npt.NDArray[Any], label: int, layer: str | None = None
) -> dict[str, dict[str, Any]]:
    """HiResCAM, Layer-CAM and Grad-CAM of one image, from one gradient of the class score.

    With A (h, w, F) the layer's maps after the activation and G (h, w, F) the gradients of the score:
    HiResCAM is the sum over F of G * A, element by element; Layer-CAM the same with negative gradients cut
    off; Grad-CAM takes the mean of G over all places in place of G. Of each, negative sums are cut off.
    The mean fits networks that end in averaging over places, not those that end in flatten and dense
    layers, where a map may count for a class in one place and against it in another. HiResCAM is exact
    where only flatten and one dense layer follow: its values before the cut are what each place adds to
    the score, and together with the bias they are the score.

    Each value is placed at the centre of its unit's receptive field, with linear interpolation between,
    so that strides and valid padding shift nothing; with padding "same" this is the usual bilinear
    enlargement.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        label: The class.
        layer: Name of a convolution; None takes the last, whose maps are the most abstract and the coarsest.

    Returns:
        "hires_cam", "layer_cam" and "grad_cam", each with "map" (h, w), as coarse as the layer's maps,
        and "heat" (H, W), the same as large as the image; all at least 0. And "averaging", what the mean
        does to the gradients: "left", 0 to 1, the share of their size that it leaves, and of the filter
        whose G * A is largest in size "filter", "activations" (h, w) and "gradients" (h, w), its A and G.

    Raises:
        ValueError: If there is no such class or convolution, or the image has another shape or type.

    References: Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of
        convolutional neural networks", 2020; Jiang et al., "LayerCAM: exploring hierarchical class
        activation maps for localization", 2021; Selvaraju et al., "Grad-CAM: visual explanations from deep
        networks via gradient-based localization", 2017.
    """
    check_label(opened.config, label)
    row = forward.convolution(opened.config, layer)
    images = forward.batch(opened.config, image[np.newaxis])
    tensors = _maps_and_gradients(opened.config, row.name)(
        images, forward.weights_of(opened.model), label
    )
    maps, gradients = (tensor[0].numpy() for tensor in tensors)  # (h, w, F) each
    weights = {
        "hires_cam": gradients,
        "layer_cam": np.maximum(gradients, 0),
        "grad_cam": gradients.mean(axis=(0, 1), keepdims=True),
    }
    answer: dict[str, dict[str, Any]] = {}
    for name, weight in weights.items():
        coarse = np.maximum((weight * maps).sum(axis=-1), 0)  # (h, w)
        heat = _upsampled(coarse, row, opened.config.input_shape)
        answer[name] = {"map": coarse, "heat": heat}
    return {**answer, "averaging": _averaging(maps, gradients)}


def _averaging(maps: Floats, gradients: Floats) -> dict[str, Any]:
    index = int(np.abs(gradients * maps).sum(axis=(0, 1)).argmax())
    size = float(np.abs(gradients).mean(axis=(0, 1)).sum())
    left = float(np.abs(gradients.mean(axis=(0, 1))).sum())
    return {
        "left": left / size if size else 1.0,
        "filter": index,
        "activations": maps[..., index],
        "gradients": gradients[..., index],
    }


@lru_cache(maxsize=16)
def _maps_and_gradients(config: ModelConfig, layer: str) -> Callable[..., Any]:
    """(images, weights, label) -> the layer's maps (N, h, w, F), and the class score's gradients there."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: Weights, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            for name, output in forward.walk(network, images, weights):
                if name == layer:
                    maps = output
                    tape.watch(maps)
                if name == SCORE:
                    score = output[:, label]
                    break
        return maps, tape.gradient(score, maps)

    return forward.compiled(network, run, tf.TensorSpec((), tf.int32))


def _upsampled(coarse: Floats, row: LayerRow, shape: tuple[int, ...]) -> Floats:
    """A map (h, w) as large as the image: each value at the centre of its unit's receptive field."""
    if row.start is None or row.jump is None or row.receptive_field is None:
        raise ValueError(f"{row.name} has no feature maps.")
    down, across = (
        _interpolation(
            coarse.shape[axis],
            shape[axis],
            row.start[axis] + (row.receptive_field - 1) / 2,
            row.jump,
        )
        for axis in (0, 1)
    )
    return (down @ coarse @ across.T).astype(np.float32)  # (H, h) (h, w) (w, W) -> (H, W)


def _interpolation(units: int, pixels: int, first: float, jump: int) -> npt.NDArray[np.float64]:
    """Weights of linear interpolation (pixels, units) between the centres of the units."""
    middles = first + jump * np.arange(units)
    columns = [np.interp(np.arange(pixels), middles, unit) for unit in np.eye(units)]
    return np.stack(columns, axis=1)
