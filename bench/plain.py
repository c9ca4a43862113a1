"""The textbook network as in lecture notes, trained by plain `model.fit`: what the app is measured against.

Knows nothing of ConvScope: `python -m bench.plain data.npz result.json --epochs 3 --precision float32`.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers


def network() -> keras.Sequential:
    """The textbook network, compiled."""
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(100, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Clock(keras.callbacks.Callback):
    """Writes down when the parts of each epoch end."""

    def __init__(self) -> None:
        super().__init__()
        self.trained: list[float] = []
        self.ended: list[float] = []

    def on_test_begin(self, logs: dict | None = None) -> None:
        """The training steps of this epoch are done; validation follows."""
        self.trained.append(time.time())

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Training and validation of this epoch are done."""
        self.ended.append(time.time())


def main() -> None:
    """Read the images, train, and write the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    options = parser.parse_args()

    keras.utils.set_random_seed(42)
    if options.precision == "bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    with np.load(options.data) as data:
        x_train, y_train = data["x_train"].astype("float32") / 255, data["y_train"]
        x_val, y_val = data["x_val"].astype("float32") / 255, data["y_val"]
    model, clock = network(), Clock()
    began = time.time()
    history = model.fit(
        x_train,
        y_train,
        batch_size=32,
        epochs=options.epochs,
        validation_data=(x_val, y_val),
        callbacks=[clock],
        verbose=2,
    )
    times = {"began": began, "trained": clock.trained, "ended": clock.ended}
    options.result.write_text(
        json.dumps({**times, "val_accuracy": history.history["val_accuracy"]}), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
