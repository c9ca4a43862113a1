"""Which process wrote something down, and whether that process still lives."""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
START_TOLERANCE = 2.0  # seconds by which two readings of a process's start may differ


def own() -> dict[str, Any]:
    """This process as plain data.

    Returns:
        `host` is the name of the machine, `boot` names the time since it was started (empty where the
        system has no such name), `pid` is the process id, `started` counts the seconds from the start
        of the machine to that of the process, which no change of the clock alters.
    """
    return dict(_identity(os.getpid()))


@lru_cache(maxsize=2)
def _identity(pid: int) -> dict[str, Any]:
    started = _started(psutil.Process(pid))
    return {"host": socket.gethostname(), "boot": _boot(), "pid": pid, "started": started}


def lives(tree: dict[str, Any]) -> bool | None:
    """Whether the process that `own` described lives; None if that was on another machine.

    Older versions wrote `host` and `pid` alone; any process of that id then counts as theirs.
    """
    if tree.get("host") != socket.gethostname():
        return None
    pid, boot, started = tree.get("pid"), tree.get("boot"), tree.get("started")
    if not isinstance(pid, int) or pid <= 0:  # 0 and below name no single process
        return False
    if boot and _boot() and boot != _boot():
        return False
    return _lives(pid, started if isinstance(started, float) else None)


def _lives(pid: int, started: float | None) -> bool:
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):  # exited, not reaped
            return False
        return started is None or abs(_started(process) - started) < START_TOLERANCE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _started(process: psutil.Process) -> float:
    return float(process.create_time() - psutil.boot_time())


def _boot() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
