"""A set-up as URL parameters, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from cnn_core.config import MAX_BLOCKS, ConvBlock, ModelConfig, TrainConfig, check_whole
from cnn_core.errors import ConfigError
from cnn_core.planning.presets import PRESETS, Preset

_SHORT = {
    "size": "size",
    "dataset": "data",
    "train_size": "images",
    "epochs": "epochs",
    "batch_size": "batch",
    "optimizer": "opt",
    "learning_rate": "lr",
    "schedule": "schedule",
    "patience": "patience",
    "target": "target",
    "seed": "seed",
    "precision": "precision",
    "augmentation": "augmentation",
}
"""Settings of training -> URL parameters."""
_REAL = {"learning_rate", "target"}
_LEFT_OUT = {"augmentation": "none"}
"""Values that a link does not write, and that one without the parameter means."""
_WHOLE = {"train_size", "epochs", "batch_size", "patience", "seed"}
SETUP_PARAMETERS = ("blocks", "dense", "dropout", *_SHORT.values())


def to_query(model: ModelConfig, train: TrainConfig) -> dict[str, str]:
    """A set-up as URL parameters, such as {"blocks": "32.3.1.same.relu.max.2~64.3...", "lr": "0.001"}.

    Input shape and classes follow from the data set and are not written.
    """
    query = {
        "blocks": "~".join(".".join(str(value) for value in _row(block)) for block in model.blocks),
        "dense": ".".join(map(str, model.dense)) or "none",
        "dropout": _digits(model.dropout),
    }
    for name, short in _SHORT.items():
        value = getattr(train, name)
        if value is not None and value != _LEFT_OUT.get(name):
            query[short] = _digits(value) if isinstance(value, float) else str(value)
    return query


def from_query(
    query: Mapping[str, str], base: Preset = PRESETS["textbook"]
) -> tuple[ModelConfig, TrainConfig]:
    """The set-up of a URL; parameters that it does not have are taken from `base`.

    Raises:
        ConfigError: If a value cannot be read or is out of range.
    """
    model, train = base.model, base.train
    if "blocks" in query:
        rows = query["blocks"].split("~")
        check_whole("blocks", len(rows), 1, MAX_BLOCKS)
        model = replace(model, blocks=tuple(_block(row) for row in rows))
    if "dense" in query:
        units = () if query["dense"] == "none" else query["dense"].split(".")
        model = replace(model, dense=tuple(parse_int("dense", unit) for unit in units))
    if "dropout" in query:
        model = replace(model, dropout=_parse_float("dropout", query["dropout"]))
    settings: dict[str, Any] = {}
    for name, short in _SHORT.items():
        if short in query:
            text = query[short]
            if name in _WHOLE:
                settings[name] = parse_int(name, text)
            elif name in _REAL:
                settings[name] = _parse_float(name, text)
            else:
                settings[name] = text
    return model, replace(train, **settings)


def _row(block: ConvBlock) -> tuple[Any, ...]:
    return tuple(getattr(block, field.name) for field in fields(ConvBlock))


def _block(text: str) -> ConvBlock:
    """Read "32.3.1.same.relu.max.2"; what is missing at the end keeps its default."""
    names = [field.name for field in fields(ConvBlock)]
    parts = text.split(".")
    if len(parts) > len(names):
        raise ConfigError("blocks", text, "block_text")
    whole = {"filters", "kernel", "stride", "pool_size"}
    values: dict[str, Any] = {
        name: parse_int(name, part) if name in whole else part
        for name, part in zip(names, parts, strict=False)
    }
    return ConvBlock(**values)


def _digits(value: float) -> str:
    """The shortest digits that read back as the same number: "0.001", "1"."""
    return repr(value).removesuffix(".0")


def parse_int(field: str, text: str) -> int:
    """The whole number in a text.

    Raises:
        ConfigError: If there is none.
    """
    try:
        return int(text)
    except ValueError:
        raise ConfigError(field, text, "whole") from None


def _parse_float(field: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(field, text, "number") from None
