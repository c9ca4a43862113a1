"""Worker processes killed at random moments: runs go on as if nothing had happened, looks are answered."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from conftest import Rounds
from invariants import (
    CONFIG,
    assert_nothing_lost,
    assert_true_state,
    gone,
    moment,
    saved,
    whole_history,
)
from numpy.testing import assert_allclose
from patience import until
from real_runs import ended, engine, pid_of, real_home, shared_engine, shared_home, train
from small_runs import state

from cnn_core import runs
from cnn_core.engine import Engine

__all__ = ["engine", "real_home", "shared_engine", "shared_home"]  # fixtures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
]  # tests/engine/test_real_workers.py has a round of each


def test_a_run_goes_on_after_its_worker_is_killed_at_any_moment(
    engine: Engine, fault: Rounds
) -> None:
    began = time.monotonic()
    whole = whole_history(engine)
    takes = time.monotonic() - began
    for each in fault("SIGKILL of the train worker", short=1, in_full=50):
        until(lambda: engine.ready("train"))
        run = train(engine, CONFIG)
        time.sleep(each.random.uniform(0.0, takes))
        each.note(moment(run))
        pid, before = pid_of(engine, "train"), saved(run)
        os.kill(pid, signal.SIGKILL)
        gone(pid)

        def over(run: runs.Run = run, pid: int = pid) -> bool:
            assert_true_state(run, pid)
            return state(run) in (*runs.OVER, "failed")

        until(over)
        assert_nothing_lost(run, whole, before)
        until(lambda pid=pid: pid_of(engine, "train") != pid)


def test_a_look_is_answered_after_its_worker_is_killed_in_the_middle(
    engine: Engine, fault: Rounds
) -> None:
    run = train(engine, CONFIG)
    assert ended(run) == "finished"
    images = np.random.default_rng(1).integers(0, 256, (40_000, 8, 8, 1), np.uint8)
    engine.look("predict", run, images, timeout=150)
    began = time.monotonic()
    before = engine.look("predict", run, images, timeout=150)
    takes = time.monotonic() - began
    for each in fault("SIGKILL of the look worker in a look", short=1, in_full=20):
        until(lambda: engine.ready("look"))
        answers: list[np.ndarray] = []
        thread = threading.Thread(
            target=lambda answers=answers: answers.append(
                engine.look("predict", run, images, timeout=280)
            )
        )
        thread.start()
        time.sleep(each.random.uniform(0.0, takes))
        each.note("asked" if not answers else "answered")
        pid = pid_of(engine, "look")
        os.kill(pid, signal.SIGKILL)
        thread.join()
        assert_allclose(answers[0], before, atol=1e-6)
        until(lambda pid=pid: pid_of(engine, "look") != pid)
