"""Run one training in this process. Knows nothing of Dask, of the list of runs, or of pages."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.python.framework import ops as tensorflow_ops

from cnn_core import model as models
from cnn_core.arithmetic import layer_table
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.datasets import Dataset, subset
from cnn_core.errors import RunError
from cnn_core.events import (
    Ask,
    BatchEnd,
    Control,
    Emit,
    EpochEnd,
    Evaluating,
    LearningRateChanged,
    Paused,
    Resumed,
    RunEnded,
    RunStarted,
    Score,
)
from cnn_core.pace import native_bfloat16

EVALUATION_BATCH = 500
SAMPLE_IMAGES = 10
SECONDS_BETWEEN_BATCHES = 0.1
SECONDS_BETWEEN_QUESTIONS = 0.02

Logs = dict[str, Any] | None


@contextmanager
def forgetting_graphs() -> Iterator[None]:
    """Let go of the graphs that are made inside, for a process that trains many networks.

    Keras sums gradients through a custom gradient, and TensorFlow registers each of those for good,
    with the whole graph around it: about 10 MB a training. Nothing may be traced elsewhere meanwhile.
    """
    gradients = getattr(tensorflow_ops, "gradient_registry", None)
    register: dict[str, object] = getattr(gradients, "_registry", {})
    before = set(register)
    try:
        yield
    finally:
        for name in set(register) - before:
            if name.startswith("CustomGradient"):
                del register[name]


@dataclass(frozen=True)
class Result:
    """What a training leaves behind.

    Attributes:
        model: The network with its best weights; with its last ones when none were worth keeping.
        epochs: One `EpochEnd` an epoch, those before an interruption included.
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
) -> Result:
    """Train a network, saying what happens and asking what is wanted around every batch.

    Image order and dropout follow from the seed and the epoch alone, so the same configs and data
    give the same history, whether or not the run was interrupted between two epochs.

    Args:
        model_config: The network; its input shape must be that of the images.
        train_config: How to train it.
        dataset: Images, uint8 of shape (N, H, W, C), scaled to [0, 1] a batch at a time.
        emit: Called with every event, in this thread.
        control: What is wanted now; asked twice a batch, so it must be quick.
        folder: Where best.keras, last.keras and snapshots/ go. If last.keras is there already, training
            goes on behind its last complete epoch.
        past: What the run said at the end of its complete epochs before an interruption. Without it,
            or where it does not fit last.keras, training begins again.

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
    conductor = Conductor(train_config, images, emit, control, best, folder)
    precision = network.layers[0].compute_dtype
    batches = batches_an_epoch(images, train_config.batch_size)
    emit(RunStarted(network.count_params(), images, batches, precision, done, time.time()))
    if folder:
        _tidy(folder, done)
        if done == 0:
            save_snapshot(network, folder, 0)
    if control().stop:
        conductor.reason = "stopped"
    elif done < train_config.epochs and best.exhausted(train_config.patience):
        conductor.reason = "early_stopping"
    elif done < train_config.epochs:
        _fit(network, data, train_config, conductor, done)
    emit(Evaluating())
    ended = _ended(network, data, conductor, folder)
    emit(ended)
    return Result(network, tuple(conductor.epochs), ended)


def _check_fit(config: ModelConfig, dataset: Dataset) -> None:
    images, network = dataset.x_train.shape[1:], config.input_shape
    if images != network:
        raise RunError("run.wrong_shape", images=_by(images), network=_by(network))
    if len(dataset.class_names) > config.classes:
        raise RunError("run.wrong_classes", images=len(dataset.class_names), network=config.classes)


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _open(
    model: ModelConfig,
    config: TrainConfig,
    images: int,
    folder: Path | None,
    past: Sequence[EpochEnd],
) -> tuple[keras.Sequential, BestWeights]:
    """The network to train, and the best weights of the epochs that it has behind it."""
    if folder and past and (folder / "last.keras").exists():
        try:
            return _go_on(model, config, images, folder, past)
        except RunError:
            pass  # a damaged checkpoint is no reason not to train: begin again
    network = models.build(model, resolve_precision(config.precision), config.seed)
    network.compile(
        optimizer=optimizer(config), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return network, BestWeights()


def _go_on(
    model: ModelConfig, config: TrainConfig, images: int, folder: Path, past: Sequence[EpochEnd]
) -> tuple[keras.Sequential, BestWeights]:
    network = models.load(folder / "last.keras", model)
    steps = int(network.optimizer.iterations) if network.compiled else 0
    done = steps // batches_an_epoch(images, config.batch_size)
    if done == 0 or [end.epoch for end in past[:done]] != list(range(1, done + 1)):
        raise RunError("model.mismatch", file="last.keras")
    best = BestWeights(past[:done])
    # A run that was killed between the two files has its newest best weights in last.keras only.
    if best.epoch == done:
        best.weights = network.get_weights()
    elif best.epoch:
        best.weights = models.load(folder / "best.keras", model).get_weights()
    return network, best


def _tidy(folder: Path, done: int) -> None:
    """Remove what a killed process left half written, and what belongs to epochs that come again."""
    stale = [*folder.glob(".*.keras"), *folder.glob("snapshots/*.tmp")]
    stale += [it for it in folder.glob("snapshots/epoch-*.npz") if it.stem > f"epoch-{done:03d}"]
    if done == 0:
        stale += [folder / "last.keras", folder / "best.keras"]
    for path in stale:
        path.unlink(missing_ok=True)


def _fit(
    network: keras.Sequential, data: Dataset, config: TrainConfig, conductor: Conductor, done: int
) -> None:
    order = tf.Variable(np.arange(len(data.x_train)), dtype=tf.int64, trainable=False)
    conductor.shuffle = lambda epoch: order.assign(
        image_order(len(data.x_train), config.seed, epoch)
    )
    network.fit(
        shuffled_batches(data.x_train, data.y_train, order, config.batch_size),
        validation_data=ordered_batches(data.x_val, data.y_val),
        initial_epoch=done,
        epochs=config.epochs,
        verbose=0,
        shuffle=False,  # the batches come in their order already
        callbacks=[conductor],
    )


def _ended(
    network: keras.Sequential, data: Dataset, conductor: Conductor, folder: Path | None
) -> RunEnded:
    """Put the best weights back, keep them, and measure them on every part of the data."""
    scores: dict[str, Score] = {}
    samples: list[list[float]] = []
    if conductor.best.weights is not None:
        network.set_weights(conductor.best.weights)
        if folder:
            models.save(network, folder / "best.keras")
        samples = models.predictor(network)(data.x_test[:SAMPLE_IMAGES]).tolist()
        for part in ("train", "val", "test"):
            images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
            measured = network.evaluate(
                ordered_batches(images, labels), verbose=0, return_dict=True
            )
            scores[part] = Score(measured["loss"], measured["accuracy"])
    return RunEnded(
        reason=conductor.reason,
        epochs=len(conductor.epochs),
        best_epoch=conductor.best.epoch,
        seconds=sum(end.seconds for end in conductor.epochs),
        scores=scores,
        samples=samples,
        time=time.time(),
    )


class Conductor(keras.callbacks.Callback):
    """Tell what happens in `fit`, and do what is asked: pause, step, stop, learning rate.

    Args:
        config: How the network is trained.
        images: Training images an epoch.
        emit: Called with every event.
        ask: What is wanted now.
        best: The best weights so far.
        folder: Where checkpoints and snapshots go; None keeps none.
        clock: Seconds; for tests.

    Attributes:
        reason: Why training ended, as in `RunEnded`.
        epochs: What was said at the end of each epoch.
        watch: Seconds of work, pauses left out.
        shuffle: Called with the epoch, counted from 0, before its first batch is drawn.
    """

    def __init__(
        self,
        config: TrainConfig,
        images: int,
        emit: Emit,
        ask: Ask,
        best: BestWeights,
        folder: Path | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self._config, self._emit, self._ask, self._folder = config, emit, ask, folder
        self._batches = batches_an_epoch(images, config.batch_size)
        self._steps = ask().steps
        self._base_rate = config.learning_rate
        self._rate = math.nan
        self._epoch, self._epoch_began = 0, 0.0
        self._meter = BatchMeter(images, config.batch_size)
        self.best = best
        self.epochs = list(best.past)
        self.reason = "finished"
        self.watch = Stopwatch(clock)
        self.shuffle: Callable[[int], object] = lambda epoch: None

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Another image order, fresh means."""
        self.shuffle(epoch)
        self._epoch, self._epoch_began = epoch, self.watch.seconds()
        self._meter.begin(self._epoch_began)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Set the learning rate; assigned only when it changed, since that costs more than the rest."""
        asked = self._ask().learning_rate
        rate = base = self._config.learning_rate if asked is None else asked
        if base != self._base_rate:
            self._base_rate = base
            self._emit(LearningRateChanged(self._epoch + 1, batch + 1, base))
        if self._config.schedule == "one_cycle":
            step = self._epoch * self._batches + batch
            rate = one_cycle(step, self._config.epochs * self._batches, base)
        if rate != self._rate:
            self._rate = rate
            self.model.optimizer.learning_rate = rate

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Report at most ten times a second, stop when the loss is not a number, do as asked."""
        self._meter.count(batch + 1, logs or {})
        wanted = self._ask()
        last = batch + 1 == self._batches
        if wanted.paused or wanted.stop or last or self._meter.due(self.watch.seconds()):
            self._report()
        if wanted.paused and not wanted.stop and not self.model.stop_training:
            wanted = self._wait(batch + 1, wanted)
        if wanted.stop:
            self._stop("stopped")
        if not wanted.paused:
            self._steps = wanted.steps  # steps left over from this pause are not owed in the next

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Keep the best weights, say the epoch, then save the state a resumed run begins from."""
        figures = {name: float(value) for name, value in (logs or {}).items()}
        end = EpochEnd(
            epoch=epoch + 1,
            **{name: figures[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")},
            learning_rate=self._rate,
            seconds=self.watch.seconds() - self._epoch_began,
            best=self.best.offer(epoch + 1, figures["val_loss"], self.model),
            complete=self._meter.batch == self._batches,
            time=time.time(),
        )
        self.epochs.append(end)
        self._emit(end)
        finite = math.isfinite(end.loss) and math.isfinite(end.val_loss)
        if self._folder and end.complete and finite:
            self._save(end, self._folder)
        if not finite:
            self._stop("diverged")
        elif self._ask().stop:
            self._stop("stopped")
        elif epoch + 1 < self._config.epochs and self.best.exhausted(self._config.patience):
            self._stop("early_stopping")

    def _save(self, end: EpochEnd, folder: Path) -> None:
        """In this order, so that a kill in between leaves nothing that `_go_on` would misread."""
        save_snapshot(self.model, folder, end.epoch)
        models.save(self.model, folder / "last.keras", optimizer=True)
        if end.best:
            models.save(self.model, folder / "best.keras")

    def _report(self) -> None:
        figures = self._meter.read(self.watch.seconds())
        if figures is None:
            return
        self._emit(
            BatchEnd(
                epoch=self._epoch + 1,
                batch=self._meter.batch,
                batches=self._batches,
                learning_rate=self._rate,
                time=time.time(),
                **figures,
            )
        )
        if not math.isfinite(figures["loss"]):
            self._stop("diverged")

    def _wait(self, batch: int, wanted: Control) -> Control:
        """Wait until resumed or stopped; a single step lets one batch through."""
        self._emit(Paused(self._epoch + 1, batch))
        with self.watch.halted():
            while wanted.paused and not wanted.stop:
                if wanted.steps > self._steps:
                    self._steps += 1
                    return wanted
                time.sleep(SECONDS_BETWEEN_QUESTIONS)
                wanted = self._ask()
        self._emit(Resumed(self._epoch + 1, batch))
        return wanted

    def _stop(self, reason: str) -> None:
        if not self.model.stop_training:
            self.reason = reason
        self.model.stop_training = True


class BatchMeter:
    """Turn Keras' means since the start of the epoch into means since the last reading.

    Keras weighs every image alike, so that the last batch, when it is smaller, counts for less.

    Args:
        images: Training images an epoch.
        batch_size: Images in every batch but the last.

    Attributes:
        batch: Batches of this epoch that are done.
    """

    def __init__(self, images: int, batch_size: int) -> None:
        self._all_images, self._batch_size = images, batch_size
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """An epoch begins at `now` seconds."""
        self.batch = self._read_images = 0
        self._read_at = now
        self._logs: dict[str, Any] = {}
        self._sums = {"loss": 0.0, "accuracy": 0.0}

    def count(self, batch: int, logs: dict[str, Any]) -> None:
        """`batch` batches are done, and `logs` holds the means over all their images."""
        self.batch, self._logs = batch, logs

    def due(self, now: float) -> bool:
        """Whether the last reading is long enough ago."""
        return now - self._read_at >= SECONDS_BETWEEN_BATCHES

    def read(self, now: float) -> dict[str, float] | None:
        """Loss, accuracy and images a second since the last reading; None if there was no batch."""
        images = min(self.batch * self._batch_size, self._all_images)
        fresh = images - self._read_images
        if fresh == 0:
            return None
        sums = {name: float(self._logs[name]) * images for name in self._sums}
        loss, accuracy = ((sums[name] - self._sums[name]) / fresh for name in ("loss", "accuracy"))
        speed = fresh / max(now - self._read_at, 1e-9)
        self._sums, self._read_images, self._read_at = sums, images, now
        # Keras' means are rounded to 24 bits, so that a difference of theirs may pass the borders.
        return {
            "loss": max(loss, 0.0),
            "accuracy": min(max(accuracy, 0.0), 1.0),
            "images_per_s": speed,
        }


class BestWeights:
    """The weights of the lowest validation loss; knows when patience is at its end.

    Attributes:
        past: Epochs before an interruption.
        epoch: Where the weights come from, counted from 1; 0 if there are none.
        weights: Arrays as `get_weights` gives them, or None.
    """

    def __init__(self, past: Sequence[EpochEnd] = ()) -> None:
        self.past = tuple(past)
        self.epoch = 0
        self.weights: list[npt.NDArray[Any]] | None = None
        self._loss, self._waited = math.inf, 0
        for end in past:
            self._judge(end.epoch, end.val_loss)

    def offer(self, epoch: int, val_loss: float, model: keras.Model) -> bool:
        """Keep the model's weights if this is the best epoch yet, and say whether it is."""
        best = self._judge(epoch, val_loss)
        if best:
            self.weights = model.get_weights()
        return best

    def exhausted(self, patience: int) -> bool:
        """Whether `patience` epochs have passed without a better one; 0 is endless patience."""
        return 0 < patience <= self._waited

    def _judge(self, epoch: int, val_loss: float) -> bool:
        if val_loss < self._loss:  # never true of a loss that is not a number
            self.epoch, self._loss, self._waited = epoch, val_loss, 0
            return True
        self._waited += 1
        return False


class Stopwatch:
    """Seconds of work, pauses left out."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._behind, self._since = 0.0, clock()

    def seconds(self) -> float:
        """Seconds since the start, without those spent in `halted`."""
        return self._behind + self._clock() - self._since

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Time inside the block does not count."""
        self._behind = self.seconds()
        try:
            yield
        finally:
            self._since = self._clock()


def batches_an_epoch(images: int, batch_size: int) -> int:
    """How many batches hold all images; the last one may be smaller."""
    return math.ceil(images / batch_size)


def resolve_precision(precision: str) -> str:
    """What "auto" comes to on this machine: "bfloat16" where it is multiplied natively, else "float32"."""
    if precision != "auto":
        return precision
    native = native_bfloat16() or tf.config.list_physical_devices("GPU")
    return "bfloat16" if native else "float32"


def optimizer(config: TrainConfig) -> keras.optimizers.Optimizer:
    """The optimizer by its name; "momentum" is SGD with momentum 0.9."""
    rate = config.learning_rate
    makers: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
        "adam": lambda: keras.optimizers.Adam(rate),
        "adamw": lambda: keras.optimizers.AdamW(rate),
        "sgd": lambda: keras.optimizers.SGD(rate),
        "momentum": lambda: keras.optimizers.SGD(rate, momentum=0.9),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
    }
    return makers[config.optimizer]()


def one_cycle(step: int, steps: int, peak: float) -> float:
    """Learning rate of a batch: up in a straight line for 30 % of the steps, then a half cosine down.

    Args:
        step: Batches done since the start of training, from 0.
        steps: Batches in all.
        peak: Highest learning rate; the first is a tenth of it, the last nearly 0.

    References: Smith and Topin, "Super-Convergence", 2018.
    """
    rise = max(1, round(0.3 * steps))
    if step < rise:
        return peak * (0.1 + 0.9 * step / rise)
    fall = (step - rise) / max(1, steps - rise)
    return peak * max(1e-3, 0.5 * (1 + math.cos(math.pi * min(1.0, fall))))


def image_order(count: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Order of `count` training images in an epoch, counted from 0."""
    return np.random.default_rng((seed, epoch)).permutation(count)


def shuffled_batches(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[Any],
    order: tf.Variable,
    batch_size: int,
) -> tf.data.Dataset:
    """Batches of images in [0, 1] and labels, in the order that `order` holds when iteration begins."""
    return _batches(images, labels, batch_size, lambda rows: tf.gather(order, rows))


def ordered_batches(images: npt.NDArray[np.uint8], labels: npt.NDArray[Any]) -> tf.data.Dataset:
    """Batches of images in [0, 1] and labels, as they stand."""
    return _batches(images, labels, EVALUATION_BATCH, lambda rows: rows)


def _batches(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[Any],
    batch_size: int,
    choose: Callable[[tf.Tensor], tf.Tensor],
) -> tf.data.Dataset:
    x, y = (
        tf.constant(images),
        tf.constant(labels),
    )  # one copy, as bytes; floats are made a batch at a time

    def pick(start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rows = choose(tf.range(start, tf.minimum(start + batch_size, len(images))))
        return tf.cast(tf.gather(x, rows), tf.float32) / 255.0, tf.gather(y, rows)

    return tf.data.Dataset.range(0, len(images), batch_size).map(pick).prefetch(2)


def save_snapshot(model: keras.Model, folder: Path, epoch: int) -> None:
    """Write snapshots/epoch-NNN.npz: all convolution kernels and biases, as "conv1/kernel" and so on."""
    arrays = {
        f"{layer.name}/{name}": array
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D)
        for name, array in zip(("kernel", "bias"), layer.get_weights(), strict=True)
    }
    path = folder / "snapshots" / f"epoch-{epoch:03d}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)
    temporary.replace(path)
