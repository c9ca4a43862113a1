"""How tests wait for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psutil

NOT_YET = (LookupError, FileNotFoundError, psutil.NoSuchProcess)
"""What a look at a file, an address or a process raises before it is there, or when it has just gone."""


def until(
    holds: Callable[[], Any],
    seconds: float = 300.0,
    *,
    pause_s: float = 0.02,
    not_yet: Callable[[Exception], bool] = lambda error: isinstance(error, NOT_YET),
) -> Any:
    """What `holds` returns as soon as that is true; fails if it takes too long.

    An error that `not_yet` accepts counts as untrue.
    """
    deadline = time.monotonic() + seconds
    while True:
        error = None
        try:
            if answer := holds():
                return answer
        except Exception as raised:
            if not not_yet(raised):
                raise
            error = raised
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {seconds} seconds") from error
        time.sleep(pause_s)
