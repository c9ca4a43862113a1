"""How long a sweep will take, with how much uncertainty, before it begins."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, pstdev

from cnn_core import datasets, runs
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.planning import space as spaces
from cnn_core.planning.space import Survey
from cnn_core.sweeps.record import Plan

COST_ERROR = 0.15  # relative standard error of the cost of a network that was not measured itself
WIDTH = 1.64  # standard deviations to either side: nine times out of ten
PRUNED = 0.5  # part of a trial that pruning may leave


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a sweep before it begins.

    Attributes:
        survey: The combinations, and those that cannot be trained.
        trials: Trials that there will be.
        images: Training images per epoch.
        seconds: Estimated time; None without any measurement on this machine.
        low: Start of the range in which it lies nine times out of ten.
        high: End of that range.
        trial: Seconds of the longest trial: what a single run that is ordered meanwhile waits at most.
    """

    survey: Survey
    trials: int
    images: int
    seconds: float | None
    low: float
    high: float
    trial: float | None


def outlook(
    plan: Plan,
    check: Callable[[ModelConfig, TrainConfig], None],
    estimate: Callable[[ModelConfig, TrainConfig], float | None],
    workers: int,
) -> Outlook:
    """Look ahead.

    Args:
        plan: The sweep.
        check: Raises the `CnnError` that tells why a set-up is not trained here.
        estimate: Seconds that a run of such a set-up takes; None if unknown.
        workers: How many trials train at the same time.

    Raises:
        SweepError: If nothing in the space can be trained.
    """
    survey = spaces.survey(plan.space, check)
    trials = plan.trials if survey.total is None else min(plan.trials, len(survey.fit))
    images = datasets.training_images(plan.train)
    times = [seconds for setup in survey.fit if (seconds := estimate(*setup)) is not None]
    if not times:
        return Outlook(survey, trials, images, None, 0.0, 0.0, None)
    mean = fmean(times)
    rounds = max(trials / max(1, workers), 1.0)
    error = math.hypot(runs.speed_error(), COST_ERROR, _mix(times, trials, survey))
    low, high = (rounds * mean * math.exp(side * WIDTH * error) for side in (-1, 1))
    if plan.pruning != "none":
        low *= PRUNED
    if plan.minutes:
        limit = 60.0 * plan.minutes + max(times)  # trials that train then come to their end
        low, high = min(low, limit), min(high, limit)
    seconds = min(rounds * mean, high)
    return Outlook(survey, trials, images, seconds, low, high, max(times))


def _mix(times: list[float], trials: int, survey: Survey) -> float:
    """Relative standard error of the mean time of a trial, as only some combinations are tried."""
    if survey.total is not None and trials >= len(survey.fit):
        return 0.0
    return pstdev(times) / fmean(times) / math.sqrt(trials)
