"""What is asked about a training step, within limits, and what a worker answers: plain records."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_core.arithmetic import layer_table
from cnn_core.config import OPTIMIZERS, ModelConfig, check_learning_rate, check_whole
from cnn_core.errors import ConfigError

MAX_IMAGES = 8
MOST_EPOCHS = 100_000
MAX_STEPS = 50  # a worker takes them again for every question: it keeps nothing of a visitor
STARTS = ("untrained", "kept", "epoch")
RATES = (
    *(float(f"{digit}e{power}") for power in range(-5, 1) for digit in (1, 2, 5)),
    10.0,
)
"""Learning rates to try, from 0.00001 to 10."""

Array = npt.NDArray[Any]

_GROUP = re.compile(
    r"(?P<rate>[0-9]{0,9}\.?[0-9]{1,20}(?:e-?[0-9]{1,2})?)(?:x(?P<count>[0-9]{1,3}))?"
)


@dataclass(frozen=True, slots=True)
class StepSettings:
    """Which network, which images, and the steps that were taken with them.

    Attributes:
        rows: Places of one to eight images in the training part of the run's data.
        start: "untrained", the weights before the first step of the run; "kept", its best ones; or
            "epoch", those that were kept beside after an epoch, their dense layers in float16.
        optimizer: One of `config.OPTIMIZERS`; it begins with nothing kept from steps before.
        dropout: Whether units before the output are switched off, by a mask that follows from the
            run's seed and the number of the step; each part of a step uses the same one.
        rates: The learning rate of each step taken so far, at most 50.
        layer: The layer whose weight is looked at.
        place: Of the weight in the layer's kernel; None takes the one with the largest gradient
            before the first step.
        epoch: Which epoch to start from, from 1; 0 with every other start.
    """

    rows: tuple[int, ...]
    start: str = "untrained"
    optimizer: str = "adam"
    dropout: bool = False
    rates: tuple[float, ...] = ()
    layer: str = "conv1"
    place: tuple[int, ...] | None = None
    epoch: int = 0

    def __post_init__(self) -> None:
        check_whole("step_images", len(self.rows), 1, MAX_IMAGES)
        for row in self.rows:
            check_whole("step_row", row, 0, 10_000_000)
        for field, options in (("start", STARTS), ("optimizer", OPTIMIZERS)):
            value = getattr(self, field)
            if value not in options:
                name = f"step_{field}" if field == "start" else field
                raise ConfigError(name, value, "one_of", choices=", ".join(options))
        least = int(self.start == "epoch")
        check_whole("step_epoch", self.epoch, least, MOST_EPOCHS * least)
        check_whole("steps_taken", len(self.rates), 0, MAX_STEPS)
        for rate in self.rates:
            check_learning_rate(rate)

    def fitting(self, shapes: dict[str, tuple[int, ...]]) -> None:
        """Check layer and place against a network.

        Args:
            shapes: Shapes of the kernels, by name of the layer.

        Raises:
            ConfigError: If the network has no such layer or weight.
        """
        if self.layer not in shapes:
            raise ConfigError("step_layer", self.layer, "one_of", choices=", ".join(shapes))
        shape = shapes[self.layer]
        if self.place is None:
            return
        check_whole("step_place", len(self.place), len(shape), len(shape))
        for index, length in zip(self.place, shape, strict=True):
            check_whole("step_place", index, 0, length - 1)


@dataclass(frozen=True, slots=True)
class LayerGradient:
    """How large the gradient of the mean loss is in one layer, each as the root of a sum of squares.

    Attributes:
        name: Of the layer.
        output: For the layer's outputs; of the last one for its sums before the softmax.
        weights: For its kernel and biases; None of a layer without weights.
        zeros: Share of its outputs with a gradient of exactly 0.
    """

    name: str
    output: float
    weights: float | None
    zeros: float


@dataclass(frozen=True, slots=True)
class PickedWeight:
    """One weight before the step, and its gradient in two ways.

    Attributes:
        layer: Name of its layer.
        place: In the layer's kernel.
        value: The weight.
        gradient: Of the mean loss, by backpropagation.
        width: h of the finite difference.
        above: Mean loss with the weight larger by h.
        below: Mean loss with the weight smaller by h.
        first: What the optimizer kept of it, see `optimizers.State`.
        second: The same.
    """

    layer: str
    place: tuple[int, ...]
    value: float
    gradient: float
    width: float
    above: float
    below: float
    first: float
    second: float

    @property
    def difference(self) -> float:
        """(L(w + h) − L(w − h)) / 2h."""
        return (self.above - self.below) / (2 * self.width)


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """The state after the steps taken so far, and what the next one would do at each learning rate.

    Attributes:
        images: uint8 of shape (N, H, W, C).
        labels: Classes (N,).
        probabilities: (N, K).
        losses: -ln of the probability of the label (N,); the loss of the batch is their mean.
        output_gradient: Gradient of each image's own loss for the sums before the softmax (N, K).
        layers: From the output back to the first layer.
        weight: The weight that is looked at.
        history: Loss of the batch before each step taken, and now (k + 1,).
        rates: Learning rates (R,), ascending.
        losses_after: Loss of each image after a step with each rate (R, N).
        truth_after: Probability of each image's label after it (R, N).
        along_gradient: Loss of the batch at the weights minus rate times gradient (R,).
        overshoot: Learning rate from which on the step raises the loss; None if it does at no rate.
    """

    images: Array
    labels: Array
    probabilities: Array
    losses: Array
    output_gradient: Array
    layers: tuple[LayerGradient, ...]
    weight: PickedWeight
    history: tuple[float, ...]
    rates: Array
    losses_after: Array
    truth_after: Array
    along_gradient: Array
    overshoot: float | None

    @property
    def loss(self) -> float:
        """Loss of the batch before the step."""
        return float(self.losses.mean())

    @property
    def slice(self) -> Array:
        """Loss of the batch after a step with each rate (R,)."""
        after: Array = self.losses_after.mean(axis=1)
        return after

    @property
    def best(self) -> int:
        """Place among the rates of the lowest loss after the step."""
        return lowest(self.slice)

    @property
    def diverged(self) -> bool:
        """Whether the steps taken have led to weights with which the loss is no number any more.

        Or a gradient is not: its square is beyond all numbers, and every optimizer's next step with it.
        """
        sizes = [size for row in self.layers for size in (row.output, row.weights or 0.0)]
        return not all(math.isfinite(value) for value in (self.loss, *sizes))


def stops(rate: float) -> tuple[float, ...]:
    """Learning rates to choose from: `RATES` and that of the run, ascending."""
    return tuple(sorted({*RATES, rate}))


def grid(rate: float) -> Array:
    """Where the loss after a step is calculated: `stops`, and one rate between every two."""
    ends = np.array(stops(rate))
    return np.sort(np.concatenate([ends, np.sqrt(ends[1:] * ends[:-1])]))


def lowest(losses: Array) -> int:
    """Place of the lowest loss; one that is no number is the highest."""
    return int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))


def raises(after: float, before: float) -> bool:
    """Whether a loss is higher than before by more than rounding; one that is no number is."""
    return not (math.isfinite(after) and after <= before * (1 + 1e-9) + 1e-12)


def kernel_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Shapes of the kernels of a network by layer: (kh, kw, c_in, c_out) or (in, out)."""
    shapes: dict[str, tuple[int, ...]] = {}
    for row in layer_table(config):
        if row.kind == "conv" and row.kernel is not None:
            shapes[row.name] = (row.kernel, row.kernel, row.input_shape[2], row.output_shape[2])
        elif row.kind in {"dense", "output"}:
            shapes[row.name] = (row.input_shape[0], row.output_shape[0])
    return shapes


def rates_text(rates: tuple[float, ...]) -> str:
    """Learning rates as an address holds them: "0.001x10~0.5"."""
    groups = [(rate, len(list(group))) for rate, group in groupby(rates)]
    return "~".join(f"{rate!r}x{count}" if count > 1 else repr(rate) for rate, count in groups)


def rates_of(text: str) -> tuple[float, ...]:
    """The inverse of `rates_text`.

    Raises:
        ConfigError: If it is none, or there are too many.
    """
    rates: list[float] = []
    for group in text.split("~") if text else ():
        match = _GROUP.fullmatch(group)
        if match is None:
            raise ConfigError("steps_taken", text, "number")
        count = int(match["count"] or 1)
        check_whole("steps_taken", len(rates) + count, 0, MAX_STEPS)
        rates += [check_learning_rate(float(match["rate"]))] * count
    return tuple(rates)
