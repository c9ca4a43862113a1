"""The engine with made-up workers and schedulers, and engines that cannot work."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from patience import until
from played_cluster import Cluster, LocalScheduler, offers, order, threads_of_engines
from small_runs import MODEL, SHORT, state

from cnn_core import runs
from cnn_core.engine import Engine, worker
from cnn_core.engine import engine as jobs
from cnn_core.errors import EngineError
from cnn_core.runs import record


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
        return {"workers": cluster.workers_of_scheduler}

    monkeypatch.setattr(cluster, "sync", sync)
    run = order(queue)
    queue.start()
    until(lambda: cluster.futures)
    assert READY.wait(180)
    assert cluster.futures[0].run_id == run.id
    queue.close()
    assert not threads_of_engines()


def test_a_worker_never_waits_for_the_next_tick(
    queue: Engine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TICK", 3600.0)
    queue.start()
    until(lambda: queue.ready("train"))
    runs_in_order = [order(queue), order(queue)]
    until(lambda: cluster.futures)
    runs.write_status(runs_in_order[0], "finished")
    cluster.futures[0].end()
    until(lambda: len(cluster.futures) == 2)
    assert [future.run_id for future in cluster.futures] == [run.id for run in runs_in_order]
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


@pytest.mark.parametrize("kind", worker.KINDS)
def test_a_cluster_without_workers_says_which_until_they_come(
    kind: str, queue: Engine, cluster: Cluster
) -> None:
    cluster.workers_of_scheduler.clear()
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

    cluster.workers_of_scheduler["tcp://old"] = {
        "name": "old",
        "resources": {kind: 1, "convscope-older": 1},
    }
    queue.tick()
    assert "different version" in str(queue.lack(kind))
    assert "다른 버전" in queue.lack(kind).sentence("ko")
    assert not queue.ready(kind)
    assert cluster.futures == []

    cluster.workers_of_scheduler["tcp://new"] = {"name": "new", "resources": offers(kind)}
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
    cluster.workers_of_scheduler["tcp://look"] = {"name": "look-new", "resources": offers("look")}
    queue.tick()
    with pytest.raises(EngineError, match="No Dask scheduler"):
        queue.look("predict", runs.create(MODEL, SHORT))
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("closes_after", [None, 0.0, 0.2])
def test_a_look_that_is_asked_while_the_server_ends_leaves_no_traceback(
    closes_after: float | None,
    queue: Engine,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def submit(*_: object, **__: object) -> None:
        if closes_after is not None:
            threading.Timer(closes_after, queue._closing.set).start()
        raise RuntimeError("cannot schedule new futures after shutdown")

    monkeypatch.setattr(cluster, "submit", submit)
    cluster.workers_of_scheduler["tcp://look"] = {"name": "look-new", "resources": offers("look")}
    queue.tick()
    with pytest.raises(EngineError, match="RuntimeError"):
        queue.look("predict", runs.create(MODEL, SHORT))
    assert ("Traceback" in caplog.text) is (closes_after is None)


def test_own_workers_that_start_are_no_lack(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.cluster, "local", LocalScheduler)
    monkeypatch.setattr(jobs.cluster, "connect", lambda *address: cluster)
    monkeypatch.setattr(jobs, "WorkerProcess", lambda *settings: LocalScheduler())
    engine = Engine()
    engine.tick()
    assert engine.lack("look") is None
    cluster.workers_of_scheduler["tcp://own"] = {
        "name": "own",
        "resources": {"look": 1, "convscope-newer": 1},
    }
    engine.tick()
    assert engine.ready("look"), "they run the code that lies here, whatever its version"
    engine.close()
