"""Training: the conductor's hooks driven with written numbers, then small real networks on real digits."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, log_loss

from cnn_core import datasets, training
from cnn_core import model as models
from cnn_core.config import OPTIMIZERS, ConvBlock, ModelConfig, TrainConfig
from cnn_core.errors import ConfigError, RunError, ShapeError
from cnn_core.events import (
    BatchEnd,
    Control,
    EpochEnd,
    Evaluating,
    Event,
    LearningRateChanged,
    Paused,
    Resumed,
    RunEnded,
    RunStarted,
)
from cnn_core.training import (
    BatchMeter,
    BestWeights,
    Conductor,
    Result,
    image_order,
    one_cycle,
    optimizer,
    resolve_precision,
    train,
)

NAN = math.nan


class StubOptimizer:
    """Remembers every learning rate it was given."""

    def __init__(self) -> None:
        object.__setattr__(self, "rates", [])

    def __setattr__(self, name: str, value: float) -> None:
        assert name == "learning_rate"
        self.rates.append(value)


class StubModel:
    """What the conductor touches of a model; its weights are a number that tests set."""

    def __init__(self) -> None:
        self.optimizer = StubOptimizer()
        self.stop_training = False
        self.weight = 0.0

    def get_weights(self) -> list[np.ndarray]:
        return [np.array(self.weight)]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weight = float(weights[0])


class Play:
    """Plays Keras' fit: calls the hooks in its order, with written losses and a clock of its own."""

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
        self.said: list[Event] = []
        self.model = StubModel()
        self.best = BestWeights(past)
        self.conductor = Conductor(
            self.config,
            images,
            self.said.append,
            lambda: self.control,
            self.best,
            folder,
            clock=lambda: self.now,
        )
        self.conductor.set_model(self.model)

    def epoch(
        self,
        number: int = 1,
        losses: Sequence[float] = (1.0,) * 8,
        val_loss: float = 1.0,
        each_s: float = 0.2,
        before: Callable[[int], None] = lambda batch: None,
    ) -> None:
        """Go through one epoch, counted from 1; `before` is called ahead of each batch, from 1."""
        sizes = [self.config.batch_size] * len(losses)
        if len(losses) == math.ceil(self.images / self.config.batch_size):
            sizes[-1] = self.images - sum(sizes[:-1])
        self.conductor.on_epoch_begin(number - 1)
        done = 0
        for batch, _ in enumerate(losses):
            before(batch + 1)
            self.conductor.on_train_batch_begin(batch)
            self.now += each_s
            done = batch + 1
            mean = float(np.average(losses[:done], weights=sizes[:done]))
            self.conductor.on_train_batch_end(batch, {"loss": mean, "accuracy": mean / 10})
            if self.model.stop_training:
                break
        mean = float(np.average(losses[:done], weights=sizes[:done]))
        logs = {"loss": mean, "accuracy": 0.5, "val_loss": val_loss, "val_accuracy": 0.25}
        self.conductor.on_epoch_end(number - 1, logs)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.said if isinstance(event, kind)]

    def ask(self, **wanted: Any) -> None:
        self.control = replace(self.control, **wanted)


class Waits:
    """Stands for time.sleep while the run waits: each call lasts 10 s and does the next deed."""

    def __init__(self, play: Play, *deeds: dict[str, Any]) -> None:
        self.play, self.deeds = play, list(deeds)

    def __call__(self, seconds: float) -> None:
        assert 0 < seconds < 0.1
        self.play.now += 10
        assert self.deeds, "the run waits longer than it was asked to"
        self.play.ask(**self.deeds.pop(0))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Waits]:
    def plan(play: Play, *deeds: dict[str, Any]) -> Waits:
        plan = Waits(play, *deeds)
        monkeypatch.setattr("cnn_core.training.time.sleep", plan)
        return plan

    return plan


# Reports


def test_a_report_holds_the_mean_of_the_batches_since_the_last_one() -> None:
    play = Play()
    play.epoch(losses=[8, 6, 4, 2, 2, 4, 6, 8], each_s=0.0625)
    reports = play.of(BatchEnd)
    assert [it.batch for it in reports] == [2, 4, 6, 8]
    assert_allclose([it.loss for it in reports], [7, 3, 3, 7])
    assert_allclose([it.accuracy for it in reports], [0.7, 0.3, 0.3, 0.7])
    assert_allclose([it.images_per_s for it in reports], [128] * 4)
    assert {(it.epoch, it.batches, it.learning_rate) for it in reports} == {(1, 8, 1e-3)}


def test_a_smaller_last_batch_counts_for_its_images() -> None:
    play = Play(images=17)
    play.epoch(losses=[1, 2, 9], each_s=0.2)
    reports = play.of(BatchEnd)
    assert_allclose([it.loss for it in reports], [1, 2, 9])
    assert_allclose([it.images_per_s for it in reports], [40, 40, 5])


@given(
    some.lists(some.floats(0.001, 0.4), min_size=1, max_size=40),
    some.integers(1, 8),
    some.randoms(use_true_random=False),
)
def test_reports_come_ten_times_a_second_at_most_and_leave_no_batch_out(
    seconds: list[float], last_size: int, random: Any
) -> None:
    losses = [random.uniform(0, 10) for _ in seconds]
    play = Play(images=8 * (len(seconds) - 1) + last_size)
    times: dict[int, float] = {}

    def before(batch: int) -> None:
        times[batch - 1] = play.now
        play.now += seconds[batch - 1]

    play.epoch(losses=losses, each_s=0.0, before=before)
    times[len(seconds)] = play.now
    reports = play.of(BatchEnd)
    assert reports[-1].batch == len(seconds)
    at = [times[0], *(times[it.batch] for it in reports)]
    gaps = np.diff(at)
    assert (gaps[:-1] >= 0.1).all()
    images = [min(8 * it.batch, play.images) for it in reports]
    fresh = np.diff([0, *images])
    whole = play.of(EpochEnd)[0].loss
    assert math.isclose(np.average([it.loss for it in reports], weights=fresh), whole)


@given(
    some.integers(1, 30),
    some.integers(1, 500),
    some.lists(some.booleans(), min_size=500, max_size=500),
    some.integers(0, 2**32 - 1),
)
def test_window_means_recombine_to_the_epoch_mean(
    batch_size: int, images: int, reads: list[bool], seed: int
) -> None:
    values = np.random.default_rng(seed).uniform(0, 5, images)
    meter = BatchMeter(images, batch_size)
    meter.begin(3.0)
    parts = []
    batches = math.ceil(images / batch_size)
    for batch in range(1, batches + 1):
        seen = values[: batch * batch_size]
        meter.count(batch, {"loss": seen.mean(), "accuracy": (seen > 2).mean()})
        if reads[batch % len(reads)] or batch == batches:
            parts.append((len(seen), meter.read(3.0 + batch)))
            assert meter.read(4.0 + batch) is None
    weights = np.diff([0, *(count for count, _ in parts)])
    for name, whole in (("loss", values.mean()), ("accuracy", (values > 2).mean())):
        assert math.isclose(
            np.average([part[name] for _, part in parts if part], weights=weights),
            whole,
            rel_tol=1e-9,
            abs_tol=1e-9,
        )
    assert all(0 <= part["accuracy"] <= 1 for _, part in parts if part)


def test_means_begin_anew_with_each_epoch() -> None:
    play = Play()
    play.epoch(1, losses=[5] * 8)
    play.epoch(2, losses=[1] * 8)
    assert [it.loss for it in play.of(BatchEnd)] == [5] * 8 + [1] * 8
    assert [it.batch for it in play.of(BatchEnd)] == [*range(1, 9)] * 2


def test_a_rounding_error_of_keras_makes_no_impossible_figure() -> None:
    meter = BatchMeter(16, 8)
    meter.count(1, {"loss": 1e-8, "accuracy": 1.0})
    meter.read(1.0)
    meter.count(2, {"loss": 0.0, "accuracy": 1.0000001})
    assert meter.read(2.0) == {"loss": 0.0, "accuracy": 1.0, "images_per_s": 8.0}


def test_images_are_shuffled_before_each_epoch_counted_from_zero() -> None:
    play, epochs = Play(), []
    play.conductor.shuffle = epochs.append
    play.epoch(1)
    play.epoch(2)
    assert epochs == [0, 1]


# Ending


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run_as_diverged(bad: float) -> None:
    play = Play()
    play.epoch(losses=[1, 1, bad, 1, 1, 1, 1, 1], val_loss=NAN)
    assert [math.isfinite(it.loss) for it in play.of(BatchEnd)] == [True, True, False]
    assert play.conductor.reason == "diverged"
    end = play.of(EpochEnd)[0]
    assert (end.complete, end.best) == (False, False)
    assert play.best.epoch == 0
    assert play.best.weights is None


def test_a_loss_that_breaks_in_the_last_batch_ends_the_run_as_diverged() -> None:
    play = Play()
    play.epoch(losses=[1] * 7 + [NAN], val_loss=NAN)
    assert play.conductor.reason == "diverged"
    assert play.of(EpochEnd)[0].complete


def test_a_validation_loss_that_is_no_number_ends_the_run_as_diverged() -> None:
    play = Play()
    play.epoch(val_loss=NAN)
    assert play.model.stop_training
    assert play.conductor.reason == "diverged"


def test_a_stop_ends_the_epoch_on_its_way_and_says_so() -> None:
    play = Play()
    play.epoch(1)
    play.epoch(2, before=lambda batch: play.ask(stop=batch == 3), each_s=0.01, val_loss=0.5)
    assert play.conductor.reason == "stopped"
    reports = [it for it in play.of(BatchEnd) if it.epoch == 2]
    assert [it.batch for it in reports] == [3]
    first, second = play.of(EpochEnd)
    assert (first.complete, second.complete) == (True, False)
    assert second.best
    assert (play.best.epoch, second.epoch) == (2, 2)


def test_a_stop_during_validation_leaves_the_epoch_whole() -> None:
    play = Play()
    play.conductor.on_epoch_begin(0)
    for batch in range(8):
        play.conductor.on_train_batch_begin(batch)
        play.conductor.on_train_batch_end(batch, {"loss": 1.0, "accuracy": 0.5})
    play.ask(stop=True)
    logs = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
    play.conductor.on_epoch_end(0, logs)
    assert play.of(EpochEnd)[0].complete
    assert play.conductor.reason == "stopped"


def test_the_first_reason_to_stop_counts() -> None:
    play = Play()
    play.epoch(losses=[NAN] * 8, before=lambda batch: play.ask(stop=True))
    assert play.conductor.reason == "diverged"
    play = Play(TrainConfig(batch_size=8, epochs=9, patience=1))
    play.epoch(1, val_loss=1.0)
    play.epoch(2, val_loss=2.0, before=lambda batch: play.ask(stop=batch == 2))
    assert play.conductor.reason == "stopped"


def test_the_lowest_validation_loss_so_far_is_best() -> None:
    play = Play()
    for epoch, loss in enumerate([0.9, 0.8, 0.8, 0.85, 0.7], start=1):
        play.model.weight = float(epoch)
        play.epoch(epoch, val_loss=loss)
    assert [it.best for it in play.of(EpochEnd)] == [True, True, False, False, True]
    assert play.best.epoch == 5
    assert play.best.weights == [5.0]


def test_an_epoch_carries_its_figures_its_rate_and_its_time() -> None:
    play = Play()
    play.epoch(1, losses=[2] * 8, val_loss=0.75, each_s=0.5)
    end = play.of(EpochEnd)[0]
    assert replace(end, time=0) == EpochEnd(1, 2.0, 0.5, 0.75, 0.25, 1e-3, 4.0, best=True)
    assert end.time > 1.7e9
    assert play.conductor.epochs == [end]
    assert play.conductor.reason == "finished"


def test_an_interrupted_run_goes_on_with_its_past() -> None:
    past = [EpochEnd(n, 1, 0.5, loss, 0.5, 1e-3, 3.0) for n, loss in ((1, 0.5), (2, 0.4), (3, 0.6))]
    play = Play(TrainConfig(batch_size=8, epochs=9, patience=2), past=past)
    play.epoch(4, val_loss=0.45)
    assert play.conductor.reason == "early_stopping"
    assert play.best.epoch == 2
    assert [it.epoch for it in play.conductor.epochs] == [1, 2, 3, 4]


@given(
    # Eighths, because Keras compares in float32.
    some.lists(some.integers(0, 24).map(lambda n: n / 8), min_size=1, max_size=12),
    some.integers(1, 4),
    some.integers(0, 11),
)
def test_early_stopping_is_that_of_keras(losses: list[float], patience: int, cut: int) -> None:
    theirs = keras.callbacks.EarlyStopping(
        "val_loss", patience=patience, mode="min", restore_best_weights=True
    )
    twin = StubModel()
    theirs.set_model(twin)
    theirs.on_train_begin()
    config = TrainConfig(batch_size=8, epochs=50, patience=patience)
    play = Play(config, images=8)
    for epoch, loss in enumerate(losses, start=1):
        twin.weight = float(epoch)
        theirs.on_epoch_end(epoch - 1, {"val_loss": loss})
        if epoch == cut:  # as after an interruption: nothing is left but what was said
            weights = play.best.weights
            play = Play(config, images=8, past=play.conductor.epochs)
            play.best.weights = weights
        play.model.weight = float(epoch)
        play.epoch(epoch, losses=[1.0], val_loss=loss)
        assert play.model.stop_training == twin.stop_training
        if twin.stop_training:
            assert play.conductor.reason == "early_stopping"
            break
    theirs.on_train_end()
    assert play.best.weights == [twin.weight]
    assert play.best.epoch == theirs.best_epoch + 1


def test_patience_zero_never_stops_and_the_last_epoch_is_no_early_stop() -> None:
    endless = Play(TrainConfig(batch_size=8, epochs=9, patience=0))
    for epoch in range(1, 9):
        endless.epoch(epoch, val_loss=float(epoch))
    assert not endless.model.stop_training
    ending = Play(TrainConfig(batch_size=8, epochs=2, patience=1))
    ending.epoch(1, val_loss=1.0)
    ending.epoch(2, val_loss=2.0)
    assert ending.conductor.reason == "finished"


# Pause and steps


def test_a_pause_waits_and_its_time_does_not_count(waits: Callable[..., Waits]) -> None:
    play = Play()
    plan = waits(play, {}, {}, {"paused": False})
    play.epoch(each_s=0.5, before=lambda batch: play.ask(paused=batch == 3))
    assert plan.deeds == []
    assert play.now == 100 + 30 + 4
    kinds = [type(it) for it in play.said if not isinstance(it, EpochEnd)]
    assert kinds == [BatchEnd] * 3 + [Paused, Resumed] + [BatchEnd] * 5
    assert [*play.of(Paused), *play.of(Resumed)] == [Paused(1, 3), Resumed(1, 3)]
    assert_allclose([it.images_per_s for it in play.of(BatchEnd)], [16] * 8)
    assert play.of(EpochEnd)[0].seconds == 4.0


def test_a_pause_is_reported_at_once(waits: Callable[..., Waits]) -> None:
    play = Play()
    waits(play, {"paused": False})
    play.epoch(each_s=0.001, before=lambda batch: play.ask(paused=batch == 3))
    assert [it.batch for it in play.of(BatchEnd)] == [3, 8]


def test_a_step_lets_exactly_one_batch_through_and_reports_it(waits: Callable[..., Waits]) -> None:
    play = Play()
    plan = waits(play, {}, {"steps": 1}, {}, {}, {"steps": 2}, {"paused": False})
    play.epoch(each_s=0.001, before=lambda batch: batch == 2 and play.ask(paused=True))
    assert plan.deeds == []
    assert play.of(Paused) == [Paused(1, 2), Paused(1, 3), Paused(1, 4)]
    assert play.of(Resumed) == [Resumed(1, 4)]
    assert [it.batch for it in play.of(BatchEnd)] == [2, 3, 4, 8]


def test_a_running_run_that_is_asked_for_a_step_pauses_and_makes_it(
    waits: Callable[..., Waits],
) -> None:
    play = Play()
    waits(play, {"paused": False})
    play.epoch(before=lambda batch: batch == 2 and play.ask(paused=True, steps=1))
    assert play.of(Paused) == [Paused(1, 2), Paused(1, 3)]


def test_several_steps_asked_at_once_are_all_made(waits: Callable[..., Waits]) -> None:
    play = Play()
    waits(play, {"steps": 3}, {"paused": False})
    play.epoch(before=lambda batch: batch == 1 and play.ask(paused=True))
    assert [it.batch for it in play.of(Paused)] == [1, 2, 3, 4]


def test_steps_left_over_from_one_pause_are_not_made_in_the_next(
    waits: Callable[..., Waits],
) -> None:
    play = Play()
    waits(play, {"steps": 5}, {}, {"paused": False})
    wanted = {1: {"paused": True}, 3: {"paused": False}, 5: {"paused": True}}
    play.epoch(before=lambda batch: play.ask(**wanted.get(batch, {})))
    assert [it.batch for it in play.of(Paused)] == [1, 2, 5]


def test_steps_asked_before_a_run_began_are_not_owed(waits: Callable[..., Waits]) -> None:
    play = Play(control=Control(paused=True, steps=7))
    waits(play, {}, {"paused": False})
    play.epoch()
    assert [it.batch for it in play.of(Paused)] == [1]


def test_a_paused_run_can_be_stopped(waits: Callable[..., Waits]) -> None:
    play = Play()
    waits(play, {}, {"stop": True})
    play.epoch(before=lambda batch: play.ask(paused=batch == 3))
    assert play.conductor.reason == "stopped"
    assert [type(it) for it in play.said[-3:]] == [Paused, Resumed, EpochEnd]
    assert not play.of(EpochEnd)[0].complete


def test_a_stop_is_not_held_up_by_a_pause() -> None:
    play = Play()
    play.epoch(before=lambda batch: play.ask(paused=True, stop=True))
    assert play.of(Paused) == []
    assert play.conductor.reason == "stopped"


def test_a_diverged_run_does_not_wait_for_anybody() -> None:
    play = Play()
    play.epoch(losses=[NAN] * 8, before=lambda batch: play.ask(paused=True))
    assert play.of(Paused) == []
    assert play.conductor.reason == "diverged"


# Learning rate


def test_the_learning_rate_is_set_once_and_again_only_when_it_changes() -> None:
    play = Play()
    play.epoch(1)
    play.epoch(2, before=lambda batch: batch == 5 and play.ask(learning_rate=1e-4))
    assert play.model.optimizer.rates == [1e-3, 1e-4]
    assert play.of(LearningRateChanged) == [LearningRateChanged(2, 5, 1e-4)]
    reports = [it.learning_rate for it in play.of(BatchEnd) if it.epoch == 2]
    assert reports == [1e-3] * 4 + [1e-4] * 4
    assert [it.learning_rate for it in play.of(EpochEnd)] == [1e-3, 1e-4]


def test_a_learning_rate_that_is_in_force_already_is_no_change() -> None:
    play = Play(control=Control(learning_rate=1e-3))
    play.epoch()
    assert play.of(LearningRateChanged) == []
    play.ask(learning_rate=None)
    play.epoch(2)
    assert play.of(LearningRateChanged) == []


def test_a_learning_rate_asked_before_the_start_is_said_with_the_first_batch() -> None:
    play = Play(control=Control(learning_rate=0.5))
    play.epoch()
    assert play.said[0] == LearningRateChanged(1, 1, 0.5)
    assert play.model.optimizer.rates == [0.5]
    play.ask(learning_rate=None)
    play.epoch(2)
    assert play.of(LearningRateChanged)[1] == LearningRateChanged(2, 1, 1e-3)


def test_one_cycle_follows_the_steps_and_a_new_rate_is_its_new_peak() -> None:
    config = TrainConfig(batch_size=8, epochs=2, patience=0, schedule="one_cycle")
    play = Play(config)
    play.epoch(1)
    play.epoch(2, before=lambda batch: batch == 1 and play.ask(learning_rate=0.1))
    expected = [one_cycle(step, 16, 1e-3 if step < 8 else 0.1) for step in range(16)]
    assert play.model.optimizer.rates == expected
    assert [it.learning_rate for it in play.of(BatchEnd)] == expected
    assert play.of(LearningRateChanged) == [LearningRateChanged(2, 1, 0.1)]


@given(some.integers(1, 5000), some.floats(1e-6, 10))
def test_one_cycle_rises_to_its_peak_once_and_falls_to_nearly_nothing(
    steps: int, peak: float
) -> None:
    rates = np.array([one_cycle(step, steps, peak) for step in range(steps)])
    top = int(rates.argmax())
    assert ((rates > 0) & (rates <= peak)).all()
    assert math.isclose(rates[0], 0.1 * peak)
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) <= 0).all()
    if steps >= 10:
        assert math.isclose(rates[top], peak)
        assert top == round(0.3 * steps)
    if steps >= 100:
        assert rates[-1] <= 0.002 * peak


@given(some.integers(1, 2000), some.integers(0, 2**31 - 1), some.integers(0, 99))
def test_an_image_order_holds_every_image_once_and_follows_from_seed_and_epoch(
    count: int, seed: int, epoch: int
) -> None:
    order = image_order(count, seed, epoch)
    assert_array_equal(np.sort(order), np.arange(count))
    assert_array_equal(order, image_order(count, seed, epoch))
    if count >= 20:
        assert (order != image_order(count, seed, epoch + 1)).any()
        assert (order != image_order(count, seed + 1, epoch)).any()


# Files of an epoch


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be written, in its order."""
    files: list[str] = []
    monkeypatch.setattr(
        "cnn_core.training.models.save",
        lambda model, path, optimizer=False: files.append(path.name + "+state" * optimizer),
    )
    monkeypatch.setattr(
        "cnn_core.training.save_snapshot", lambda model, folder, epoch: files.append(f"{epoch}.npz")
    )
    return files


def test_an_epoch_is_said_then_saved_the_best_weights_last(
    saved: list[str], tmp_path: Path
) -> None:
    play = Play(folder=tmp_path)
    play.conductor._emit = lambda event: isinstance(event, EpochEnd) and saved.append("said")
    play.epoch(1, val_loss=0.5)
    assert saved == ["said", "1.npz", "last.keras+state", "best.keras"]
    del saved[:]
    play.epoch(2, val_loss=0.6)
    assert saved == ["said", "2.npz", "last.keras+state"]


@pytest.mark.parametrize("wrong", [{"losses": [NAN] * 8}, {"val_loss": NAN}])
def test_a_broken_network_is_no_place_to_go_on_from(
    saved: list[str], tmp_path: Path, wrong: dict[str, Any]
) -> None:
    Play(folder=tmp_path).epoch(**wrong)
    assert saved == []


def test_an_epoch_that_was_stopped_on_its_way_is_no_place_to_go_on_from(
    saved: list[str], tmp_path: Path
) -> None:
    play = Play(folder=tmp_path)
    play.epoch(before=lambda batch: play.ask(stop=batch == 3))
    assert saved == []


# Small things


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_has_its_class_and_the_rate(name: str) -> None:
    made = optimizer(TrainConfig(optimizer=name, learning_rate=0.25))
    classes = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}
    assert type(made).__name__ == classes.get(name, "SGD")
    assert float(made.learning_rate) == 0.25
    assert getattr(made, "momentum", 0.0) == (0.9 if name == "momentum" else 0.0)


def test_a_named_precision_is_taken_and_auto_is_one_of_them() -> None:
    assert resolve_precision("float32") == "float32"
    assert resolve_precision("bfloat16") == "bfloat16"
    assert resolve_precision("auto") in {"float32", "bfloat16"}


# Real networks on scikit-learn's digits: 1,149 images of 8x8 pixels

SMALL = ModelConfig(
    blocks=(ConvBlock(4),), dense=(16,), dropout=0.2, input_shape=(8, 8, 1), classes=10
)
PLAIN = TrainConfig(
    "digits", epochs=4, batch_size=64, learning_rate=5e-3, patience=0, precision="float32", seed=7
)
FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy")


@pytest.fixture(scope="module")
def digits() -> datasets.Dataset:
    return datasets.load("digits")


class Killed(BaseException):
    """Stands for the end of the process."""


class Said(list[Event]):
    """What a run said, one kind at a time."""

    def of(self, kind: type) -> list[Any]:
        return [event for event in self if isinstance(event, kind)]

    @property
    def complete(self) -> list[EpochEnd]:
        return [it for it in self.of(EpochEnd) if it.complete]


def figures(epochs: Sequence[EpochEnd]) -> np.ndarray:
    return np.array([[getattr(end, name) for name in FIGURES] for end in epochs])


def conv_weights(folder: Path, epoch: int) -> dict[str, np.ndarray]:
    with np.load(folder / "snapshots" / f"epoch-{epoch:03d}.npz") as arrays:
        return dict(arrays)


def assert_same_run(left: Result, right: Result) -> None:
    assert_allclose(figures(left.epochs), figures(right.epochs), atol=1e-4)
    for mine, other in zip(left.model.get_weights(), right.model.get_weights(), strict=True):
        assert_allclose(mine, other, atol=1e-3)
    for part in ("train", "val", "test"):
        assert_allclose(left.ended.scores[part].loss, right.ended.scores[part].loss, atol=1e-4)
    assert left.ended.reason == right.ended.reason
    assert (left.ended.epochs, left.ended.best_epoch) == (
        right.ended.epochs,
        right.ended.best_epoch,
    )


@pytest.fixture(scope="module")
def whole(digits: datasets.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An uninterrupted run: its result, what it said, its folder."""
    folder, said = tmp_path_factory.mktemp("whole"), Said()
    result = train(SMALL, PLAIN, digits, said.append, folder=folder)
    return result, said, folder


def test_a_run_tells_its_story_in_order(whole: Any, digits: datasets.Dataset) -> None:
    result, said, _ = whole
    assert [type(it) for it in said if not isinstance(it, BatchEnd)] == (
        [RunStarted] + [EpochEnd] * 4 + [Evaluating, RunEnded]
    )
    began = said.of(RunStarted)[0]
    assert replace(began, time=0) == RunStarted(result.model.count_params(), 1149, 18, "float32")
    assert result.epochs == tuple(said.of(EpochEnd))
    assert result.ended == said[-1]
    assert (result.ended.reason, result.ended.epochs) == ("finished", 4)
    assert result.ended.seconds == sum(it.seconds for it in result.epochs)
    for epoch in range(1, 5):
        last = [it for it in said.of(BatchEnd) if it.epoch == epoch][-1]
        assert (last.batch, last.batches) == (18, 18)


def test_training_is_plain_keras_training(whole: Any, digits: datasets.Dataset) -> None:
    result, _, folder = whole
    network = models.build(SMALL, seed=PLAIN.seed)
    network.compile(
        optimizer=keras.optimizers.Adam(PLAIN.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    x_train, x_val = (images.astype("float32") / 255 for images in (digits.x_train, digits.x_val))
    plain = []
    for epoch in range(PLAIN.epochs):
        order = np.random.default_rng((PLAIN.seed, epoch)).permutation(len(x_train))
        history = network.fit(
            x_train[order],
            digits.y_train[order],
            batch_size=PLAIN.batch_size,
            shuffle=False,
            validation_data=(x_val, digits.y_val),
            verbose=0,
        ).history
        plain.append([history[name][0] for name in FIGURES])
        snapshot = conv_weights(folder, epoch + 1)
        kernel, bias = network.get_layer("conv1").get_weights()
        assert_allclose(snapshot["conv1/kernel"], kernel, atol=1e-4)
        assert_allclose(snapshot["conv1/bias"], bias, atol=1e-4)
    assert_allclose(figures(result.epochs), plain, atol=1e-4)


def test_the_reports_of_an_epoch_recombine_to_what_keras_says_of_it(
    digits: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "SECONDS_BETWEEN_BATCHES", 0.0)
    said = Said()
    train(SMALL, replace(PLAIN, epochs=1), digits, said.append)
    reports = said.of(BatchEnd)
    assert [it.batch for it in reports] == list(range(1, 19))
    weights = [64] * 17 + [1149 - 17 * 64]
    for name in ("loss", "accuracy"):
        mean = np.average([getattr(it, name) for it in reports], weights=weights)
        assert math.isclose(mean, getattr(said.of(EpochEnd)[0], name), rel_tol=1e-4)


def test_the_first_snapshot_is_the_untrained_network(whole: Any) -> None:
    _, _, folder = whole
    kernel, bias = models.build(SMALL, seed=PLAIN.seed).get_layer("conv1").get_weights()
    first = conv_weights(folder, 0)
    assert sorted(first) == ["conv1/bias", "conv1/kernel"]
    assert_array_equal(first["conv1/kernel"], kernel)
    assert_array_equal(first["conv1/bias"], bias)
    names = sorted(path.name for path in (folder / "snapshots").iterdir())
    assert names == [f"epoch-00{epoch}.npz" for epoch in range(5)]


def test_the_scores_are_those_of_the_kept_weights(whole: Any, digits: datasets.Dataset) -> None:
    result, _, folder = whole
    assert sorted(path.name for path in folder.iterdir()) == [
        "best.keras",
        "last.keras",
        "snapshots",
    ]
    assert_scores(result, folder, digits)


def assert_scores(result: Result, folder: Path, data: datasets.Dataset) -> None:
    """The scores and samples of a run follow from its best.keras, and fit its best epoch."""
    predict = models.predictor(models.restore(SMALL, folder / "best.keras"))
    for part, score in result.ended.scores.items():
        images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        probabilities = predict(images)
        assert math.isclose(
            score.accuracy, accuracy_score(labels, probabilities.argmax(1)), abs_tol=1e-6
        )
        rows = probabilities / probabilities.sum(1, keepdims=True, dtype=np.float64)
        assert math.isclose(score.loss, log_loss(labels, rows), rel_tol=1e-3)
    assert_allclose(result.ended.samples, predict(data.x_test[:10]), atol=1e-6)
    best = min(result.epochs, key=lambda end: end.val_loss)
    assert result.ended.best_epoch == best.epoch
    assert math.isclose(result.ended.scores["val"].loss, best.val_loss, rel_tol=1e-4)


def test_nothing_is_written_without_a_folder(
    digits: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = train(SMALL, replace(PLAIN, epochs=1), digits)
    assert list(tmp_path.iterdir()) == []
    assert set(result.ended.scores) == {"train", "val", "test"}


def test_images_of_another_shape_are_refused(digits: datasets.Dataset) -> None:
    with pytest.raises(RunError, match="8×8×1, but the network expects 28×28×1") as caught:
        train(replace(SMALL, input_shape=(28, 28, 1)), PLAIN, digits)
    assert "8×8×1" in caught.value.sentence("ko")


def test_too_few_outputs_are_refused(digits: datasets.Dataset) -> None:
    with pytest.raises(RunError, match="10 classes, but the network tells only 7 apart"):
        train(replace(SMALL, classes=7), PLAIN, digits)


def test_a_network_that_shrinks_to_nothing_is_refused(digits: datasets.Dataset) -> None:
    tall = replace(SMALL, blocks=(ConvBlock(4),) * 4)
    with pytest.raises(ShapeError, match="8 → 4 → 2 → 1 → 0"):
        train(tall, PLAIN, digits)


def test_fewer_images_than_classes_are_refused(digits: datasets.Dataset) -> None:
    few = replace(digits, class_names=tuple(map(str, range(12))))
    with pytest.raises(ConfigError, match="train_size"):
        train(replace(SMALL, classes=12), replace(PLAIN, train_size=10), few)


@pytest.mark.slow
def test_a_part_of_the_images_is_trained_and_scored(
    digits: datasets.Dataset, tmp_path: Path
) -> None:
    said = Said()
    config = replace(PLAIN, train_size=100, epochs=2)
    result = train(SMALL, config, digits, said.append, folder=tmp_path)
    began = said.of(RunStarted)[0]
    assert (began.images, began.batches) == (100, 2)
    part = datasets.subset(digits, 100)
    assert_scores(result, tmp_path, part)


@pytest.mark.slow
def test_many_trainings_in_one_process_leave_no_graphs_behind(digits: datasets.Dataset) -> None:
    def graphs() -> int:
        with training.forgetting_graphs():
            train(SMALL, replace(PLAIN, epochs=1, train_size=64), digits)
        gc.collect()
        return sum(type(it).__name__ == "FuncGraph" for it in gc.get_objects())

    first = graphs()
    assert graphs() <= first


@pytest.mark.slow
def test_a_batch_larger_than_the_set_is_one_batch(digits: datasets.Dataset) -> None:
    said = Said()
    train(SMALL, replace(PLAIN, batch_size=4096, epochs=1), digits, said.append)
    assert [(it.batch, it.batches) for it in said.of(BatchEnd)] == [(1, 1)]


# Interruptions


def interrupt(
    point: str, folder: Path, digits: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> Said:
    """Train until `point` of epoch 3, then die; what was said until then."""
    said = Said()

    def emit(event: Event) -> None:
        if (
            point == "batch"
            and isinstance(event, BatchEnd)
            and (event.epoch, event.batch) == (3, 9)
        ):
            raise Killed
        if point == "before the word" and isinstance(event, EpochEnd) and event.epoch == 3:
            raise Killed
        said.append(event)
        if point == "testing" and isinstance(event, Evaluating):
            raise Killed
        if point == "last word" and isinstance(event, RunEnded):
            raise Killed

    def dying(real: Callable[..., None], *files: str) -> Callable[..., None]:
        def save(model: Any, where: Path, *args: Any, **kwargs: Any) -> None:
            third = len(said.of(EpochEnd)) == 3
            name = where.name if where.suffix else "snapshot"
            if third and point in {f"before {name}", f"in {name}"}:
                if point == f"in {name}":
                    where.with_name(f".{where.stem}.1-1.keras").write_bytes(b"half")
                raise Killed
            real(model, where, *args, **kwargs)

        return save

    with monkeypatch.context() as patch:
        patch.setattr(training, "SECONDS_BETWEEN_BATCHES", 0.0)
        patch.setattr("cnn_core.training.models.save", dying(models.save))
        patch.setattr("cnn_core.training.save_snapshot", dying(training.save_snapshot))
        with pytest.raises(Killed):
            train(SMALL, PLAIN, digits, emit, folder=folder)
    return said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("batch", 2),
        ("before the word", 2),
        ("before snapshot", 2),
        ("in last.keras", 2),
        ("before best.keras", 3),
        ("in best.keras", 3),
        ("testing", 4),
        ("last word", 4),
    ],
)
def test_an_interrupted_run_that_goes_on_equals_an_uninterrupted_one(
    point: str,
    done: int,
    whole: Any,
    digits: datasets.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = interrupt(point, tmp_path, digits, monkeypatch)
    said = Said()
    result = train(SMALL, PLAIN, digits, said.append, folder=tmp_path, past=before.complete)
    assert said.of(RunStarted)[0].epochs_done == done
    assert [it.epoch for it in said.of(EpochEnd)] == list(range(done + 1, 5))
    assert_same_run(result, whole[0])
    assert_scores(result, tmp_path, digits)
    for epoch in range(5):
        for name, array in conv_weights(whole[2], epoch).items():
            assert_allclose(conv_weights(tmp_path, epoch)[name], array, atol=1e-4)
    left = {path.name for path in tmp_path.rglob("*")}
    assert not any(name.startswith(".") or name.endswith(".tmp") for name in left)


def damage_last(folder: Path) -> None:
    path = folder / "last.keras"
    path.write_bytes(path.read_bytes()[:-200])


def lose_last(folder: Path) -> None:
    (folder / "last.keras").unlink()


def swap_last(folder: Path) -> None:
    other = models.build(replace(SMALL, dense=(17,)))
    other.compile("adam", "sparse_categorical_crossentropy")
    models.save(other, folder / "last.keras", optimizer=True)


def lose_state(folder: Path) -> None:
    models.save(models.load(folder / "last.keras"), folder / "last.keras")


def damage_best(folder: Path) -> None:
    """Only the second epoch is in last.keras; that the first one was better is forged."""
    (folder / "best.keras").write_bytes(b"nothing")


@pytest.mark.slow
@pytest.mark.parametrize("mischief", [damage_last, lose_last, swap_last, lose_state, damage_best])
def test_a_run_whose_files_are_damaged_begins_again(
    mischief: Callable[[Path], None],
    whole: Any,
    digits: datasets.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    past = interrupt("batch", tmp_path, digits, monkeypatch).complete
    past = [replace(past[0], val_loss=0.0), past[1]] if mischief is damage_best else past
    mischief(tmp_path)
    said = Said()
    result = train(SMALL, PLAIN, digits, said.append, folder=tmp_path, past=past)
    assert said.of(RunStarted)[0].epochs_done == 0
    assert_same_run(result, whole[0])


@pytest.mark.slow
@pytest.mark.parametrize("past", [(), "gap"])
def test_a_checkpoint_that_nothing_was_said_of_is_not_gone_on_from(
    past: Any,
    digits: datasets.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = interrupt("batch", tmp_path, digits, monkeypatch).complete
    said = Said()
    past = before[1:] if past == "gap" else ()
    few = replace(PLAIN, epochs=1)
    train(SMALL, few, digits, said.append, folder=tmp_path, past=past)
    assert said.of(RunStarted)[0].epochs_done == 0
    names = sorted(path.name for path in (tmp_path / "snapshots").iterdir())
    assert names == ["epoch-000.npz", "epoch-001.npz"]


@pytest.mark.slow
def test_a_run_that_starts_over_leaves_no_old_weights_behind(
    digits: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt("batch", tmp_path, digits, monkeypatch)
    stopped = train(SMALL, PLAIN, digits, control=lambda: Control(stop=True), folder=tmp_path)
    assert (stopped.ended.reason, stopped.ended.best_epoch) == ("stopped", 0)
    assert stopped.ended.scores == {}
    assert [path.name for path in tmp_path.iterdir()] == ["snapshots"]


@pytest.mark.slow
def test_a_stop_asked_while_nobody_trained_keeps_what_there_is(
    whole: Any, digits: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = interrupt("batch", tmp_path, digits, monkeypatch).complete
    result = train(
        SMALL,
        PLAIN,
        digits,
        control=lambda: Control(stop=True),
        folder=tmp_path,
        past=past,
    )
    assert (result.ended.reason, result.ended.epochs) == ("stopped", 2)
    assert_scores(result, tmp_path, digits)


# Ends


@pytest.mark.slow
def test_early_stopping_keeps_the_best_weights(digits: datasets.Dataset, tmp_path: Path) -> None:
    config = replace(PLAIN, epochs=30, learning_rate=0.05, patience=2, train_size=150)
    said = Said()
    result = train(SMALL, config, digits, said.append, folder=tmp_path)
    assert result.ended.reason == "early_stopping"
    assert result.ended.epochs == result.ended.best_epoch + 2 < 30
    assert_scores(result, tmp_path, datasets.subset(digits, 150))
    again = Said()
    train(SMALL, config, digits, again.append, folder=tmp_path, past=said.complete)
    assert again.of(EpochEnd) == []
    assert again.of(RunEnded)[0].reason == "early_stopping"
    assert again.of(RunEnded)[0].best_epoch == result.ended.best_epoch


@pytest.mark.slow
def test_a_stop_in_the_first_epoch_keeps_its_weights(
    digits: datasets.Dataset, tmp_path: Path
) -> None:
    said, asked = Said(), 0

    def control() -> Control:
        nonlocal asked
        asked += 1
        return Control(stop=asked > 12)

    result = train(SMALL, PLAIN, digits, said.append, control, folder=tmp_path)
    assert (result.ended.reason, result.ended.epochs) == ("stopped", 1)
    assert 0 < said.of(BatchEnd)[-1].batch < 18
    assert not result.epochs[0].complete
    assert_scores(result, tmp_path, digits)
    assert not (tmp_path / "last.keras").exists()


@pytest.mark.slow
def test_an_absurd_learning_rate_ends_as_diverged(digits: datasets.Dataset, tmp_path: Path) -> None:
    wild = replace(SMALL, blocks=(ConvBlock(16, activation="linear"),) * 2, dense=(64, 64, 64))
    config = replace(PLAIN, optimizer="sgd", learning_rate=10.0)
    said = Said()
    result = train(wild, config, digits, said.append, folder=tmp_path)
    assert result.ended.reason == "diverged"
    assert math.isnan(result.epochs[-1].loss)
    assert said[-1] == result.ended
    assert not (tmp_path / "last.keras").exists()
    if result.ended.best_epoch == 0:
        assert result.ended.scores == {}
        assert result.ended.samples == []


@pytest.mark.slow
def test_a_run_in_bfloat16_learns_and_is_kept_for_float32(
    whole: Any, digits: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Said()
    config = replace(PLAIN, precision="bfloat16")
    result = train(SMALL, config, digits, said.append, folder=tmp_path)
    assert said.of(RunStarted)[0].precision == "bfloat16"
    assert result.model.layers[0].compute_dtype == "bfloat16"
    assert_allclose(figures(result.epochs), figures(whole[0].epochs), atol=0.1)
    restored = models.restore(SMALL, tmp_path / "best.keras")
    assert restored.layers[0].compute_dtype == "float32"
    probabilities = models.predictor(restored)(digits.x_test)
    accuracy = accuracy_score(digits.y_test, probabilities.argmax(1))
    assert math.isclose(result.ended.scores["test"].accuracy, accuracy, abs_tol=0.02)
    # A machine without it, where "auto" would be float32, goes on as the run began.
    monkeypatch.setattr(training, "resolve_precision", lambda precision: "float32")
    again = Said()
    more = replace(config, epochs=5, precision="auto")
    train(SMALL, more, digits, again.append, folder=tmp_path, past=said.complete)
    began = again.of(RunStarted)[0]
    assert (began.precision, began.epochs_done) == ("bfloat16", 4)
