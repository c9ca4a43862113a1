"""Keras callback: reports progress; obeys pause, step, stop and learning rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from cnn_core.config import TrainConfig
from cnn_core.progress.events import (
    Ask,
    BatchEnd,
    Control,
    Emit,
    EpochEnd,
    LearningRateChanged,
    Paused,
    Resumed,
    Saved,
)
from cnn_core.training import checkpoints
from cnn_core.training.batches import batches_per_epoch
from cnn_core.training.meters import BatchMeter, BestWeights, Stopwatch, reached
from cnn_core.training.optimizers import one_cycle

SECONDS_BETWEEN_POLLS = 0.02
"""Pause between two looks at the control while paused: a step follows its click without a visible delay."""

Logs = dict[str, Any] | None


class ProgressCallback(keras.callbacks.Callback):
    """Keras callback that reports progress and obeys pause, step, stop and learning rate.

    Args:
        config: How the network is trained.
        images: Training images per epoch.
        emit: Called with every event.
        ask: Returns the current `Control`.
        best: The best weights so far.
        folder: Where checkpoints and snapshots go; None keeps none.
        clock: Returns seconds; replaced in tests.

    Attributes:
        reason: Why training ended, as in `RunEnded`.
        epochs: The `EpochEnd` of each epoch, those before an interruption included.
        watch: Seconds of training without pauses.
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
        self._batches = batches_per_epoch(images, config.batch_size)
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
        """Shuffle the images, reset the running means."""
        self.shuffle(epoch)
        self._epoch, self._epoch_began = epoch, self.watch.seconds()
        self._meter.begin(self._epoch_began)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Set the learning rate; only when it changed, since assigning it costs more than the rest."""
        override = self._ask().learning_rate
        rate = base = self._config.learning_rate if override is None else override
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
        """Report at most ten times a second, stop when the loss is not finite, obey the control."""
        self._meter.count(batch + 1, logs or {})
        control = self._ask()
        last = batch + 1 == self._batches
        if control.paused or control.stop or last or self._meter.due(self.watch.seconds()):
            self._report()
        if control.paused and not control.stop and not self.model.stop_training:
            control = self._wait(batch + 1, control)
        if control.stop:
            self._stop("stopped")
        if not control.paused:
            self._steps = control.steps  # steps left over from this pause are not owed in the next

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Keep the best weights, report the epoch, then save the state that a resumed run starts from."""
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
            began = self.watch.seconds()
            checkpoints.save_epoch(self.model, self._folder, end)
            self._emit(Saved(end.epoch, self.watch.seconds() - began))
        if not finite:
            self._stop("diverged")
        elif self._ask().stop:
            self._stop("stopped")
        elif reached(self._config.target, end):
            self._stop("target")
        elif epoch + 1 < self._config.epochs and self.best.exhausted(self._config.patience):
            self._stop("early_stopping")

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

    def _wait(self, batch: int, control: Control) -> Control:
        """Wait until resumed or stopped; a single step lets one batch through."""
        self._emit(Paused(self._epoch + 1, batch))
        with self.watch.halted():
            while control.paused and not control.stop:
                if control.steps > self._steps:
                    self._steps += 1
                    return control
                time.sleep(SECONDS_BETWEEN_POLLS)
                control = self._ask()
        self._emit(Resumed(self._epoch + 1, batch))
        return control

    def _stop(self, reason: str) -> None:
        if not self.model.stop_training:
            self.reason = reason
        self.model.stop_training = True
