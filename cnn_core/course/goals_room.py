"""The goals that a presenter sets for a whole room, and what counts of a run: validation figures alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.course.goals_setup import ReceptiveField
from cnn_core.course.goals_training import Overfitting, Training
from cnn_core.course.progress import Progress, best, part_of, percent_down
from cnn_core.planning.links import to_query


@dataclass(frozen=True, slots=True)
class Measured:
    """A run that counts on the leaderboard.

    Attributes:
        accuracy: On the validation images, 0 to 1.
        params: Parameters of its network.
    """

    accuracy: float
    params: int

    @property
    def per_thousand(self) -> float:
        """Accuracy for each 1,000 parameters."""
        return 1000 * self.accuracy / self.params


@dataclass(frozen=True, slots=True)
class Sprint:
    """The best validation accuracy within so many seconds of training and so many parameters.

    What a run reaches later does not count, so that nobody has to stop it.

    Attributes:
        least: Validation accuracy, 0 to 1.
        params: The network has fewer parameters.
        seconds: Of training, pauses left out.
        dataset: The data set that counts.
    """

    least: float = 0.85
    params: int = 50_000
    seconds: float = 60.0
    dataset: str = "fashion_mnist"

    def measured(self, run: Training) -> Measured | None:
        """The best epoch within the time; None before the first, and of other data."""
        if run.train.dataset != self.dataset or not run.params:
            return None
        spent, accuracies = 0.0, []
        for end in run.history.complete_epochs:
            spent += end.seconds
            if spent <= self.seconds and math.isfinite(end.val_accuracy):
                accuracies.append(end.val_accuracy)
        return Measured(max(accuracies), run.params) if accuracies else None

    def check(self, run: Training) -> Progress | None:
        """How far a run is; None where nothing is measured."""
        measured = self.measured(run)
        if measured is None:
            return None
        valid = measured.params < self.params
        return Progress(
            reached=valid and measured.accuracy >= self.least,
            score=(valid, measured.accuracy),
            share=part_of(measured.accuracy, self.least) if valid else 0.0,
            numbers=_numbers(measured),
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {
            "least": f"{self.least:.0%}",
            "params": f"{self.params:,}",
            "seconds": f"{self.seconds:.0f}",
        }


@dataclass(frozen=True, slots=True)
class FewestParameters:
    """As few parameters as possible with a validation accuracy above a limit.

    Attributes:
        least: The validation accuracy has to be higher, 0 to 1.
        most: The goal counts as reached below so many parameters.
        dataset: The data set that counts.
    """

    least: float = 0.88
    most: int = 100_000
    dataset: str = "fashion_mnist"

    def measured(self, run: Training) -> Measured | None:
        """The epoch whose weights are kept; None before the first, and of other data."""
        kept = run.history.best
        if run.train.dataset != self.dataset or kept is None or not run.params:
            return None
        accuracy = kept.val_accuracy if math.isfinite(kept.val_accuracy) else 0.0
        return Measured(accuracy, run.params)

    def check(self, run: Training) -> Progress | None:
        """How far a run is; None where nothing is measured."""
        measured = self.measured(run)
        if measured is None:
            return None
        valid = measured.accuracy > self.least
        return Progress(
            reached=valid and measured.params < self.most,
            score=(valid, -measured.params if valid else measured.accuracy),
            share=part_of(self.most, measured.params) if valid else 0.0,
            numbers=_numbers(measured),
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"least": f"{self.least:.0%}", "most": f"{self.most:,}"}


def _numbers(measured: Measured) -> dict[str, str]:
    return {"accuracy": percent_down(measured.accuracy), "used": f"{measured.params:,}"}


RoomRule = Sprint | FewestParameters | Overfitting | ReceptiveField
ROOM_GOALS: Mapping[str, RoomRule] = {
    "sprint": Sprint(),
    "fewest": FewestParameters(),
    "overfit": Overfitting(),
    "field": ReceptiveField(),
}
_STANDARD = TrainConfig()
_SMALL = replace(TEXTBOOK, blocks=(ConvBlock(16), ConvBlock(32)), dense=(64,))
STARTS: Mapping[str, Mapping[str, str]] = {
    "sprint": to_query(_SMALL, replace(_STANDARD, epochs=10)),
    "fewest": to_query(_SMALL, replace(_STANDARD, epochs=10)),
    "overfit": to_query(TEXTBOOK, replace(_STANDARD, epochs=5, patience=0)),
    "field": to_query(TEXTBOOK, _STANDARD),
}
"""The set-up with which each begins in the playground."""


def attempt(goal: str, runs: list[Training], setup: ModelConfig | None = None) -> Progress | None:
    """The best attempt of somebody at a goal of the room; None if there is none.

    Args:
        goal: One of `ROOM_GOALS`.
        runs: What they have trained.
        setup: The network that they have in the playground; counts where nothing needs to be trained.
    """
    rule = ROOM_GOALS[goal]
    if isinstance(rule, ReceptiveField):
        models = [run.model for run in runs] + ([setup] if setup else [])
        return best(map(rule.check, models))
    return best(map(rule.check, runs))


def measured(goal: str, runs: list[Training]) -> Measured | None:
    """The run of somebody that counts on the leaderboard; None where there is none, or none is kept."""
    rule = ROOM_GOALS[goal]
    if not isinstance(rule, Sprint | FewestParameters):
        return None
    counted = [(rule.check(run), rule.measured(run)) for run in runs]
    valid = [
        (progress.score, figures)
        for progress, figures in counted
        if progress is not None and figures is not None and progress.score[0]
    ]
    return max(valid, key=lambda each: each[0])[1] if valid else None
