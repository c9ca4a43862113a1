"""A sweep against the same trials ordered one by one, and against Optuna with plain Keras in one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

from bench.app import ROOT, BenchError
from bench.report import Figure
from cnn_core import datasets, runs, sweeps
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.engine import Engine
from cnn_core.planning.limits import Limits
from cnn_core.planning.space import parse
from cnn_core.runs import log as run_log
from cnn_core.sweeps import Driver, Plan, outcome

TARGET = 1.05
TRIALS, EPOCHS = 4, 2
ROUNDS, PLAIN_ROUNDS = 4, 2
LIMIT_S = 1800.0
TRAIN = TrainConfig(epochs=EPOCHS, batch_size=32, patience=0, precision="float32")
CAPS = Limits(queued=1000, sweeps=1000)


def measure(*, quick: bool) -> Iterator[Figure]:
    """A sweep and the same trials without it in turns, each first in every second round; then Optuna alone.

    What disturbs the machine for longer than a round disturbs both: each round has a ratio of its own.
    """
    trials, rounds, plain_rounds = (2, 2, 1) if quick else (TRIALS, ROUNDS, PLAIN_ROUNDS)
    swept: list[float] = []
    ordered: list[float] = []
    with tempfile.TemporaryDirectory(prefix="convscope-bench-") as folder:
        os.environ["CONVSCOPE_HOME"] = str(Path(folder) / "home")
        data = _write_data(Path(folder))
        engine = Engine()
        driver = Driver(engine).start()
        engine.start()
        try:
            _wait(lambda: engine.ready("train"))
            _sweep(2)  # the worker compiles and the server loads Optuna for the first time
            for number in range(rounds):
                for times in (swept, ordered)[:: -1 if number % 2 else 1]:
                    times.append(_sweep(trials) if times is swept else _order(engine, trials))
                sys.stderr.write(f"  round {number + 1}: {swept[-1]:.2f} / {ordered[-1]:.2f} s\n")
            gaps = _gaps()
        finally:
            engine.close()
            driver.close()
        plain = [_plain(data, trials) for _ in range(plain_rounds)]
    yield from _figures(swept, ordered, plain, gaps, trials)


def _figures(
    swept: Sequence[float],
    ordered: Sequence[float],
    plain: Sequence[float],
    gaps: Sequence[float],
    trials: int,
) -> Iterator[Figure]:
    values = {
        "sweep": swept,
        "one by one": ordered,
        "optuna": plain,
        "gaps": gaps,
        "trials": trials,
    }
    ratios = sorted(swept[number] / seconds for number, seconds in enumerate(ordered))
    middle = median(ratios)
    yield Figure(
        f"sweep of {trials} trials / the same trials ordered one by one, median of {len(ratios)} rounds",
        f"{middle:.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}; {median(swept):.1f} / {median(ordered):.1f} s)",
        f"at most {TARGET}",
        middle <= TARGET,
        values,
    )
    yield Figure(
        f"sweep of {trials} trials / Optuna with plain Keras in one process",
        f"{median(swept) / median(plain):.3f} ({median(swept):.1f} / {median(plain):.1f} s)",
    )
    yield Figure(
        "from the end of a trial to the start of the next",
        f"{1000 * median(gaps):.0f} ms ({len(gaps)} times, at most {1000 * max(gaps):.0f} ms)",
    )


def _gaps() -> list[float]:
    """Seconds from the end of each trial to the time at which the next one of its sweep has begun."""
    gaps: list[float] = []
    for sweep in sweeps.newest():
        trials = sorted(
            (run_log.history(run).started.time, runs.status(run).since)  # type: ignore[union-attr]
            for run in runs.newest()
            if run.sweep == sweep.id
        )
        gaps += [begun - ended for (_, ended), (begun, _) in pairwise(trials)]
    return gaps


def _sweep(trials: int) -> float:
    began = time.monotonic()
    seeds = parse("seed", f"1:{trials}")
    plan = Plan(TEXTBOOK, TRAIN, (seeds,), method="grid", trials=trials)
    sweep = sweeps.begin(plan, owner="bench", limits=CAPS)
    _wait(lambda: sweeps.progress(sweep).state != "running")
    finished = [trial for trial in outcome.trials(sweep) if trial.state == "finished"]
    if len(finished) != trials:
        raise BenchError(f"{len(finished)} of {trials} trials finished")
    return time.monotonic() - began


def _order(engine: Engine, trials: int) -> float:
    began = time.monotonic()
    ordered = [
        engine.order(TEXTBOOK, replace(TRAIN, seed=seed), owner="bench", limits=CAPS)
        for seed in range(1, trials + 1)
    ]
    _wait(lambda: all(runs.status(run).state in runs.OVER for run in ordered))
    return time.monotonic() - began


def _plain(data: Path, trials: int) -> float:
    result = data.with_name("result.json")
    options = ["--trials", str(trials), "--epochs", str(EPOCHS)]
    subprocess.run(
        [sys.executable, "-m", "bench.plain_sweep", str(data), str(result), *options],
        cwd=ROOT, capture_output=True, timeout=LIMIT_S, check=True,
    )  # fmt: skip
    return float(json.loads(result.read_text("utf-8"))["seconds"])


def _write_data(folder: Path) -> Path:
    data = datasets.load(TRAIN.dataset, TRAIN.size)
    path = folder / "data.npz"
    np.savez(
        path, **{name: getattr(data, name) for name in ("x_train", "y_train", "x_val", "y_val")}
    )
    return path


def _wait(over: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not over():
        if time.monotonic() > deadline:
            raise BenchError(f"not over within {LIMIT_S:.0f} s")
        time.sleep(0.02)
