"""The right to train a run: one process at a time has it.

Held by a lock that the system takes away from a process that ends, and written down for processes on
machines that the lock may not reach. A training that was suspended together with its machine, and
whose run was taken up elsewhere meanwhile, notices that it has lost the lease.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from filelock import FileLock, Timeout

from cnn_core.errors import RunError
from cnn_core.runs import identity, steady
from cnn_core.runs.record import Run, exists, lock_file, read_json, refuse_shipped, write

RECORD = "lease.json"
STALE_AFTER = 15.0  # seconds without a sign of life
PATIENCE = 20.0  # seconds in which the lease of a worker that has just been lost becomes free
SECONDS_BETWEEN_TRIES = 0.1
SECONDS_BETWEEN_CHECKS = 0.2

log = logging.getLogger(__name__)


class LeaseError(RunError):
    """Another process trains the run."""


class Lease:
    """The lease that this process holds on a run. See `hold`."""

    def __init__(self, run: Run) -> None:
        self._run, self._record = run, identity.own()
        self._checked = -math.inf

    def held(self) -> bool:
        """Whether no other process has taken it meanwhile."""
        return read_json(self._run.folder / RECORD) == self._record

    def check(self, *, immediately: bool = False) -> None:
        """Raise `LeaseError` once the lease is lost; reads a file at most five times a second.

        Args:
            immediately: Read it in any case: before something is written.
        """
        now = time.monotonic()
        if immediately or now - self._checked > SECONDS_BETWEEN_CHECKS:
            self._checked = now
            if exists(self._run) and not self.held():
                raise refusal(self._run)


@contextmanager
def hold(run: Run, patience: float | None = None) -> Iterator[Lease]:
    """Hold the lease of the run; nobody else trains, resumes or deletes it in this block.

    Args:
        run: The run.
        patience: Seconds to wait for another process to let go of it; `PATIENCE` if not given.

    Raises:
        LeaseError: If another process keeps it.
        RunError: If the run was deleted, or its folder cannot be written.
    """
    refuse_shipped(run)
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    while (lock := _try(run)) is None:
        if time.monotonic() > deadline:
            raise refusal(run)
        time.sleep(SECONDS_BETWEEN_TRIES)
    try:
        write(run, RECORD, identity.own())
        lease = Lease(run)
        yield lease
    finally:
        with suppress(OSError):
            if Lease(run).held():
                (run.folder / RECORD).unlink(missing_ok=True)
        lock.release()


@contextmanager
def keep_free(run: Run) -> Iterator[None]:
    """Let nobody begin to train the run in this block.

    Raises:
        LeaseError: If a process trains it.
        RunError: If its folder is gone or cannot be written.
    """
    lock = _try(run)
    if lock is None:
        raise refusal(run)
    try:
        yield
    finally:
        lock.release()


def holder(run: Run) -> dict[str, Any] | None:
    """The process that trains the run, as in `identity.own`; None if none does."""
    record = read_json(run.folder / RECORD)
    if record is None or not _valid(run, record):
        return None
    if identity.lives(record) is None:
        return record
    lock = _lock(run)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return record
    except (OSError, NotImplementedError):
        return record
    lock.release()
    return None


def refusal(run: Run) -> LeaseError:
    """What to say to who would train or delete a run that another process trains."""
    record = read_json(run.folder / RECORD) or {}
    return LeaseError("run.trains_elsewhere", id=run.id, host=record.get("host", "?"))


def shows_life(run: Run) -> bool:
    """Whether somebody said in the last seconds that the run is worked on or waits in a queue.

    Where the clock was set meanwhile, they are given the time to say so again.
    """
    clock_was_set = steady.was_set(STALE_AFTER)
    try:
        ago = abs(time.time() - (run.folder / "alive").stat().st_mtime)
    except OSError:
        return False
    return ago < STALE_AFTER or clock_was_set


def _try(run: Run) -> FileLock | None:
    """The lock of the run's lease, acquired; None while another process has the lease."""
    lock = _lock(run)
    lockable = True
    if not exists(run):
        raise RunError("run.deleted", id=run.id)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except (OSError, NotImplementedError) as error:
        log.debug("no lock", exc_info=error)
        lockable = False  # no locks in this file system: what is written down has to do
    record = read_json(run.folder / RECORD)
    if not exists(run):  # deleted while this waited for the lock
        lock.release()
        raise RunError("run.deleted", id=run.id)
    elsewhere = record is not None and identity.lives(record) is None
    if record is not None and (elsewhere or not lockable) and _valid(run, record):
        lock.release()
        return None
    return lock


def _valid(run: Run, record: dict[str, Any]) -> bool:
    """Whether the process that wrote it may still train, as far as can be told from here."""
    alive = identity.lives(record)
    return shows_life(run) if alive is None else alive and record != identity.own()


def _lock(run: Run) -> FileLock:
    return FileLock(lock_file(run, "training"))
