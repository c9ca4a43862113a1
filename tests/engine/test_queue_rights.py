"""Runs in the queue that are stopped, resumed and changed: by their owners only, within the caps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from played_queue import Workers, interrupted, order, queue, turn, workers
from small_runs import MODEL, PLENTY, SHORT, state

from cnn_core import runs
from cnn_core.engine.estimate import Place
from cnn_core.engine.queue import Queue
from cnn_core.errors import LimitError, RunError
from cnn_core.planning.limits import Limits
from cnn_core.runs import control as steering

__all__ = ["queue", "workers"]  # fixtures


def test_a_run_that_waits_is_stopped_at_once(queue: Queue, workers: Workers) -> None:
    workers.count = 0
    run, after = order(queue), order(queue)
    queue.stop(run, by=run.owner)
    assert state(run) == "stopped"
    assert not queue.holds(run.id)
    assert queue.place(after).position == 0
    assert queue.place(run) == Place(0, None)


def test_a_run_that_is_sent_is_asked_to_stop(queue: Queue, workers: Workers) -> None:
    run = order(queue)
    turn(queue, workers)
    queue.stop(run, by=run.owner)
    assert steering.read_control(run).stop
    assert queue.holds(run.id)
    assert state(run) == "queued"


def test_an_interrupted_run_is_queued_again_without_its_old_wishes(
    queue: Queue, workers: Workers
) -> None:
    run = interrupted()
    queue.resume(run, by=run.owner, limits=PLENTY)
    control = steering.read_control(run)
    assert (control.stop, control.paused, control.learning_rate) == (False, False, 0.5)
    assert state(run) == "queued"
    with pytest.raises(RunError, match="cannot be resumed"):
        queue.resume(run, by=run.owner, limits=PLENTY)
    turn(queue, workers)
    assert workers.futures[0].run_id == run.id


def test_an_interrupted_run_that_is_stopped_in_the_queue_can_still_be_resumed(
    queue: Queue,
) -> None:
    run = interrupted()
    queue.resume(run, by=run.owner, limits=PLENTY)
    queue.stop(run, by=run.owner)
    assert runs.status(run).resumable
    queue.resume(run, by=run.owner, limits=PLENTY)
    assert state(run) == "queued"


def test_a_run_whose_worker_just_died_is_still_held_and_cannot_be_resumed_twice(
    queue: Queue, workers: Workers
) -> None:
    run = order(queue)
    turn(queue, workers)
    runs.write_status(run, "interrupted")
    with pytest.raises(RunError, match="cannot be resumed"):
        queue.resume(run, by=run.owner, limits=PLENTY)


@pytest.mark.parametrize("over", runs.OVER)
def test_a_run_that_is_over_cannot_be_resumed(over: str, queue: Queue) -> None:
    run = runs.create(MODEL, SHORT)
    runs.write_status(run, over)
    with pytest.raises(RunError, match="cannot be resumed"):
        queue.resume(run, by=run.owner)
    assert state(run) == over


CHANGES: dict[str, Callable[[Queue, runs.Run, str], object]] = {
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
def test_only_the_owner_of_a_run_changes_it(change: str, owner: str, queue: Queue) -> None:
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


def test_nobody_uses_up_what_another_may_have_queued(queue: Queue) -> None:
    limits = Limits(queued=3)
    for run in [interrupted(owner="me") for _ in range(3)]:
        with pytest.raises(RunError, match="belongs to another visitor"):
            queue.resume(run, by="you", limits=limits)
    queue.order(MODEL, SHORT, owner="me", limits=limits)


def test_a_run_at_work_is_stopped_by_its_owner_only(queue: Queue, workers: Workers) -> None:
    waits, works = order(queue), order(queue)
    turn(queue, workers)
    for run in (waits, works):
        with pytest.raises(RunError, match="belongs to another visitor"):
            queue.stop(run, by="you")
        assert queue.holds(run.id)
        assert not steering.read_control(run).stop


def test_caps_hold_for_resumed_runs_too(queue: Queue) -> None:
    run = interrupted()
    with pytest.raises(LimitError):
        queue.resume(run, by=run.owner, limits=Limits(epochs=1))
    order(queue, owner="")
    with pytest.raises(LimitError):
        queue.resume(run, by=run.owner, limits=Limits(queued=1))
    assert state(run) == "interrupted"
