"""Rounds of faults: each has a seed of its own, and a table at the end says what was tried."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from lengths import rounds


@dataclass
class Row:
    """One kind of fault in the table.

    Attributes:
        kind: What happened to which process or file.
        planned: How many rounds there were to be.
        seed: Of the first round; each later one has the next number.
        done: Rounds after which everything held.
        moments: What was going on when the fault came, and how often.
        seconds: All rounds together.
    """

    kind: str
    planned: int
    seed: int
    done: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass
class Round:
    """One fault: chance of its own, and a note for the table of when it came."""

    number: int
    random: random.Random
    note: Callable[..., None]


Rounds = Callable[..., Iterator[Round]]
TABLE: list[Row] = []


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Rounds:
    """Counts rounds: `for each in fault("SIGKILL of ...", short=2, in_full=50)`."""

    def play(kind: str, *, short: int, in_full: int) -> Iterator[Round]:
        row = Row(kind, rounds(short, in_full), request.config.getoption("--seed"))
        TABLE.append(row)
        for number in range(row.planned):
            seed = row.seed + number
            print(f"{kind}: round {number + 1} of {row.planned}, seed {seed}", flush=True)
            began = time.monotonic()

            def note(moment: str, count: int = 1) -> None:
                row.moments[moment] += count

            yield Round(number, random.Random(seed), note)
            row.seconds += time.monotonic() - began
            row.done += 1

    return play


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table of this process; the processes of pytest-xdist keep theirs."""
    if not TABLE:
        return
    terminalreporter.section("faults")
    for row in TABLE:
        moments = ", ".join(f"{name} {count}" for name, count in sorted(row.moments.items()))
        terminalreporter.write_line(
            f"{row.kind}: {row.done} of {row.planned} rounds held, seeds from {row.seed}, "
            f"{row.seconds:.0f} s" + (f" ({moments})" if moments else "")
        )
    terminalreporter.write_line(f"rounds in all: {sum(row.done for row in TABLE)}")
