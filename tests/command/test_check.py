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
from cnn_core.command import check, check_tensorflow
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


def test_a_python_that_tensorflow_has_no_build_for_is_told(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    assert check.python().level == "problem"
    assert "make PYTHON=" in check.python().sentence


def test_a_mac_with_an_intel_processor_is_told_what_works_without_tensorflow(monkeypatch):
    def version(name: str) -> str:
        if name.startswith("tensorflow"):
            raise metadata.PackageNotFoundError(name)
        return "1.2"

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    [finding] = check.packages()
    assert finding.level == "problem"
    assert "CONVSCOPE_WORKERS=off" in finding.sentence
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    [finding] = check.packages()
    assert "Not installed: tensorflow." in finding.sentence


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


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist_is_a_problem(port):
    [finding] = check.reachable(port)
    assert finding.level == "problem"
    assert f"There is no port {port}" in finding.sentence


def test_a_port_that_needs_an_administrator_is_a_problem(monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket.socket, "bind", refuse)
    finding = next(check.reachable(80))
    assert finding.level == "problem"
    assert "make run PORT=8501" in finding.sentence


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
        (-9, "", "memory ran out"),
        (-11, "", "(it ends with signal 11)"),
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


@pytest.mark.parametrize(
    ("flags", "levels"), [("fpu sse sse2", ["problem"]), ("fpu sse avx avx2", []), (None, [])]
)
def test_a_processor_without_avx_is_told_before_tensorflow_starts(
    monkeypatch, tmp_path, flags, levels
):
    listing = tmp_path / "cpuinfo"
    if flags is not None:
        listing.write_text(f"processor : 0\nflags\t\t: {flags}\nbugs : \n", "utf-8")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    read = check_tensorflow._processor_flags
    monkeypatch.setattr(check_tensorflow, "_processor_flags", lambda: read(listing))
    findings = [*check.instructions()]
    assert [finding.level for finding in findings] == levels
    assert all("CONVSCOPE_WORKERS=off" in finding.sentence for finding in findings)


@pytest.fixture
def measured(monkeypatch):
    """Runs the check with what the probe measured and what the driver of the card tells."""
    for name in ("CONVSCOPE_LOOK_GPU", "CUDA_VISIBLE_DEVICES", "TF_FORCE_GPU_ALLOW_GROWTH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv(limits.TRAIN_WORKERS, raising=False)
    monkeypatch.delenv(limits.WORKERS, raising=False)

    def findings(driver: str = "", **facts: Any) -> dict[str, check.Finding]:
        out = "a line of another package\n" + json.dumps(MEASURED | facts)

        def answer(command: list[str], **options: Any) -> Any:
            return SimpleNamespace(
                returncode=0, stderr="", stdout=driver if "nvidia-smi" in command[0] else out
            )

        monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi" if driver else None)
        monkeypatch.setattr(subprocess, "run", answer)
        return {finding.subject: finding for finding in check.tensorflow()}

    return findings


CARD = {"gpus": ["RTX 9"], "gpu_peak_mb": 600.0, "gpu_difference": 1e-6}


def test_tensorflow_is_asked_from_any_folder(monkeypatch, tmp_path):
    """The installed command does not work in the folder of the app, as `python -m` does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    start, printed = subprocess.run, []

    def find_module(command: list[str], **options: Any) -> Any:
        find = f"from importlib.util import find_spec as f; print(f({command[2]!r}) is not None)"
        done = start([command[0], "-c", find], **options)
        printed.append(done.stdout.strip())
        return SimpleNamespace(returncode=0, stderr="", stdout=json.dumps(MEASURED))

    monkeypatch.setattr(subprocess, "run", find_module)
    monkeypatch.setattr(check_tensorflow, "cards", list)
    assert {finding.level for finding in check.tensorflow()} == {"ok"}
    assert printed == ["True"]


def test_what_was_measured_is_said(measured):
    findings = measured()
    assert "no graphics card" in findings["gpu"].sentence
    assert "about 11 s" in findings["speed"].sentence
    assert {finding.level for finding in findings.values()} == {"ok"}


def test_a_slow_machine_is_told_what_to_train(measured):
    finding = measured(epoch_s=300.0)["speed"]
    assert finding.level == "warning"
    assert "about 300 s" in finding.sentence
    assert "on the sample or on the digits" in finding.sentence


def test_a_card_on_which_the_workers_fit(measured):
    findings = measured("RTX 9, 8192, 8000\n", **CARD)
    assert findings["gpu"].level == findings["gpu memory"].level == "ok"
    assert "RTX 9, with the same results" in findings["gpu"].sentence
    assert "computed on the CPU" in findings["gpu"].sentence
    assert "one worker needs about 1,100 MB" in findings["gpu memory"].sentence


def test_a_card_whose_driver_does_not_tell_its_memory(measured):
    assert "gpu memory" not in measured("", **CARD)
    assert "gpu memory" not in measured("RTX 9, [N/A], [N/A]\n", **CARD)
    assert "gpu memory" not in measured("RTX 9, 8192, 8000", **CARD | {"gpu_peak_mb": None})


@pytest.mark.parametrize(
    ("settings", "workers", "advice"),
    [
        ({}, "one worker needs about 1,100 MB", "close programs that use the card"),
        (
            {"CONVSCOPE_LOOK_GPU": "1"},
            "2 workers need about 2,200 MB",
            "unset CONVSCOPE_LOOK_GPU",
        ),
        (
            {"CONVSCOPE_TRAIN_WORKERS": "3"},
            "3 workers need about 3,300 MB",
            "set CONVSCOPE_TRAIN_WORKERS=1",
        ),
        (
            {"CONVSCOPE_WORKERS": "one", "CONVSCOPE_LOOK_GPU": "1"},
            "one worker needs",
            "CUDA_VISIBLE_DEVICES=-1",
        ),
    ],
)
def test_a_card_that_is_too_full(monkeypatch, measured, settings, workers, advice):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    finding = measured("RTX 9, 8192, 900", **CARD)["gpu memory"]
    assert finding.level == "warning"
    assert "900 of 8,192 MB are free" in finding.sentence
    assert workers in finding.sentence
    assert advice in finding.sentence


def test_a_worker_that_would_take_the_whole_card(monkeypatch, measured):
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "false")
    finding = measured("RTX 9, 8192, 8000", **CARD)["gpu memory"]
    assert finding.level == "warning"
    assert "Remove that variable" in finding.sentence


@pytest.mark.parametrize(
    ("system", "advice"),
    [("Darwin", "pip uninstall tensorflow-metal"), ("Linux", "CUDA_VISIBLE_DEVICES=-1")],
)
def test_a_card_that_computes_wrong_results_is_a_problem(monkeypatch, measured, system, advice):
    monkeypatch.setattr("platform.system", lambda: system)
    findings = measured(**CARD | {"gpu_difference": 0.3})
    assert findings["gpu"].level == "problem"
    assert "differs by 0.30" in findings["gpu"].sentence
    assert advice in findings["gpu"].sentence
    assert check.run(0, as_json=False) == 1


def test_a_card_that_this_tensorflow_does_not_use(monkeypatch, measured):
    finding = measured("RTX 9, 8192, 8000")["gpu"]
    assert finding.level == "warning"
    assert "tensorflow[and-cuda]" in finding.sentence
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert measured("RTX 9, 8192, 8000")["gpu"].level == "ok"


def test_a_driver_that_does_not_answer_is_no_card(monkeypatch):
    def fail(*args: Any, **options: Any) -> None:
        raise subprocess.CalledProcessError(9, "nvidia-smi")

    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(subprocess, "run", fail)
    assert check_tensorflow.cards() == []
