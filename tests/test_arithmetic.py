"""The sums of a network against published numbers, against counting, and against eval."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import configs, many, network

from cnn_core.arithmetic import (
    LayerRow,
    batch_bytes,
    convolutions,
    field_of,
    fits,
    largest_batch,
    layer_table,
    output_side,
    shape_text,
    table_until_break,
    totals,
)
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig
from cnn_core.errors import ShapeError


def by_name(config: ModelConfig) -> dict[str, LayerRow]:
    return {row.name: row for row in layer_table(config)}


def test_textbook_network_has_the_published_parameter_counts():
    counts = {row.name: row.params for row in layer_table(TEXTBOOK) if row.params}
    assert counts == {"conv1": 320, "conv2": 18_496, "dense1": 313_700, "output": 1_010}
    assert sum(counts.values()) == totals(layer_table(TEXTBOOK)).params == 333_526


def test_textbook_network_reads_as_the_book_prints_it():
    table = [(row.name, row.kind, row.output_shape, row.formula) for row in layer_table(TEXTBOOK)]
    assert table == [
        ("conv1", "conv", (28, 28, 32), "(3×3×1 + 1) × 32 = 320"),
        ("pool1", "pool", (14, 14, 32), ""),
        ("conv2", "conv", (14, 14, 64), "(3×3×32 + 1) × 64 = 18,496"),
        ("pool2", "pool", (7, 7, 64), ""),
        ("flatten", "flatten", (3136,), "7×7×64 = 3,136"),
        ("dense1", "dense", (100,), "(3,136 + 1) × 100 = 313,700"),
        ("dropout", "dropout", (100,), ""),
        ("output", "output", (10,), "(100 + 1) × 10 = 1,010"),
    ]


def test_convolutions_are_rows_of_the_table_by_name():
    rows = by_name(TEXTBOOK)
    assert convolutions(TEXTBOOK) == {name: rows[name] for name in ("conv1", "conv2")}
    assert list(convolutions(TEXTBOOK)) == ["conv1", "conv2"]


def test_a_shape_is_written_with_crosses_and_commas():
    assert shape_text((28, 28, 32)) == "28×28×32"
    assert shape_text([3136]) == "3,136"
    assert shape_text(()) == ""


def test_a_valid_convolution_of_28_gives_26_and_a_same_one_keeps_28():
    valid = by_name(network(ConvBlock(padding="valid")))["conv1"]
    same = by_name(network(ConvBlock(padding="same")))["conv1"]
    assert (valid.output_shape, valid.size_formula) == ((26, 26, 32), "28 − 3 + 1 = 26")
    assert (same.output_shape, same.size_formula) == ((28, 28, 32), "⌈28 / 1⌉ = 28")


def test_an_image_that_is_not_square_has_two_size_formulas():
    row = by_name(network(ConvBlock(padding="valid", stride=2), shape=(28, 17, 3)))["conv1"]
    assert row.output_shape == (13, 8, 32)
    assert row.size_formula == "⌊(28 − 3) / 2⌋ + 1 = 13; ⌊(17 − 3) / 2⌋ + 1 = 8"


def test_rows_stand_only_for_layers_that_exist():
    config = ModelConfig(blocks=(ConvBlock(4, pool="none"),), dense=(), dropout=0)
    assert [row.name for row in layer_table(config)] == ["conv1", "flatten", "output"]
    full = ModelConfig(dense=(9, 8, 7), dropout=0.5)
    assert [row.name for row in layer_table(full)][4:] == [
        "flatten", "dense1", "dense2", "dense3", "dropout", "output",
    ]  # fmt: skip


@many
@given(side=st.integers(1, 60), kernel=st.integers(1, 7), stride=st.integers(1, 4))
def test_a_window_finds_as_many_places_as_can_be_counted(side, kernel, stride):
    places = [at for at in range(0, side, stride) if at + kernel <= side]
    assert output_side(side, kernel, stride, "valid") == len(places)
    assert output_side(side, kernel, stride, "same") == len(range(0, side, stride))


@many
@given(config=configs)
def test_every_formula_is_a_true_sum_without_a_word(config):
    if not fits(config):
        return
    for row in layer_table(config):
        length = row.output_shape[0] if row.kind == "flatten" else row.params
        assert_sums(row.formula, [length] * bool(row.formula))
        assert_sums(row.multiplication_formula, [row.multiplications] * bool(row.multiplications))
        sides = dict.fromkeys(zip(row.input_shape[:2], row.output_shape[:2], strict=False))
        maps = row.kind in {"conv", "pool"}
        assert_sums(row.size_formula, [out for _, out in sides] if maps else [])


def assert_sums(text: str, expected: list[int]) -> None:
    """Calculate the text again, as Python reads it."""
    assert not any(letter.isalpha() for letter in text)
    sums = text.split("; ") if text else []
    python = str.maketrans({"×": "*", "−": "-", "⌊": "F(", "⌋": ")", "⌈": "C(", "⌉": ")", ",": ""})
    for one, value in zip(sums, expected, strict=True):
        left, right = one.split(" = ")
        assert right == f"{value:,}"
        assert eval(left.translate(python), {"F": math.floor, "C": math.ceil}) == value


@pytest.mark.parametrize(
    ("block", "shape"),
    [
        (ConvBlock(3, 3, 1, "same"), (6, 6, 1)),
        (ConvBlock(2, 5, 2, "valid"), (9, 8, 3)),
        (ConvBlock(4, 2, 3, "same"), (7, 5, 2)),
    ],
)
def test_multiplications_are_those_a_plain_loop_makes(block, shape):
    count = 0
    height, width = (
        range(0, side if block.padding == "same" else side - block.kernel + 1, block.stride)
        for side in shape[:2]
    )
    taps = list(product(range(block.kernel), range(block.kernel), range(shape[2])))
    for _place in product(height, width, range(block.filters)):
        for _tap in taps:
            count += 1
    assert by_name(network(block, shape=shape))["conv1"].multiplications == count


def test_dense_layers_multiply_every_input_by_every_unit():
    rows = by_name(TEXTBOOK)
    assert rows["dense1"].multiplications == 3_136 * 100
    assert rows["flatten"].multiplications == rows["pool1"].multiplications == 0
    assert totals(layer_table(TEXTBOOK)).multiplications == 225_792 + 3_612_672 + 313_600 + 1_000


def test_receptive_fields_of_the_textbook_network():
    sides = [row.receptive_field for row in layer_table(TEXTBOOK)]
    assert sides == [3, 4, 8, 10, None, None, None, None]
    assert totals(layer_table(TEXTBOOK)).receptive_field == 10


def test_a_unit_looks_at_pixels_inside_the_image_only():
    rows = by_name(TEXTBOOK)
    assert field_of(rows["conv1"], (0, 27), TEXTBOOK.input_shape) == (0, 26, 2, 28)
    assert field_of(rows["pool2"], (3, 0), TEXTBOOK.input_shape) == (9, 0, 19, 7)
    with pytest.raises(ValueError, match="flatten"):
        field_of(rows["flatten"], (0, 0), TEXTBOOK.input_shape)


@pytest.mark.parametrize(
    ("config", "layer", "trail"),
    [
        (network(*[ConvBlock(4, 3, 1, "valid")] * 4), "conv4", (28, 26, 13, 11, 5, 3, 1, 0)),
        (network(*[ConvBlock(4, 4, 2, "valid", pool="none")] * 4), "conv4", (28, 13, 5, 1, 0)),
        (network(*[ConvBlock(4)] * 4, shape=(8, 8, 1)), "pool4", (8, 4, 2, 1, 0)),
        (network(ConvBlock(4), ConvBlock(4), shape=(28, 3, 1)), "pool2", (3, 1, 0)),
        (network(ConvBlock(4, 7, 1, "valid"), shape=(6, 28, 1)), "conv1", (6, 0)),
    ],
    ids=["valid", "strided", "pooled", "narrow", "flat"],
)
def test_a_network_that_shrinks_to_nothing_says_where_and_how(config, layer, trail):
    with pytest.raises(ShapeError) as caught:
        layer_table(config)
    assert (caught.value.layer, caught.value.trail) == (layer, trail)
    assert not fits(config)


def test_the_table_of_a_broken_network_ends_before_the_layer_that_breaks():
    rows, error = table_until_break(network(*[ConvBlock(4)] * 4, shape=(8, 8, 1)))
    assert [row.name for row in rows][-2:] == ["pool3", "conv4"]
    assert error is not None
    assert error.layer == "pool4"
    assert table_until_break(TEXTBOOK) == (layer_table(TEXTBOOK), None)


@many
@given(config=configs)
def test_fits_and_the_table_agree(config):
    if fits(config):
        assert layer_table(config)[-1].output_shape == (config.classes,)
        return
    with pytest.raises(ShapeError) as caught:
        layer_table(config)
    trail = caught.value.trail
    assert trail[-1] == 0
    assert list(trail) == sorted(set(trail), reverse=True)


def test_activations_are_the_numbers_computed_for_one_image():
    maps = 28 * 28 * 32 + 14 * 14 * 32 + 14 * 14 * 64 + 7 * 7 * 64
    assert totals(layer_table(TEXTBOOK)).activations == maps + 100 + 10


def test_the_largest_batch_fits_and_one_more_does_not():
    limit = 1_500 * 10**6
    largest = largest_batch(TEXTBOOK, limit)
    assert batch_bytes(TEXTBOOK, largest) <= limit < batch_bytes(TEXTBOOK, largest + 1)
    assert largest_batch(TEXTBOOK, 1000) == largest_batch(TEXTBOOK, -1) == 0


def test_gelu_needs_room_for_what_goes_into_it_too():
    plain, gelu = (network(ConvBlock(8, activation=name)) for name in ("relu", "gelu"))
    assert batch_bytes(gelu, 2) - batch_bytes(plain, 2) == 2 * 2 * 4 * 28 * 28 * 8


@pytest.mark.parametrize("ask", [batch_bytes, largest_batch])
def test_a_broken_network_has_no_cost(ask):
    with pytest.raises(ShapeError):
        ask(network(ConvBlock(4, 7, padding="valid"), shape=(2, 2, 1)), 1)
