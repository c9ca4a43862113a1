"""Named starting points: a network and how to train it."""

from __future__ import annotations

from dataclasses import dataclass

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
