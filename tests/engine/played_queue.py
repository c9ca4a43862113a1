"""A queue whose workers are only played."""

from __future__ import annotations

import pytest
from played_future import Future
from small_runs import MODEL, PLENTY, SHORT

from cnn_core import runs
from cnn_core.engine.cluster import error_of
from cnn_core.engine.queue import Queue
from cnn_core.progress.events import EpochEnd
from cnn_core.runs import control as steering
from cnn_core.runs import log as run_log


class Workers:
    """Stand for the workers that train: remember what they were sent."""

    def __init__(self) -> None:
        self.count = 1
        self.futures: list[Future] = []

    def send(self, run: runs.Run) -> Future:
        self.futures.append(Future(run.id))
        return self.futures[-1]


@pytest.fixture
def workers() -> Workers:
    return Workers()


@pytest.fixture
def queue(workers: Workers) -> Queue:
    return Queue(workers.send, error_of)


def turn(queue: Queue, workers: Workers) -> None:
    """What the engine does with the queue, again and again."""
    queue.vouch()
    queue.step(workers.count)


def order(queue: Queue, owner: str = "me") -> runs.Run:
    return queue.order(MODEL, SHORT, owner=owner, limits=PLENTY)


def interrupted(epochs: int = 1, owner: str = "") -> runs.Run:
    run = runs.create(MODEL, SHORT, owner=owner)
    write = run_log.EventWriter(run)
    for epoch in range(1, epochs + 1):
        write(EpochEnd(epoch, 1, 1, 1, 1, 1, 1.0))
    write.close()
    steering.ask(run, by=run.owner, stop=True, paused=True, learning_rate=0.5)
    runs.write_status(run, "interrupted")
    return run
