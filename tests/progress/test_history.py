"""A history built from the events of a run."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_core.progress.events import (
    BatchEnd,
    Downloading,
    EpochEnd,
    Evaluating,
    Event,
    LayerFigures,
    LayersMeasured,
    LearningRateChanged,
    Loading,
    Paused,
    Resumed,
    RunEnded,
    RunStarted,
    Saved,
)
from cnn_core.progress.history import History, epoch_position, measured_at

START = RunStarted(params=333_526, images=1_000, batches=10, precision="float32")


def batch(epoch: int, number: int, loss: float = 0.5, speed: float = 100.0) -> BatchEnd:
    return BatchEnd(epoch, number, 10, loss, 0.8, 1e-3, speed)


def end(
    epoch: int, val_loss: float = 0.5, seconds: float = 10.0, complete: bool = True
) -> EpochEnd:
    return EpochEnd(epoch, 0.4, 0.9, val_loss, 0.85, 1e-3, seconds, complete=complete)


def told(*events: Event, planned: int = 5) -> History:
    return History.from_events(events, planned)


def test_a_run_that_said_nothing_is_an_empty_history():
    history = told()
    assert history == History(planned_epochs=5)
    assert (history.fraction, history.epoch, history.batch, history.best) == (0.0, 0, 0, None)
    assert (history.images_per_s, history.epoch_seconds, history.seconds_left) == (None, None, None)


def test_the_last_said_end_of_an_epoch_counts():
    history = told(START, end(1, 0.9), end(2, 0.7), end(1, 0.8))
    assert [(e.epoch, e.val_loss) for e in history.epochs] == [(1, 0.8), (2, 0.7)]


def test_what_is_trained_again_after_an_interruption_stands_there_once():
    again = replace(START, epochs_done=1)
    change = LearningRateChanged(2, 3, 1e-4)
    before = [START, batch(1, 5), batch(1, 10), end(1), batch(2, 5), change, end(2, complete=False)]
    history = told(*before, again, batch(2, 2), batch(2, 4))
    assert [(b.epoch, b.batch) for b in history.batches] == [(1, 5), (1, 10), (2, 2), (2, 4)]
    assert [e.epoch for e in history.epochs] == [1]
    assert history.learning_rates == ()
    assert history.started == again


def test_layers_that_are_measured_again_after_an_interruption_stand_there_once():
    figures = {"output": LayerFigures(1.0, 1e-3, 0.0, 0.0)}
    steps = [LayersMeasured(epoch, 6, 0.01, figures) for epoch in (1, 2)]
    history = told(START, steps[0], end(1), steps[1], replace(START, epochs_done=1))
    assert history.layers == (steps[0],)
    assert told(START, end(1)).layers == (), "a run of an older version"
    assert measured_at(steps[0], history) == 0.5, "of the weights before the sixth of ten batches"


def test_an_epoch_that_ended_but_was_not_saved_is_trained_again_too():
    history = told(START, end(1), end(2), replace(START, epochs_done=1))
    assert (history.epochs_done, history.epoch, history.position) == (1, 2, 1.0)


def test_a_resumed_run_has_not_ended():
    history = told(START, end(1), RunEnded("stopped", 1, 1, 9.0), replace(START, epochs_done=1))
    assert history.ended is None
    assert history.fraction == pytest.approx(0.2)


def test_a_learning_rate_that_was_in_force_already_is_no_change():
    said = [LearningRateChanged(1, 4, 1e-4), LearningRateChanged(2, 1, 1e-4)]
    history = told(START, *said, LearningRateChanged(2, 5, 1e-5))
    assert [change.learning_rate for change in history.learning_rates] == [1e-4, 1e-5]


def test_paused_and_resumed():
    assert told(START, Paused(1, 3)).paused
    assert not told(START, Paused(1, 3), Resumed(1, 3)).paused
    assert not told(START, Paused(1, 3), RunEnded("stopped", 1, 0, 1.0)).paused
    assert not told(START, Paused(1, 3), START).paused
    assert not told(START, Paused(1, 3), Loading()).paused


def test_a_run_that_is_taken_up_again_loads_and_keeps_its_epochs():
    before = (START, end(1), Evaluating(), RunEnded("stopped", 1, 1, 1.0))
    again = told(*before, Loading())
    assert (again.started, again.ended, again.evaluating) == (None, None, False)
    assert again.epochs == told(*before).epochs


def test_a_download_is_over_when_training_begins():
    assert told(Downloading(1, 9), Downloading(5, 9)).download == Downloading(5, 9)
    assert told(Downloading(5, 9), START).download is None


def test_evaluating_ends_with_the_run():
    assert told(START, end(5), Evaluating()).evaluating
    assert not told(START, end(5), Evaluating(), RunEnded("finished", 5, 5, 50.0)).evaluating


def test_best_is_the_earliest_of_the_lowest_finite_losses():
    history = told(START, end(1, math.nan), end(2, 0.4), end(3, 0.4), end(4, 0.6))
    assert history.best is not None
    assert history.best.epoch == 2
    assert told(START, end(1, math.nan)).best is None


def test_progress_inside_an_epoch():
    history = told(START, end(1, seconds=20), end(2, seconds=10), end(3, seconds=90), batch(4, 5))
    assert (history.epoch, history.batch, history.position) == (4, 5, 3.5)
    assert history.fraction == pytest.approx(0.7)
    assert history.epoch_seconds == 50, "the first one holds what only the start costs"
    assert history.seconds_left == pytest.approx(50 * 1.5)


def test_few_images_for_training_and_many_for_validation_take_the_time_of_both():
    speed = [batch(1, 5, speed=100.0), batch(1, 10, speed=100.0)]
    few = told(replace(START, images=100, validation=2_000), *speed)
    assert few.epoch_seconds == pytest.approx((100 + 2_000 / 3) / 100)
    usual = told(replace(START, validation=250), *speed)
    assert usual.epoch_seconds == told(START, *speed).epoch_seconds, "a run that does not say"


def test_the_time_left_includes_writing_the_files_of_each_epoch():
    said = [START, end(1, seconds=20), Saved(1, 3.0), end(2, seconds=10), Saved(2, 2.0)]
    assert told(*said).seconds_left == pytest.approx(3 * 10 + 3 * 2.5)
    assert told(*said, batch(3, 5)).seconds_left == pytest.approx(2.5 * 10 + 3 * 2.5)


def test_what_a_run_took_beside_its_epochs():
    ends = [replace(end(n, seconds=s), time=100.0 + n) for n, s in ((1, 9.0), (2, 2.0), (3, 2.0))]
    over = RunEnded("finished", 3, 3, 13.0, time=105.0)
    assert told(START, *ends, over).extra_seconds == pytest.approx((13 - 3 * 2) + 2)
    assert told(START, *ends).extra_seconds == 0.0
    assert told(START, over).extra_seconds == 0.0


def test_while_an_epoch_is_validated_it_is_still_the_present_one():
    history = told(START, end(1), batch(2, 10))
    assert (history.epoch, history.batch, history.position) == (2, 10, 2.0)


def test_between_two_epochs_the_next_one_is_the_present_one():
    history = told(START, batch(1, 10), end(1))
    assert (history.epoch, history.batch) == (2, 0)


def test_before_the_first_epoch_ends_the_speed_tells_the_time_left():
    history = told(START, batch(1, 5, speed=50.0), batch(1, 10, speed=150.0))
    assert history.images_per_s == 150
    assert history.seconds_left == pytest.approx(4 * 1_000 / 150 * 13 / 12), "slow at the start"
    alone = told(START, batch(1, 10, speed=1.0))
    assert alone.images_per_s == 1
    assert alone.seconds_left is None, "a report that holds the compiling tells no time"


def test_an_epoch_stopped_on_its_way_tells_no_time_and_is_not_complete():
    history = told(START, end(1, seconds=10), batch(2, 3), end(2, 0.1, seconds=1, complete=False))
    assert history.epoch_seconds == 10
    assert [e.epoch for e in history.complete_epochs] == [1]
    assert history.epochs_done == 1


def test_an_ended_run_is_done_however_early_it_ended():
    history = told(START, end(1), end(2), RunEnded("early_stopping", 2, 1, 20.0), planned=20)
    assert (history.fraction, history.epoch, history.seconds_left) == (1.0, 2, 0.0)


LOSSES = st.floats(allow_nan=True, allow_infinity=True)
EVENTS = st.one_of(
    st.builds(batch, st.integers(1, 6), st.integers(1, 10), LOSSES, LOSSES),
    st.builds(end, st.integers(1, 6), LOSSES, st.floats(0, 1e6), st.booleans()),
    st.builds(replace, st.just(START), epochs_done=st.integers(0, 5)),
    st.builds(LearningRateChanged, st.integers(1, 6), st.integers(1, 10), st.just(1e-4)),
    st.sampled_from([Paused(1, 1), Resumed(1, 1), Evaluating(), RunEnded("finished", 5, 5, 1.0)]),
)


@given(st.lists(EVENTS, max_size=40), st.integers(1, 8))
def test_any_events_make_a_history_in_order(events: list[Event], planned: int):
    history = History.from_events(events, planned)
    numbers = [e.epoch for e in history.epochs]
    assert numbers == sorted(set(numbers))
    assert 0 <= history.fraction <= 1
    assert history.seconds_left is None or history.seconds_left >= 0
    if history.started and events[-1] == history.started:
        assert all(
            e.epoch <= history.started.epochs_done for e in (*history.epochs, *history.batches)
        )


@given(st.integers(1, 50), st.integers(1, 10))
def test_places_on_the_axis_lie_inside_their_epoch(epoch: int, number: int):
    assert epoch - 1 < epoch_position(batch(epoch, number)) <= epoch
