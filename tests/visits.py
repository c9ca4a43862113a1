"""The app as a new visitor opens it, without a browser and without workers; runs in every state."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cnn_core import arithmetic, runs
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.engine import Engine
from cnn_core.errors import RunError
from cnn_core.planning.links import from_query
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import (
    BatchEnd,
    EpochEnd,
    Evaluating,
    Paused,
    RunEnded,
    RunStarted,
    Score,
)
from cnn_core.runs import Run, record
from cnn_core.runs.log import EventWriter
from pages.session import doors

APP = Path(__file__).parents[1] / "app.py"


PAGES = re.findall(r'"pages/(\w+)\.py"', APP.read_text(encoding="utf-8"))


TINY = PRESETS["tiny"]


US = "this browser"


Open = Callable[..., AppTest]


@pytest.fixture
def visit(frozen: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page as a new visitor. The engine keeps a queue and starts no process."""
    monkeypatch.setattr(Engine, "start", _answer_nothing)
    monkeypatch.setattr(doors.process, "engine", None)
    monkeypatch.setattr(doors.process, "collection", "as Python does it")
    st.cache_resource.clear()

    yield follow_link
    st.cache_resource.clear()


def follow_link(page: str = "playground", language: str = "en", **query: str) -> AppTest:
    """A page as the first that a new visitor opens."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.session_state["language"] = language
    at.session_state["visitor"] = US
    for name, text in query.items():
        at.query_params[name] = text
    return at.switch_page(f"pages/{page}.py").run()


def _answer_nothing(engine: Engine) -> Engine:
    engine._tried.set()
    return engine


BADGES = {"loading": "running", "empty": "finished"}


CLAIMS = {**BADGES, "paused": "running", "evaluating": "running"}


def make_run(state: str, owner: str = US, name: str = "<b>a_b*") -> Run:
    """A run on disk in that state, as a worker would have left it."""
    run = runs.create(TINY.model, TINY.train, owner=owner, name=name)
    status = CLAIMS.get(state, state)
    error = RunError("run.failed", kind="ValueError") if state == "failed" else None
    runs.write_status(run, "running" if status == "interrupted" else status, error=error)
    emit = EventWriter(run)
    for event in events_of(state):
        emit(event)
    emit.close()
    if status == "interrupted":
        tree = json.loads((run.folder / "status.json").read_text())
        record.write_json(run.folder / "status.json", {**tree, "pid": 0})
    return run


def events_of(state: str) -> Iterator[Any]:
    if state in {"queued", "loading"}:
        return
    yield RunStarted(params=26_698, images=8000, batches=125, precision="float32")
    yield BatchEnd(1, 60, 125, 1.2, 0.6, 2e-3, 5000.0)
    if state in {"empty"}:
        yield RunEnded("diverged", 1, 0, 3.0)
        return
    yield EpochEnd(1, 0.9, 0.7, 0.6, 0.8, 2e-3, 3.0, best=True)
    if state == "paused":
        yield Paused(2, 7)
    if state == "evaluating":
        yield Evaluating()
    if state in {"finished", "stopped"}:
        scores = {part: Score(0.5, 0.8) for part in ("train", "val", "test")}
        yield RunEnded(state, 5, 4, 16.0, scores, [[0.1] * 10] * 25)
    if state == "diverged":
        yield RunEnded("diverged", 2, 1, 5.0)


def put(at: AppTest, control: str, value: Any) -> None:
    """Set a control, as a visitor would."""
    key = f"set_{control}"
    kinds = (at.number_input, at.selectbox, at.slider, at.select_slider)
    [widget] = [widget for kind in kinds for widget in kind if widget.key in (key, f"{key}.0")]
    widget.set_value(value).run()
    assert not at.exception


def has(at: AppTest, key: str) -> bool:
    return any(button.key == key for button in at.button)


def totals_and_table(at: AppTest) -> list[Any]:
    """The totals and the table."""
    return [*(metric.value for metric in at.metric), at.table[0].value.to_dict()]


def parameters(at: AppTest) -> int:
    return int(at.metric[0].value.replace(",", ""))


def total(model: ModelConfig) -> int:
    return arithmetic.totals(arithmetic.layer_table(model)).params


def address(at: AppTest) -> dict[str, str]:
    """The parameters in the address bar."""
    parameters = at.query_params.items()
    return {name: text if isinstance(text, str) else text[0] for name, text in parameters}


def linked(at: AppTest) -> tuple[ModelConfig, TrainConfig]:
    """The set-up that the address bar names, with the input of its data set."""
    from pages.parts.playground import setup

    return setup.fit_to_data(*from_query(address(at)))
