"""The caps of this server, and the check that refuses a set-up above them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields

from cnn_core import arithmetic, datasets
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import ConfigError, LimitError
from cnn_core.planning import cost
from cnn_core.planning.links import parse_int

TRAIN_WORKERS = "CONVSCOPE_TRAIN_WORKERS"
WORKERS = "CONVSCOPE_WORKERS"
WORKER_PLANS = ("separate", "one", "off")
"""Which worker processes a server starts: one for each kind of work, one for all of it, or none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of this server; each is read from `CONVSCOPE_MAX_<NAME>`.

    Attributes:
        parameters: Most parameters a network may have.
        epochs: Most epochs of a run.
        queued: Most runs one visitor may have waiting or running.
        waiting: Most runs that may wait or run on this server, of all visitors together: a client chooses
            its own cookie, so that a cap per visitor alone stops nobody.
        hours: Longest estimated training of all single runs that wait or train, in hours.
        sessions: Most browser windows that may be connected at the same time.
        gigabytes: Most disk that all runs may take, in GB; before an order is refused for it, runs of
            visitors who are absent go.
        minutes: Longest estimated training of one run, in minutes; only its owner could stop it.
        batch_megabytes: Most memory one batch's activations may take, in MB.
        trials: Most trials of one sweep.
        sweeps: Most sweeps that one visitor may have running or paused.
        rooms: Most rooms that may be kept on this server.
        own_rooms: Most rooms that one browser may keep.
        people: Most people who may join one room.
        drawings: Most drawings of one room.
        room_megabytes: Most that one room may hold of everything, in MB.
        actions: Most drawings, votes and withdrawals of one phone within ten seconds.
        room_days: Days after its last event when a room is wiped.
        gallery: Most images that the gallery "fooled it" keeps; the oldest give way to new ones.
        gallery_each: Most images of one visitor in it.
    """

    parameters: int = 5_000_000
    epochs: int = 50
    queued: int = 3
    waiting: int = 100
    hours: int = 24
    sessions: int = 500
    gigabytes: int = 20
    minutes: int = 120
    batch_megabytes: int = 1_500
    trials: int = 100
    sweeps: int = 1
    rooms: int = 50
    own_rooms: int = 10
    people: int = 200
    drawings: int = 3_000
    room_megabytes: int = 20
    actions: int = 15
    room_days: int = 30
    gallery: int = 500
    gallery_each: int = 20

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Limits:
        """The caps that apply.

        Raises:
            ConfigError: If a variable is not a whole number above 0.
        """
        return cls(**{name: _above_zero(cap, environment) for name, cap in _given(environment)})


def train_workers(environment: Mapping[str, str] = os.environ) -> int:
    """How many networks this server trains at the same time: `CONVSCOPE_TRAIN_WORKERS`, else 1.

    Raises:
        ConfigError: If it is not a whole number above 0.
    """
    given = environment.get(TRAIN_WORKERS)
    return _above_zero(TRAIN_WORKERS, environment) if given else 1


def worker_plan(environment: Mapping[str, str] = os.environ) -> str:
    """Which of `WORKER_PLANS` this server follows: `CONVSCOPE_WORKERS`, else "separate".

    Raises:
        ConfigError: If it is none of them.
    """
    plan = environment.get(WORKERS) or WORKER_PLANS[0]
    if plan not in WORKER_PLANS:
        raise ConfigError(WORKERS, plan, "one_of", choices=", ".join(WORKER_PLANS))
    return plan


def valid(environment: Mapping[str, str] = os.environ) -> Limits:
    """The caps that apply; the usual one where a variable is no number, which an order is refused for."""
    caps: dict[str, int] = {}
    for name, variable in _given(environment):
        with suppress(ConfigError):
            caps[name] = _above_zero(variable, environment)
    return Limits(**caps)


def _given(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names of the caps that are set, and their variables."""
    for field in fields(Limits):
        variable = f"CONVSCOPE_MAX_{field.name.upper()}"
        if environment.get(variable):
            yield field.name, variable


def _above_zero(variable: str, environment: Mapping[str, str]) -> int:
    number = parse_int(variable, environment[variable])
    if number < 1:
        raise ConfigError(variable, number, "at_least", minimum=1)
    return number


def check_limits(
    model: ModelConfig,
    train: TrainConfig,
    limits: Limits | None = None,
    *,
    speed: float | None = None,
    done: int = 0,
) -> None:
    """Refuse a set-up that this server does not train.

    Args:
        model: The network.
        train: How it shall be trained.
        limits: Caps; those of the environment if not given.
        speed: Measured speed of this machine, as in `runs.Status.speed`; None before the first
            measurement, when the costs stand for it that were measured on another machine.
        done: Epochs that are trained already.

    Raises:
        DataError: If there is no such data set.
        ShapeError: If the feature maps shrink to nothing.
        LimitError: If the network, the batch, the number of epochs or their estimated time is over a cap.
    """
    limits = limits or Limits.from_environment()
    datasets.spec(train.dataset)
    params = arithmetic.totals(arithmetic.layer_table(model)).params
    if params > limits.parameters:
        raise LimitError("limit.parameters", asked=f"{params:,}", cap=f"{limits.parameters:,}")
    if train.epochs > limits.epochs:
        raise LimitError("limit.epochs", asked=train.epochs, cap=limits.epochs)
    megabytes = arithmetic.batch_bytes(model, train.batch_size) / 1e6
    if megabytes > limits.batch_megabytes:
        largest = arithmetic.largest_batch(model, limits.batch_megabytes * 1_000_000)
        raise LimitError(
            "limit.batch",
            batch=train.batch_size,
            asked=f"{megabytes / 1000:.1f}",
            cap=f"{limits.batch_megabytes / 1000:.1f}",
            largest=largest,
        )
    images = datasets.training_images(train)
    seconds = cost.estimated_seconds(model, train, images) * (train.epochs - done) / (speed or 1.0)
    if seconds > limits.minutes * 60:
        raise LimitError("limit.minutes", asked=f"{seconds / 60:,.0f}", cap=f"{limits.minutes:,}")
