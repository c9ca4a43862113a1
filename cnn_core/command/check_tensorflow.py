"""Whether TensorFlow works on this machine: processor, graphics card, and how long an epoch takes."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn_core.command.finding import Finding
from cnn_core.errors import ConfigError
from cnn_core.paths import import_path
from cnn_core.planning import limits

PROBE_TIMEOUT_S = 300
SLOW_EPOCH_S = 60
CONTEXT_MB = 500  # what the driver and its libraries take on a graphics card for each process
LARGEST_DIFFERENCE = 0.02  # of a probability; float32 on two devices differs by about 1e-5
ILLEGAL_INSTRUCTION = {0xC000001D, -0x3FFFFFE3}
"""Exit codes of Windows for a process that met an instruction its processor does not have."""
NO_AVX = (
    "the processor may lack AVX instructions, which its packages need. Use another machine, a build of "
    f"TensorFlow for this processor, or {limits.WORKERS}=off, which shows the included networks only."
)


@dataclass(frozen=True)
class Card:
    """A graphics card as its driver tells of it; sizes in MB."""

    name: str
    total: int
    free: int


def tensorflow() -> Iterator[Finding]:
    """Whether TensorFlow starts, what it computes with, and how long an epoch takes."""
    command = [sys.executable, "-m", "cnn_core.training.probe"]
    environment = {
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": import_path(),
    }
    try:
        probe = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        yield Finding(
            "problem",
            "tensorflow",
            f"TensorFlow did not train within {PROBE_TIMEOUT_S // 60} minutes. Close other programs and "
            "check again.",
        )
        return
    if probe.returncode:
        yield Finding("problem", "tensorflow", _failure(probe.returncode, probe.stderr))
        return
    measured = json.loads(probe.stdout.splitlines()[-1])
    yield from _graphics(measured, cards())
    yield _speed(measured)


def instructions() -> Iterator[Finding]:
    """Whether the processor has AVX, where the system tells."""
    flags = _processor_flags()
    if flags and "avx" not in flags:
        yield Finding(
            "problem",
            "avx",
            f"TensorFlow would end as soon as it starts: {NO_AVX.replace(' may', '')}",
        )


def _processor_flags(listing: Path = Path("/proc/cpuinfo")) -> set[str]:
    """What an x86 processor says it can do; empty where it cannot be asked."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        return set()
    try:
        lines = listing.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


def _failure(code: int, errors: str) -> str:
    if -code == signal.SIGILL or code in ILLEGAL_INSTRUCTION:
        return f"TensorFlow ends as soon as it starts: {NO_AVX}"
    if -code == getattr(signal, "SIGKILL", None):
        return (
            "TensorFlow was ended by the system while it started, most likely because memory ran out. "
            f"Close other programs, or set {limits.WORKERS}=off."
        )
    last = (errors.strip().splitlines() or ["no message"])[-1]
    if code < 0:
        last = f"it ends with signal {-code}"
    return (
        f"TensorFlow does not start ({last}). Install it again: "
        "pip install --force-reinstall -r requirements.txt"
    )


def cards() -> list[Card]:
    """The NVIDIA cards that their driver knows; none where it is not installed or does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = [program, "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    listed = []
    for line in answer.stdout.splitlines():
        name, *sizes = (part.strip() for part in line.rsplit(",", 2))
        if len(sizes) == 2 and all(size.isdecimal() for size in sizes):
            listed.append(Card(name, *map(int, sizes)))
    return listed


def _graphics(measured: dict[str, Any], driver: list[Card]) -> Iterator[Finding]:
    used = measured["gpus"]
    if not used:
        yield _unused(driver)
        return
    difference = measured.get("gpu_difference") or 0.0
    if difference > LARGEST_DIFFERENCE:
        yield Finding(
            "problem",
            "gpu",
            f"{', '.join(used)} computes wrong results: a probability of the same network differs by "
            f"{difference:.2f} from that of the processor. {_without_card()}",
        )
        return
    yield Finding(
        "ok",
        "gpu",
        f"TensorFlow trains on {', '.join(used)}, with the same results as on the processor; what pages "
        f"show of networks is computed on the {'card, too' if _looks_on_card() else 'CPU'}.",
    )
    yield from _room_on_card(measured, driver)


def _without_card() -> str:
    if platform.system() == "Darwin":
        return "Uninstall its plug-in: pip uninstall tensorflow-metal"
    return "Update its driver, or train on the CPU: set CUDA_VISIBLE_DEVICES=-1."


def _unused(driver: list[Card]) -> Finding:
    if driver and os.environ.get("CUDA_VISIBLE_DEVICES") != "-1":
        return Finding(
            "warning",
            "gpu",
            f"This TensorFlow does not use the {driver[0].name}; networks are trained on the CPU. To train "
            "on the card: pip uninstall tensorflow-cpu, then pip install -c constraints.txt "
            '"tensorflow[and-cuda]"',
        )
    return Finding(
        "ok", "gpu", "TensorFlow uses no graphics card; networks are trained on the CPU."
    )


def _looks_on_card() -> bool:
    return bool(os.environ.get("CONVSCOPE_LOOK_GPU"))


def _room_on_card(measured: dict[str, Any], driver: list[Card]) -> Iterator[Finding]:
    """Whether all workers that compute on the card fit into its memory."""
    if os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH", "true").lower() not in {"true", "1"}:
        yield Finding(
            "warning",
            "gpu memory",
            "TF_FORCE_GPU_ALLOW_GROWTH is switched off, so one worker takes all memory of the card and "
            "another finds none. Remove that variable: workers take memory as they need it.",
        )
        return
    peak = measured.get("gpu_peak_mb")
    if not driver or peak is None:
        return
    card, workers = driver[0], _workers_on_card()
    needed = workers * round(CONTEXT_MB + peak)
    who = "one worker needs" if workers == 1 else f"{workers} workers need"
    sentence = (
        f"{card.free:,} of {card.total:,} MB are free on the {card.name}; {who} about {needed:,} MB for "
        "the textbook network."
    )
    if needed <= card.free:
        yield Finding("ok", "gpu memory", sentence)
        return
    advice = ["close programs that use the card"]
    if _looks_on_card():
        advice.append("unset CONVSCOPE_LOOK_GPU")
    if workers > 1 + _looks_on_card():
        advice.append(f"set {limits.TRAIN_WORKERS}=1")
    advice.append("train on the CPU with CUDA_VISIBLE_DEVICES=-1")
    yield Finding("warning", "gpu memory", f"{sentence} To make room, {', or '.join(advice)}.")


def _workers_on_card() -> int:
    try:
        if limits.worker_plan() == "one":
            return 1
        return limits.train_workers() + _looks_on_card()
    except ConfigError:
        return 1


def _speed(measured: dict[str, Any]) -> Finding:
    seconds = measured["epoch_s"]
    sentence = (
        f"An epoch of the textbook network on the full Fashion-MNIST takes about {seconds:.0f} s "
        f"here, in {measured['precision']}; on the bundled sample a sixth of that."
    )
    if seconds <= SLOW_EPOCH_S:
        return Finding("ok", "speed", sentence)
    return Finding(
        "warning",
        "speed",
        f"{sentence} Close other programs, and train with a class on the sample or on the digits.",
    )
