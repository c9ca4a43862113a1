"""Runs that real worker processes train, in a home of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from patience import until
from small_runs import MODEL, PLENTY, SHORT, state

from cnn_core import runs
from cnn_core.config import TrainConfig
from cnn_core.engine import Engine, worker
from cnn_core.errors import RunError
from cnn_core.progress.events import from_json
from cnn_core.runs import control

ROOT = Path(__file__).parents[1]


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
        until(lambda: (engine.ready("train") and engine.ready("look")) or engine.problem("train"))
        assert engine.problem("train") is None
    yield engine
    pids = [pid_of(engine, kind) for kind in worker.KINDS]
    engine.close()
    assert not any(map(alive, pids))


@pytest.fixture
def engine(shared_engine: Engine, real_home: Path) -> Iterator[Engine]:
    """The shared engine with nothing to do; what a test has left running is stopped."""
    yield shared_engine
    held = [run for run in runs.all_runs() if shared_engine.holds(run.id)]
    for run in held:
        with suppress(RunError):  # its test deleted it
            control.ask(run, by=run.owner, stop=True, paused=False)
    until(lambda: not any(shared_engine.holds(run.id) for run in held))


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_of(engine: Engine, kind: str) -> int:
    return int(next(iter(until(lambda: engine.workers(kind)))).rpartition("-")[2])


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


def running_pid(run: runs.Run) -> int | None:
    tree = json.loads((run.folder / "status.json").read_text(encoding="utf-8"))
    return tree["pid"] if tree["state"] == "running" and state(run) == "running" else None
