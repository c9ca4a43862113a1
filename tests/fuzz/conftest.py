"""Counts the cases of bad input, and says at the end how many there were of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

CASES: Counter[str] = Counter()


@pytest.fixture
def case() -> Callable[[str], None]:
    """Counts one more case of a kind."""

    def count(kind: str) -> None:
        CASES[kind] += 1

    return count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The counts of this process; the processes of pytest-xdist keep theirs."""
    if not CASES:
        return
    terminalreporter.section("bad input")
    for kind, count in CASES.items():
        terminalreporter.write_line(f"{kind}: {count} cases")
    terminalreporter.write_line(f"cases in all: {sum(CASES.values())}")
