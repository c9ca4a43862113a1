"""Train one network in this process. Knows nothing of Dask, of the list of runs, or of pages."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
from tensorflow.python.framework import ops as tensorflow_ops

from cnn_core import model as models
from cnn_core.arithmetic import layer_table, shape_text
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.datasets import Dataset, subset
from cnn_core.errors import RunError
from cnn_core.planning.cost import native_bfloat16
from cnn_core.progress.events import (
    Ask,
    Control,
    Emit,
    EpochEnd,
    Evaluating,
    RunEnded,
    RunStarted,
    Score,
)
from cnn_core.training import checkpoints
from cnn_core.training.augmentation import augmentation_of
from cnn_core.training.batches import batches_per_epoch, image_order, ordered_batches
from cnn_core.training.callback import ProgressCallback
from cnn_core.training.layer_meter import LayerMeter
from cnn_core.training.meters import BestWeights, reached
from cnn_core.training.optimizers import optimizer
from cnn_core.training.steps import Pace, Steps

SAMPLE_IMAGES = 10
"""Test images whose probabilities go into `RunEnded`: shown as examples without opening the network."""

log = logging.getLogger(__name__)


class Graphs:
    """The graphs that TensorFlow keeps for custom gradients, and which of them are not to be released."""

    def __init__(self) -> None:
        gradients = getattr(tensorflow_ops, "gradient_registry", None)
        self._register: dict[str, object] = getattr(gradients, "_registry", {})
        self._kept = set(self._register)

    @contextmanager
    def of_others(self) -> Iterator[None]:
        """Another thread traces inside the block: what it traces is not released."""
        before = set(self._register)
        try:
            yield
        finally:
            self._kept |= set(self._register) - before

    def release(self) -> None:
        """Release those that were traced since this object was made."""
        for name in set(self._register) - self._kept:
            if name.startswith("CustomGradient"):
                del self._register[name]


@contextmanager
def release_custom_gradients() -> Iterator[Graphs]:
    """Release the graphs that are traced inside the block, for a process that trains many networks.

    Keras sums gradients through a custom gradient, and TensorFlow keeps each of those registered for
    ever, with the whole graph around it: about 10 MB per training. Another thread may only trace within
    `Graphs.of_others`.
    """
    graphs = Graphs()
    try:
        yield graphs
    finally:
        graphs.release()


@dataclass(frozen=True)
class Result:
    """The result of a training.

    Attributes:
        model: The network with its best weights; with its last ones when none were worth keeping.
        epochs: One `EpochEnd` for each epoch, those before an interruption included.
        ended: Reason, scores and times.
    """

    model: keras.Sequential
    epochs: tuple[EpochEnd, ...]
    ended: RunEnded


def train(
    model_config: ModelConfig,
    train_config: TrainConfig,
    dataset: Dataset,
    emit: Emit = lambda event: None,
    control: Ask = Control,
    *,
    folder: Path | None = None,
    past: Sequence[EpochEnd] = (),
    measure_layers: bool = True,
) -> Result:
    """Train a network; report events and read the control around every few batches.

    Image order, augmentation and dropout follow from the seed and the epoch alone, so the same configs
    and data give the same history, whether or not the run was interrupted between two epochs.

    Args:
        model_config: The network; its input shape must be that of the images.
        train_config: How to train it.
        dataset: Images, uint8 of shape (N, H, W, C), scaled to [0, 1] batch by batch.
        emit: Called with every event, in this thread.
        control: Returns the current `Control`; called around every few batches, so it must be quick.
        folder: Where best.keras, last.keras and snapshots/ go. If last.keras is there already, training
            continues after its last complete epoch.
        past: The `EpochEnd` of each complete epoch before an interruption. Without it, or where it
            does not fit last.keras, training begins again.
        measure_layers: Report figures of the layers now and then; the training is the same without.

    Returns:
        The trained network, its history and how it ended.

    Raises:
        ShapeError: If the feature maps shrink to nothing.
        RunError: If images and network do not fit together.
    """
    layer_table(model_config)
    _check_fit(model_config, dataset)
    data = subset(dataset, train_config.train_size)
    images = len(data.x_train)
    network, best = _open(model_config, train_config, images, folder, past)
    done = len(best.past)
    callback = ProgressCallback(network, train_config, images, emit, control, best, folder)
    precision = network.layers[0].compute_dtype
    batches = batches_per_epoch(images, train_config.batch_size)
    params, validation = network.count_params(), len(data.x_val)
    emit(RunStarted(params, images, batches, precision, done, time.time(), validation))
    if folder:
        checkpoints.remove_stale_files(folder, done)
        if done == 0:
            checkpoints.save_snapshot(network, folder, 0)
    if reason := _over_already(train_config, best, control()):
        callback.reason = reason
    elif done < train_config.epochs:
        _fit(network, data, train_config, callback, done, emit if measure_layers else None)
    emit(Evaluating())
    ended = _ended(network, data, callback, folder)
    emit(ended)
    return Result(network, tuple(callback.epochs), ended)


def _over_already(config: TrainConfig, best: BestWeights, control: Control) -> str:
    """Why there is nothing to train, as in `RunEnded`; empty if there is."""
    if control.stop:
        return "stopped"
    if best.past and reached(config.target, best.past[-1]):
        return "target"
    waits = len(best.past) < config.epochs and best.exhausted(config.patience)
    return "early_stopping" if waits else ""


def _check_fit(config: ModelConfig, dataset: Dataset) -> None:
    images, network = dataset.x_train.shape[1:], config.input_shape
    if images != network:
        raise RunError("run.wrong_shape", images=shape_text(images), network=shape_text(network))
    if len(dataset.class_names) > config.classes:
        raise RunError("run.wrong_classes", images=len(dataset.class_names), network=config.classes)


def _open(
    model: ModelConfig,
    config: TrainConfig,
    images: int,
    folder: Path | None,
    past: Sequence[EpochEnd],
) -> tuple[keras.Sequential, BestWeights]:
    """The network to train, and the best weights of the epochs it has completed."""
    if folder and past and (folder / "last.keras").exists():
        try:
            return checkpoints.resume(model, config, images, folder, past)
        except RunError as error:  # a damaged checkpoint is no reason not to train
            log.warning("the training begins again: %s", error)
    network = models.build(model, resolve_precision(config.precision), config.seed)
    network.compile(
        optimizer=optimizer(config), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return network, BestWeights()


def _fit(
    network: keras.Sequential,
    data: Dataset,
    config: TrainConfig,
    callback: ProgressCallback,
    done: int,
    measure: Emit | None,
) -> None:
    """What `network.fit` does, with its numbers, and several steps in a call."""
    images = len(data.x_train)
    augmentation = augmentation_of(config, data.x_train.shape)
    steps = Steps(network, data.x_train, data.y_train, config.batch_size, augmentation)
    validation = ordered_batches(data.x_val, data.y_val)
    pace = Pace()
    meter = LayerMeter(
        network, data.x_train, data.y_train, config.batch_size,
        seconds=callback.watch.seconds, emit=measure, augmentation=augmentation,
    )  # fmt: skip
    network.stop_training = False
    for epoch in range(done, config.epochs):
        order = image_order(images, config.seed, epoch)
        steps.shuffle(order)
        if augmentation:
            augmentation.begin_epoch(epoch)
        meter.begin_epoch(epoch, order)
        network.reset_metrics()
        callback.on_epoch_begin(epoch)
        batches = batches_per_epoch(images, config.batch_size)
        means = _epoch(network, steps, pace, callback, meter, batches)
        measured = _evaluate(network, validation, callback.ask)
        figures = {f"val_{name}": value for name, value in measured.items()}
        callback.on_epoch_end(epoch, {**means, **figures})
        if network.stop_training:
            return


def _epoch(
    network: keras.Sequential,
    steps: Steps,
    pace: Pace,
    callback: ProgressCallback,
    meter: LayerMeter,
    batches: int,
) -> dict[str, float]:
    """Train on the batches of an epoch, or on those before a stop; returns Keras' means over them."""
    done, means = 0, dict[str, float]()
    while done < batches and not network.stop_training:
        if meter.due():
            rates = callback.rates(done, 1)
            with meter.around(done):
                means = steps.run(done, rates)
        else:
            rates = callback.rates(done, pace.steps(batches - done))
            began = time.perf_counter()
            means = steps.run(done, rates)
            pace.took(len(rates), time.perf_counter() - began)
        done += len(rates)
        callback.on_train_batch_end(done - 1, means)
    return means


def _evaluate(network: keras.Sequential, batches: tf.data.Dataset, ask: Ask) -> dict[str, float]:
    """Loss and accuracy over all batches; `ask` is called after each, and what it says is not obeyed."""
    between = keras.callbacks.LambdaCallback(on_test_batch_end=lambda batch, logs: ask())
    figures: dict[str, float] = network.evaluate(
        batches, verbose=0, return_dict=True, callbacks=[between]
    )
    return figures


def _ended(
    network: keras.Sequential, data: Dataset, callback: ProgressCallback, folder: Path | None
) -> RunEnded:
    """Restore the best weights, save them, and evaluate them on every part of the data."""
    scores: dict[str, Score] = {}
    samples: list[list[float]] = []
    if callback.best.weights is not None:
        network.set_weights(callback.best.weights)
        if folder:
            checkpoints.save_best(network, folder, callback.epochs, callback.best.epoch)
        samples = models.predictor(network)(data.x_test[:SAMPLE_IMAGES]).tolist()
        for part in ("train", "val", "test"):
            images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
            measured = _evaluate(network, ordered_batches(images, labels), callback.ask)
            scores[part] = Score(measured["loss"], measured["accuracy"])
    return RunEnded(
        reason=callback.reason,
        epochs=len(callback.epochs),
        best_epoch=callback.best.epoch,
        seconds=sum(end.seconds for end in callback.epochs),
        scores=scores,
        samples=samples,
        time=time.time(),
    )


def resolve_precision(precision: str) -> str:
    """The precision that "auto" means on this machine: "bfloat16" where the hardware has it, else "float32".

    Any other precision is returned as it is.
    """
    if precision != "auto":
        return precision
    native = native_bfloat16() or tf.config.list_physical_devices("GPU")
    return "bfloat16" if native else "float32"
