"""A worker whose disk is full, or whose run is deleted while it trains."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from played_future import Future
from worker_runs import MODEL, TRAIN, _no_open_models, run

from cnn_core import runs
from cnn_core.engine import disk_wait, trainer
from cnn_core.engine.cluster import error_of
from cnn_core.engine.queue import Queue
from cnn_core.errors import RunError
from cnn_core.runs import control as steering
from cnn_core.runs import log as run_log

__all__ = ["_no_open_models", "run"]  # fixtures


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
    trainer.train_run(run.id)
    assert disk.full, "that write never came"
    status = runs.status(run)
    assert status.waits_for_disk
    assert f"The disk is full: the run cannot be written to {run.folder}" in status.sentence("en")
    assert "디스크" in status.sentence("ko")
    assert [path.name for path in run.folder.rglob("*") if path.name.startswith(".")] == []
    assert list(run.folder.rglob("*.tmp")) == []
    assert run_log.resumes_after(run) == saved

    disk.fill = lambda name: None  # type: ignore[method-assign]
    trainer.train_run(run.id)
    assert runs.status(run).state == "finished"
    started = run_log.history(run).started
    assert started is not None
    assert started.epochs_done == saved, "it went on from elsewhere than was said"


@pytest.mark.slow
def test_a_training_without_a_queue_says_that_it_failed_on_a_full_disk(
    run: runs.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk("last.keras", 1, monkeypatch)
    trainer.train_here(run, lambda event: None)
    assert disk.full
    status = runs.status(run)
    assert (status.state, status.resumable) == ("failed", True)
    assert "Free some space there, then resume" in status.sentence("en")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "times"), [("lease.json", 1), ("last.keras", 2)])
def test_a_queue_trains_a_run_on_by_itself_once_there_is_room_again(
    name: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds, sent = 0.0, []

    def send(run: runs.Run) -> Future:
        future = Future(run.id)
        sent.append(future)
        try:
            trainer.train_run(run.id)
        except RunError as error:
            future.end("error", pickle.loads(pickle.dumps(error)))  # as it comes from a worker
        else:
            future.end()
        return future

    queue = Queue(send, error_of, lambda: seconds)
    run = queue.order(MODEL, TRAIN)
    with monkeypatch.context() as patch:
        disk = Disk(name, times, patch)
        for _ in range(3):
            queue.step(1)  # sends it
            queue.step(1)  # hears how it ended
            queue.vouch(immediately=True)
            assert "The disk is full" in runs.status(run).sentence("en")
            assert (runs.status(run).state, queue.holds(run.id)) == ("queued", True)
            seconds += 2 * disk_wait.LONGEST_WAIT
        assert disk.full
    tries = len(sent)
    assert tries > 1
    queue.step(1)
    queue.step(1)
    assert runs.status(run).state == "finished"
    assert runs.status(run).sentence("en") == ""
    assert (len(sent), queue.holds(run.id)) == (tries + 1, False)
    history = run_log.history(run)
    assert [end.epoch for end in history.complete_epochs] == [1, 2]
    assert history.started is not None
    assert history.started.epochs_done == times - 1, "not from the last epoch on the disk"


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
    trainer.train_run(run.id)
    assert moment in said
    assert "RunEnded" not in said
    assert not run.folder.exists()


def test_a_run_whose_settings_are_removed_is_deleted(run: runs.Run) -> None:
    (run.folder / "config.json").unlink()
    with pytest.raises(RunError, match="does not exist here"):
        runs.open_run(run.id)
    with pytest.raises(RunError, match="was deleted"):
        steering.ControlReader(run)()
