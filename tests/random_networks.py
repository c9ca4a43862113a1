"""Random networks with random weights, as questions to `assets/network/`, and what Keras answers."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from node import packed

from cnn_core import convolution, model
from cnn_core.arithmetic import LayerRow, layer_table
from cnn_core.browser import describe
from cnn_core.config import ACTIVATIONS, PADDINGS, POOLS, ConvBlock, ModelConfig
from cnn_core.errors import ShapeError

CLOSE = 1e-5  # of the largest number of a layer
ROUNDED = 5e-7  # of what was added up: a small difference of large products has no more digits

_ANY = np.random.default_rng(0)


@dataclass(frozen=True, eq=False)
class Case:
    """A network, its weights in Keras' order by layer, and an image."""

    config: ModelConfig
    rows: tuple[LayerRow, ...]
    weights: dict[str, list[np.ndarray]]
    image: np.ndarray

    @classmethod
    def of_ones(cls, config: ModelConfig) -> Case:
        """Every weight is 1, every bias 0."""
        rows = layer_table(config)
        weights = {name: [k * 0 + 1, b * 0] for name, (k, b) in _weights(rows, _ANY).items()}
        return cls(config, rows, weights, np.zeros(config.input_shape, np.float32))

    def with_image(self, image: np.ndarray) -> Case:
        return replace(self, image=image)

    def question(self, units: list[tuple[int, int]] | None = None) -> dict[str, Any]:
        names = ("kernel", "bias")
        return {
            "input": self.config.input_shape,
            "layers": [describe(row) for row in self.rows],
            "weights": {
                f"{layer}/{name}": packed(array)
                for layer, arrays in self.weights.items()
                for name, array in zip(names, arrays, strict=True)
            },
            "image": packed(self.image),
            "units": units or [],
        }


def cases(count: int, seed: int) -> list[Case]:
    """Networks of every activation, padding and pooling, with strides, remainders and uneven sides."""
    dice = random.Random(seed)
    cases: list[Case] = []
    while len(cases) < count:
        config = _config(dice)
        try:
            rows = layer_table(config)
        except ShapeError:
            continue
        numbers = np.random.default_rng(dice.randrange(2**32))
        image = numbers.uniform(-0.5, 1, config.input_shape).clip(0).astype(np.float32)
        cases.append(Case(config, rows, _weights(rows, numbers), image))
    return cases


def _block(dice: random.Random) -> ConvBlock:
    return ConvBlock(
        filters=dice.choice([1, 2, 3, 8, 17]),
        kernel=dice.randint(1, 7),
        stride=dice.choice([1, 1, 2, 3, 4]),
        padding=dice.choice(PADDINGS),
        activation=dice.choice(ACTIVATIONS),
        pool=dice.choice(POOLS),
        pool_size=dice.randint(2, 4),
    )


def _config(dice: random.Random) -> ModelConfig:
    return ModelConfig(
        blocks=tuple(_block(dice) for _ in range(dice.choice([1, 1, 2, 2, 3, 4]))),
        dense=tuple(dice.choice([1, 5, 30]) for _ in range(dice.randint(0, 3))),
        dropout=dice.choice([0.0, 0.3]),
        input_shape=(dice.randint(1, 24), dice.randint(1, 24), dice.choice([1, 3, 4])),
        classes=dice.randint(2, 12),
    )


def _weights(
    rows: tuple[LayerRow, ...], numbers: np.random.Generator
) -> dict[str, list[np.ndarray]]:
    weights = {}
    for row in rows:
        if not row.params:
            continue
        shape = (row.input_shape[-1], row.output_shape[-1])
        if row.kind == "conv":
            shape = (row.kernel, row.kernel, *shape)
        spread = 2 / np.sqrt(np.prod(shape[:-1]))
        kernel = numbers.normal(0, spread, shape).astype(np.float32)
        weights[row.name] = [kernel, numbers.normal(0, 0.3, shape[-1]).astype(np.float32)]
    return weights


def keras_answers(case: Case) -> list[np.ndarray]:
    """The output of each layer of Keras' network for the image, flat."""
    network = model.build(case.config)
    values = case.image[np.newaxis]
    answers = [case.image.ravel()]
    for layer in network.layers:
        if layer.name in case.weights:
            layer.set_weights(case.weights[layer.name])
        values = layer(values, training=False) if layer.name == "dropout" else layer(values)
        answers.append(np.asarray(values, np.float32).ravel())
    return answers


def assert_equal(case: Case, answer: dict[str, Any]) -> None:
    """Every number of every layer is that of Keras."""
    shapes = [list(case.config.input_shape), *(list(row.output_shape) for row in case.rows)]
    assert answer["shapes"] == shapes
    theirs = keras_answers(case)
    np.testing.assert_array_equal(answer["values"][0], theirs[0])
    for place, row in enumerate(case.rows, 1):
        added = _added(row, theirs[place - 1], case.weights.get(row.name))
        within = max(CLOSE * np.abs(theirs[place]).max(), ROUNDED * added)
        np.testing.assert_allclose(
            answer["values"][place], theirs[place], rtol=0, atol=within,
            err_msg=f"{row.name} of {case.config}",
        )  # fmt: skip


def _added(row: LayerRow, values: np.ndarray, weights: list[np.ndarray] | None) -> float:
    """The largest sum that a layer could have, were all its products of one sign."""
    if weights is None:
        return 0.0
    kernel, bias = map(np.abs, weights)
    if kernel.ndim == 2:
        return float((np.abs(values) @ kernel + bias).max())
    image = np.abs(values).reshape(row.input_shape)
    way = {"stride": row.stride, "padding": row.padding}
    return float(convolution.conv2d(image, kernel, bias, **way).max())
