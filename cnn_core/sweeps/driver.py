"""Drives sweeps: asks for the next trial, orders it as a run, watches it, and tells how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from filelock import Timeout

from cnn_core import runs
from cnn_core.engine import Engine
from cnn_core.errors import CnnError, EngineError, LimitError, RunError, SweepError
from cnn_core.runs import control
from cnn_core.runs import log as run_log
from cnn_core.sweeps import store
from cnn_core.sweeps.record import ACTIVE, Progress, Sweep
from cnn_core.sweeps.study import RUN, WEAK, Attempt, Study

SECONDS_BETWEEN_SCANS = 1.0
SECONDS_BETWEEN_NOTES = 5.0  # of how long the sweep has worked

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Trial:
    """A trial that is not over; without a run until the queue takes it."""

    attempt: Attempt
    run: runs.Run | None = None


@dataclass(slots=True)
class _Driven:
    """A sweep that this process drives."""

    sweep: Sweep
    study: Study
    lock: Any
    seconds: float
    noted: float
    trials: list[_Trial] = field(default_factory=list)
    left: bool = True  # whether there may be another set-up to try


class Driver:
    """Drives the sweeps of this home that nobody else drives, on the engine's thread.

    Args:
        engine: Trains the trials.
        only: Id of the one sweep to drive; all of this home if not given.
        clock: Seconds; for tests.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        only: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._only, self._clock = engine, only, clock
        self._driven: dict[str, _Driven] = {}
        self._over: set[str] = set()  # sweeps that never need a driver again
        self._scanned = -SECONDS_BETWEEN_SCANS
        self._folder = 0  # when a sweep was last begun or deleted, by the folder of all sweeps
        self._last = clock()

    def start(self) -> Driver:
        """Work from now on, also on the sweeps that an ended server left."""
        self._engine.before_each_step(self.step)
        return self

    def close(self) -> None:
        """Let go of all sweeps; they go on where a driver takes them up."""
        for driven in list(self._driven.values()):
            self._let_go(driven)

    def step(self) -> None:
        """Look after every sweep once."""
        now = self._clock()
        passed, self._last = now - self._last, now
        folder = store.changed()
        if folder != self._folder or now - self._scanned >= SECONDS_BETWEEN_SCANS:
            self._folder, self._scanned = folder, now
            self._take_up()
        for driven in list(self._driven.values()):
            try:
                self._drive(driven, passed)
            except Exception as error:  # whatever it was, other sweeps go on
                self._give_up(driven.sweep, error)
                self._let_go(driven)

    def _take_up(self) -> None:
        for sweep in store.newest():
            if sweep.id in self._driven or sweep.id in self._over:
                continue
            if self._only not in ("", sweep.id):
                continue
            state = store.progress(sweep).state
            if state not in ACTIVE:
                self._over.add(sweep.id)
            if state != "running":
                continue
            lock = store.lock(sweep, "driving")
            try:
                lock.acquire(timeout=0)
            except (Timeout, OSError):
                continue  # another process drives it
            try:
                self._driven[sweep.id] = self._opened(sweep, lock)
            except Exception as error:  # a damaged journal can be wrong in any way
                lock.release()
                self._give_up(sweep, error)

    def _opened(self, sweep: Sweep, lock: Any) -> _Driven:
        study = Study(sweep, self._engine.check)
        attempts = study.unfinished()
        tagged: dict[int, runs.Run] = {}
        if attempts:
            own = runs.newest(sweep.owner)
            tagged = {run.trial: run for run in own if run.sweep == sweep.id}
        trials = [_Trial(attempt) for attempt in attempts]
        for trial in trials:
            run = tagged.get(trial.attempt.trial.number)
            if run is not None and (run.model, run.train) == trial.attempt.setup:
                trial.run = run
                # The process may have ended before it noted the run.
                trial.attempt.trial.set_user_attr(RUN, run.id)
        seconds = store.progress(sweep).seconds
        return _Driven(sweep, study, lock, seconds, seconds, trials)

    def _drive(self, driven: _Driven, passed: float) -> None:
        sweep = driven.sweep
        now = store.progress(sweep)
        self._engine.hold(sweep.id, held=now.state == "paused")
        if now.state == "running":
            driven.seconds += passed
            if driven.seconds - driven.noted > SECONDS_BETWEEN_NOTES:
                driven.noted = driven.seconds
                store.change(sweep, seconds=driven.seconds)
        for trial in list(driven.trials):
            if self._watch(driven, trial, now):
                driven.trials.remove(trial)
        if now.state == "running":
            self._begin_trials(driven)
        elif now.state not in ACTIVE and not driven.trials:
            self._let_go(driven)

    def _watch(self, driven: _Driven, trial: _Trial, now: Progress) -> bool:
        """Report and tell what is new of the trial; whether it is over."""
        study, run = driven.study, trial.run
        if run is None:
            if now.state in ACTIVE:
                return False
            study.end(trial.attempt, "pruned")
            return True
        if not runs.exists(run):
            study.end(trial.attempt, "failed")
            return True
        state = runs.status(run).state
        if state in runs.OVER:
            self._tell(study, trial, run, state)
            return True
        if state == "failed":
            study.end(trial.attempt, "failed")
            return True
        if now.state not in ACTIVE:
            with suppress(RunError):
                self._engine.stop(run, by=run.owner)
        elif state == "interrupted":
            if now.state == "running" and not self._engine.holds(run.id):
                with suppress(LimitError, EngineError, RunError):  # tried again at the next step
                    self._engine.resume(run, by=run.owner)
        else:
            self._report(trial, run)
        return False

    def _tell(self, study: Study, trial: _Trial, run: runs.Run, state: str) -> None:
        self._report_epochs(trial, run)
        best = run_log.history(run).best
        if state == "stopped" or best is None:
            study.end(trial.attempt, "pruned")
        else:
            study.complete(trial.attempt, best.val_accuracy)

    def _report(self, trial: _Trial, run: runs.Run) -> None:
        """Report new epochs; a trial that is weak so far is asked to stop."""
        optuna_trial = trial.attempt.trial
        new = self._report_epochs(trial, run)
        if new and max(trial.attempt.reported) < run.train.epochs and optuna_trial.should_prune():
            optuna_trial.set_user_attr(WEAK, True)
            with suppress(RunError):
                control.ask(run, by=run.owner, stop=True, paused=False)

    def _report_epochs(self, trial: _Trial, run: runs.Run) -> bool:
        new = [
            end
            for end in run_log.history(run).complete_epochs
            if end.epoch not in trial.attempt.reported and end.val_accuracy == end.val_accuracy
        ]
        for end in new:
            trial.attempt.trial.report(end.val_accuracy, end.epoch)
            trial.attempt.reported.add(end.epoch)
        return bool(new)

    def _begin_trials(self, driven: _Driven) -> None:
        plan = driven.sweep.plan
        begun = driven.study.begun()
        in_time = not plan.minutes or driven.seconds < 60 * plan.minutes
        places = max(1, len(self._engine.workers("train")))
        while driven.left and in_time and begun < plan.trials and len(driven.trials) < places:
            attempt = driven.study.ask()
            if attempt is None:
                driven.left = False
                break
            driven.trials.append(_Trial(attempt))
            begun += 1
        for trial in driven.trials:
            if trial.run is None:
                self._order(driven, trial)
        if not driven.trials:
            reason = "trials" if begun >= plan.trials else "all" if not driven.left else "time"
            store.change(driven.sweep, "finished", reason=reason, seconds=driven.seconds)

    def _order(self, driven: _Driven, trial: _Trial) -> None:
        sweep, place = driven.sweep, driven.study.place(trial.attempt)
        with suppress(LimitError, EngineError):  # the queue is full or away: at the next step
            trial.run = self._engine.order(
                *trial.attempt.setup,
                owner=sweep.owner,
                name=f"{sweep.name} #{place}".strip(),
                sweep=sweep.id,
                trial=trial.attempt.trial.number,
            )
            trial.attempt.trial.set_user_attr(RUN, trial.run.id)

    def _give_up(self, sweep: Sweep, error: Exception) -> None:
        """Say what went wrong. It is over if nothing can be trained; else it waits for its owner."""
        expected = error if isinstance(error, CnnError) else None
        log.warning(
            "sweep %s cannot go on: %s", sweep.id, error, exc_info=None if expected else error
        )
        problem = expected or SweepError("sweep.broken", kind=type(error).__name__)
        final = expected is not None and expected.key == "sweep.nothing_left"
        with suppress(SweepError):
            store.change(sweep, "failed" if final else "paused", only_if=ACTIVE, error=problem)

    def _let_go(self, driven: _Driven) -> None:
        self._driven.pop(driven.sweep.id, None)
        self._engine.hold(driven.sweep.id, held=False)
        driven.lock.release()
