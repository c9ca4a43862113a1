"""The engine with real worker processes: trained, steered, killed, and on an existing cluster."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from lengths import at_length
from numpy.testing import assert_allclose
from patience import until
from real_runs import (
    ROOT,
    alive,
    ended,
    engine,
    pid_of,
    real_home,
    running_pid,
    shared_engine,
    shared_home,
    train,
    words,
)
from small_runs import LONG, MODEL, PLENTY, SHORT, state

from cnn_core import datasets, runs
from cnn_core.engine import Engine, worker
from cnn_core.engine.estimate import Place
from cnn_core.errors import EngineError, LimitError, RunError
from cnn_core.planning.limits import Limits
from cnn_core.progress.events import BatchEnd, RunStarted
from cnn_core.progress.learning_rates import ramp
from cnn_core.runs import control
from cnn_core.runs import log as run_log

__all__ = ["engine", "real_home", "shared_engine", "shared_home"]  # fixtures


def epochs_of(run: runs.Run) -> list[int]:
    return [end.epoch for end in run_log.history(run).complete_epochs]


@pytest.mark.slow
def test_a_run_is_trained_in_another_process_and_found_in_its_folder(engine: Engine) -> None:
    run = train(engine, name="first")
    assert ended(run) == "finished"
    until(lambda: not engine.holds(run.id))
    history = run_log.history(runs.open_run(run.id))
    assert history.ended is not None
    assert (history.ended.reason, history.ended.epochs) == ("finished", 2)
    images = datasets.load("digits").x_test[:10]
    answer = engine.look("predict", run, images, timeout=150)
    assert_allclose(answer, history.ended.samples, atol=1e-6)
    shown, labels, shares = engine.look("examples", run, "digits", "sample", 5, 1, timeout=150)
    assert (shown.shape, labels.shape, shares.shape) == ((5, 8, 8, 1), (5,), (5, 10))


@pytest.mark.slow
def test_the_train_worker_gives_way_and_nobody_outside_reaches_a_worker(engine: Engine) -> None:
    ours = psutil.Process().nice()
    assert psutil.Process(pid_of(engine, "train")).nice() == min(19, ours + 10)
    assert psutil.Process(pid_of(engine, "look")).nice() == ours
    processes = [psutil.Process(), *(psutil.Process(pid_of(engine, kind)) for kind in worker.KINDS)]
    for process in processes:
        listening = [it for it in process.net_connections() if it.status == psutil.CONN_LISTEN]
        assert {it.laddr.ip for it in listening} == {"127.0.0.1"}


@pytest.mark.slow
def test_a_range_test_is_answered_by_the_train_worker(engine: Engine) -> None:
    test = engine.range_test(MODEL, SHORT, owner="us")
    until(lambda: test.done)
    curve = test.result()
    assert curve.rates == ramp()[: len(curve.rates)]
    assert len(curve.losses) == len(curve.rates)


@pytest.mark.slow
def test_a_run_is_steered_while_it_trains(engine: Engine) -> None:
    run = train(engine, LONG)
    until(lambda: run_log.history(run).batches)
    assert engine.place(run) == Place(0, None)
    assert state(run) == "running"

    control.ask(run, by=run.owner, paused=True)
    until(lambda: run_log.history(run).paused)
    paused = run_log.history(run)
    time.sleep(0.3)
    assert run_log.history(run) is paused

    for steps in (1, 2):
        control.ask_for_step(run, by=run.owner)
        until(lambda steps=steps: len(words(run, BatchEnd)) == len(paused.batches) + steps)
        until(lambda: run_log.history(run).paused)
        last = run_log.history(run).batches[-1]
        before = paused.batches[-1]
        batch = (before.epoch - 1) * before.batches + before.batch + steps
        assert (last.epoch - 1) * last.batches + last.batch == batch

    control.ask(run, by=run.owner, learning_rate=1e-5, paused=False)
    until(lambda: run_log.history(run).batches[-1].learning_rate == 1e-5)
    assert [it.learning_rate for it in run_log.history(run).learning_rates] == [1e-5]
    assert not run_log.history(run).paused

    engine.stop(run, by=run.owner)
    assert ended(run) == "stopped"
    history = run_log.history(run)
    assert history.ended is not None
    assert history.ended.reason == "stopped"
    assert set(history.ended.scores) == {"train", "val", "test"}
    assert len(engine.look("predict", run, np.zeros((1, 8, 8, 1), np.uint8), timeout=150)) == 1


@pytest.mark.slow
def test_a_second_run_waits_with_a_place_and_an_estimate(engine: Engine) -> None:
    first, second, third = (train(engine, LONG, owner="me") for _ in range(3))
    until(lambda: len(run_log.history(first).complete_epochs) >= 1)
    assert [state(run) for run in (first, second, third)] == ["running", "queued", "queued"]
    assert engine.place(first).position == 0
    assert engine.place(second).position == 1
    assert engine.place(third).position == 2
    assert 0 < engine.place(second).seconds < 3600
    with pytest.raises(LimitError, match="already have 3 runs"):
        engine.order(MODEL, SHORT, owner="me", limits=Limits())
    engine.stop(second, by=second.owner)
    assert state(second) == "stopped"
    assert engine.place(third).position == 1
    assert state(first) == "running"
    engine.stop(first, by=first.owner)
    assert ended(first) == "stopped"
    until(lambda: state(third) == "running")


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_goes_on_from_its_last_epoch(engine: Engine) -> None:
    run = train(engine, replace(LONG, epochs=6))  # still training when its worker is killed
    until(lambda: len(run_log.history(run).complete_epochs) >= 2)
    old = pid_of(engine, "train")
    os.kill(old, signal.SIGKILL)
    until(lambda: state(run) == "queued")
    assert ended(run) == "finished"
    until(lambda: pid_of(engine, "train") != old)
    began = words(run, RunStarted)
    assert [began[0].epochs_done, len(began)] == [0, 2]
    assert began[1].epochs_done >= 1
    assert epochs_of(run) == [1, 2, 3, 4, 5, 6]
    history = run_log.history(run)
    assert history.ended is not None
    best = min(history.epochs, key=lambda end: end.val_loss)
    assert history.ended.best_epoch == best.epoch
    assert history.ended.scores["val"].loss == pytest.approx(best.val_loss, rel=1e-3)


@pytest.mark.slow
def test_a_look_after_the_look_worker_was_killed_is_answered(engine: Engine) -> None:
    run = train(engine)
    assert ended(run) == "finished"
    images = np.zeros((3, 8, 8, 1), np.uint8)
    before = engine.look("predict", run, images, timeout=150)
    written = list((runs.home().parent / "scratch").rglob("__autograph_generated_file*"))
    assert written, "the test must have seen something"
    os.kill(pid_of(engine, "look"), signal.SIGKILL)
    assert_allclose(engine.look("predict", run, images, timeout=150), before)
    until(lambda: any(not path.exists() for path in written))


@pytest.mark.slow
def test_a_look_that_cannot_be_answered_is_a_sentence(engine: Engine) -> None:
    run = train(engine, replace(SHORT, epochs=1))
    assert ended(run) == "finished"
    images = np.zeros((1, 8, 8, 1), np.uint8)
    with pytest.raises(EngineError, match="did not respond"):
        engine.look("predict", run, "no images")
    with pytest.raises(EngineError, match="No answer within 0 seconds"):
        engine.look("predict", run, images, timeout=0.0)
    path = run.folder / "best.keras"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RunError, match="missing or damaged") as caught:
        engine.look("predict", run, images)
    assert "best.keras" in caught.value.sentence("ko")
    path.unlink()
    with pytest.raises(RunError, match="missing or damaged"):
        engine.look("predict", run, images)
    shutil.rmtree(run.folder)
    with pytest.raises(RunError, match="does not exist"):
        engine.look("predict", run, images)


@pytest.mark.long
@pytest.mark.slow
def test_a_run_that_takes_every_worker_with_it_fails_with_a_sentence(engine: Engine) -> None:
    run, after = train(engine, LONG), train(engine)
    killed = 0
    while state(run) != "failed":
        pid = until(lambda: state(run) == "failed" or running_pid(run))
        if pid is not True:
            killed += 1
            assert killed <= 5
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: not alive(pid))
    assert killed == 3
    assert "ended several times" in runs.status(run).sentence("en")
    assert ended(after) == "finished"
    engine.resume(run, by=run.owner, limits=PLENTY)
    until(lambda: state(run) == "running")


APP = """
import json, psutil, sys, time
import numpy as np
from cnn_core import engine as jobs
from cnn_core.runs import control
from cnn_core.errors import CnnError

# Processes of the engine; what it asks of the machine on the way are others, soon gone.
def workers():
    found = []
    for process in psutil.Process().children():
        try:
            if "worker" in process.cmdline():
                found.append(process.pid)
        except psutil.NoSuchProcess:
            pass
    return found

engine = jobs.Engine().start()
while len(workers()) < 2:
    time.sleep(0.01)
run = None
if "train" in sys.argv:
    run = engine.order(*map(eval, sys.stdin.read().splitlines()))
    while not (run.folder / "best.keras").exists():
        time.sleep(0.02)
    control.ask(run, by=run.owner, paused=True)
    assert engine.look("predict", run, np.zeros((2, 8, 8, 1), np.uint8), timeout=150).shape == (2, 10)
    try:
        engine.look("predict", run, "no images", timeout=150)
    except CnnError as error:
        assert "did not respond" in str(error)
    assert not {"keras", "tensorflow"} & set(sys.modules)
print(json.dumps({"pids": workers(), "run": run and run.id}), flush=True)
if "stay" in sys.argv:
    time.sleep(600)
"""


def app(*words: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """A program with an engine of its own, and what it says once its workers are started."""
    setup = "from cnn_core.config import ConvBlock, ModelConfig, TrainConfig"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{setup}\n{APP}", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        process.stdin.write(f"{MODEL!r}\n{replace(LONG, epochs=4)!r}\n")
        process.stdin.close()
        return process, json.loads(process.stdout.readline())


@pytest.mark.slow
def test_a_killed_app_takes_its_workers_along_and_its_run_goes_on_in_another(
    engine: Engine,
) -> None:
    process, said = app("train", "stay")  # which also sees that its own process loads no Keras
    try:
        run = runs.open_run(said["run"])
        until(lambda: run_log.history(run).paused)
        done = len(run_log.history(run).complete_epochs)
        assert 1 <= done < 4
        assert state(run) == "running"
        with pytest.raises(RunError, match="trained by another process"):
            engine.resume(run, by=run.owner)
    finally:
        process.kill()
        process.wait()
    until(lambda: not any(map(alive, said["pids"])))
    assert state(run) == "interrupted"
    assert run in runs.all_runs()
    engine.resume(run, by=run.owner, limits=PLENTY)
    assert ended(run) == "finished"
    assert epochs_of(run) == [1, 2, 3, 4]
    assert words(run, RunStarted)[-1].epochs_done == done


@pytest.mark.slow
@pytest.mark.parametrize("how", ["SIGKILL", at_length("SIGTERM"), at_length("SIGINT"), "exit"])
def test_no_worker_outlives_an_app_that_ends_while_they_start(how: str, real_home: Path) -> None:
    process, said = app("stay") if how != "exit" else app()
    try:
        assert len(said["pids"]) == 2
        if how != "exit":
            process.send_signal(getattr(signal, how))
        assert process.wait(180) == (0 if how == "exit" else -getattr(signal, how))
    finally:
        process.kill()
        process.wait()
    until(lambda: not any(map(alive, said["pids"])))
