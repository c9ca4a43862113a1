"""Fix a network whose feature maps shrink to nothing, with the fewest changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from cnn_core.arithmetic import breaking_block, fits
from cnn_core.config import ConvBlock, ModelConfig

_LARGEST_OUTPUT: dict[str, str | int] = {"padding": "same", "stride": 1, "pool": "none"}


@dataclass(frozen=True, slots=True)
class Change:
    """`repair` set `field` of a block (counted from 0): "padding", "stride" or "pool"."""

    block: int
    field: str
    old: str | int
    new: str | int


def repair(config: ModelConfig) -> tuple[ModelConfig, tuple[Change, ...]]:
    """The nearest network whose sizes work out, and what was changed to get there.

    Tried are padding "same", stride 1 and no pooling, in each block. The fewest changes win; among
    as few, those in the block that breaks, then padding before stride before pooling, then the
    later block. Number of blocks, filters and kernel sizes stay: these three changes together keep
    the size of any image, and a smaller kernel never makes more room than padding "same" does.

    Returns:
        The network and its changes in the order of the blocks; the same network and () if it works.
    """
    if fits(config):
        return config, ()
    changes = tuple(_possible_changes(config.blocks))
    choices = (
        choice
        for count in range(1, len(changes) + 1)
        for choice in sorted(combinations(changes, count), key=_cost(config))
    )
    attempts = ((_changed(config, choice), choice) for choice in choices)
    return next(attempt for attempt in attempts if fits(attempt[0]))


def _possible_changes(blocks: tuple[ConvBlock, ...]) -> Iterator[Change]:
    for index, block in enumerate(blocks):
        for name, new in _LARGEST_OUTPUT.items():
            old = getattr(block, name)
            if old != new:
                yield Change(index, name, old, new)


def _changed(config: ModelConfig, choice: tuple[Change, ...]) -> ModelConfig:
    blocks = list(config.blocks)
    for change in choice:
        setting: dict[str, Any] = {change.field: change.new}
        blocks[change.block] = replace(blocks[change.block], **setting)
    return replace(config, blocks=tuple(blocks))


def _cost(config: ModelConfig) -> Callable[[tuple[Change, ...]], tuple[int, ...]]:
    """Sort key among choices of as many changes: the order that `repair` promises."""
    breaking = breaking_block(config)
    ranks = {name: rank for rank, name in enumerate(_LARGEST_OUTPUT)}

    def cost(choice: tuple[Change, ...]) -> tuple[int, ...]:
        elsewhere = sum(change.block != breaking for change in choice)
        kinds = sum(ranks[change.field] for change in choice)
        return elsewhere, kinds, -sum(change.block for change in choice)

    return cost
