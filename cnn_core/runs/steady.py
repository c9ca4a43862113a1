"""A clock for what may be deleted once it is old: no setting of the machine's clock makes anything older.

It counts as the machine does, from the time that its clock told at first. While a process runs, and
between processes since the machine was started, it takes the time from a counter that nobody can set.
While the machine was off it believes its clock, but never more than `MOST_OFF_S` at a time. Files are
stamped with this time, which may differ from that of the machine's clock.
"""

from __future__ import annotations

import math
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn_core.runs import identity, record

MOST_OFF_S = 7 * 86_400.0
SECONDS_BETWEEN_WRITES = 60.0
SETTING_S = 2.0  # by which a clock that nobody sets does not move in a moment
FILE = "clock.json"


@dataclass(slots=True)
class _Reading:
    """What the clock told, and the counter at that moment."""

    steady: float
    counter: float
    written: float = -math.inf


@dataclass(slots=True)
class _Setting:
    """By how much the clock of the machine was ahead of the counter, and since when."""

    ahead: float
    since: float = -math.inf


_lock = threading.Lock()
_settings: list[_Setting] = []  # the present one, once somebody asked
_readings: dict[Path, _Reading] = {}


def now() -> float:
    """Seconds since 1970, as they would be had nobody set the clock of the machine since the first time."""
    path = record.home().parent / FILE
    with _lock:
        counter = _counter()
        last = _readings.get(path)
        if last is None:
            last = _readings[path] = _Reading(_after_start(path, counter), counter)
        else:
            last.steady += max(0.0, counter - last.counter)
            last.counter = counter
        if counter - last.written >= SECONDS_BETWEEN_WRITES:
            last.written = counter
            last.steady = max(last.steady, _read(path).get("steady", 0.0))  # of another server
            _write(path, last)
        return last.steady


def stamp(path: Path) -> None:
    """Let the time of a file say that it is in use now.

    Raises:
        OSError: If it is not there, or cannot be written.
    """
    moment = now()
    os.utime(path, (moment, moment))


def age(*paths: Path) -> float:
    """Seconds since the latest of these files was stamped or written; infinite if none is there."""
    times = []
    for path in paths:
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return now() - max(times, default=-math.inf)


def was_set(within: float) -> bool:
    """Whether the machine's clock was set less than so many seconds before, as far as this process saw it.

    What was written before that moment cannot be told to be old by its time.
    """
    counter = _counter()
    ahead = time.time() - counter
    with _lock:
        if not _settings:
            _settings.append(_Setting(ahead))
        elif abs(ahead - _settings[0].ahead) > SETTING_S:
            _settings[0] = _Setting(ahead, counter)
        return counter - _settings[0].since < within


def _after_start(path: Path, counter: float) -> float:
    """The time for a process that asks for the first time."""
    kept = _read(path)
    if not kept:
        return time.time()
    if kept["boot"] and kept["boot"] == _boot():
        passed = counter - kept["counter"]
    else:
        passed = min(time.time() - kept["wall"], MOST_OFF_S)
    return float(kept["steady"] + max(0.0, passed))


def _read(path: Path) -> dict[str, Any]:
    """What `_write` wrote; empty if that cannot be read."""
    tree = record.read_json(path) or {}
    try:
        times = {name: float(tree[name]) for name in ("steady", "counter", "wall")}
    except (KeyError, TypeError, ValueError, OverflowError):
        return {}
    if not all(math.isfinite(value) for value in times.values()):
        return {}
    return {**times, "boot": tree.get("boot")}


def _write(path: Path, reading: _Reading) -> None:
    times = {"steady": reading.steady, "counter": reading.counter, "wall": time.time()}
    with suppress(OSError):
        record.write_json(path, {**times, "boot": _boot()})


def _boot() -> str:
    return str(identity.own()["boot"])


def _counter() -> float:
    """Seconds that nobody can set; those are among them in which the machine sleeps."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):  # the second one sleeps on Linux alone
        if hasattr(time, name):
            return time.clock_gettime(getattr(time, name))
    return time.monotonic()
