"""What happens around the steps of a training: reports, pause, step, stop, learning rate, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

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
from cnn_core.training.meters import BatchMeter, BestWeights, Stopwatch, Weighted, reached
from cnn_core.training.optimizers import one_cycle

SECONDS_BETWEEN_POLLS = 0.02
"""Pause between two looks at the control while paused: a step follows its click without a visible delay."""


class Trained(Weighted, Protocol):
    """Has weights, and is told to stop, as a Keras model is."""

    stop_training: bool


class ProgressCallback:
    """Reports progress and obeys pause, step, stop and learning rate, at the moments of a Keras callback.

    Args:
        model: The network that is trained; `stop_training` becomes true when the training is to end.
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
        ask: Returns the current `Control`.
    """

    def __init__(
        self,
        model: Trained,
        config: TrainConfig,
        images: int,
        emit: Emit,
        ask: Ask,
        best: BestWeights,
        folder: Path | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._model = model
        self._config, self._emit, self._folder = config, emit, folder
        self.ask = ask
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

    def on_epoch_begin(self, epoch: int) -> None:
        """Begin the running means of an epoch, counted from 0."""
        self._epoch, self._epoch_began = epoch, self.watch.seconds()
        self._meter.begin(self._epoch_began)

    def rates(self, batch: int, count: int) -> list[float]:
        """Learning rates of the next `count` batches, the first of which is `batch`, counted from 0.

        While the run is paused, one batch at a time is trained: the list has one rate only.
        """
        control = self.ask()
        override = control.learning_rate
        base = self._config.learning_rate if override is None else override
        if base != self._base_rate:
            self._base_rate = base
            self._emit(LearningRateChanged(self._epoch + 1, batch + 1, base))
        count = 1 if control.paused else count
        rates = [base] * count
        if self._config.schedule == "one_cycle":
            first, steps = self._epoch * self._batches + batch, self._config.epochs * self._batches
            rates = [one_cycle(step, steps, base) for step in range(first, first + count)]
        self._rate = rates[-1]
        return rates

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        """Report at most ten times a second, stop when the loss is not finite, obey the control.

        Args:
            batch: The last batch that was trained on, counted from 0.
            logs: Keras' means of loss and accuracy over this epoch's batches.
        """
        self._meter.count(batch + 1, logs)
        control = self.ask()
        last = batch + 1 == self._batches
        if control.paused or control.stop or last or self._meter.due(self.watch.seconds()):
            self._report()
        if control.paused and not control.stop and not self._model.stop_training:
            control = self._wait(batch + 1, control)
        if control.stop:
            self._stop("stopped")
        if not control.paused:
            self._steps = control.steps  # steps left over from this pause are not owed in the next

    def on_epoch_end(self, epoch: int, figures: dict[str, float]) -> None:
        """Keep the best weights, report the epoch, then save the state that a resumed run starts from.

        Args:
            epoch: Counted from 0.
            figures: loss, accuracy, val_loss and val_accuracy.
        """
        # A loss may stay a number without a meaning: max(0, NaN) of a ReLU is 0 on some processors.
        finite = all(map(math.isfinite, figures.values())) and all(
            np.isfinite(array).all() for array in self._model.get_weights()
        )
        end = EpochEnd(
            epoch=epoch + 1,
            **figures,
            learning_rate=self._rate,
            seconds=self.watch.seconds() - self._epoch_began,
            best=self.best.offer(
                epoch + 1, figures["val_loss"] if finite else math.nan, self._model
            ),
            complete=self._meter.batch == self._batches,
            time=time.time(),
        )
        self.epochs.append(end)
        self._emit(end)
        if self._folder and end.complete and finite:
            began = self.watch.seconds()
            checkpoints.save_epoch(self._model, self._folder, end)
            self._emit(Saved(end.epoch, self.watch.seconds() - began))
        if not finite:
            self._stop("diverged")
        elif self.ask().stop:
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
                control = self.ask()
        self._emit(Resumed(self._epoch + 1, batch))
        return control

    def _stop(self, reason: str) -> None:
        if not self._model.stop_training:
            self.reason = reason
        self._model.stop_training = True
