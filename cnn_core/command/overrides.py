"""The settings of a training that a command takes as options, each with its type and its help."""

from __future__ import annotations

from cnn_core.config import AUGMENTATIONS, OPTIMIZERS, PRECISIONS, SCHEDULES

OVERRIDES: dict[str, tuple[type, str]] = {
    "dataset": (str, "data set to train on"),
    "size": (
        str,
        'how much of it: the bundled "sample", or the "full" set, downloaded if necessary',
    ),
    "train_size": (int, "use only this many of its training images"),
    "epochs": (int, "passes over all training images, at most"),
    "batch_size": (int, "images per step of gradient descent"),
    "optimizer": (str, f"one of {', '.join(OPTIMIZERS)}"),
    "learning_rate": (float, "step size of the optimizer; with one_cycle its peak"),
    "schedule": (str, f"course of the learning rate: one of {', '.join(SCHEDULES)}"),
    "patience": (
        int,
        "stop after this many epochs without a lower validation loss; 0 never stops early",
    ),
    "target": (float, "stop at this validation accuracy, such as 0.9"),
    "seed": (int, "random seed of the initial weights, the order of the images and dropout"),
    "augmentation": (
        str,
        f"random changes of the training images: one of {', '.join(AUGMENTATIONS)}",
    ),
    "precision": (str, f"number format of the calculation: one of {', '.join(PRECISIONS)}"),
}
