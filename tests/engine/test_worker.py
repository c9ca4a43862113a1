"""What a worker process does with a run and with a look, called in this process, without Dask."""

from __future__ import annotations

import errno
import logging
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from cnn_core import datasets, runs, training
from cnn_core import model as models
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.engine import looks, worker
from cnn_core.errors import CnnError, RunError
from cnn_core.progress.events import Control, Downloading, EpochEnd, RunEnded, RunStarted
from cnn_core.runs import control as steering
from cnn_core.runs import log as run_log
from cnn_core.runs import record
from cnn_core.runs import state as runs_state

ROOT = Path(__file__).parents[2]
MODEL = ModelConfig(
    blocks=(ConvBlock(4),), dense=(8,), dropout=0.0, input_shape=(8, 8, 1), classes=10
)
TRAIN = TrainConfig("digits", epochs=2, batch_size=64, train_size=100, precision="float32")


@pytest.fixture
def run() -> runs.Run:
    return runs.create(MODEL, TRAIN)


@pytest.fixture(autouse=True)
def _no_open_models() -> Iterator[None]:
    yield
    looks._opened.cache_clear()


def end(epoch: int, seconds: float = 1.0) -> EpochEnd:
    return EpochEnd(epoch, 1.0, 0.5, 1.0, 0.5, 1e-3, seconds)


class Training:
    """Stands for `training.train`: remembers how it was called, and ends as it is told."""

    def __init__(self, ends: Callable[[Any], str] | str = "finished") -> None:
        self.ends, self.calls = ends, []

    def __call__(self, model, config, data, emit, control, **options: Any) -> training.Result:  # type: ignore[no-untyped-def]
        self.calls.append({"data": data, "control": control, "emit": emit, **options})
        reason = self.ends if isinstance(self.ends, str) else self.ends(self.calls[-1])
        (options["folder"] / "last.keras").write_bytes(b"checkpoint")
        epochs = (*options["past"], end(2))
        return training.Result(None, epochs, RunEnded(reason, 2, 2, 3.0))


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Training]:
    def play(ends: Any = "finished") -> Training:
        acted = Training(ends)
        monkeypatch.setattr(training, "train", acted)
        return acted

    return play


# Training


@pytest.mark.slow
def test_a_run_is_trained_to_its_end(run: runs.Run) -> None:
    worker.train_run(run.id)
    assert runs.status(run).state == "finished"
    history = run_log.history(run)
    assert [it.epoch for it in history.epochs] == [1, 2]
    assert history.ended is not None
    assert set(history.ended.scores) == {"train", "val", "test"}
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "alive",
        "best.keras",
        "config.json",
        "events.jsonl",
        "examples.npz",
        "snapshots",
        "status.json",
    ]
    kept = runs.examples(run)
    assert kept is not None
    digits = datasets.load("digits")
    assert_array_equal(kept[0], digits.x_test[:10])
    assert_array_equal(kept[1], digits.y_test[:10])
    predicted = looks.look("predict", run.id, (kept[0],))
    assert_allclose(predicted, history.ended.samples, atol=1e-6)


@pytest.mark.parametrize("reason", worker.STATES)
def test_how_training_ended_is_the_state_of_the_run(
    reason: str, run: runs.Run, played: Callable[..., Training]
) -> None:
    acted = played(reason)
    worker.train_run(run.id)
    assert runs.status(run).state == worker.STATES[reason]
    assert acted.calls[0]["folder"] == run.folder
    assert not (run.folder / "last.keras").exists()


def test_while_it_trains_the_run_is_running_and_vouched_for(
    run: runs.Run, played: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_state, "SECONDS_BETWEEN_LIFE_SIGNS", 0.01)

    def ends(call: dict[str, Any]) -> str:
        assert runs.status(run).state == "running"
        tree = record.read_json(run.folder / "status.json")
        assert tree["pid"] == os.getpid()
        for mischief in (
            lambda: os.utime(run.folder / "alive", (1, 1)),
            lambda: runs.write_status(run, "queued"),
            (run.folder / "alive").unlink,
        ):
            mischief()
            deadline = time.monotonic() + 10
            while runs.status(run).state != "running":
                assert time.monotonic() < deadline
                time.sleep(0.005)
        return "finished"

    played(ends)
    worker.train_run(run.id)
    time.sleep(0.05)
    assert runs.status(run).state == "finished"


def test_a_run_that_is_over_is_not_trained_again(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    acted = played()
    for state in runs.OVER:
        runs.write_status(run, state)
        worker.train_run(run.id)
        assert runs.status(run).state == state
    assert acted.calls == []
    runs.write_status(run, "interrupted")
    worker.train_run(run.id)
    assert len(acted.calls) == 1


def test_a_run_that_was_stopped_in_the_queue_is_not_trained(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    acted = played()
    steering.ask(run, by=run.owner, stop=True)
    worker.train_run(run.id)
    assert runs.status(run).state == "stopped"
    assert acted.calls == []


def test_a_stopped_run_whose_worker_died_is_still_tested_and_kept(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    write = run_log.EventWriter(run)
    write(RunStarted(1, 1, 1, "float32"))
    write(end(1))
    write.close()
    steering.ask(run, by=run.owner, stop=True)
    wishes: list[Control] = []
    acted = played(lambda call: wishes.append(call["control"]()) or "stopped")
    worker.train_run(run.id)
    assert acted.calls[0]["past"] == (end(1),)
    assert wishes == [Control(stop=True)]
    assert runs.status(run).state == "stopped"


def test_a_mistake_of_the_visitor_is_a_sentence(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    def ends(call: dict[str, Any]) -> str:
        raise RunError("run.wrong_classes", images=10, network=7)

    played(ends)
    worker.train_run(run.id)
    status = runs.status(run)
    assert status.state == "failed"
    assert "outputs for only 7" in status.sentence("en")
    assert not (run.folder / "error.txt").exists()


def test_any_other_error_is_a_sentence_too_and_its_traceback_stays_in_the_folder(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    def ends(call: dict[str, Any]) -> str:
        raise MemoryError("cannot allocate 17 GB")

    played(ends)
    worker.train_run(run.id)
    status = runs.status(run)
    assert status.state == "failed"
    assert "internal error (MemoryError)" in status.sentence("en")
    assert "MemoryError" in status.sentence("ko")
    assert "cannot allocate 17 GB" in (run.folder / "error.txt").read_text()
    for path in run.folder.iterdir():
        assert path.name == "error.txt" or b"Traceback" not in path.read_bytes()
    played()
    runs.write_status(run, "queued")
    worker.train_run(run.id)
    assert runs.status(run).state == "finished"
    assert not (run.folder / "error.txt").exists()


def test_a_run_this_machine_does_not_see_is_a_sentence() -> None:
    with pytest.raises(RunError, match="be on another computer"):
        worker.train_run("20260131-142530-a1b2c3")


def test_a_run_deleted_while_it_trains_ends_without_its_folder(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    def ends(call: dict[str, Any]) -> str:
        shutil.rmtree(run.folder)
        raise FileNotFoundError("last.keras")

    played(ends)
    worker.train_run(run.id)
    assert not run.folder.exists()


@pytest.mark.parametrize("stop", [False, True])
def test_a_download_is_told_and_can_be_stopped(
    stop: bool, run: runs.Run, played: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(source: datasets.Source, progress: Callable[[int, int], None]) -> Path:
        for done in range(0, 101, 10):
            if stop and done == 50:
                steering.ask(run, by=run.owner, stop=True)
            progress(done, 100)
        return Path()

    def load(name: str, size: str, fetch: Callable[[datasets.Source], Path]) -> datasets.Dataset:
        fetch(datasets.spec("mnist"))
        return digits

    digits = datasets.load("digits")
    monkeypatch.setattr("cnn_core.datasets.download.fetch", fetch)
    monkeypatch.setattr(datasets, "load", load)
    acted = played()
    worker.train_run(run.id)
    assert runs.status(run).state == ("stopped" if stop else "finished")
    assert len(acted.calls) == (not stop)
    lines = (run.folder / "events.jsonl").read_text().count("Downloading")
    assert lines == (1 if stop else 2)
    assert run_log.history(run).download == Downloading(0 if stop else 100, 100)


def test_a_speed_is_measured_over_the_complete_epochs_after_the_first(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    from cnn_core.planning.cost import estimated_seconds

    epochs = [end(1, 2.0), end(2, 4.0), EpochEnd(3, 1, 1, 1, 1, 1, 9.0, complete=False)]
    work = estimated_seconds(MODEL, run.train, 100)
    assert worker._speed(run, epochs) == pytest.approx(work / 4)
    assert worker._speed(run, [end(1, 0.4)]) == 0.0
    assert worker._speed(run, []) == 0.0
    played()
    worker.train_run(run.id)
    assert runs.status(run).speed == work
    assert runs.measured_speed() == work


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Disk:
    """Is full from a chosen write on, until the test frees some space."""

    def __init__(self, name: str, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full, self._name, self._times = False, name, times
        put, tell = Path.replace, run_log.EventWriter.__call__

        def replace(source: Path, target: Path) -> Path:
            self.fill(Path(target).name)
            return put(source, target)

        def write(writer: run_log.EventWriter, event: Any) -> None:
            self.fill(type(event).__name__)
            tell(writer, event)

        monkeypatch.setattr(Path, "replace", replace)
        monkeypatch.setattr(run_log.EventWriter, "__call__", write)

    def fill(self, name: str) -> None:
        self._times -= name == self._name
        self.full = self.full or self._times == 0
        if self.full:
            raise FULL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "times", "saved"),
    [
        ("examples.npz", 1, 0),
        ("last.keras", 1, 0),  # epoch 1 was told, and is not on the disk
        ("best.keras", 1, 1),
        ("epoch-002.npz", 1, 1),
        ("RunEnded", 1, 2),
    ],
)
def test_a_disk_that_fills_up_at_any_write_is_told_truly_and_leaves_nothing_half_written(
    name: str, times: int, saved: int, run: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(name, times, monkeypatch)
    worker.train_run(run.id)
    assert disk.full, "that write never came"
    status = runs.status(run)
    assert (status.state, status.resumable) == ("failed", True)
    assert f"The disk is full: the run can no longer be written to {run.folder}" in status.sentence(
        "en"
    )
    assert "디스크" in status.sentence("ko")
    assert [path.name for path in run.folder.rglob("*") if path.name.startswith(".")] == []
    assert list(run.folder.rglob("*.tmp")) == []
    assert run_log.resumes_after(run) == saved

    disk.fill = lambda name: None  # type: ignore[method-assign]
    worker.train_run(run.id)
    assert runs.status(run).state == "finished"
    started = run_log.history(run).started
    assert started is not None
    assert started.epochs_done == saved, "it went on from elsewhere than was said"


def test_a_run_that_cannot_be_made_leaves_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("status.json", "config.json"):
        with monkeypatch.context() as patch:
            Disk(name, 1, patch)
            with pytest.raises(RunError, match="Cannot write to"):
                runs.create(MODEL, TRAIN)
        assert [it for it in runs.home().rglob("*") if it.name != ".locks"] == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["Loading", "RunStarted", "BatchEnd", "EpochEnd", "Evaluating"])
def test_a_run_that_is_deleted_while_it_trains_stops_and_is_not_made_again(
    moment: str, run: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell, said = run_log.EventWriter.__call__, []

    def write(writer: run_log.EventWriter, event: Any) -> None:
        tell(writer, event)
        said.append(type(event).__name__)
        if said[-1] == moment:
            shutil.rmtree(run.folder, ignore_errors=True)

    monkeypatch.setattr(run_log.EventWriter, "__call__", write)
    monkeypatch.setattr(steering, "SECONDS_BETWEEN_CHECKS", 0.0)
    worker.train_run(run.id)
    assert moment in said
    assert "RunEnded" not in said
    assert not run.folder.exists()


def test_a_run_whose_settings_are_removed_is_deleted(run: runs.Run) -> None:
    (run.folder / "config.json").unlink()
    with pytest.raises(RunError, match="does not exist here"):
        runs.open_run(run.id)
    with pytest.raises(RunError, match="was deleted"):
        steering.ControlReader(run)()


# Looking


@pytest.fixture
def trained(run: runs.Run) -> runs.Run:
    models.save(models.build(MODEL, seed=1), run.folder / "best.keras")
    return run


def look(name: str, run: runs.Run, *arguments: Any) -> Any:
    return looks.look(name, run.id, arguments)


def test_every_look_names_a_function() -> None:
    import importlib

    for place in looks.LOOKS.values():
        module, function = place.split(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_a_look_answers_with_the_models_word(trained: runs.Run) -> None:
    images = datasets.load("digits").x_test[:5]
    expected = models.predictor(models.build(MODEL, seed=1))(images)
    assert_allclose(look("predict", trained, images), expected, atol=1e-6)


def test_a_model_stays_open_until_its_file_changes(
    trained: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = models.opened
    monkeypatch.setattr(models, "opened", lambda *args: opened.append(args) or real(*args))
    images = datasets.load("digits").x_test[:5]
    first = look("predict", trained, images)
    look("predict", trained, images)
    assert len(opened) == 1
    models.save(models.build(MODEL, seed=2), trained.folder / "best.keras")
    assert abs(look("predict", trained, images) - first).max() > 1e-3
    assert len(opened) == 2


def test_examples_are_test_images_with_their_labels_and_probabilities(trained: runs.Run) -> None:
    images, labels, probabilities = look("examples", trained, "digits", "sample", 5, 3)
    digits = datasets.load("digits")
    rows = np.random.default_rng(3).choice(len(digits.x_test), 5, replace=False)
    assert_array_equal(images, digits.x_test[rows])
    assert_array_equal(labels, digits.y_test[rows])
    assert_allclose(probabilities, look("predict", trained, images), atol=1e-6)
    again = look("examples", trained, "digits", "sample", 5, 4)
    assert (again[0] != images).any()


@pytest.mark.parametrize("content", [None, b"", b"PK\3\4 nothing"])
def test_a_missing_or_damaged_model_is_a_sentence(trained: runs.Run, content: bytes | None) -> None:
    path = trained.folder / "best.keras"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError, match=r"best\.keras is missing or damaged"):
        look("predict", trained, np.zeros((1, 8, 8, 1), np.uint8))


@pytest.mark.parametrize("ours", [False, True])
def test_an_error_of_tensorflow_does_not_travel(
    ours: bool, trained: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    class Broken:
        def predict(self, images: object) -> None:
            try:
                raise tf.errors.ResourceExhaustedError(None, None, "out of memory")
            except tf.errors.OpError as error:
                if ours:
                    raise RunError("model.unreadable", file="best.keras") from error
                raise

    monkeypatch.setattr(models, "opened", lambda config, path: Broken())
    with pytest.raises(CnnError, match="missing or damaged" if ours else "Exhausted") as caught:
        look("predict", trained, np.zeros((1, 8, 8, 1), np.uint8))
    caught.value.__traceback__ = None
    assert b"tensorflow" not in pickle.dumps(caught.value)


def test_a_wrong_question_is_a_sentence(trained: runs.Run) -> None:
    for arguments in ((), (np.zeros((1, 9, 9, 1), np.uint8),), ("text",)):
        with pytest.raises(CnnError, match="did not respond"):
            look("predict", trained, *arguments)


# The process


def worker_process(address: str, kind: str = "look", **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cnn_core", "worker", "--scheduler", address, "--kind", kind]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.mark.slow
def test_a_worker_without_a_scheduler_says_that_it_waits_and_does() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with worker_process(address) as process:
        try:
            said = process.stdout.readline()
            assert said == (
                f"No Dask scheduler responds at {address}. This worker keeps trying; Ctrl-C ends it.\n"
            )
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
            assert process.stderr.read() == ""
        finally:
            process.kill()


@pytest.mark.slow
def test_a_worker_of_an_app_that_is_gone_ends() -> None:
    code = (
        "from cnn_core.engine import worker; worker.DEATH_TIMEOUT = 0.5;"
        "worker.serve('tcp://127.0.0.1:9', 'look', tied=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,  # open: the app has not ended
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wrong = process.stderr.read()
        assert process.wait(60) == 2
    assert "No Dask scheduler responds at tcp://127.0.0.1:9" in wrong
    assert "Traceback" not in wrong


@pytest.mark.slow
def test_a_worker_is_told_what_is_no_address() -> None:
    with worker_process("nonsense") as process:
        said, wrong = process.communicate(timeout=100)
    assert process.returncode == 2
    assert wrong == (
        "“nonsense” is not the address of a Dask scheduler. Write it like tcp://host:8786.\n"
    )
    assert said == ""


@pytest.mark.parametrize(("kind", "traced"), [(OSError, False), (ValueError, True)])
def test_only_a_lost_connection_is_logged_without_a_traceback(
    kind: type[Exception], traced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    log = logging.getLogger("worker")
    log.addFilter(worker._shorten)
    try:
        raise kind("gone")
    except kind:
        log.exception("No %s.", "heartbeat")
    finally:
        log.removeFilter(worker._shorten)
    assert "No heartbeat." in caplog.text
    assert "gone" in caplog.text
    assert ("Traceback" in caplog.text) == traced
