"""The state of a run: who vouches for it, and whether it is alive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_runs import make

from cnn_core import runs
from cnn_core.errors import ConfigError, RunError, ShapeError
from cnn_core.runs import control, record, state


def status_of(run: runs.Run, **tree: Any) -> runs.Status:
    record.write_json(run.folder / "status.json", tree)
    return runs.status(run)


def age(run: runs.Run, seconds: float) -> None:
    at = time.time() - seconds
    os.utime(run.folder / "alive", (at, at))


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


HERE = {"host": __import__("socket").gethostname(), "pid": os.getpid()}


@pytest.mark.parametrize("state", runs.ACTIVE)
def test_an_active_run_lives_as_long_as_its_process_shows_it(state: str, dead_pid: int) -> None:
    run = make()
    assert status_of(run, state=state, **HERE).state == state
    assert status_of(run, state=state, **{**HERE, "pid": dead_pid}).state == "interrupted"
    age(run, 14)
    assert status_of(run, state=state, **HERE).state == state
    age(run, 16)
    assert status_of(run, state=state, **HERE).state == "interrupted"
    runs.show_life(run)
    assert runs.status(run).state == state
    (run.folder / "alive").unlink()
    assert runs.status(run).state == "interrupted"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells")
def test_a_process_that_ended_and_was_not_waited_for_is_dead() -> None:
    run = make()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert status_of(run, state="running", **{**HERE, "pid": process.pid}).state == "running"
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert runs.status(run).state == "interrupted"


def test_a_run_on_another_machine_lives_as_long_as_it_says_so(dead_pid: int) -> None:
    run = make()
    there = {"state": "running", "host": "another-machine", "pid": dead_pid}
    assert status_of(run, **there).state == "running"
    age(run, 16)
    assert runs.status(run).state == "interrupted"


def test_a_sign_of_life_from_the_far_future_is_none() -> None:
    run = make()
    age(run, -10)
    assert runs.status(run).state == "queued"
    age(run, -3600)
    assert runs.status(run).state == "interrupted"


@pytest.mark.parametrize("pid", [0, -1, None, "1", 2**70, 1.5])
def test_a_nonsensical_process_is_dead(pid: Any) -> None:
    assert status_of(make(), state="running", **{**HERE, "pid": pid}).state == "interrupted"


@pytest.mark.parametrize("state", [*runs.OVER, "failed"])
def test_a_run_that_is_over_needs_no_life(state: str) -> None:
    run = make()
    age(run, 3600)
    found = status_of(run, state=state, since=5.0, speed=2.0, host="x", pid=1)
    assert (found.state, found.since, found.speed) == (state, 5.0, 2.0)
    assert not found.active
    assert found.resumable == (state == "failed")


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"state": "levitating"},
        {"state": None},
        {"state": "finished", "since": "x"},
        {"state": "finished", "speed": []},
        {"state": "finished", "since": 10**400},
        {"state": "failed", "error": 7},
        {"state": "failed", "error": "text"},
    ],
)
def test_a_status_that_makes_no_sense_reads_as_interrupted(tree: dict[str, Any]) -> None:
    run = make()
    assert status_of(run, **tree) == runs.Status("interrupted")
    assert runs.measured_speed() is None
    (run.folder / "status.json").write_text("{" * 100_000)
    assert runs.status(run) == runs.Status("interrupted")


def test_a_failure_is_kept_as_a_sentence_in_both_languages() -> None:
    run = make()
    for error in (
        RunError("run.failed", kind="MemoryError"),
        ConfigError("train_size", 10, "at_least", minimum=12),
        ShapeError("conv4", (28, 13, 5, 1, 0)),
    ):
        runs.write_status(run, "failed", error=error)
        found = runs.status(run)
        assert found.state == "failed"
        for language in ("en", "ko"):
            assert found.sentence(language) == error.sentence(language)
    runs.write_status(run, "queued")
    assert runs.status(run).error is None
    assert runs.status(run).sentence("en") == ""


def test_a_run_shows_life_before_it_says_that_it_is_active(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make()
    runs.write_status(run, "interrupted")
    age(run, 3600)
    ages = []

    def write(path: Path, tree: dict[str, Any]) -> None:
        ages.append(time.time() - (run.folder / "alive").stat().st_mtime)

    monkeypatch.setattr(state, "write_json", write)
    runs.write_status(run, "queued")
    assert ages[0] < 60


@pytest.mark.parametrize(
    ("file", "write", "check"),
    [
        (
            "status.json",
            lambda run, n: runs.write_status(run, "finished", speed=float(n)),
            lambda tree: tree["state"] == "finished" and len(tree) == 8,
        ),
        (
            "control.json",
            lambda run, n: control.ask(run, by=run.owner, steps=n, learning_rate=1 / (n + 1)),
            lambda tree: len(tree) == 5 and tree["learning_rate"] == 1 / (tree["steps"] + 1),
        ),
    ],
)
def test_who_reads_while_a_file_is_replaced_never_sees_half_of_it(
    file: str, write: Callable[..., Any], check: Callable[[dict[str, Any]], bool]
) -> None:
    run = make()
    write(run, 0)
    over, failures, seen = threading.Event(), [], set()

    def hammer() -> None:
        while not over.is_set():
            try:
                text = (run.folder / file).read_text(encoding="utf-8")
                if not check(json.loads(text)):
                    failures.append(text)
                seen.add(text)
            except Exception as error:
                failures.append(repr(error))

    reader = threading.Thread(target=hammer)
    reader.start()
    for number in range(300):
        write(run, number)
    over.set()
    reader.join()
    assert failures == []
    assert len(seen) > 1
