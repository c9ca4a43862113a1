"""One worker that trains and looks: a real process, whose looks come between the calls of a training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from patience import until
from real_runs import ended, pid_of, words
from small_runs import LONG, MODEL, PLENTY, SHORT, state

from cnn_core import datasets, runs
from cnn_core.engine import Engine
from cnn_core.progress.events import LearningRateChanged
from cnn_core.runs import control
from cnn_core.runs import log as run_log

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path / "home"))
    engine = Engine(plan="one", train_workers=3).start()
    yield engine
    engine.close()


def losses(run: runs.Run) -> list[float]:
    return [end.loss for end in run_log.history(run).complete_epochs]


def test_looks_are_answered_while_a_run_trains_and_change_nothing_about_it(engine: Engine) -> None:
    plain = engine.order(MODEL, SHORT, owner="us", limits=PLENTY)
    assert ended(plain) == "finished"
    assert engine.capacity == 1
    assert pid_of(engine, "train") == pid_of(engine, "look")
    images = datasets.load("digits").x_test[:10]
    before = engine.look("predict", plain, images, timeout=150)

    run = engine.order(MODEL, LONG, owner="us", limits=PLENTY)
    until(lambda: run_log.history(run).batches)
    image = images[0]
    for _ in range(5):
        assert np.array_equal(engine.look("predict", plain, images, timeout=150), before)
    explained = ("explanations", plain, image, None, "conv1", 2, "black", None, "black")
    assert engine.look(*explained, timeout=150)  # traces gradients
    assert state(run) == "running"

    control.ask(run, by="us", paused=True)
    until(lambda: run_log.history(run).paused)
    assert np.array_equal(engine.look("predict", plain, images, timeout=150), before)
    control.ask(run, by="us", paused=False, learning_rate=1e-5)
    until(lambda: words(run, LearningRateChanged))
    engine.stop(run, by="us")
    assert ended(run) == "stopped"

    again = engine.order(MODEL, replace(SHORT), owner="us", limits=PLENTY)
    while state(again) not in runs.OVER:
        engine.look("predict", plain, images, timeout=150)
    assert state(again) == "finished"
    assert losses(again) == losses(plain)
    assert engine.look(*explained, timeout=150), "its graphs outlive the trainings beside it"
