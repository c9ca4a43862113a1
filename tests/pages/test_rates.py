"""Find a learning rate: from the button to the control, with range tests whose answers are known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from visits import US, linked, visit

from cnn_core import texts
from cnn_core.engine import Engine
from cnn_core.engine.rates import MOST, MOST_OF_ONE, RangeTest, RangeTests
from cnn_core.errors import CnnError, EngineError, LimitError
from cnn_core.progress.learning_rates import RateCurve, ramp

__all__ = ["visit"]  # a fixture


class Future:
    """What Dask gives."""

    def __init__(self, status: str, answer: object = None) -> None:
        self.status, self.answer = status, answer

    def result(self, timeout: float) -> object:
        return self.answer

    def exception(self, timeout: float) -> object:
        return self.answer

    def release(self) -> None:
        self.status = "cancelled"


def curve(best: float) -> RateCurve:
    """Falls from a hundredth of the best rate on."""
    losses = [
        2.3 - 0.8 * min(2.0, max(0.0, math.log10(100 * rate / best)))
        for rate in ramp()
        if rate < best
    ]
    return RateCurve(ramp()[: len(losses)], tuple(losses), True)


def answers(monkeypatch: pytest.MonkeyPatch, *futures: Future) -> list[int]:
    """Range tests that have these futures, one after the other; the seeds that were asked for."""
    given, seeds = iter(futures), []

    def test(self, model, train, *, owner):
        assert owner == US
        seeds.append(train.seed)
        return RangeTest(next(given))

    monkeypatch.setattr(Engine, "range_test", test)
    return seeds


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_suggestion_is_taken_over_by_one_click(language, visit, monkeypatch):
    found = [Future("finished", curve(0.03)), Future("finished", curve(0.03))]
    seeds = answers(monkeypatch, *found)
    at = visit("playground", language)
    at.button(key="rates_start").click().run()
    assert not at.exception
    assert seeds == [42, 43]
    use = at.button(key="rates_use")
    assert use.label == texts.say(language, "rates.use", rate="0.003")
    use.click().run()
    assert not at.exception
    assert linked(at)[1].learning_rate == 0.003
    assert at.button(key="rates_use").disabled


def test_it_waits_and_then_says_how_noisy_it_is(visit, monkeypatch):
    first, second = Future("pending", curve(0.1)), Future("pending", curve(0.01))
    answers(monkeypatch, first, second)
    at = visit("playground")
    at.button(key="rates_start").click().run()
    assert at.button(key="rates_start").disabled
    assert texts.say("en", "rates.running") in [it.proto.text for it in at.get("progress")]
    first.status = "finished"
    at.run()
    assert texts.say("en", "rates.second") in [it.proto.text for it in at.get("progress")]
    second.status = "finished"
    at.run()
    assert not at.exception
    said = " ".join(it.value for it in at.caption)
    assert "order of magnitude" in said
    assert not at.button(key="rates_start").disabled


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_press_before_the_workers_are_there_begins_when_they_are(language, visit, monkeypatch):
    def starting(self, model, train, *, owner):
        raise EngineError("engine.starting")

    monkeypatch.setattr(Engine, "range_test", starting)
    at = visit("playground", language)
    at.button(key="rates_start").click().run()
    for _ in range(2):
        assert not at.error
        assert at.button(key="rates_start").disabled
        assert texts.say(language, "panel.warming") in [it.proto.text for it in at.get("progress")]
        at.run()
    seeds = answers(monkeypatch, Future("finished", curve(0.1)), Future("finished", curve(0.1)))
    at.run()
    assert not at.exception
    assert len(set(seeds)) == 2
    assert not at.button(key="rates_start").disabled
    assert at.button(key="rates_use")


def test_a_curve_that_never_falls_suggests_nothing(visit, monkeypatch):
    flat = RateCurve(ramp(), (2.3,) * len(ramp()), False)
    answers(monkeypatch, Future("finished", flat), Future("finished", curve(0.03)))
    at = visit("playground")
    at.button(key="rates_start").click().run()
    assert any("never falls clearly" in it.value for it in at.info)
    assert not [it for it in at.button if it.key == "rates_use"]


def test_another_set_up_is_told_apart(visit, monkeypatch):
    answers(monkeypatch, Future("finished", curve(0.03)), Future("finished", curve(0.03)))
    at = visit("playground")
    at.button(key="rates_start").click().run()
    assert texts.say("en", "rates.other_setup") not in [it.value for it in at.caption]
    [dropout] = [it for it in at.slider if it.key == "set_dropout"]
    dropout.set_value(0.5).run()
    assert texts.say("en", "rates.other_setup") in [it.value for it in at.caption]


@pytest.mark.parametrize("status", ["error", "lost", "cancelled"])
def test_what_goes_wrong_is_a_sentence(status, visit, monkeypatch):
    problem = EngineError("engine.failed", kind="ValueError")
    answers(monkeypatch, Future(status, problem), Future(status, problem))
    at = visit("playground")
    at.button(key="rates_start").click().run()
    assert not at.exception
    assert len(at.error) == 1


def test_a_set_up_that_cannot_be_trained_is_refused_in_the_engine(visit, monkeypatch):
    at = visit("playground")
    monkeypatch.setenv("CONVSCOPE_MAX_PARAMETERS", "10")
    at.button(key="rates_start").click().run()
    assert not at.exception
    assert any("parameters" in it.value for it in at.error)


def test_nobody_fills_the_workers_with_range_tests() -> None:
    tests = RangeTests()
    mine = [tests.send("me", lambda: Future("pending")) for _ in range(MOST_OF_ONE)]
    with pytest.raises(LimitError):
        tests.send("me", lambda: Future("pending"))
    others = [tests.send(str(n), lambda: Future("pending")) for n in range(MOST - MOST_OF_ONE)]
    with pytest.raises(CnnError):
        tests.send("you", lambda: pytest.fail("was sent"))
    mine[0].cancel()
    assert tests.send("me", lambda: Future("pending"))
    others.clear()  # their windows were closed
    assert tests.send("you", lambda: Future("pending"))


def test_the_zone_is_the_same_whatever_rate_was_set(visit, monkeypatch):
    from cnn_core.config import TEXTBOOK, TrainConfig
    from pages.parts.playground import rates

    one = TrainConfig()
    assert rates._relevant(TEXTBOOK, one) == rates._relevant(
        TEXTBOOK, replace(one, learning_rate=0.5, schedule="one_cycle", epochs=2, patience=0)
    )
    assert rates._relevant(TEXTBOOK, one) != rates._relevant(TEXTBOOK, replace(one, seed=1))
    assert rates._relevant(TEXTBOOK, replace(one, augmentation="both"))[1].augmentation == "both"
