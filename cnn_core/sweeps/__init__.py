"""Sweeps: many settings tried one after the other, each trial a run. The only room that knows Optuna."""

from cnn_core.sweeps.driver import Driver
from cnn_core.sweeps.record import METHODS, PRUNING, Plan, Progress, Sweep
from cnn_core.sweeps.store import (
    begin,
    check_trials,
    free_name,
    newest,
    open_sweep,
    pause,
    progress,
    resume,
    stop,
)

__all__ = [
    "METHODS",
    "PRUNING",
    "Driver",
    "Plan",
    "Progress",
    "Sweep",
    "begin",
    "check_trials",
    "free_name",
    "newest",
    "open_sweep",
    "pause",
    "progress",
    "resume",
    "stop",
]
