"""The queue of runs: who may order, in which order they are trained, and what is said of them meanwhile.

Knows neither threads nor processes nor Dask: the engine calls `step` and says how runs are sent.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cnn_core import datasets, runs
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.engine.disk_wait import DiskWait
from cnn_core.engine.estimate import Place, present_speed, wait, whole
from cnn_core.errors import CnnError, LimitError, RunError
from cnn_core.files import disk_is_full
from cnn_core.planning import cost
from cnn_core.planning.limits import Limits, check_limits
from cnn_core.runs import control, lease, space
from cnn_core.runs import log as run_log
from cnn_core.runs.state import WAITS_FOR_DISK, full_disk

ROOM_TO_GO_ON = 5_000_000  # bytes free on a disk that was full, below which no run is tried again
MOST_PAUSE = 300.0  # seconds that a run may be paused while others wait for its worker

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    """A run that waits (without a future) or was sent to a worker."""

    run: runs.Run
    future: Any = None
    disk: DiskWait = field(default_factory=DiskWait)


class Queue:
    """Runs that wait for a worker, and those that were sent to one; safe to call on every thread.

    Args:
        send: Sends a run to a worker and returns a future, as Dask has them: its `status` is "pending",
            "finished", "error", or "cancelled" or "lost" when the scheduler went away.
        error_of: What went wrong in a future whose status is "error".
        clock: Seconds; for tests.
    """

    def __init__(
        self,
        send: Callable[[runs.Run], Any],
        error_of: Callable[[Any], CnnError],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send_run, self._error_of, self._clock = send, error_of, clock
        self._lock = threading.RLock()
        self._jobs: list[_Job] = []  # oldest first
        self._held: set[str] = set()
        self._turns: dict[tuple[bool, str], int] = {}  # the number of the last one of each visitor
        self._pauses: dict[str, tuple[int, float]] = {}  # which pause of a run, and since when
        self._sent = 0
        self._workers = 0
        self._vouched = -math.inf

    def order(
        self,
        model: ModelConfig,
        train: TrainConfig,
        *,
        owner: str = "",
        name: str = "",
        limits: Limits | None = None,
        sweep: str = "",
        trial: int = 0,
    ) -> runs.Run:
        """Make a run and queue it; nothing is made if it is refused.

        Trials of a sweep do not count among the runs that their owner may have queued: of them only as
        many wait as there are workers, after every single run.

        Raises:
            LimitError: If it is over a cap, or too many runs of its owner or of all are waiting.
            DataError, ShapeError: If it cannot be trained.
            RunError: If its folder cannot be written.
        """
        limits = limits or Limits.from_environment()
        self.check(model, train, limits)
        _make_room(limits)
        with self._lock:
            self._refuse_crowd(owner, limits, sweep)
            self._refuse_hours(model, train, limits, sweep)
            run = runs.create(model, train, owner=owner, name=name, sweep=sweep, trial=trial)
            self._jobs.append(_Job(run))
        space.note_visit(owner, orders=True)
        return run

    def resume(self, run: runs.Run, *, by: str, limits: Limits | None = None) -> None:
        """Queue an interrupted run again; it continues after its last complete epoch.

        Args:
            run: The run.
            by: Who asks: a word as in `Run.owner`. It is the owner who may have only so many runs queued.
            limits: Caps; those of the environment if not given.

        Raises:
            RunError: If `by` does not own the run, it has ended, is still active, here or in another
                process, or its folder cannot be written.
            LimitError, DataError: As in `order`.
        """
        runs.refuse_stranger(run, by)
        limits = limits or Limits.from_environment()
        self.check(run.model, run.train, limits, done=run_log.resumes_after(run))
        with self._lock:
            if self.holds(run.id):
                raise RunError("run.not_resumable", id=run.id)
            if lease.holder(run):
                raise lease.refusal(run)
            self._refuse_crowd(run.owner, limits, run.sweep)
            self._refuse_hours(run.model, run.train, limits, run.sweep)
            # Of two servers that resume it, one finds it resumable.
            if not runs.write_status(run, "queued", only_if=runs.RESUMABLE):
                raise RunError("run.not_resumable", id=run.id)
            control.ask(run, by=by, stop=False, paused=False)
            self._jobs.append(_Job(run))

    def check(
        self, model: ModelConfig, train: TrainConfig, limits: Limits | None = None, *, done: int = 0
    ) -> None:
        """Refuse what is over a cap at the speed that was measured here; raises as `check_limits`.

        Args:
            model: The network.
            train: How it shall be trained.
            limits: Caps; those of the environment if not given.
            done: Epochs that are trained already.
        """
        check_limits(model, train, limits, speed=self._speed(), done=done)

    def _refuse_crowd(self, owner: str, limits: Limits, sweep: str) -> None:
        if len(self._jobs) >= limits.waiting:
            raise LimitError("limit.waiting", cap=limits.waiting)
        own = sum(job.run.owner == owner and not job.run.sweep for job in self._jobs)
        if not sweep and own >= limits.queued:
            raise LimitError("limit.queued", cap=limits.queued)

    def _refuse_hours(
        self, model: ModelConfig, train: TrainConfig, limits: Limits, sweep: str
    ) -> None:
        """Refuse a run that would wait for too long; trials of sweeps give way to it, and do not count."""
        ahead = [job.run for job in self._jobs if not job.run.sweep]
        if sweep or not ahead:
            return
        setups = [(model, train), *((run.model, run.train) for run in ahead)]
        seconds = sum(
            cost.estimated_seconds(model, train, datasets.training_images(train)) * train.epochs
            for model, train in setups
        )
        hours = seconds / (self._speed() or 1.0) / max(1, self._workers) / 3600
        if hours > limits.hours:
            raise LimitError("limit.hours", cap=limits.hours)

    def holds(self, run_id: str) -> bool:
        """Whether the run waits or was sent from here."""
        with self._lock:
            return any(job.run.id == run_id for job in self._jobs)

    def stop(self, run: runs.Run, *, by: str) -> None:
        """Take the run out of the queue, or ask it to end and keep its best weights.

        A run that waited to go on after an interruption is interrupted again, not lost. One that waits
        is taken out on a full disk, too.

        Raises:
            RunError: If `by` does not own the run, or its folder is gone or cannot be written.
        """
        full: RunError | None = None
        try:
            control.ask(run, by=by, stop=True)
        except RunError as error:
            if not disk_is_full(error):
                raise
            full = error
        with self._lock:
            waiting = [job for job in self._jobs if job.run.id == run.id and job.future is None]
            for job in waiting:
                self._take_out(job)
        if full and not waiting:
            raise full

    def _take_out(self, job: _Job) -> None:
        """What was asked to end before it was sent."""
        self._jobs.remove(job)
        _tell(job.run, "interrupted" if run_log.history(job.run).complete_epochs else "stopped")

    def place(self, run: runs.Run) -> Place:
        """Where the run stands in the queue, and how long those before it will take."""
        with self._lock:
            waiting = [job.run for job in self._next()]
            working = self._working()
        ids = [waits.id for waits in waiting]
        if run.id not in ids:
            return Place(0, None)
        ahead = [*working, *waiting[: ids.index(run.id)]]
        return Place(len(ahead), wait(ahead, working, self._workers))

    def estimate(self, model: ModelConfig, train: TrainConfig) -> float | None:
        """Seconds that such a run would take from its start; None without any measurement."""
        return whole(model, train, self._speed())

    def _speed(self) -> float | None:
        with self._lock:
            working = self._working()
        return present_speed(working)

    def _working(self) -> list[runs.Run]:
        return [job.run for job in self._jobs if job.future is not None]

    def pause_left(self, run: runs.Run) -> float | None:
        """Seconds after which a paused run goes on by itself; None if it is not paused or nobody waits."""
        with self._lock:
            if not self._waiting():
                return None
            working = any(job.run.id == run.id and job.future is not None for job in self._jobs)
            paused = self._paused_for(run) if working else None
        return None if paused is None else max(0.0, MOST_PAUSE - paused)

    def _paused_for(self, run: runs.Run) -> float | None:
        """Seconds since this queue saw that the run was paused, or took its last step; None if it is not."""
        pause = control.pause_of(run)
        if pause is None:
            self._pauses.pop(run.id, None)
            return None
        if self._pauses.get(run.id, (None, 0.0))[0] != pause:
            self._pauses[run.id] = pause, self._clock()
        return self._clock() - self._pauses[run.id][1]

    def step(self, workers: int) -> None:
        """Take back what has ended, and send the next runs to the workers that are free.

        Args:
            workers: How many workers there are that train.
        """
        with self._lock:
            self._workers = workers
            self._collect()
            self._send()

    def _collect(self) -> None:
        for job in list(self._jobs):
            if job.future is None or job.future.status == "pending":
                continue
            if job.future.status in ("cancelled", "lost"):  # the scheduler went away
                job.future, self._vouched = None, -math.inf
                continue
            error = self._error_of(job.future) if job.future.status == "error" else None
            if runs.status(job.run).waits_for_disk or (error and error.key == WAITS_FOR_DISK):
                job.future = None
                self._wait_for_disk(job)
                continue
            self._jobs.remove(job)
            if error:
                _tell(job.run, "failed", error)

    def _wait_for_disk(self, job: _Job) -> None:
        """Try a run again later whose worker found no room on the disk; in the end it has failed."""
        if job.disk.wait(self._clock(), run_log.history(job.run).epochs_done):
            _tell(job.run, "queued", full_disk(job.run))
        else:
            self._jobs.remove(job)
            _tell(job.run, "failed", RunError("run.disk_full", folder=str(job.run.folder)))

    def _waiting(self) -> list[_Job]:
        """The jobs that can be sent, the oldest first: not those that wait for the disk."""
        now = self._clock()
        return [job for job in self._jobs if job.future is None and job.disk.over(now)]

    def _send(self) -> None:
        for job in self._waiting():
            if job.disk.tries and space.free() < ROOM_TO_GO_ON:
                self._wait_for_disk(job)
        free = self._workers - sum(job.future is not None for job in self._jobs)
        for job in [job for job in self._next() if job.run.sweep not in self._held][: max(0, free)]:
            job.future = self._send_run(job.run)
            self._sent += 1
            self._turns[_group(job)] = self._sent

    def _next(self) -> list[_Job]:
        """The jobs that wait, in the order in which they are sent.

        Single runs go before trials of sweeps. Among each, visitors take turns: of two visitors the one
        who has fewer runs running and ahead goes first, else the one whose last turn is longer ago.
        """
        turns: Counter[tuple[bool, str]] = Counter()
        for job in self._jobs:
            if job.future is not None:
                turns[_group(job)] += 1
        places: dict[str, tuple[bool, int, int]] = {}
        waiting = self._waiting()
        for job in waiting:
            group = _group(job)
            places[job.run.id] = bool(job.run.sweep), turns[group], self._turns.get(group, 0)
            turns[group] += 1
        return sorted(waiting, key=lambda job: places[job.run.id])  # of equals the oldest first

    def hold(self, sweep: str, *, held: bool) -> None:
        """Send no waiting trial of that sweep until it is called with `held=False`."""
        with self._lock:
            (self._held.add if held else self._held.discard)(sweep)

    def vouch(self, *, immediately: bool = False) -> None:
        """Say of the runs that wait here that they do; also of one whose worker just died.

        Args:
            immediately: Even if it was said a moment ago.
        """
        if not immediately and self._clock() - self._vouched < runs.SECONDS_BETWEEN_LIFE_SIGNS:
            return
        self._vouched = self._clock()
        with self._lock:
            for job in list(self._jobs):
                if job.future is None and control.read_control(job.run).stop:  # by an administrator
                    self._take_out(job)
                    continue
                state = runs.status(job.run).state
                if state == "interrupted":
                    waits = None if job.disk.over(self._clock()) else full_disk(job.run)
                    _tell(job.run, "queued", waits, only_if=("interrupted",))
                elif state == "queued":
                    with suppress(OSError):
                        runs.show_life(job.run)
            self._end_long_pauses()

    def _end_long_pauses(self) -> None:
        """A run that its visitor left paused goes on by itself once others wait for the worker."""
        working = self._working()
        self._pauses = {
            run.id: self._pauses[run.id] for run in working if self._paused_for(run) is not None
        }
        for job in self._jobs:
            if self.pause_left(job.run) == 0.0:
                with suppress(RunError):
                    control.ask(job.run, by=job.run.owner, paused=False, pause_ended=True)

    def close(self) -> None:
        """Let go of all runs; those that waited are interrupted, and resumable."""
        with self._lock:
            for job in self._jobs:
                if runs.status(job.run).state == "queued":
                    _tell(job.run, "interrupted")
            self._jobs.clear()


def _make_room(limits: Limits) -> None:
    for run_id in space.make_room(limits.gigabytes * 1_000_000_000):
        log.warning("run %s of an absent visitor was deleted: the runs take too much disk", run_id)


def _group(job: _Job) -> tuple[bool, str]:
    """Whose turn it uses up: single runs and trials of a visitor count apart."""
    return bool(job.run.sweep), job.run.owner


def _tell(
    run: runs.Run,
    state: str,
    error: CnnError | None = None,
    only_if: Collection[str] = runs.STATES,
) -> None:
    """Write the status of a run whose folder may be gone meanwhile."""
    try:
        runs.write_status(run, state, error=error, only_if=only_if)
    except (CnnError, OSError) as problem:
        log.warning("the status of run %s cannot be written: %s", run.id, problem)
