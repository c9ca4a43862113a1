"""The process of a worker: it waits for its scheduler, ends with its app, and logs."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from worker_runs import _no_open_models, run

from cnn_core.engine import worker

__all__ = ["_no_open_models", "run"]  # fixtures


ROOT = Path(__file__).parents[2]


def worker_process(address: str, kind: str = "look", **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cnn_core", "worker", "--scheduler", address, "--kind", kind]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.mark.slow
def test_a_worker_without_a_scheduler_says_that_it_waits_and_does() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with worker_process(address) as process:
        try:
            said = process.stdout.readline()
            assert said == (
                f"No Dask scheduler responds at {address}. This worker keeps trying; Ctrl-C ends it.\n"
            )
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(180) == 130
            assert process.stderr.read() == "Interrupted.\n"
        finally:
            process.kill()


@pytest.mark.slow
def test_a_worker_of_an_app_that_is_gone_ends() -> None:
    code = (
        "from cnn_core.engine import worker; worker.DEATH_TIMEOUT = 0.5;"
        "worker.serve('tcp://127.0.0.1:9', 'look', tied=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,  # open: the app has not ended
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wrong = process.stderr.read()
        assert process.wait(180) == 2
    assert "No Dask scheduler responds at tcp://127.0.0.1:9" in wrong
    assert "Traceback" not in wrong


@pytest.mark.slow
def test_a_worker_is_told_what_is_no_address() -> None:
    with worker_process("nonsense") as process:
        said, wrong = process.communicate(timeout=180)
    assert process.returncode == 2
    assert wrong == (
        "“nonsense” is not the address of a Dask scheduler. Write it like tcp://host:8786.\n"
    )
    assert said == ""


@pytest.mark.parametrize(("kind", "traced"), [(OSError, False), (ValueError, True)])
def test_only_a_lost_connection_is_logged_without_a_traceback(
    kind: type[Exception], traced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    log = logging.getLogger("worker")
    log.addFilter(worker._shorten)
    try:
        raise kind("gone")
    except kind:
        log.exception("No %s.", "heartbeat")
    finally:
        log.removeFilter(worker._shorten)
    assert "No heartbeat." in caplog.text
    assert "gone" in caplog.text
    assert ("Traceback" in caplog.text) == traced


@pytest.mark.parametrize("kind", worker.KINDS)
def test_what_a_worker_has_loaded_is_left_out_of_the_collection_after_each_run(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    class Module:
        def __getattr__(self, name: str) -> Callable[[], None]:
            return lambda: steps.append("load")

    def load(name: str) -> Module:
        steps.append("load")
        return Module()

    monkeypatch.setattr("importlib.import_module", load)
    monkeypatch.setattr(worker.gc, "collect", lambda: steps.append("collect"))
    monkeypatch.setattr(worker.gc, "freeze", lambda: steps.append("freeze"))
    worker._load(kind)
    assert steps[-3:] == ["load", "collect", "freeze"]
