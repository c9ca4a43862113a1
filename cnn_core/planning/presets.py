"""Named starting points: a network and how to train it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnn_core import datasets
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig


@dataclass(frozen=True, slots=True)
class Preset:
    """A named starting point: a network and how to train it."""

    model: ModelConfig
    train: TrainConfig


PRESETS: dict[str, Preset] = {
    "textbook": Preset(TEXTBOOK, TrainConfig()),
    "fast": Preset(
        TEXTBOOK,
        TrainConfig(epochs=5, batch_size=128, learning_rate=4e-3, schedule="one_cycle", patience=0),
    ),
    "tiny": Preset(
        ModelConfig(blocks=(ConvBlock(8), ConvBlock(16)), dense=(32,), dropout=0.2),
        TrainConfig(epochs=5, batch_size=64, learning_rate=2e-3),
    ),
}


def fit_to_data(model: ModelConfig, train: TrainConfig) -> tuple[ModelConfig, TrainConfig]:
    """The network with the input and output that the data set asks for.

    Raises:
        DataError: If there is no such data set.
    """
    source = datasets.spec(train.dataset)
    classes = len(source.class_names)
    return replace(model, input_shape=source.input_shape, classes=classes), train
