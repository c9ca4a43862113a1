"""A worker trains: which state its run is left in, however the training ends."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from numpy.testing import assert_allclose, assert_array_equal
from worker_runs import MODEL, _no_open_models, run

from cnn_core import datasets, runs, training
from cnn_core.engine import looks, trainer
from cnn_core.errors import RunError
from cnn_core.progress.events import Control, Downloading, EpochEnd, RunEnded, RunStarted
from cnn_core.runs import control as steering
from cnn_core.runs import log as run_log
from cnn_core.runs import record
from cnn_core.runs import state as runs_state

__all__ = ["_no_open_models", "run"]  # fixtures


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


@pytest.mark.slow
def test_a_run_is_trained_to_its_end(run: runs.Run) -> None:
    trainer.train_run(run.id)
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


@pytest.mark.parametrize("reason", trainer.STATES)
def test_how_training_ended_is_the_state_of_the_run(
    reason: str, run: runs.Run, played: Callable[..., Training]
) -> None:
    acted = played(reason)
    trainer.train_run(run.id)
    assert runs.status(run).state == trainer.STATES[reason]
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
            deadline = time.monotonic() + 180
            while runs.status(run).state != "running":
                assert time.monotonic() < deadline
                time.sleep(0.005)
        return "finished"

    played(ends)
    trainer.train_run(run.id)
    time.sleep(0.05)
    assert runs.status(run).state == "finished"


def test_a_run_that_is_over_is_not_trained_again(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    acted = played()
    for state in runs.OVER:
        runs.write_status(run, state)
        trainer.train_run(run.id)
        assert runs.status(run).state == state
    assert acted.calls == []
    runs.write_status(run, "interrupted")
    trainer.train_run(run.id)
    assert len(acted.calls) == 1


def test_a_run_that_was_stopped_in_the_queue_is_not_trained(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    acted = played()
    steering.ask(run, by=run.owner, stop=True)
    trainer.train_run(run.id)
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
    trainer.train_run(run.id)
    assert acted.calls[0]["past"] == (end(1),)
    assert wishes == [Control(stop=True)]
    assert runs.status(run).state == "stopped"


def test_a_mistake_of_the_visitor_is_a_sentence(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    def ends(call: dict[str, Any]) -> str:
        raise RunError("run.wrong_classes", images=10, network=7)

    played(ends)
    trainer.train_run(run.id)
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
    trainer.train_run(run.id)
    status = runs.status(run)
    assert status.state == "failed"
    assert "internal error (MemoryError)" in status.sentence("en")
    assert "MemoryError" in status.sentence("ko")
    assert "cannot allocate 17 GB" in (run.folder / "error.txt").read_text()
    for path in run.folder.iterdir():
        assert path.name == "error.txt" or b"Traceback" not in path.read_bytes()
    played()
    runs.write_status(run, "queued")
    trainer.train_run(run.id)
    assert runs.status(run).state == "finished"
    assert not (run.folder / "error.txt").exists()


def test_a_run_this_machine_does_not_see_is_a_sentence() -> None:
    with pytest.raises(RunError, match="be on another computer"):
        trainer.train_run("20260131-142530-a1b2c3")


def test_a_run_deleted_while_it_trains_ends_without_its_folder(
    run: runs.Run, played: Callable[..., Training]
) -> None:
    def ends(call: dict[str, Any]) -> str:
        shutil.rmtree(run.folder)
        raise FileNotFoundError("last.keras")

    played(ends)
    trainer.train_run(run.id)
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
    monkeypatch.setattr(datasets, "available", lambda *_: False)
    acted = played()
    trainer.train_run(run.id)
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
    assert trainer._speed(run, epochs) == pytest.approx(work / 4)
    assert trainer._speed(run, [end(1, 0.4)]) == 0.0
    assert trainer._speed(run, []) == 0.0
    played()
    trainer.train_run(run.id)
    assert runs.status(run).speed == work
    assert runs.measured_speed() == work
