"""Which tests run, in which order, and the table of times that says so."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent
TABLE = TESTS / "seconds.json"
SECONDS: dict[str, float] = json.loads(TABLE.read_text("utf-8"))
"""How long the tests of a file took together, by its path below tests/."""

OF_A_NEW_FILE = 15.0


def turn(path: Path) -> float:
    """The longest files first: short ones at the end keep every process busy until then."""
    return -SECONDS.get(path.relative_to(TESTS).as_posix(), OF_A_NEW_FILE)


def leave_out_long(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what only `make test-long` runs, the tests marked `long`."""
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


class Clock:
    """A plugin of pytest that adds up the times of a run, for `pytest --write-seconds`."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid.partition("::")[0].removeprefix("tests/")] += report.duration

    def pytest_sessionfinish(self) -> None:
        TABLE.write_text(as_table({**SECONDS, **self.seconds}), "utf-8")


def as_table(seconds: Mapping[str, float]) -> str:
    """The table as it is kept: files that exist, the longest first, whole seconds."""
    kept = {name: round(time) for name, time in seconds.items() if (TESTS / name).is_file()}
    longest = sorted(kept.items(), key=lambda item: (-item[1], item[0]))
    return json.dumps(dict(longest), indent=1) + "\n"
