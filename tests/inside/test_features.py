"""Feature maps against Keras, SciPy and the lines on the page; strongest answers against brute force."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.signal import correlate2d

from cnn_core import datasets, training
from cnn_core import model as models
from cnn_core.analysis import kernels
from cnn_core.arithmetic import layer_table
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.engine import looks
from cnn_core.errors import RunError
from cnn_core.export import snippets
from cnn_core.inside import features, forward
from cnn_core.runs import Run, snapshots

pytestmark = pytest.mark.slow

DIGITS = TrainConfig(
    dataset="digits", epochs=2, batch_size=64, learning_rate=5e-3, precision="float32"
)
SMALL = ModelConfig(
    blocks=(ConvBlock(5), ConvBlock(4, kernel=2, activation="tanh")),
    dense=(6,),
    input_shape=(8, 8, 1),
)
CONFIGS = {
    "textbook": TEXTBOOK,
    "small": SMALL,
    "colour, valid, average, no dense": ModelConfig(
        (ConvBlock(3, 5, 1, "valid", "sigmoid", "average"),), (), 0.0, (12, 10, 3), 4
    ),
    "strides, gelu, no pooling": ModelConfig(
        (ConvBlock(4, 1, 2, "same", "gelu", "none"), ConvBlock(6, 3, 2, "valid", "elu", "none")),
        (5, 4), 0.5, (15, 15, 2), 3,
    ),
    "linear, leaky": ModelConfig(
        (ConvBlock(3, activation="linear"), ConvBlock(3, activation="leaky_relu")), (4,), 0.2, (9, 9, 1)
    ),
}  # fmt: skip


def opened(config: ModelConfig, seed: int = 1, bias: float = 0.05) -> models.Opened:
    """An untrained network, its biases not 0 so that they count."""
    network = models.build(config, seed=seed)
    for layer in network.layers:
        if layer.weights and not isinstance(layer, keras.layers.Dropout):
            layer.bias.assign(bias * np.arange(layer.bias.shape[0]) - bias)
    return models.Opened(config, network, models.predictor(network))


def image(config: ModelConfig, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, config.input_shape, dtype=np.uint8)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_every_layer_is_there_in_order_and_equals_the_lines_on_the_page(config: ModelConfig):
    network, pixels = opened(config), image(config)
    maps = features.feature_maps(network, pixels)
    expected = []
    for row in layer_table(config):
        expected += [f"{row.name}/sum"] * (row.kind == "conv")
        expected += [row.name] * (row.kind not in {"flatten", "dropout"})
    assert list(maps) == expected
    for name, found in maps.items():
        lines = snippets.feature_map_lines(name, found.shape)
        assert len(lines.splitlines()) == 3
        there = {"keras": keras, "np": np, "model": network.model, "image": pixels}
        exec(compile(ast.parse(lines), "lines", "exec"), there)
        assert there["maps"].shape == found.shape
        np.testing.assert_allclose(np.asarray(there["maps"]), found, atol=1e-5)
    np.testing.assert_allclose(maps["output"], network.predict(pixels[np.newaxis])[0], atol=1e-6)


def test_the_first_sums_are_a_correlation_as_scipy_computes_it():
    network, pixels = opened(SMALL), image(SMALL)
    kernel, bias = network.model.get_layer("conv1").get_weights()
    maps = features.feature_maps(network, pixels)
    for index in range(5):
        sums = correlate2d(pixels[..., 0] / 255, kernel[..., 0, index], mode="same") + bias[index]
        np.testing.assert_allclose(maps["conv1/sum"][..., index], sums, atol=1e-5)
    np.testing.assert_allclose(maps["conv1"], np.maximum(maps["conv1/sum"], 0))
    pooled = maps["conv1"].reshape(4, 2, 4, 2, 5).max(axis=(1, 3))  # 2x2 windows side by side
    np.testing.assert_allclose(maps["pool1"], pooled)


def test_bytes_and_floats_of_the_same_image_give_the_same():
    network, pixels = opened(SMALL), image(SMALL)
    as_float = features.feature_maps(network, pixels / np.float32(255))
    for name, found in features.feature_maps(network, pixels).items():
        np.testing.assert_allclose(as_float[name], found, atol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((8, 8), np.uint8), np.zeros((9, 8, 1), np.uint8), np.zeros((8, 8, 1), np.int64)],
)
def test_what_is_no_image_of_that_network_is_refused(wrong: np.ndarray):
    with pytest.raises(ValueError, match=r"shape|uint8"):
        features.feature_maps(opened(SMALL), wrong)


def snapshot_of(network: models.Opened) -> dict[str, np.ndarray]:
    """As `checkpoints.save_snapshot` writes it."""
    return {
        f"{layer.name}/{name}": array
        for layer in network.model.layers
        if isinstance(layer, keras.layers.Conv2D)
        for name, array in zip(("kernel", "bias"), layer.get_weights(), strict=True)
    }


def test_maps_of_another_epoch_are_those_of_a_network_with_its_convolutions():
    kept, other, pixels = opened(SMALL, seed=1), opened(SMALL, seed=2, bias=0.3), image(SMALL)
    shown = features.feature_maps(kept, pixels, snapshot_of(other))
    assert list(shown) == ["conv1/sum", "conv1", "pool1", "conv2/sum", "conv2", "pool2"]
    expected = features.feature_maps(other, pixels)
    own = features.feature_maps(kept, pixels)
    for name, found in shown.items():
        np.testing.assert_allclose(found, expected[name], atol=1e-6)
        assert np.abs(found - own[name]).max() > 0.01


def test_a_snapshot_of_another_network_is_one_sentence():
    wider = opened(replace(SMALL, blocks=(ConvBlock(6), SMALL.blocks[1])))
    with pytest.raises(RunError, match=r"conv1/kernel belong to another network"):
        features.feature_maps(opened(SMALL), image(SMALL), snapshot_of(wider))
    with pytest.raises(RunError, match=r"another network"):
        features.feature_maps(opened(SMALL), image(SMALL), {"conv9/kernel": np.zeros(3)})


def test_a_network_that_trains_on_is_asked_anew_without_compiling_again():
    network, pixels = opened(SMALL), image(SMALL)
    before = features.feature_maps(network, pixels)
    misses = features._forward.cache_info().misses
    network.model.get_layer("conv1").bias.assign(np.full(5, 9.0))
    after = features.feature_maps(network, pixels)
    features.feature_maps(opened(SMALL, seed=7), pixels)
    assert features._forward.cache_info().misses == misses
    np.testing.assert_allclose(
        after["conv1/sum"], before["conv1/sum"] - [-0.05, 0, 0.05, 0.1, 0.15] + 9, atol=1e-5
    )


@pytest.mark.parametrize("count", [1, 7, 30])
def test_peaks_equal_a_look_at_every_image(count: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(forward, "CHUNK_BYTES", 10 * 8 * 8 * 5 * 4)  # ten images at a time
    network = opened(SMALL, bias=0.8)
    images = np.stack([image(SMALL, seed) for seed in range(count)])
    found = features.peaks(network, images)
    maps = [features.feature_maps(network, one) for one in images]
    for layer in ("conv1", "conv2"):
        each = np.stack([it[layer] for it in maps])  # (N, H, W, F)
        np.testing.assert_allclose(found[layer]["peak"], each.max(axis=(1, 2)), atol=1e-6)
    assert (found["conv1"]["saturated"] == 0).all(), "ReLU has no upper end"
    share = (np.abs(np.stack([it["conv2"] for it in maps])) >= 0.99).mean(axis=(0, 1, 2))
    np.testing.assert_allclose(found["conv2"]["saturated"], share, atol=1e-6)
    assert share.max() > 0.1, "the test must have something saturated in it"


def test_a_sigmoid_saturates_at_both_ends():
    config = ModelConfig((ConvBlock(2, kernel=1, activation="sigmoid"),), (), 0.0, (4, 4, 1), 2)
    network = models.build(config)
    network.get_layer("conv1").set_weights([np.array([[[[0.0, 20.0]]]]), np.array([-9.0, 0.0])])
    pixels = np.zeros((2, 4, 4, 1), np.float32)
    pixels[0] = 1.0
    found = features.peaks(models.Opened(config, network, models.predictor(network)), pixels)
    np.testing.assert_allclose(found["conv1"]["saturated"], [1.0, 0.5])


def test_peaks_of_no_image_are_no_peaks():
    found = features.peaks(opened(SMALL), np.zeros((0, 8, 8, 1), np.uint8))
    assert found["conv1"]["peak"].shape == (0, 5)
    assert (found["conv1"]["saturated"] == 0).all()


def test_places_are_where_a_map_is_highest():
    network = opened(SMALL)
    images = np.stack([image(SMALL, seed) for seed in range(6)])
    for row, one in zip(features.places(network, images, "conv1", 3), images, strict=True):
        one_map = features.feature_maps(network, one)["conv1"][..., 3]
        assert one_map[tuple(row)] == one_map.max()


def test_top_images_equal_a_brute_force_search_over_all_test_images():
    network = opened(SMALL)
    test = datasets.load("digits")
    slices = [features.survey(network, DIGITS, first, 100) for first in range(0, 400, 100)]
    assert [len(part["conv1"]["peak"]) for part in slices] == [100, 100, 100, 60]
    merged = kernels.top_images((it["conv2"]["peak"], it["conv2"]["saturated"]) for it in slices)
    every = np.stack([features.feature_maps(network, one)["conv2"] for one in test.x_test])
    brute = every.max(axis=(1, 2))  # (360, F)
    np.testing.assert_allclose(merged.peak, brute.max(axis=0), atol=1e-6)
    assert merged.images == 360
    for index in range(4):
        rows = merged.rows[:, index]
        assert len(set(rows.tolist())) == 9
        np.testing.assert_allclose(
            brute[rows, index], np.sort(brute[:, index])[::-1][:9], atol=1e-6
        )
        answer = features.top_images(network, DIGITS, "conv2", index, tuple(rows.tolist()))
        assert (answer["images"] == test.x_test[rows]).all()
        assert (answer["labels"] == test.y_test[rows]).all()
        for row, place in zip(rows, answer["places"], strict=True):
            assert every[row][(*place, index)] == pytest.approx(brute[row, index], abs=1e-6)


@pytest.mark.parametrize("name", ["feature_maps", "survey", "top_images"])
def test_a_look_finds_it_and_its_answer_needs_no_keras_to_be_read(name: str):
    assert looks.LOOKS[name] == f"cnn_core.inside.features:{name}"
    arguments = {
        "feature_maps": (image(SMALL),),
        "survey": (DIGITS, 0, 5),
        "top_images": (DIGITS, "conv1", 0, (3, 4)),
    }
    answer = getattr(features, name)(opened(SMALL), *arguments[name])

    def plain(value: object) -> bool:
        return isinstance(value, np.ndarray) or (
            type(value) is dict and all(type(key) is str and plain(it) for key, it in value.items())
        )

    assert plain(answer)


@pytest.mark.parametrize("seed", [0, 1, 42])
def test_untrained_kernels_have_the_spread_that_glorot_and_bengio_published(seed: int):
    network = models.build(TEXTBOOK, seed=seed)
    for name in ("conv1", "conv2"):
        kernel, bias = network.get_layer(name).get_weights()
        glorot = kernels.Glorot.of(kernel.shape)
        spread = kernels.Spread.of(kernel)
        assert spread.std == pytest.approx(glorot.std, rel=0.1)
        assert abs(spread.mean) < 0.1 * glorot.std * (2 if name == "conv1" else 1)
        assert np.abs(kernel).max() <= glorot.limit
        assert (bias == 0).all()


def test_training_widens_the_kernels_and_the_snapshots_tell_it(tmp_path: Path):
    config = replace(SMALL, blocks=(ConvBlock(16), ConvBlock(16)))
    result = training.train(config, DIGITS, datasets.load("digits"), folder=tmp_path)
    run = Run("x", tmp_path, config, DIGITS, "", "", 0.0)
    assert snapshots.epochs(run) == (0, 1, 2)
    first, last = snapshots.read(run, 0), snapshots.read(run, 2)
    best = snapshots.read(run, result.ended.best_epoch)
    for name in ("conv1", "conv2"):
        kernel = f"{name}/kernel"
        assert kernels.Spread.of(first[kernel]).std == pytest.approx(
            kernels.Glorot.of(first[kernel].shape).std, rel=0.1
        )
        assert last[kernel].std() > 1.05 * first[kernel].std()
        kept = result.model.get_layer(name).get_weights()
        assert (best[kernel] == kept[0]).all()
        assert (best[f"{name}/bias"] == kept[1]).all()
