"""Goals of runs, of pairs of runs and of single steps: borders, and independent calculations."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_core.analysis.comparison import McNemar, settings
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.course.goals import GOALS
from cnn_core.course.goals_training import (
    Comparison,
    Overfitting,
    Overshoot,
    RealDifference,
    StoppedDivergence,
    Training,
    ValidationAccuracy,
)
from cnn_core.progress.events import BatchEnd, EpochEnd, RunEnded, RunStarted, Score
from cnn_core.progress.history import History

SMALL = ModelConfig(blocks=(ConvBlock(32), ConvBlock(64, pool_size=4)), dense=())  # 24,586
TRAIN = TrainConfig()
LOSSES = st.floats(0.01, 20.0)
ANY_LOSSES = st.one_of(LOSSES, st.sampled_from([math.nan, math.inf]))


def epoch(number: int, **figures: Any) -> EpochEnd:
    usual = {"loss": 0.3, "accuracy": 0.9, "val_loss": 0.3, "val_accuracy": 0.9, "seconds": 10.0}
    return EpochEnd(number, learning_rate=1e-3, **{**usual, **figures})


def training(
    *events: Any, model: ModelConfig = SMALL, train: TrainConfig = TRAIN, reason: str = "finished"
) -> Training:
    started = RunStarted(1, 48_000, 375, "float32")
    scores = {"test": Score(0.0, 1.0)}
    ended = [RunEnded(reason, 5, 5, 61.0, scores)] if reason else []
    return Training(model, train, History.from_events([started, *events, *ended], train.epochs))


@pytest.mark.parametrize(
    ("accuracy", "words", "reached"),
    [
        (0.9, "90.0%", True),
        (0.8999, "89.9%", False),
        (1.0, "100.0%", True),
        (math.nan, "0.0%", False),
    ],
)
def test_a_validation_accuracy_is_never_rounded_up(
    accuracy: float, words: str, reached: bool
) -> None:
    attempt = GOALS["accuracy"].rule.check(training(epoch(1, val_accuracy=accuracy)))
    assert attempt.reached is reached
    assert attempt.numbers == {"accuracy": words, "used": "24,586", "took": "61"}


def test_the_kept_epoch_counts_and_no_other_and_never_the_test_images() -> None:
    """Accuracy 0.95 at a higher validation loss is not of the weights that were kept; test is 1.0."""
    run = training(
        epoch(1, val_loss=0.2, val_accuracy=0.89, accuracy=1.0),
        epoch(2, val_loss=0.4, val_accuracy=0.95),
    )
    attempt = ValidationAccuracy().check(run)
    assert attempt.numbers["accuracy"] == "89.0%"
    assert not attempt.reached


@pytest.mark.parametrize(("limit", "reached"), [(24_586, False), (24_587, True), (None, True)])
def test_parameters_have_to_be_fewer(limit: int | None, reached: bool) -> None:
    attempt = ValidationAccuracy(params=limit).check(training(epoch(1)))
    assert attempt.reached is reached
    assert (attempt.share == 0) is not reached


@pytest.mark.parametrize(("limit", "reached"), [(60.9, False), (61.0, True)])
def test_seconds_are_those_of_the_whole_training(limit: float, reached: bool) -> None:
    rule = ValidationAccuracy(seconds=limit)
    assert rule.check(training(epoch(1))).reached is reached
    assert rule.check(training(epoch(1), epoch(2), reason="")).reached  # 20 seconds so far


def test_no_epoch_other_data_or_a_network_that_breaks_is_no_attempt() -> None:
    rule = ValidationAccuracy()
    assert rule.check(training()) is None
    assert rule.check(training(epoch(1), train=replace(TRAIN, dataset="mnist"))) is None
    broken = ModelConfig(blocks=(ConvBlock(8, kernel=7, stride=4, padding="valid"),) * 3)
    assert rule.check(training(epoch(1), model=broken)) is None


def test_the_textbook_network_is_too_large_however_accurate() -> None:
    attempt = GOALS["accuracy"].rule.check(training(epoch(1, val_accuracy=0.99), model=TEXTBOOK))
    assert not attempt.reached
    better = GOALS["accuracy"].rule.check(training(epoch(1, val_accuracy=0.5)))
    assert better.beats(attempt)  # within the rules


@given(st.lists(st.tuples(ANY_LOSSES, ANY_LOSSES), min_size=2, max_size=8), st.integers(1, 8))
def test_overfitting_is_the_largest_rise_of_any_two_epochs(
    losses: list[tuple[float, float]], within: int
) -> None:
    ends = [epoch(n, loss=loss, val_loss=val) for n, (loss, val) in enumerate(losses, 1)]
    attempt = Overfitting(0.15, within).check(training(*ends))
    pairs = combinations(losses[:within], 2)
    rises = [
        (high - low) / low
        for (before, low), (after, high) in pairs
        if math.isfinite(before + low + after + high) and after < before and after < high > low
    ]
    if min(within, len(losses)) < 2:
        assert attempt is None
    else:
        largest = max(rises, default=0.0)
        assert attempt.score[0] == pytest.approx(largest)
        if abs(largest - 0.15) > 1e-9:
            assert attempt.reached == (largest > 0.15)


def test_an_epoch_stopped_midway_or_after_the_fifth_is_no_overfitting() -> None:
    first = epoch(1, loss=0.5, val_loss=0.4)
    late = epoch(6, loss=0.1, val_loss=0.9)
    rule = GOALS["overfit"].rule
    assert rule.check(training(first, replace(late, epoch=5))).reached
    assert rule.check(training(first, late)) is None
    assert rule.check(training(first, replace(late, epoch=5, complete=False))) is None


def test_the_default_training_does_not_overfit_within_five_epochs() -> None:
    """Losses of the textbook network on the bundled sample, seed 42."""
    losses = [(0.805, 0.4906), (0.5015, 0.429), (0.431, 0.3847), (0.3729, 0.344), (0.3423, 0.3695)]
    ends = [epoch(n, loss=loss, val_loss=val) for n, (loss, val) in enumerate(losses, 1)]
    attempt = GOALS["overfit"].rule.check(training(*ends, model=TEXTBOOK))
    assert not attempt.reached
    assert attempt.numbers == {"risen": "7%", "low": "0.344", "high": "0.369", "epoch": "5"}


def test_a_recorded_training_overfits_as_the_hint_says() -> None:
    """4,000 images of the sample, batches of 16, Adam 0.002, no dropout, 500 hidden units, seed 42."""
    losses = [
        (0.6777, 0.5192),
        (0.4079, 0.3835),
        (0.3187, 0.4072),
        (0.2682, 0.424),
        (0.2197, 0.4543),
    ]
    ends = [epoch(n, loss=loss, val_loss=val) for n, (loss, val) in enumerate(losses, 1)]
    attempt = GOALS["overfit"].rule.check(training(*ends, model=TEXTBOOK))
    assert attempt.reached
    assert attempt.numbers == {"risen": "18%", "low": "0.384", "high": "0.454", "epoch": "5"}


def test_a_recorded_training_is_small_and_good_as_the_hint_says() -> None:
    """The full set, no hidden layer, a last pooling of 4, one-cycle Adam 0.006, batches of 128, seed 42."""
    ends = [
        epoch(4, val_loss=0.2726, val_accuracy=0.9024),
        epoch(5, val_loss=0.2625, val_accuracy=0.9054),
    ]
    attempt = GOALS["accuracy"].rule.check(training(*ends))
    assert attempt.reached
    assert attempt.numbers["accuracy"] == "90.5%"


def report(loss: float) -> BatchEnd:
    return BatchEnd(1, 10, 100, loss, 0.1, 0.1, 5000.0)


@pytest.mark.parametrize(
    "reason", ["finished", "early_stopping", "target", "diverged", "stopped", ""]
)
def test_only_who_stops_a_diverging_run_was_in_time(reason: str) -> None:
    rule = GOALS["diverge"].rule
    attempt = rule.check(training(report(2.3), report(109.7), report(2.4), reason=reason))
    assert attempt.reached is (reason == "stopped")
    assert attempt.numbers == {"loss": "109.70", "ended": reason}
    assert (attempt.share > 0) is (reason == "stopped")


@pytest.mark.parametrize("classes", [2, 10])
def test_the_loss_is_compared_with_that_of_guessing(classes: int) -> None:
    model = ModelConfig(classes=classes)
    border = 3 * math.log(classes)
    rule = StoppedDivergence(3.0)
    for loss, reached in ((border * 0.999, False), (border * 1.001, True)):
        run = training(report(loss), report(math.inf), model=model, reason="stopped")
        assert rule.check(run).reached is reached
    assert rule.check(training(report(math.log(classes) * 0.99), model=model)) is None


def test_a_run_that_is_no_number_from_its_first_report_is_an_attempt_too_late() -> None:
    attempt = GOALS["diverge"].rule.check(training(report(math.nan), reason="diverged"))
    assert not attempt.reached
    assert attempt.share == 0


def compare(second: TrainConfig, p: float, model: ModelConfig = TEXTBOOK) -> Any:
    tables = settings(TEXTBOOK, TRAIN), settings(model, second)
    return GOALS["difference"].rule.check(Comparison(*tables, McNemar(10, 30, p)))


def test_one_setting_may_differ_and_the_seed_besides() -> None:
    one = replace(TRAIN, epochs=3)
    assert compare(one, 0.0499).reached
    assert compare(replace(one, seed=7), 0.0499).reached
    assert not compare(one, 0.05).reached
    assert not compare(replace(TRAIN, seed=7), 0.0001).reached
    assert not compare(TRAIN, 0.0001).reached
    assert not compare(replace(one, batch_size=64), 0.0001).reached
    assert compare(TRAIN, 0.01, replace(TEXTBOOK, dropout=0.0)).reached
    assert compare(one, 0.0499).numbers == {"p": "p = 0.05", "changed": "1"}
    assert compare(one, 0.0004).numbers["p"] == "p < 0.001"


def test_a_stricter_teacher_may_ask_for_less_chance() -> None:
    tables = settings(TEXTBOOK, TRAIN), settings(TEXTBOOK, replace(TRAIN, epochs=3))
    pair = Comparison(*tables, McNemar(10, 30, 0.02))
    assert RealDifference(0.05).check(pair).reached
    assert not RealDifference(0.01).check(pair).reached


@given(st.lists(ANY_LOSSES, max_size=8), st.floats(1.0, 5.0))
def test_an_overshoot_is_a_rise_and_a_way_back(losses: list[float], times: float) -> None:
    attempt = Overshoot(times).check(losses)
    back = [
        place
        for place in range(1, len(losses))
        if math.isfinite(losses[place - 1])
        and losses[place] > losses[place - 1]
        and losses[place] / losses[place - 1] >= times
        and any(loss < losses[place - 1] for loss in losses[place + 1 :])
    ]
    assert bool(attempt and attempt.reached) == bool(back)


def test_steps_that_only_fall_or_only_rise_do_not_reach_it() -> None:
    rule = GOALS["overshoot"].rule
    assert rule.check([2.3]) is None
    assert rule.check([2.3, 2.2, 2.0]) is None
    assert not rule.check([2.3, 9.0, 4.0, 2.31]).reached
    assert not rule.check([2.3, 4.5, 2.0]).reached  # less than twice
    attempt = rule.check([2.3, 9.0, 4.0, 2.2])
    assert attempt.reached
    assert attempt.numbers == {"before": "2.3", "after": "9", "now": "2.2"}
