"""What TensorFlow finds on this machine, and how fast it trains; run as a program, prints JSON.

In a process of its own: a TensorFlow built for another processor ends it with a signal.
"""

from __future__ import annotations

import json
import time
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
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
COMPARED, STEP = 32, 0.1  # images, and the learning rate of the step
Images = npt.NDArray[np.uint8]
FULL = 48_000  # training images of the full Fashion-MNIST


def measure() -> dict[str, Any]:
    """Versions, processors, and the seconds of an epoch.

    Returns:
        tensorflow, keras: Versions.
        gpus: Names of the graphics cards that TensorFlow uses.
        precision: What "auto" means here.
        epoch_s: Seconds of an epoch of the textbook network on the full Fashion-MNIST, from 60 batches.
        gpu_peak_mb: Memory of the first card that training took at most; None without a card, and where
            the card does not tell.
        gpu_difference: As `difference` between the processor and the first card; None without a card.
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
    images = data.x_train[:COMPARED]
    return {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "gpus": gpus,
        "precision": precision,
        "epoch_s": batch * batches_per_epoch(FULL, config.batch_size) * (1 + VALIDATION),
        "gpu_peak_mb": _peak_mb() if devices else None,
        "gpu_difference": difference(images, "/CPU:0", "/GPU:0") if devices else None,
    }


def difference(images: Images, first: str, second: str) -> float:
    """How far one network's probabilities on two devices are apart at most, before and after a step.

    Args:
        images: Images of shape (N, 28, 28, 1), uint8.
        first: A device of TensorFlow, such as "/CPU:0".
        second: Another one.

    Returns:
        A difference of probabilities, 1 where one of them is no number.
    """
    answers = [_probabilities(images, device) for device in (first, second)]
    apart = float(np.max(np.abs(answers[0] - answers[1])))
    return apart if np.isfinite(apart) else 1.0


def _probabilities(images: Images, device: str) -> npt.NDArray[np.float32]:
    """Of the untrained textbook network, and after a step against the gradient: shape (2, N, 10)."""
    with tf.device(device):
        network = models.build(TEXTBOOK, "float32", TrainConfig().seed)
        batch = tf.constant(images, tf.float32) / 255
        with tf.GradientTape() as tape:
            before = network(batch)
            loss = -tf.reduce_mean(tf.math.log(before[:, 0] + 1e-7))
        weights = network.trainable_variables
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(STEP * gradient)
        both = np.stack([before.numpy(), network(batch).numpy()])
    return both.astype(np.float32)


def _peak_mb() -> float | None:
    try:
        return float(tf.config.experimental.get_memory_info("GPU:0")["peak"]) / 1e6
    except (ValueError, RuntimeError, KeyError):
        return None


if __name__ == "__main__":
    print(json.dumps(measure()))
