"""Worker processes on this machine: how they start, where their logs are, how they end."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from cnn_core import runs
from cnn_core.errors import EngineError
from cnn_core.paths import ROOT, import_path

CLOSE_TIMEOUT = 4.0
LOG_BYTES = 1_000_000
USELESS_STARTS = 5  # a worker that ends this often before it answers is a problem to tell of
FIRST_PAUSE = 1.0  # seconds before the third start in a row; doubles with each
LONGEST_PAUSE = 60.0
PATHS = ("CONVSCOPE_HOME", "CONVSCOPE_DATA", "KERAS_HOME")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Backoff:
    """How long to wait before something that failed is tried again: longer each time, never for ever.

    Attributes:
        failures: Failures in a row.
        until: When the next attempt is due, in seconds of `clock`.
        clock: Seconds; for tests.
    """

    failures: int = 0
    until: float = 0.0
    clock: Callable[[], float] = time.monotonic

    @property
    def due(self) -> bool:
        """Whether the pause is over."""
        return self.clock() >= self.until

    def fail(self) -> None:
        """Wait longer than the last time; after the first failure not at all."""
        pause = FIRST_PAUSE * 2 ** min(self.failures - 1, 30) if self.failures else 0.0
        self.failures += 1
        self.until = self.clock() + min(pause, LONGEST_PAUSE)

    def succeed(self) -> None:
        """Start again."""
        self.failures, self.until = 0, 0.0


class WorkerProcess:
    """A worker process of ours, started again whenever it ends.

    Args:
        scheduler: Address of the Dask scheduler.
        kind: One of `worker.KINDS`.
        keys: Variables that let it in, as from `cluster.keys`.

    Attributes:
        popen: The process; None before its first start, or when it could not be started at all.
        problem: Why there is no such worker, if it ended several times in a row before it answered.
    """

    def __init__(self, scheduler: str, kind: str, keys: Mapping[str, str]) -> None:
        self._scheduler, self._kind, self._keys = scheduler, kind, keys
        self._backoff = Backoff()
        self._answered = False
        self.popen: subprocess.Popen[bytes] | None = None
        self.problem: EngineError | None = None
        self._start()

    @property
    def name(self) -> str:
        """What the worker calls itself towards the scheduler."""
        return f"{self._kind}-{self.popen.pid}" if self.popen else ""

    def answered(self) -> None:
        """The scheduler knows it: it has started, and what was wrong is over."""
        self._answered, self.problem = True, None
        self._backoff.succeed()

    def revive(self) -> bool:
        """Start it again if it has ended and its pause is over; whether it was."""
        if self.popen is not None:
            code = self.popen.poll()
            if code is None:
                return False
            log.warning("%s worker ended with code %s", self._kind, code)
            self._end_of_start()
        if not self._backoff.due:
            return False
        self._start()
        return True

    def end(self) -> None:
        """Cut the string that ties it to this process, and kill it if it does not end soon."""
        if self.popen is None:
            return
        if self.popen.stdin:
            self.popen.stdin.close()
        try:
            self.popen.wait(timeout=CLOSE_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()

    def _start(self) -> None:
        self._answered = False
        try:
            self.popen = start_worker(self._scheduler, self._kind, self._keys)
        except OSError as error:
            log.error("the %s worker cannot be started: %s", self._kind, error)
            self._end_of_start()

    def _end_of_start(self) -> None:
        self.end()
        self.popen = None
        if self._answered:
            return
        self._backoff.fail()
        if find_spec("tensorflow") is None:
            self.problem = EngineError("engine.no_tensorflow")
        elif self._backoff.failures >= USELESS_STARTS:
            path = str(log_path(self._kind))
            self.problem = EngineError(f"engine.worker_{self._kind}", log=path)


def start_worker(scheduler: str, kind: str, keys: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A worker process, tied to this one by its standard input; `keys` go into its environment."""
    # The worker's working directory may be another one than ours.
    paths = {name: os.environ[name] for name in PATHS if os.environ.get(name)}
    absolute = {name: str(Path(path).expanduser().absolute()) for name, path in paths.items()}
    settings = {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": import_path()}
    environment = {**os.environ, **absolute, **keys, **settings}
    command = [sys.executable, "-m", "cnn_core", "worker", "--tied"]
    with _log_file(kind) as output:
        return subprocess.Popen(
            [*command, "--scheduler", scheduler, "--kind", kind],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the server; the workers follow when their input ends.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
        )


def log_path(kind: str) -> Path:
    """Where the workers of that kind write what goes wrong; elsewhere while the home cannot be written."""
    folder = runs.home().parent / "logs"
    return (folder if runs.can_write(folder) else _spare_folder()) / f"worker-{kind}.log"


@cache
def _spare_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="convscope-logs-"))


def _log_file(kind: str) -> IO[bytes]:
    """The log of a kind of worker, opened to go on; begun again once it is large."""
    path = log_path(kind)
    large = path.exists() and path.stat().st_size > LOG_BYTES
    return path.open("wb" if large else "ab")
