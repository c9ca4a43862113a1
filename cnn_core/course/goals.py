"""The goals of the challenges: what each asks for, as data, and where it can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from cnn_core.config import TEXTBOOK, ConvBlock, TrainConfig
from cnn_core.course.goals_inside import (
    BlankMap,
    ClearDigits,
    DeadFilter,
    HigherRecall,
    SmallTurn,
)
from cnn_core.course.goals_setup import FewParameters, ReceptiveField
from cnn_core.course.goals_training import (
    Overfitting,
    Overshoot,
    RealDifference,
    StoppedDivergence,
    Training,
    ValidationAccuracy,
)
from cnn_core.course.progress import Progress, best
from cnn_core.planning.links import to_query

GROUPS = ("setup", "training", "inside")
"""What a goal needs: no training, a training of one's own, a trained network to look into."""


class Rule(Protocol):
    """What a goal asks for; its fields are the numbers that a teacher may set."""

    def check(self, evidence: Any) -> Progress | None:
        """How far that is; None if it is no attempt."""

    @property
    def numbers(self) -> Mapping[str, str]:
        """The rule in numbers, as texts show them."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A challenge.

    Attributes:
        name: Its key; texts are under `goals.<name>`.
        group: One of `GROUPS`.
        rule: What is checked.
        page: The page where it can be reached.
        query: Parameters that open that page in a state to begin with.
        lessons: What it is about.
    """

    name: str
    group: str
    rule: Rule
    page: str
    query: Mapping[str, str] = field(default_factory=dict)
    lessons: tuple[str, ...] = ()


_STANDARD = TrainConfig()
_SMALL = replace(TEXTBOOK, blocks=(ConvBlock(16), ConvBlock(32)), dense=(64,))
_FULL = TrainConfig(
    size="full", epochs=5, batch_size=128, learning_rate=4e-3, schedule="one_cycle", patience=0
)

_LISTED = (
    Goal(
        "field", "setup", ReceptiveField(), "playground", to_query(TEXTBOOK, _STANDARD),
        ("receptive_field", "stride", "pooling"),
    ),
    Goal(
        "lean", "setup", FewParameters(), "playground", to_query(TEXTBOOK, _STANDARD),
        ("parameters", "dense"),
    ),
    Goal(
        "overshoot", "setup", Overshoot(), "training_step",
        {"run": "fashion", "start": "untrained", "optimizer": "sgd", "rate": "0.01"},
        ("gradient", "optimizer"),
    ),
    Goal("digits", "setup", ClearDigits(), "draw", {"run": "digits"}, ("softmax",)),
    Goal(
        "accuracy", "training", ValidationAccuracy(), "playground", to_query(_SMALL, _FULL),
        ("parameters", "more_filters"),
    ),
    Goal(
        "overfit", "training", Overfitting(), "playground",
        to_query(TEXTBOOK, replace(_STANDARD, epochs=5, patience=0)),
        ("overfitting", "early_stopping"),
    ),
    Goal(
        "diverge", "training", StoppedDivergence(), "playground",
        to_query(TEXTBOOK, replace(_STANDARD, optimizer="sgd", learning_rate=0.01)),
        ("learning_rate", "loss"),
    ),
    Goal("difference", "training", RealDifference(), "runs", {}, ("validation",)),
    Goal(
        "dead", "inside", DeadFilter(), "kernels", {"run": "digits", "layer": "conv2", "filter": "0"},
        ("activation_functions", "filter"),
    ),
    Goal(
        "recall", "inside", HigherRecall(), "surgery", {"run": "fashion", "layer": "conv2"},
        ("confusion_matrix",),
    ),
    Goal(
        "blank", "inside", BlankMap(), "explain", {"run": "fashion", "method": "grad_cam"},
        ("attribution",),
    ),
    Goal("turn", "inside", SmallTurn(), "robustness", {"run": "fashion"}, ("softmax",)),
)  # fmt: skip

GOALS: Mapping[str, Goal] = {goal.name: goal for goal in _LISTED}

OF_RUNS = tuple(
    goal.name
    for goal in _LISTED
    if isinstance(goal.rule, (ValidationAccuracy, Overfitting, StoppedDivergence))
)
"""Goals that a single run reaches: its folder tells, at any time."""


def of_run(run: Training) -> dict[str, Progress]:
    """How far a run is with each goal of `OF_RUNS` that it is an attempt at."""
    attempts = {name: GOALS[name].rule.check(run) for name in OF_RUNS}
    return {name: attempt for name, attempt in attempts.items() if attempt is not None}


def merged(*attempts: Mapping[str, Progress]) -> dict[str, Progress]:
    """The best attempt at each goal."""
    names = dict.fromkeys(name for part in attempts for name in part)
    tops = {name: best(part.get(name) for part in attempts) for name in names}
    return {name: top for name, top in tops.items() if top is not None}
