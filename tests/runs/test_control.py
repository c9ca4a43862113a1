"""What is asked of a run adds up, is refused if it makes no sense, and is read when it changes."""

from __future__ import annotations

import math
import os
import shutil
import threading
import time
from typing import Any

import pytest
from small_runs import make

from cnn_core.errors import ConfigError
from cnn_core.progress.events import Control
from cnn_core.runs import control

LONG_AGO = time.time() - 3600


def test_what_is_asked_adds_up() -> None:
    run = make()
    assert control.ask(run, by=run.owner, paused=True) == Control(paused=True)
    assert control.ask(run, by=run.owner, learning_rate=1e-4) == Control(
        paused=True, learning_rate=1e-4
    )
    assert control.ask_for_step(run, by=run.owner).steps == 1
    assert control.ask_for_step(run, by=run.owner).steps == 2
    assert control.ask(run, by=run.owner, paused=False, stop=True) == control.read_control(run)
    assert control.read_control(run) == Control(stop=True, steps=2, learning_rate=1e-4)
    assert control.ask(run, by=run.owner, learning_rate=None).learning_rate is None


def test_a_step_pauses_a_running_run() -> None:
    run = make()
    assert control.ask_for_step(run, by=run.owner) == Control(paused=True, steps=1)


@pytest.mark.parametrize("rate", [0, -1, 11, math.nan, math.inf, "fast", True])
def test_a_bad_learning_rate_is_refused_and_not_written(rate: Any) -> None:
    run = make()
    with pytest.raises(ConfigError):
        control.ask(run, by=run.owner, learning_rate=rate)
    assert not (run.folder / "control.json").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        '{"steps": "x"}',
        '{"steps": null}',
        '{"steps": 1e999}',
        '{"learning_rate": -1}',
        '{"learning_rate": "x"}',
    ],
)
def test_a_damaged_control_asks_for_nothing(text: str) -> None:
    run = make()
    (run.folder / "control.json").write_text(text)
    assert control.read_control(run) == Control()
    assert control.ControlReader(run)() == Control()
    assert control.ask(run, by=run.owner, paused=True) == Control(paused=True)


def test_a_reader_of_the_control_follows_every_change() -> None:
    run = make()
    read = control.ControlReader(run)
    assert read() == Control()
    for steps in range(1, 200):  # so quick that time stamps and inodes come again
        control.ask_for_step(run, by=run.owner)
        assert read().steps == steps


def test_a_control_that_has_not_changed_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make()
    control.ask(run, by=run.owner, paused=True)
    os.utime(run.folder / "control.json", (LONG_AGO, LONG_AGO))
    reads = []
    real = control.read_control
    monkeypatch.setattr(control, "read_control", lambda run: reads.append(run) or real(run))
    read = control.ControlReader(run)
    assert [read() for _ in range(5)] == [Control(paused=True)] * 5
    assert len(reads) == 1
    control.ask(run, by=run.owner, paused=False)
    assert read() == Control()


def test_a_control_that_vanishes_leaves_the_last_wish() -> None:
    run = make()
    read = control.ControlReader(run)
    control.ask(run, by=run.owner, paused=True)
    assert read().paused
    shutil.rmtree(run.folder)
    assert read().paused


def test_wishes_from_many_threads_are_all_kept() -> None:
    run = make()

    def push() -> None:
        for _ in range(25):
            control.ask_for_step(run, by=run.owner)

    threads = [threading.Thread(target=push) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert control.read_control(run).steps == 100
    assert not list(run.folder.glob("*.tmp"))
