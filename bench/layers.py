"""What measuring the layers costs a training: the same training with and without it, in turns.

Knows only the training, no page. In a process of its own: `python -m bench.layers result.json --rounds 2`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from bench.app import ROOT, BenchError
from bench.report import Figure
from cnn_core import datasets
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.progress.events import EpochEnd, LayersMeasured

TARGET = 1.02
TARGET_SHARE = TARGET - 1
ROUNDS, EPOCHS = 3, 3
LIMIT_S = 1800.0


@dataclass
class Side:
    """What one side took, in seconds.

    Attributes:
        epochs: Of each epoch with its validation; the first of a training, which traces, is left out.
        whole: Of all epochs of each training.
        measuring: Of each training, what the measurements say that they took.
        measurements: How many there were, of each training.
    """

    epochs: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    measuring: list[float] = field(default_factory=list)
    measurements: list[int] = field(default_factory=list)


def measure(*, quick: bool) -> Iterator[Figure]:
    """Seconds per epoch with measuring to seconds per epoch without."""
    rounds = 1 if quick else ROUNDS
    size = "full" if datasets.available("fashion_mnist", "full") and not quick else "sample"
    with tempfile.TemporaryDirectory(prefix="convscope-bench-") as folder:
        result = Path(folder) / "result.json"
        program = subprocess.run(
            [sys.executable, "-m", "bench.layers", str(result), "--rounds", str(rounds), "--size", size],
            cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip
        if program.returncode:
            raise BenchError(f"the training failed: {program.stderr[-500:]}")
        sides = {name: Side(**tree) for name, tree in json.loads(result.read_text("utf-8")).items()}
    yield from _figures(size, **sides)


def _figures(size: str, with_it: Side, without: Side) -> Iterator[Figure]:
    ratio = median(with_it.epochs) / median(without.epochs)
    whole = sum(with_it.whole) / sum(without.whole)
    share = sum(with_it.measuring) / sum(with_it.whole)
    count = sum(with_it.measurements) / len(with_it.whole)
    yield Figure(
        f"training that measures its layers to training that does not (textbook network, {size} "
        "Fashion-MNIST, float32)",
        f"{ratio:.3f} times ({median(with_it.epochs):.2f} s to {median(without.epochs):.2f} s an epoch, "
        f"medians of {len(with_it.epochs)}; all epochs {whole:.3f}); by its own clock {share:.1%}, "
        f"{count:.0f} measurements in {EPOCHS} epochs",
        f"at most {TARGET}, {TARGET_SHARE:.0%} by its own clock",
        ratio <= TARGET and share <= TARGET_SHARE,
        {
            "ratio": ratio, "whole": whole, "share": share,
            "with": asdict(with_it), "without": asdict(without),
        },
    )  # fmt: skip


def main() -> None:
    """Train in turns, and write what each training took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--size", choices=("sample", "full"), default="sample")
    options = parser.parse_args()
    from cnn_core.training import layer_meter

    data = datasets.load("fashion_mnist", options.size)
    layer_meter.load_kernels()  # as a worker does before its first training
    sides = {"with_it": Side(), "without": Side()}
    for number in range(options.rounds):
        # The order turns, too: a machine that grows slower does so for both.
        for name in sorted(sides, reverse=bool(number % 2)):
            _train(data, sides[name], measure_layers=name == "with_it")
    tree = {name: asdict(side) for name, side in sides.items()}
    options.result.write_text(json.dumps(tree), encoding="utf-8")


def _train(data: datasets.Dataset, side: Side, *, measure_layers: bool) -> None:
    from cnn_core import training

    config = TrainConfig(size=data.size, epochs=EPOCHS, batch_size=32, precision="float32")
    events: list[object] = []
    training.train(TEXTBOOK, config, data, events.append, measure_layers=measure_layers)
    seconds = [event.seconds for event in events if isinstance(event, EpochEnd)]
    costs = [event.seconds for event in events if isinstance(event, LayersMeasured)]
    side.epochs += seconds[1:]
    side.whole.append(sum(seconds))
    side.measuring.append(sum(costs))
    side.measurements.append(len(costs))


if __name__ == "__main__":
    main()
