"""Two processes never train one run, and never undo each other's changes; tried with real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from small_runs import PLENTY, make, state

from cnn_core import runs, training
from cnn_core.engine import Engine, trainer
from cnn_core.errors import RunError
from cnn_core.progress.events import EpochEnd, RunEnded
from cnn_core.runs import control, identity, lease, record
from cnn_core.runs import log as run_log

ROOT = Path(__file__).parents[2]
TRAINS = """
import sys
from cnn_core import runs
from cnn_core.runs import lease
run = runs.open_run(sys.argv[1])
with lease.hold(run):
    runs.write_status(run, "running")
    print("holds", flush=True)
    sys.stdin.readline()
"""


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def other() -> Iterator[Callable[[runs.Run], subprocess.Popen[str]]]:
    """Start a second process that trains a run."""
    started = []

    def start(run: runs.Run) -> subprocess.Popen[str]:
        process = python(TRAINS, run.id)
        started.append(process)
        assert process.stdout.readline() == "holds\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def sleep_through(run: runs.Run) -> None:
    """What a machine that slept looks like to the others: no sign of life for an hour."""
    os.utime(run.folder / "alive", (time.time() - 3600,) * 2)


def test_a_second_process_neither_trains_nor_resumes_nor_deletes_a_run_at_work(
    other: Callable[[runs.Run], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make(owner="me")
    process = other(run)
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("trained twice"))
    monkeypatch.setattr(lease, "PATIENCE", 0.0)
    for asleep in (False, True):
        if asleep:
            sleep_through(run)
        assert state(run) == "running", "a process that holds the lease is not dead"
        before = (run.folder / "status.json").read_bytes()
        trainer.train_run(run.id)
        with pytest.raises(RunError):
            Engine().resume(run, by="me", limits=PLENTY)
        with pytest.raises(RunError, match="still in progress"):
            runs.delete(run, by="me")
        assert (run.folder / "status.json").read_bytes() == before
    runs.write_status(run, "interrupted")  # whatever else is written of it
    with pytest.raises(RunError, match="trained by another process") as caught:
        Engine().resume(run, by="me", limits=PLENTY)
    assert caught.value.sentence("ko")
    with pytest.raises(RunError, match="trained by another process"):
        runs.delete(run, by="me")
    assert record.exists(run)

    process.kill()
    process.wait()
    assert lease.holder(run) is None
    Engine().resume(run, by="me", limits=PLENTY)
    assert state(run) == "queued"


def test_a_worker_waits_for_the_lease_of_one_that_ends(
    other: Callable[[runs.Run], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make()
    process = other(run)
    trained = []

    def train(model: Any, config: Any, data: Any, emit: Any, ask: Any, **_: Any) -> training.Result:
        trained.append(process.poll())
        return training.Result(None, (), RunEnded("finished", 0, 0, 1.0))

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(lease.time, "sleep", lambda seconds: process.communicate("\n"))
    trainer.train_run(run.id)
    assert trained == [0]
    assert state(run) == "finished"


def test_a_deleted_run_is_not_made_again_and_leaves_no_lock() -> None:
    run = make()
    runs.write_status(run, "interrupted")
    with lease.hold(run):
        pass
    runs.delete(run, by="")
    for attempt in (lease.hold, lease.keep_free, record.changing):
        with pytest.raises(RunError), attempt(run):
            pass
    for change in (
        lambda: runs.write_status(run, "running"),
        lambda: control.ask(run, by="", stop=True),
        lambda: trainer.train_run(run.id),
    ):
        with pytest.raises(RunError):
            change()
    assert not run.folder.exists()
    assert [path for path in run.folder.parent.rglob("*") if path.is_file()] == []


def elsewhere(run: runs.Run) -> dict[str, Any]:
    """Another machine takes the run up."""
    record.write_json(
        run.folder / lease.RECORD, {"host": "another-machine", "pid": 1, "started": 1.0}
    )
    return json.loads((run.folder / lease.RECORD).read_text())


def test_a_training_that_slept_while_its_run_was_taken_up_writes_nothing_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = make()
    end = EpochEnd(1, 1.0, 0.5, 1.0, 0.5, 1e-3, 1.0)
    seen: dict[str, bytes] = {}

    def train(model: Any, config: Any, data: Any, emit: Any, ask: Any, **_: Any) -> None:
        emit(end)
        theirs = elsewhere(run)
        runs.write_status(run, "finished", speed=5.0)
        seen.update((name, (run.folder / name).read_bytes()) for name in FILES)
        with pytest.raises(lease.LeaseError, match="on the computer another-machine"):
            emit(EpochEnd(2, 1.0, 0.5, 1.0, 0.5, 1e-3, 1.0))
        monkeypatch.setattr(lease, "SECONDS_BETWEEN_CHECKS", 0.0)
        assert lease.read_json(run.folder / lease.RECORD) == theirs
        ask()
        pytest.fail("went on")

    monkeypatch.setattr(training, "train", train)
    trainer.train_run(run.id)
    assert {name: (run.folder / name).read_bytes() for name in FILES} == seen
    assert "another-machine" in caplog.text


FILES = ("status.json", "events.jsonl", lease.RECORD)


def test_the_lease_of_another_machine_counts_as_long_as_it_shows_life() -> None:
    run = make()
    elsewhere(run)
    runs.write_status(run, "interrupted")
    assert lease.holder(run)
    with pytest.raises(lease.LeaseError, match="another-machine"), lease.hold(run, patience=0.0):
        pass
    with pytest.raises(lease.LeaseError), lease.keep_free(run):
        pass
    sleep_through(run)
    assert lease.holder(run) is None
    with lease.hold(run, patience=0.0) as held:
        assert held.held()
        assert json.loads((run.folder / lease.RECORD).read_text()) == identity.own()
    assert not (run.folder / lease.RECORD).exists()


def test_one_of_two_servers_that_resume_a_run_gets_it() -> None:
    run = make()
    with closing(run_log.EventWriter(run)) as write:
        write(EpochEnd(1, 1.0, 0.5, 1.0, 0.5, 1e-3, 1.0))
    runs.write_status(run, "interrupted")
    code = """
import sys
from cnn_core import runs
run = runs.open_run(sys.argv[1])
sys.stdin.readline()
print(runs.write_status(run, "queued", only_if=runs.RESUMABLE), flush=True)
sys.stdin.readline()
"""
    processes = [python(code, run.id) for _ in range(2)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.stdout.readline().strip() for process in processes]
    with pytest.raises(RunError, match="cannot be resumed"):
        Engine().resume(run, by="", limits=PLENTY)
    for process in processes:
        process.communicate()
    assert sorted(answers) == ["False", "True"]


def test_wishes_from_two_processes_are_all_kept() -> None:
    run = make()
    code = """
import sys
from cnn_core import runs
from cnn_core.runs import control
run = runs.open_run(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(100):
    control.ask_for_step(run, by="")
"""
    processes = [python(code, run.id) for _ in range(2)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for process in processes:  # both are told before either is waited for
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert control.read_control(run).steps == 200


# Which process it is


def test_a_process_id_that_is_used_again_is_not_the_same_process() -> None:
    own = identity.own()
    assert identity.lives(own) is True
    assert identity.lives({**own, "started": own["started"] - 60.0}) is False
    assert identity.lives({**own, "boot": "an earlier one"}) in (False, not own["boot"])
    assert identity.lives({**own, "host": "another-machine"}) is None


def test_a_run_folder_of_an_older_version_opens_without_the_start_of_its_process() -> None:
    run = make()
    tree = json.loads((run.folder / "status.json").read_text())
    older = {name: value for name, value in tree.items() if name not in ("boot", "started")}
    record.write_json(run.folder / "status.json", older)
    assert state(run) == "queued"
    process = python("")
    process.communicate()
    record.write_json(run.folder / "status.json", {**older, "pid": process.pid})
    assert state(run) == "interrupted"


def test_the_clock_may_change_without_any_process_dying(monkeypatch: pytest.MonkeyPatch) -> None:
    own = identity.own()
    booted = psutil.boot_time()
    real = psutil.Process.create_time
    monkeypatch.setattr(psutil, "boot_time", lambda: booted + 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: real(self) + 3600)
    assert identity.lives(own) is True


def test_no_signal_is_sent_to_ask_whether_a_process_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows `os.kill(pid, 0)` is Ctrl+C."""
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a signal"))
    assert identity.lives(identity.own())
    process = python("")
    process.communicate()
    assert not identity.lives({**identity.own(), "pid": process.pid})


def test_no_file_sends_a_signal_by_process_id() -> None:
    for room in ("cnn_core", "pages"):
        for path in (ROOT / room).rglob("*.py"):
            assert "os.kill(" not in path.read_text("utf-8"), path
