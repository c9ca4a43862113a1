"""The loss on a plane: against Keras, and on a toy whose landscape is known."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from test_features import CONFIGS, opened
from toy_networks import ONE_PIXEL, READS_ONE, SHIPPED, reads_one_pixel, shipped

from cnn_core import datasets, runs
from cnn_core.analysis import landscape
from cnn_core.inside import forward
from cnn_core.inside.landscape import losses

pytestmark = pytest.mark.slow

__all__ = ["shipped"]  # a fixture
ORIGIN = np.zeros((1, 2), np.float32)


def weights_of(network):
    return {name: tensor.numpy() for name, tensor in forward.weights_of(network.model).items()}


def random_directions(network):
    random = np.random.default_rng(5)
    weights = weights_of(network)
    return tuple(landscape.filter_normalised(weights, random) for _ in range(2))


def by_keras(network, images, labels, weights):
    """What Keras itself evaluates with other weights."""
    model = keras.models.clone_model(network.model)
    for layer in model.layers:
        if layer.get_weights() and f"{layer.name}/kernel" in weights:
            layer.set_weights([weights[f"{layer.name}/kernel"], weights[f"{layer.name}/bias"]])
    model.compile(loss="sparse_categorical_crossentropy")
    scaled = images.astype(np.float32) / np.float32(255)
    return float(model.evaluate(scaled, labels, batch_size=64, verbose=0))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_centre_is_the_loss_that_keras_evaluates(shipped, precision):
    network, _ = shipped
    name = next(name for name in SHIPPED if runs.open_run(name).model == network.config)
    data = datasets.load(SHIPPED[name])
    images, labels = data.x_val[:150], data.y_val[:150]
    found = losses(network, images, labels, random_directions(network), ORIGIN, precision)
    assert found[0] == pytest.approx(
        by_keras(network, images, labels, weights_of(network)), rel=1e-4
    )


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_each_point_is_the_loss_of_the_network_with_those_weights(config):
    network = opened(config)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (9, *config.input_shape), dtype=np.uint8)
    labels = random.integers(0, config.classes, 9)
    first, second = random_directions(network)
    points = np.array([[0, 0], [0.5, -1], [-2, 3]], np.float32)
    found = losses(network, images, labels, (first, second), points)
    for (x, y), loss in zip(points.tolist(), found, strict=True):
        own = {n: w + x * first[n] + y * second[n] for n, w in weights_of(network).items()}
        assert loss == pytest.approx(by_keras(network, images, labels, own), rel=2e-3, abs=1e-4)
    near = losses(network, images, labels, (first, second), points, "bfloat16")
    assert near[0] == found[0]
    assert_allclose(near, found, rtol=0.1, atol=0.05)


def test_the_landscape_of_a_toy_is_the_bowl_that_it_must_be():
    """Of a score s and both classes once each the loss is log(2 cosh(s / 2)), a bowl, a parabola near 0.

    The score is x times one pixel and y times another: the contours are circles.
    """
    network = reads_one_pixel(0.0)
    directions = []
    other = (1, 6)
    for row, column in (READS_ONE, other):
        kernel = np.zeros((64, 2), np.float32)
        kernel[row * 8 + column, 1] = 1
        zeros = {name: np.zeros_like(array) for name, array in weights_of(network).items()}
        directions.append({**zeros, "output/kernel": kernel})
    images = np.zeros((4, *ONE_PIXEL.input_shape), np.float32)
    for index, place in enumerate((READS_ONE, READS_ONE, other, other)):
        images[(index, *place)] = 1
    labels = np.array([0, 1, 0, 1])
    x, y = landscape.grid(np.array([[-1, -1], [1, 1]], np.float32), 15)
    columns, rows = np.meshgrid(x, y)
    points = np.stack([columns.ravel(), rows.ravel()], axis=1)
    found = losses(network, images, labels, tuple(directions), points)
    bowl = (np.log(2 * np.cosh(points / 2))).mean(axis=1)
    assert_allclose(found, bowl, atol=1e-5)
    assert_allclose(found, np.log(2) + (points**2).sum(axis=1) / 16, atol=0.03)
    assert tuple(points[found.argmin()]) == (0, 0)


def test_weights_beyond_all_numbers_have_no_loss():
    network = reads_one_pixel(1e6)
    images = np.zeros((1, *ONE_PIXEL.input_shape), np.float32)
    images[(0, *READS_ONE)] = 1
    zeros = {name: np.zeros_like(array) for name, array in weights_of(network).items()}
    found = losses(network, images, np.array([0]), (zeros, zeros), ORIGIN)
    assert found[0] == pytest.approx(1e6)
    nothing = {name: array * np.nan for name, array in zeros.items()}
    points = np.array([[1, 0]], np.float32)
    assert np.isnan(losses(network, images, np.array([0]), (nothing, zeros), points)).all()


def test_no_images_are_refused():
    network = reads_one_pixel()
    weights = weights_of(network)
    with pytest.raises(ValueError, match="at least one image"):
        losses(
            network,
            np.zeros((0, 8, 8, 1), np.uint8),
            np.zeros(0, np.int64),
            (weights, weights),
            ORIGIN,
        )
