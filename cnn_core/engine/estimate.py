"""How long runs will take: by the run that trains now, else by what earlier runs measured on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from cnn_core import datasets, runs
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.planning.cost import estimated_seconds
from cnn_core.runs import log as run_log


@dataclass(frozen=True, slots=True)
class Place:
    """A run's place in the queue.

    Attributes:
        position: Runs before it, including those that train; 0 when it is being trained.
        seconds: Measured guess of how long they will take, in seconds; None without a measurement.
    """

    position: int
    seconds: float | None


def present_speed(working: Iterable[runs.Run]) -> float | None:
    """`runs.Status.speed` of this machine now: of the runs that train, else of the newest that ended.

    None without any measurement.
    """
    speeds = []
    for run in working:
        seconds = run_log.history(run).steady_epoch_seconds
        if seconds:
            images = datasets.training_images(run.train)
            speeds.append(estimated_seconds(run.model, run.train, images) / seconds)
    return median(speeds) if speeds else runs.measured_speed()


def seconds_left(run: runs.Run, speed: float | None, extra: float | None = None) -> float | None:
    """Seconds until the run will be over: as it measures itself, or at that speed. None: unknown."""
    history = run_log.history(run)
    if history.seconds_left is not None:
        return history.seconds_left
    return whole(run.model, run.train, speed, done=history.epochs_done, extra=extra)


def whole(
    model: ModelConfig,
    train: TrainConfig,
    speed: float | None,
    *,
    done: int = 0,
    extra: float | None = None,
) -> float | None:
    """Seconds that a run takes from its start, with so many epochs done; None without a speed.

    `extra` are the seconds beside its epochs, measured if not given.
    """
    epoch = runs.seconds_per_epoch(model, train, datasets.training_images(train), speed)
    if epoch is None:
        return None
    return epoch * (train.epochs - done) + (runs.measured_extra() if extra is None else extra)


def wait(ahead: Sequence[runs.Run], working: Iterable[runs.Run], workers: int) -> float | None:
    """Seconds until a run is taken up, with these ahead of it; None if one of them cannot be estimated."""
    speed = present_speed(working)
    extra = runs.measured_extra()
    times = [seconds_left(run, speed, extra) for run in ahead]
    measured = [seconds for seconds in times if seconds is not None]
    return sum(measured) / max(1, workers) if len(measured) == len(times) else None
