"""What tests of sweeps ask of them."""

from __future__ import annotations

from cnn_core.sweeps import Sweep, outcome


def ended(sweep: Sweep) -> list[outcome.Trial]:
    return outcome.trials(sweep)
