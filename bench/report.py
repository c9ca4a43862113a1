"""What a measurement hands back, the table it ends up in, and the facts of the machine."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from bench.app import ROOT

JSON_FILE = ROOT / "build" / "bench.json"
VERDICTS = {True: "yes", False: "NO", None: ""}


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes:
        name: What was measured.
        measured: The result in words, with its unit.
        target: What it should be, in words; empty for a figure that only informs.
        ok: Whether the target was met; None without a target.
        values: The numbers it comes from, for the JSON file.
    """

    name: str
    measured: str
    target: str = ""
    ok: bool | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


def median_and_p95(values: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile (nearest rank) of at least one value."""
    ordered = sorted(values)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return middle, ordered[math.ceil(0.95 * len(ordered)) - 1]


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a table in Markdown."""
    rows = [["figure", "measured", "target", "ok?"], ["---"] * 4]
    rows += [
        [figure.name, figure.measured, figure.target, VERDICTS[figure.ok]] for figure in figures
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def write_json(
    figures: Sequence[Figure], facts: Mapping[str, str], busy: Mapping[str, float], *, quick: bool
) -> Path:
    """Write build/bench.json and give its path.

    Args:
        figures: The rows of the table.
        facts: The machine, as `machine` tells it.
        busy: Percent of all cores in use just before each measurement.
        quick: Whether the numbers come from a short trial.
    """
    JSON_FILE.parent.mkdir(parents=True, exist_ok=True)
    tree = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "quick": quick,
        "machine": dict(facts),
        "busy_percent_before": dict(busy),
        "figures": [asdict(figure) for figure in figures],
    }
    JSON_FILE.write_text(json.dumps(tree, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return JSON_FILE


def machine() -> dict[str, str]:
    """Cores, processor, memory, versions, and what the precision "auto" comes to here."""
    return {
        "cores": str(_cores()),
        "processor": _processor(),
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "Python": platform.python_version(),
        "TensorFlow": _version("tensorflow-cpu", "tensorflow"),
        "Keras": _version("keras"),
        "Streamlit": _version("streamlit"),
        "bfloat16 native": "yes" if _auto_precision() == "bfloat16" else "no",
    }


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    """Its name as the system tells it, with family and model, which tell apart what share a name."""
    fields: dict[str, str] = {}
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            fields.setdefault(name.strip(), value.strip())
    if "model name" not in fields:
        return platform.processor() or platform.machine()
    return f"{fields['model name']}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"


def _version(*names: str) -> str:
    for name in names:
        try:
            return f"{version(name)} ({name})" if len(names) > 1 else version(name)
        except PackageNotFoundError:
            continue
    return "not installed"


def _auto_precision() -> str:
    """What the app resolves "auto" to; in a process of its own, since that loads TensorFlow."""
    code = "from cnn_core.training.loop import resolve_precision; print(resolve_precision('auto'))"
    completed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return completed.stdout.split()[-1]
