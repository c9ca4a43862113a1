"""The measured training speed of this machine, and the time per epoch that follows from it."""

from __future__ import annotations

import math
import statistics
import time
from functools import lru_cache
from pathlib import Path

from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.planning.cost import estimated_seconds
from cnn_core.runs.record import SETTLED_AFTER, read_json
from cnn_core.runs.state import Status, status_of
from cnn_core.runs.store import folders

UNKNOWN_ERROR = 0.3  # of a speed that was measured once or never
MEASURED_RUNS = 40  # how far back a measured speed is looked for


def measured_speed(recent: int = 8) -> float | None:
    """Median `Status.speed` of the newest measured runs on this home; None before the first."""
    return _measured("speed", recent)


def measured_extra(recent: int = 8) -> float:
    """The same of `Status.extra`; 0 before the first."""
    return _measured("extra", recent) or 0.0


def speed_error(recent: int = 8) -> float:
    """Relative standard deviation of the measured speeds of the newest runs; 0.3 with fewer than two."""
    speeds = _values("speed", recent)
    if len(speeds) < 2:
        return UNKNOWN_ERROR
    return statistics.stdev(map(math.log, speeds))


def _measured(name: str, recent: int) -> float | None:
    values = _values(name, recent)
    return statistics.median(values) if values else None


def _values(name: str, recent: int) -> list[float]:
    values: list[float] = []
    for folder in sorted(folders(), reverse=True)[:MEASURED_RUNS]:
        value = getattr(_status(folder / "status.json"), name)
        if 0 < value < math.inf:
            values.append(value)
        if len(values) == recent:
            break
    return values


def _status(path: Path) -> Status:
    """What the file says; it is read again only when it has been replaced."""
    try:
        stat = path.stat()
    except OSError:
        return status_of({})
    settled = abs(time.time() - stat.st_mtime) > SETTLED_AFTER
    read = _read if settled else _read.__wrapped__
    return read(path, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=512)
def _read(path: Path, changed: int, inode: int) -> Status:
    return status_of(read_json(path) or {})


def seconds_per_epoch(
    model: ModelConfig, train: TrainConfig, images: int, speed: float | None
) -> float | None:
    """How long an epoch of `images` images will take at that measured speed; None without one."""
    return estimated_seconds(model, train, images) / speed if speed else None
