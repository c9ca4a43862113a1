"""A run that finds the disk full waits in the queue: when it is tried again, how often, what is said."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from played_queue import Workers, interrupted, order, queue, turn, workers
from small_runs import PLENTY, state

from cnn_core import runs
from cnn_core.engine import disk_wait
from cnn_core.engine import queue as queue_module
from cnn_core.engine.disk_wait import FIRST_WAIT, LONGEST_WAIT, MOST_TRIES, DiskWait
from cnn_core.engine.queue import Queue
from cnn_core.errors import RunError
from cnn_core.progress.events import EpochEnd
from cnn_core.runs import log as run_log
from cnn_core.runs import record
from cnn_core.runs import state as state_module
from cnn_core.runs.state import full_disk

__all__ = ["queue", "workers"]  # fixtures


class Clock:
    """The seconds of a queue."""

    def __init__(self, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        monkeypatch.setattr(queue, "_clock", lambda: self.seconds)


@pytest.fixture
def clock(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(queue, monkeypatch)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes that are free on the disk; the last number counts."""
    listed = [10**12]
    monkeypatch.setattr(queue_module.space, "free", lambda: listed[-1])
    return listed


def find_disk_full(run: runs.Run, workers: Workers) -> None:
    """What a worker writes and says that found it full."""
    runs.write_status(run, "queued", error=full_disk(run))
    workers.futures[-1].end()


@pytest.mark.parametrize("told", ["written", "raised"])
def test_it_waits_in_words_and_goes_on_by_itself(
    queue: Queue, workers: Workers, clock: Clock, free: list[int], told: str
) -> None:
    run = order(queue)
    turn(queue, workers)
    if told == "written":
        find_disk_full(run, workers)
    else:  # where not even the state could be written
        workers.futures[-1].end("error", full_disk(run))
    turn(queue, workers)
    assert len(workers.futures) == 1
    assert queue.holds(run.id)
    assert runs.status(run).waits_for_disk
    assert "resumes automatically" in runs.status(run).sentence("en")
    assert "자동으로" in runs.status(run).sentence("ko")
    clock.seconds += FIRST_WAIT
    free.append(0)
    turn(queue, workers)
    assert len(workers.futures) == 1, "there is still no room"
    free.append(10**12)
    turn(queue, workers)
    assert len(workers.futures) == 1, "the next wait is longer"
    clock.seconds += 2 * FIRST_WAIT
    turn(queue, workers)
    assert len(workers.futures) == 2


def test_others_go_ahead_meanwhile(
    queue: Queue, workers: Workers, clock: Clock, free: list[int]
) -> None:
    run, other = order(queue), order(queue)
    turn(queue, workers)
    find_disk_full(run, workers)
    turn(queue, workers)
    assert [future.run_id for future in workers.futures] == [run.id, other.id]
    assert queue.place(other).position == 0
    assert queue.pause_left(other) is None, "nobody waits for its worker"


def test_it_can_be_stopped_while_it_waits(
    queue: Queue, workers: Workers, clock: Clock, free: list[int]
) -> None:
    run = interrupted(epochs=1)
    queue.resume(run, by="", limits=PLENTY)
    turn(queue, workers)
    find_disk_full(run, workers)
    turn(queue, workers)
    queue.stop(run, by="")
    assert (state(run), queue.holds(run.id)) == ("interrupted", False)


def test_a_full_disk_keeps_nobody_from_stopping_it(
    queue: Queue,
    workers: Workers,
    clock: Clock,
    free: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = order(queue)
    turn(queue, workers)
    monkeypatch.setattr(record, "write_json", _no_space)
    with pytest.raises(RunError) as refused:
        queue.stop(run, by=run.owner)
    assert refused.value.key == "run.storage", "its worker cannot be told"
    find_disk_full(run, workers)
    turn(queue, workers)
    monkeypatch.setattr(state_module, "write_json", _no_space)
    queue.stop(run, by=run.owner)
    assert (state(run), queue.holds(run.id)) == ("stopped", False)


def _no_space(path: Path, tree: dict[str, object]) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def test_it_fails_in_the_end_and_can_be_resumed(
    queue: Queue, workers: Workers, clock: Clock, free: list[int]
) -> None:
    run = order(queue)
    turn(queue, workers)
    find_disk_full(run, workers)
    free.append(0)
    for _ in range(MOST_TRIES + 1):
        turn(queue, workers)
        clock.seconds += LONGEST_WAIT
    assert (state(run), queue.holds(run.id)) == ("failed", False)
    assert runs.status(run).resumable
    assert "Free some space there, then resume" in runs.status(run).sentence("en")


def test_what_is_said_survives_the_worker(
    queue: Queue, workers: Workers, clock: Clock, free: list[int]
) -> None:
    run = order(queue)
    turn(queue, workers)
    find_disk_full(run, workers)
    turn(queue, workers)
    runs.write_status(run, "interrupted")
    queue.vouch(immediately=True)
    assert runs.status(run).waits_for_disk


def test_another_error_is_no_full_disk(queue: Queue, workers: Workers, clock: Clock) -> None:
    run = order(queue)
    turn(queue, workers)
    workers.futures[-1].end("error", RunError("run.storage", folder="/away"))
    turn(queue, workers)
    assert (state(run), queue.holds(run.id)) == ("failed", False)


def test_waits_grow_and_begin_anew_with_each_epoch() -> None:
    wait, now, lengths = DiskWait(), 0.0, []
    for epochs in (0, 0, 0, 0, 0, 0, 0, 0, 1):
        assert wait.wait(now, epochs)
        lengths.append(wait.until - now)
    assert lengths == [10, 20, 40, 80, 160, 320, 600, 600, 10]
    assert all(DiskWait(tries=tries).wait(0.0, 0) for tries in range(MOST_TRIES))
    assert not DiskWait(tries=MOST_TRIES).wait(0.0, 0)
    assert not DiskWait(tries=10_000).wait(0.0, 0)
    assert disk_wait.FIRST_WAIT < disk_wait.LONGEST_WAIT


def test_a_run_that_gets_on_is_tried_as_often_again(
    queue: Queue, workers: Workers, clock: Clock, free: list[int]
) -> None:
    run = order(queue)
    for epoch in range(1, 4):
        turn(queue, workers)
        write = run_log.EventWriter(run)
        write(EpochEnd(epoch, 1, 1, 1, 1, 1, 1.0))
        write.close()
        find_disk_full(run, workers)
        turn(queue, workers)
        assert len(workers.futures) == epoch
        clock.seconds += FIRST_WAIT
