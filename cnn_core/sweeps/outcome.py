"""What a sweep has found so far: its trials, the best of them, and what that is worth."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from cnn_core import datasets, runs
from cnn_core.analysis import selection
from cnn_core.analysis.comparison import same_but_seed, settings
from cnn_core.errors import CnnError
from cnn_core.planning.space import Params
from cnn_core.runs import summary
from cnn_core.sweeps.record import Sweep
from cnn_core.sweeps.store import progress
from cnn_core.sweeps.study import RUN, WEAK, kept, open_to_read

COLUMNS = ("trial", "state", "val_accuracy", "best_epoch", "epochs", "seconds", "run")


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial in one row.

    Attributes:
        place: Which trial of the sweep it is, counted from 1.
        params: The values that were tried, by the name of the dimension.
        state: "queued", "running", "finished", "pruned" (it was weak), "stopped", "diverged", "failed" or
            "interrupted": its run has no end, and the sweep does not continue it.
        accuracy: Best validation accuracy of a complete trial; None of another.
        so_far: The last validation accuracy that it reported; None before the first.
        run: Id of its run; empty before it has one.
        best_epoch: The epoch whose weights were kept; None before the first.
        epochs: Complete epochs.
        seconds: Training time.
    """

    place: int
    params: Params
    state: str
    accuracy: float | None
    so_far: float | None
    run: str
    best_epoch: int | None = None
    epochs: int = 0
    seconds: float = 0.0

    @property
    def over(self) -> bool:
        """Whether it has ended, however."""
        return self.state not in ("queued", "running")


def trials(sweep: Sweep) -> list[Trial]:
    """The trials that were begun, in their order.

    Raises:
        SweepError: If the journal is damaged.
    """
    study = open_to_read(sweep)
    if study is None:
        return []
    from optuna.trial import TrialState

    active = progress(sweep).active
    rows = []
    begun = [trial for trial in kept(study) if trial.state is not TrialState.WAITING]
    for place, trial in enumerate(begun, 1):
        ending = trial.state.name
        run_id = str(trial.user_attrs.get(RUN, ""))
        facts = _facts(run_id)
        values = trial.intermediate_values
        rows.append(
            Trial(
                place,
                dict(trial.params),
                _state(ending, facts, weak=bool(trial.user_attrs.get(WEAK)), active=active),
                _accuracy(trial.value, ending, facts),
                values[max(values)] if values else None,
                run_id if facts else "",
                facts.best.epoch if facts and facts.best else None,
                facts.epochs if facts else len(values),
                facts.seconds if facts else 0.0,
            )
        )
    return rows


def _facts(run_id: str) -> summary.Summary | None:
    with suppress(CnnError):
        if run_id:
            return summary.summary(runs.open_run(run_id))
    return None


def _accuracy(value: float | None, ending: str, facts: summary.Summary | None) -> float | None:
    """What Optuna was told, or will be told in a moment of a run that has come to its end."""
    if ending == "COMPLETE":
        return value
    over = ending == "RUNNING" and facts and facts.status.state in ("finished", "diverged")
    return facts.best.val_accuracy if over and facts and facts.best else None


def _state(ending: str, facts: summary.Summary | None, *, weak: bool, active: bool) -> str:
    state = facts.status.state if facts else ""
    if ending == "RUNNING":
        if state in ("running", *runs.OVER, "failed"):
            return state
        return "queued" if active or state == "queued" else "interrupted"
    if state == "diverged":
        return "diverged"
    if ending == "PRUNED":
        return "pruned" if weak else "stopped"
    return "finished" if ending == "COMPLETE" else "failed"


def best(rows: Sequence[Trial]) -> Trial | None:
    """The trial of the highest validation accuracy, the first of equals; None before one is complete."""
    done = [trial for trial in rows if trial.accuracy is not None]
    return max(done, key=lambda trial: trial.accuracy or 0.0, default=None)


def best_so_far(rows: Sequence[Trial]) -> list[tuple[int, float, float]]:
    """Of each complete trial its place, its validation accuracy and the best up to it."""
    history: list[tuple[int, float, float]] = []
    for trial in rows:
        if trial.accuracy is not None:
            before = history[-1][2] if history else 0.0
            history.append((trial.place, trial.accuracy, max(before, trial.accuracy)))
    return history


def validation_images(sweep: Sweep) -> int:
    """Images that every accuracy of the sweep was measured on; 0 if the data set is not known here."""
    train = sweep.plan.train
    try:
        return datasets.spec(train.dataset).counts[train.size].val
    except CnnError:
        return 0


def optimism(sweep: Sweep, rows: Sequence[Trial]) -> float | None:
    """How much too good the best trial looks on average for having been chosen; None with fewer than two."""
    top, images = best(rows), validation_images(sweep)
    count = sum(trial.accuracy is not None for trial in rows)
    if top is None or top.accuracy is None or count < 2 or not images:
        return None
    return selection.optimism(top.accuracy, images, count)


def repeats(sweep: Sweep, run_id: str) -> list[summary.Summary]:
    """Runs of the owner with the settings of that run and other seeds, ordered for themselves."""
    with suppress(CnnError):
        first = runs.open_run(run_id)
        own = [
            row
            for row in summary.summaries()
            if row.run.owner == sweep.owner
            and not row.run.sweep
            and row.run.train.seed != first.train.seed
        ]
        tables = {row.run.id: settings(row.run.model, row.run.train) for row in own}
        tables[first.id] = settings(first.model, first.train)
        same = next((ids for ids in same_but_seed(tables) if first.id in ids), [])
        return [row for row in own if row.run.id in same]
    return []


def to_csv(sweep: Sweep, rows: Sequence[Trial]) -> str:
    """The trials as comma-separated values, a row each; accuracies from 0 to 1."""
    names = [dimension.name for dimension in sweep.plan.dimensions]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([COLUMNS[0], *names, *COLUMNS[1:]])
    for trial in rows:
        values = [trial.params.get(name, "") for name in names]
        figures = (trial.state, trial.accuracy, trial.best_epoch, trial.epochs, trial.seconds)
        cells = ["" if figure is None else figure for figure in figures]
        writer.writerow([trial.place, *values, *cells, trial.run])
    return text.getvalue()
