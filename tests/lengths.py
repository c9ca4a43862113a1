"""How often tests repeat what they try: `make test` few times, `make test-long` many.

A whole test that `make test` leaves out is marked `long`; at least one other proves the same promise there.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

LONG = "TESTS_AT_LENGTH" in os.environ
"""Set by `pytest --long`, also for the processes that share the tests."""


def at_length(*case: object) -> Any:
    """A case for `pytest.mark.parametrize` that is left out at each landing."""
    return pytest.param(*case, marks=pytest.mark.long)


def repeats(short: T, at_length: T) -> T:
    """Repetitions of the same kind of case; `short` ones are of every kind."""
    return at_length if LONG else short


IN_FULL = "TESTS_IN_FULL" in os.environ
"""Set by `pytest --in-full`: faults by the hundred and bad input by the ten thousand."""


def rounds(short: int, in_full: int) -> int:
    """How many rounds of one kind of fault, or cases of one kind of bad input: `in_full` of one command."""
    return in_full if IN_FULL else short
