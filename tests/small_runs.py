"""What tests of runs share: a small network, settings for it, a run that waits, and patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cnn_core import runs
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.planning.limits import Limits

MODEL = ModelConfig(blocks=(ConvBlock(4),), dense=(8,), input_shape=(8, 8, 1))
SHORT = TrainConfig("digits", epochs=2, batch_size=64, patience=0, precision="float32")
LONG = replace(SHORT, epochs=50, batch_size=4)  # about a minute and a half
PLENTY = Limits(queued=100)
TRAIN = TrainConfig("digits", epochs=3, batch_size=64, train_size=500, learning_rate=0.002)


def make(**options: Any) -> runs.Run:
    return runs.create(MODEL, TRAIN, **options)


def until(what: Callable[[], Any], seconds: float = 180.0) -> Any:
    """Wait until `what()` is true, and return it; no test hangs."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.02)
    return answer


def state(run: runs.Run) -> str:
    return runs.status(run).state
