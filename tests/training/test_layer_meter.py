"""Measured layers: the numbers of the step itself, as plain Keras has them, in an unchanged training."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from small_trainings import PLAIN, SMALL, Said, assert_same_run

from cnn_core import datasets
from cnn_core import model as models
from cnn_core.progress.events import LayerFigures, LayersMeasured
from cnn_core.training import layer_meter, train
from cnn_core.training.layer_meter import SHARE_OF_TIME, LayerMeter, StepFigures

pytestmark = pytest.mark.slow

LAYERS = ["conv1", "dense1", "output"]
RATE = 0.05
SGD = replace(PLAIN, optimizer="sgd", learning_rate=RATE, epochs=1, train_size=200)
"""Four batches: 64, 64, 64 and 8 images."""


@pytest.fixture
def every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_meter, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(layer_meter, "MOST_IN_A_CHART", float("inf"))
    monkeypatch.setattr(layer_meter, "SHARE_OF_TIME", float("inf"))


def batches(digits: datasets.Dataset) -> Any:
    data = datasets.subset(digits, SGD.train_size)
    order = np.random.default_rng((SGD.seed, 0)).permutation(len(data.x_train))
    for start in range(0, len(order), SGD.batch_size):
        rows = order[start : start + SGD.batch_size]
        yield data.x_train[rows].astype("float32") / 255, data.y_train[rows]


def size(arrays: Any) -> float:
    return float(np.sqrt(sum((np.asarray(array, np.float64) ** 2).sum() for array in arrays)))


@pytest.mark.usefixtures("every_batch")
def test_the_figures_are_those_of_plain_keras_step_by_step(digits: datasets.Dataset) -> None:
    said = Said()
    train(SMALL, SGD, digits, said.append)
    network = models.build(SMALL, seed=SGD.seed)
    network.compile(keras.optimizers.SGD(RATE), "sparse_categorical_crossentropy")
    dropout = network.get_layer("dropout").seed_generator.state
    outputs = keras.Model(network.inputs[0], [network.get_layer(name).output for name in LAYERS])

    @tf.function(reduce_retracing=True)
    def gradients(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            probabilities = network(images, training=True)
            loss = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
            mean = tf.reduce_mean(loss)
        return tape.gradient(mean, network.trainable_variables)

    measurements, silent = said.of(LayersMeasured), []
    assert [(step.epoch, step.batch) for step in measurements] == [(1, n) for n in (1, 2, 3, 4)]
    for step, (images, labels) in zip(measurements, batches(digits), strict=True):
        assert list(step.layers) == LAYERS
        mask = dropout.numpy()
        by_weight = [array.numpy() for array in gradients(images, labels)]
        dropout.assign(mask)
        maps = [array.numpy() for array in outputs(images, training=False)]
        silent.append([(array == 0).all(axis=tuple(range(array.ndim - 1))) for array in maps])
        before = network.get_weights()
        network.train_on_batch(images, labels)
        after = network.get_weights()
        for place, name in enumerate(LAYERS):
            part, found = slice(2 * place, 2 * place + 2), step.layers[name]
            assert_allclose(found.gradient, size(by_weight[part]), rtol=1e-4)
            change = size(new - old for new, old in zip(after[part], before[part], strict=True))
            assert_allclose(found.update, change / size(before[part]), rtol=1e-3)
            assert_allclose(found.update * size(before[part]), RATE * found.gradient, rtol=1e-3)
            assert_allclose(found.zeros, (maps[place] == 0).mean(), atol=2e-4)
            units = np.all([row[place] for row in silent], axis=0)
            assert_allclose(found.silent, units.mean(), atol=1e-9)
    assert measurements[0].layers["conv1"].zeros > 0.1
    assert measurements[0].layers["output"].zeros == 0


@pytest.mark.usefixtures("every_batch")
def test_a_training_is_the_same_with_and_without_measuring(digits: datasets.Dataset) -> None:
    config = replace(PLAIN, epochs=2)
    said, silent = Said(), Said()
    measured = train(SMALL, config, digits, said.append)
    plain = train(SMALL, config, digits, silent.append, measure_layers=False)
    assert len(said.of(LayersMeasured)) == 2 * 18
    assert silent.of(LayersMeasured) == []
    assert_same_run(measured, plain)


class Clock:
    """Seconds that pass only where a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def played(
    monkeypatch: pytest.MonkeyPatch, cost: float, seconds_per_batch: float, batches: int
) -> tuple[list[LayersMeasured], float]:
    """Measurements that take `cost` each, of a training in which only the clock moves, and its seconds."""
    clock, said = Clock(), Said()

    def measured(*_: Any) -> dict[str, StepFigures]:
        clock.now += cost
        return {"output": StepFigures(1.0, 0.0, np.zeros(3, bool))}

    monkeypatch.setattr(layer_meter, "measured", measured)
    monkeypatch.setattr(layer_meter, "weights", lambda network: {"output": np.ones(2, np.float32)})
    images, labels = np.zeros((batches, 1), np.uint8), np.zeros(batches)
    meter = LayerMeter(SimpleNamespace(), images, labels, 1, seconds=clock, emit=said.append)
    for batch in range(batches):
        with meter.around(batch) if meter.due() else nullcontext():
            clock.now += seconds_per_batch
    return said.of(LayersMeasured), clock.now


@pytest.mark.parametrize("batches", [50, 110, 500, 20_000])
@pytest.mark.parametrize("cost", [0.0001, 0.01, 0.03])
def test_measuring_takes_its_share_of_the_time_from_the_first_measurement_on(
    monkeypatch: pytest.MonkeyPatch, cost: float, batches: int
) -> None:
    steps, seconds = played(monkeypatch, cost, 0.02, batches)
    assert sum(step.seconds for step in steps) <= SHARE_OF_TIME * seconds
    if batches >= 110:  # 2.2 s
        assert steps[0].epoch == 1
        assert 2.0 <= (steps[0].batch - 1) * 0.02 <= 2.05
        assert steps[0].layers == {"output": LayerFigures(1.0, 0.0, 0.0, 0.0)}


@pytest.mark.parametrize("cost", [0.05, 0.1, 1.5])
def test_a_costly_measurement_is_made_up_for_before_the_next(
    monkeypatch: pytest.MonkeyPatch, cost: float
) -> None:
    steps, seconds = played(monkeypatch, cost, 0.02, 40_000)
    assert len(steps) > 1
    assert sum(step.seconds for step in steps) <= SHARE_OF_TIME * seconds
    assert len(steps) >= 0.9 * SHARE_OF_TIME * seconds / cost - 1


def test_ten_hours_of_training_do_not_fill_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, seconds = played(monkeypatch, 0.0001, 0.5, 72_000)
    assert seconds >= 36_000
    assert 1_000 < len(steps) < 3_500


def test_weights_that_are_no_numbers_are_measured_without_a_warning() -> None:
    before = {"conv1": np.array([1.0, np.inf], np.float32), "output": np.zeros(2, np.float32)}
    after = {"conv1": np.array([2.0, np.inf], np.float32), "output": np.zeros(2, np.float32)}
    ratios = layer_meter.update_ratios(before, after)
    assert np.isnan(ratios["conv1"])
    assert ratios["output"] == 0
