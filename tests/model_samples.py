"""Small networks and images for the tests of models."""

from __future__ import annotations

import threading
from collections.abc import Callable

import keras
import numpy as np

from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.model import build

SMALL = ModelConfig(
    blocks=(ConvBlock(3, 3, 1, "valid"), ConvBlock(4, pool="average")),
    dense=(6,),
    input_shape=(12, 10, 2),
    classes=4,
)


def images(config: ModelConfig, count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).random((count, *config.input_shape), np.float32)


def same_weights(first: keras.Model, other: keras.Model) -> bool:
    pairs = zip(first.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(left, right) for left, right in pairs)


def in_threads(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def trained(config: ModelConfig = SMALL, precision: str = "float32") -> keras.Sequential:
    model = build(config, precision, seed=1)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.train_on_batch(images(config), np.arange(5) % config.classes)
    return model
