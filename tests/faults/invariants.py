"""What holds of a run after any fault: no complete epoch lost, a true state, one trainer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from numpy.testing import assert_allclose
from patience import until
from real_runs import alive, ended
from small_runs import SHORT, state
from small_trainings import figures

from cnn_core import runs
from cnn_core.config import TrainConfig
from cnn_core.engine import Engine
from cnn_core.progress.events import BatchEnd, EpochEnd, Event, RunStarted, Saved, from_json
from cnn_core.runs import log as run_log

EPOCHS = 4
CONFIG: TrainConfig = replace(SHORT, epochs=EPOCHS, batch_size=8)


def saved(run: runs.Run) -> int:
    """The last epoch that was told to be on the disk."""
    return max((event.epoch for event in events_of(run) if isinstance(event, Saved)), default=0)


def events_of(run: runs.Run) -> list[Event]:
    """Every whole line of the log, in its order."""
    path = run.folder / "events.jsonl"
    log = path.read_bytes() if path.exists() else b""
    events = []
    for line in log[: log.rfind(b"\n") + 1].splitlines():
        try:
            events.append(from_json(line.decode("utf-8")))
        except ValueError:  # torn by a kill, and closed by the process that went on
            continue
    return events


def moment(run: runs.Run) -> str:
    """What the run is at, for the table."""
    if state(run) != "running":
        return state(run)
    events = events_of(run)
    last = type(events[-1]).__name__ if events else ""
    return {"": "start", "Loading": "loading", "BatchEnd": "epoch", "EpochEnd": "saving"}.get(
        last, "between epochs"
    )


def trainer(run: runs.Run) -> int | None:
    """The process that is said to train the run."""
    if state(run) != "running":
        return None
    tree = json.loads((run.folder / "status.json").read_text(encoding="utf-8"))
    return int(tree["pid"]) if tree["state"] == "running" else None


def assert_true_state(run: runs.Run, dead: int) -> None:
    """Nobody is told that a process trains which is no more."""
    assert trainer(run) != dead
    assert state(run) in (*runs.STATES,)


def whole_history(engine: Engine) -> list[EpochEnd]:
    """What the run of `CONFIG` says where nothing happens to it."""
    from real_runs import train

    run = train(engine, CONFIG)
    assert ended(run) == "finished"
    return list(run_log.history(run).complete_epochs)


def assert_nothing_lost(run: runs.Run, whole: list[EpochEnd], before: int) -> None:
    """The run is finished as if nothing had happened to it.

    Args:
        run: The run.
        whole: As `whole_history`.
        before: The last epoch that was on the disk when the fault came.
    """
    assert ended(run) == "finished"
    epochs = run_log.history(run).complete_epochs
    assert [end.epoch for end in epochs] == [end.epoch for end in whole]
    assert_allclose(figures(epochs), figures(whole), atol=1e-3)
    began = words_of(run, RunStarted)
    assert began[-1].epochs_done >= before or len(began) == 1, "a saved epoch was trained again"
    assert_one_trainer(run)
    history = run_log.history(run)
    assert history.ended is not None
    assert history.ended.best_epoch == min(whole, key=lambda end: end.val_loss).epoch
    assert not (run.folder / "error.txt").exists()


def assert_one_trainer(run: runs.Run) -> None:
    """After each start the batches only go up: two processes would write theirs in between."""
    last = (0, 0)
    for event in events_of(run):
        if isinstance(event, RunStarted):
            last = (0, 0)
        elif isinstance(event, BatchEnd):
            assert (event.epoch, event.batch) > last
            last = event.epoch, event.batch


def words_of(run: runs.Run, kind: type) -> list[Any]:
    """Everything of one kind, whole lines alone."""
    return [event for event in events_of(run) if isinstance(event, kind)]


def gone(pid: int) -> None:
    """Wait until that process is no more."""
    until(lambda: not alive(pid))
