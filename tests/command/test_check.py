"""What `python -m cnn_core check` says of a machine, in every state it may be in."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from command_line import run

from cnn_core import __main__ as command
from cnn_core.command import check
from cnn_core.planning import limits
from cnn_core.rooms import invitation

MEASURED = {
    "tensorflow": "2.21.0",
    "keras": "3.15.0",
    "gpus": [],
    "precision": "float32",
    "epoch_s": 11.4,
}


def ended(code: int, out: str = "", err: str = "") -> Any:
    return lambda *args, **kwargs: SimpleNamespace(returncode=code, stdout=out, stderr=err)


def test_a_machine_that_runs_the_tests_has_no_problem(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path / "new" / "home"))
    assert command.main(["check", "--quick", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert {it["subject"] for it in findings} == {
        *("python", "packages", "memory", "home", "port", "addresses", "processor")
    }
    assert "problem" not in {it["level"] for it in findings}
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_tensorflow_is_started_and_the_time_of_an_epoch_told() -> None:
    code, out, err = run("check")
    assert (code, err) == (0, "")
    assert "An epoch of the textbook network on the full Fashion-MNIST takes about" in out
    assert all(line[:4] in {"ok  ", " !  "} for line in out.splitlines())


def test_an_old_python_is_told(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert check.python().level == "problem"
    assert "3.11 or later" in check.python().sentence


@pytest.mark.parametrize("missing", ["streamlit", "keras"])
def test_a_missing_package_is_told_with_what_installs_it(monkeypatch, missing):
    real = metadata.version

    def version(name: str) -> str:
        if name == missing:
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    [finding] = check.packages()
    assert finding.level == "problem"
    assert f"Not installed: {missing}. Install with: pip install" in finding.sentence


@pytest.mark.parametrize(("system", "warned"), [("Darwin", True), ("Linux", False)])
def test_metal_is_a_warning_on_a_mac(monkeypatch, system, warned):
    monkeypatch.setattr(metadata, "version", lambda name: "1.2")
    monkeypatch.setattr("platform.system", lambda: system)
    assert ("tensorflow-metal" in " ".join(it.sentence for it in check.packages())) == warned


@pytest.mark.parametrize(("free", "level"), [(2.3e9, "warning"), (2.5e9, "ok")])
def test_memory(monkeypatch, free, level):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
    monkeypatch.delenv(limits.WORKERS, raising=False)
    assert check.memory().level == level


@pytest.mark.parametrize(
    ("plan", "free", "advice"),
    [
        ("", 1e9, "or set CONVSCOPE_WORKERS=off, which needs 400 MB."),
        ("", 2e9, "or set CONVSCOPE_WORKERS=one, which needs 1,400 MB."),
        ("one", 2e9, "server and one worker need up to 1,400 MB."),
        ("one", 1e9, "or set CONVSCOPE_WORKERS=off, which needs 400 MB."),
        ("off", 1e9, "a server without workers needs up to 400 MB."),
        ("off", 1e8, "Close other programs before a class."),
        ("two", 9e9, "must be one of: separate, one, off"),
    ],
)
def test_what_is_too_little_memory_depends_on_the_workers(monkeypatch, plan, free, advice):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
    monkeypatch.setenv(limits.WORKERS, plan)
    assert advice in check.memory().sentence


@pytest.mark.parametrize(("free", "level"), [(4e8, "warning"), (6e8, "ok")])
def test_disk(monkeypatch, tmp_path, free, level):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free))
    finding = check.home(tmp_path / "home")
    assert finding.level == level
    assert str(tmp_path / "home") in finding.sentence


def test_a_home_that_cannot_be_written_is_a_problem(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    assert check.home(tmp_path / "file" / "home").level == "problem"
    monkeypatch.setattr("os.access", lambda path, mode: False)
    finding = check.home(tmp_path / "home")
    assert finding.level == "problem"
    assert str(tmp_path) in finding.sentence


def test_a_taken_port_is_told_with_another_one():
    with socket.socket() as server:
        server.bind(("", 0))
        server.listen()
        port = server.getsockname()[1]
        first = next(check.reachable(port))
    assert first.level == "warning"
    assert f"make run PORT={port + 1}" in first.sentence


@pytest.mark.parametrize(("hosts", "level"), [(["192.168.1.7"], "ok"), ([], "warning")])
def test_addresses_are_those_that_phones_reach(monkeypatch, hosts, level):
    monkeypatch.delenv("CONVSCOPE_URL", raising=False)
    monkeypatch.setattr(invitation, "_hosts", lambda: hosts)
    finding = [*check.reachable(8765)][1]
    assert finding.level == level
    assert all(f"http://{host}:8765" in finding.sentence for host in hosts)


@pytest.mark.parametrize(("cores", "level"), [(1, "warning"), (2, "ok")])
def test_cores(monkeypatch, cores, level):
    monkeypatch.setattr(check, "_cores", lambda: cores)
    assert [it.level for it in check.processor()] == [level]


@pytest.mark.parametrize(
    ("code", "err", "words"),
    [
        (-4, "", "AVX"),
        (0xC000001D, "", "AVX"),
        (1, "Traceback\nImportError: DLL load failed", "(ImportError: DLL load failed)"),
        (1, "", "(no message)"),
    ],
)
def test_a_tensorflow_that_does_not_start_is_a_problem(monkeypatch, capsys, code, err, words):
    monkeypatch.setattr(subprocess, "run", ended(code, err=err))
    [finding] = check.tensorflow()
    assert finding.level == "problem"
    assert words in finding.sentence
    assert "Traceback" not in finding.sentence
    assert check.run(0, as_json=False) == 1
    assert " X  TensorFlow" in capsys.readouterr().out


def test_a_tensorflow_that_hangs_is_a_problem(monkeypatch):
    def hang(*args: Any, **kwargs: Any) -> None:
        raise subprocess.TimeoutExpired("probe", 300)

    monkeypatch.setattr(subprocess, "run", hang)
    assert [it.level for it in check.tensorflow()] == ["problem"]


@pytest.mark.parametrize(("gpus", "words"), [([], "no graphics card"), (["RTX 9"], "RTX 9")])
def test_what_was_measured_is_said(monkeypatch, gpus, words):
    out = "a line of another package\n" + json.dumps(MEASURED | {"gpus": gpus})
    monkeypatch.setattr(subprocess, "run", ended(0, out))
    card, speed = check.tensorflow()
    assert words in card.sentence
    assert "about 11 s" in speed.sentence
