"""How far a visitor has come with a goal: one attempt, and the better one of several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NEARLY = 0.99  # the most that an attempt which does not reach its goal is called


@dataclass(frozen=True, slots=True)
class Progress:
    """An attempt at a goal.

    Attributes:
        reached: Whether it reaches the goal.
        score: Compares attempts at one goal: the larger, the better.
        share: Part of the way, 0 to 1; for a bar. 1 only if the goal is reached.
        numbers: What the attempt came to, as texts show it.
    """

    reached: bool
    score: tuple[float, ...]
    share: float = 0.0
    numbers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        part = self.share if math.isfinite(self.share) else 0.0
        object.__setattr__(self, "share", 1.0 if self.reached else min(NEARLY, max(0.0, part)))
        object.__setattr__(self, "score", tuple(map(float, self.score)))

    def beats(self, other: Progress | None) -> bool:
        """Whether this attempt is the better one."""
        return other is None or (self.reached, self.score) > (other.reached, other.score)


def best(attempts: Iterable[Progress | None]) -> Progress | None:
    """The best attempt, the first of equals; None if there is none."""
    top: Progress | None = None
    for attempt in attempts:
        if attempt is not None and attempt.beats(top):
            top = attempt
    return top


def percent_down(part: float) -> str:
    """A part of 1 in percent with one decimal, rounded down: 89.99 % is not shown as 90 %."""
    return f"{math.floor(part * 1000 + 1e-9) / 10:.1f}%"


def part_of(value: float, target: float) -> float:
    """`value / target`; 0 where that is no number."""
    return value / target if target > 0 and math.isfinite(value) else 0.0
