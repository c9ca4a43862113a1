"""Stands for a training: calls the hooks of its callback with written numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cnn_core.config import TrainConfig
from cnn_core.progress.events import Control, EpochEnd, Event
from cnn_core.training.callback import ProgressCallback
from cnn_core.training.meters import BestWeights


class StubModel:
    """What the callback touches of a model; its weights are a number that tests set."""

    def __init__(self) -> None:
        self.stop_training = False
        self.weight = 0.0

    def get_weights(self) -> list[np.ndarray]:
        return [np.array(self.weight)]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weight = float(weights[0])


class Play:
    """Calls the hooks in the order of a training, with written losses and a clock of its own.

    Attributes:
        rates: The learning rate of every batch so far.
    """

    def __init__(
        self,
        config: TrainConfig | None = None,
        images: int = 64,
        control: Control | None = None,
        past: Sequence[EpochEnd] = (),
        folder: Path | None = None,
    ) -> None:
        self.config = config or TrainConfig(batch_size=8, epochs=3, patience=0)
        self.images = images
        self.control = control or Control()
        self.now = 100.0
        self.events: list[Event] = []
        self.rates: list[float] = []
        self.model = StubModel()
        self.best = BestWeights(past)
        self.callback = ProgressCallback(
            self.model,
            self.config,
            images,
            self.events.append,
            lambda: self.control,
            self.best,
            folder,
            clock=lambda: self.now,
        )

    def epoch(
        self,
        number: int = 1,
        losses: Sequence[float] = (1.0,) * 8,
        val_loss: float = 1.0,
        val_accuracy: float = 0.25,
        each_s: float = 0.2,
        before: Callable[[int], None] = lambda batch: None,
    ) -> None:
        """Go through one epoch, counted from 1; `before` is called ahead of each batch, from 1."""
        sizes = [self.config.batch_size] * len(losses)
        if len(losses) == math.ceil(self.images / self.config.batch_size):
            sizes[-1] = self.images - sum(sizes[:-1])
        self.callback.on_epoch_begin(number - 1)
        done = 0
        for batch, _ in enumerate(losses):
            before(batch + 1)
            self.rates += self.callback.rates(batch, 1)
            self.now += each_s
            done = batch + 1
            mean = float(np.average(losses[:done], weights=sizes[:done]))
            self.callback.on_train_batch_end(batch, {"loss": mean, "accuracy": mean / 10})
            if self.model.stop_training:
                break
        mean = float(np.average(losses[:done], weights=sizes[:done]))
        logs = {"loss": mean, "accuracy": 0.5, "val_loss": val_loss, "val_accuracy": val_accuracy}
        self.callback.on_epoch_end(number - 1, logs)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def ask(self, **wanted: Any) -> None:
        self.control = replace(self.control, **wanted)
