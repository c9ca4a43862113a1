"""The hooks of the callback, driven with written numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose
from play import Play, StubModel

from cnn_core.config import TrainConfig
from cnn_core.progress.events import BatchEnd, Control, EpochEnd, LearningRateChanged
from cnn_core.training.optimizers import one_cycle

NAN = math.nan

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


def test_means_begin_anew_with_each_epoch() -> None:
    play = Play()
    play.epoch(1, losses=[5] * 8)
    play.epoch(2, losses=[1] * 8)
    assert [it.loss for it in play.of(BatchEnd)] == [5] * 8 + [1] * 8
    assert [it.batch for it in play.of(BatchEnd)] == [*range(1, 9)] * 2


# Ending


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run_as_diverged(bad: float) -> None:
    play = Play()
    play.epoch(losses=[1, 1, bad, 1, 1, 1, 1, 1], val_loss=NAN)
    assert [math.isfinite(it.loss) for it in play.of(BatchEnd)] == [True, True, False]
    assert play.callback.reason == "diverged"
    end = play.of(EpochEnd)[0]
    assert (end.complete, end.best) == (False, False)
    assert play.best.epoch == 0
    assert play.best.weights is None


def test_a_loss_that_breaks_in_the_last_batch_ends_the_run_as_diverged() -> None:
    play = Play()
    play.epoch(losses=[1] * 7 + [NAN], val_loss=NAN)
    assert play.callback.reason == "diverged"
    assert play.of(EpochEnd)[0].complete


def test_a_validation_loss_that_is_no_number_ends_the_run_as_diverged() -> None:
    play = Play()
    play.epoch(val_loss=NAN)
    assert play.model.stop_training
    assert play.callback.reason == "diverged"


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_weights_that_are_no_numbers_end_the_run_though_its_loss_is_one(
    bad: float, tmp_path: Path
) -> None:
    play = Play(folder=tmp_path)
    play.model.weight = bad
    play.epoch(losses=[2.3] * 8, val_loss=2.3)
    assert play.callback.reason == "diverged"
    assert not play.of(EpochEnd)[0].best
    assert play.best.weights is None
    assert list(tmp_path.iterdir()) == []


def test_a_stop_ends_the_epoch_on_its_way_and_says_so() -> None:
    play = Play()
    play.epoch(1)
    play.epoch(2, before=lambda batch: play.ask(stop=batch == 3), each_s=0.01, val_loss=0.5)
    assert play.callback.reason == "stopped"
    reports = [it for it in play.of(BatchEnd) if it.epoch == 2]
    assert [it.batch for it in reports] == [3]
    first, second = play.of(EpochEnd)
    assert (first.complete, second.complete) == (True, False)
    assert second.best
    assert (play.best.epoch, second.epoch) == (2, 2)


def test_a_stop_during_validation_leaves_the_epoch_whole() -> None:
    play = Play()
    play.callback.on_epoch_begin(0)
    for batch in range(8):
        play.callback.rates(batch, 1)
        play.callback.on_train_batch_end(batch, {"loss": 1.0, "accuracy": 0.5})
    play.ask(stop=True)
    logs = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
    play.callback.on_epoch_end(0, logs)
    assert play.of(EpochEnd)[0].complete
    assert play.callback.reason == "stopped"


def test_the_first_reason_to_stop_counts() -> None:
    play = Play()
    play.epoch(losses=[NAN] * 8, before=lambda batch: play.ask(stop=True))
    assert play.callback.reason == "diverged"
    play = Play(TrainConfig(batch_size=8, epochs=9, patience=1))
    play.epoch(1, val_loss=1.0)
    play.epoch(2, val_loss=2.0, before=lambda batch: play.ask(stop=batch == 2))
    assert play.callback.reason == "stopped"


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
    assert play.callback.epochs == [end]
    assert play.callback.reason == "finished"


def test_an_interrupted_run_goes_on_with_its_past() -> None:
    past = [EpochEnd(n, 1, 0.5, loss, 0.5, 1e-3, 3.0) for n, loss in ((1, 0.5), (2, 0.4), (3, 0.6))]
    play = Play(TrainConfig(batch_size=8, epochs=9, patience=2), past=past)
    play.epoch(4, val_loss=0.45)
    assert play.callback.reason == "early_stopping"
    assert play.best.epoch == 2
    assert [it.epoch for it in play.callback.epochs] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("accuracy", "stops"), [(0.89, False), (float(np.float32(0.9)), True), (0.95, True)]
)
def test_a_target_ends_the_training(accuracy: float, stops: bool) -> None:
    play = Play(TrainConfig(batch_size=8, epochs=9, target=0.9))
    play.epoch(1, val_loss=0.5, val_accuracy=accuracy)
    assert play.model.stop_training == stops
    assert play.callback.reason == ("target" if stops else "finished")


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
            play = Play(config, images=8, past=play.callback.epochs)
            play.best.weights = weights
        play.model.weight = float(epoch)
        play.epoch(epoch, losses=[1.0], val_loss=loss)
        assert play.model.stop_training == twin.stop_training
        if twin.stop_training:
            assert play.callback.reason == "early_stopping"
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
    assert ending.callback.reason == "finished"


# Learning rate


def test_a_change_of_the_learning_rate_counts_from_the_next_batch_and_is_reported_once() -> None:
    play = Play()
    play.epoch(1)
    play.epoch(2, before=lambda batch: batch == 5 and play.ask(learning_rate=1e-4))
    assert play.rates == [1e-3] * 12 + [1e-4] * 4
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
    assert play.events[0] == LearningRateChanged(1, 1, 0.5)
    assert play.rates == [0.5] * 8
    play.ask(learning_rate=None)
    play.epoch(2)
    assert play.of(LearningRateChanged)[1] == LearningRateChanged(2, 1, 1e-3)


def test_one_cycle_follows_the_steps_and_a_new_rate_is_its_new_peak() -> None:
    config = TrainConfig(batch_size=8, epochs=2, patience=0, schedule="one_cycle")
    play = Play(config)
    play.epoch(1)
    play.epoch(2, before=lambda batch: batch == 1 and play.ask(learning_rate=0.1))
    expected = [one_cycle(step, 16, 1e-3 if step < 8 else 0.1) for step in range(16)]
    assert play.rates == expected
    assert [it.learning_rate for it in play.of(BatchEnd)] == expected
    assert play.of(LearningRateChanged) == [LearningRateChanged(2, 1, 0.1)]


@given(some.integers(0, 15), some.integers(1, 16), some.sampled_from(["constant", "one_cycle"]))
def test_rates_of_many_batches_are_those_of_each(first: int, count: int, schedule: str) -> None:
    config = TrainConfig(batch_size=8, epochs=2, patience=0, schedule=schedule)
    together, alone = Play(config), Play(config)
    count = min(count, 16 - first)
    expected = [rate for batch in range(count) for rate in alone.callback.rates(first + batch, 1)]
    assert together.callback.rates(first, count) == expected


def test_while_paused_batches_are_trained_one_by_one() -> None:
    play = Play(control=Control(paused=True))
    assert len(play.callback.rates(0, 8)) == 1
    play.ask(paused=False)
    assert len(play.callback.rates(1, 7)) == 7


# Files of an epoch


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be written, in its order."""
    files: list[str] = []
    monkeypatch.setattr(
        "cnn_core.training.checkpoints.models.save",
        lambda model, path, optimizer=False: files.append(path.name + "+state" * optimizer),
    )
    monkeypatch.setattr(
        "cnn_core.training.checkpoints.save_snapshot",
        lambda model, folder, epoch: files.append(f"{epoch}.npz"),
    )
    return files


def test_an_epoch_is_said_then_saved_the_best_weights_last(
    saved: list[str], tmp_path: Path
) -> None:
    play = Play(folder=tmp_path)
    play.callback._emit = lambda event: isinstance(event, EpochEnd) and saved.append("said")
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
