"""Train the dense layers of the digits' network further, with ones as they are written in continental Europe.

The convolutions stay as they are, so their outputs are calculated once. The target of a training image is
half its label and half the network's earlier answer, so that it keeps what it knows; the target of a
generated one is its label. `build.py` does this after its training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import augment
import numpy as np
import ones

from cnn_core.config import ModelConfig
from cnn_core.datasets import Dataset

COPIES = 2  # changed versions of each training image, the first of those that the network has seen
ONES, ONES_SEED = 1_000, 23
EPOCHS, BATCH, RATE = 2, 256, 2e-4
SEVEN = 7  # the class that ones are mistaken for
WEIGHT = 3.0  # of each of its images
PER_CALL = 1_000  # images


def refine(config: ModelConfig, path: Path, data: Dataset, seed: int) -> None:
    """Replace the weights of the dense layers in a network's file.

    Args:
        config: The network.
        path: Its .keras file.
        data: Whose training images it has learned from.
        seed: Of their changed versions.
    """
    import keras

    from cnn_core import model

    keras.utils.set_random_seed(seed)
    network = model.restore(config, path)
    digits = augment.copies(data.x_train, COPIES, seed)
    labels = np.tile(data.y_train, COPIES + 1)
    split = 1 + [layer.name for layer in network.layers].index("flatten")
    convolutions = keras.Model(network.inputs[0], network.layers[split - 1].output)
    features = _features(convolutions, digits)
    extra = _features(convolutions, ones.ones(ONES, ONES_SEED))
    head = keras.Sequential([keras.Input(features.shape[1:]), *network.layers[split:]])
    before = head.predict(features, batch_size=PER_CALL, verbose=0)
    hard = np.eye(config.classes, dtype=np.float32)
    targets = np.concatenate([(before + hard[labels]) / 2, hard[np.ones(ONES, np.int64)]])
    weights = np.where(np.concatenate([labels, np.ones(ONES)]) == SEVEN, WEIGHT, 1.0)
    steps = EPOCHS * len(targets) // BATCH
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    head.compile(keras.optimizers.Adam(rate), loss="categorical_crossentropy")
    images = np.concatenate([features, extra])
    head.fit(
        images, targets, sample_weight=weights.astype(np.float32),
        batch_size=BATCH, epochs=EPOCHS, verbose=0,
    )  # fmt: skip
    model.save(network, path)


def _features(convolutions: Any, images: np.ndarray) -> np.ndarray:
    """What the convolutions make of images (N, H, W, 1), as float32 (N, F)."""
    return np.concatenate(
        [
            np.asarray(convolutions(images[start : start + PER_CALL].astype(np.float32) / 255))
            for start in range(0, len(images), PER_CALL)
        ]
    )
