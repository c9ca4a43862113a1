"""A run for the tests of a worker, and a training that is only played."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cnn_core import runs
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.engine import looks

MODEL = ModelConfig(
    blocks=(ConvBlock(4),), dense=(8,), dropout=0.0, input_shape=(8, 8, 1), classes=10
)


TRAIN = TrainConfig("digits", epochs=2, batch_size=64, train_size=100, precision="float32")


@pytest.fixture
def run() -> runs.Run:
    return runs.create(MODEL, TRAIN)


@pytest.fixture(autouse=True)
def _no_open_models() -> Iterator[None]:
    yield
    looks._opened.cache_clear()


def look(name: str, run: runs.Run, *arguments: Any) -> Any:
    return looks.look(name, run.id, arguments)
