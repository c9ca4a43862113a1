"""The settings that a sweep varies: parsed from text, applied to a set-up, counted and checked."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from cnn_core import config
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.errors import CnnError, ConfigError, SweepError
from cnn_core.planning.links import parse_int

Value = int | float | str
Params = dict[str, Value]
"""A value for each dimension that counts, by the dimension's name."""
Setup = tuple[ModelConfig, TrainConfig]

MOST_DIMENSIONS = 5
GRID_POINTS = 5  # of a continuous range in a grid
MOST_VALUES = 50
COUNTED = 2_000  # combinations up to which all are looked at
SAMPLED = 200  # of a larger space
DIGITS = 3  # significant ones of a learning rate

BLOCK = tuple(field.name for field in fields(ConvBlock))
CHOICES: dict[str, tuple[str, ...]] = {
    "padding": config.PADDINGS,
    "activation": config.ACTIVATIONS,
    "pool": config.POOLS,
    "optimizer": config.OPTIMIZERS,
    "schedule": config.SCHEDULES,
    "precision": config.PRECISIONS,
    "augmentation": config.AUGMENTATIONS,
}
REAL = ("dropout", "learning_rate")
FIELDS = (
    "blocks",
    *("filters", "kernel", "stride", "padding", "activation", "pool", "pool_size"),
    *("dense_layers", "dense", "dropout"),
    *("optimizer", "learning_rate", "schedule", "batch_size", "epochs", "patience", "train_size"),
    *("seed", "precision", "augmentation"),
)
"""What can be varied, in the order in which it is applied.

All but the data and the accuracy at which training stops, so that accuracies compare.
"""
PLACED = (*BLOCK, "dense")


@dataclass(frozen=True, slots=True)
class Dimension:
    """A setting with the values that it may take: a list, or a range.

    Attributes:
        field: One of `FIELDS`.
        place: Block or hidden layer that it is about, from 1; 0 for all of them.
        values: The list; empty for a range.
        low: Start of the range.
        high: End of the range, included.
        step: Distance of the values in the range; 0 for any value between its ends.
        log: Whether the range is even on a logarithmic scale.
    """

    field: str
    place: int = 0
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    log: bool = False

    @property
    def name(self) -> str:
        """Such as "kernel", or "kernel.2" of the second block alone."""
        return f"{self.field}.{self.place}" if self.place else self.field

    @property
    def listed(self) -> tuple[Value, ...] | None:
        """All values that it may take; None of a continuous range."""
        if self.values:
            return self.values
        if not self.step or self.log:
            return None
        count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
        exact = [self.low + index * self.step for index in range(count)]
        whole = self.field not in REAL
        return tuple(int(value) if whole else _rounded(value) for value in exact)

    def draw(self, dice: random.Random) -> Value:
        """One of its values by chance."""
        if self.listed:
            return dice.choice(self.listed)
        if self.log:
            value = math.exp(dice.uniform(math.log(self.low), math.log(self.high)))
        else:
            value = dice.uniform(self.low, self.high)
        return value if self.field in REAL else round(value)

    def as_list(self) -> Dimension:
        """The same for a grid: a continuous range becomes `GRID_POINTS` values with even distances."""
        values = self.listed
        if values is None:
            low, high = (math.log(end) if self.log else end for end in (self.low, self.high))
            points = [low + (high - low) * i / (GRID_POINTS - 1) for i in range(GRID_POINTS)]
            exact = [math.exp(point) if self.log else point for point in points]
            values = tuple(
                dict.fromkeys(
                    _rounded(value) if self.field in REAL else round(value) for value in exact
                )
            )
        return Dimension(self.field, self.place, values)


def to_dict(dimension: Dimension) -> dict[str, Any]:
    """Plain JSON types; the inverse is `from_dict`."""
    return asdict(dimension)


def from_dict(tree: Mapping[str, Any]) -> Dimension:
    """The inverse of `to_dict`. Raises TypeError or KeyError if it is none."""
    return Dimension(**{**tree, "values": tuple(tree["values"])})


def parse(name: str, text: str) -> Dimension:
    """The dimension that a text describes.

    Args:
        name: A field of `FIELDS`, with the place of a block or hidden layer if it is about one: "kernel.2".
        text: A list "3, 5", a range "16:64", one with a step "16:64:16", or on a log scale "1e-4:1e-2:log".

    Raises:
        SweepError: If there is no such setting, or it is neither a list nor a range.
        ConfigError: If a value is none of the setting's.
    """
    field, _, place = name.strip().partition(".")
    if field not in FIELDS or (place and field not in PLACED):
        raise SweepError("sweep.unknown_setting", name=name[:40], known=", ".join(FIELDS))
    most = config.MAX_DENSE if field == "dense" else config.MAX_BLOCKS
    number = parse_int("place", place) if place else 0
    if place:
        config.check_whole("place", number, 1, most)
    if ":" in text and field not in CHOICES:
        return _range(field, number, text)
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise SweepError("sweep.no_values", name=name)
    values = tuple(dict.fromkeys(_value(field, word) for word in words))
    if len(values) > MOST_VALUES:
        raise SweepError("sweep.too_many_values", name=name, count=len(values), most=MOST_VALUES)
    return Dimension(field, number, values)


def _range(field: str, place: int, text: str) -> Dimension:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > 3:
        raise SweepError("sweep.bad_range", text=text[:40])
    low, high = (float(_value(field, part)) for part in parts[:2])
    last = parts[2] if len(parts) == 3 else ""
    log = last == "log"
    step = float(_value(field, last)) if last and not log else 0.0
    if not low < high or step < 0 or (log and low <= 0):
        raise SweepError("sweep.bad_range", text=text[:40])
    if field not in REAL and not log:
        step = step or 1.0
    dimension = Dimension(field, place, (), low, high, step, log)
    if dimension.listed and len(dimension.listed) > MOST_VALUES and field in REAL:
        raise SweepError(
            "sweep.too_many_values", name=field, count=len(dimension.listed), most=MOST_VALUES
        )
    return dimension


def _value(field: str, word: str) -> Value:
    if field in CHOICES:
        if word not in CHOICES[field]:
            raise ConfigError(field, word, "one_of", choices=", ".join(CHOICES[field]))
        return word
    if field not in REAL:
        return parse_int(field, word)
    try:
        number = float(word)
    except ValueError:
        raise ConfigError(field, word, "number") from None
    if not math.isfinite(number):
        raise ConfigError(field, word, "number")
    return number


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def apply(dimension: Dimension, value: Value, setup: Setup) -> Setup:
    """The set-up with that value.

    Raises:
        ConfigError: If it is out of range.
    """
    model, train = setup
    field, place = dimension.field, dimension.place
    if isinstance(value, float):
        value = _rounded(value)
    if field == "blocks":
        return replace(model, blocks=_resized(model.blocks, value, ConvBlock())), train
    if field == "dense_layers":
        return replace(model, dense=_resized(model.dense, value, 100)), train
    change: dict[str, Any] = {field: value}
    if field in BLOCK:
        blocks = tuple(
            replace(block, **change) if place in (0, number) else block
            for number, block in enumerate(model.blocks, 1)
        )
        return replace(model, blocks=blocks), train
    if field == "dense":
        units: Any = [
            value if place in (0, number) else old for number, old in enumerate(model.dense, 1)
        ]
        return replace(model, dense=tuple(units)), train
    if field == "dropout":
        return replace(model, **change), train
    return model, replace(train, **change)


def _resized(items: tuple[Any, ...], count: Any, first: Any) -> tuple[Any, ...]:
    """The first `count` of them; those that are missing are like the last."""
    if not isinstance(count, int):
        return items
    return (items + ((items or (first,))[-1],) * max(0, count - len(items)))[: max(0, count)]


def counts(dimension: Dimension, setup: Setup) -> bool:
    """Whether the setting changes anything: the window of a pooling that is not there does not."""
    model, _ = setup
    field, place = dimension.field, dimension.place
    if field in BLOCK:
        blocks = [block for number, block in enumerate(model.blocks, 1) if place in (0, number)]
        return bool(blocks) and (
            field != "pool_size" or any(block.pool != "none" for block in blocks)
        )
    if field == "dense":
        return len(model.dense) >= max(1, place)
    return True


class Space:
    """The settings that vary around a set-up.

    Args:
        dimensions: One to five.
        base: The set-up that all the other settings come from.

    Raises:
        SweepError: If there are too many or none, two are about the same thing, or one never counts.
        ConfigError: If a value is out of range.
    """

    def __init__(self, dimensions: Iterable[Dimension], base: Setup) -> None:
        order = sorted(
            dimensions, key=lambda dimension: (FIELDS.index(dimension.field), dimension.place)
        )
        self.dimensions: tuple[Dimension, ...] = tuple(order)
        self.base = base
        if not 1 <= len(order) <= MOST_DIMENSIONS:
            raise SweepError("sweep.dimensions", count=len(order), most=MOST_DIMENSIONS)
        self._refuse_overlap()
        for dimension in order:
            largest = self._largest(dimension)
            if not counts(dimension, largest):
                raise SweepError("sweep.never_counts", name=dimension.name)
            for value in dimension.values or (dimension.low, dimension.high):
                apply(
                    dimension, value if dimension.values else self._end(dimension, value), largest
                )

    def _refuse_overlap(self) -> None:
        for field in FIELDS:
            places = [dimension.place for dimension in self.dimensions if dimension.field == field]
            if len(places) != len(set(places)) or (0 in places and len(places) > 1):
                raise SweepError("sweep.overlap", name=field)

    @staticmethod
    def _end(dimension: Dimension, value: Value) -> Value:
        return value if dimension.field in REAL else int(value)

    def _largest(self, of: Dimension) -> Setup:
        """The base with as many blocks and layers as the sweep may give it, and with pooling."""
        setup = self.base
        for dimension in self.dimensions:
            if dimension is of:
                break
            ends: Sequence[Any] = dimension.values or (int(dimension.high),)
            if dimension.field in ("blocks", "dense_layers"):
                setup = apply(dimension, max(ends), setup)
            elif dimension.field == "pool":
                setup = apply(
                    dimension, next((pool for pool in ends if pool != "none"), "none"), setup
                )
        return setup

    def choose(self, value_of: Callable[[Dimension], Value]) -> tuple[Params, Setup]:
        """Values for the dimensions that count, each asked of `value_of` in order, and the set-up with them.

        A setting that an earlier value leaves without effect has no value. The set-up may still be one that
        cannot be built.
        """
        params: Params = {}
        setup = self.base
        for dimension in self.dimensions:
            if counts(dimension, setup):
                params[dimension.name] = value_of(dimension)
                setup = apply(dimension, params[dimension.name], setup)
        return params, setup

    def setup(self, params: Mapping[str, Value]) -> Setup:
        """The set-up with these values."""
        return self.choose(lambda dimension: params[dimension.name])[1]

    def combinations(self) -> list[Params] | None:
        """All that differ; None if there are more than `COUNTED` or one range is continuous."""
        most = 1
        for dimension in self.dimensions:
            if dimension.listed is None:
                return None
            most *= len(dimension.listed)
        if most > 10 * COUNTED:
            return None
        every = list(self._below((), self.base))
        return every if len(every) <= COUNTED else None

    def _below(self, params: tuple[tuple[str, Value], ...], setup: Setup) -> Iterator[Params]:
        place = len(params)
        if place == len(self.dimensions):
            yield dict(pair for pair in params if pair[0])
            return
        dimension = self.dimensions[place]
        if not counts(dimension, setup):
            yield from self._below((*params, ("", 0)), setup)
            return
        for value in dimension.listed or ():
            longer = (*params, (dimension.name, value))
            yield from self._below(longer, apply(dimension, value, setup))


@dataclass(frozen=True, slots=True)
class Survey:
    """What the combinations of a space are like.

    Attributes:
        total: How many there are; None if they are too many to count.
        looked_at: How many were tried: all, or a random sample.
        fit: Set-ups of those that can be trained.
        valid: Their values.
        broken: Values of those that cannot be trained, each with its reason.
    """

    total: int | None
    looked_at: int
    fit: tuple[Setup, ...]
    valid: tuple[Params, ...]
    broken: tuple[tuple[Params, CnnError], ...]


def survey(space: Space, check: Callable[[ModelConfig, TrainConfig], None]) -> Survey:
    """Try all combinations, or a sample of them.

    Args:
        space: The settings.
        check: Raises the `CnnError` that tells why a set-up is not trained here.

    Raises:
        SweepError: If none of them can be trained.
    """
    every = space.combinations()
    dice = random.Random(0)
    tried = every or [
        space.choose(lambda dimension: dimension.draw(dice))[0] for _ in range(SAMPLED)
    ]
    fit: list[Setup] = []
    valid: list[Params] = []
    broken: list[tuple[Params, CnnError]] = []
    for params in tried:
        setup = space.setup(params)
        try:
            check(*setup)
        except CnnError as error:
            broken.append((params, error.with_traceback(None)))
        else:
            fit.append(setup)
            valid.append(params)
    if not fit:
        raise SweepError("sweep.nothing_left", because=broken[0][1], count=len(tried))
    total = len(every) if every is not None else None
    return Survey(total, len(tried), tuple(fit), tuple(valid), tuple(broken))
