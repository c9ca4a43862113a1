"""The events of a run in order: the plain data that curves, notes and progress read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import fmean, median

from cnn_core.progress.events import (
    BatchEnd,
    Downloading,
    EpochEnd,
    Evaluating,
    Event,
    LayersMeasured,
    LearningRateChanged,
    Loading,
    Paused,
    Resumed,
    RunEnded,
    RunStarted,
    Saved,
)

FORWARD = 1 / 3  # of the time that training takes for an image
USUAL_VALIDATION = 1 / 4  # validation images for each image of training
RECENT = 10  # reports that the current speed is the mean of: about a second


@dataclass(frozen=True, slots=True)
class History:
    """A run up to now. What was trained again after an interruption appears once.

    Attributes:
        planned_epochs: Epochs the run was asked for.
        batches: Reports inside the epochs, in their order.
        epochs: One record for each epoch, in their order; the last one reported of an epoch counts.
        learning_rates: Changes the visitor made while it ran.
        started: The last `RunStarted`; None before the first.
        ended: The `RunEnded`; None while the run goes on.
        paused: Whether it waits for the visitor.
        evaluating: Whether training is over and the kept weights are being tested.
        download: How far the full data set has come; None before and after its download.
        saved_epoch: The last epoch that was saved; 0 before the first.
        saving: Seconds that writing the files of each epoch took.
        layers: Measurements of the layers, in their order; none of a run of an older version.
    """

    planned_epochs: int
    batches: tuple[BatchEnd, ...] = ()
    epochs: tuple[EpochEnd, ...] = ()
    learning_rates: tuple[LearningRateChanged, ...] = ()
    started: RunStarted | None = None
    ended: RunEnded | None = None
    paused: bool = False
    evaluating: bool = False
    download: Downloading | None = None
    saved_epoch: int = 0
    saving: tuple[float, ...] = ()
    layers: tuple[LayersMeasured, ...] = ()

    @classmethod
    def from_events(cls, events: Iterable[Event], planned_epochs: int) -> History:
        """The history of these events, oldest first; any prefix of them is a history too."""
        accumulator = Accumulator()
        for event in events:
            accumulator.add(event)
        return accumulator.history(planned_epochs)

    @property
    def complete_epochs(self) -> tuple[EpochEnd, ...]:
        """The epochs that were not stopped midway."""
        return tuple(end for end in self.epochs if end.complete)

    @property
    def best(self) -> EpochEnd | None:
        """The `best_of` all epochs, including one that was stopped midway."""
        return best_of(self.epochs)

    @property
    def epochs_done(self) -> int:
        """How many epochs are complete."""
        before = self.started.epochs_done if self.started else 0
        return max((end.epoch for end in self.complete_epochs), default=before)

    @property
    def position(self) -> float:
        """Epochs completed, and the part of the current one: 2.5 is half way through the third."""
        done = float(self.epochs_done)
        return max(done, epoch_position(self.batches[-1])) if self.batches else done

    @property
    def fraction(self) -> float:
        """Part of the planned training that is done, 0 to 1; 1 as soon as training is over."""
        if self.ended is not None or self.evaluating:
            return 1.0
        return min(1.0, self.position / max(1, self.planned_epochs))

    @property
    def epoch(self) -> int:
        """The epoch being trained, or the last one trained, counted from 1; 0 before the start."""
        if self.ended is not None:
            return self.ended.epochs
        if self.started is None:
            return 0
        return min(self.planned_epochs, self.epochs_done + 1)

    @property
    def batch(self) -> int:
        """Batches of the current epoch that are done."""
        if self.batches and self.batches[-1].epoch == self.epoch:
            return self.batches[-1].batch
        return 0

    @property
    def images_per_s(self) -> float | None:
        """Mean speed of the last reports, in images per second; None before the first.

        The first report holds what only the start costs, so it counts while there is no other.
        """
        speeds = [end.images_per_s for end in (self.batches[1:] or self.batches)[-RECENT:]]
        speeds = [speed for speed in speeds if math.isfinite(speed) and speed > 0]
        return fmean(speeds) if speeds else None

    @property
    def epoch_seconds(self) -> float | None:
        """Seconds per epoch: as `steady_epoch_seconds`, or of the first one, its start included.

        The first report alone tells nothing: compiling makes it many times too slow.
        """
        first = self.complete_epochs[-1].seconds if self.complete_epochs else None
        return self.steady_epoch_seconds or first

    @property
    def steady_epoch_seconds(self) -> float | None:
        """Seconds per epoch without the cost of the start, such as compiling; None if unknown."""
        first = self.started.epochs_done + 1 if self.started else 1
        seconds = [end.seconds for end in self.complete_epochs if end.epoch != first]
        if seconds:
            return median(seconds)
        speeds = [end.images_per_s for end in self.batches[1:] if 0 < end.images_per_s < math.inf]
        if not self.started or not speeds:
            return None
        images = self.started.images
        validation = self.started.validation or images * USUAL_VALIDATION
        return (images + validation * FORWARD) / median(speeds[-RECENT:])

    @property
    def extra_seconds(self) -> float:
        """Seconds of an ended run beside its epochs: to build, compile and evaluate. 0 if unknown."""
        steady, ends = self.steady_epoch_seconds, self.complete_epochs
        if not (steady and self.started and self.ended and ends):
            return 0.0
        ends = tuple(end for end in ends if end.epoch > self.started.epochs_done)
        start = sum(end.seconds for end in ends) - steady * len(ends)
        return max(0.0, start) + max(0.0, self.ended.time - self.epochs[-1].time)

    @property
    def seconds_left(self) -> float | None:
        """Estimate up to the last planned epoch; early stopping may end it sooner. None if unknown."""
        if self.fraction == 1.0:
            return 0.0
        seconds = self.epoch_seconds
        if seconds is None:
            return None
        writing = (
            median(self.saving) * (self.planned_epochs - self.epochs_done) if self.saving else 0.0
        )
        return seconds * (self.planned_epochs - self.position) + writing


def best_of(epochs: Iterable[EpochEnd]) -> EpochEnd | None:
    """The epoch of the lowest validation loss, the earliest of equals; None if there is none."""
    finite = [end for end in epochs if math.isfinite(end.val_loss)]
    return min(finite, key=lambda end: end.val_loss, default=None)


def epoch_position(end: BatchEnd) -> float:
    """The place of a report on the axis of epochs: batch 5 of 10 of epoch 3 is 2.5."""
    return end.epoch - 1 + end.batch / max(1, end.batches)


def measured_at(step: LayersMeasured, history: History) -> float:
    """The place of a measured step on the axis of epochs: that of the weights before it."""
    batches = history.started.batches if history.started else 1
    return round(step.epoch - 1 + (step.batch - 1) / max(1, batches), 4)


@dataclass(slots=True)
class Accumulator:
    """Takes events one by one; `history` is that of the events so far."""

    batches: list[BatchEnd] = field(default_factory=list)
    epochs: dict[int, EpochEnd] = field(default_factory=dict)
    rates: list[LearningRateChanged] = field(default_factory=list)
    started: RunStarted | None = None
    ended: RunEnded | None = None
    paused: bool = False
    evaluating: bool = False
    download: Downloading | None = None
    saved: int = 0
    saving: list[float] = field(default_factory=list)
    layers: list[LayersMeasured] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case Loading():
                self.started = self.ended = self.download = None
                self.paused = self.evaluating = False
            case RunStarted():
                self._begin(event)
            case Downloading():
                self.download = event
            case BatchEnd():
                self.batches.append(event)
            case LayersMeasured():
                self.layers.append(event)
            case EpochEnd():
                self.epochs[event.epoch] = event
            case Saved():
                self.saved = event.epoch
                self.saving.append(event.seconds)
            case LearningRateChanged():
                self.rates.append(event)
            case Paused():
                self.paused = True
            case Resumed():
                self.paused = False
            case Evaluating():
                self.evaluating, self.paused = True, False
            case RunEnded():
                self.ended, self.evaluating, self.paused = event, False, False

    def history(self, planned_epochs: int) -> History:
        """The history of the events so far."""
        return History(
            planned_epochs,
            tuple(self.batches),
            tuple(self.epochs[number] for number in sorted(self.epochs)),
            tuple(_real_changes(self.rates)),
            self.started,
            self.ended,
            self.paused,
            self.evaluating,
            self.download,
            self.saved,
            tuple(self.saving),
            tuple(self.layers),
        )

    def _begin(self, event: RunStarted) -> None:
        """Drop what is trained again: nothing beyond `epochs_done` is in the weights."""
        done = self.saved = event.epochs_done
        self.batches = [end for end in self.batches if end.epoch <= done]
        self.layers = [step for step in self.layers if step.epoch <= done]
        self.epochs = {number: end for number, end in self.epochs.items() if number <= done}
        self.rates = [change for change in self.rates if change.epoch <= done]
        self.started, self.ended, self.download = event, None, None
        self.paused = self.evaluating = False


def _real_changes(changes: Iterable[LearningRateChanged]) -> Iterator[LearningRateChanged]:
    """Leave out a rate that was in force already: a resumed run reports it again."""
    rate: float | None = None
    for change in changes:
        if change.learning_rate != rate:
            yield change
        rate = change.learning_rate
