"""Two servers on one scheduler, with two workers that train and one home: what one starts, the other has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import until
from real_clusters import address, plain_scheduler, start, worker_of
from real_runs import ended, real_home, running_pid, shared_home, words
from small_runs import LONG, MODEL, PLENTY, state

from cnn_core import runs
from cnn_core.engine import Engine
from cnn_core.errors import RunError
from cnn_core.progress.events import RunStarted
from cnn_core.runs import log as run_log

__all__ = ["address", "real_home", "shared_home", "start"]  # fixtures
pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def servers(start, address: str, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    plain_scheduler(start, address, tmp_path)
    for kind in ("train", "train", "look"):
        worker_of(start, address, kind)
    a, b = Engine(address).start(), Engine(address).start()
    yield a, b
    a.close()
    b.close()


def test_a_run_of_one_server_is_stopped_and_resumed_on_the_other_by_its_owner_alone(
    servers: tuple[Engine, Engine],
) -> None:
    a, b = servers
    for engine in servers:
        until(lambda engine=engine: len(engine.workers("train")) == 2)
    first = a.order(MODEL, LONG, owner="ann", limits=PLENTY)
    second = b.order(MODEL, LONG, owner="bob", limits=PLENTY)
    until(lambda: (state(first), state(second)) == ("running", "running"))
    assert running_pid(first) != running_pid(second), "each has a worker of its own"
    until(lambda: run_log.history(first).complete_epochs)

    seen = next(run for run in runs.all_runs() if run.id == first.id)
    with pytest.raises(RunError):
        b.stop(seen, by="bob")
    with pytest.raises(RunError):
        b.resume(seen, by="ann", limits=PLENTY)  # it trains already
    assert len(words(first, RunStarted)) == 1

    waiting = a.order(MODEL, LONG, owner="ann", limits=PLENTY)  # both workers are busy
    until(lambda: state(waiting) == "queued")
    a.close()
    until(lambda: state(waiting) == "interrupted")
    with pytest.raises(RunError):
        b.resume(waiting, by="bob", limits=PLENTY)
    b.stop(seen, by="ann")
    assert ended(first) == "stopped"
    b.resume(waiting, by="ann", limits=PLENTY)
    until(lambda: state(waiting) == "running")
    with pytest.raises(RunError):
        runs.delete(waiting, by="bob")
    b.stop(waiting, by="ann")
    assert ended(waiting) == "stopped"
    assert len(words(waiting, RunStarted)) == 1
    until(lambda: not b.holds(waiting.id))
    runs.delete(waiting, by="ann")
    assert not runs.exists(waiting)
