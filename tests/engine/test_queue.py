"""The rules of the queue: order, place, caps, sending, taking back, signs of life and pauses."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
from played_queue import Workers, order, queue, turn, workers
from small_runs import MODEL, PLENTY, SHORT, state

from cnn_core import runs
from cnn_core.engine.estimate import Place
from cnn_core.engine.queue import Queue
from cnn_core.errors import LimitError, RunError
from cnn_core.planning.cost import estimated_seconds
from cnn_core.planning.limits import Limits
from cnn_core.progress.events import EpochEnd, RunStarted
from cnn_core.runs import control as steering
from cnn_core.runs import log as run_log

__all__ = ["queue", "workers"]  # fixtures


def test_runs_are_sent_in_their_order_one_a_worker(queue: Queue, workers: Workers) -> None:
    first, second, third = (order(queue) for _ in range(3))
    assert [queue.place(run).position for run in (first, second, third)] == [0, 1, 2]
    turn(queue, workers)
    assert [it.run_id for it in workers.futures] == [first.id]
    assert [queue.place(run).position for run in (first, second, third)] == [0, 1, 2]
    turn(queue, workers)
    assert len(workers.futures) == 1
    workers.futures[0].end()
    turn(queue, workers)
    assert [it.run_id for it in workers.futures] == [first.id, second.id]
    assert not queue.holds(first.id)
    assert [queue.holds(run.id) for run in (second, third)] == [True, True]
    workers.count += 1
    turn(queue, workers)
    assert [it.run_id for it in workers.futures] == [first.id, second.id, third.id]
    assert queue.place(third) == Place(0, None)


def trial(queue: Queue, owner: str = "me", sweep: str = "s") -> runs.Run:
    return queue.order(MODEL, SHORT, owner=owner, limits=PLENTY, sweep=sweep)


def work_off(queue: Queue, workers: Workers) -> list[str]:
    """Ids in the order in which runs are sent, each ended as soon as it was."""
    turn(queue, workers)
    for future in workers.futures:
        future.end()
        turn(queue, workers)
    return [future.run_id for future in workers.futures]


def test_a_single_run_is_sent_before_every_trial_that_waits(queue: Queue, workers: Workers) -> None:
    trials = [trial(queue) for _ in range(30)]
    turn(queue, workers)
    single = order(queue, "you")
    assert queue.place(single).position == 1, "behind the trial at work alone"
    assert [queue.place(it).position for it in trials[1:3]] == [2, 3]
    sent = work_off(queue, workers)
    assert sent == [trials[0].id, single.id, *(it.id for it in trials[1:])]


def test_visitors_take_turns_with_single_runs_and_with_trials(
    queue: Queue, workers: Workers
) -> None:
    workers.count = 2
    a = [order(queue, "a") for _ in range(3)]
    b = [trial(queue, "b", "x") for _ in range(3)]
    c = [trial(queue, "c", "y") for _ in range(2)]
    d = order(queue, "d")
    expected = [a[0], d, a[1], a[2], b[0], c[0], b[1], c[1], b[2]]
    assert [queue.place(it).position for it in expected] == list(range(9))
    turn(queue, workers)
    late = order(queue, "e")
    assert queue.place(late).position == 2, "others wait with more runs than one"
    assert work_off(queue, workers) == [it.id for it in [*expected[:2], late, *expected[2:]]]


def test_a_visitor_with_many_runs_does_not_keep_another_waiting(
    queue: Queue, workers: Workers
) -> None:
    many = [order(queue, "a") for _ in range(5)]
    turn(queue, workers)
    one = order(queue, "b")
    assert queue.place(one).position == 1, "behind the run at work alone"
    workers.futures[0].end()
    turn(queue, workers)
    assert [it.run_id for it in workers.futures] == [many[0].id, one.id]


def test_trials_do_not_use_up_what_a_visitor_may_have_queued(queue: Queue) -> None:
    limits = Limits(queued=1, waiting=4)
    for _ in range(2):
        queue.order(MODEL, SHORT, owner="me", limits=limits, sweep="s")
    queue.order(MODEL, SHORT, owner="me", limits=limits)
    with pytest.raises(LimitError, match="already have 1 run"):
        queue.order(MODEL, SHORT, owner="me", limits=limits)
    queue.order(MODEL, SHORT, owner="me", limits=limits, sweep="s")
    with pytest.raises(LimitError):
        queue.order(MODEL, SHORT, owner="me", limits=limits, sweep="s")


def test_trials_of_a_held_sweep_wait(queue: Queue, workers: Workers) -> None:
    workers.count = 3
    held, other = trial(queue, sweep="s"), trial(queue, sweep="t")
    queue.hold("s", held=True)
    turn(queue, workers)
    assert [it.run_id for it in workers.futures] == [other.id]
    queue.hold("s", held=False)
    turn(queue, workers)
    assert [it.run_id for it in workers.futures] == [other.id, held.id]


def test_a_place_tells_how_long_those_before_will_take(queue: Queue, workers: Workers) -> None:
    first, second = order(queue), order(queue)
    turn(queue, workers)
    assert queue.place(second) == Place(1, None)
    measured = runs.create(MODEL, SHORT)
    work = estimated_seconds(MODEL, SHORT, 1149)
    runs.write_status(measured, "finished", speed=work / 10)  # ten seconds per epoch
    assert queue.place(second) == Place(1, pytest.approx(20.0))
    write = run_log.EventWriter(first)
    write(RunStarted(1, 1149, 18, "float32"))
    write(EpochEnd(1, 1, 1, 1, 1, 1, seconds=4.0))
    write.close()
    assert queue.place(second) == Place(1, pytest.approx(4.0))
    workers.count += 1
    third = order(queue)
    turn(queue, workers)
    assert queue.place(third) == Place(2, pytest.approx((4.0 + 20.0) / 2))
    assert queue.place(measured) == Place(0, None)


def test_the_run_at_work_tells_how_long_those_that_wait_will_take(
    queue: Queue, workers: Workers
) -> None:
    """Earlier runs may have been slowed by their start or by a busy machine."""
    slow = runs.create(MODEL, SHORT)
    work = estimated_seconds(MODEL, SHORT, 1149)
    runs.write_status(slow, "finished", speed=work / 10)  # ten seconds per epoch
    running, waiting, last = (order(queue) for _ in range(3))
    turn(queue, workers)
    assert queue.place(last).seconds == pytest.approx(2 * 20.0)
    write = run_log.EventWriter(running)
    write(RunStarted(1, 1149, 18, "float32"))
    write(EpochEnd(1, 1, 1, 1, 1, 1, seconds=8.0))
    write(EpochEnd(2, 1, 1, 1, 1, 1, seconds=0.5))
    write.close()
    assert queue.place(last).seconds == pytest.approx(0.0 + 2 * 0.5)
    assert queue.estimate(MODEL, SHORT) == pytest.approx(2 * 0.5)
    runs.write_status(slow, "finished", speed=work / 10, extra=3.0)
    assert queue.estimate(MODEL, SHORT) == pytest.approx(3.0 + 2 * 0.5), "compiling takes time too"
    assert queue.place(waiting).position == 1


def test_no_visitor_may_have_more_than_the_cap_waiting(queue: Queue, workers: Workers) -> None:
    limits = Limits(queued=2)
    for _ in range(2):
        queue.order(MODEL, SHORT, owner="me", limits=limits)
    turn(queue, workers)
    before = len(runs.all_runs())
    with pytest.raises(LimitError, match="already have 2 runs"):
        queue.order(MODEL, SHORT, owner="me", limits=limits)
    assert len(runs.all_runs()) == before
    other = queue.order(MODEL, SHORT, owner="you", limits=limits)
    queue.stop(other, by=other.owner)
    queue.order(MODEL, SHORT, owner="you", limits=limits)
    workers.futures[0].end()
    turn(queue, workers)
    queue.order(MODEL, SHORT, owner="me", limits=limits)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RunError("run.wrong_classes", images=10, network=7), "outputs for only 7"),
        (type("KilledWorker", (Exception,), {})("x"), "its process was killed"),
        (OSError("disk"), "internal error (OSError)"),
    ],
)
def test_what_a_worker_could_not_write_itself_is_written_for_it(
    error: Exception, sentence: str, queue: Queue, workers: Workers
) -> None:
    run = order(queue)
    turn(queue, workers)
    workers.futures[0].end("error", error)
    turn(queue, workers)
    assert state(run) == "failed"
    assert sentence in runs.status(run).sentence("en")
    assert runs.status(run).sentence("ko")
    assert not queue.holds(run.id)


def test_waiting_runs_are_vouched_for(queue: Queue, workers: Workers) -> None:
    waiting, sent = order(queue), order(queue)
    workers.count = 0
    for run in (waiting, sent):
        os.utime(run.folder / "alive", (1, 1))
        assert state(run) == "interrupted"
    turn(queue, workers)
    assert (state(waiting), state(sent)) == ("queued", "queued")


def test_a_long_pause_ends_once_others_wait_for_the_worker(
    queue: Queue, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    monkeypatch.setattr(queue, "_clock", lambda: seconds)
    paused = order(queue)
    turn(queue, workers)
    steering.ask(paused, by=paused.owner, paused=True)
    queue.vouch(immediately=True)
    seconds += 400
    queue.vouch(immediately=True)
    assert steering.read_control(paused).paused, "nobody waits"
    assert queue.pause_left(paused) is None
    os.utime(paused.folder / "control.json", (5, 5))  # a step
    queue.vouch(immediately=True)
    order(queue)
    for passed, goes_on in ((100, False), (100, False), (100, True)):
        seconds += passed
        left = queue.pause_left(paused)
        queue.vouch(immediately=True)
        assert steering.read_control(paused).paused is not goes_on
        assert steering.read_control(paused).pause_ended is goes_on
        assert left == pytest.approx(700 - seconds)
    assert queue.pause_left(paused) is None
    steering.ask(paused, by=paused.owner, paused=True)
    assert not steering.read_control(paused).pause_ended, "said of the last pause only"


def test_a_run_that_somebody_finished_meanwhile_is_left_alone(
    queue: Queue, workers: Workers
) -> None:
    run = order(queue)
    turn(queue, workers)
    runs.write_status(run, "finished", speed=3.0)
    queue.vouch(immediately=True)
    turn(queue, workers)
    assert runs.status(run).speed == 3.0


@pytest.mark.parametrize("status", ["finished", "error", "cancelled"])
def test_a_run_whose_folder_is_gone_troubles_nobody(
    status: str, queue: Queue, workers: Workers
) -> None:
    gone, other = order(queue), order(queue)
    turn(queue, workers)
    shutil.rmtree(gone.folder)
    queue.vouch(immediately=True)
    turn(queue, workers)
    assert queue.place(other).position == 1
    workers.futures[0].end(status, OSError("gone") if status == "error" else None)
    turn(queue, workers)
    if status != "cancelled":
        assert workers.futures[1].run_id == other.id
    assert not gone.folder.exists()
    with pytest.raises(RunError, match="does not exist"):
        queue.stop(gone, by=gone.owner)


def test_a_waiting_run_whose_folder_is_gone_or_damaged_troubles_nobody(
    queue: Queue, workers: Workers
) -> None:
    busy, gone, damaged, last = (order(queue) for _ in range(4))
    turn(queue, workers)
    shutil.rmtree(gone.folder)
    (damaged.folder / "config.json").write_text("{")
    (damaged.folder / "events.jsonl").write_bytes(b"\0\0\n")
    assert queue.place(last).position == 3
    order(queue)
    for _ in range(3):
        workers.futures[-1].end()
        turn(queue, workers)
    assert [it.run_id for it in workers.futures] == [busy.id, gone.id, damaged.id, last.id]


def test_a_foreign_run_has_no_place_and_raises_nothing(queue: Queue) -> None:
    foreign = runs.create(MODEL, SHORT)
    shutil.rmtree(foreign.folder)
    assert queue.place(foreign) == Place(0, None)
    assert not queue.holds("../../etc")


@pytest.mark.parametrize("end", [(), ("error", RunError("run.killed"))])
def test_a_folder_that_is_gone_when_its_run_ends_is_a_sentence_in_the_log(
    end: tuple[Any, ...], queue: Queue, workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    run = queue.order(MODEL, SHORT, limits=PLENTY)
    turn(queue, workers)
    shutil.rmtree(run.folder)
    workers.futures[-1].end(*end)
    turn(queue, workers)
    assert not queue.holds(run.id)
    assert not run.folder.exists()
    assert "Traceback" not in caplog.text
