"""The engine with made-up workers and schedulers, and engines that cannot work."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from small_runs import MODEL, PLENTY, SHORT, state, until

from cnn_core import runs
from cnn_core.engine import Engine, processes, worker
from cnn_core.engine import engine as jobs
from cnn_core.engine import processes as engine_processes
from cnn_core.errors import EngineError
from cnn_core.runs import record


class Future:
    """Stands for a Dask future; the test says how it goes."""

    def __init__(self, run_id: str) -> None:
        self.run_id, self.status, self.error = run_id, "pending", None

    def exception(self, timeout: float) -> BaseException | None:
        return self.error

    def end(self, status: str = "finished", error: BaseException | None = None) -> None:
        self.status, self.error = status, error


def offers(kind: str) -> dict[str, float]:
    """The resources of a worker of that kind."""
    return {kind: 1, worker.version_resource(): 1}


class Cluster:
    """Stands for a Dask client and its workers."""

    def __init__(self, workers: int = 1) -> None:
        self.status = "running"
        self.scheduler = self
        self.identity = "identity"
        self.futures: list[Future] = []
        self.known = {
            f"tcp://{n}": {"name": f"train-{n}", "resources": offers("train")}
            for n in range(workers)
        }

    def close(self, timeout: float) -> None: ...

    def sync(self, ask: str, n_workers: int, callback_timeout: float) -> dict[str, Any]:
        assert (ask, n_workers) == ("identity", -1)
        assert callback_timeout > 0
        return {"workers": self.known}

    def submit(self, work: Callable[..., Any], call: bytes, **options: Any) -> Future:
        assert work is pickle.loads
        assert options["resources"] in (offers("train"), {"train": 1})  # of others', of our own
        assert not options["pure"]
        with mock.patch.object(worker, "train_run", Future):
            self.futures.append(pickle.loads(call))
        return self.futures[-1]


class LocalScheduler:
    """Stands for a scheduler in this process, or for a worker process that runs."""

    scheduler_address, name = "tcp://made-up:1", ""
    problem = None

    def close(self, timeout: float) -> None: ...
    def answered(self) -> None: ...
    def end(self) -> None: ...
    def revive(self) -> bool:
        return False


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def queue(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine whose thread is not started: a test calls its ticks."""
    monkeypatch.setattr(worker, "knock", lambda address, timeout: None)
    monkeypatch.setattr("distributed.Client", lambda address, **options: cluster)
    return Engine("tcp://made-up:1", on_ready=READY.set)


READY = threading.Event()
"""What an engine of the fixture `queue` says when it is ready."""


def threads_of_engines() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "convscope-engine"]


def order(engine: Engine, owner: str = "me") -> runs.Run:
    return engine.order(MODEL, SHORT, owner=owner, limits=PLENTY)


def test_runs_of_a_scheduler_that_went_away_wait_in_their_old_order(
    queue: Engine, cluster: Cluster
) -> None:
    first, second = order(queue), order(queue)
    queue.tick()
    record.write_json(
        first.folder / "status.json",
        {"state": "running", "host": socket.gethostname(), "pid": 2**22 + 1},
    )
    cluster.futures[0].end("cancelled")
    cluster.status = "connecting"
    queue.tick()
    queue.tick()
    assert (state(first), state(second)) == ("queued", "queued")
    assert [queue.place(run).position for run in (first, second)] == [0, 1]
    assert queue.problem("look") is not None
    assert "responds at tcp://made-up:1" in str(queue.problem("train"))
    assert not queue.ready("train")
    with pytest.raises(EngineError, match="No Dask scheduler responds"):
        order(queue)
    with pytest.raises(EngineError, match="No Dask scheduler responds"):
        queue.look("predict", first, timeout=0.0)
    cluster.status = "running"
    queue.tick()
    assert queue.problem("train") is None
    assert [it.run_id for it in cluster.futures] == [first.id, first.id]


def test_a_lost_scheduler_is_tried_again_with_a_new_client(
    queue: Engine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.tick()
    order(queue)
    cluster.status = "closed"
    new, knocks = Cluster(), []
    monkeypatch.setattr(worker, "knock", lambda address, timeout: knocks.append(address))
    monkeypatch.setattr("distributed.Client", lambda address, **options: new)
    queue.tick()
    assert knocks == ["tcp://made-up:1"]
    assert len(new.futures) == 1


def test_a_tick_that_fails_does_not_end_the_engine(
    queue: Engine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    READY.clear()
    monkeypatch.setattr(jobs, "TICK", 0.01)
    calls = 0

    def sync(*args: Any, **options: Any) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise RuntimeError("a bug")
        return {"workers": cluster.known}

    monkeypatch.setattr(cluster, "sync", sync)
    run = order(queue)
    queue.start()
    until(lambda: cluster.futures, 10)
    assert READY.wait(10)
    assert cluster.futures[0].run_id == run.id
    queue.close()
    assert not threads_of_engines()


def test_closing_leaves_the_runs_that_wait_interrupted(queue: Engine, cluster: Cluster) -> None:
    waiting = order(queue)
    queue.close()
    assert state(waiting) == "interrupted"
    assert not queue.holds(waiting.id)
    queue.close()


def test_an_unknown_look_is_a_sentence(queue: Engine) -> None:
    with pytest.raises(EngineError, match="no view “x-ray”") as caught:
        queue.look("x-ray", runs.create(MODEL, SHORT))
    assert "x-ray" in caught.value.sentence("ko")


def test_a_look_does_not_wait_for_ever_for_an_engine_that_boots() -> None:
    with pytest.raises(EngineError, match="No answer within 0 seconds"):
        Engine().look("predict", runs.create(MODEL, SHORT), timeout=0.01)


# What a cluster lacks


@pytest.mark.parametrize("kind", worker.KINDS)
def test_a_cluster_without_workers_says_which_until_they_come(
    kind: str, queue: Engine, cluster: Cluster
) -> None:
    cluster.known.clear()
    assert queue.lack(kind) is None, "nothing is known before the first try"
    waiting = order(queue)
    queue.tick()
    lack = queue.lack(kind)
    assert f"no worker that {'trains' if kind == 'train' else 'looks'}" in str(lack)
    assert f"--kind {kind}" in lack.sentence("ko")
    assert state(waiting) == "queued"
    if kind == "look":
        with pytest.raises(EngineError, match="no worker that looks"):
            queue.look("predict", waiting)

    cluster.known["tcp://old"] = {"name": "old", "resources": {kind: 1, "convscope-older": 1}}
    queue.tick()
    assert "different version" in str(queue.lack(kind))
    assert "다른 버전" in queue.lack(kind).sentence("ko")
    assert not queue.ready(kind)
    assert cluster.futures == []

    cluster.known["tcp://new"] = {"name": "new", "resources": offers(kind)}
    queue.tick()
    assert queue.lack(kind) is None
    assert len(cluster.futures) == (kind == "train")


def test_a_scheduler_that_is_away_is_what_every_kind_lacks(queue: Engine, cluster: Cluster) -> None:
    cluster.status = "connecting"
    queue.tick()
    for kind in worker.KINDS:
        assert queue.lack(kind) is queue.problem(kind) is not None
    cluster.status = "running"
    queue.tick()
    assert queue.lack("train") is None
    assert "no worker that looks" in str(queue.lack("look"))


def test_a_look_that_is_lost_with_its_scheduler_says_so_without_a_traceback(
    queue: Engine,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from distributed.client import FutureCancelledError

    class Lost:
        def result(self, timeout: float) -> None:
            raise FutureCancelledError("look-1", "scheduler-connection-lost")

        def release(self) -> None:
            pass

    monkeypatch.setattr(cluster, "submit", lambda *_, **__: Lost())
    cluster.known["tcp://look"] = {"name": "look-new", "resources": offers("look")}
    queue.tick()
    with pytest.raises(EngineError, match="No Dask scheduler"):
        queue.look("predict", runs.create(MODEL, SHORT))
    assert "Traceback" not in caplog.text


def test_own_workers_that_start_are_no_lack(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.cluster, "local", LocalScheduler)
    monkeypatch.setattr(jobs.cluster, "connect", lambda address: cluster)
    monkeypatch.setattr(jobs, "WorkerProcess", lambda scheduler, kind: LocalScheduler())
    engine = Engine()
    engine.tick()
    assert engine.lack("look") is None
    cluster.known["tcp://own"] = {"name": "own", "resources": {"look": 1, "convscope-newer": 1}}
    engine.tick()
    assert engine.ready("look"), "they run the code that lies here, whatever its version"
    engine.close()


# Engines that cannot work


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "tcp://nowhere.invalid:8786"])
def test_a_scheduler_that_is_not_there_is_a_sentence_and_no_hang(address: str) -> None:
    engine = Engine(address).start()
    try:
        until(lambda: engine.problem("train"), 20)
        assert address in str(engine.problem("look"))
        assert "CONVSCOPE_SCHEDULER" in engine.problem("train").sentence("ko")
        with pytest.raises(EngineError, match="No Dask scheduler responds"):
            order(engine)
        with pytest.raises(EngineError, match="No Dask scheduler responds"):
            engine.look("predict", runs.create(MODEL, SHORT))
        threads = threading.active_count()
        time.sleep(1.0)
        assert threading.active_count() <= threads
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

    def start(scheduler: str, kind: str) -> subprocess.Popen[bytes]:
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
    monkeypatch.setattr(jobs.cluster, "connect", lambda address: sent)
    monkeypatch.setattr(jobs.cluster, "workers", known)
    monkeypatch.setattr(jobs, "TICK", 0.02)
    sent = Cluster()
    engine = Engine()
    waiting = order(engine)  # while it boots
    engine.start()
    try:
        problem = until(lambda: engine.problem(broken), 30)
        for language in ("en", "ko"):
            assert f"{convscope_home}/logs/worker-{broken}.log" in problem.sentence(language)
        assert engine.problem(other) is None
        assert engine.ready(other)
        if broken == "look":
            until(lambda: sent.futures, 10)
            order(engine)
            with pytest.raises(EngineError, match="keeps crashing as it starts"):
                engine.look("predict", waiting)
        else:
            with pytest.raises(EngineError, match="keeps crashing as it starts"):
                order(engine)
            assert engine.holds(waiting.id)
        assert state(waiting) == "queued"
        starts = started.count(broken)
        until(lambda: started.count(broken) > starts, 20)
        assert started.count(other) == 1
        whole.set()
        until(lambda: engine.problem(broken) is None and sent.futures, 60)
    finally:
        engine.close()


def test_an_engine_starts_as_many_train_workers_as_asked(monkeypatch) -> None:
    started: list[str] = []

    def start(scheduler: str, kind: str) -> LocalScheduler:
        started.append(kind)
        return LocalScheduler()

    monkeypatch.setattr(jobs.cluster, "local", LocalScheduler)
    monkeypatch.setattr(jobs.cluster, "connect", lambda address: Cluster(3))
    monkeypatch.setattr(jobs, "WorkerProcess", start)
    engine = Engine(train_workers=3)
    engine.tick()
    assert sorted(started) == ["look", "train", "train", "train"]
    assert len(engine.workers("train")) == 3


def test_what_is_to_be_done_before_each_step_may_fail(monkeypatch) -> None:
    sent, seen = Cluster(), []
    monkeypatch.setattr(jobs.cluster, "local", LocalScheduler)
    monkeypatch.setattr(jobs.cluster, "connect", lambda address: sent)
    monkeypatch.setattr(jobs, "WorkerProcess", lambda scheduler, kind: LocalScheduler())
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
    monkeypatch.setattr(jobs.cluster, "connect", lambda address: sent)
    monkeypatch.setattr(processes, "WorkerProcess", lambda scheduler, kind: LocalScheduler())
    monkeypatch.setattr(engine_processes, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(jobs, "TICK", 0.02)
    engine = Engine()
    waiting = order(engine)
    engine.start()
    try:
        until(lambda: engine.problem("train"), 20)
        with pytest.raises(EngineError, match="PermissionError"):
            order(engine)
        with pytest.raises(EngineError, match="PermissionError"):
            engine.look("predict", waiting)
        assert state(waiting) == "queued"
        whole.set()
        until(lambda: sent.futures, 20)
        assert engine.problem("train") is None
    finally:
        engine.close()


def test_an_engine_that_is_closed_in_its_head_start_has_started_nothing(monkeypatch):
    monkeypatch.setattr(jobs.cluster, "local", lambda: pytest.fail("a scheduler was started"))
    engine = Engine(head_start=3600).start()
    engine.close()
    assert not threads_of_engines()
    assert engine.problem("train") is None
