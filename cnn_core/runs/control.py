"""Steer a run: pages write what is wanted of it, and the process that trains it reads that."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, replace
from typing import Any

from cnn_core.config import check_learning_rate
from cnn_core.errors import RunError
from cnn_core.progress.events import Control
from cnn_core.runs import record

SECONDS_BETWEEN_CHECKS = 0.2  # of whether the run was deleted


def read_control(run: record.Run) -> Control:
    """What is wanted of the run at the moment; nothing, if that cannot be read."""
    tree = record.read_json(run.folder / "control.json") or {}
    try:
        rate = tree.get("learning_rate")
        return Control(
            stop=bool(tree.get("stop", False)),
            paused=bool(tree.get("paused", False)),
            steps=int(tree.get("steps", 0)),
            learning_rate=None if rate is None else check_learning_rate(rate),
            pause_ended=bool(tree.get("pause_ended", False)),
        )
    except (TypeError, ValueError, OverflowError):  # a ConfigError is a ValueError
        return Control()


def ask(run: record.Run, *, by: str, **wanted: Any) -> Control:
    """Change what is wanted: `ask(run, by=owner, paused=True)`, `ask(run, by=owner, learning_rate=1e-4)`.

    Raises:
        ConfigError: If the learning rate is not above 0 and at most 10.
        RunError: If `by` does not own the run, or its folder is gone or cannot be written.
    """
    record.refuse_stranger(run, by)
    if wanted.get("learning_rate") is not None:
        check_learning_rate(wanted["learning_rate"])
    with record.changing(run):
        if "paused" in wanted:
            wanted = {"pause_ended": False, **wanted}
        control = replace(read_control(run), **wanted)
        record.write(run, "control.json", asdict(control))
    return control


def ask_for_step(run: record.Run, *, by: str) -> Control:
    """Pause the run, and let one more batch through. Raises `RunError` like `ask`."""
    record.refuse_stranger(run, by)
    with record.changing(run):
        control = read_control(run)
        control = replace(control, paused=True, steps=control.steps + 1, pause_ended=False)
        record.write(run, "control.json", asdict(control))
    return control


def pause_of(run: record.Run) -> int | None:
    """A number that changes with every pause or step of the run; None if it is not paused."""
    try:
        stamp = (run.folder / "control.json").stat().st_mtime_ns
    except OSError:
        return None
    return stamp if read_control(run).paused else None


class ControlReader:
    """Asks what is wanted, reading control.json only when it was replaced (4 microseconds if not).

    Raises `RunError`, when asked, once the run was deleted: nobody shall train it on.
    """

    def __init__(self, run: record.Run) -> None:
        self._run = run
        self._path = run.folder / "control.json"
        self._seen: tuple[int, int] | None = None
        self._control = Control()
        self._seen_alive = -math.inf

    def __call__(self) -> Control:
        """What is wanted now."""
        now = time.monotonic()
        if now - self._seen_alive > SECONDS_BETWEEN_CHECKS:
            self._seen_alive = now
            if not record.exists(self._run):
                raise RunError("run.deleted", id=self._run.id)
        try:
            stat = self._path.stat()
        except OSError:
            return self._control
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._seen:
            # Time stamps are coarse and inodes used again: a young file may be replaced unnoticed.
            settled = abs(time.time() - stat.st_mtime) > record.SETTLED_AFTER
            self._control, self._seen = read_control(self._run), stamp if settled else None
        return self._control
