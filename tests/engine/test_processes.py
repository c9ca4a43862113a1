"""How worker processes are started, and where their logs go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cnn_core import runs
from cnn_core.engine import processes


def test_workers_get_whole_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They run in the folder of the project, the server wherever it was started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_HOME", "here")
    started: dict[str, Any] = {}
    monkeypatch.setattr(processes.subprocess, "Popen", lambda command, **more: started.update(more))
    processes.start_worker("tcp://127.0.0.1:1", "look", {"A_KEY": "secret"})
    assert started["env"]["CONVSCOPE_HOME"] == str(tmp_path / "here")
    assert started["env"]["A_KEY"] == "secret"
    assert "secret" not in os.environ.values()
    assert runs.home() == Path("here/runs")


def test_a_log_goes_on_until_it_is_large(convscope_home: Path) -> None:
    path = convscope_home / "logs" / "worker-train.log"
    for text in (b"first ", b"second"):
        with processes._log_file("train") as file:
            file.write(text)
    assert path.read_bytes() == b"first second"
    path.write_bytes(b"x" * (processes.LOG_BYTES + 1))
    with processes._log_file("train") as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_a_home_that_cannot_be_written_keeps_no_worker_from_starting(
    convscope_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The networks that came with ConvScope lie elsewhere and can be looked into nevertheless."""
    convscope_home.write_text("a file where the folder should be")
    started: dict[str, Any] = {}
    monkeypatch.setattr(processes.subprocess, "Popen", lambda command, **more: started.update(more))
    processes.start_worker("tcp://127.0.0.1:1", "look", {})
    assert started
    path = processes.log_path("look")
    assert path.exists()
    assert convscope_home not in path.parents


def test_a_missing_tensorflow_is_named_as_soon_as_a_worker_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(scheduler: str, kind: str, keys: dict[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)

    monkeypatch.setattr(processes, "start_worker", start)
    monkeypatch.setattr(processes, "find_spec", lambda name: None)
    process = processes.WorkerProcess("tcp://127.0.0.1:1", "train", {})
    process.popen.wait()
    process.revive()
    assert "TensorFlow is not installed" in str(process.problem)
    assert "Intel" in process.problem.sentence("ko")
    process.end()
