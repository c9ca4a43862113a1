"""What tests of runs share: a small network, settings for it, and a run that waits."""

from __future__ import annotations

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


def state(run: runs.Run) -> str:
    return runs.status(run).state
