"""A run that is paused, stepped, resumed and stopped, with a clock and a will of the test."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from numpy.testing import assert_allclose
from play import Play

from cnn_core.progress.events import BatchEnd, Control, EpochEnd, Paused, Resumed

NAN = math.nan


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
        monkeypatch.setattr("cnn_core.training.callback.time.sleep", plan)
        return plan

    return plan


def test_a_pause_waits_and_its_time_does_not_count(waits: Callable[..., Waits]) -> None:
    play = Play()
    plan = waits(play, {}, {}, {"paused": False})
    play.epoch(each_s=0.5, before=lambda batch: play.ask(paused=batch == 3))
    assert plan.deeds == []
    assert play.now == 100 + 30 + 4
    kinds = [type(it) for it in play.events if not isinstance(it, EpochEnd)]
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
    assert play.callback.reason == "stopped"
    assert [type(it) for it in play.events[-3:]] == [Paused, Resumed, EpochEnd]
    assert not play.of(EpochEnd)[0].complete


def test_a_stop_is_not_held_up_by_a_pause() -> None:
    play = Play()
    play.epoch(before=lambda batch: play.ask(paused=True, stop=True))
    assert play.of(Paused) == []
    assert play.callback.reason == "stopped"


def test_a_diverged_run_does_not_wait_for_anybody() -> None:
    play = Play()
    play.epoch(losses=[NAN] * 8, before=lambda batch: play.ask(paused=True))
    assert play.of(Paused) == []
    assert play.callback.reason == "diverged"
