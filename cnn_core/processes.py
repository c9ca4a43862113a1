"""Worker processes on this machine: how they start, where their logs are, how they end."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cnn_core import runs

ROOT = Path(__file__).parent.parent
CLOSE_TIMEOUT = 4.0
LOG_BYTES = 1_000_000
PATHS = ("CONVSCOPE_HOME", "CONVSCOPE_DATA", "KERAS_HOME")


@dataclass(slots=True)
class Process:
    """A worker process of ours; `useless` counts starts in a row of which none came to an answer."""

    popen: subprocess.Popen[bytes]
    useless: int = 1

    def end(self) -> None:
        """Cut the string that ties it to this process, and kill it if it does not end soon."""
        if self.popen.stdin:
            self.popen.stdin.close()
        try:
            self.popen.wait(timeout=CLOSE_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def start_worker(scheduler: str, kind: str) -> subprocess.Popen[bytes]:
    """A worker process, tied to this one by its standard input."""
    # The worker's working directory may be another one than ours.
    paths = {name: os.environ[name] for name in PATHS if os.environ.get(name)}
    absolute = {name: str(Path(path).expanduser().absolute()) for name, path in paths.items()}
    environment = {**os.environ, **absolute, "TF_CPP_MIN_LOG_LEVEL": "2"}
    environment["PYTHONPATH"] = os.pathsep.join(
        part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part
    )
    command = [sys.executable, "-m", "cnn_core", "worker", "--tied"]
    with _log_file(kind) as output:
        return subprocess.Popen(
            [*command, "--scheduler", scheduler, "--kind", kind],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the server; the workers follow when their input ends
        )


def log_path(kind: str) -> Path:
    """Where the workers of that kind write what goes wrong."""
    return runs.home().parent / "logs" / f"worker-{kind}.log"


def _log_file(kind: str) -> IO[bytes]:
    """The log of a kind of worker, opened to go on; begun again once it is large."""
    path = log_path(kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    large = path.exists() and path.stat().st_size > LOG_BYTES
    return path.open("wb" if large else "ab")
