"""Every optimizer by its name, and the learning rate of one cycle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from cnn_core.config import OPTIMIZERS, TrainConfig
from cnn_core.training.optimizers import one_cycle, optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_has_its_class_and_the_rate(name: str) -> None:
    made = optimizer(TrainConfig(optimizer=name, learning_rate=0.25))
    classes = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}
    assert type(made).__name__ == classes.get(name, "SGD")
    assert float(made.learning_rate) == 0.25
    assert getattr(made, "momentum", 0.0) == (0.9 if name == "momentum" else 0.0)


@given(some.integers(1, 5000), some.floats(1e-6, 10))
def test_one_cycle_rises_to_its_peak_once_and_falls_to_nearly_nothing(
    steps: int, peak: float
) -> None:
    rates = np.array([one_cycle(step, steps, peak) for step in range(steps)])
    top = int(rates.argmax())
    assert ((rates > 0) & (rates <= peak)).all()
    assert math.isclose(rates[0], 0.1 * peak)
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) <= 0).all()
    if steps >= 10:
        assert math.isclose(rates[top], peak)
        assert top == round(0.3 * steps)
    if steps >= 100:
        assert rates[-1] <= 0.002 * peak
