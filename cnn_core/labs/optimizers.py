"""One step of each optimizer, as Keras takes it, with the numbers on the way from gradient to new weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnn_core.config import OPTIMIZERS
from cnn_core.errors import ConfigError

MOMENTUM = 0.9
"""Of SGD with momentum: share of the last change that is kept."""

BETA_1, BETA_2 = 0.9, 0.999
"""Of Adam and AdamW: share of the old moments that is kept."""

RHO = 0.9
"""Of RMSprop: share of the old mean square that is kept."""

DECAY = 0.004
"""Of AdamW: share of each weight that is taken away, times the learning rate."""

EPSILON = 1e-7
"""What keeps a division by 0 away."""

Values = Any
"""A number, or an array with one for each weight."""


@dataclass(frozen=True, slots=True)
class State:
    """What an optimizer keeps between steps, one value per weight; all 0 before the first step.

    Attributes:
        first: Adam's mean of the gradients; of SGD with momentum its last change.
        second: Mean of the squared gradients, of Adam and RMSprop.
    """

    first: Values = 0.0
    second: Values = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and the numbers on its way.

    Attributes:
        weight: The new weight.
        state: What is kept for the next step.
        corrected_first: `state.first` corrected for its start at 0; only of Adam and AdamW.
        corrected_second: `state.second` corrected in the same way.
        epsilon: What is added to the root of `corrected_second`: Keras adds `EPSILON` before it corrects.
        decayed: What weight decay takes away from the weight; only of AdamW.
    """

    weight: Values
    state: State
    corrected_first: Values = 0.0
    corrected_second: Values = 0.0
    epsilon: float = 0.0
    decayed: Values = 0.0


def step(
    optimizer: str, weight: Values, gradient: Values, state: State, rate: float, number: int
) -> Step:
    """Move weights by one step.

    Args:
        optimizer: One of `config.OPTIMIZERS`.
        weight: The weights before the step.
        gradient: Of the loss, for each weight.
        state: What the optimizer kept from the steps before.
        rate: Learning rate.
        number: Of the step, counted from 1.

    Raises:
        ConfigError: If there is no such optimizer.

    References: Kingma and Ba, "Adam", ICLR 2015; Loshchilov and Hutter, "Decoupled Weight Decay
        Regularization", ICLR 2019.
    """
    if optimizer not in STEPS:
        raise ConfigError("optimizer", optimizer, "one_of", choices=", ".join(OPTIMIZERS))
    return STEPS[optimizer](weight, gradient, state, rate, number)


def _sgd(weight: Values, gradient: Values, state: State, rate: float, number: int) -> Step:
    return Step(weight - rate * gradient, state)


def _momentum(weight: Values, gradient: Values, state: State, rate: float, number: int) -> Step:
    change = MOMENTUM * state.first - rate * gradient
    return Step(weight + change, State(first=change))


def _rmsprop(weight: Values, gradient: Values, state: State, rate: float, number: int) -> Step:
    second = RHO * state.second + (1 - RHO) * gradient**2
    return Step(weight - rate * gradient / np.sqrt(second + EPSILON), State(second=second))


def _adam(weight: Values, gradient: Values, state: State, rate: float, number: int) -> Step:
    return _adam_with_decay(weight, gradient, state, rate, number, 0.0)


def _adamw(weight: Values, gradient: Values, state: State, rate: float, number: int) -> Step:
    return _adam_with_decay(weight, gradient, state, rate, number, DECAY)


def _adam_with_decay(
    weight: Values, gradient: Values, state: State, rate: float, number: int, decay: float
) -> Step:
    first = BETA_1 * state.first + (1 - BETA_1) * gradient
    second = BETA_2 * state.second + (1 - BETA_2) * gradient**2
    corrected_first = first / (1 - BETA_1**number)
    corrected_second = second / (1 - BETA_2**number)
    epsilon = EPSILON / float(np.sqrt(1 - BETA_2**number))
    decayed = rate * decay * weight
    change = rate * corrected_first / (np.sqrt(corrected_second) + epsilon)
    return Step(
        weight - decayed - change, State(first, second), corrected_first, corrected_second, epsilon,
        decayed,
    )  # fmt: skip


STEPS: dict[str, Callable[[Values, Values, State, float, int], Step]] = {
    "adam": _adam,
    "sgd": _sgd,
    "momentum": _momentum,
    "rmsprop": _rmsprop,
    "adamw": _adamw,
}
