"""The network Keras builds against the table, the seed, the files and plain inference."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import replace
from math import prod
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from lengths import repeats
from model_samples import SMALL, images, in_threads, same_weights

from cnn_core.arithmetic import batch_bytes, field_of, layer_table
from cnn_core.config import ACTIVATIONS, TEXTBOOK, ConvBlock, ModelConfig
from cnn_core.errors import ConfigError, ShapeError
from cnn_core.model import build, load, save
from cnn_core.planning.repair import repair

pytestmark = pytest.mark.slow

SHAPES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (20, 31, 2)]


def random_config(dice: random.Random) -> ModelConfig:
    blocks = tuple(
        ConvBlock(
            filters=dice.randint(1, 6),
            kernel=dice.randint(1, 7),
            stride=dice.choice([1, 1, 2, 3, 4]),
            padding=dice.choice(["same", "valid"]),
            activation=dice.choice(ACTIVATIONS),
            pool=dice.choice(["max", "average", "none"]),
            pool_size=dice.randint(2, 4),
        )
        for _ in range(dice.randint(1, 4))
    )
    dense = tuple(dice.randint(1, 9) for _ in range(dice.randint(0, 2)))
    return ModelConfig(
        blocks, dense, dice.choice([0.0, 0.25]), dice.choice(SHAPES), dice.randint(2, 12)
    )


def plain_keras(config: ModelConfig) -> list[keras.layers.Layer]:
    """The layers as a Keras user would write them, without `layer_table` or `build`."""
    layers: list[keras.layers.Layer] = []
    for number, block in enumerate(config.blocks, start=1):
        layers.append(
            keras.layers.Conv2D(
                block.filters,
                (block.kernel, block.kernel),
                strides=block.stride,
                padding=block.padding,
                activation=block.activation,
                name=f"conv{number}",
            )
        )
        if block.pool == "max":
            layers.append(keras.layers.MaxPooling2D(block.pool_size, name=f"pool{number}"))
        if block.pool == "average":
            layers.append(keras.layers.AveragePooling2D(block.pool_size, name=f"pool{number}"))
    layers.append(keras.layers.Flatten(name="flatten"))
    for number, units in enumerate(config.dense, start=1):
        layers.append(keras.layers.Dense(units, activation="relu", name=f"dense{number}"))
    if config.dropout:
        layers.append(keras.layers.Dropout(config.dropout, name="dropout"))
    layers.append(keras.layers.Dense(config.classes, activation="softmax", name="output"))
    return layers


def run_through(config: ModelConfig) -> tuple[list[tuple[Any, ...]], str | None]:
    """(name, shape, parameters) of each layer Keras accepts, and the name of one it refuses."""
    signal = keras.Input(config.input_shape)
    seen = []
    for layer in plain_keras(config):
        try:
            signal = layer(signal)
        except ValueError:
            return seen, layer.name
        seen.append((layer.name, signal.shape[1:], layer.count_params()))
    return seen, None


@pytest.mark.parametrize("seed", range(repeats(6, 16)))
def test_arithmetic_agrees_with_keras_and_breaks_where_keras_breaks(seed):
    dice = random.Random(seed)
    for _ in range(25):
        config = random_config(dice)
        seen, refused = run_through(config)
        if refused is None:
            rows = layer_table(config)
            assert [(row.name, row.output_shape, row.params) for row in rows] == seen, config
            continue
        with pytest.raises(ShapeError) as caught:
            layer_table(config)
        assert caught.value.layer == refused, config


@pytest.mark.parametrize("seed", range(4))
def test_build_makes_the_layers_a_keras_user_would_write(seed):
    dice = random.Random(100 + seed)
    for _ in range(8):
        config, _ = repair(random_config(dice))
        model = build(config)
        rows = layer_table(config)
        assert [(row.name, row.output_shape, row.params) for row in rows] == [
            (layer.name, layer.output.shape[1:], layer.count_params()) for layer in model.layers
        ]
        for layer, plain in zip(model.layers, plain_keras(config), strict=True):
            assert type(layer) is type(plain)
            assert settings_of(layer) == settings_of(plain)


def settings_of(layer: keras.layers.Layer) -> dict[str, Any]:
    return json.loads(json.dumps(layer.get_config(), default=str))


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(blocks=(ConvBlock(1, 3), ConvBlock(1, 5, 2), ConvBlock(1, 2))),
        ModelConfig(blocks=(ConvBlock(1, 4, 2, "valid", pool_size=3), ConvBlock(1, 3, 1, "valid"))),
        ModelConfig(blocks=(ConvBlock(1, 6, pool="none"), ConvBlock(1, 3, pool_size=4))),
        ModelConfig(blocks=(ConvBlock(1, 1, 4, pool="none"), ConvBlock(1, 3))),
    ],
    ids=["odd padding", "valid", "even kernel", "holes"],
)
@pytest.mark.parametrize("shape", [(64, 64, 1), (47, 70, 1)])
def test_a_unit_answers_only_to_the_pixels_of_its_receptive_field(config, shape):
    """With all weights one, the pixels that have a gradient are those the unit can see."""
    config = replace(config, input_shape=shape, blocks=linear(config.blocks), dense=(), dropout=0)
    model = build(config)
    model.set_weights([np.ones_like(weight) for weight in model.get_weights()])
    for row in layer_table(config):
        if row.receptive_field is None:
            continue
        height, width, _ = row.output_shape
        middle = (height // 2, width // 2)
        box = lit_box(model, row.name, middle)
        assert box == field_of(row, middle, shape)
        assert (box[2] - box[0], box[3] - box[1]) == (row.receptive_field, row.receptive_field)
        for corner in [(0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)]:
            top, left, bottom, right = lit_box(model, row.name, corner)
            field = field_of(row, corner, shape)
            if row.jump > row.receptive_field or config.blocks[0].stride > config.blocks[0].kernel:
                assert field[0] <= top < bottom <= field[2]  # a hole may lie on the border
                assert field[1] <= left < right <= field[3]
            else:
                assert (top, left, bottom, right) == field


def linear(blocks: tuple[ConvBlock, ...]) -> tuple[ConvBlock, ...]:
    pools = {"max": "average", "none": "none"}
    return tuple(replace(it, activation="linear", pool=pools[it.pool]) for it in blocks)


def lit_box(model: keras.Model, name: str, at: tuple[int, int]) -> tuple[int, int, int, int]:
    part = keras.Model(model.inputs[0], model.get_layer(name).output)
    image = tf.zeros((1, *model.input_shape[1:]))
    with tf.GradientTape() as tape:
        tape.watch(image)
        unit = part(image)[0, at[0], at[1], 0]
    rows, columns = np.nonzero(tape.gradient(unit, image)[0, :, :, 0].numpy())
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


@pytest.mark.parametrize("stride", [2, 3, 4])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("way", [build, "loaded"], ids=["built", "loaded"])
def test_a_strided_1x1_convolution_learns_without_touching_foreign_memory(
    stride, padding, way, tmp_path
):
    """oneDNN issue 6035: without the detour this crashes the process or falsifies the gradient."""
    block = ConvBlock(3, 1, stride, padding, "linear", pool="none")
    config = ModelConfig(blocks=(block,), input_shape=(64, 61, 2), dense=(), dropout=0)
    model = build(config, seed=1)
    if way == "loaded":
        save(model, tmp_path / "best.keras")
        model = load(tmp_path / "best.keras")
    maps = keras.Model(model.inputs[0], model.get_layer("conv1").output)
    kernel, batch = model.get_layer("conv1").kernel, images(config)
    for _ in range(3):
        with tf.GradientTape() as tape:
            tape.watch(kernel.value)
            output = maps(batch)
            total = tf.reduce_sum(output)
        picked = batch[:, ::stride, ::stride]
        np.testing.assert_allclose(output, picked @ kernel.numpy()[0, 0], atol=1e-5)
        sums = np.repeat(
            picked.sum(axis=(0, 1, 2))[:, np.newaxis], 3, axis=1
        )  # (C,) -> (C, filters)
        np.testing.assert_allclose(tape.gradient(total, kernel.value)[0, 0], sums, rtol=1e-4)


def test_batch_bytes_are_twice_the_float32_outputs_of_keras():
    for config in (TEXTBOOK, SMALL, replace(SMALL, dropout=0, dense=())):
        model = build(config)
        outputs = [it.output for it in model.layers if not isinstance(it, keras.layers.Flatten)]
        numbers = sum(prod(tensor.shape[1:]) for tensor in [*model.inputs, *outputs])
        assert batch_bytes(config, 7) == 7 * numbers * 4 * 2


def test_the_same_seed_gives_the_same_weights_and_another_one_others():
    assert same_weights(build(SMALL, seed=1), build(SMALL, seed=1))
    assert not same_weights(build(SMALL, seed=1), build(SMALL, seed=2))
    assert not same_weights(build(SMALL), build(SMALL))
    assert same_weights(build(SMALL, seed=2**31 - 1), build(SMALL, "bfloat16", seed=2**31 - 1))


def test_each_layer_has_a_seed_of_its_own():
    twins = ModelConfig(blocks=(ConvBlock(4), ConvBlock(4)), input_shape=(8, 8, 4))
    model = build(twins, seed=5)
    first, second = (model.get_layer(name).get_weights()[0] for name in ("conv1", "conv2"))
    assert first.shape == second.shape
    assert not np.array_equal(first, second)


def test_networks_begin_alike_where_they_are_alike():
    longer = replace(SMALL, dense=(6, 5), blocks=(*SMALL.blocks, ConvBlock(5, pool="none")))
    one, other = build(SMALL, seed=3), build(longer, seed=3)
    for name in ("conv1", "conv2"):
        pair = (model.get_layer(name).get_weights()[0] for model in (one, other))
        assert np.array_equal(*pair)


def test_first_weights_are_glorot_uniform_with_zero_biases():
    kernel, bias = build(TEXTBOOK, seed=0).get_layer("dense1").get_weights()
    limit = np.sqrt(6 / (3136 + 100))
    assert np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)
    assert not bias.any()


def test_a_seed_repeats_the_dropout_too():
    config = replace(SMALL, dropout=0.5)
    batch = images(config)
    one, same, other = (build(config, seed=seed) for seed in (4, 4, 5))
    other.set_weights(one.get_weights())
    masked = [[model(batch, training=True).numpy() for _ in range(2)] for model in (one, same)]
    assert np.array_equal(masked[0], masked[1])
    assert not np.array_equal(masked[0][0], masked[0][1])
    assert not np.array_equal(masked[0][0], other(batch, training=True).numpy())


def test_a_seed_leaves_the_random_numbers_of_keras_alone():
    keras.utils.set_random_seed(9)
    expected = [keras.random.uniform((3,)).numpy() for _ in range(2)]
    keras.utils.set_random_seed(9)
    found = [keras.random.uniform((3,)).numpy()]
    one = build(SMALL, seed=1)
    found.append(keras.random.uniform((3,)).numpy())
    assert np.array_equal(expected, found)
    keras.utils.set_random_seed(10)
    assert same_weights(one, build(SMALL, seed=1))


def test_bfloat16_keeps_weights_and_probabilities_in_float32():
    model = build(SMALL, "bfloat16", seed=1)
    assert {layer.compute_dtype for layer in model.layers[:-1]} == {"bfloat16"}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert model.get_layer("output").compute_dtype == model(images(SMALL)).dtype.name == "float32"
    assert keras.config.dtype_policy().name == "float32"
    difference = build(SMALL, seed=1)(images(SMALL)) - model(images(SMALL))
    assert 0 < np.abs(difference).max() < 0.02


def test_a_precision_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="precision='auto'"):
        build(SMALL, "auto")


def test_threads_build_at_once_and_get_what_one_alone_gets():
    configs = [replace(SMALL, dense=(units,)) for units in range(1, 9)]
    built: dict[int, keras.Sequential] = {}
    begin = threading.Barrier(len(configs))

    def work(index: int) -> None:
        begin.wait()
        built[index] = build(configs[index], seed=index)

    in_threads(work, len(configs))
    for index, config in enumerate(configs):
        names = [row.name for row in layer_table(config)]
        assert [layer.name for layer in built[index].layers] == names
        assert same_weights(built[index], build(config, seed=index))
