"""Formulas in a text: `{{side - kernel + 1}}` is calculated from the textbook network."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache
from math import prod
from types import MappingProxyType

from cnn_core.arithmetic import LayerRow, layer_table, output_side, shape_text, totals
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.datasets import DATASETS
from cnn_core.datasets.loading import RANDOM_STATE

Value = int | float | str

SLOT = re.compile(r"\{\{(=?)\s*(.+?)\s*(?::([^:{}]+))?\}\}")
ONE_LINE = 24  # characters up to which a formula is kept on one line
NO_BREAK = "\u00a0"
WHITE = 255  # value of white in an image of unsigned bytes

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
}
_BRACKETS = {"floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉"), "sqrt": ("√(", ")")}
_OPERATORS: dict[type[ast.AST], tuple[str, int, Callable[..., float]]] = {
    ast.Add: ("+", 1, operator.add),
    ast.Sub: ("−", 1, operator.sub),
    ast.Mult: ("×", 2, operator.mul),
    ast.Div: ("/", 2, operator.truediv),
}


@cache
def facts() -> Mapping[str, Value]:
    """The names that a text may use: the textbook network, its training and its images.

    Of a layer: `conv1.params`, `.formula`, `.shape` ("28×28×32"), `.tuple` ("(28, 28, 32)"), `.side`,
    `.channels`, `.size` (values that it outputs), `.field` (its receptive field), `.work` (its
    multiplications).
    """
    block, train, source = TEXTBOOK.blocks[0], TrainConfig(), DATASETS["fashion_mnist"]
    rows = layer_table(TEXTBOOK)
    height, _, channels = TEXTBOOK.input_shape
    values: dict[str, Value] = {
        "side": height,
        "channels": channels,
        "input.shape": shape_text(TEXTBOOK.input_shape),
        "input.tuple": str(TEXTBOOK.input_shape),
        "kernel": block.kernel,
        "stride": block.stride,
        "pool": block.pool_size,
        "valid.side": output_side(height, block.kernel, block.stride, "valid"),
        "dropout": TEXTBOOK.dropout,
        "classes": TEXTBOOK.classes,
        "total": totals(rows).params,
        "white": WHITE,
        "epochs": train.epochs,
        "batch": train.batch_size,
        "rate": train.learning_rate,
        "patience": train.patience,
        "random_state": RANDOM_STATE,
    }
    for part in ("train", "val", "test"):
        values[f"images.{part}"] = getattr(source.counts["full"], part)
    for row in rows:
        values |= {f"{row.name}.{field}": value for field, value in _facts_of(row).items()}
    return MappingProxyType(values)


def _facts_of(row: LayerRow) -> dict[str, Value]:
    values: dict[str, Value | None] = {
        "params": row.params,
        "formula": row.formula,
        "shape": shape_text(row.output_shape),
        "tuple": str(row.output_shape),
        "side": row.output_shape[0],
        "channels": row.output_shape[-1],
        "size": prod(row.output_shape),
        "field": row.receptive_field,
        "work": row.multiplications,
    }
    return {name: value for name, value in values.items() if value is not None}


def fill(text: str, given: Mapping[str, Value] = MappingProxyType({})) -> str:
    """Replace every slot with its value.

    `{{conv1.params}}` becomes "320", `{{= side - kernel + 1}}` becomes "28 − 3 + 1 = 26", and a format
    may follow as in `{{= 1 / classes:.1%}}`. Whole numbers have commas unless the format says otherwise.

    Args:
        text: Any text.
        given: Values of an example beside the facts.

    Raises:
        ValueError: If a slot has an unknown name, or holds more than arithmetic.
    """

    def replacement(match: re.Match[str]) -> str:
        equation, words, form = match.groups()
        tree = ast.parse(words, mode="eval").body
        names = {**facts(), **given}
        value = _formatted(_value(tree, names), form)
        if not equation:
            return value
        whole = f"{_written(tree, names)[0]} = {value}"
        return whole.replace(" ", NO_BREAK) if len(whole) <= ONE_LINE else whole

    return SLOT.sub(replacement, text)


def _value(node: ast.expr, names: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name() | ast.Attribute() if ast.unparse(node) in names:
            return names[ast.unparse(node)]
        case ast.BinOp(left, kind, right) if type(kind) in _OPERATORS:
            return _OPERATORS[type(kind)][2](_number(left, names), _number(right, names))
        case ast.UnaryOp(ast.USub(), operand):
            return -_number(operand, names)
        case ast.Call(ast.Name(name), [arg], []) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_number(arg, names))
    raise ValueError(f"No formula that a text may hold: {ast.unparse(node)}")


def _number(node: ast.expr, names: Mapping[str, Value]) -> float:
    value = _value(node, names)
    if isinstance(value, str):
        raise ValueError(f"No arithmetic with a text: {ast.unparse(node)}")
    return value


def _written(node: ast.expr, names: Mapping[str, Value]) -> tuple[str, int]:
    """A formula with its numbers substituted, and the precedence of its outermost operator."""
    match node:
        case ast.BinOp(left, kind, right):
            sign, rank, _ = _OPERATORS[type(kind)]
            right_rank = rank + (type(kind) in {ast.Sub, ast.Div})
            sides = _within(left, rank, names), _within(right, right_rank, names)
            return f"{sides[0]} {sign} {sides[1]}", rank
        case ast.UnaryOp(_, operand):
            return f"−{_within(operand, 3, names)}", 3
        case ast.Call(ast.Name(name), [arg], _):
            inside = _written(arg, names)[0]
            first, last = _BRACKETS.get(name, ("(", ")"))
            return f"{'' if name in _BRACKETS else name}{first}{inside}{last}", 4
    return _formatted(_value(node, names), None), 4


def _within(node: ast.expr, rank: int, names: Mapping[str, Value]) -> str:
    text, own = _written(node, names)
    return text if own >= rank else f"({text})"


def _formatted(value: Value, form: str | None) -> str:
    if isinstance(value, str):
        return value
    text = format(value, form) if form else f"{value:,}"
    return text.replace("-", "−")
