"""Events of a run and the control it polls: plain records, to and from one line of JSON each."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from cnn_core.config import MAX_BLOCKS, MAX_DENSE


@dataclass(frozen=True, slots=True)
class Loading:
    """A worker took the run and loads its images; earlier pauses are over."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """Training begins, or resumes after an interruption.

    Attributes:
        params: Trainable parameters of the network.
        images: Training images per epoch.
        batches: Batches per epoch.
        precision: "float32" or "bfloat16", with "auto" resolved.
        epochs_done: Epochs completed before; more than 0 after an interruption.
        time: Seconds since 1970.
        validation: Validation images; 0 if the run did not say.
    """

    params: int
    images: int
    batches: int
    precision: str
    epochs_done: int = 0
    time: float = 0.0
    validation: int = 0


@dataclass(frozen=True, slots=True)
class Downloading:
    """The full data set is being fetched: bytes so far, of bytes in all (0 if unknown)."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """Figures of the batches since the last `BatchEnd`, at most ten per second.

    Attributes:
        epoch: Counts from 1.
        batch: Batches of this epoch that are done, counted from 1.
        batches: Batches per epoch.
        loss: Mean loss of those batches.
        accuracy: Mean accuracy of those batches.
        learning_rate: Rate of the last of them.
        images_per_s: Images per second over those batches, without pauses.
        time: Seconds since 1970.
    """

    epoch: int
    batch: int
    batches: int
    loss: float
    accuracy: float
    learning_rate: float
    images_per_s: float
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """How one layer fared in one training step.

    Attributes:
        gradient: Size of the gradient of the mean loss for kernel and biases: root of the sum of squares.
        update: Size of the step's change of kernel and biases to the size that they had.
        zeros: Share of the layer's outputs that are exactly 0, 0 to 1.
        silent: Share of its units or filters that are 0 for every image of this batch and of the four
            measured before it, 0 to 1.
    """

    gradient: float
    update: float
    zeros: float
    silent: float


@dataclass(frozen=True, slots=True)
class LayersMeasured:
    """What one training step met in each layer with weights; measured now and then.

    Attributes:
        epoch: Counts from 1.
        batch: The batch of that epoch, counted from 1.
        seconds: That measuring took.
        layers: By name, from the first layer to the output.
    """

    epoch: int
    batch: int
    seconds: float
    layers: dict[str, LayerFigures]


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """Figures of one epoch. `complete` is False for one that was stopped midway.

    Attributes:
        epoch: Counts from 1.
        seconds: Training and validation together, without pauses.
        best: Whether this is the lowest validation loss so far.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    best: bool = False
    complete: bool = True
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class Saved:
    """The files of this epoch are written: training can be resumed after it.

    Attributes:
        epoch: Counted from 1.
        seconds: That writing them took, after the epoch.
    """

    epoch: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LearningRateChanged:
    """The visitor changed the learning rate; it applies from the next batch on."""

    epoch: int
    batch: int
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Paused:
    """The run waits after this batch."""

    epoch: int
    batch: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The run goes on after a pause."""

    epoch: int
    batch: int


@dataclass(frozen=True, slots=True)
class Evaluating:
    """Training is over; the best weights are being tested on all images."""


@dataclass(frozen=True, slots=True)
class Score:
    """Loss and accuracy (0 to 1) on one part of the data."""

    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The last event of a run.

    Attributes:
        reason: "finished", "early_stopping", "target" (validation accuracy reached), "stopped" (by the
            visitor) or "diverged" (loss not a number).
        epochs: Epochs trained, an unfinished one included.
        best_epoch: Epoch whose weights were kept; 0 when none were.
        seconds: Training time without pauses.
        scores: `Score` of the kept weights by "train", "val" and "test"; empty when none were kept.
        samples: Probabilities of the first test images, one list of K numbers each.
    """

    reason: str
    epochs: int
    best_epoch: int
    seconds: float
    scores: dict[str, Score] = field(default_factory=dict)
    samples: list[list[float]] = field(default_factory=list)
    time: float = 0.0


Event = (
    Loading
    | RunStarted
    | Downloading
    | BatchEnd
    | LayersMeasured
    | EpochEnd
    | LearningRateChanged
    | Paused
    | Resumed
    | Saved
    | Evaluating
    | RunEnded
)
Emit = Callable[[Event], None]
REASONS = ("finished", "early_stopping", "target", "stopped", "diverged")
PARTS = ("train", "val", "test")
FINITE = {"seconds", "time"}  # shown as a duration or a date
COUNTED_FROM_1 = {"epoch", "batches"}
LAYER_NAME = re.compile(r"(conv|dense)[1-9]|output")
MOST_LAYERS = MAX_BLOCKS + MAX_DENSE + 1  # those with weights
LARGEST = 2**40  # value of any count, and of seconds: dates and charts fail beyond it
KINDS: dict[str, type] = {kind.__name__: kind for kind in Event.__args__}


@dataclass(frozen=True, slots=True)
class Control:
    """The current commands of the visitor to a run.

    Attributes:
        stop: End now and keep the best weights.
        paused: Wait after the current batch.
        steps: Single steps requested since the run began; counts up, never down.
        learning_rate: Replaces the configured one; None leaves it.
        pause_ended: The last pause was ended because others wait for the worker.
    """

    stop: bool = False
    paused: bool = False
    steps: int = 0
    learning_rate: float | None = None
    pause_ended: bool = False


Ask = Callable[[], Control]


def to_json(event: Event) -> str:
    """One line of JSON. A number that is not finite becomes null, which every JSON reader accepts."""
    tree = {"kind": type(event).__name__, **_finite(asdict(event))}
    return json.dumps(tree, ensure_ascii=False)


def from_json(line: str) -> Event:
    """The event of one line.

    Raises:
        ValueError: If the line is not JSON, or not an event.
    """
    try:
        tree = json.loads(line)
    except RecursionError as error:
        raise ValueError(f"Not an event: {line[:80]!r}") from error
    if not isinstance(tree, dict) or tree.get("kind") not in list(KINDS):
        raise ValueError(f"Not an event: {line[:80]!r}")
    kind = KINDS[tree.pop("kind")]
    try:
        return _build(kind, tree)  # type: ignore[no-any-return]
    except (AttributeError, OverflowError, RecursionError, TypeError) as error:
        raise ValueError(f"Not an event: {line[:80]!r}") from error


def _build(kind: type, tree: dict[str, Any]) -> Any:
    """A record of `kind`, each of whose fields has its type and is in its range.

    Raises:
        ValueError: If a value is out of range.
        TypeError: If a value is of another type, or a field is missing or unknown.
    """
    types = {field.name: str(field.type) for field in fields(kind)}
    if unknown := set(tree) - set(types):
        raise TypeError(f"Unknown: {sorted(unknown)}")
    record = kind(**{name: _field(name, types[name], value) for name, value in tree.items()})
    if isinstance(record, RunEnded) and record.reason not in REASONS:
        raise ValueError(f"Unknown reason: {record.reason!r}")
    return record


def _field(name: str, type_: str, value: Any) -> Any:
    """The value of one field as its type; null in a field of type float reads as not a number."""
    if name in STRUCTURED:
        return STRUCTURED[name](value)
    if type_ == "float":
        return _float(value, finite=name in FINITE)
    if type_ == "int" and name in COUNTED_FROM_1:
        return _whole(value, 1)
    if type_ == "int":
        return _whole(value, 0)
    if not isinstance(value, {"bool": bool, "str": str}[type_]):
        raise TypeError(f"{name} is {value!r:.40}")
    return value


def _whole(value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"Not a whole number: {value!r:.40}")
    if not least <= value <= LARGEST:
        raise ValueError("out of range")
    return value


def _float(value: Any, *, finite: bool) -> float:
    if value is None and not finite:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"Not a number: {value!r:.40}")
    number = float(value)
    if finite and not 0 <= number <= LARGEST:
        raise ValueError("out of range")
    return number


def _scores(value: Any) -> dict[str, Score]:
    return {part: _build(Score, value[part]) for part in PARTS if part in value}


def _layers(value: Any) -> dict[str, LayerFigures]:
    if len(value) > MOST_LAYERS or not all(LAYER_NAME.fullmatch(name) for name in value):
        raise ValueError("Not the layers of a network")
    return {name: _build(LayerFigures, figures) for name, figures in value.items()}


def _samples(rows: Any) -> list[list[float]]:
    """Lists of one length; a list of something else cannot be shown, and nothing is shown."""
    samples = [[_float(value, finite=False) for value in row] for row in rows]
    return samples if len({len(row) for row in samples}) == 1 else []


STRUCTURED: dict[str, Callable[[Any], Any]] = {
    "scores": _scores,
    "layers": _layers,
    "samples": _samples,
}
"""How a field is read that is not one value."""


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
