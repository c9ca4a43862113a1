"""Optuna's side of a sweep: what to try next, and what has come of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import CnnError, SweepError
from cnn_core.planning import space as spaces
from cnn_core.planning.space import Dimension, Setup, Value
from cnn_core.sweeps import store
from cnn_core.sweeps.record import Plan, Sweep

if TYPE_CHECKING:
    from optuna import Study as OptunaStudy
    from optuna import Trial
    from optuna.trial import FrozenTrial

TRIES = (
    20  # set-ups in a row that were tried or cannot be trained, before one is chosen among the rest
)
MOST_TRIES = 200
WARM_UP = 4  # trials that no other is compared with before they are complete
SKIPPED, RUN, WEAK = "skipped", "run", "weak"  # attributes of a trial

Check = Callable[[ModelConfig, TrainConfig], None]
Ending = Literal["pruned", "failed"]


@dataclass(slots=True)
class Attempt:
    """A trial that is not over.

    Attributes:
        trial: Optuna's object.
        setup: The set-up that it stands for.
        reported: Epochs whose accuracy Optuna knows.
    """

    trial: Trial
    setup: Setup
    reported: set[int] = field(default_factory=set)


class Study:
    """The study of a sweep, opened to write; one process at a time may have it open.

    Args:
        sweep: The sweep.
        check: Raises the `CnnError` that tells why a set-up is not trained here.

    Raises:
        SweepError: If nothing in the space can be trained.
    """

    def __init__(self, sweep: Sweep, check: Check) -> None:
        self._plan, self._check = sweep.plan, check
        self._space = sweep.plan.space
        self._survey = spaces.survey(self._space, check)
        repair(sweep.journal)
        self._study = _create(sweep)
        self._tried = {
            repr(self._space.setup(trial.params))
            for trial in self._kept()
            if self._is_whole(trial.params)
        }
        if sweep.plan.method == "grid":
            self._enqueue_grid()

    def unfinished(self) -> list[Attempt]:
        """The trials that were begun and not told of yet."""
        from optuna import Trial
        from optuna.trial import TrialState

        begun = [trial for trial in self._kept() if trial.state is TrialState.RUNNING]
        attempts = []
        for trial in begun:
            whole, reported = self._is_whole(trial.params), set(trial.intermediate_values)
            attempt = self._attempt(Trial(self._study, trial._trial_id))
            if not whole and not self._is_new(attempt):
                continue
            attempt.reported |= reported
            attempts.append(attempt)
        return attempts

    def place(self, attempt: Attempt) -> int:
        """Which trial of the sweep it is, counted from 1."""
        return sum(trial.number <= attempt.trial.number for trial in self._kept())

    def begun(self) -> int:
        """Trials that were begun, whether they are over or not."""
        from optuna.trial import TrialState

        return sum(trial.state is not TrialState.WAITING for trial in self._kept())

    def ask(self) -> Attempt | None:
        """The next trial, of a set-up that was not tried; None if there is none left."""
        for number in range(MOST_TRIES):
            if self._plan.method == "grid" and not self._waiting():
                return None
            if number and number % TRIES == 0 and not self._enqueue_one():
                return None
            attempt = self._attempt(self._study.ask())
            if self._is_new(attempt):
                return attempt
        return None

    def _is_new(self, attempt: Attempt) -> bool:
        """Whether it can be trained and was not tried yet; else it is skipped."""
        if repr(attempt.setup) in self._tried:
            self._skip(attempt, "failed")
            return False
        try:
            self._check(*attempt.setup)
        except CnnError:
            self._skip(attempt, "pruned")  # the method learns to stay away from there
            return False
        self._tried.add(repr(attempt.setup))
        return True

    def complete(self, attempt: Attempt, accuracy: float) -> None:
        """The trial came to its end with that validation accuracy."""
        self._study.tell(attempt.trial.number, accuracy, skip_if_finished=True)

    def end(self, attempt: Attempt, how: Ending) -> None:
        """The trial is over without having come to its end."""
        from optuna.trial import TrialState

        state = {"pruned": TrialState.PRUNED, "failed": TrialState.FAIL}[how]
        self._study.tell(attempt.trial.number, state=state, skip_if_finished=True)

    def _skip(self, attempt: Attempt, how: Ending) -> None:
        attempt.trial.set_user_attr(SKIPPED, True)
        self.end(attempt, how)

    def _attempt(self, trial: Trial) -> Attempt:
        _, setup = self._space.choose(lambda dimension: _suggest(trial, dimension))
        return Attempt(trial, setup)

    def _kept(self) -> list[FrozenTrial]:
        return kept(self._study)

    def _is_whole(self, params: dict[str, Any]) -> bool:
        try:
            self._space.setup(params)
        except KeyError:  # the process was killed while the values were chosen
            return False
        return True

    def _waiting(self) -> int:
        from optuna.trial import TrialState

        states = (TrialState.WAITING,)
        return len(self._study.get_trials(deepcopy=False, states=states))

    def _enqueue_grid(self) -> None:
        """Write the combinations into the journal in a random order, as far as they are not there yet."""
        order = list(self._survey.valid)
        random.Random(self._plan.seed).shuffle(order)
        trials = self._study.get_trials(deepcopy=False)
        there = [trial.system_attrs.get("fixed_params") for trial in trials]
        for params in order[: self._plan.trials]:
            if params not in there:
                self._study.enqueue_trial(dict(params))

    def _enqueue_one(self) -> bool:
        """Let the next trial be one that was not tried, if they can be counted; whether there may be one."""
        if self._survey.total is None:
            return True
        setups = zip(self._survey.valid, self._survey.fit, strict=True)
        rest = [params for params, setup in setups if repr(setup) not in self._tried]
        if not rest:
            return False
        dice = random.Random(self._plan.seed + len(rest))
        self._study.enqueue_trial(dict(dice.choice(rest)))
        return True


def kept(study: OptunaStudy) -> list[FrozenTrial]:
    """The trials of a study without those that were never trained."""
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if not trial.user_attrs.get(SKIPPED)]


def repair(journal: Path) -> None:
    """Cut off the end of a line that a killed process did not finish: the journal could not be read on."""
    if not journal.exists():
        return
    with journal.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def open_to_read(sweep: Sweep) -> OptunaStudy | None:
    """The study of a sweep, whichever process writes it; None before it has begun.

    Raises:
        SweepError: If its journal is damaged.
    """
    if not sweep.journal.exists():
        return None
    try:
        return _opened(sweep.journal, sweep.id)
    except KeyError:
        return None
    except Exception as error:  # a damaged journal can be wrong in any way
        raise SweepError("sweep.unreadable", id=sweep.id, folder=str(sweep.folder)) from error


@lru_cache(maxsize=8)
def _opened(journal: Path, name: str) -> OptunaStudy:
    import optuna

    return optuna.load_study(study_name=name, storage=_storage(journal, None))


def _storage(journal: Path, lock: Any) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(journal), lock_obj=lock))


def _create(sweep: Sweep) -> OptunaStudy:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # A lock of the system: Optuna's own is a file, which a killed process leaves there for half a minute.
    storage = _storage(sweep.journal, store.lock(sweep, "journal"))
    study = optuna.create_study(
        storage=storage, study_name=sweep.id, direction="maximize", load_if_exists=True
    )
    # After a restart other values are drawn than those at the start.
    seed = sweep.plan.seed + len(study.get_trials(deepcopy=False))
    study.sampler = _sampler(sweep.plan, seed)
    study.pruner = _pruner(sweep.plan)
    return study


def _sampler(plan: Plan, seed: int) -> Any:
    from optuna import samplers

    if plan.method == "tpe":
        return samplers.TPESampler(seed=seed, n_startup_trials=max(4, min(10, plan.trials // 3)))
    return samplers.RandomSampler(seed=seed)


def _pruner(plan: Plan) -> Any:
    from optuna import pruners

    if plan.pruning == "median":
        return pruners.MedianPruner(n_startup_trials=WARM_UP, n_warmup_steps=1)
    if plan.pruning == "halving":
        return pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    return pruners.NopPruner()


def _suggest(trial: Trial, dimension: Dimension) -> Value:
    if dimension.values:
        value: Value = trial.suggest_categorical(dimension.name, dimension.values)  # type: ignore[assignment]
        return value
    if dimension.field in spaces.REAL:
        step = dimension.step or None
        return trial.suggest_float(
            dimension.name, dimension.low, dimension.high, step=step, log=dimension.log
        )
    low, high, step_ = int(dimension.low), int(dimension.high), int(dimension.step or 1)
    return trial.suggest_int(dimension.name, low, high, step=step_, log=dimension.log)
