"""Whether ConvScope can run on this machine: each finding a sentence, with what to do."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from cnn_core import runs
from cnn_core.command.check_tensorflow import instructions, tensorflow
from cnn_core.command.finding import Finding
from cnn_core.errors import ConfigError
from cnn_core.planning import limits
from cnn_core.rooms import invitation

OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 14)
NEEDED_MB = {"separate": 2_400, "one": 1_400, "off": 400}
"""Memory of server and workers with the full Fashion-MNIST, by `limits.WORKER_PLANS`."""
INTEL_MAC = ("Darwin", "x86_64")
LARGEST_PORT = 65_535
LEAST_FREE_MB = 500  # of disk: data sets and some runs
MEGABYTE = 1e6
MARKS = {"ok": "ok", "warning": "!", "problem": "X"}


def add(commands: Any) -> None:
    """Add the command to a parser's commands."""
    parser = commands.add_parser(
        "check",
        help="check whether this machine can run the app, and how fast",
        description="Check Python, packages, memory, disk, network and TensorFlow of this machine; say "
        "what to do about each problem. The exit code is 1 if something does not work.",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8501,
        metavar="N",
        help="where the app is served (default: %(default)s)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="without TensorFlow, which takes some ten seconds"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")
    parser.set_defaults(folder=None, force=False)


def run(port: int, *, as_json: bool, train: bool = True) -> int:
    """Print what was found.

    Args:
        port: Where the app is to be served.
        as_json: A list of objects instead of lines.
        train: Also start TensorFlow and train for a moment, which takes some ten seconds.

    Returns:
        Exit code: 1 with a problem, else 0.
    """
    findings: list[Finding] = []
    for finding in findings_of(port, train=train):
        findings.append(finding)
        if not as_json:
            print(f"{MARKS[finding.level]:>2}  {finding.sentence}", flush=True)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    return int(any(finding.level == "problem" for finding in findings))


def findings_of(port: int, *, train: bool) -> Iterator[Finding]:
    """Everything that is checked, what takes longest last."""
    yield python()
    yield from packages()
    yield memory()
    yield home(runs.home())
    yield from reachable(port)
    yield from processor()
    yield from instructions()
    if train:
        yield from tensorflow()


def python() -> Finding:
    """Its version."""
    version, oldest = platform.python_version(), ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info < OLDEST_PYTHON:
        return Finding(
            "problem", "python", f"Python {version} is too old; install {oldest} or later."
        )
    if sys.version_info >= TOO_NEW_PYTHON:
        return Finding(
            "problem",
            "python",
            f"TensorFlow has no build for Python {version}. Install Python 3.13, and choose it with: "
            "make PYTHON=/path/to/python3.13 run",
        )
    return Finding("ok", "python", f"Python {version}.")


def packages() -> Iterator[Finding]:
    """Packages without which nothing is shown, or nothing trained."""
    versions = {name: _version(name) for name in ("streamlit", "keras", "numpy")}
    versions["tensorflow"] = _version("tensorflow-cpu") or _version("tensorflow")
    missing = [name for name, version in versions.items() if version is None]
    if missing == ["tensorflow"] and (platform.system(), platform.machine()) == INTEL_MAC:
        yield Finding(
            "problem",
            "packages",
            "TensorFlow has no build for Macs with Intel processors. Pages that need no network work with "
            f"{limits.WORKERS}=off; for the others use another computer, or CONVSCOPE_SCHEDULER.",
        )
        return
    if missing:
        yield Finding(
            "problem",
            "packages",
            f"Not installed: {', '.join(missing)}. Install with: pip install -r requirements.txt",
        )
        return
    yield Finding(
        "ok", "packages", ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
    )
    if platform.system() == "Darwin" and _version("tensorflow-metal"):
        yield Finding(
            "warning",
            "packages",
            "tensorflow-metal is installed: on some Macs it silently computes wrong results. "
            "Uninstall it (pip uninstall tensorflow-metal), or compare a run with one without it.",
        )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def memory() -> Finding:
    """Whether server and workers fit, and what else would."""
    free = psutil.virtual_memory().available / MEGABYTE
    try:
        plan = limits.worker_plan()
    except ConfigError as error:
        return Finding("warning", "memory", f"{error} The app starts as if it were not set.")
    needed = NEEDED_MB[plan]
    workers = {"separate": "server and workers need", "one": "server and one worker need"}
    who = workers.get(plan, "a server without workers needs")
    if free >= needed:
        return Finding("ok", "memory", f"Free memory: {free:,.0f} MB; {who} up to {needed:,} MB.")
    smaller = [name for name in limits.WORKER_PLANS if NEEDED_MB[name] < needed]
    advice = "Close other programs before a class"
    if smaller:
        fitting = next((name for name in smaller if NEEDED_MB[name] <= free), smaller[-1])
        advice += f", or set {limits.WORKERS}={fitting}, which needs {NEEDED_MB[fitting]:,} MB"
    return Finding(
        "warning", "memory", f"Free memory: {free:,.0f} MB; {who} up to {needed:,} MB. {advice}."
    )


def home(folder: Path) -> Finding:
    """Whether runs can be kept."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return Finding(
            "problem",
            "home",
            f"Nothing can be written in {nearest}, so no run can be kept. Change its permissions, or set "
            "CONVSCOPE_HOME to another folder.",
        )
    free = shutil.disk_usage(nearest).free / MEGABYTE
    if free < LEAST_FREE_MB:
        return Finding(
            "warning",
            "home",
            f"Only {free:,.0f} MB is free where runs are kept ({folder}). Delete files there, or set "
            "CONVSCOPE_HOME to a folder on another disk.",
        )
    return Finding("ok", "home", f"Runs are kept in {folder}, where {free:,.0f} MB is free.")


def reachable(port: int) -> Iterator[Finding]:
    """Whether the port is free, and where phones find this machine."""
    if not 0 <= port <= LARGEST_PORT:
        yield Finding(
            "problem", "port", f"There is no port {port}: choose one from 1024 to {LARGEST_PORT}."
        )
        return
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except PermissionError:
            yield Finding(
                "problem",
                "port",
                f"Only an administrator may serve on port {port}. Choose another one: make run PORT=8501",
            )
        except OSError:
            yield Finding(
                "warning",
                "port",
                f"Port {port} is in use, perhaps by ConvScope itself. To use another one: "
                f"make run PORT={port + 1}",
            )
        else:
            yield Finding("ok", "port", f"Port {port} is free.")
    here = f"http://localhost:{port}"
    links = invitation.addresses(here)
    if links != [here]:
        listed = ", ".join(links)
        yield Finding(
            "ok",
            "addresses",
            f"Other devices on this network find the app at {listed}. If a phone does not, allow port "
            f"{port} in this machine's firewall; some public Wi-Fi keeps devices apart, a hotspot does not.",
        )
    else:
        yield Finding(
            "warning",
            "addresses",
            "This machine is not on a network, so phones cannot reach it. Join a Wi-Fi or open a hotspot.",
        )


def processor() -> Iterator[Finding]:
    """How many cores there are."""
    cores = _cores()
    if cores < 2:
        yield Finding(
            "warning",
            "processor",
            "There is one processor core: pages will be slow while a network trains.",
        )
    else:
        yield Finding("ok", "processor", f"{cores} processor cores.")


def _cores() -> int:
    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):  # not on macOS
        return len(process.cpu_affinity())
    return os.cpu_count() or 1
