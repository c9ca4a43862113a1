"""A repaired network works, differs by what is said, and by no more than is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from networks import configs, many, network

from cnn_core.arithmetic import fits, layer_table
from cnn_core.config import TEXTBOOK, ConvBlock
from cnn_core.planning.repair import Change, repair


@many
@given(config=configs)
def test_a_repaired_network_works_and_differs_only_by_the_changes(config):
    mended, changes = repair(config)
    layer_table(mended)
    assert (mended == config) == (changes == ()) == fits(config)
    rebuilt = list(config.blocks)
    for change in changes:
        assert getattr(rebuilt[change.block], change.field) == change.old
        rebuilt[change.block] = replace(rebuilt[change.block], **{change.field: change.new})
    assert mended == replace(config, blocks=tuple(rebuilt))
    assert [change.block for change in changes] == sorted(change.block for change in changes)


@many
@given(config=configs)
def test_a_repair_needs_no_more_changes_than_it_makes(config):
    _, changes = repair(config)
    if len(changes) < 2:
        return
    for index, block in enumerate(config.blocks):
        for field, new in [("padding", "same"), ("stride", 1), ("pool", "none"), ("kernel", 1)]:
            attempt = list(config.blocks)
            attempt[index] = replace(block, **{field: new})
            assert not fits(replace(config, blocks=tuple(attempt)))


@pytest.mark.parametrize(
    ("config", "changes"),
    [
        (TEXTBOOK, ()),
        (network(ConvBlock(4, 7, 1, "valid"), shape=(5, 5, 1)), (Change(0, "padding", "valid", "same"),)),
        (network(ConvBlock(4, stride=4), shape=(4, 4, 1)), (Change(0, "stride", 4, 1),)),
        (network(*[ConvBlock(4)] * 4, shape=(8, 8, 1)), (Change(3, "pool", "max", "none"),)),
        (network(*[ConvBlock(4, 3, 1, "valid")] * 4), (Change(1, "pool", "max", "none"),)),
        (
            network(ConvBlock(4, 3, 1, "valid", pool="none"), ConvBlock(4, pool_size=4), shape=(4, 4, 1)),
            (Change(1, "pool", "max", "none"),),
        ),
        (
            network(ConvBlock(4, 3, 1, "valid"), shape=(1, 1, 1)),
            (Change(0, "padding", "valid", "same"), Change(0, "pool", "max", "none")),
        ),
    ],
    ids=["works", "padding", "stride", "last pool", "middle pool", "where it breaks", "one pixel"],
)  # fmt: skip
def test_repair_makes_the_change_a_teacher_would(config, changes):
    assert repair(config)[1] == changes
