"""Engines that cannot start, or not yet."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from patience import until
from played_cluster import Cluster, LocalScheduler, order, threads_of_engines
from small_runs import MODEL, SHORT, state

from cnn_core import runs
from cnn_core.engine import Engine, processes, worker
from cnn_core.engine import engine as jobs
from cnn_core.engine import processes as engine_processes
from cnn_core.errors import EngineError


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "tcp://nowhere.invalid:8786"])
def test_a_scheduler_that_is_not_there_is_a_sentence_and_no_hang(address: str) -> None:
    engine = Engine(address).start()
    try:
        until(lambda: engine.problem("train"))
        assert address in str(engine.problem("look"))
        assert "CONVSCOPE_SCHEDULER" in engine.problem("train").sentence("ko")
        with pytest.raises(EngineError, match="No Dask scheduler responds"):
            order(engine)
        with pytest.raises(EngineError, match="No Dask scheduler responds"):
            engine.look("predict", runs.create(MODEL, SHORT))
        threads = threading.active_count()
        time.sleep(1.0)
        until(lambda: threading.active_count() <= threads)  # those of other tests come and go
    finally:
        engine.close()


@pytest.mark.parametrize("broken", worker.KINDS)
def test_a_worker_that_cannot_start_is_a_problem_of_its_kind_alone_and_goes_away_by_itself(
    broken: str, monkeypatch: pytest.MonkeyPatch, convscope_home: Path
) -> None:
    other = next(kind for kind in worker.KINDS if kind != broken)
    started: list[str] = []
    living: dict[str, subprocess.Popen[bytes]] = {}
    whole = threading.Event()

    def start(scheduler: str, kind: str, keys: dict[str, str]) -> subprocess.Popen[bytes]:
        started.append(kind)
        program = "exit(3)" if kind == broken and not whole.is_set() else "input()"
        living[kind] = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
        return living[kind]

    def known(client: Any) -> dict[str, Any]:
        """Every process that lives has told the scheduler of itself."""
        return {
            f"{kind}-{process.pid}": {"name": f"{kind}-{process.pid}", "resources": {kind: 1}}
            for kind, process in living.items()
            if kind == other or whole.is_set()
        }

    monkeypatch.setattr(engine_processes, "start_worker", start)
    monkeypatch.setattr(engine_processes, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(jobs.cluster, "local", LocalScheduler)
    monkeypatch.setattr(jobs.cluster, "connect", lambda *address: sent)
    monkeypatch.setattr(jobs.cluster, "workers", known)
    monkeypatch.setattr(jobs, "TICK", 0.02)
    sent = Cluster()
    engine = Engine()
    waiting = order(engine)  # while it boots
    engine.start()
    try:
        problem = until(lambda: engine.problem(broken))
        for language in ("en", "ko"):
            assert f"{convscope_home}/logs/worker-{broken}.log" in problem.sentence(language)
        assert engine.problem(other) is None
        until(lambda: engine.ready(other))
        if broken == "look":
            until(lambda: sent.futures)
            order(engine)
            with pytest.raises(EngineError, match="keeps crashing as it starts"):
                engine.look("predict", waiting)
        else:
            with pytest.raises(EngineError, match="keeps crashing as it starts"):
                order(engine)
            assert engine.holds(waiting.id)
        assert state(waiting) == "queued"
        starts = started.count(broken)
        until(lambda: started.count(broken) > starts)
        assert started.count(other) == 1
        whole.set()
        until(lambda: engine.problem(broken) is None and sent.futures)
    finally:
        engine.close()


def test_an_engine_starts_as_many_train_workers_as_asked(monkeypatch) -> None:
    started: list[str] = []

    def start(scheduler: str, kind: str, keys: dict[str, str]) -> LocalScheduler:
        started.append(kind)
        return LocalScheduler()

    monkeypatch.setattr(jobs.cluster, "local", LocalScheduler)
    monkeypatch.setattr(jobs.cluster, "connect", lambda *address: Cluster(3))
    monkeypatch.setattr(jobs, "WorkerProcess", start)
    engine = Engine(train_workers=3)
    engine.tick()
    assert sorted(started) == ["look", "train", "train", "train"]
    assert len(engine.workers("train")) == 3


def test_one_worker_does_both_and_its_problem_is_one_of_both(monkeypatch) -> None:
    started: list[str] = []
    both = LocalScheduler()

    def start(scheduler: str, kind: str, keys: dict[str, str]) -> LocalScheduler:
        started.append(kind)
        return both

    cluster = Cluster(0)
    monkeypatch.setattr(jobs.cluster, "local", LocalScheduler)
    monkeypatch.setattr(jobs.cluster, "connect", lambda *address: cluster)
    monkeypatch.setattr(jobs, "WorkerProcess", start)
    engine = Engine(plan="one", train_workers=3)
    engine.tick()
    assert (started, engine.capacity) == (["both"], 1)
    assert not engine.ready("train")
    monkeypatch.setattr(both, "problem", EngineError("engine.worker_both", log="a.log"), False)
    assert engine.problem("train") == engine.problem("look") == both.problem
    monkeypatch.setattr(both, "problem", None)
    cluster.workers_of_scheduler = {"tcp://1": {"name": "both-1", "resources": offers_both()}}
    engine.tick()
    assert engine.workers("train") == engine.workers("look") == {"both-1"}
    order(engine)
    order(engine)
    engine.tick()
    assert len(cluster.futures) == 1


def offers_both() -> dict[str, float]:
    return {"train": 1, "look": 1, worker.version_resource(): 2}


@pytest.mark.parametrize("scheduler", [None, "tcp://127.0.0.1:9"])
def test_an_engine_without_workers_starts_nothing_and_says_so(scheduler, monkeypatch) -> None:
    monkeypatch.setattr(jobs.cluster, "local", lambda: pytest.fail("a scheduler was started"))
    monkeypatch.setattr(jobs.cluster, "connect", lambda *_: pytest.fail("somebody was called"))
    ready = threading.Event()
    engine = Engine(scheduler, plan="off", on_ready=ready.set).start()
    try:
        until(ready.is_set)
        run = runs.create(MODEL, SHORT)
        for kind in worker.KINDS:
            assert "CONVSCOPE_WORKERS=off" in engine.problem(kind).sentence("ko")
            assert not engine.ready(kind)
        assert engine.capacity == 1
        with pytest.raises(EngineError, match="No network can be trained on this server"):
            order(engine)
        with pytest.raises(EngineError, match="No network can be trained on this server"):
            engine.resume(run, by=run.owner)
        with pytest.raises(EngineError, match="No network can be trained on this server"):
            engine.range_test(MODEL, SHORT, owner="me")
        with pytest.raises(EngineError, match="needs a worker process"):
            engine.look("predict", run)
    finally:
        engine.close()


def test_what_is_to_be_done_before_each_step_may_fail(monkeypatch) -> None:
    sent, seen = Cluster(), []
    monkeypatch.setattr(jobs.cluster, "local", LocalScheduler)
    monkeypatch.setattr(jobs.cluster, "connect", lambda *address: sent)
    monkeypatch.setattr(jobs, "WorkerProcess", lambda *settings: LocalScheduler())
    engine = Engine()
    engine.before_each_step(lambda: seen.append(len(sent.futures)) or 1 / 0)
    order(engine)
    engine.tick()
    assert (seen, len(sent.futures)) == ([0], 1)


def test_pauses_between_starts_grow_and_do_not_end() -> None:
    now = 100.0
    backoff = engine_processes.Backoff(clock=lambda: now)
    assert backoff.due
    pauses = []
    for _ in range(40):
        backoff.fail()
        pauses.append(backoff.until - now)
    assert pauses[:5] == [0.0, 1.0, 2.0, 4.0, 8.0]
    assert set(pauses[8:]) == {engine_processes.LONGEST_PAUSE}
    assert not backoff.due
    now += engine_processes.LONGEST_PAUSE
    assert backoff.due
    backoff.succeed()
    backoff.fail()
    assert backoff.due


def test_what_waits_for_a_scheduler_that_cannot_start_is_trained_once_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, sent = threading.Event(), Cluster()

    def local() -> LocalScheduler:
        if not whole.is_set():
            raise PermissionError("no sockets for you")
        return LocalScheduler()

    monkeypatch.setattr(jobs.cluster, "local", local)
    monkeypatch.setattr(jobs.cluster, "connect", lambda *address: sent)
    monkeypatch.setattr(processes, "WorkerProcess", lambda *settings: LocalScheduler())
    monkeypatch.setattr(engine_processes, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(jobs, "TICK", 0.02)
    engine = Engine()
    waiting = order(engine)
    engine.start()
    try:
        until(lambda: engine.problem("train"))
        with pytest.raises(EngineError, match="PermissionError"):
            order(engine)
        with pytest.raises(EngineError, match="PermissionError"):
            engine.look("predict", waiting)
        assert state(waiting) == "queued"
        whole.set()
        until(lambda: sent.futures)
        assert engine.problem("train") is None
    finally:
        engine.close()


def test_an_engine_that_is_closed_in_its_head_start_has_started_nothing(monkeypatch):
    monkeypatch.setattr(jobs.cluster, "local", lambda: pytest.fail("a scheduler was started"))
    engine = Engine(head_start=3600).start()
    engine.close()
    assert not threads_of_engines()
    assert engine.problem("train") is None


ENDS = """
import logging, threading
from concurrent.futures import ThreadPoolExecutor
from cnn_core.engine import Engine

logging.basicConfig()
engine = Engine()

def work():
    threading.main_thread().join()
    engine._try(lambda: ThreadPoolExecutor().submit(print).result())

threading.Thread(target=work).start()
"""


def test_what_fails_because_the_process_ends_is_no_fault_to_log() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_fails_while_the_process_goes_on_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs, "LAST_WORDS", 0.01)
    Engine()._try(lambda: 1 / 0)
    assert "ZeroDivisionError" in caplog.text
