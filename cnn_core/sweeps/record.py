"""A sweep as it was ordered, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn_core.config import ModelConfig, TrainConfig, check_whole, model_from_dict, train_from_dict
from cnn_core.config import to_dict as config_to_dict
from cnn_core.errors import ConfigError
from cnn_core.planning import space
from cnn_core.planning.space import Dimension, Space

METHODS = ("tpe", "random", "grid")
PRUNING = ("none", "median", "halving")
ACTIVE = ("running", "paused")
OVER = ("finished", "stopped", "failed")
MOST_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep is to do.

    Attributes:
        model: The network that the settings vary.
        train: How a trial is trained; its epochs are those of each trial.
        dimensions: The settings that vary, one to five.
        method: "tpe" (learns from the trials so far), "random" or "grid" (every combination).
        trials: Most trials, at least 1.
        pruning: Whether weak trials end early: "none", "median" (below the median of the others at the
            same epoch) or "halving" (successive halving).
        minutes: Time after which no trial begins any more, pauses left out; 0 for no limit.
        seed: Of the method.
    """

    model: ModelConfig
    train: TrainConfig
    dimensions: tuple[Dimension, ...]
    method: str = "tpe"
    trials: int = 12
    pruning: str = "none"
    minutes: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for field, value, choices in (
            ("method", self.method, METHODS),
            ("pruning", self.pruning, PRUNING),
        ):
            if value not in choices:
                raise ConfigError(field, value, "one_of", choices=", ".join(choices))
        check_whole("trials", self.trials, 1, 10_000)
        check_whole("minutes", self.minutes, 0, MOST_MINUTES)
        if self.method == "grid":
            listed = tuple(dimension.as_list() for dimension in self.dimensions)
            object.__setattr__(self, "dimensions", listed)
        object.__setattr__(self, "dimensions", self.space.dimensions)

    @property
    def space(self) -> Space:
        """The settings around the set-up; raises `SweepError` or `ConfigError` as `Space` does."""
        return Space(self.dimensions, (self.model, self.train))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; the inverse is `plan_from_dict`."""
        return {
            "model": config_to_dict(self.model),
            "train": config_to_dict(self.train),
            "dimensions": [space.to_dict(dimension) for dimension in self.dimensions],
            **{name: getattr(self, name) for name in _PLAIN},
        }


_PLAIN = ("method", "trials", "pruning", "minutes", "seed")


def plan_from_dict(tree: dict[str, Any]) -> Plan:
    """The inverse of `Plan.to_dict`; raises what a damaged tree brings about."""
    return Plan(
        model_from_dict(tree["model"]),
        train_from_dict(tree["train"]),
        tuple(space.from_dict(dimension) for dimension in tree["dimensions"]),
        **{name: tree[name] for name in _PLAIN},
    )


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep and its folder.

    Attributes:
        id: Date, time and six hexadecimal digits, as of a run.
        folder: Where its files are.
        plan: What it is to do.
        owner: Who ordered it; an opaque word.
        name: What it is called; may be empty.
        created: Seconds since 1970.
    """

    id: str
    folder: Path
    plan: Plan
    owner: str
    name: str
    created: float

    @property
    def journal(self) -> Path:
        """Optuna's journal: every trial, with its values and how it ended."""
        return self.folder / "journal.log"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep is.

    Attributes:
        state: "running", "paused", "stopped", "finished" or "failed".
        reason: Why it is over: "trials" (all are), "all" (every combination was tried), "time", "owner",
            "refused" (nothing that can be trained was left); empty before.
        seconds: How long it has worked, pauses left out.
        error: What went wrong, in a sentence for each language.
    """

    state: str
    reason: str = ""
    seconds: float = 0.0
    error: dict[str, str] | None = None

    @property
    def active(self) -> bool:
        """Whether it goes on, now or when it is resumed."""
        return self.state in ACTIVE
