"""The disk under the runs: what they take, and which go first when it is full."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cnn_core.errors import LimitError, RunError
from cnn_core.runs import marks, record, steady, store
from cnn_core.runs.state import status

ABSENT_DAYS = 30  # as long as a browser keeps its token: afterwards nobody can own these runs again
VISITOR = re.compile(r"[0-9a-f]{16}")
SECONDS_PER_DAY = 86_400
SECONDS_BETWEEN_COUNTS = 60
NEARLY = 0.8  # of the cap, from which on visitors are told


def note_visit(visitor: str, *, orders: bool = False) -> None:
    """Remember that this visitor is here now; nothing happens where that cannot be written.

    Args:
        visitor: A word as in `Run.owner`.
        orders: Whether it has a run; the visits of others are not kept.
    """
    path = _visits() / visitor
    with suppress(OSError):
        if VISITOR.fullmatch(visitor) and (orders or path.exists()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            steady.stamp(path)


def used() -> int:
    """Bytes that all runs take."""
    return sum(_size(folder) for folder in store.folders())


def nearly_full(cap: int) -> bool:
    """Whether all runs take most of `cap` bytes, as counted within the last minute."""
    return (
        _used_lately(int(time.monotonic() / SECONDS_BETWEEN_COUNTS), record.home()) > NEARLY * cap
    )


@lru_cache(maxsize=1)
def _used_lately(_minute: int, _home: Path) -> int:
    return used()


def free() -> int:
    """Bytes that are free where the runs are."""
    folder = record.home()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def make_room(cap: int) -> list[str]:
    """Delete runs of absent visitors, oldest first, until all runs take less than `cap` bytes.

    Runs with a star, runs of the command line, and runs that wait or train stay. So do those of visitors
    whose visits were never noted; they count as absent 30 days after this first looked for them.

    Returns:
        Ids of the runs that were deleted.

    Raises:
        LimitError: If all runs together take `cap` bytes or more nevertheless.
    """
    total, deleted = used(), list[str]()
    if total < cap:
        return deleted
    for run in reversed(store.all_runs()):
        if not _may_go(run):
            continue
        size = _size(run.folder)
        with suppress(RunError):
            store.delete(run, by=run.owner)
            deleted.append(run.id)
            total -= size
        if total < cap:
            return deleted
    raise LimitError("limit.gigabytes", cap=f"{cap / 1e9:g}")


def _may_go(run: record.Run) -> bool:
    if not run.owner or status(run).active or marks.read(run).starred:
        return False
    visit = _visits() / run.owner
    if not visit.exists():
        # A run of an older version, or from a project file: its owner is watched from now on.
        note_visit(run.owner, orders=True)
        return False
    away = min(steady.age(visit), steady.now() - run.created)
    return away > ABSENT_DAYS * SECONDS_PER_DAY


def _visits() -> Path:
    return record.home().parent / "visits"


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return total
