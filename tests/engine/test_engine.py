"""The queue of the engine with made-up workers, and engines that cannot work."""

from __future__ import annotations

import os
import pickle
import shutil
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
from cnn_core.engine.estimate import Place
from cnn_core.errors import EngineError, LimitError, RunError
from cnn_core.planning.cost import estimated_seconds
from cnn_core.planning.limits import Limits
from cnn_core.progress.events import EpochEnd, RunStarted
from cnn_core.runs import control as steering
from cnn_core.runs import log as run_log
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
    """Stands for a Dask client and the workers behind it."""

    def __init__(self, workers: int = 1) -> None:
        self.status = "running"
        self.scheduler = self
        self.identity = "identity"
        self.futures: list[Future] = []
        self.known = {
            f"tcp://{n}": {"name": f"train-{n}", "resources": offers("train")}
            for n in range(workers)
        }

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
def queue(cluster: Cluster) -> Engine:
    """An engine whose thread is not started: a test calls its ticks."""
    engine = Engine("tcp://made-up:1")
    engine._client = cluster
    return engine


def order(engine: Engine, owner: str = "me") -> runs.Run:
    return engine.order(MODEL, SHORT, owner=owner, limits=PLENTY)


def test_runs_are_sent_in_their_order_one_a_worker(queue: Engine, cluster: Cluster) -> None:
    first, second, third = (order(queue) for _ in range(3))
    assert [queue.place(run).position for run in (first, second, third)] == [0, 1, 2]
    queue._tick()
    assert [it.run_id for it in cluster.futures] == [first.id]
    assert [queue.place(run).position for run in (first, second, third)] == [0, 1, 2]
    queue._tick()
    assert len(cluster.futures) == 1
    cluster.futures[0].end()
    queue._tick()
    assert [it.run_id for it in cluster.futures] == [first.id, second.id]
    assert not queue.holds(first.id)
    assert [queue.holds(run.id) for run in (second, third)] == [True, True]
    cluster.known["tcp://new"] = {"name": "train-new", "resources": offers("train")}
    cluster.known["tcp://look"] = {"name": "look-new", "resources": offers("look")}
    cluster.known["tcp://other"] = {"name": "other", "resources": {}}
    queue._tick()
    assert [it.run_id for it in cluster.futures] == [first.id, second.id, third.id]
    assert queue.place(third) == Place(0, None)
    assert queue.ready("train")
    assert queue.ready("look")


def test_a_place_tells_how_long_those_before_will_take(queue: Engine, cluster: Cluster) -> None:
    first, second = order(queue), order(queue)
    queue._tick()
    assert queue.place(second) == Place(1, None)
    measured = runs.create(MODEL, SHORT)
    work = estimated_seconds(MODEL, SHORT, 1149)
    runs.write_status(measured, "finished", speed=work / 10)  # ten seconds an epoch
    assert queue.place(second) == Place(1, pytest.approx(20.0))
    write = run_log.EventWriter(first)
    write(RunStarted(1, 1149, 18, "float32"))
    write(EpochEnd(1, 1, 1, 1, 1, 1, seconds=4.0))
    write.close()
    assert queue.place(second) == Place(1, pytest.approx(4.0))
    cluster.known["tcp://new"] = {"name": "train-new", "resources": offers("train")}
    third = order(queue)
    queue._workers = queue._find_workers()
    assert queue.place(third) == Place(2, pytest.approx((4.0 + 20.0) / 2))
    assert queue.place(measured) == Place(0, None)


def test_the_run_at_work_tells_how_long_those_that_wait_will_take(queue: Engine) -> None:
    """Earlier runs may have been slowed by their start or by a busy machine."""
    slow = runs.create(MODEL, SHORT)
    work = estimated_seconds(MODEL, SHORT, 1149)
    runs.write_status(slow, "finished", speed=work / 10)  # ten seconds an epoch
    running, waiting, last = (order(queue) for _ in range(3))
    queue._tick()
    assert queue.place(last).seconds == pytest.approx(2 * 20.0)
    write = run_log.EventWriter(running)
    write(RunStarted(1, 1149, 18, "float32"))
    write(EpochEnd(1, 1, 1, 1, 1, 1, seconds=8.0))
    write(EpochEnd(2, 1, 1, 1, 1, 1, seconds=0.5))
    write.close()
    assert queue.place(last).seconds == pytest.approx(0.0 + 2 * 0.5)
    assert queue.estimate(MODEL, SHORT) == pytest.approx(2 * 0.5)
    runs.write_status(slow, "finished", speed=work / 10, extra=3.0)
    assert queue.estimate(MODEL, SHORT) == pytest.approx(3.0 + 2 * 0.5), "compiling takes time too"
    assert queue.place(waiting).position == 1


def test_no_visitor_may_have_more_than_the_cap_waiting(queue: Engine, cluster: Cluster) -> None:
    limits = Limits(queued=2)
    for _ in range(2):
        queue.order(MODEL, SHORT, owner="me", limits=limits)
    queue._tick()
    before = len(runs.all_runs())
    with pytest.raises(LimitError, match="already have 2 runs"):
        queue.order(MODEL, SHORT, owner="me", limits=limits)
    assert len(runs.all_runs()) == before
    other = queue.order(MODEL, SHORT, owner="you", limits=limits)
    queue.stop(other, by=other.owner)
    queue.order(MODEL, SHORT, owner="you", limits=limits)
    cluster.futures[0].end()
    queue._tick()
    queue.order(MODEL, SHORT, owner="me", limits=limits)


def test_a_run_that_waits_is_stopped_at_once(queue: Engine, cluster: Cluster) -> None:
    cluster.known.clear()
    run, after = order(queue), order(queue)
    queue.stop(run, by=run.owner)
    assert state(run) == "stopped"
    assert not queue.holds(run.id)
    assert queue.place(after).position == 0
    assert queue.place(run) == Place(0, None)


def test_a_run_that_is_sent_is_asked_to_stop(queue: Engine) -> None:
    run = order(queue)
    queue._tick()
    queue.stop(run, by=run.owner)
    assert steering.read_control(run).stop
    assert queue.holds(run.id)
    assert state(run) == "queued"


def interrupted(epochs: int = 1, owner: str = "") -> runs.Run:
    run = runs.create(MODEL, SHORT, owner=owner)
    write = run_log.EventWriter(run)
    for epoch in range(1, epochs + 1):
        write(EpochEnd(epoch, 1, 1, 1, 1, 1, 1.0))
    write.close()
    steering.ask(run, by=run.owner, stop=True, paused=True, learning_rate=0.5)
    runs.write_status(run, "interrupted")
    return run


def test_an_interrupted_run_is_queued_again_without_its_old_wishes(
    queue: Engine, cluster: Cluster
) -> None:
    run = interrupted()
    queue.resume(run, by=run.owner, limits=PLENTY)
    control = steering.read_control(run)
    assert (control.stop, control.paused, control.learning_rate) == (False, False, 0.5)
    assert state(run) == "queued"
    with pytest.raises(RunError, match="cannot be resumed"):
        queue.resume(run, by=run.owner, limits=PLENTY)
    queue._tick()
    assert cluster.futures[0].run_id == run.id


def test_an_interrupted_run_that_is_stopped_in_the_queue_can_still_be_resumed(
    queue: Engine,
) -> None:
    run = interrupted()
    queue.resume(run, by=run.owner, limits=PLENTY)
    queue.stop(run, by=run.owner)
    assert runs.status(run).resumable
    queue.resume(run, by=run.owner, limits=PLENTY)
    assert state(run) == "queued"


def test_a_run_whose_worker_just_died_is_still_held_and_cannot_be_resumed_twice(
    queue: Engine,
) -> None:
    run = order(queue)
    queue._tick()
    runs.write_status(run, "interrupted")
    with pytest.raises(RunError, match="cannot be resumed"):
        queue.resume(run, by=run.owner, limits=PLENTY)


@pytest.mark.parametrize("over", runs.OVER)
def test_a_run_that_is_over_cannot_be_resumed(over: str, queue: Engine) -> None:
    run = runs.create(MODEL, SHORT)
    runs.write_status(run, over)
    with pytest.raises(RunError, match="cannot be resumed"):
        queue.resume(run, by=run.owner)
    assert state(run) == over


CHANGES: dict[str, Callable[[Engine, runs.Run, str], object]] = {
    "resume": lambda queue, run, by: queue.resume(run, by=by, limits=PLENTY),
    "stop": lambda queue, run, by: queue.stop(run, by=by),
    "pause": lambda queue, run, by: steering.ask(run, by=by, paused=True),
    "rate": lambda queue, run, by: steering.ask(run, by=by, learning_rate=0.1),
    "step": lambda queue, run, by: steering.ask_for_step(run, by=by),
    "rename": lambda queue, run, by: runs.rename(run, "mine", by=by),
    "delete": lambda queue, run, by: runs.delete(run, by=by),
}


def files(run: runs.Run) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("owner", ["me", ""])
@pytest.mark.parametrize("change", CHANGES)
def test_only_the_owner_of_a_run_changes_it(change: str, owner: str, queue: Engine) -> None:
    run = interrupted(owner=owner)
    steering.ask(run, by=owner, stop=False, paused=False)
    before = files(run)
    for stranger in {"", "you", "Me", "m", "me "} - {owner}:
        with pytest.raises(RunError, match="belongs to another visitor"):
            CHANGES[change](queue, run, stranger)
        assert files(run) == before
        assert not queue.holds(run.id)
    CHANGES[change](queue, run, owner)
    assert files(run) != before


def test_nobody_uses_up_what_another_may_have_queued(queue: Engine) -> None:
    limits = Limits(queued=3)
    for run in [interrupted(owner="me") for _ in range(3)]:
        with pytest.raises(RunError, match="belongs to another visitor"):
            queue.resume(run, by="you", limits=limits)
    queue.order(MODEL, SHORT, owner="me", limits=limits)


def test_a_run_at_work_is_stopped_by_its_owner_only(queue: Engine) -> None:
    waits, works = order(queue), order(queue)
    queue._tick()
    for run in (waits, works):
        with pytest.raises(RunError, match="belongs to another visitor"):
            queue.stop(run, by="you")
        assert queue.holds(run.id)
        assert not steering.read_control(run).stop


def test_caps_hold_for_resumed_runs_too(queue: Engine) -> None:
    run = interrupted()
    with pytest.raises(LimitError):
        queue.resume(run, by=run.owner, limits=Limits(epochs=1))
    order(queue, owner="")
    with pytest.raises(LimitError):
        queue.resume(run, by=run.owner, limits=Limits(queued=1))
    assert state(run) == "interrupted"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RunError("run.wrong_classes", images=10, network=7), "outputs for only 7"),
        (type("KilledWorker", (Exception,), {})("x"), "its process was killed"),
        (OSError("disk"), "internal error (OSError)"),
    ],
)
def test_what_a_worker_could_not_write_itself_is_written_for_it(
    error: Exception, sentence: str, queue: Engine, cluster: Cluster
) -> None:
    run = order(queue)
    queue._tick()
    cluster.futures[0].end("error", error)
    queue._tick()
    assert state(run) == "failed"
    assert sentence in runs.status(run).sentence("en")
    assert runs.status(run).sentence("ko")
    assert not queue.holds(run.id)


def test_runs_of_a_scheduler_that_went_away_wait_in_their_old_order(
    queue: Engine, cluster: Cluster
) -> None:
    first, second = order(queue), order(queue)
    queue._tick()
    record.write_json(
        first.folder / "status.json",
        {"state": "running", "host": socket.gethostname(), "pid": 2**22 + 1},
    )
    cluster.futures[0].end("cancelled")
    cluster.status = "connecting"
    queue._tick()
    queue._tick()
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
    queue._tick()
    assert queue.problem("train") is None
    assert [it.run_id for it in cluster.futures] == [first.id, first.id]


def test_a_lost_scheduler_is_tried_again_with_a_new_client(
    queue: Engine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(queue)
    cluster.status = "closed"
    new, knocks = Cluster(), []
    monkeypatch.setattr(worker, "knock", lambda address, timeout: knocks.append(address))
    monkeypatch.setattr("distributed.Client", lambda address, **options: new)
    queue._tick()
    assert knocks == ["tcp://made-up:1"]
    assert len(new.futures) == 1


def test_waiting_runs_are_vouched_for(queue: Engine, cluster: Cluster) -> None:
    waiting, sent = order(queue), order(queue)
    cluster.known.clear()
    for run in (waiting, sent):
        os.utime(run.folder / "alive", (1, 1))
        assert state(run) == "interrupted"
    queue._tick()
    assert (state(waiting), state(sent)) == ("queued", "queued")


def test_a_long_pause_ends_once_others_wait_for_the_worker(queue: Engine, cluster: Cluster) -> None:
    paused = order(queue)
    queue._tick()
    steering.ask(paused, by=paused.owner, paused=True)
    control = paused.folder / "control.json"
    for seconds, others, goes_on in ((400, False, False), (100, True, False), (400, True, True)):
        if others and len(queue._jobs) == 1:
            order(queue)
        os.utime(control, (time.time() - seconds,) * 2)
        queue._vouched = -1e9
        queue._tick()
        assert steering.read_control(paused).paused is not goes_on
        assert steering.read_control(paused).pause_ended is goes_on
        left = queue.pause_left(paused)
        assert left == (None if goes_on or not others else pytest.approx(200, abs=5))
    steering.ask(paused, by=paused.owner, paused=True)
    assert not steering.read_control(paused).pause_ended, "said of the last pause only"


def test_a_run_that_somebody_finished_meanwhile_is_left_alone(
    queue: Engine, cluster: Cluster
) -> None:
    run = order(queue)
    queue._tick()
    runs.write_status(run, "finished", speed=3.0)
    queue._vouched = -1e9
    queue._tick()
    assert runs.status(run).speed == 3.0


@pytest.mark.parametrize("status", ["finished", "error", "cancelled"])
def test_a_run_whose_folder_is_gone_troubles_nobody(
    status: str, queue: Engine, cluster: Cluster
) -> None:
    gone, other = order(queue), order(queue)
    queue._tick()
    shutil.rmtree(gone.folder)
    queue._vouched = -1e9
    queue._tick()
    assert queue.place(other).position == 1
    cluster.futures[0].end(status, OSError("gone") if status == "error" else None)
    queue._tick()
    if status != "cancelled":
        assert cluster.futures[1].run_id == other.id
    assert not gone.folder.exists()
    with pytest.raises(RunError, match="does not exist"):
        queue.stop(gone, by=gone.owner)


def test_a_waiting_run_whose_folder_is_gone_or_damaged_troubles_nobody(
    queue: Engine, cluster: Cluster
) -> None:
    busy, gone, damaged, last = (order(queue) for _ in range(4))
    queue._tick()
    shutil.rmtree(gone.folder)
    (damaged.folder / "config.json").write_text("{")
    (damaged.folder / "events.jsonl").write_bytes(b"\0\0\n")
    assert queue.place(last).position == 3
    order(queue, "another")
    for _ in range(3):
        cluster.futures[-1].end()
        queue._tick()
    assert [it.run_id for it in cluster.futures] == [busy.id, gone.id, damaged.id, last.id]


def test_a_tick_that_fails_does_not_end_the_engine(
    queue: Engine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = threading.Event()
    queue._on_ready = ready.set
    monkeypatch.setattr(jobs, "TICK", 0.01)
    calls = 0

    def sync(*args: Any, **options: Any) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise RuntimeError("a bug")
        return {"workers": cluster.known}

    monkeypatch.setattr(cluster, "sync", sync)
    cluster.close = lambda timeout: None  # type: ignore[attr-defined]
    run = order(queue)
    queue.start()
    until(lambda: cluster.futures, 10)
    assert ready.wait(10)
    assert cluster.futures[0].run_id == run.id
    queue.close()
    assert not queue._thread.is_alive()


def test_closing_leaves_the_runs_that_wait_interrupted(queue: Engine, cluster: Cluster) -> None:
    waiting = order(queue)
    cluster.close = lambda timeout: None  # type: ignore[attr-defined]
    queue.close()
    assert state(waiting) == "interrupted"
    assert not queue.holds(waiting.id)
    queue.close()


def test_a_foreign_run_has_no_place_and_raises_nothing(queue: Engine) -> None:
    foreign = runs.create(MODEL, SHORT)
    shutil.rmtree(foreign.folder)
    assert queue.place(foreign) == Place(0, None)
    assert not queue.holds("../../etc")


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
    queue._tick()
    queue._tried.set()
    lack = queue.lack(kind)
    assert f"no worker that {'trains' if kind == 'train' else 'looks'}" in str(lack)
    assert f"--kind {kind}" in lack.sentence("ko")
    assert state(waiting) == "queued"
    if kind == "look":
        with pytest.raises(EngineError, match="no worker that looks"):
            queue.look("predict", waiting)

    cluster.known["tcp://old"] = {"name": "old", "resources": {kind: 1, "convscope-older": 1}}
    queue._tick()
    assert "another version" in str(queue.lack(kind))
    assert "다른 버전" in queue.lack(kind).sentence("ko")
    assert not queue.ready(kind)
    assert cluster.futures == []

    cluster.known["tcp://new"] = {"name": "new", "resources": offers(kind)}
    queue._tick()
    assert queue.lack(kind) is None
    assert len(cluster.futures) == (kind == "train")


def test_a_scheduler_that_is_away_is_what_every_kind_lacks(queue: Engine, cluster: Cluster) -> None:
    queue._tried.set()
    cluster.status = "connecting"
    queue._tick()
    for kind in worker.KINDS:
        assert queue.lack(kind) is queue.problem(kind) is not None
    cluster.status = "running"
    queue._tick()
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
    queue._tick()
    queue._tried.set()
    with pytest.raises(EngineError, match="No Dask scheduler"):
        queue.look("predict", runs.create(MODEL, SHORT))
    assert "Traceback" not in caplog.text


def test_own_workers_that_start_are_no_lack(cluster: Cluster) -> None:
    engine = Engine()
    engine._client = engine._cluster = cluster
    engine._tried.set()
    assert engine.lack("look") is None
    cluster.known["tcp://own"] = {"name": "own", "resources": {"look": 1, "convscope-newer": 1}}
    engine._tick()
    assert engine.ready("look"), "they run the code that lies here, whatever its version"


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
    whole = threading.Event()

    def start(scheduler: str, kind: str) -> subprocess.Popen[bytes]:
        started.append(kind)
        program = "exit(3)" if kind == broken and not whole.is_set() else "input()"
        return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)

    def known(client: Any) -> dict[str, Any]:
        """Every process that lives has told the scheduler of itself."""
        return {
            it.name: {"name": it.name, "resources": {kind: 1}}
            for kind, it in engine._processes.items()
            if it.popen and (kind == other or whole.is_set())
        }

    monkeypatch.setattr(engine_processes, "start_worker", start)
    monkeypatch.setattr(engine_processes, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(jobs.cluster, "local", LocalScheduler)
    monkeypatch.setattr(jobs.cluster, "connect", lambda address: sent)
    monkeypatch.setattr(jobs.cluster, "workers", known)
    monkeypatch.setattr(jobs, "TICK", 0.02)
    sent = Cluster()
    sent.close = lambda timeout: None  # type: ignore[attr-defined]
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
    sent.close = lambda timeout: None  # type: ignore[attr-defined]

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
    assert not engine._thread.is_alive()
    assert engine._processes == {}
    assert engine.problem("train") is None
