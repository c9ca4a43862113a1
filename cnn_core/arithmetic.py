"""Output sizes, parameters and multiply-adds of a network, each with its formula. Builds no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import prod

from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.errors import ShapeError

FLOAT_BYTES = 4  # of a float32


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of the table. Shapes leave the batch out: (H, W, C), or (units,) from flatten on.

    Attributes:
        name: conv1, pool1, conv2 ... flatten, dense1 ... dropout, output; the same as in the model.
        kind: "conv", "pool", "flatten", "dense", "dropout" or "output".
        input_shape: Shape of its input.
        output_shape: Shape of its output.
        params: Trainable parameters, biases included.
        formula: Calculation of `params`, "(3×3×1 + 1) × 32 = 320"; of flatten, of its length;
            empty where there is nothing to calculate. No words, so that it fits every language.
        size_formula: Calculation of the output side, "28 − 3 + 1 = 26"; of an image that
            is not square, height and width, joined by "; ". Empty from flatten on.
        multiplications: Multiply-adds for one image. The zeros of a padding count, biases do not.
        multiplication_formula: Calculation of `multiplications`; empty where there are none.
        receptive_field: Side of the square of input pixels that one unit sees, in pixels, where the
            image border does not clip it; None from flatten on.
        jump: Distance in input pixels between the squares of two neighbours; None from flatten on.
        start: Top and left of the first unit's square, in input pixels: negative by what padding
            adds; None from flatten on.
        kernel, stride, padding: Of a convolution's or a pooling's window, in pixels.
        pool: "max" or "average", of a pooling.
        activation: Name of the function applied to the sums, of a layer that has weights.
        block: Index into `ModelConfig.blocks`, counted from 0; None from flatten on.
    """

    name: str
    kind: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    params: int = 0
    formula: str = ""
    size_formula: str = ""
    multiplications: int = 0
    multiplication_formula: str = ""
    receptive_field: int | None = None
    jump: int | None = None
    start: tuple[int, int] | None = None
    kernel: int | None = None
    stride: int | None = None
    padding: str | None = None
    pool: str | None = None
    activation: str | None = None
    block: int | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a table.

    Attributes:
        params: Trainable parameters.
        multiplications: Multiply-adds for one image.
        receptive_field: Receptive field of a unit of the last feature map: its side in input pixels.
        activations: Values computed for one image: every output except flatten's, which only
            reorders the same values, and dropout's, which does nothing outside training.
    """

    params: int
    multiplications: int
    receptive_field: int
    activations: int


def output_side(side: int, kernel: int, stride: int, padding: str) -> int:
    """Number of positions of a window of `kernel` pixels on `side` pixels; 0 if it does not fit.

    Args:
        side: Height or width of the image, in pixels.
        kernel: Side of the window, in pixels.
        stride: Step of the window, in pixels.
        padding: "same" or "valid".

    References: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
    """
    if padding == "same":
        return -(-side // stride)
    return max(0, (side - kernel) // stride + 1)


def size_formula(sides: tuple[int, int], kernel: int, stride: int, padding: str | int) -> str:
    """Calculation of the output side, "28 − 3 + 1 = 26"; height and width if they differ.

    A padding in numbers stands in it: "28 + 2 × 1 − 3 + 1 = 28".
    """
    if isinstance(padding, int):
        return _padded_formula(sides, kernel, stride, padding)
    out = [output_side(side, kernel, stride, padding) for side in sides]
    pairs = dict.fromkeys(zip(sides, out, strict=True))
    if padding == "same":
        return "; ".join(f"⌈{side} / {stride}⌉ = {new}" for side, new in pairs)
    if stride == 1:
        return "; ".join(f"{side} − {kernel} + 1 = {new}" for side, new in pairs)
    return "; ".join(f"⌊({side} − {kernel}) / {stride}⌋ + 1 = {new}" for side, new in pairs)


def _padded_formula(sides: tuple[int, int], kernel: int, stride: int, padding: int) -> str:
    wider = [(side, output_side(side + 2 * padding, kernel, stride, "valid")) for side in sides]
    added = f" + 2 × {padding}"
    if stride == 1:
        lines = [f"{side}{added} − {kernel} + 1 = {new}" for side, new in dict.fromkeys(wider)]
    else:
        lines = [
            f"⌊({side}{added} − {kernel}) / {stride}⌋ + 1 = {new}"
            for side, new in dict.fromkeys(wider)
        ]
    return "; ".join(lines)


@lru_cache(maxsize=512)  # a page asks for the same table a dozen times
def layer_table(config: ModelConfig) -> tuple[LayerRow, ...]:
    """One row for each layer, from the first convolution to the softmax.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
    """
    maps = tuple(_map_rows(config))
    last = maps[-1].output_shape
    length = prod(last)
    flatten = LayerRow(
        "flatten", "flatten", last, (length,), formula=f"{shape_text(last)} = {length:,}"
    )
    return (*maps, flatten, *_dense_rows(config, length))


def table_until_break(config: ModelConfig) -> tuple[tuple[LayerRow, ...], ShapeError | None]:
    """The whole table and None; of a network that breaks, the rows before that layer and the error."""
    rows: list[LayerRow] = []
    try:
        rows += _map_rows(config)
    except ShapeError as error:
        return tuple(rows), error
    return layer_table(config), None


def totals(rows: Iterable[LayerRow]) -> Totals:
    """The totals of a whole table, or of its first rows."""
    rows = tuple(rows)
    fields = [row.receptive_field for row in rows if row.receptive_field is not None]
    return Totals(
        params=sum(row.params for row in rows),
        multiplications=sum(row.multiplications for row in rows),
        receptive_field=fields[-1] if fields else 1,
        activations=sum(
            prod(row.output_shape) for row in rows if row.kind not in {"flatten", "dropout"}
        ),
    )


def convolutions(config: ModelConfig) -> dict[str, LayerRow]:
    """The rows of the convolutions by name, in order.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
    """
    return {row.name: row for row in layer_table(config) if row.kind == "conv"}


def shape_text(shape: Iterable[int]) -> str:
    """A shape as text: (28, 28, 32) -> "28×28×32"."""
    return "×".join(f"{side:,}" for side in shape)


def field_of(
    row: LayerRow, at: tuple[int, int], input_shape: tuple[int, int, int]
) -> tuple[int, int, int, int]:
    """The receptive field of one unit, clipped at the image border.

    Args:
        row: A convolution or pooling.
        at: Row and column of the unit in that layer's output.
        input_shape: Shape (H, W, C) of the image.

    Returns:
        Top, left, bottom and right in pixels; bottom and right are the first pixels outside.

    Raises:
        ValueError: If the layer has no feature maps.
    """
    if row.start is None or row.jump is None or row.receptive_field is None:
        raise ValueError(f"{row.name} has no feature maps.")
    corner = [first + place * row.jump for first, place in zip(row.start, at, strict=True)]
    top, left = (max(0, edge) for edge in corner)
    bottom, right = (
        min(side, edge + row.receptive_field)
        for edge, side in zip(corner, input_shape[:2], strict=True)
    )
    return top, left, bottom, right


def fits(config: ModelConfig) -> bool:
    """Whether `layer_table` accepts the network."""
    return breaking_block(config) is None


def breaking_block(config: ModelConfig) -> int | None:
    """Index of the block where the size reaches 0, counted from 0; None if the network works."""
    side = min(config.input_shape[:2])  # of two sides the smaller one never ends up larger
    for window in _windows(config.blocks):
        side = window.slide(side)
        if side == 0:
            return window.block
    return None


def batch_bytes(config: ModelConfig, batch_size: int) -> int:
    """Estimate of the memory the activations of one training step take, in bytes.

    Counted in float32, for each image of the batch: the image and the output of every layer, which
    the backward pass needs (flatten shares its memory with the layer before it; GELU, unlike the
    other activations, keeps its input as well), and a gradient as large as each. Not counted are
    weights, optimizer state and scratch memory. Measured steps took 0.9 to 1.2 times as much.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
    """
    numbers = prod(config.input_shape) + sum(_kept(row) for row in layer_table(config))
    return 2 * FLOAT_BYTES * numbers * batch_size


def largest_batch(config: ModelConfig, limit_bytes: int) -> int:
    """Largest batch whose `batch_bytes` fit the limit, 0 if none does.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
    """
    return max(0, limit_bytes) // batch_bytes(config, 1)


def _kept(row: LayerRow) -> int:
    copies = {"flatten": 0}.get(row.kind, 2 if row.activation == "gelu" else 1)
    return copies * prod(row.output_shape)


@dataclass(frozen=True, slots=True)
class _Window:
    """A layer that slides a window: convolution, or pooling when `pool` is set."""

    name: str
    block: int
    size: int
    stride: int
    padding: str
    pool: str | None = None

    def slide(self, side: int) -> int:
        return output_side(side, self.size, self.stride, self.padding)

    def pad_before(self, side: int) -> int:
        """Zeros above or left of the image; TensorFlow puts the odd one below or right."""
        if self.padding == "valid":
            return 0
        return max(0, (self.slide(side) - 1) * self.stride + self.size - side) // 2


@dataclass(frozen=True, slots=True)
class _Field:
    """Receptive fields of the units of a feature map, in input pixels."""

    side: int = 1
    jump: int = 1
    start: tuple[int, int] = (0, 0)

    def through(self, window: _Window, sides: tuple[int, int]) -> _Field:
        top, left = (window.pad_before(side) * self.jump for side in sides)
        return _Field(
            self.side + (window.size - 1) * self.jump,
            self.jump * window.stride,
            (self.start[0] - top, self.start[1] - left),
        )


def _windows(blocks: tuple[ConvBlock, ...]) -> Iterator[_Window]:
    for index, block in enumerate(blocks):
        number = index + 1
        yield _Window(f"conv{number}", index, block.kernel, block.stride, block.padding)
        if block.pool != "none":
            size = block.pool_size
            yield _Window(f"pool{number}", index, size, size, "valid", block.pool)


def _map_rows(config: ModelConfig) -> Iterator[LayerRow]:
    height, width, channels = config.input_shape
    field = _Field()
    trail = [(height, width)]
    for window in _windows(config.blocks):
        sides = trail[-1]
        out = (window.slide(sides[0]), window.slide(sides[1]))
        trail.append(out)
        if 0 in out:
            raise ShapeError(window.name, _one_side(trail))
        field = field.through(window, sides)
        row = _map_row(window, field, (*sides, channels), out)
        yield row if window.pool else _with_kernels(row, config.blocks[window.block])
        channels = channels if window.pool else config.blocks[window.block].filters


def _map_row(
    window: _Window, field: _Field, shape: tuple[int, int, int], out: tuple[int, int]
) -> LayerRow:
    return LayerRow(
        window.name,
        "pool" if window.pool else "conv",
        shape,
        (*out, shape[2]),
        size_formula=size_formula(shape[:2], window.size, window.stride, window.padding),
        receptive_field=field.side,
        jump=field.jump,
        start=field.start,
        kernel=window.size,
        stride=window.stride,
        padding=window.padding,
        pool=window.pool,
        block=window.block,
    )


def _with_kernels(row: LayerRow, block: ConvBlock) -> LayerRow:
    taps = (block.kernel, block.kernel, row.input_shape[2])
    output = (*row.output_shape[:2], block.filters)
    params = (prod(taps) + 1) * block.filters
    work = prod(output) * prod(taps)
    return replace(
        row,
        output_shape=output,
        params=params,
        formula=f"({shape_text(taps)} + 1) × {block.filters:,} = {params:,}",
        multiplications=work,
        multiplication_formula=f"{shape_text(output)} × {shape_text(taps)} = {work:,}",
        activation=block.activation,
    )


def _dense_rows(config: ModelConfig, length: int) -> Iterator[LayerRow]:
    for number, units in enumerate(config.dense, start=1):
        yield _dense_row(f"dense{number}", "dense", length, units, "relu")
        length = units
    if config.dropout > 0:
        yield LayerRow("dropout", "dropout", (length,), (length,))
    yield _dense_row("output", "output", length, config.classes, "softmax")


def _dense_row(name: str, kind: str, length: int, units: int, activation: str) -> LayerRow:
    params = (length + 1) * units
    return LayerRow(
        name,
        kind,
        (length,),
        (units,),
        params=params,
        formula=f"({length:,} + 1) × {units:,} = {params:,}",
        multiplications=length * units,
        multiplication_formula=f"{length:,} × {units:,} = {length * units:,}",
        activation=activation,
    )


def _one_side(trail: list[tuple[int, int]]) -> tuple[int, ...]:
    """Height, or width where only that reached 0, without the steps that left it as it was."""
    axis = trail[-1].index(0)
    sides = [pair[axis] for pair in trail]
    return (sides[0], *(new for old, new in pairwise(sides) if new != old))
