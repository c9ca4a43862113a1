"""Goals inside a network are said on the page where they are reached: with real answers, by links alone."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
import visits
from streamlit.testing.v1 import AppTest
from visits import US, follow_link

from cnn_core import datasets, runs, texts
from cnn_core.course import goals_record
from cnn_core.course.goals import GOALS
from cnn_core.datasets import loading
from cnn_core.engine import Engine, looks
from pages.elements import pad
from pages.network import answers

visit = visits.visit
PLACES: dict[str, dict[str, str]] = {
    "overshoot": {"rate": "0.2", "steps": "0.2x10"},
    "dead": {"filter": "21"},
    "recall": {"off": "conv2.32.57"},
    "blank": {"part": "test", "index": "0", "of": "sample"},
    "turn": {"part": "test", "index": "45", "of": "sample", "rotate": "1"},
}
"""For each goal, what leads to it from the state that its link opens."""


def said(at: AppTest) -> list[str]:
    """The goals that the page says were reached."""
    sentences = {
        texts.say("en", "challenges.reached_now", goal=texts.say("en", f"goals.{name}.title")): name
        for name in GOALS
    }
    return [sentences[node.value] for node in at.toast]


@pytest.fixture
def looks_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks are answered in this process, on the bundled sample."""
    import keras

    def look(engine: Engine, name: str, run: runs.Run, *arguments: Any, timeout: float = 0) -> Any:
        return looks.look(name, run.id, arguments)

    monkeypatch.setattr(keras.backend, "clear_session", lambda: None)
    monkeypatch.setattr(datasets, "available", lambda name, size: size == "sample")
    monkeypatch.setattr(loading, "available", lambda name, size: size == "sample")
    monkeypatch.setattr(Engine, "ready", lambda self, kind: True)
    monkeypatch.setattr(Engine, "look", look)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_a_goal_is_said_where_it_is_reached_and_not_at_its_start(
    name: str, visit: Any, looks_here: None
) -> None:
    goal = GOALS[name]
    at = visit(goal.page, **goal.query)
    assert not at.exception
    assert said(at) == []
    at = follow_link(goal.page, **{**goal.query, **PLACES[name]})
    assert not at.exception
    assert said(at) == [name]
    assert set(goals_record.read(US)) == {name}


def drawn(number: int, *, live: bool = False) -> dict[str, Any]:
    """What the pad sends of its stroke of that number."""
    canvas = np.zeros((pad.SIDE, pad.SIDE), np.uint8)
    canvas[40:100, 60:80] = 255
    ink = b"".join(bytes([1, grey]) for grey in canvas.ravel().tolist())
    return {"drawing": {"number": number, "live": live, "ink": base64.b64encode(ink).decode()}}


def test_the_server_reads_each_drawing_once_when_its_stroke_has_ended(
    visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[int] = []

    def predict(run: runs.Run, images: np.ndarray, patience: float) -> np.ndarray:
        questions.append(len(images))
        probabilities = np.zeros((len(images), 10), np.float32)
        probabilities[:, min(9, len(questions) - 1)] = 0.995
        return probabilities

    monkeypatch.setattr(answers, "predict", predict)
    monkeypatch.setattr(Engine, "ready", lambda self, kind: True)
    at = visit("draw", run="digits")
    assert questions == []
    for number in range(1, 11):
        for live, asked_before in ((True, number - 1), (False, number), (False, number)):
            before = len(questions)
            at.session_state["draw_pad"] = drawn(number, live=live)
            at.run()
            assert not at.exception
            assert len(questions) == asked_before
            is_last = number == 10 and len(questions) > before
            assert said(at) == (["digits"] if is_last else [])
    assert goals_record.read(US)["digits"].numbers["clear"] == "10"
    at.session_state["draw_pad"] = drawn(11)
    at.run()
    assert len(questions) == 10  # the goal is reached


def test_clothing_is_no_digit_whatever_is_drawn(
    visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "predict", lambda *_: pytest.fail("asked"))
    monkeypatch.setattr(Engine, "ready", lambda self, kind: True)
    at = visit("glossary")
    at.session_state["draw_pad"] = drawn(1)
    at.query_params["run"] = "fashion"
    at.switch_page("pages/draw.py").run()
    assert not at.exception
