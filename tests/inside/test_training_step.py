"""One training step: every number as Keras has it, gradients as finite differences say."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf
from lengths import at_length
from numpy.testing import assert_allclose, assert_array_equal
from small_trainings import PLAIN
from small_trainings import SMALL as TRAINED

from cnn_core import datasets, runs
from cnn_core import model as models
from cnn_core.config import OPTIMIZERS, ConvBlock, ModelConfig, TrainConfig
from cnn_core.errors import ConfigError
from cnn_core.inside import forward
from cnn_core.inside import training_step as inside
from cnn_core.labs import training_step as labs
from cnn_core.labs.optimizers import State, step
from cnn_core.labs.training_step import StepSettings
from cnn_core.runs import snapshots
from cnn_core.training.optimizers import optimizer

pytestmark = pytest.mark.slow

SMALL = ModelConfig((ConvBlock(4),), (8,), 0.3, (8, 8, 1), 10)
ODD = ModelConfig(
    (ConvBlock(3, 1, stride=2, activation="tanh", pool="average"), ConvBlock(4, 2, padding="valid",
     activation="gelu", pool="none")), (), 0.0, (8, 8, 1), 10,
)  # fmt: skip
TRAIN = TrainConfig("digits", train_size=100, precision="float32", seed=3)
ROWS = (5, 0, 17)


def opened(config: ModelConfig) -> models.Opened:
    network = models.build(config, seed=8)
    return models.Opened(config, network, models.predictor(network))


def plain_keras(
    config: ModelConfig, name: str, precision: str, start: models.Opened
) -> keras.Sequential:
    """The network as a program of its own would train it, without dropout."""
    network = models.build(replace(config, dropout=0.0), precision)
    network.set_weights(start.model.get_weights())
    network.compile(
        optimizer=optimizer(replace(TRAIN, optimizer=name)), loss="sparse_categorical_crossentropy"
    )
    return network


def batch() -> tuple[np.ndarray, np.ndarray]:
    data = datasets.subset(datasets.load("digits"), TRAIN.train_size)
    return models.scaled(data.x_train[list(ROWS)]), data.y_train[list(ROWS)]


@pytest.mark.parametrize(
    ("name", "config"),
    [
        (name, config) if config is SMALL or name == "adam" else at_length(name, config)
        for name, config in product(OPTIMIZERS, (SMALL, ODD))
    ],
)
def test_losses_and_weights_of_several_steps_are_those_of_keras(
    name: str, config: ModelConfig
) -> None:
    network, (images, labels) = opened(config), batch()
    expected = plain_keras(config, name, "float64", network)
    rates, losses = (2**-7, 2**-7, 2**-5), []  # as floats of 32 bits have them, too
    # Keras rounds the betas and rho to 32 bits, and the next steps enlarge that.
    exact = 1e-7 if name in {"sgd", "momentum"} else 1e-4
    for rate in rates:
        expected.optimizer.learning_rate = rate
        losses.append(float(expected.train_on_batch(images, labels)))
        expected.reset_metrics()
    losses.append(float(expected.evaluate(images, labels, verbose=0)))
    settings = StepSettings(ROWS, "kept", name, rates=rates)
    answer = inside.training_step(network, TRAIN, settings)
    assert_allclose(answer.history, losses, rtol=max(exact, 1e-6))
    assert_allclose(answer.probabilities, expected.predict(images, verbose=0), rtol=exact)
    kernel, _ = expected.get_layer("conv1").get_weights()
    assert answer.weight.value == pytest.approx(kernel[answer.weight.place], rel=exact)


def test_a_network_in_float32_gives_the_same_to_its_precision() -> None:
    network, (images, labels) = opened(SMALL), batch()
    expected = plain_keras(SMALL, "momentum", "float32", network)
    losses = []
    for _ in range(4):
        losses.append(float(expected.train_on_batch(images, labels)))
        expected.reset_metrics()
    settings = StepSettings(ROWS, "kept", "momentum", rates=(TRAIN.learning_rate,) * 4)
    assert_allclose(inside.training_step(network, TRAIN, settings).history[:4], losses, rtol=1e-5)


@pytest.mark.parametrize("config", [SMALL, ODD], ids=["small", "odd"])
def test_gradients_are_those_of_a_tape_around_keras(config: ModelConfig) -> None:
    network, (images, labels) = opened(config), batch()
    expected = plain_keras(config, "sgd", "float64", network)
    with tf.GradientTape(persistent=True) as tape:
        x, outputs = tf.constant(images, tf.float64), {}
        for layer in expected.layers:
            x = outputs[layer.name] = layer(x)
        each = -tf.math.log(tf.gather(x, labels, batch_dims=1))
        mean = tf.reduce_mean(each)
    answer = inside.training_step(network, TRAIN, StepSettings(ROWS, "kept"))
    assert_allclose(answer.losses, each.numpy(), rtol=1e-9)
    assert_allclose(
        answer.losses, -np.log(answer.probabilities[range(3), answer.labels]), rtol=1e-9
    )
    for layer in answer.layers:
        if layer.name in {"output", "dropout"}:
            continue
        gradient = tape.gradient(mean, outputs[layer.name]).numpy()
        assert layer.output == pytest.approx(np.linalg.norm(gradient), rel=1e-9)
        assert layer.zeros == pytest.approx((gradient == 0).mean())
    for layer in answer.layers:
        own = expected.get_layer(layer.name).trainable_variables if layer.weights else []
        size = np.sqrt(sum((tape.gradient(mean, it.value).numpy() ** 2).sum() for it in own))
        assert (layer.weights or 0.0) == pytest.approx(size, rel=1e-9)
    p_minus_y = answer.probabilities - np.eye(10)[answer.labels]
    assert_allclose(answer.output_gradient, p_minus_y, atol=1e-12)
    assert answer.layers[0].name == "output"
    assert answer.layers[0].output == pytest.approx(np.linalg.norm(p_minus_y / 3))
    assert answer.layers[-1].name == "conv1"


def random_weights(
    config: ModelConfig, gradients: dict[str, np.ndarray], count: int
) -> list[tuple[str, tuple[int, ...]]]:
    """Places of weights all over the network, where the gradient is not next to nothing."""
    random = np.random.default_rng(5)
    places = []
    for layer in labs.kernel_shapes(config):
        where = np.argwhere(np.abs(gradients[f"{layer}/kernel"]) > 1e-5)
        share = count // len(labs.kernel_shapes(config))
        rows = random.choice(len(where), share, replace=len(where) < share)
        places += [(layer, tuple(map(int, where[row]))) for row in rows]
    return places


def test_200_random_weights_of_the_textbook_network_agree_with_finite_differences() -> None:
    run = runs.open_run("fashion")
    network = models.opened(run.model, run.folder / "best.keras")
    settings = StepSettings((3, 40), "kept", "sgd")
    images, labels = inside._images(run.train, settings)
    batch = inside.Batch(
        tf.cast(forward.batch(run.model, images), tf.float64), tf.constant(labels, tf.int64)
    )
    weights = inside.start_weights(network, run.train, "kept")
    mask = inside.mask_of(run.model, run.train, settings, 1)
    backward = inside.backpropagate(run.model, batch, weights, mask)
    places = random_weights(run.model, backward.weights, 200)
    assert len(places) == 200
    for layer, place in places:
        weight = inside._picked(run.model, batch, weights, backward, {}, layer, place, mask)
        assert weight.difference == pytest.approx(weight.gradient, rel=1e-3)


@pytest.mark.parametrize("config", [SMALL, ODD], ids=["small", "odd"])
def test_the_weight_that_is_picked_is_compared_at_its_place(config: ModelConfig) -> None:
    network = opened(config)
    for layer, shape in labs.kernel_shapes(config).items():
        for place in (None, tuple(length - 1 for length in shape)):
            settings = StepSettings(ROWS, "kept", layer=layer, place=place, rates=(0.01,))
            weight = inside.training_step(network, TRAIN, settings).weight
            assert weight.layer == layer
            assert len(weight.place) == len(shape)
            assert weight.place == (place or weight.place)
            assert weight.difference == pytest.approx(weight.gradient, rel=1e-3, abs=1e-8)
            if place is None:
                assert weight.gradient != 0


@pytest.mark.parametrize(
    ("name", "dropout"),
    [
        (name, dropout) if not dropout or name == "adam" else at_length(name, dropout)
        for name, dropout in product(OPTIMIZERS, (False, True))
    ],
)
def test_the_slice_is_what_a_step_then_does(name: str, dropout: bool) -> None:
    network = opened(replace(SMALL, dropout=0.3 if dropout else 0.0))
    settings = StepSettings(ROWS, "untrained", name, dropout=dropout, rates=(0.01, 0.002))
    before = inside.training_step(network, TRAIN, settings)
    place = int(np.searchsorted(before.rates, 0.05))
    assert before.rates[place] == 0.05
    assert before.loss == before.history[-1]
    after = inside.training_step(network, TRAIN, replace(settings, rates=(0.01, 0.002, 0.05)))
    if not dropout:  # the next step draws another mask
        assert_allclose(after.losses, before.losses_after[place], rtol=1e-9)
        truth = after.probabilities[range(len(ROWS)), after.labels]
        assert_allclose(truth, before.truth_after[place], rtol=1e-9)
    assert after.history[:3] == before.history
    expected = optimizer_step(before, name, 0.05, number=3)
    assert after.weight.value == pytest.approx(expected, rel=1e-12)
    assert len(after.history) == 4


def optimizer_step(answer: labs.TrainingStep, name: str, rate: float, number: int) -> float:
    """The new weight as the page writes it out."""
    weight = answer.weight
    state = State(weight.first, weight.second)
    return float(step(name, weight.value, weight.gradient, state, rate, number).weight)


def test_the_gradients_own_slice_is_that_of_plain_sgd() -> None:
    network = opened(SMALL)
    adam, sgd = (
        inside.training_step(network, TRAIN, StepSettings(ROWS, "kept", name))
        for name in ("adam", "sgd")
    )
    assert_allclose(adam.along_gradient, sgd.slice, rtol=1e-12)
    assert_allclose(sgd.along_gradient, sgd.slice, rtol=1e-12)


def test_the_step_raises_the_loss_from_the_named_rate_on_and_not_before() -> None:
    network = opened(SMALL)
    for name in ("sgd", "adam"):
        settings = StepSettings(ROWS, "kept", name)
        answer = inside.training_step(network, TRAIN, settings)
        assert answer.overshoot is not None
        assert answer.overshoot > answer.rates[answer.best]
        for factor, higher in ((0.98, False), (1.0, True)):
            rates = (answer.overshoot * factor,)
            after = inside.training_step(network, TRAIN, replace(settings, rates=rates))
            assert labs.raises(after.loss, answer.loss) is higher


def test_dropout_is_off_or_one_mask_for_each_step() -> None:
    network, (images, labels) = opened(SMALL), batch()
    off, on = (
        StepSettings(ROWS, "kept", "sgd", dropout=dropout, rates=(1e-9,))
        for dropout in (False, True)
    )
    one, two = inside.training_step(network, TRAIN, on), inside.training_step(network, TRAIN, on)
    assert one.history == two.history
    assert one.history[0] != pytest.approx(one.history[1], rel=1e-6)  # two masks, next to no step
    without = inside.training_step(network, TRAIN, off).history
    assert without[0] == pytest.approx(without[1], rel=1e-6)
    mask = inside.mask_of(SMALL, TRAIN, on, 1)["dropout/mask"]
    assert set(np.unique(mask)) <= {0.0, 1 / 0.7}
    assert 0 < (mask == 0).mean() < 0.7
    upto = keras.Sequential(network.model.layers[:-2])
    hidden = upto.predict(images, verbose=0) * mask
    kernel, bias = network.model.get_layer("output").get_weights()
    p = keras.ops.softmax(hidden @ kernel + bias).numpy()
    losses = -np.log(p[range(3), labels])
    assert one.history[0] == pytest.approx(losses.mean(), rel=1e-5)
    assert inside.mask_of(ODD, TRAIN, on, 1) == {}


def test_untrained_is_what_the_run_began_with(whole) -> None:
    result, _, folder = whole
    network = models.Opened(TRAINED, result.model, models.predictor(result.model))
    weights = inside.start_weights(network, PLAIN, "untrained")
    with np.load(folder / "snapshots" / "epoch-000.npz") as snapshot:
        for path in snapshot.files:
            saved = snapshot[path]  # dense layers with half the digits
            assert_array_equal(weights[path].astype(saved.dtype), saved)


def test_any_epoch_is_the_network_as_it_was_then(whole, digits) -> None:
    result, _, folder = whole
    network = models.Opened(TRAINED, result.model, models.predictor(result.model))
    run = runs.Run("", folder, TRAINED, PLAIN, owner="", name="", created=0.0)
    expected, losses = models.build(TRAINED), []
    images, labels = models.scaled(digits.x_train[:8]), digits.y_train[:8]
    for epoch in (1, 3):
        snapshot = snapshots.read(run, epoch, whole=True)
        for layer in expected.layers:
            if layer.get_weights():
                layer.set_weights([snapshot[f"{layer.name}/{part}"] for part in ("kernel", "bias")])
        p = expected.predict(images, verbose=0)[range(8), labels]
        settings = StepSettings(tuple(range(8)), "epoch", epoch=epoch)
        answer = inside.training_step(network, PLAIN, settings, snapshot)
        assert_allclose(answer.losses, -np.log(p), rtol=1e-4)
        losses.append(answer.loss)
    assert losses[0] > losses[1], "it had learned in between"
    kernel = snapshots.read(run, 1, whole=True)["dense1/kernel"]
    assert_array_equal(kernel, kernel.astype(np.float16), "as the page says of dense layers")
    for wrong in (None, {**snapshot, "dense1/bias": np.zeros(3)}, {"conv1/kernel": kernel}):
        with pytest.raises(ConfigError) as caught:
            inside.training_step(network, PLAIN, settings, wrong)
        assert caught.value.field == "step_start"


def test_nothing_is_kept_between_two_questions_and_the_open_network_is_not_written_to() -> None:
    network = opened(SMALL)
    before = network.model.get_weights()
    settings = StepSettings(ROWS, "kept", rates=(0.1,) * 3)
    first = inside.training_step(network, TRAIN, settings)
    inside.training_step(network, TRAIN, StepSettings((1,), "untrained", "sgd", rates=(5.0,)))
    again = inside.training_step(network, TRAIN, settings)
    assert first.history == again.history
    assert_array_equal(first.losses_after, again.losses_after)
    for mine, kept in zip(network.model.get_weights(), before, strict=True):
        assert_array_equal(mine, kept)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"rows": ()}, "step_images"),
        ({"rows": tuple(range(9))}, "step_images"),
        ({"rows": (-1,)}, "step_row"),
        ({"rows": (0,), "rates": (0.1,) * 51}, "steps_taken"),
        ({"rows": (0,), "rates": (0.0,)}, "learning_rate"),
        ({"rows": (0,), "rates": (float("nan"),)}, "learning_rate"),
        ({"rows": (0,), "rates": (11.0,)}, "learning_rate"),
        ({"rows": (0,), "start": "middle"}, "step_start"),
        ({"rows": (0,), "start": "epoch"}, "step_epoch"),
        ({"rows": (0,), "start": "kept", "epoch": 3}, "step_epoch"),
        ({"rows": (0,), "optimizer": "lion"}, "optimizer"),
    ],
)
def test_what_is_beyond_the_limits_is_refused(settings: dict, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        StepSettings(**settings)
    assert caught.value.field == field
    assert caught.value.sentence("ko") != caught.value.sentence("en")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"rows": (100,)}, "step_row"),
        ({"rows": (0,), "layer": "pool1"}, "step_layer"),
        ({"rows": (0,), "place": (0, 0)}, "step_place"),
        ({"rows": (0,), "place": (0, 0, 0, 4)}, "step_place"),
    ],
)
def test_what_the_run_does_not_have_is_refused(settings: dict, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        inside.training_step(opened(SMALL), TRAIN, StepSettings(**settings))
    assert caught.value.field == field


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_that_have_diverged_are_answered_too(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = inside.start_weights
    monkeypatch.setattr(
        inside,
        "start_weights",
        lambda *given: {path: 1e200 * weight for path, weight in begin(*given).items()},
    )
    settings = StepSettings(ROWS, "untrained", name, rates=(10.0,) * 2)
    answer = inside.training_step(opened(ODD), TRAIN, settings)
    assert answer.diverged
    assert answer.overshoot == answer.rates[0]


def test_a_gradient_whose_square_is_beyond_all_numbers_has_diverged_whatever_the_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin = inside.start_weights

    def steep(*given: object) -> inside.Weights:
        weights = begin(*given)
        return weights | {"output/kernel": 1e160 * weights["output/kernel"]}

    monkeypatch.setattr(inside, "start_weights", steep)
    answer = inside.training_step(opened(SMALL), TRAIN, StepSettings(ROWS))
    assert np.isfinite(answer.loss)
    assert np.isinf([row.output for row in answer.layers]).any()
    assert answer.diverged


def test_a_loss_that_is_no_number_is_not_the_lowest() -> None:
    assert labs.lowest(np.array([np.nan, 3.0, 2.0, np.inf])) == 2
    assert labs.raises(float("nan"), 1.0)
    assert labs.raises(1.1, 1.0)
    assert not labs.raises(1.0, 1.0)
