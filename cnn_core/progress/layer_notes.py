"""Notes beside the curves of the layers: gradients that vanish or explode, steps too large, dead ReLU units.

Each says what was measured. The thresholds lie between what healthy and broken trainings of networks of
this kind measure; the usual size of an update is a rule of thumb.

References: Karpathy, CS231n notes, "Neural Networks Part 3: Learning and Evaluation" (ratio of updates to
    weights near 0.001); Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from cnn_core.config import ModelConfig
from cnn_core.progress.events import LayerFigures, LayersMeasured
from cnn_core.progress.history import History
from cnn_core.progress.notes import Level, Note

WINDOW = 5  # measurements that a statement is about
FEWEST = 3  # measurements before anything is said
VANISHING = (
    0.01  # gradient of the first layer to that of the output: ReLU 0.1 to 3, four sigmoids 0.0003
)
EXPLODING = 100.0  # a gradient to the median of the same layer before
USUAL_UPDATE = 1e-3
LARGE, SMALL = 10.0, 0.1  # times the usual update
DEAD, RISE = 0.2, 0.1  # share of silent units that is worth a word, and how far above the first
MOSTLY_DEAD = 0.5
SATURATING = ("sigmoid", "tanh")  # whose derivative is near 0 on both sides
OUTPUT = "output"


def narrate_layers(history: History, model: ModelConfig) -> tuple[Note, ...]:
    """What the measurements of the layers say, the most important first; nothing before the third one.

    Of a training that is broken, only what broke it.

    Args:
        history: The run so far.
        model: What is trained: its activations say what a cause may be.
    """
    if len(history.layers) < FEWEST:
        return ()
    case = _Case(history.layers, model)
    notes = [note for rule in RULES if (note := rule(case)) is not None]
    problems = [note for note in notes if note.level == "problem"]
    return tuple(problems[:1] or notes)


@dataclass(frozen=True, slots=True)
class _Case:
    steps: tuple[LayersMeasured, ...]
    model: ModelConfig

    @property
    def recent(self) -> tuple[LayersMeasured, ...]:
        return self.steps[-WINDOW:]

    @property
    def layers(self) -> tuple[str, ...]:
        """Those of the last measurement, from the first layer to the output."""
        return tuple(self.steps[-1].layers)

    @property
    def epoch(self) -> int:
        return self.steps[-1].epoch

    def usual(self, layer: str, figure: Callable[[LayerFigures], float]) -> float:
        """Median of the last measurements; infinite if one was no number."""
        values = [figure(step.layers[layer]) for step in self.recent if layer in step.layers]
        return median(value if math.isfinite(value) else math.inf for value in values)

    def activation(self, layer: str) -> str:
        """That of a layer by its name; every hidden dense layer has ReLU."""
        if layer.startswith("conv"):
            return self.model.blocks[int(layer.removeprefix("conv")) - 1].activation
        return "softmax" if layer == OUTPUT else "relu"


def _exploding(case: _Case) -> Note | None:
    """The last gradient of a layer is no number, or far above all that it was before."""
    last, before = case.steps[-1], case.steps[:-1]
    for name, figures in last.layers.items():
        if not math.isfinite(figures.gradient):
            return Note(
                "gradient_lost", "problem", last.epoch, {"layer": name, "epoch": last.epoch}
            )
        sizes = [step.layers[name].gradient for step in before if name in step.layers]
        usual = median(sizes) if sizes else math.inf
        if figures.gradient > EXPLODING * usual > 0:
            slots = {"layer": name, "before": size_text(usual), "now": size_text(figures.gradient)}
            slots |= {"factor": f"{figures.gradient / usual:,.0f}"}
            return Note("exploding", "problem", last.epoch, {"epoch": last.epoch, **slots})
    return None


def _vanishing(case: _Case) -> Note | None:
    """In each of the last measurements the gradient of the first layer is a small part of the output's."""
    first, last = case.layers[0], case.layers[-1]
    pairs = [
        (step.layers[first].gradient, step.layers[last].gradient)
        for step in case.recent
        if {first, last} <= step.layers.keys()
    ]
    if first == last or not all(small < VANISHING * large for small, large in pairs):
        return None
    small, large = (case.usual(name, lambda figures: figures.gradient) for name in (first, last))
    slots: dict[str, object] = {"first": first, "last": last, "count": len(pairs)}
    slots |= {"small": size_text(small), "large": size_text(large)}
    saturating = {block.activation for block in case.model.blocks} & {*SATURATING}
    if saturating:
        slots["activation"] = min(saturating)
        return Note("vanishing_saturating", "warning", case.epoch, slots)
    return Note("vanishing", "warning", case.epoch, slots)


def _cut(case: _Case) -> Note | None:
    """Every unit of a ReLU layer is 0 for every image: nothing goes back through it."""
    for name in reversed(case.layers):
        units = [step.layers[name].silent for step in case.recent if name in step.layers]
        if case.activation(name) == "relu" and min(units) == 1.0:
            slots = {"layer": name, "count": len(units)}
            return Note("dead_layer", "problem", case.epoch, slots)
    return None


def _dead(case: _Case) -> Note | None:
    """More units of a ReLU layer than at first are 0 for every image that was looked at."""
    risen: list[tuple[float, float, str]] = []
    for name in case.layers:
        if case.activation(name) == "relu" and name in case.steps[0].layers:
            before = case.steps[0].layers[name].silent
            now = case.steps[-1].layers[name].silent
            if now >= DEAD and now - before >= RISE:
                risen.append((now, before, name))
    if not risen:
        return None
    now, before, name = max(risen)
    level: Level = "warning" if now >= MOSTLY_DEAD else "info"
    zeros = case.usual(name, lambda figures: figures.zeros)
    slots = {"layer": name, "before": f"{before:.0%}", "now": f"{now:.0%}", "zeros": f"{zeros:.0%}"}
    return Note("dead_relu", level, case.epoch, slots)


def _update(case: _Case) -> Note | None:
    """The ratio of update to weights against the rule of thumb, in the middle of the layers."""
    ratios = {name: case.usual(name, lambda figures: figures.update) for name in case.layers}
    middle = median(ratios.values())
    if not math.isfinite(middle):
        return None
    slots = {"ratio": size_text(middle), "usual": f"{USUAL_UPDATE:g}", "count": len(case.recent)}
    slots |= {"low": size_text(min(ratios.values())), "high": size_text(max(ratios.values()))}
    if middle > LARGE * USUAL_UPDATE:
        return Note("update_large", "warning", case.epoch, slots)
    if middle < SMALL * USUAL_UPDATE:
        return Note("update_small", "info", case.epoch, slots)
    return Note("update_usual", "good", case.epoch, slots)


RULES: tuple[Callable[[_Case], Note | None], ...] = (
    _exploding, _cut, _vanishing, _dead, _update,
)  # fmt: skip


def size_text(value: float) -> str:
    """A gradient or ratio with two digits: 0.0083, 1.5, 1,200, 3.2e-05."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 1e-4 or value == 0 else f"{value:.1e}"
