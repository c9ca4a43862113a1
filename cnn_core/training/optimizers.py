"""How weights are moved: the optimizer of a run, and the learning rate of each batch."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras

from cnn_core.config import TrainConfig


def optimizer(config: TrainConfig) -> keras.optimizers.Optimizer:
    """The optimizer by its name; "momentum" is SGD with momentum 0.9."""
    rate = config.learning_rate
    makers: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
        "adam": lambda: keras.optimizers.Adam(rate),
        "adamw": lambda: keras.optimizers.AdamW(rate),
        "sgd": lambda: keras.optimizers.SGD(rate),
        "momentum": lambda: keras.optimizers.SGD(rate, momentum=0.9),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
    }
    return makers[config.optimizer]()


def one_cycle(step: int, steps: int, peak: float) -> float:
    """Learning rate of a batch: up in a straight line for 30 % of the steps, then a half cosine down.

    Args:
        step: Batches done since the start of training, from 0.
        steps: Batches in all.
        peak: Highest learning rate; the first is a tenth of it, the last nearly 0.

    References: Smith and Topin, "Super-Convergence", 2018.
    """
    rise = max(1, round(0.3 * steps))
    if step < rise:
        return peak * (0.1 + 0.9 * step / rise)
    fall = (step - rise) / max(1, steps - rise)
    return peak * max(1e-3, 0.5 * (1 + math.cos(math.pi * min(1.0, fall))))
