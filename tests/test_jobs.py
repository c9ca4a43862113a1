"""The engine: its queue with made-up workers, then everything again with real worker processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.testing import assert_allclose

from cnn_core import datasets, jobs, runs, worker
from cnn_core.config import TEXTBOOK, ConvBlock, Limits, ModelConfig, TrainConfig
from cnn_core.errors import CnnError, ConfigError, DataError, EngineError, LimitError, RunError
from cnn_core.events import BatchEnd, EpochEnd, RunStarted, from_json
from cnn_core.jobs import Engine, Place, check_limits
from cnn_core.pace import reckoned_seconds

ROOT = Path(__file__).parent.parent
MODEL = ModelConfig(blocks=(ConvBlock(4),), dense=(8,), input_shape=(8, 8, 1))
SHORT = TrainConfig("digits", epochs=2, batch_size=64, patience=0, precision="float32")
LONG = replace(SHORT, epochs=50, batch_size=4)  # about a minute and a half
PLENTY = Limits(queued=100)


def until(what: Callable[[], Any], seconds: float = 180.0) -> Any:
    """Wait until `what()` is true, and return it; no test hangs."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.02)
    return answer


def state(run: runs.Run) -> str:
    return runs.status(run).state


# Caps


@pytest.mark.parametrize(
    ("model", "train", "key", "said"),
    [
        (replace(MODEL, dense=(2048, 2048)), SHORT, "limit.parameters", "at most 1,000,000"),
        (MODEL, replace(SHORT, epochs=51), "limit.epochs", "51 epochs are too many"),
        (
            replace(TEXTBOOK, blocks=(ConvBlock(128, pool_size=4),)),
            replace(SHORT, batch_size=4096),
            "limit.batch",
            r"One batch of 4096 images would need about \d\.\d GB .* allows 1.5 GB",
        ),
    ],
)
def test_what_is_over_a_cap_is_refused_with_both_numbers(
    model: ModelConfig, train: TrainConfig, key: str, said: str
) -> None:
    limits = Limits(parameters=1_000_000)
    with pytest.raises(LimitError, match=said) as caught:
        Engine().order(model, train, limits=limits)
    assert caught.value.key == key
    assert caught.value.sentence("ko")
    assert not runs.home().exists()


def test_the_batch_that_is_named_as_the_largest_passes() -> None:
    limits = Limits(batch_megabytes=100)
    huge = replace(SHORT, batch_size=4096)
    with pytest.raises(LimitError) as caught:
        check_limits(TEXTBOOK, huge, limits)
    largest = caught.value.slots["largest"]
    assert isinstance(largest, int)
    check_limits(TEXTBOOK, replace(SHORT, batch_size=largest), limits)
    with pytest.raises(LimitError):
        check_limits(TEXTBOOK, replace(SHORT, batch_size=largest + 1), limits)


def test_what_cannot_be_trained_is_refused_and_nothing_is_made() -> None:
    engine = Engine()
    with pytest.raises(DataError, match="no data set “cats”"):
        engine.order(MODEL, replace(SHORT, dataset="cats"))
    with pytest.raises(CnnError, match="8 → 4 → 2 → 1 → 0"):
        engine.order(replace(MODEL, blocks=(ConvBlock(4),) * 4), SHORT)
    assert not runs.home().exists()


def test_a_cap_of_the_environment_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "1")
    with pytest.raises(LimitError, match="2 epochs are too many"):
        Engine().order(MODEL, SHORT)
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "many")
    with pytest.raises(ConfigError):
        Engine().order(MODEL, SHORT)


# The queue, with a made-up cluster


class Future:
    """Stands for a Dask future; the test says how it goes."""

    def __init__(self, run_id: str) -> None:
        self.run_id, self.status, self.error = run_id, "pending", None

    def exception(self, timeout: float) -> BaseException | None:
        return self.error

    def end(self, status: str = "finished", error: BaseException | None = None) -> None:
        self.status, self.error = status, error


class Cluster:
    """Stands for a Dask client and the workers behind it."""

    def __init__(self, workers: int = 1) -> None:
        self.status = "running"
        self.scheduler = self
        self.identity = "identity"
        self.futures: list[Future] = []
        self.known = {
            f"tcp://{n}": {"name": f"train-{n}", "resources": {"train": 1}} for n in range(workers)
        }

    def sync(self, ask: str, n_workers: int, callback_timeout: float) -> dict[str, Any]:
        assert (ask, n_workers) == ("identity", -1)
        assert callback_timeout > 0
        return {"workers": self.known}

    def submit(self, work: Callable[..., Any], run_id: str, **options: Any) -> Future:
        assert work is worker.train_run
        assert options["resources"] == {"train": 1}
        assert not options["pure"]
        self.futures.append(Future(run_id))
        return self.futures[-1]


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
    cluster.known["tcp://new"] = {"name": "train-new", "resources": {"train": 1}}
    cluster.known["tcp://look"] = {"name": "look-new", "resources": {"look": 1}}
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
    work = reckoned_seconds(MODEL, SHORT, 1149)
    runs.write_status(measured, "finished", speed=work / 10)  # ten seconds an epoch
    assert queue.place(second) == Place(1, pytest.approx(20.0))
    write = runs.EventWriter(first)
    write(RunStarted(1, 1149, 18, "float32"))
    write(EpochEnd(1, 1, 1, 1, 1, 1, seconds=4.0))
    write.close()
    assert queue.place(second) == Place(1, pytest.approx(4.0))
    cluster.known["tcp://new"] = {"name": "train-new", "resources": {"train": 1}}
    third = order(queue)
    queue._workers = queue._find_workers()
    assert queue.place(third) == Place(2, pytest.approx((4.0 + 20.0) / 2))
    assert queue.place(measured) == Place(0, None)


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
    queue.stop(other)
    queue.order(MODEL, SHORT, owner="you", limits=limits)
    cluster.futures[0].end()
    queue._tick()
    queue.order(MODEL, SHORT, owner="me", limits=limits)


def test_a_run_that_waits_is_stopped_at_once(queue: Engine, cluster: Cluster) -> None:
    cluster.known.clear()
    run, after = order(queue), order(queue)
    queue.stop(run)
    assert state(run) == "stopped"
    assert not queue.holds(run.id)
    assert queue.place(after).position == 0
    assert queue.place(run) == Place(0, None)


def test_a_run_that_is_sent_is_asked_to_stop(queue: Engine) -> None:
    run = order(queue)
    queue._tick()
    queue.stop(run)
    assert runs.read_control(run).stop
    assert queue.holds(run.id)
    assert state(run) == "queued"


def interrupted(epochs: int = 1) -> runs.Run:
    run = runs.create(MODEL, SHORT)
    write = runs.EventWriter(run)
    for epoch in range(1, epochs + 1):
        write(EpochEnd(epoch, 1, 1, 1, 1, 1, 1.0))
    write.close()
    runs.ask(run, stop=True, paused=True, learning_rate=0.5)
    runs.write_status(run, "interrupted")
    return run


def test_an_interrupted_run_is_queued_again_without_its_old_wishes(
    queue: Engine, cluster: Cluster
) -> None:
    run = interrupted()
    queue.resume(run, limits=PLENTY)
    control = runs.read_control(run)
    assert (control.stop, control.paused, control.learning_rate) == (False, False, 0.5)
    assert state(run) == "queued"
    with pytest.raises(RunError, match="cannot be resumed"):
        queue.resume(run, limits=PLENTY)
    queue._tick()
    assert cluster.futures[0].run_id == run.id


def test_an_interrupted_run_that_is_stopped_in_the_queue_can_still_be_resumed(
    queue: Engine,
) -> None:
    run = interrupted()
    queue.resume(run, limits=PLENTY)
    queue.stop(run)
    assert runs.status(run).resumable
    queue.resume(run, limits=PLENTY)
    assert state(run) == "queued"


def test_a_run_whose_worker_just_died_is_still_held_and_cannot_be_resumed_twice(
    queue: Engine,
) -> None:
    run = order(queue)
    queue._tick()
    runs.write_status(run, "interrupted")
    with pytest.raises(RunError, match="cannot be resumed"):
        queue.resume(run, limits=PLENTY)


@pytest.mark.parametrize("over", runs.OVER)
def test_a_run_that_is_over_cannot_be_resumed(over: str, queue: Engine) -> None:
    run = runs.create(MODEL, SHORT)
    runs.write_status(run, over)
    with pytest.raises(RunError, match="cannot be resumed"):
        queue.resume(run)
    assert state(run) == over


def test_caps_hold_for_resumed_runs_too(queue: Engine) -> None:
    run = interrupted()
    with pytest.raises(LimitError):
        queue.resume(run, limits=Limits(epochs=1))
    order(queue, owner="")
    with pytest.raises(LimitError):
        queue.resume(run, limits=Limits(queued=1))
    assert state(run) == "interrupted"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RunError("run.wrong_classes", images=10, network=7), "only 7 apart"),
        (type("KilledWorker", (Exception,), {})("x"), "its process was ended"),
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
    runs.write_json(
        first.folder / "status.json",
        {"state": "running", "host": socket.gethostname(), "pid": 2**22 + 1},
    )
    cluster.futures[0].end("cancelled")
    cluster.status = "connecting"
    queue._tick()
    queue._tick()
    assert (state(first), state(second)) == ("queued", "queued")
    assert [queue.place(run).position for run in (first, second)] == [0, 1]
    assert queue.problem is not None
    assert "tcp://made-up:1 does not answer" in str(queue.problem)
    assert not queue.ready("train")
    with pytest.raises(EngineError, match="does not answer"):
        order(queue)
    with pytest.raises(EngineError, match="does not answer"):
        queue.look("predict", first, timeout=0.0)
    cluster.status = "running"
    queue._tick()
    assert queue.problem is None
    assert [it.run_id for it in cluster.futures] == [first.id, first.id]


def test_a_lost_scheduler_is_tried_again_with_a_new_client(
    queue: Engine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(queue)
    cluster.status = "closed"
    new, knocks = Cluster(), []
    monkeypatch.setattr(jobs, "_knock", knocks.append)
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
    runs.ask(paused, paused=True)
    control = paused.folder / "control.json"
    for seconds, others, goes_on in ((400, False, False), (100, True, False), (400, True, True)):
        if others and len(queue._jobs) == 1:
            order(queue)
        os.utime(control, (time.time() - seconds,) * 2)
        queue._vouched = -1e9
        queue._tick()
        assert runs.read_control(paused).paused is not goes_on


def test_workers_get_whole_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They run in the folder of the project, the server wherever it was started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_HOME", "here")
    started: dict[str, Any] = {}
    monkeypatch.setattr(jobs.subprocess, "Popen", lambda command, **more: started.update(more))
    jobs.start_worker("tcp://127.0.0.1:1", "look")
    assert started["env"]["CONVSCOPE_HOME"] == str(tmp_path / "here")
    assert runs.home() == Path("here/runs")


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
        queue.stop(gone)


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


# Engines that cannot work


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "tcp://nowhere.invalid:8786"])
def test_a_scheduler_that_is_not_there_is_a_sentence_and_no_hang(address: str) -> None:
    engine = Engine(address).start()
    try:
        until(lambda: engine.problem, 20)
        assert address in str(engine.problem)
        assert "CONVSCOPE_SCHEDULER" in engine.problem.sentence("ko")
        with pytest.raises(EngineError, match="does not answer"):
            order(engine)
        with pytest.raises(EngineError, match="does not answer"):
            engine.look("predict", runs.create(MODEL, SHORT))
        threads = threading.active_count()
        time.sleep(1.0)
        assert threading.active_count() <= threads
    finally:
        engine.close()


def test_workers_that_cannot_start_are_given_up_and_their_log_is_named(
    monkeypatch: pytest.MonkeyPatch, convscope_home: Path
) -> None:
    started = []

    def start(scheduler: str, kind: str) -> subprocess.Popen[bytes]:
        started.append(kind)
        return subprocess.Popen([sys.executable, "-c", "exit(3)"], stdin=subprocess.PIPE)

    monkeypatch.setattr(jobs, "start_worker", start)
    monkeypatch.setattr(jobs, "TICK", 0.02)
    engine = Engine()
    waiting = order(engine)  # while it boots
    engine.start()
    try:
        until(lambda: engine.problem, 30)
        assert state(waiting) == "failed"
        for language in ("en", "ko"):
            sentence = engine.problem.sentence(language)
            assert sentence == runs.status(waiting).sentence(language)
            assert f"{convscope_home}/logs/worker-" in sentence
        with pytest.raises(EngineError, match="keeps ending while it starts"):
            order(engine)
        time.sleep(0.2)
        assert max(started.count(kind) for kind in worker.KINDS) == jobs.USELESS_STARTS
    finally:
        engine.close()


def test_an_engine_that_does_not_boot_fails_what_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(**options: Any) -> None:
        raise PermissionError("no sockets for you")

    monkeypatch.setattr("distributed.LocalCluster", broken)
    engine = Engine()
    waiting = order(engine)
    engine.start()
    try:
        until(lambda: state(waiting) == "failed", 20)
        assert "not available at the moment (PermissionError)" in runs.status(waiting).sentence(
            "en"
        )
        with pytest.raises(EngineError, match="PermissionError"):
            order(engine)
        with pytest.raises(EngineError, match="PermissionError"):
            engine.look("predict", waiting)
    finally:
        engine.close()


def test_a_log_goes_on_until_it_is_large(convscope_home: Path) -> None:
    path = convscope_home / "logs" / "worker-train.log"
    for text in (b"first ", b"second"):
        with jobs._log_file("train") as file:
            file.write(text)
    assert path.read_bytes() == b"first second"
    path.write_bytes(b"x" * (jobs.LOG_BYTES + 1))
    with jobs._log_file("train") as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


# Real worker processes


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine") / "home"


@pytest.fixture
def real_home(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the workers of the shared engine know."""
    monkeypatch.setenv("CONVSCOPE_HOME", str(shared_home))
    return shared_home


@pytest.fixture(scope="module")
def shared_engine(shared_home: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_HOME", str(shared_home))
        engine = Engine().start()
        until(lambda: (engine.ready("train") and engine.ready("look")) or engine.problem)
        assert engine.problem is None
    yield engine
    pids = [process.popen.pid for process in engine._processes.values()]
    engine.close()
    assert not any(map(alive, pids))


@pytest.fixture
def engine(shared_engine: Engine, real_home: Path) -> Iterator[Engine]:
    """The shared engine with nothing to do; what a test leaves behind is stopped."""
    yield shared_engine
    for job in list(shared_engine._jobs):
        with suppress(RunError):  # its test deleted it
            runs.ask(job.run, stop=True, paused=False)
    until(lambda: not shared_engine._jobs)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_of(engine: Engine, kind: str) -> int:
    return engine._processes[kind].popen.pid


def train(engine: Engine, config: TrainConfig = SHORT, **options: Any) -> runs.Run:
    return engine.order(MODEL, config, limits=PLENTY, **options)


def ended(run: runs.Run) -> str:
    """The state of the run once it is over."""
    until(lambda: state(run) in (*runs.OVER, "failed"))
    return state(run)


def words(run: runs.Run, kind: type) -> list[Any]:
    """Everything of one kind that the run has said, also what history forgets."""
    lines = (run.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(from_json, lines) if isinstance(event, kind)]


def epochs_of(run: runs.Run) -> list[int]:
    return [end.epoch for end in runs.complete_epochs(run)]


@pytest.mark.slow
def test_a_run_is_trained_in_another_process_and_found_in_its_folder(engine: Engine) -> None:
    run = train(engine, name="first")
    assert ended(run) == "finished"
    until(lambda: not engine.holds(run.id))
    history = runs.history(runs.open_run(run.id))
    assert history.ended is not None
    assert (history.ended.reason, history.ended.epochs) == ("finished", 2)
    images = datasets.load("digits").x_test[:10]
    answer = engine.look("predict", run, images)
    assert_allclose(answer, history.ended.samples, atol=1e-6)
    shown, labels, shares = engine.look("examples", run, "digits", "sample", 5, 1)
    assert (shown.shape, labels.shape, shares.shape) == ((5, 8, 8, 1), (5,), (5, 10))


@pytest.mark.slow
def test_the_train_worker_gives_way_and_nobody_outside_reaches_a_worker(engine: Engine) -> None:
    ours = psutil.Process().nice()
    assert psutil.Process(pid_of(engine, "train")).nice() == ours + 10
    assert psutil.Process(pid_of(engine, "look")).nice() == ours
    processes = [psutil.Process(), *(psutil.Process(pid_of(engine, kind)) for kind in worker.KINDS)]
    for process in processes:
        listening = [it for it in process.net_connections() if it.status == psutil.CONN_LISTEN]
        assert {it.laddr.ip for it in listening} == {"127.0.0.1"}


@pytest.mark.slow
def test_a_run_is_steered_while_it_trains(engine: Engine) -> None:
    run = train(engine, LONG)
    until(lambda: runs.history(run).batches)
    assert engine.place(run) == Place(0, None)
    assert state(run) == "running"

    runs.ask(run, paused=True)
    until(lambda: runs.history(run).paused)
    paused = runs.history(run)
    time.sleep(0.3)
    assert runs.history(run) is paused

    for steps in (1, 2):
        runs.ask_for_step(run)
        until(lambda steps=steps: len(words(run, BatchEnd)) == len(paused.batches) + steps)
        until(lambda: runs.history(run).paused)
        last = runs.history(run).batches[-1]
        before = paused.batches[-1]
        batch = (before.epoch - 1) * before.batches + before.batch + steps
        assert (last.epoch - 1) * last.batches + last.batch == batch

    runs.ask(run, learning_rate=1e-5, paused=False)
    until(lambda: runs.history(run).batches[-1].learning_rate == 1e-5)
    assert [it.learning_rate for it in runs.history(run).learning_rates] == [1e-5]
    assert not runs.history(run).paused

    engine.stop(run)
    assert ended(run) == "stopped"
    history = runs.history(run)
    assert history.ended is not None
    assert history.ended.reason == "stopped"
    assert set(history.ended.scores) == {"train", "val", "test"}
    assert len(engine.look("predict", run, np.zeros((1, 8, 8, 1), np.uint8))) == 1


@pytest.mark.slow
def test_a_second_run_waits_with_a_place_and_an_estimate(engine: Engine) -> None:
    first, second, third = (train(engine, LONG, owner="me") for _ in range(3))
    until(lambda: len(runs.complete_epochs(first)) >= 1)
    assert [state(run) for run in (first, second, third)] == ["running", "queued", "queued"]
    assert engine.place(first).position == 0
    assert engine.place(second).position == 1
    assert engine.place(third).position == 2
    assert 0 < engine.place(second).seconds < 3600
    with pytest.raises(LimitError, match="already have 3 runs"):
        engine.order(MODEL, SHORT, owner="me", limits=Limits())
    engine.stop(second)
    assert state(second) == "stopped"
    assert engine.place(third).position == 1
    assert state(first) == "running"
    engine.stop(first)
    assert ended(first) == "stopped"
    until(lambda: state(third) == "running")


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_goes_on_from_its_last_epoch(engine: Engine) -> None:
    run = train(engine, replace(LONG, epochs=6, batch_size=8))
    until(lambda: len(runs.complete_epochs(run)) >= 2)
    old = pid_of(engine, "train")
    os.kill(old, signal.SIGKILL)
    until(lambda: state(run) == "queued", 20)
    assert ended(run) == "finished"
    assert pid_of(engine, "train") != old
    began = words(run, RunStarted)
    assert [began[0].epochs_done, len(began)] == [0, 2]
    assert began[1].epochs_done >= 1
    assert epochs_of(run) == [1, 2, 3, 4, 5, 6]
    history = runs.history(run)
    assert history.ended is not None
    best = min(history.epochs, key=lambda end: end.val_loss)
    assert history.ended.best_epoch == best.epoch
    assert history.ended.scores["val"].loss == pytest.approx(best.val_loss, rel=1e-3)


@pytest.mark.slow
def test_a_look_after_the_look_worker_was_killed_is_answered(engine: Engine) -> None:
    run = train(engine)
    assert ended(run) == "finished"
    images = np.zeros((3, 8, 8, 1), np.uint8)
    before = engine.look("predict", run, images)
    os.kill(pid_of(engine, "look"), signal.SIGKILL)
    assert_allclose(engine.look("predict", run, images, timeout=150), before)


@pytest.mark.slow
def test_a_look_that_cannot_be_answered_is_a_sentence(engine: Engine) -> None:
    run = train(engine, replace(SHORT, epochs=1))
    assert ended(run) == "finished"
    images = np.zeros((1, 8, 8, 1), np.uint8)
    with pytest.raises(EngineError, match="could not be asked"):
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
            until(lambda pid=pid: not alive(pid), 20)
    assert killed == 3
    assert "broke off several times" in runs.status(run).sentence("en")
    assert ended(after) == "finished"
    engine.resume(run, limits=PLENTY)
    until(lambda: state(run) == "running")


def running_pid(run: runs.Run) -> int | None:
    tree = json.loads((run.folder / "status.json").read_text(encoding="utf-8"))
    return tree["pid"] if tree["state"] == "running" and state(run) == "running" else None


APP = """
import json, sys, time
import numpy as np
from cnn_core import jobs, runs
from cnn_core.errors import CnnError

engine = jobs.Engine().start()
while len(engine._processes) < 2:
    time.sleep(0.01)
run = None
if "train" in sys.argv:
    run = engine.order(*map(eval, sys.stdin.read().splitlines()))
    while not (run.folder / "best.keras").exists():
        time.sleep(0.02)
    runs.ask(run, paused=True)
    assert engine.look("predict", run, np.zeros((2, 8, 8, 1), np.uint8), timeout=150).shape == (2, 10)
    try:
        engine.look("predict", run, "no images")
    except CnnError as error:
        assert "could not be asked" in str(error)
    assert not {"keras", "tensorflow"} & set(sys.modules)
pids = [process.popen.pid for process in engine._processes.values()]
print(json.dumps({"pids": pids, "run": run and run.id}), flush=True)
if "stay" in sys.argv:
    time.sleep(600)
"""


def app(*words: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """A program with an engine of its own, and what it says once its workers are started."""
    setup = "from cnn_core.config import ModelConfig, TrainConfig, ConvBlock"
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
        until(lambda: runs.history(run).paused)
        done = len(runs.complete_epochs(run))
        assert 1 <= done < 4
        assert state(run) == "running"
        with pytest.raises(RunError, match="cannot be resumed"):
            engine.resume(run)
    finally:
        process.kill()
        process.wait()
    until(lambda: not any(map(alive, said["pids"])), 30)
    assert state(run) == "interrupted"
    assert run in runs.all_runs()
    engine.resume(run, limits=PLENTY)
    assert ended(run) == "finished"
    assert epochs_of(run) == [1, 2, 3, 4]
    assert words(run, RunStarted)[-1].epochs_done == done


@pytest.mark.slow
@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT", "exit"])
def test_no_worker_outlives_an_app_that_ends_while_they_start(how: str, real_home: Path) -> None:
    process, said = app("stay") if how != "exit" else app()
    try:
        assert len(said["pids"]) == 2
        if how != "exit":
            process.send_signal(getattr(signal, how))
        assert process.wait(60) == (0 if how == "exit" else -getattr(signal, how))
    finally:
        process.kill()
        process.wait()
    until(lambda: not any(map(alive, said["pids"])), 30)


# An existing cluster


@pytest.fixture
def start(real_home: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts Python programs, and ends those that are left."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_an_existing_cluster_trains_looks_and_may_go_away(
    start: Callable[..., subprocess.Popen[bytes]],
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"

    def start_scheduler() -> subprocess.Popen[bytes]:
        port = address.rpartition(":")[2]
        return start(
            *("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port),
            *("--dashboard-address", "127.0.0.1:0"),
        )

    def start_one(kind: str) -> subprocess.Popen[bytes]:
        return start("-m", "cnn_core", "worker", "--scheduler", address, "--kind", kind)

    scheduler = start_scheduler()
    workers = [start_one(kind) for kind in ("train", "train", "look")]
    engine = Engine(address).start()
    try:
        until(lambda: len(engine._workers.get("train", ())) == 2 and engine.ready("look"))
        assert engine.problem is None
        first, second, third = (train(engine, LONG, owner=name) for name in "abc")
        until(lambda: (state(first), state(second)) == ("running", "running"))
        assert state(third) == "queued"
        assert engine.place(third).position == 2
        assert running_pid(first) != running_pid(second)
        assert {running_pid(first), running_pid(second)} == {it.pid for it in workers[:2]}
        until((first.folder / "best.keras").exists)
        assert engine.look("predict", first, np.zeros((2, 8, 8, 1), np.uint8)).shape == (2, 10)
        engine.stop(third)
        assert state(third) == "stopped"

        scheduler.kill()
        scheduler.wait()
        until(lambda: engine.problem, 30)
        assert address in str(engine.problem)
        for process in workers:
            assert process.wait(20) == 0
        until(lambda: state(first) == state(second) == "queued", 20)
        with pytest.raises(EngineError, match="does not answer"):
            engine.look("predict", first, np.zeros((2, 8, 8, 1), np.uint8))

        start_scheduler()
        start_one("train")
        until(lambda: engine.problem is None, 60)
        until(lambda: state(first) == "running")
        until(lambda: len(words(first, RunStarted)) == 2)
        assert words(first, RunStarted)[1].epochs_done >= 1
        assert engine.place(second).position == 1
    finally:
        engine.close()
    assert state(second) == "interrupted"
