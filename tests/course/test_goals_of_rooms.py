"""Challenges of a room: what counts of a run, who needs help, and the two orders of the leaderboard."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from cnn_core import runs, texts
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.course import goals_room, room_board
from cnn_core.course.goals_room import ROOM_GOALS, STARTS, Measured
from cnn_core.course.goals_training import Training
from cnn_core.course.room_board import NOTHING_STARTED_S, standing
from cnn_core.errors import LimitError
from cnn_core.planning.links import from_query
from cnn_core.progress.events import EpochEnd, RunEnded, RunStarted, Score
from cnn_core.progress.history import History
from cnn_core.runs import summary
from cnn_core.runs.log import EventWriter

SMALL = ModelConfig(blocks=(ConvBlock(32), ConvBlock(64, pool_size=4)), dense=())  # 24,586
TRAIN = TrainConfig()


def epoch(number: int, accuracy: float, seconds: float = 10.0) -> EpochEnd:
    return EpochEnd(number, 0.3, 0.9, 0.3, accuracy, 1e-3, seconds, best=True)


def training(*ends: EpochEnd, model: ModelConfig = SMALL, train: TrainConfig = TRAIN) -> Training:
    started = RunStarted(1, 48_000, 375, "float32")
    ended = RunEnded("finished", len(ends), len(ends), 60.0, {"test": Score(0.0, 1.0)})
    return Training(model, train, History.from_events([started, *ends, ended], train.epochs))


def trained(accuracy: float = 0.9, owner: str = "us", failed: str = "") -> runs.Run:
    run = runs.create(SMALL, TRAIN, owner=owner)
    emit = EventWriter(run)
    emit(RunStarted(1, 48_000, 375, "float32"))
    if failed:
        error = LimitError("limit.epochs", asked=failed, cap=50)
        runs.write_status(run, "failed", error=error)
    else:
        emit(epoch(1, accuracy))
        runs.write_status(run, "finished")
    emit.close()
    return run


def rows(owner: str = "us") -> list[Any]:
    return room_board.of_owners(summary.summaries(), [owner])[owner]


@pytest.mark.parametrize(
    ("seconds", "counted"), [(20.0, 3), (30.0, 2), (59.0, 1), (60.0, 1), (61.0, 0)]
)
def test_only_epochs_within_the_time_count(seconds: float, counted: int) -> None:
    accuracies = (0.8, 0.82, 0.84, 0.86)
    run = training(*(epoch(place, each, seconds) for place, each in enumerate(accuracies, 1)))
    measured = ROOM_GOALS["sprint"].measured(run)
    assert measured == (Measured(accuracies[counted - 1], 24_586) if counted else None)


def test_a_network_that_is_too_large_or_other_data_does_not_reach_the_sprint() -> None:
    rule = ROOM_GOALS["sprint"]
    progress = rule.check(training(epoch(1, 0.99), model=TEXTBOOK))
    assert progress is not None
    assert not progress.reached
    assert goals_room.measured("sprint", [training(epoch(1, 0.99), model=TEXTBOOK)]) is None
    assert rule.check(training(epoch(1, 0.99), train=TrainConfig("mnist"))) is None
    assert rule.check(training()) is None
    assert rule.check(training(epoch(1, 0.85))).reached
    assert not rule.check(training(epoch(1, math.nan), epoch(2, 0.849))).reached


def test_fewer_parameters_win_only_above_the_accuracy() -> None:
    rule = ROOM_GOALS["fewest"]
    tiny = ModelConfig(blocks=(ConvBlock(4),), dense=())
    good, small = training(epoch(1, 0.881)), training(epoch(1, 0.89), model=tiny)
    assert rule.check(good).reached
    assert not rule.check(training(epoch(1, 0.88))).reached, "above, not at"
    best = goals_room.attempt("fewest", [good, small, training(epoch(1, 0.7), model=tiny)])
    assert best is not None
    assert best.numbers["used"] == f"{small.params:,}"


def test_a_receptive_field_needs_no_training() -> None:
    far = ModelConfig(blocks=(ConvBlock(8, kernel=5), ConvBlock(8, kernel=5, pool="none")))
    assert goals_room.attempt("field", [], far).reached
    assert goals_room.attempt("field", []) is None
    assert goals_room.attempt("sprint", [], far) is None


@pytest.mark.parametrize("goal", ROOM_GOALS)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_goal_has_its_texts_and_a_set_up_to_begin_with(goal: str, language: str) -> None:
    numbers = ROOM_GOALS[goal].numbers
    assert "{" not in texts.say(language, f"room.goal_{goal}_task", **numbers)
    model, _ = from_query(STARTS[goal])
    progress = goals_room.attempt(goal, [training(epoch(1, 0.5), epoch(2, 0.5))], model)
    assert progress is not None
    words = texts.say(language, f"room.goal_{goal}_progress", **{**progress.numbers, **numbers})
    assert "{" not in words


def test_who_trains_waits_or_has_reached_the_goal() -> None:
    now = time.time()
    assert standing([], now, now, "sprint").state == "idle"
    run = runs.create(SMALL, TRAIN, owner="us")
    assert standing(rows(), now - 1, now, "sprint").state in ("waits", "idle")
    runs.write_status(run, "finished")
    emit = EventWriter(run)
    emit(RunStarted(1, 48_000, 375, "float32"))
    emit(epoch(1, 0.9))
    emit.close()
    reached = standing(rows(), now - 1, now + 10_000, "sprint")
    assert reached.state == "reached"
    assert reached.measured == Measured(pytest.approx(0.9), 24_586)
    before = standing(rows(), run.created + 1, run.created + 2, "sprint")
    assert (before.state, before.latest) == ("idle", None), "from before the challenge"


def test_who_is_stuck_by_the_same_error_or_by_nothing_that_was_started() -> None:
    now = time.time()
    for _ in range(2):
        trained(failed="60")
    assert standing(rows(), now - 1, now, "sprint").state == "idle"
    trained(failed="60")
    stuck = standing(rows(), now - 1, now, "sprint")
    assert (stuck.state, stuck.why) == ("stuck", "same_error")
    assert "60" in stuck.sentence["en"]
    trained(failed="70")
    assert standing(rows(), now - 1, now, "sprint").state == "idle", "another error: they try"
    later = time.time() + NOTHING_STARTED_S
    assert standing(rows(), now - 1, later, "sprint").why == "nothing_started"
    assert standing([], now, later, None).state == "idle", "nobody asked for a training"
    assert standing([], now, now, "sprint", errors=3).why == "same_error"


def test_the_two_orders_of_the_leaderboard() -> None:
    figures = {"a": Measured(0.9, 40_000), "b": Measured(0.85, 4_000), "c": Measured(0.1, 20)}
    listed = {
        person: room_board.Standing("idle", "", {}, None, None, each)
        for person, each in figures.items()
    }
    listed["d"] = room_board.Standing("idle", "", {}, None, None, None)
    assert [person for person, _ in room_board.by_accuracy(listed)] == ["a", "b", "c"]
    ranked = [person for person, _ in room_board.by_accuracy_per_parameter(listed)]
    assert ranked == ["b", "a"], "a network that guesses has few parameters"
