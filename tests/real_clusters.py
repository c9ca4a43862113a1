"""A Dask cluster of its own for a test: a scheduler and workers that no app started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from real_runs import ROOT


def python(
    log: Path, *arguments: str, cwd: Path = ROOT, **environment: str
) -> subprocess.Popen[bytes]:
    """Start Python with these arguments, nothing to read, and all that it prints in a file."""
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


@pytest.fixture
def start(real_home: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts Python programs, and ends those that are left."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.Popen[bytes]:
        log = tmp_path / f"process-{len(started)}.log"
        started.append(python(log, *arguments, cwd=cwd, **environment))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def address() -> str:
    """Of a scheduler that could be."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


def plain_scheduler(start: Callable[..., Any], address: str, cwd: Path) -> subprocess.Popen[bytes]:
    """Dask's own, which cannot import ConvScope."""
    (cwd / "without").mkdir(exist_ok=True)
    port = address.rpartition(":")[2]
    return start(
        *("-P", "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port),
        "--no-dashboard",
        cwd=cwd / "without",
        PYTHONPATH="",
    )


def worker_of(
    start: Callable[..., Any], address: str, kind: str, **options: Any
) -> subprocess.Popen[bytes]:
    return start("-m", "cnn_core", "worker", "--scheduler", address, "--kind", kind, **options)
