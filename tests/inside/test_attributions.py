"""Class activation maps and Integrated Gradients: toys with known answers, and TensorFlow called directly."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from scipy.ndimage import gaussian_filter
from test_explain import scores
from test_features import image, opened
from toy_networks import READS_ONE, SHIPPED, reads_one_pixel, shipped, with_weights

from cnn_core import datasets, runs
from cnn_core import model as models
from cnn_core.arithmetic import layer_table
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.inside.baselines import BLUR, baseline
from cnn_core.inside.class_maps import class_maps
from cnn_core.inside.gradients import integrated_gradients

pytestmark = pytest.mark.slow

__all__ = ["shipped"]  # a fixture

ONE_DENSE = ModelConfig((ConvBlock(3, 3, pool="none"),), (), 0.0, (6, 7, 2), 3)
AVERAGED = ModelConfig((ConvBlock(2, 1, pool="average"),), (), 0.0, (2, 2, 1), 2)


def gradients_by_tensorflow(
    network: models.Opened, layer: str, picture: np.ndarray, label: int
) -> tuple[np.ndarray, np.ndarray]:
    """Maps (h, w, F) of a layer and the gradients of the class score there, with Keras' own layers."""
    probe = scores(network, layer)
    with tf.GradientTape() as tape:
        maps, before = probe(picture[np.newaxis] / np.float32(255))
        chosen = before[0, label]
    return maps[0].numpy(), tape.gradient(chosen, maps)[0].numpy()


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_the_maps_equal_tensorflow_on_the_shipped_models(shipped, layer):
    network, images = shipped
    for label, picture in enumerate(images):
        maps, gradients = gradients_by_tensorflow(network, layer, picture, label)
        wanted = {
            "hires_cam": np.einsum("hwf,hwf->hw", gradients, maps),
            "layer_cam": np.einsum("hwf,hwf->hw", np.where(gradients > 0, gradients, 0), maps),
            "grad_cam": np.einsum("f,hwf->hw", gradients.mean(axis=(0, 1)), maps),
        }
        found = class_maps(network, picture, label, layer)
        for name, signed in wanted.items():
            cut = np.where(signed > 0, signed, 0)
            large = tf.image.resize(cut[..., np.newaxis], (28, 28), "bilinear")[..., 0].numpy()
            assert_allclose(found[name]["map"], cut, atol=1e-4 * np.abs(signed).max())
            assert_allclose(found[name]["heat"], large, atol=1e-4 * np.abs(signed).max())
        averaging = found["averaging"]
        assert_allclose(averaging["activations"], maps[..., averaging["filter"]], atol=1e-4)
        left = np.abs(gradients.mean(axis=(0, 1))).sum() / np.abs(gradients).mean(axis=(0, 1)).sum()
        assert averaging["left"] == pytest.approx(left, abs=1e-3)


def test_hirescam_is_exact_for_one_dense_layer_after_flatten():
    network, picture = opened(ONE_DENSE), image(ONE_DENSE)
    last = network.model.get_layer("output")
    maps, before = scores(network, "conv1")(picture[np.newaxis] / np.float32(255))
    weights = last.kernel.numpy().reshape(*maps.shape[1:], 3)  # (H, W, F, K)
    parts = np.einsum("hwf,hwfk->hwk", maps[0], weights)
    assert_allclose(parts.sum(axis=(0, 1)) + last.bias, before[0], atol=1e-5)
    for label in range(3):
        found = class_maps(network, picture, label)["hires_cam"]["map"]
        assert_allclose(found, np.where(parts[..., label] > 0, parts[..., label], 0), atol=1e-5)
        assert found.max() > 0


def opposed(places: np.ndarray) -> models.Opened:
    """One map that is the image; class 0 counts it with those weights, which may cancel in the mean."""
    config = ModelConfig((ConvBlock(1, 1, pool="none"),), (), 0.0, (*places.shape, 1), 2)
    dense = np.stack([places.ravel(), -places.ravel()], axis=1)
    return with_weights(
        config, conv1=[np.ones((1, 1, 1, 1)), np.zeros(1)], output=[dense, np.zeros(2)]
    )


def test_averaging_leaves_nothing_where_a_map_counts_for_the_class_here_and_against_it_there():
    places = np.array([[2.0, 2, -2, -2]] * 4)
    picture = np.full((4, 4, 1), 0.5, np.float32)
    found = class_maps(opposed(places), picture, 0)
    assert found["grad_cam"]["map"].max() == 0
    assert found["averaging"]["left"] == 0
    for name in ("hires_cam", "layer_cam"):
        assert_allclose(found[name]["map"], np.where(places > 0, 1.0, 0.0))


def test_layer_cam_keeps_what_another_map_takes_away():
    """Of two equal maps one counts for the class and one against it: only Layer-CAM looks at one alone."""
    config = ModelConfig((ConvBlock(2, 1, pool="none"),), (), 0.0, (2, 2, 1), 2)
    dense = np.tile([[3.0, 0.0], [-3.0, 0.0]], (4, 1))  # flatten: channel fastest
    network = with_weights(
        config, conv1=[np.ones((1, 1, 1, 2)), np.zeros(2)], output=[dense, np.zeros(2)]
    )
    found = class_maps(network, np.ones((2, 2, 1), np.float32), 0)
    assert found["hires_cam"]["map"].max() == found["grad_cam"]["map"].max() == 0
    assert_allclose(found["layer_cam"]["map"], np.full((2, 2), 3.0))


def test_where_a_network_ends_in_averaging_all_places_count_alike_and_nothing_is_lost():
    """With pooling over the whole map, HiResCAM and Grad-CAM are the same."""
    dense = np.array([[2.0, 0.0], [-1.0, 0.0]])
    kernel = np.array([[[[1.0, 0.5]]]])
    network = with_weights(AVERAGED, conv1=[kernel, np.zeros(2)], output=[dense, np.zeros(2)])
    picture = np.array([[0.1, 0.9], [0.4, 0.0]], np.float32)[..., np.newaxis]
    found = class_maps(network, picture, 0)
    assert_allclose(found["hires_cam"]["map"], found["grad_cam"]["map"], atol=1e-7)
    assert_allclose(found["hires_cam"]["map"], picture[..., 0] * (2 - 0.5) / 4, atol=1e-6)
    assert found["averaging"]["left"] == pytest.approx(1)


@pytest.mark.parametrize("name", SHIPPED)
def test_neither_hirescam_nor_layer_cam_is_ever_empty_on_the_shipped_networks(name: str):
    """Grad-CAM is, for 5 % of all clothing."""
    run = runs.open_run(name)
    network = models.opened(run.model, run.folder / "best.keras")
    pictures = datasets.load(SHIPPED[name], "sample").x_test[:40]
    labels = network.predict(pictures).argmax(axis=1).tolist()
    for layer in (row.name for row in layer_table(run.model) if row.kind == "conv"):
        for picture, label in zip(pictures, labels, strict=True):
            found = class_maps(network, picture, label, layer)
            assert found["hires_cam"]["map"].max() > 0
            assert found["layer_cam"]["map"].max() > 0


@pytest.mark.parametrize(("start", "value"), [("black", 0.0), ("grey", 0.5)])
def test_integrated_gradients_of_a_linear_network_are_weight_times_way(start: str, value: float):
    picture = np.full((8, 8, 1), 0.75, np.float32)
    expected = np.zeros((8, 8))
    expected[READS_ONE] = 3 * (0.75 - value)
    found = integrated_gradients(reads_one_pixel(3), picture, 1, start)
    assert_allclose(found["heat"], expected, atol=1e-6)
    assert found["sum"] == pytest.approx(expected.sum(), abs=1e-6)
    assert found["difference"] == pytest.approx(expected.sum(), abs=1e-6)


def test_a_pixel_that_is_like_the_start_gets_nothing():
    found = integrated_gradients(reads_one_pixel(3), np.zeros((8, 8, 1), np.float32), 1, "black")
    assert found["heat"].max() == found["difference"] == 0


@pytest.mark.parametrize("start", ["black", "grey", "blur"])
def test_integrated_gradients_equal_tensorflow_and_add_up(shipped, start: str):
    network, images = shipped
    probe, steps = scores(network, "conv1"), 64
    for label, picture in enumerate(images[:4]):
        pixels = picture / np.float32(255)
        begin = {
            "black": np.zeros_like(pixels),
            "grey": np.full_like(pixels, 0.5),
            "blur": gaussian_filter(pixels, (4, 4, 0), mode="nearest"),
        }[start]
        shares = (np.arange(steps, dtype=np.float32) + 0.5).reshape(-1, 1, 1, 1) / steps
        points = tf.Variable(begin + shares * (pixels - begin))
        with tf.GradientTape() as tape:
            chosen = tf.reduce_sum(probe(points)[1][:, label])
        gradients = tape.gradient(chosen, points).numpy()
        wanted = ((pixels - begin) * gradients.mean(axis=0))[..., 0]
        found = integrated_gradients(network, picture, label, start, steps)
        assert_allclose(found["heat"], wanted, atol=1e-3 * np.abs(wanted).max())
        both = probe(np.stack([begin, pixels]))[1][:, label].numpy().tolist()
        assert found["difference"] == pytest.approx(both[1] - both[0], abs=1e-3)
        exact = integrated_gradients(network, picture, label, start, 16 * steps)
        assert exact["sum"] == pytest.approx(exact["difference"], abs=0.05)


def test_more_steps_add_up_better(shipped):
    network, images = shipped

    def missing(steps: int) -> float:
        found = [integrated_gradients(network, picture, 1, "grey", steps) for picture in images]
        return float(np.mean([abs(one["sum"] - one["difference"]) for one in found]))

    assert missing(200) < missing(4) / 3


def test_what_stands_in_is_of_one_kind():
    random = np.random.default_rng(3).random((2, 12, 14, 3)).astype(np.float32)
    assert (baseline(random, "black") == 0).all()
    assert (baseline(random, "grey") == 0.5).all()
    width = BLUR * 12
    for one, blurred in zip(random, baseline(random, "blur"), strict=True):
        for channel in range(3):
            wanted = gaussian_filter(one[..., channel], width, mode="nearest")
            assert_allclose(blurred[..., channel], wanted, atol=1e-5)
    with pytest.raises(ValueError, match="Received"):
        baseline(random, "white")


def test_keras_and_the_probe_of_these_tests_agree(shipped):
    network, images = shipped
    pixels = images / np.float32(255)
    probabilities = keras.ops.softmax(scores(network, "conv1")(pixels)[1])
    assert_allclose(probabilities, network.model(pixels), atol=1e-5)
