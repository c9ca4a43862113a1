"""The page of the challenges, and what other pages tell it: a goal is said once, and kept."""

from __future__ import annotations

from string import Formatter
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
import visits
from streamlit.testing.v1 import AppTest
from visits import US, address, follow_link, put

from cnn_core import runs, texts
from cnn_core.analysis.edits import Edits
from cnn_core.analysis.evaluation import Predictions
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.course import goals_record
from cnn_core.course.goals import GOALS
from cnn_core.course.progress import Progress
from cnn_core.planning.links import to_query
from cnn_core.progress.events import BatchEnd, EpochEnd, RunEnded, RunStarted
from cnn_core.runs.log import EventWriter
from pages.network import answers

visit = visits.visit
SMALL = ModelConfig(blocks=(ConvBlock(32), ConvBlock(64, pool_size=4)), dense=())
FAR = ModelConfig(blocks=(ConvBlock(8, kernel=5), ConvBlock(8, kernel=5, pool="none")))


def trained(
    model: ModelConfig = SMALL, accuracy: float = 0.905, owner: str = US, reason: str = "finished"
) -> runs.Run:
    """A run as a worker would have left it."""
    run = runs.create(model, TrainConfig(), owner=owner)
    emit = EventWriter(run)
    emit(RunStarted(1, 48_000, 375, "float32"))
    emit(BatchEnd(1, 60, 375, 20.0 if reason == "stopped" else 0.7, 0.6, 2e-3, 5000.0))
    emit(EpochEnd(1, 0.3, 0.9, 0.3, accuracy, 1e-3, 9.0, best=True))
    emit(RunEnded(reason, 1, 1, 9.0))
    emit.close()
    runs.write_status(run, "finished" if reason == "finished" else "stopped")
    return run


def bars(at: AppTest) -> list[str]:
    """The words of the bars: first the count of all, then one for each goal."""
    return [node.proto.text for node in at.get("progress")]


def toasts(at: AppTest) -> list[str]:
    return [node.value for node in at.toast]


def said(name: str, language: str = "en") -> str:
    title = texts.say(language, f"goals.{name}.title")
    return texts.say(language, "challenges.reached_now", goal=title)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_new_visitor_sees_every_goal_a_hint_and_a_way_to_begin(language: str, visit: Any) -> None:
    at = visit("challenges", language)
    assert not at.exception
    assert [node.value for node in at.subheader] == [
        texts.say(language, f"goals.{name}.title") for name in GOALS
    ]
    not_tried = texts.say(language, "challenges.not_tried")
    assert bars(at) == [
        texts.say(language, "challenges.count", reached=0, count=12), *[not_tried] * 12
    ]  # fmt: skip
    links = [
        (node.proto.page, dict(parse_qsl(node.proto.query_string))) for node in at.get("page_link")
    ]
    assert links == [(goal.page, dict(goal.query)) for goal in GOALS.values()]
    written = "\n".join(node.value for node in at.markdown)
    for name, goal in GOALS.items():
        assert texts.say(language, f"goals.{name}.hint", **goal.rule.numbers) in written
        assert texts.say(language, f"goals.{name}.taught", **goal.rule.numbers) not in written
    assert not toasts(at)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_goal_reached_says_what_it_came_to_and_what_it_taught(
    language: str, visit: Any
) -> None:
    numbers = {
        "side": "14", "used": "3", "widest": "5", "params": "26,326", "filters": "32, 64",
        "before": "2.3", "after": "9", "now": "2.2", "clear": "10", "digits": "0", "accuracy": "90.5%",
        "took": "60", "risen": "20%", "low": "0.3", "high": "0.4", "epoch": "5", "loss": "109.70",
        "ended": "stopped", "p": "p < 0.001", "changed": "1", "peak": "0", "asked": "2,000",
        "gained": "+3.3", "change": "−0.7", "grad": "0", "hires": "2.1", "degrees": "2",
    }  # fmt: skip
    for name in GOALS:
        slots = {
            slot
            for _, slot, _, _ in Formatter().parse(texts.table(language)[f"goals.{name}.progress"])
        }
        own = {slot: text for slot, text in numbers.items() if slot in slots}
        goals_record.keep(US, name, Progress(True, (1.0,), 1.0, own))
    goals_record.keep(
        US, "turn", Progress(True, (2.0,), 1.0, {})
    )  # of a version with other numbers
    at = visit("challenges", language)
    assert not at.exception
    written = "\n".join(node.value for node in at.markdown)
    for name, goal in GOALS.items():
        assert texts.say(language, f"goals.{name}.taught", **goal.rule.numbers) in written
    count, *own = bars(at)
    assert count == texts.say(language, "challenges.count", reached=12, count=12)
    done = texts.say(language, "challenges.done", numbers="")
    assert [text.startswith(done) for text in own] == [name != "turn" for name in GOALS]
    assert not toasts(at)


def test_the_runs_of_the_visitor_tell_and_those_of_others_do_not(visit: Any) -> None:
    trained(owner="somebody else")
    at = visit("challenges")
    assert bars(at)[0] == "0 of 12 goals reached"
    trained(TEXTBOOK, 0.93)
    at.run()
    assert "validation accuracy 93.0% (needed: 90%) · 333,526 parameters" in "".join(bars(at))
    assert bars(at)[0] == "0 of 12 goals reached"
    trained()
    trained(reason="stopped", accuracy=0.1)
    at.run()
    assert sorted(toasts(at)) == sorted([said("accuracy"), said("diverge")])
    assert bars(at)[0] == "2 of 12 goals reached"
    at.run()
    assert not toasts(at)


def test_what_was_reached_stays_for_a_new_window_when_the_run_is_deleted(visit: Any) -> None:
    run = trained()
    visit("challenges")
    runs.delete(run, by=US)
    at = follow_link("challenges")
    assert bars(at)[0] == "1 of 12 goals reached"
    assert not toasts(at)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_playground_says_that_a_set_up_reaches_a_goal(language: str, visit: Any) -> None:
    at = visit("playground", language)
    assert not toasts(at)
    at = follow_link("playground", language, **to_query(FAR, TrainConfig()))
    assert toasts(at) == [said("field", language)]
    at.run()
    assert not toasts(at)
    at.switch_page("pages/challenges.py").run()
    assert texts.say(language, "challenges.count", reached=1, count=12) in bars(at)
    assert goals_record.read(US)["field"].numbers["side"] == "14"


def test_the_best_attempt_of_the_window_is_on_the_page(visit: Any) -> None:
    at = visit("playground")
    put(at, "kernel_0", 5)  # 5, 6, 10, 12: still four layers
    at.switch_page("pages/challenges.py").run()
    assert any("12×12 of 14×14 pixels · layers: 4" in text for text in bars(at))
    assert goals_record.read(US) == {}


def test_the_playground_says_that_a_run_reaches_a_goal(visit: Any) -> None:
    at = visit("playground", run=trained().id)
    assert said("accuracy") in toasts(at)
    other = trained(owner="somebody else", reason="stopped")
    at = follow_link("playground", run=other.id)
    assert not [text for text in toasts(at) if said("diverge") in text]


def predictions(correct: int) -> Predictions:
    probabilities = np.zeros((200, 10), np.float32)
    probabilities[:correct, 0] = probabilities[correct:, 1] = 1
    return Predictions(probabilities, np.zeros(200, np.int64), 0, 200, "sample")


def test_two_own_runs_that_differ_in_one_setting_reach_the_goal_of_chance(
    visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = trained(), trained(ModelConfig(blocks=SMALL.blocks, dense=(), dropout=0.0))
    other = trained(ModelConfig(blocks=SMALL.blocks, dense=(), dropout=0.1), owner="somebody else")
    correct = {first.id: 150, second.id: 190, other.id: 100}
    for run in (first, second, other):
        (run.folder / "best.keras").touch()
    monkeypatch.setattr(answers, "predictions", lambda run, part: predictions(correct[run.id]))
    at = visit("runs", runs=f"{first.id}~{other.id}", view="pair")
    assert said("difference") not in toasts(at)
    at = follow_link("runs", runs=f"{first.id}~{second.id}", view="pair")
    assert not at.exception
    assert said("difference") in toasts(at), address(at)


def test_a_surgery_counts_on_validation_images_and_not_on_test_images(
    visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both parts gain on the test images; only the second does on the validation images, too."""
    parts: list[str] = []

    def verdict(run: runs.Run, edits: Edits, first: int, part: str = "test") -> dict[str, Any]:
        parts.append(part)
        hits = 900 if edits and (part == "test" or len(edits.off) > 1) else 800
        matrix = np.diag([1000] * 10)
        matrix[0, :2] = hits, 1000 - hits
        return {"matrix": matrix, "total": 10_000, "size": "sample"}

    row = np.full(10, 0.1, np.float32)
    maps = {
        "before": row,
        "after": row,
        "conv1": np.zeros((28, 28, 32)),
        "conv2": np.zeros((14, 14, 64)),
    }
    shapes = {"conv1": (3, 3, 1, 32), "conv2": (3, 3, 32, 64)}
    trained_weights = {f"{name}/kernel": np.ones(shape) for name, shape in shapes.items()}
    trained_weights |= {f"{name}/bias": np.ones(shape[-1]) for name, shape in shapes.items()}
    piece = Predictions(np.tile(row, (30, 1)), np.zeros(30, np.int64), 0, 30, "sample")
    monkeypatch.setattr(answers, "PIECE", 10_000)
    monkeypatch.setattr("pages.parts.surgery.outcome.PIECE", 10_000)
    monkeypatch.setattr(answers, "verdict", verdict)
    monkeypatch.setattr(answers, "operate", lambda *_: dict(maps))
    monkeypatch.setattr(answers, "convolutions", lambda run: trained_weights)
    monkeypatch.setattr(answers, "piece", lambda *_: piece)
    monkeypatch.setattr(
        answers, "images", lambda run, part, rows: np.zeros((len(rows), 28, 28, 1), np.uint8)
    )
    at = visit("surgery", run="fashion")
    assert not at.exception
    assert set(parts) == {"test"}
    at = follow_link("surgery", run="fashion", off="conv2.1")
    assert set(parts) == {"test", "val"}
    assert not toasts(at)
    at = follow_link("surgery", run="fashion", off="conv2.1.2")
    assert toasts(at) == [said("recall")]
