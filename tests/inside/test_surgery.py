"""Surgery against plain Keras, where a copy is edited; the network itself stays whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix
from test_features import CONFIGS, image, opened

from cnn_core import datasets
from cnn_core import model as models
from cnn_core.analysis.edits import Edits
from cnn_core.arithmetic import layer_table
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.inside import surgery

pytestmark = pytest.mark.slow

DIGITS = TrainConfig(dataset="digits", epochs=1, precision="float32")
SMALL = ModelConfig(
    (ConvBlock(5), ConvBlock(4, 2, activation="sigmoid")), (6,), input_shape=(8, 8, 1)
)
EVERY = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def images(config: ModelConfig, count: int = 30) -> np.ndarray:
    return np.stack([image(config, seed) for seed in range(count)])


def plain(network: models.Opened, pictures: np.ndarray, *, off=(), weights=()) -> np.ndarray:
    """Probabilities of a copy, by Keras alone: weights set directly, maps that are off multiplied by zero."""
    copy = keras.models.clone_model(network.model)
    copy.set_weights(network.model.get_weights())
    for layer, place, value in weights:
        arrays = copy.get_layer(layer).get_weights()
        arrays[len(place) == 1][place] = value
        copy.get_layer(layer).set_weights(arrays)
    x = copy.inputs[0]
    for layer in copy.layers:
        x = layer(x)
        gone = [index for name, index in off if name == layer.name]
        if gone:
            mask = np.ones(x.shape[-1], np.float32)
            mask[gone] = 0
            x = x * mask
    return np.asarray(keras.Model(copy.inputs[0], x)(pictures / np.float32(255), training=False))


def lively(config: ModelConfig, **cut) -> models.Opened:
    """An untrained network that, cut so, says different things of different digits: its output is centred."""
    network = opened(config)
    shares = plain(network, datasets.load("digits").x_test, **cut)
    kernel, bias = network.model.layers[-1].get_weights()
    network.model.layers[-1].set_weights([kernel, bias - np.log(shares).mean(axis=0)])
    return network


def operated(network: models.Opened, pictures: np.ndarray, edits: Edits) -> np.ndarray:
    return np.stack([surgery.operate(network, it, edits)["after"] for it in pictures])


def every_filter(config: ModelConfig) -> list[tuple[str, int]]:
    rows = [row for row in layer_table(config) if row.kind == "conv"]
    return [(row.name, index) for row in rows for index in range(row.output_shape[2])]


@EVERY
def test_filters_off_and_weights_changed_answer_as_a_copy_that_is_cut_by_hand(config: ModelConfig):
    network, pictures = opened(config), images(config, 6)
    last = every_filter(config)[-1]
    side = layer_table(config)[0].kernel - 1
    off, weights = [("conv1", 1), last], [("conv1", (side, 0, 0, 2), 0.7), ("conv1", (0,), -0.4)]
    edits = Edits().with_off("conv1", [1])
    edits = edits.with_off(last[0], {*edits.off_in(last[0]), last[1]})
    for weight in weights:
        edits = edits.with_weight(*weight)
    expected = plain(network, pictures, off=off, weights=weights)
    np.testing.assert_allclose(operated(network, pictures, edits), expected, atol=1e-5)
    assert np.array_equal(surgery.predicted(network, pictures, edits), expected.argmax(1))
    assert not np.allclose(expected, plain(network, pictures), atol=1e-5)


@EVERY
def test_a_filter_that_is_off_has_a_map_of_zeros_behind_any_activation(config: ModelConfig):
    network = opened(config)
    edits = Edits().with_off("conv1", [1])
    found = surgery.operate(network, image(config), edits)
    before = surgery.operate(network, image(config), Edits())
    assert not found["conv1"][..., 1].any()
    assert np.array_equal(found["conv1"][..., 0], before["conv1"][..., 0])
    assert np.array_equal(found["before"], before["after"])


@EVERY
def test_without_any_filter_every_image_gets_the_answer_of_the_biases(config: ModelConfig):
    network, pictures = opened(config), images(config, 5)
    edits = Edits()
    for row in layer_table(config):
        if row.kind == "conv":
            edits = edits.with_off(row.name, range(row.output_shape[2]))
    found = operated(network, pictures, edits)
    x = np.zeros((1, network.model.get_layer("flatten").output.shape[1]), np.float32)
    for layer in network.model.layers:
        if isinstance(layer, keras.layers.Dense):
            kernel, bias = layer.get_weights()
            x = np.asarray(layer.activation(x @ kernel + bias))
    np.testing.assert_allclose(found, np.repeat(x, 5, 0), atol=1e-6)
    assert np.ptp(found, axis=0).max() == 0


@EVERY
def test_what_is_put_back_is_exactly_what_it_was(config: ModelConfig):
    network, pictures = opened(config), images(config, 4)
    held = [it.copy() for it in network.model.get_weights()]
    old = float(network.model.get_layer("conv1").get_weights()[0][0, 0, 0, 1])
    back = Edits().with_weight("conv1", (0, 0, 0, 1), old)
    before = operated(network, pictures, Edits())
    operated(network, pictures, Edits().with_off("conv1", [0]).with_weight("conv1", (1,), 3.0))
    assert np.array_equal(operated(network, pictures, back), before)
    assert np.array_equal(operated(network, pictures, Edits()), before)
    np.testing.assert_allclose(before, network.predict(pictures), atol=1e-6)
    for mine, own in zip(held, network.model.get_weights(), strict=True):
        assert np.array_equal(mine, own)


def test_two_at_once_do_not_see_each_other():
    network, pictures = opened(SMALL), images(SMALL, 40)
    ways = [
        Edits(),
        Edits().with_off("conv1", [0, 2]),
        Edits().with_weight("conv2", (0, 1, 3, 2), 4.0),
    ]
    alone = [surgery.operate(network, pictures[0], it)["after"] for it in ways]
    assert len({it.tobytes() for it in alone}) == 3

    def ask(turn: int) -> bool:
        found = surgery.operate(network, pictures[0], ways[turn % 3])
        return np.array_equal(found["after"], alone[turn % 3])

    with ThreadPoolExecutor(6) as visitors:
        assert all(visitors.map(ask, range(120)))


def test_a_verdict_is_the_confusion_matrix_of_the_cut_copy():
    cut = {"off": [("conv2", 0), ("conv2", 3)], "weights": [("conv1", (1, 1, 0, 0), -2.0)]}
    network, data = lively(SMALL, **cut), datasets.load("digits")
    edits = Edits().with_off("conv2", [0, 3]).with_weight("conv1", (1, 1, 0, 0), -2.0)
    parts = [surgery.verdict(network, DIGITS, edits, first, 150) for first in (0, 150, 300)]
    said = plain(network, data.x_test, **cut)
    expected = confusion_matrix(data.y_test, said.argmax(1), labels=range(10))
    assert np.array_equal(sum(part["matrix"] for part in parts), expected)
    assert np.count_nonzero(expected.sum(axis=0)) > 2
    assert parts[0]["total"] == len(data.y_test) == 360
    assert parts[0]["matrix"].sum() == 150


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_the_ranking_counts_what_is_right_without_each_filter(layer: str):
    network, data = lively(SMALL, off=[("conv1", 4)]), datasets.load("digits")
    base = Edits().with_off("conv1", [4])
    found = surgery.ablation(network, DIGITS, base, layer, [3, 0, 1], 200)
    cut = [
        plain(network, data.x_test[:200], off=[("conv1", 4), (layer, index)]) for index in (3, 0, 1)
    ]
    before = plain(network, data.x_test[:200], off=[("conv1", 4)]).argmax(1) == data.y_test[:200]
    after = [said.argmax(1) == data.y_test[:200] for said in cut]
    assert found["lost"].tolist() == [int((before & ~it).sum()) for it in after]
    assert found["gained"].tolist() == [int((it & ~before).sum()) for it in after]
    assert found["correct"] == before.sum()
    assert len(set(found["lost"].tolist())) > 1
    assert found["images"] == 200


def test_kernels_are_those_of_the_network_and_its_own_copy():
    network = opened(SMALL)
    found = surgery.kernels(network)
    assert list(found) == ["conv1/kernel", "conv1/bias", "conv2/kernel", "conv2/bias"]
    kernel, bias = network.model.get_layer("conv2").get_weights()
    assert np.array_equal(found["conv2/kernel"], kernel)
    assert np.array_equal(found["conv2/bias"], bias)
    found["conv2/kernel"][:] = 0
    assert np.array_equal(network.model.get_layer("conv2").get_weights()[0], kernel)
