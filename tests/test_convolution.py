"""Convolution and pooling in NumPy against SciPy, which knows no networks, and against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import network
from scipy.signal import convolve2d, correlate2d

from cnn_core import convolution as conv
from cnn_core.arithmetic import layer_table
from cnn_core.config import ACTIVATIONS, TEXTBOOK, ConvBlock
from cnn_core.model import build

close = {"atol": 1e-5, "rtol": 1e-5}
some = settings(max_examples=60, deadline=None, derandomize=True)
sides = st.tuples(st.integers(1, 14), st.integers(1, 14))
kernels = st.tuples(st.integers(1, 6), st.integers(1, 6))
paddings = st.sampled_from(["same", "valid"])
strides = st.integers(1, 4)
seeds = st.integers(0, 2**20)


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def fits(image: tuple[int, int], window: tuple[int, int], padding: str) -> bool:
    return padding == "same" or (image[0] >= window[0] and image[1] >= window[1])


@some
@given(sides, kernels, strides, paddings, st.integers(1, 4), st.integers(1, 3), seeds)
def test_conv2d_is_what_keras_computes(image, kernel, stride, padding, channels, filters, seed):
    x = numbers(seed, *image, channels)
    weights, bias = numbers(seed + 1, *kernel, channels, filters), numbers(seed + 2, filters)
    if not fits(image, kernel, padding):
        with pytest.raises(ValueError, match="fit"):
            conv.conv2d(x, weights, bias, stride=stride, padding=padding)
        return
    expected = keras.ops.conv(x[None], weights, strides=stride, padding=padding)
    found = conv.conv2d(x, weights, bias, stride=stride, padding=padding)
    np.testing.assert_allclose(found, np.asarray(expected)[0] + bias, **close)
    assert found.dtype == np.float32


@some
@given(
    sides,
    st.integers(1, 4),
    st.integers(1, 4),
    paddings,
    st.sampled_from(["max", "average"]),
    seeds,
)
def test_pool2d_is_what_keras_computes(image, size, stride, padding, kind, seed):
    x = numbers(seed, *image, 2)
    if not fits(image, (size, size), padding):
        with pytest.raises(ValueError, match="fit"):
            conv.pool2d(x, size, stride=stride, kind=kind, padding=padding)
        return
    layer = {"max": keras.ops.max_pool, "average": keras.ops.average_pool}[kind]
    expected = np.asarray(layer(x[None], size, strides=stride, padding=padding))[0]
    found = conv.pool2d(x, size, stride=stride, kind=kind, padding=padding)
    np.testing.assert_allclose(found, expected, **close)


def test_a_window_that_pools_steps_by_its_own_side_and_leaves_the_remainder():
    x = np.arange(25, dtype=np.float32).reshape(5, 5, 1)
    assert conv.pool2d(x)[..., 0].tolist() == [[6, 8], [16, 18]]
    assert conv.pool2d(x, kind="average")[..., 0].tolist() == [[3, 5], [13, 15]]
    assert conv.pool2d(x.astype(np.uint8))[0, 0, 0] == 6
    assert conv.layout((5, 5), (2, 2), stride=2, padding="valid").unread == (1, 1)


@some
@given(sides, kernels, strides, seeds)
def test_without_padding_correlation_and_convolution_are_those_of_scipy(
    image, kernel, stride, seed
):
    if not fits(image, kernel, "valid"):
        return
    x, weights = numbers(seed, *image), numbers(seed + 1, *kernel)
    for ours, theirs in ((conv.correlate, correlate2d), (conv.convolve, convolve2d)):
        expected = theirs(x, weights, mode="valid")[::stride, ::stride]
        np.testing.assert_allclose(
            ours(x, weights, stride=stride, padding="valid"), expected, **close
        )


@some
@given(sides, st.sampled_from([1, 3, 5]), seeds)
def test_odd_kernels_with_padding_are_those_of_scipy(image, side, seed):
    x, weights = numbers(seed, *image), numbers(seed + 1, side, side)
    # Where the kernel is larger than the image, SciPy keeps the size of the larger of the two.
    edge = side // 2
    for ours, theirs in ((conv.correlate, correlate2d), (conv.convolve, convolve2d)):
        expected = theirs(np.pad(x, edge), weights, mode="valid")
        np.testing.assert_allclose(ours(x, weights), expected, **close)


def test_an_even_kernel_has_its_odd_row_of_padding_at_the_bottom_and_right():
    found = conv.layout((28, 27), (2, 4), stride=1)
    assert (found.top, found.bottom, found.left, found.right) == (0, 1, 1, 2)
    assert conv.layout((28, 28), (3, 3), stride=2) == conv.Layout((14, 14), 0, 1, 0, 1, (0, 0))
    assert conv.layout((28, 28), (3, 3), padding="valid") == conv.Layout((26, 26))


@some
@given(sides, kernels, strides, paddings, seeds)
def test_the_padding_is_what_keras_adds(image, kernel, stride, padding, seed):
    if not fits(image, kernel, padding):
        return
    found = conv.layout(image, kernel, stride=stride, padding=padding)
    x, weights = numbers(seed, *image, 1), numbers(seed + 1, *kernel, 1, 1)
    expected = keras.ops.conv(x[None], weights, strides=stride, padding=padding)
    border = ((0, 0), (found.top, found.bottom), (found.left, found.right), (0, 0))
    padded = np.pad(x[None], border)
    by_hand = keras.ops.conv(padded, weights, strides=stride, padding="valid")
    np.testing.assert_allclose(np.asarray(by_hand), np.asarray(expected), **close)
    rows, columns = padded.shape[1] - found.unread[0], padded.shape[2] - found.unread[1]
    read = keras.ops.conv(padded[:, :rows, :columns], weights, strides=stride, padding="valid")
    np.testing.assert_allclose(np.asarray(read), np.asarray(expected), **close)
    assert found.output == expected.shape[1:3]


@some
@given(sides, kernels, strides, paddings, st.integers(1, 4), seeds, st.data())
def test_a_step_adds_up_to_the_cell_of_the_map(
    image, kernel, stride, padding, channels, seed, data
):
    if not fits(image, kernel, padding):
        return
    x, weights = numbers(seed, *image, channels), numbers(seed + 1, *kernel, channels, 2)
    bias, way = numbers(seed + 2, 2), {"stride": stride, "padding": padding}
    whole = np.asarray(keras.ops.conv(x[None], weights, strides=stride, padding=padding))[0] + bias
    at = tuple(data.draw(st.integers(0, side - 1)) for side in whole.shape[:2])
    found = conv.step(x, weights, bias, at=at, channel=1, **way)
    np.testing.assert_allclose(found.total, whole[(*at, 1)], **close)
    np.testing.assert_allclose(found.products, found.patch * weights[..., 1], **close)
    np.testing.assert_allclose(found.partial, found.products.sum(axis=(0, 1)), **close)
    for row, column in np.ndindex(*kernel):
        inside = 0 <= found.top + row < image[0] and 0 <= found.left + column < image[1]
        there = x[found.top + row, found.left + column] if inside else 0
        np.testing.assert_array_equal(found.patch[row, column], there)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_keras(name: str):
    x = np.linspace(-6, 6, 121, dtype=np.float32)
    expected = np.asarray(keras.activations.get(name)(keras.ops.convert_to_tensor(x)))
    found = conv.activate(x, name)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    "config",
    [
        TEXTBOOK,
        network(ConvBlock(3, 4, 2, "same", "tanh", "average", 3), shape=(20, 31, 3)),
        network(ConvBlock(2, 3, 1, "valid", "gelu", "none"), ConvBlock(5, 2), shape=(9, 11, 1)),
    ],
    ids=["textbook", "colour", "valid"],
)
def test_the_maps_of_a_network_are_those_of_keras(config):
    model = build(config, seed=1)
    image = np.random.default_rng(0).random(config.input_shape, np.float32)
    weights = {}
    for row in layer_table(config):
        if row.kind == "conv":
            kernel, bias = model.get_layer(row.name).get_weights()
            weights |= {f"{row.name}/kernel": kernel, f"{row.name}/bias": bias}
    maps = conv.forward(config, weights, image)
    names = [row.name for row in layer_table(config) if row.kind in {"conv", "pool"}]
    assert [name for name in maps if not name.endswith("/sum")] == names
    inner = keras.Model(model.inputs[0], [model.get_layer(name).output for name in names])
    for name, expected in zip(names, inner(image[None]), strict=True):
        np.testing.assert_allclose(maps[name], np.asarray(expected)[0], **close)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: conv.conv2d(np.ones((3, 3)), np.ones((1, 1, 1, 1))), "3 axes"),
        (lambda: conv.conv2d(np.ones((3, 3, 1)), np.ones((1, 1))), "4 axes"),
        (lambda: conv.conv2d(np.ones((3, 3, 2)), np.ones((1, 1, 1, 1))), "1 channels"),
        (lambda: conv.conv2d(np.ones((3, 3, 1)), np.ones((1, 1, 1, 2)), np.ones(3)), "bias"),
        (lambda: conv.layout((3, 3), (1, 1), padding="full"), "padding"),
        (lambda: conv.layout((3, 3), (1, 1), stride=0), "at least 1"),
        (lambda: conv.pool2d(np.ones((3, 3, 1)), kind="sum"), "kind"),
        (lambda: conv.activate(np.ones(1), "softmax"), "activation"),
        (lambda: conv.forward(TEXTBOOK, {}, np.ones((3, 3, 1))), "shape"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_rule(call, rule: str):
    with pytest.raises(ValueError, match=rule):
        call()


def test_there_is_no_step_outside_the_map():
    with pytest.raises(IndexError, match="no cell"):
        conv.step(np.ones((3, 3, 1)), np.ones((3, 3, 1, 1)), at=(0, 3))
