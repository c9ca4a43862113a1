"""Explanations on toys whose answer is known, and against Keras and TensorFlow called directly."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from lengths import repeats
from numpy.testing import assert_allclose
from test_features import image, opened
from toy_networks import READS_ONE, SHIPPED, reads_one_pixel, shipped, with_weights

from cnn_core import datasets, runs
from cnn_core import model as models
from cnn_core.arithmetic import field_of, layer_table
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.inside import features, forward, patterns
from cnn_core.inside.class_maps import class_maps
from cnn_core.inside.gradients import saliency
from cnn_core.inside.occlusion import occlusion

pytestmark = pytest.mark.slow

__all__ = ["shipped"]  # a fixture


TWO_COLOURS = ModelConfig((ConvBlock(2, 1, pool="none"),), (), 0.0, (8, 8, 3), 2)


def counts_colours() -> models.Opened:
    """Class 0 counts what is red, class 1 what is blue."""
    kernel = np.zeros((1, 1, 3, 2))
    kernel[0, 0, 0, 0] = kernel[0, 0, 2, 1] = 1
    dense = np.tile([[1.0, -1.0], [-1.0, 1.0]], (64, 1))  # flatten: channel fastest
    return with_weights(TWO_COLOURS, conv1=[kernel, np.zeros(2)], output=[dense, np.zeros(2)])


def scores(network: models.Opened, layer: str) -> keras.Model:
    """Calculated directly: a model that gives a layer's maps and the scores before the softmax."""
    last = network.model.layers[-1]
    before = keras.layers.Dense(last.units)(network.model.layers[-2].output)
    probe = keras.Model(network.model.inputs[0], [network.model.get_layer(layer).output, before])
    probe.layers[-1].set_weights(last.get_weights())
    return probe


def test_grad_cam_points_at_what_a_toy_counts_for_the_class():
    picture = np.zeros((8, 8, 3), np.float32)
    picture[1, 2, 0], picture[6, 5, 2] = 0.5, 1.0
    for label, spot, value in ((0, (1, 2), 0.5), (1, (6, 5), 1.0)):
        found = class_maps(counts_colours(), picture, label)["grad_cam"]
        assert np.argwhere(found["map"]).tolist() == [list(spot)]
        assert found["map"][spot] == pytest.approx(value)
        assert_allclose(found["heat"], found["map"])


@pytest.mark.parametrize("layer", ["conv1", "conv2", None])
def test_grad_cam_equals_tensorflow_by_hand_on_the_shipped_models(shipped, layer):
    network, images = shipped
    last = [row.name for row in layer_table(network.config) if row.kind == "conv"][-1]
    probe, lit = scores(network, layer or last), 0
    for label, picture in enumerate(images):
        with tf.GradientTape() as tape:
            maps, before = probe(picture[np.newaxis] / np.float32(255))
            chosen = before[0, label]
        slope = tape.gradient(chosen, maps)[0].numpy()  # (h, w, F)
        cam = np.maximum(np.einsum("hwf,f->hw", maps[0].numpy(), slope.mean(axis=(0, 1))), 0)
        large = tf.image.resize(cam[..., np.newaxis], (28, 28), "bilinear")[..., 0].numpy()
        found = class_maps(network, picture, label, layer)["grad_cam"]
        assert_allclose(found["map"], cam, atol=1e-4 * cam.max() + 1e-6)
        assert_allclose(found["heat"], large, atol=1e-4 * cam.max() + 1e-6)
        lit += cam.max() > 0
    assert lit > 3, "the test must have seen something"


@pytest.mark.parametrize(
    "block",
    [
        ConvBlock(1, 5, 1, "valid", pool="none"),
        ConvBlock(1, 3, 2, "same", pool="none"),
        ConvBlock(1, 4, 3, "valid", pool="none"),
    ],
)
def test_the_heat_of_a_unit_lies_in_the_middle_of_what_it_sees(block: ConvBlock):
    config = ModelConfig((block,), (), 0.0, (20, 31, 1), 2)
    row = layer_table(config)[0]
    network = with_weights(config, conv1=[np.ones((block.kernel, block.kernel, 1, 1)), np.zeros(1)])
    network.model.get_layer("output").kernel.assign(np.ones((np.prod(row.output_shape), 2)))
    picture = np.zeros((20, 31, 1), np.float32)
    picture[9:12, 15:18] = np.array([[1, 1, 1], [1, 3, 1], [1, 1, 1]])[..., None]
    found = class_maps(network, picture, 0)["grad_cam"]
    unit = np.unravel_index(found["map"].argmax(), found["map"].shape)
    top, left, bottom, right = field_of(row, tuple(map(int, unit)), config.input_shape)
    middle = found["heat"][
        (top + bottom - 1) // 2 : (top + bottom) // 2 + 1,
        (left + right - 1) // 2 : (left + right) // 2 + 1,
    ]
    assert middle.max() == found["heat"].max()
    assert found["heat"].shape == (20, 31)


def test_saliency_and_smoothgrad_see_the_only_pixel_a_toy_reads():
    picture = np.full((8, 8, 1), 0.5, np.float32)
    expected = np.zeros((8, 8))
    expected[READS_ONE] = 3.0
    for samples in (1, 25):
        found = saliency(reads_one_pixel(), picture, 1, samples)
        assert_allclose(found["heat"], expected)
        assert saliency(reads_one_pixel(), picture, 0, samples)["heat"].max() == 0


def test_saliency_equals_tensorflow_by_hand_on_the_shipped_models(shipped):
    network, images = shipped
    probe = scores(network, "conv1")
    for label, picture in enumerate(images):
        pixels = tf.Variable(picture[np.newaxis] / np.float32(255))
        with tf.GradientTape() as tape:
            chosen = probe(pixels)[1][0, label]
        slope = np.abs(tape.gradient(chosen, pixels)[0, ..., 0])
        found = saliency(network, picture, label)["heat"]
        assert_allclose(found, slope, atol=1e-4 * slope.max())


def test_saliency_takes_the_strongest_colour():
    found = saliency(counts_colours(), np.full((8, 8, 3), 0.5, np.float32), 0)
    assert_allclose(found["heat"], np.ones((8, 8)))


def test_smoothgrad_without_noise_is_saliency(shipped):
    network, images = shipped
    for picture in images[:3]:
        plain = saliency(network, picture, 1)["heat"]
        smooth = saliency(network, picture, 1, samples=25, noise=0.0)["heat"]
        assert_allclose(smooth, plain, atol=1e-5 * plain.max())


def test_smoothgrad_is_the_mean_over_noisy_copies_however_they_are_cut(shipped, monkeypatch):
    network, dim = shipped[0], shipped[1][0] // 3  # a range that is not 1
    sigma = 0.2 * np.ptp(dim) / 255
    noise = np.random.default_rng(7).normal(0, sigma, (10, 28, 28, 1)).astype(np.float32)
    probe = scores(network, "conv1")
    pixels = tf.constant(dim / np.float32(255) + noise)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        chosen = tf.reduce_sum(probe(pixels)[1][:, 4])
    expected = np.abs(tape.gradient(chosen, pixels).numpy().mean(axis=0)[..., 0])
    for bytes_at_a_time in (2**22, 3 * 28 * 28 * 32 * 4):
        monkeypatch.setattr(forward, "CHUNK_BYTES", bytes_at_a_time)
        found = saliency(network, dim, 4, samples=10, noise=0.2, seed=7)["heat"]
        assert_allclose(found, expected, atol=1e-4 * expected.max())
    other = saliency(network, dim, 4, samples=10, noise=0.2, seed=8)["heat"]
    assert np.abs(other - expected).max() > 0.01 * expected.max()


def test_occlusion_points_at_the_only_pixel_a_toy_reads():
    picture = np.ones((8, 8, 1), np.float32)
    found = occlusion(reads_one_pixel(), picture, 1, side=4, stride=4, shade="black")
    share = 1 / (1 + np.exp(-3))
    assert found["probability"] == pytest.approx(share)
    assert found["score"] == pytest.approx(3)
    assert_allclose(found["drops"], [[0, 0], [3, 0]], atol=1e-6)
    assert_allclose(found["hidden"], [[share, share], [0.5, share]], atol=1e-6)
    assert np.flatnonzero(found["heat"][:, 0] > 1e-6).tolist() == [4, 5, 6, 7]
    grey = occlusion(reads_one_pixel(), picture, 1, side=4, stride=4, shade="grey")
    assert_allclose(grey["drops"][1, 0], 1.5, atol=1e-6)
    helped = occlusion(reads_one_pixel(), 0 * picture, 1, side=4, stride=4, shade="white")
    assert_allclose(helped["drops"], [[0, 0], [-3, 0]], atol=1e-6)


def test_occlusion_finds_something_where_the_probability_no_longer_moves():
    """23 % of clothing and 43 % of digits had an empty picture while it was the probability that dropped."""
    picture = np.ones((8, 8, 1), np.float32)
    found = occlusion(reads_one_pixel(60), picture, 1, side=4, stride=4, shade="grey")
    assert found["probability"] - found["hidden"].min() < 0.001
    assert found["drops"].max() == pytest.approx(30)


@pytest.mark.parametrize("name", ["fashion", "digits"])
def test_occlusion_is_empty_for_no_image_of_a_shipped_network(name):
    run = runs.open_run(name)
    network = models.opened(run.model, run.folder / "best.keras")
    pictures = datasets.load(SHIPPED[name], "sample").x_test[: repeats(10, 40)]
    labels = network.predict(pictures).argmax(axis=1)
    for picture, label in zip(pictures, labels.tolist(), strict=True):
        assert occlusion(network, picture, label)["drops"].max() > 0.1


@pytest.mark.parametrize(
    ("shape", "side", "stride"),
    [((8, 8, 1), 3, 2), ((7, 10, 3), 4, 3), ((3, 4, 1), 1, 1), ((6, 5, 2), 9, 4)],
    ids=str,
)
def test_occlusion_equals_a_naive_loop(shape, side, stride):
    config = ModelConfig((ConvBlock(3),), (4,), 0.5, shape, 3)
    network, picture = opened(config), image(config)
    found = occlusion(network, picture, 2, side, stride, "grey")
    assert set(np.diff(found["tops"])) | set(np.diff(found["lefts"])) <= set(range(1, stride + 1))

    last = network.model.get_layer("output")
    before = keras.Model(network.model.inputs[0], last.input)

    def score(pixels: np.ndarray) -> float:
        return float((before(pixels[np.newaxis]) @ last.kernel + last.bias)[0, 2])

    whole, sums, times = score(picture / 255), np.zeros(shape[:2]), np.zeros(shape[:2])
    for row, top in enumerate(found["tops"]):
        for column, left in enumerate(found["lefts"]):
            hidden = picture / 255
            hidden[top : top + side, left : left + side] = 0.5
            drop = whole - score(hidden)
            assert found["drops"][row, column] == pytest.approx(drop, abs=1e-5)
            sums[top : top + side, left : left + side] += drop
            times[top : top + side, left : left + side] += 1
    assert times.min() >= 1, "every pixel was hidden"
    assert_allclose(found["heat"], sums / times, atol=1e-5)


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_an_ascent_raises_the_mean_activation_from_every_start(shipped, layer):
    network, images = shipped
    alive = features.peaks(network, images)[layer]["peak"].max(axis=0) > 0.05
    for channel in np.flatnonzero(alive)[:2]:
        for seed in (0, 1):
            found = patterns.preferred_pattern(network, layer, int(channel), seed)
            curves = found["activations"]
            assert curves.shape == (4, 61)
            assert (curves[:, -1] > 1.5 * curves[:, 0]).all()
            assert (curves[:, -1] > curves[:, 20]).all()
            real = features.feature_maps(network, found["patterns"][2])[layer][..., channel]
            assert real.mean() == pytest.approx(curves[2, -1], rel=1e-3)
            assert 0 <= found["patterns"].min() <= found["patterns"].max() <= 1


def one_filter(kernel: np.ndarray, bias: float) -> models.Opened:
    config = ModelConfig((ConvBlock(1, len(kernel), pool="none"),), (), 0.0, (12, 12, 1), 2)
    return with_weights(config, conv1=[kernel[..., np.newaxis, np.newaxis], np.array([bias])])


@pytest.mark.parametrize(
    ("weight", "bias", "colour"), [(1.0, 0.0, 1), (-1.0, 1.0, 0), (1, -0.7, 1)]
)
def test_a_filter_that_likes_light_or_dark_gets_it_even_if_it_begins_silent(weight, bias, colour):
    found = patterns.preferred_pattern(
        one_filter(np.array([[weight]]), bias), "conv1", 0, steps=120
    )
    assert np.abs(found["patterns"] - colour).mean() < 0.2
    assert (found["activations"][:, -1] > found["activations"][:, 0]).all()


def test_a_filter_for_vertical_edges_gets_stripes_that_stand():
    edges = np.array([[-1.0, 0, 1]] * 3)
    for kernel, axis in ((edges, 2), (edges.T, 1)):
        stripes = patterns.preferred_pattern(one_filter(kernel, 0.0), "conv1", 0)["patterns"]
        across, along = (np.abs(np.diff(stripes, axis=it)).mean() for it in (axis, 3 - axis))
        assert across > 2 * along


def test_the_same_seed_climbs_the_same_way_and_starts_differ(shipped):
    network, _ = shipped
    one, same, other = (
        patterns.preferred_pattern(network, "conv1", 1, seed, 2, 5) for seed in (3, 3, 4)
    )
    assert_allclose(one["patterns"], same["patterns"])
    assert np.abs(one["patterns"] - other["patterns"]).max() > 0.01
    assert np.abs(one["patterns"][0] - one["patterns"][1]).max() > 0.01
