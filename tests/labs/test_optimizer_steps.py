"""Each optimizer's step in NumPy is Keras' own, over several steps with changing learning rates."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from cnn_core.config import OPTIMIZERS, TrainConfig
from cnn_core.errors import ConfigError
from cnn_core.labs.optimizers import STEPS, State, step
from cnn_core.training.optimizers import optimizer

RATES = (1e-3, 1e-3, 0.1, 1e-4, 2.0, 1e-3, 1e-3)


def gradients() -> list[np.ndarray]:
    """For every step; some exactly 0, some tiny, some huge."""
    random = np.random.default_rng(0)
    scales = 10.0 ** np.arange(-12, 4)
    made = [random.normal(size=(5, len(scales))) * scales for _ in RATES]
    for gradient in made[:3]:
        gradient[0] = 0.0
    return made


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_is_that_of_keras(name: str) -> None:
    keras_optimizer = optimizer(TrainConfig(optimizer=name))
    variable = keras.Variable(np.random.default_rng(1).normal(size=(5, 16)), dtype="float64")
    state = State()
    for number, (wanted, gradient) in enumerate(zip(RATES, gradients(), strict=True), 1):
        keras_optimizer.learning_rate = wanted
        before, rate = variable.numpy(), float(keras_optimizer.learning_rate)
        keras_optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        taken = step(name, before, gradient, state, rate, number)
        state = taken.state
        # Keras rounds the betas of the correction to 32 bits: 1 - 0.999 is wrong in its fifth digit.
        assert_allclose(
            taken.weight - before, variable.numpy() - before, rtol=1e-5, atol=1e-6 * rate
        )
        kept = {
            slot.path.rpartition("/")[2].rpartition("_")[2]: slot.numpy()
            for slot in keras_optimizer.variables[2:]
        }
        assert bool(kept) is (name != "sgd")
        for name_there, mine in (("momentum", state.first), ("velocity", state.second)):
            if name_there in kept:
                assert_allclose(mine, kept[name_there], rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_number_moves_as_it_does_in_an_array(name: str) -> None:
    values = np.array([0.5, -0.2])
    state = State(np.array([0.1, -0.1]), np.array([0.2, 0.3]))
    array = step(name, values, np.array([0.3, -0.4]), state, 0.01, 5)
    alone = step(name, 0.5, 0.3, State(0.1, 0.2), 0.01, 5)
    assert alone.weight == array.weight[0]


def test_the_first_step_of_adam_has_the_size_of_the_learning_rate() -> None:
    for gradient in (0.5, -5.0):
        taken = step("adam", 1.0, gradient, State(), 0.01, 1)
        assert taken.weight == pytest.approx(1 - np.sign(gradient) * 0.01, abs=1e-7)
        assert taken.corrected_first == pytest.approx(gradient)
        assert taken.corrected_second == pytest.approx(gradient**2)


def test_every_optimizer_of_the_settings_has_a_step_and_no_other() -> None:
    assert set(STEPS) == set(OPTIMIZERS)
    with pytest.raises(ConfigError, match="nadam"):
        step("nadam", 0.0, 0.0, State(), 0.1, 1)
