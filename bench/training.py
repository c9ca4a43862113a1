"""Training through the app against plain `model.fit` with the same settings, in turns.

Once with a page that watches on the same processor, and once with the page gone to another one, as
with visitors who bring their own: a browser without a graphics card paints with the training's time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

from bench.app import (
    ROOT,
    BenchError,
    browsing,
    link,
    order,
    serving,
    visiting,
    wait_for_end,
)
from bench.report import Figure
from cnn_core import datasets
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.progress.events import BatchEnd, EpochEnd, Event, RunEnded, RunStarted

TARGET = 0.80
ROUNDS, EPOCHS = 2, 3
LIMIT_S = 600.0


@dataclass
class Side:
    """What one side took, in seconds. The first epoch of a training, which traces, is in `whole` only.

    Attributes:
        epochs: From the end of an epoch to the end of the next: training, validation, checkpoints.
        steps: The part of those before validation.
        whole: From before the first batch to the end of the last epoch.
        wait: From the first batch to the result on the page (only the app).
    """

    epochs: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    wait: list[float] = field(default_factory=list)

    def add(self, began: float, trained: list[float], ended: list[float]) -> None:
        """Take up one training: when it began, and when each epoch's parts ended."""
        self.epochs += [end - before for before, end in pairwise(ended)]
        self.steps += [end - before for before, end in zip(ended, trained[1:], strict=False)]
        self.whole.append(ended[-1] - began)


def measure(*, quick: bool) -> Iterator[Figure]:
    """The app's seconds per epoch to plain Keras' seconds per epoch, for each precision there is."""
    size = "full" if datasets.available("fashion_mnist", "full") and not quick else "sample"
    precisions = ["float32"] if quick else ["float32", "auto"]
    done: set[str] = set()
    for requested in precisions:
        train = TrainConfig(
            size=size, epochs=2 if quick else EPOCHS, batch_size=32, precision=requested
        )
        precision, sides = _in_turns(train, 1 if quick else ROUNDS, done)
        if precision not in done:
            done.add(precision)
            yield from _figures(precision, train, **sides)


def _in_turns(train: TrainConfig, rounds: int, done: set[str]) -> tuple[str, dict[str, Side]]:
    """App, app with a page, plain, app ...: a machine that grows slower does so for all."""
    app, watched, plain = Side(), Side(), Side()
    with tempfile.TemporaryDirectory(prefix="convscope-bench-") as folder:
        data = _write_data(Path(folder), train)
        for _ in range(rounds):
            precision = _train_in_app(train, app, watched=False)
            if precision in done:  # "auto" comes to what was measured already
                break
            _train_in_app(train, watched, watched=True)
            _train_plainly(data, precision, train.epochs, plain)
    return precision, {"app": app, "watched": watched, "plain": plain}


def _train_in_app(train: TrainConfig, side: Side, *, watched: bool) -> str:
    """One training through page, server and worker; gives the precision it came to."""
    with (
        serving() as server,
        browsing() as browser,
        visiting(browser, link(server, TEXTBOOK, train)) as page,
    ):
        server.wait_until_idle()
        run = order(page, server)
        if not watched:
            page.goto("about:blank")
        run_events = wait_for_end(page, run, LIMIT_S)
    begins = [event for event in run_events if isinstance(event, RunStarted)]
    ends = [event for event in run_events if isinstance(event, EpochEnd)]
    if len(begins) != 1 or len(ends) != train.epochs:
        raise BenchError("the run was interrupted")
    last_steps = [_last_step(run_events, end.epoch) for end in ends]
    side.add(begins[0].time, last_steps, [end.time for end in ends])
    side.wait += [
        event.time - begins[0].time for event in run_events if isinstance(event, RunEnded)
    ]
    return begins[0].precision


def _last_step(run_events: list[Event], epoch: int) -> float:
    return max(
        event.time for event in run_events if isinstance(event, BatchEnd) and event.epoch == epoch
    )


def _write_data(folder: Path, train: TrainConfig) -> Path:
    """The same images for the plain program, which knows nothing of our data sets."""
    data = datasets.load(train.dataset, train.size)
    path = folder / "data.npz"
    parts = {name: getattr(data, name) for name in ("x_train", "y_train", "x_val", "y_val")}
    np.savez(path, **parts)
    return path


def _train_plainly(data: Path, precision: str, epochs: int, side: Side) -> None:
    result = data.with_name("result.json")
    options = ["--epochs", str(epochs), "--precision", precision]
    program = subprocess.run(
        [sys.executable, "-m", "bench.plain", str(data), str(result), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if program.returncode:
        raise BenchError(f"the plain program failed: {program.stderr[-500:]}")
    times = json.loads(result.read_text(encoding="utf-8"))
    side.add(times["began"], times["trained"], times["ended"])


def _figures(
    precision: str, train: TrainConfig, *, app: Side, watched: Side, plain: Side
) -> Iterator[Figure]:
    data = "full Fashion-MNIST" if train.size == "full" else "bundled sample of Fashion-MNIST"
    what = f"textbook network, {data}, {precision}"
    values = {
        "app": vars(app),
        "watched": vars(watched),
        "plain": vars(plain),
        "size": train.size,
    }
    ratio = median(app.epochs) / median(plain.epochs)
    yield Figure(
        f"training through the app to plain `model.fit` ({what})",
        f"{ratio:.3f} times ({median(app.epochs):.1f} s to {median(plain.epochs):.1f} s an epoch, "
        f"medians of {len(app.epochs)})",
        f"at most {TARGET}",
        ratio <= TARGET,
        {"ratio": ratio, **values},
    )
    seen = median(watched.epochs) / median(plain.epochs)
    yield Figure(
        f"... with a browser on the same processor that watches ({precision})",
        f"{seen:.3f} times ({median(watched.epochs):.1f} s an epoch)",
        values={"ratio": seen},
    )
    steps = median(app.steps) / median(plain.steps)
    yield Figure(
        f"... its steps alone, without validation ({precision})",
        f"{steps:.3f} times ({median(app.steps):.1f} s to {median(plain.steps):.1f} s)",
        values={"ratio": steps},
    )
    whole = median(app.whole) / median(plain.whole)
    yield Figure(
        f"... all {train.epochs} epochs, first steps and tracing included ({precision})",
        f"{whole:.3f} times ({median(app.whole):.1f} s to {median(plain.whole):.1f} s); "
        f"the app's scores on every image are there after {median(watched.wait):.1f} s",
        values={"ratio": whole},
    )
