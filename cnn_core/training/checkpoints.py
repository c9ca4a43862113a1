"""The files that a training writes: weights to resume from, the best weights, a snapshot of each epoch."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from cnn_core import files
from cnn_core import model as models
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import RunError
from cnn_core.progress.events import EpochEnd
from cnn_core.training.batches import batches_per_epoch
from cnn_core.training.meters import BestWeights

BEST_COMPLETE = "best-complete.keras"
"""The weights of the best complete epoch while best.keras holds those of an epoch stopped midway."""
MOST_PARAMETERS = 1_000_000
"""Of a network whose dense layers are kept after every epoch, 2 bytes each."""


def save_epoch(model: keras.Model, folder: Path, end: EpochEnd) -> None:
    """Write the files of an epoch, in an order in which no kill leaves anything that `resume` would misread.

    Args:
        model: The network after that epoch.
        folder: The run's folder.
        end: The epoch's figures; if it is the best one so far, best.keras is written too.
    """
    save_snapshot(model, folder, end.epoch)
    models.save(model, folder / "last.keras", optimizer=True)
    if end.best:
        models.save(model, folder / "best.keras")


def save_best(model: keras.Model, folder: Path, epochs: Sequence[EpochEnd], best: int) -> None:
    """Write best.keras at the end of a training, in such a way that it can still be interrupted.

    An epoch that was stopped midway is trained again after an interruption. If it is the best one, the
    weights of the best complete epoch are kept beside.

    Args:
        model: The network with its best weights.
        folder: The run's folder.
        epochs: All epochs of the run.
        best: The epoch that the weights come from.
    """
    path = folder / "best.keras"
    stopped = any(end.epoch == best and not end.complete for end in epochs)
    if stopped and path.exists():
        with files.replacing(folder / BEST_COMPLETE) as temporary:
            shutil.copyfile(path, temporary)
    models.save(model, path)


def save_snapshot(model: keras.Model, folder: Path, epoch: int) -> None:
    """Write snapshots/epoch-NNN.npz: all kernels and biases, as "conv1/kernel" and so on.

    Dense layers, most of the weights, are written in float16, and only of networks with at most
    `MOST_PARAMETERS`; convolutions always and as they are.
    """
    whole = model.count_params() <= MOST_PARAMETERS
    arrays: dict[str, Any] = {}
    for layer in model.layers:
        convolution = isinstance(layer, keras.layers.Conv2D)
        if not convolution and not (whole and isinstance(layer, keras.layers.Dense)):
            continue
        for name, array in zip(("kernel", "bias"), layer.get_weights(), strict=True):
            arrays[f"{layer.name}/{name}"] = array if convolution else _half(array)
    path = folder / "snapshots" / f"epoch-{epoch:03d}.npz"
    path.parent.mkdir(exist_ok=True)  # never the run's folder: it may have been deleted
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def _half(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    with np.errstate(over="ignore"):  # the weights of a run that diverges
        return array.astype(np.float16)


def resume(
    model: ModelConfig, config: TrainConfig, images: int, folder: Path, past: Sequence[EpochEnd]
) -> tuple[keras.Sequential, BestWeights]:
    """The network of last.keras, and the best weights of the epochs it has completed; best.keras holds those.

    Args:
        model: The network's settings.
        config: How it is trained.
        images: Training images per epoch.
        folder: The run's folder.
        past: The epochs that the run reported before the interruption, in order.

    Raises:
        RunError: If a file is damaged, or does not fit the `past`.
    """
    network = models.load(folder / "last.keras", model)
    steps = int(network.optimizer.iterations) if network.compiled else 0
    done = steps // batches_per_epoch(images, config.batch_size)
    if done == 0 or [end.epoch for end in past[:done]] != list(range(1, done + 1)):
        raise RunError("model.mismatch", file="last.keras")
    best = BestWeights(past[:done])
    kept = folder / BEST_COMPLETE
    path = kept if kept.exists() else folder / "best.keras"
    # A run that was killed between the two files has its newest best weights in last.keras only.
    if best.epoch == done:
        best.weights = network.get_weights()
        models.save(network, folder / "best.keras")
    elif best.epoch:
        best.weights = models.load(path, model).get_weights()
        path.replace(folder / "best.keras")
    return network, best


def remove_stale_files(folder: Path, done: int) -> None:
    """Remove what a killed process left half written, and the files of epochs that are trained again.

    Args:
        folder: The run's folder.
        done: Completed epochs; with 0 the checkpoints go too.
    """
    stale = [*folder.glob(".*.keras"), *folder.glob(".*.npz"), *folder.glob("snapshots/.*.npz")]
    stale += [
        path for path in folder.glob("snapshots/epoch-*.npz") if path.stem > f"epoch-{done:03d}"
    ]
    stale.append(folder / BEST_COMPLETE)
    if done == 0:
        stale += [folder / "last.keras", folder / "best.keras"]
    for path in stale:
        path.unlink(missing_ok=True)
