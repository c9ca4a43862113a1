"""What TensorFlow finds on this machine, and how fast it trains; run as a program, prints JSON.

In a process of its own: a TensorFlow built for another processor ends it with a signal.
"""

from __future__ import annotations

import json
import time
from typing import Any

import keras
import tensorflow as tf

from cnn_core import datasets
from cnn_core import model as models
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.planning.cost import VALIDATION
from cnn_core.training.batches import batches_per_epoch
from cnn_core.training.loop import resolve_precision
from cnn_core.training.optimizers import optimizer
from cnn_core.training.steps import Steps

WARM, TIMED = 10, 60  # batches of 32 images
FULL = 48_000  # training images of the full Fashion-MNIST


def measure() -> dict[str, Any]:
    """Versions, processors, and the seconds of an epoch.

    Returns:
        tensorflow, keras: Versions.
        gpus: Names of the graphics cards that TensorFlow uses.
        precision: What "auto" means here.
        epoch_s: Seconds of an epoch of the textbook network on the full Fashion-MNIST, from 60 batches.
    """
    devices = tf.config.list_physical_devices("GPU")
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in devices
    ]
    config = TrainConfig(size="sample", batch_size=32)
    data = datasets.load(config.dataset, config.size)
    precision = resolve_precision(config.precision)
    network = models.build(TEXTBOOK, precision, config.seed)
    network.compile(
        optimizer=optimizer(config), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    steps = Steps(network, data.x_train, data.y_train, config.batch_size)
    steps.run(0, [config.learning_rate] * WARM)
    began = time.perf_counter()
    steps.run(WARM, [config.learning_rate] * TIMED)
    batch = (time.perf_counter() - began) / TIMED
    return {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "gpus": gpus,
        "precision": precision,
        "epoch_s": batch * batches_per_epoch(FULL, config.batch_size) * (1 + VALIDATION),
    }


if __name__ == "__main__":
    print(json.dumps(measure()))
