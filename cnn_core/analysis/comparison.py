"""What distinguishes runs: the settings that differ, whether a difference is chance, spread over seeds."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import fmean, stdev
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from cnn_core.config import ConvBlock, ModelConfig, TrainConfig

CHANCE = 0.05  # a p-value below it is not called chance
SEED = "seed"

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """A setting by the name of its field; `place` counts blocks or dense layers from 1, 0 elsewhere."""

    field: str
    place: int = 0

    def __str__(self) -> str:
        return f"{self.field}.{self.place}" if self.place else self.field


Settings = dict[Setting, Any]
COUNTS = (Setting("blocks"), Setting("dense_layers"))


def settings(model: ModelConfig, train: TrainConfig) -> Settings:
    """All settings in the order in which they are read: data, network, training.

    What follows from the data set, image size and classes, is left out.
    """
    data = ("dataset", "size", "train_size")
    table: Settings = {Setting(name): getattr(train, name) for name in data}
    table[Setting("blocks")] = len(model.blocks)
    for place, block in enumerate(model.blocks, 1):
        for field in fields(ConvBlock):
            table[Setting(field.name, place)] = getattr(block, field.name)
    table[Setting("dense_layers")] = len(model.dense)
    for place, units in enumerate(model.dense, 1):
        table[Setting("dense", place)] = units
    table[Setting("dropout")] = model.dropout
    for train_field in fields(TrainConfig):
        if train_field.name not in data:
            table[Setting(train_field.name)] = getattr(train, train_field.name)
    return table


def every_setting(tables: Sequence[Settings]) -> list[Setting]:
    """The settings that any of the tables holds, in their order; a deeper block follows the one before."""
    # Tables of as many blocks and dense layers hold the same settings.
    kinds = {tuple(table.get(setting) for setting in COUNTS): table for table in tables}
    longest = sorted(kinds.values(), key=len, reverse=True)
    order = list(dict.fromkeys(setting for table in longest for setting in table))
    rank = {
        name: index for index, name in enumerate(dict.fromkeys(setting.field for setting in order))
    }
    first_block = rank.get("filters", 0)
    block = {field.name for field in fields(ConvBlock)}

    def key(setting: Setting) -> tuple[int, int, int]:
        if setting.field in block:  # block by block, not field by field
            return first_block, setting.place, rank[setting.field]
        return rank[setting.field], setting.place, 0

    return sorted(order, key=key)


def differing(tables: Sequence[Settings]) -> list[Setting]:
    """The settings that do not have one value in all tables; one that a network lacks differs."""
    return [setting for setting in every_setting(tables) if _differs(setting, tables)]


def _differs(setting: Setting, tables: Sequence[Settings]) -> bool:
    first = tables[0].get(setting)
    return any(table.get(setting) != first for table in tables)


def same_but_seed(tables: Mapping[T, Settings]) -> list[list[T]]:
    """Groups of at least two whose settings are equal but for the seed, all of different seeds.

    Of several with the same seed, which would only repeat each other, the first counts.
    """
    groups: dict[str, dict[Any, T]] = {}
    for name, table in tables.items():
        rest = {setting: value for setting, value in table.items() if setting.field != SEED}
        groups.setdefault(repr(rest), {}).setdefault(table[Setting(SEED)], name)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two networks on the same images.

    Attributes:
        only_first: Images that only the first classifies correctly.
        only_second: Images that only the second classifies correctly.
        p: Probability of a difference at least as large if each of those images went to either by a
            fair coin: exact and two-sided.
    """

    only_first: int
    only_second: int
    p: float

    @property
    def by_chance(self) -> bool:
        """Whether the difference could well be chance: `p` is at least `CHANCE`."""
        return self.p >= CHANCE


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> McNemar:
    """The exact McNemar test.

    Args:
        first: Whether the first network classifies each image correctly, shape (N,).
        second: The same for the second network and the same images.

    Raises:
        ValueError: If they have different shapes.

    References: McNemar, "Note on the sampling error of the difference between correlated proportions
        or percentages", Psychometrika 1947.
    """
    from scipy.stats import binomtest  # half a second, that no other page needs

    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"Received answers of shapes {first.shape} and {second.shape}.")
    only_first = int((first & ~second).sum())
    only_second = int((second & ~first).sum())
    differ = only_first + only_second
    p = float(binomtest(only_first, differ, 0.5).pvalue) if differ else 1.0
    return McNemar(only_first, only_second, p)


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation (dividing by n - 1) of `count` values; nan of fewer than two."""

    mean: float
    std: float
    count: int


def spread(values: Sequence[float]) -> Spread:
    """Mean and standard deviation of the values, at least one."""
    deviation = stdev(values) if len(values) > 1 else math.nan
    return Spread(fmean(values), deviation, len(values))


def band(curves: Sequence[Sequence[float]]) -> list[Spread]:
    """The spread at each epoch that all of the curves have reached."""
    return [spread(values) for values in zip(*curves, strict=False)]


def overlap(first: Spread, second: Spread) -> bool:
    """Whether two means lie no further apart than chance allows, by Welch's test; also if too few to say."""
    if min(first.count, second.count) < 2:
        return True
    from scipy.stats import ttest_ind_from_stats

    if first.std == second.std == 0:
        return first.mean == second.mean
    p = ttest_ind_from_stats(
        *(first.mean, first.std, first.count),
        *(second.mean, second.std, second.count),
        equal_var=False,
    ).pvalue
    return bool(p >= CHANCE)
