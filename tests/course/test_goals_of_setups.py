"""Goals of set-ups, each against an independent calculation; some set-up reaches it, not the default."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import configs, many

from cnn_core.arithmetic import fits
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig
from cnn_core.course.goals import GOALS
from cnn_core.course.goals_setup import FewParameters, ReceptiveField

FIELD, LEAN = GOALS["field"].rule, GOALS["lean"].rule


def windows(model: ModelConfig) -> list[tuple[int, int]]:
    """(size, stride) of every window, from the image on."""
    pairs = []
    for block in model.blocks:
        pairs.append((block.kernel, block.stride))
        if block.pool != "none":
            pairs.append((block.pool_size, block.pool_size))
    return pairs


def pixels_seen(model: ModelConfig) -> int:
    """How many pixels in a row one unit of the last map depends on, walked back from it."""
    reach = 1
    for size, stride in reversed(windows(model)):
        reach = (reach - 1) * stride + size
    return reach


def parameters(model: ModelConfig) -> int:
    """Weights and biases, counted layer by layer along the sides of the maps."""
    height, width, channels = model.input_shape
    count = 0
    for block in model.blocks:
        count += block.filters * (block.kernel**2 * channels + 1)
        channels = block.filters
        for size, stride, padding in [
            (block.kernel, block.stride, block.padding),
            *([(block.pool_size,) * 2 + ("valid",)] if block.pool != "none" else []),
        ]:
            height, width = (
                (side + stride - 1) // stride if padding == "same" else (side - size) // stride + 1
                for side in (height, width)
            )
    inputs = height * width * channels
    for units in [*model.dense, model.classes]:
        count, inputs = count + units * (inputs + 1), units
    return count


@many
@given(configs, st.integers(1, 60), st.integers(1, 8), st.integers(1, 7))
def test_the_receptive_field_is_reached_exactly_if_the_walk_back_says_so(
    model: ModelConfig, least: int, layers: int, kernel: int
) -> None:
    attempt = ReceptiveField(least, layers, kernel).check(model)
    if not fits(model):
        assert attempt is None
        return
    seen = pixels_seen(model)
    within = len(windows(model)) <= layers and all(b.kernel <= kernel for b in model.blocks)
    assert attempt is not None
    assert attempt.reached == (within and seen >= least)
    assert attempt.numbers["side"] == str(seen)
    assert (attempt.share == 1) == attempt.reached
    assert attempt.score[0] == within


@many
@given(configs, st.integers(1, 400_000), st.lists(st.integers(1, 64), max_size=3))
def test_few_parameters_are_counted_as_they_are(
    model: ModelConfig, most: int, filters: list[int]
) -> None:
    attempt = FewParameters(most, tuple(filters)).check(model)
    if not fits(model):
        assert attempt is None
        return
    kept = len(model.blocks) >= len(filters) and all(
        model.blocks[place].filters >= least for place, least in enumerate(filters)
    )
    assert attempt is not None
    assert attempt.reached == (kept and parameters(model) <= most)
    assert attempt.numbers["params"] == f"{parameters(model):,}"


def test_the_textbook_network_is_a_start_and_no_more() -> None:
    field, lean = FIELD.check(TEXTBOOK), LEAN.check(TEXTBOOK)
    assert field.numbers == {"side": "10", "used": "4", "widest": "3"}
    assert not field.reached
    assert lean.numbers == {"params": "333,526", "filters": "32, 64"}
    assert not lean.reached


@pytest.mark.parametrize(
    ("last", "reached"),
    [
        (ConvBlock(8, kernel=5, pool="none"), True),  # 5, 6, 6 + 4 * 2 = 14
        (ConvBlock(8, kernel=4, pool="none"), False),  # 12
        (ConvBlock(8, kernel=5, pool="max"), False),  # a fourth layer
        (ConvBlock(8, kernel=6, pool="none"), False),  # too large a kernel
    ],
)
def test_a_pooling_between_two_large_kernels_sees_just_far_enough(
    last: ConvBlock, reached: bool
) -> None:
    model = ModelConfig(blocks=(ConvBlock(8, kernel=5), last))
    assert FIELD.check(model).reached is reached


def test_three_of_the_largest_kernels_without_stride_do_not_reach_it() -> None:
    """What the hint says."""
    block = ConvBlock(8, kernel=FIELD.kernel, pool="none")
    attempt = FIELD.check(ModelConfig(blocks=(block,) * FIELD.layers))
    assert attempt.score[0]
    assert not attempt.reached


def test_a_larger_last_pooling_or_no_hidden_layer_saves_nine_tenths() -> None:
    first, second = TEXTBOOK.blocks
    pooled = replace(TEXTBOOK, blocks=(first, replace(second, pool_size=4)))
    assert not LEAN.check(pooled).reached  # 18,496 + 57,700 + ...
    assert LEAN.check(replace(pooled, dense=())).reached
    fewer = replace(pooled, dense=(), blocks=(replace(first, filters=31), pooled.blocks[1]))
    assert not LEAN.check(fewer).reached
    assert not LEAN.check(replace(pooled, blocks=(first,), dense=())).reached
