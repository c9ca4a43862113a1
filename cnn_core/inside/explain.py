"""Attribution methods: Grad-CAM, saliency, SmoothGrad and occlusion.

Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.special import softmax
from scipy.stats import spearmanr

from cnn_core import model as models
from cnn_core.arithmetic import LayerRow
from cnn_core.config import ModelConfig
from cnn_core.inside import forward
from cnn_core.inside.forward import SUM, Weights

SCORE = "output" + SUM
"""What is explained: the score of a class before the softmax. After it, the probability of a class also
rises when the scores of the others fall, and hardly moves at all where the network is sure."""

SAMPLES = 25  # noisy copies of SmoothGrad; the paper sees little gain beyond 50
NOISE = 0.15  # their standard deviation, as a share of the image's range; the paper uses 0.1 to 0.2
SHADES = {"grey": 0.5, "black": 0.0, "white": 1.0}

Floats = npt.NDArray[np.float32]
Answer = dict[str, Any]


def explanations(
    opened: models.Opened,
    image: npt.NDArray[Any],
    label: int | None = None,
    layer: str | None = None,
    side: int = 4,
    shade: str = "grey",
    seed: int | None = None,
) -> Answer:
    """One prediction, explained by four methods.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        label: The class to explain; None takes the most probable one.
        layer: The convolution of Grad-CAM; None takes the last.
        side: Side of the occluding square in pixels; it moves by half of that.
        shade: Brightness of the square: "grey", "black" or "white".
        seed: If given, the same is done with the network as it was before training with that seed,
            for the same class.

    Returns:
        "probabilities" (K,), "label", and "grad_cam", "saliency", "smooth" and "occlusion" as the
        functions of this module return; with a seed also "untrained", the same of that network, and
        "agreement": by method, how alike both heats rank the pixels, from -1 to 1 (Spearman).

    Raises:
        ValueError: If the image, the class, the layer or the square does not fit the network.

    References: Adebayo et al., "Sanity checks for saliency maps", 2018, for the untrained network.
    """
    probabilities = opened.predict(image[np.newaxis])[0]
    if label is None:
        label = int(probabilities.argmax())
    stride = max(1, side // 2)
    answer: Answer = {
        "probabilities": probabilities,
        "label": label,
        "grad_cam": grad_cam(opened, image, label, layer),
        "saliency": saliency(opened, image, label),
        "smooth": saliency(opened, image, label, SAMPLES),
        "occlusion": occlusion(opened, image, label, side, stride, shade),
    }
    if seed is not None:
        before = explanations(untrained(opened.config, seed), image, label, layer, side, shade)
        answer["untrained"] = before
        answer["agreement"] = {
            name: rank_correlation(answer[name]["heat"], before[name]["heat"])
            for name in ("grad_cam", "saliency", "smooth", "occlusion")
        }
    return answer


def grad_cam(
    opened: models.Opened, image: npt.NDArray[Any], label: int, layer: str | None = None
) -> dict[str, Floats]:
    """Which places of a convolution's feature maps support a class.

    The maps (after the activation) are added up, each weighted by the mean gradient of the class score
    along it; negative values are cut off. Each value is placed at the centre of its unit's receptive
    field, with linear interpolation between, so that strides and valid padding shift nothing; with padding
    "same" this is the usual bilinear enlargement.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        label: The class.
        layer: Name of a convolution; None takes the last, whose maps are the most abstract and the coarsest.

    Returns:
        "map" (h, w), as coarse as the layer's maps, and "heat" (H, W), the same as large as the
        image; both at least 0.

    Raises:
        ValueError: If there is no such class or convolution, or the image has another shape or type.

    References: Selvaraju et al., "Grad-CAM: visual explanations from deep networks via
        gradient-based localization", 2017.
    """
    _check_label(opened.config, label)
    row = forward.convolution(opened.config, layer)
    images = forward.batch(opened.config, image[np.newaxis])
    cam = _cam(opened.config, row.name)(images, forward.weights_of(opened.model), label)
    coarse: Floats = cam[0].numpy()
    return {"map": coarse, "heat": _upsampled(coarse, row, opened.config.input_shape)}


def saliency(
    opened: models.Opened,
    image: npt.NDArray[Any],
    label: int,
    samples: int = 1,
    noise: float = NOISE,
    seed: int = 0,
) -> dict[str, Floats]:
    """Absolute gradient of the class score with respect to each pixel.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        label: The class.
        samples: With 1, the gradients at the image itself. With more this is SmoothGrad: the mean of the
            gradients at that many copies of the image with noise added.
        noise: Standard deviation of the noise, as a share of the image's range of values.
        seed: Seed of the noise.

    Returns:
        "heat" (H, W), at least 0; of several channels the largest.

    Raises:
        ValueError: If there is no such class, or the image has another shape or type.

    References: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2014; Smilkov
        et al., "SmoothGrad: removing noise by adding noise", 2017.
    """
    _check_label(opened.config, label)
    pixels = forward.batch(opened.config, image[np.newaxis]).numpy()
    if samples > 1:
        random, sigma = np.random.default_rng(seed), noise * float(np.ptp(pixels))
        pixels = pixels + random.normal(0, sigma, (samples, *pixels.shape[1:])).astype(np.float32)
    gradients, weights = _gradients(opened.config), forward.weights_of(opened.model)
    step, total = forward.chunk(opened.config), np.zeros(pixels.shape[1:], np.float32)
    for start in range(0, len(pixels), step):
        total += gradients(tf.constant(pixels[start : start + step]), weights, label).numpy()
    return {"heat": np.abs(total / len(pixels)).max(axis=-1)}


def occlusion(
    opened: models.Opened,
    image: npt.NDArray[Any],
    label: int,
    side: int = 4,
    stride: int = 2,
    shade: str = "grey",
) -> Answer:
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
    _check_label(opened.config, label)
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
    scores = _scores_of(opened, _hidden(pixels, squares, SHADES[shade]))
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


@lru_cache(maxsize=4)
def untrained(config: ModelConfig, seed: int) -> models.Opened:
    """The network as a training with that seed starts: initialized, not trained."""
    network = models.build(config, seed=seed)
    return models.Opened(config, network, models.predictor(network))


def rank_correlation(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    """Spearman's rank correlation of two arrays of the same shape, -1 to 1; nan if one is constant."""
    flat = [values.ravel() for values in (first, second)]
    if any((values == values[0]).all() for values in flat):
        return float("nan")
    return float(spearmanr(*flat).statistic)


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


def _scores_of(opened: models.Opened, images: npt.NDArray[Any]) -> Floats:
    """Scores (N, K) of images before the softmax, in chunks."""
    scores, weights = _scores(opened.config), forward.weights_of(opened.model)
    step = forward.chunk(opened.config)
    parts = [
        scores(tf.constant(images[start : start + step]), weights).numpy()
        for start in range(0, len(images), step)
    ]
    return np.concatenate(parts)


@lru_cache(maxsize=8)
def _scores(config: ModelConfig) -> Callable[..., tf.Tensor]:
    """(images, weights) -> scores (N, K) before the softmax."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: Weights) -> tf.Tensor:
        return next(
            output for name, output in forward.walk(network, images, weights) if name == SCORE
        )

    return forward.compiled(network, run)


@lru_cache(maxsize=16)
def _cam(config: ModelConfig, layer: str) -> Callable[..., tf.Tensor]:
    """(images, weights, label) -> weighted sums of the layer's maps (N, h, w), cut off at 0."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: Weights, label: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            for name, output in forward.walk(network, images, weights):
                if name == layer:
                    maps = output
                    tape.watch(maps)
                if name == SCORE:
                    score = output[:, label]
                    break
        gradients = tape.gradient(score, maps)  # (N, h, w, F)
        channel_weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
        return tf.nn.relu(tf.reduce_sum(channel_weights * maps, axis=-1))

    return forward.compiled(network, run, tf.TensorSpec((), tf.int32))


@lru_cache(maxsize=8)
def _gradients(config: ModelConfig) -> Callable[..., tf.Tensor]:
    """(images, weights, label) -> gradients of the class score (H, W, C), summed over the images."""
    network = forward.skeleton(config)

    def run(images: tf.Tensor, weights: Weights, label: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            score = next(
                output for name, output in forward.walk(network, images, weights) if name == SCORE
            )[:, label]
        return tf.reduce_sum(tape.gradient(score, images), axis=0)

    return forward.compiled(network, run, tf.TensorSpec((), tf.int32))


def _check_label(config: ModelConfig, label: int) -> None:
    if not 0 <= label < config.classes:
        raise ValueError(f"There are {config.classes} classes. Received label={label}.")


def _edges(length: int, side: int, stride: int) -> npt.NDArray[np.int64]:
    """Where squares begin that cover `length` pixels."""
    last = max(0, length - side)
    return np.unique(np.array([*range(0, last, stride), last], np.int64))


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
