"""Settings of a network and of its training: frozen, checked at birth, to and from dict and URL."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from cnn_core.errors import ConfigError

PADDINGS = ("same", "valid")
ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "linear")
POOLS = ("max", "average", "none")
OPTIMIZERS = ("adam", "sgd", "momentum", "rmsprop", "adamw")
SCHEDULES = ("constant", "one_cycle")
PRECISIONS = ("auto", "float32", "bfloat16")
SIZES = ("sample", "full")

MAX_BLOCKS = 4
MAX_DENSE = 3
MAX_KERNEL = 7


def _whole(field: str, value: object, minimum: int, maximum: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigError(field, value, "whole")
    if not minimum <= value <= maximum:
        raise ConfigError(field, value, "between", minimum=minimum, maximum=maximum)


def _number(field: str, value: object, minimum: float, maximum: float) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ConfigError(field, value, "number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(field, value, "number")
    if not minimum <= value <= maximum:
        raise ConfigError(field, value, "between", minimum=minimum, maximum=maximum)
    return float(value)


def _one_of(field: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(field, value, "one_of", choices=", ".join(choices))


def _several(field: str, value: object, rule: str) -> tuple[Any, ...]:
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes)):
        raise ConfigError(field, value, rule)
    return tuple(value)


def check_learning_rate(value: object) -> float:
    """`value` as a learning rate; raises `ConfigError` unless it is above 0 and at most 10."""
    rate = _number("learning_rate", value, 0.0, 10.0)
    if rate <= 0:
        raise ConfigError("learning_rate", value, "above_zero")
    return rate


@dataclass(frozen=True, slots=True)
class ConvBlock:
    """One convolution with its activation and the pooling after it.

    Attributes:
        filters: Number of kernels, and so of feature maps, 1 to 512.
        kernel: Side of the square window, in pixels, 1 to 7.
        stride: Step of the window, in pixels, 1 to 4.
        padding: "same" keeps the size (at stride 1), "valid" uses no padding.
        activation: One of `ACTIVATIONS`.
        pool: "max", "average" or "none".
        pool_size: Side and stride of the pooling window, in pixels, 2 to 4.
    """

    filters: int = 32
    kernel: int = 3
    stride: int = 1
    padding: str = "same"
    activation: str = "relu"
    pool: str = "max"
    pool_size: int = 2

    def __post_init__(self) -> None:
        _whole("filters", self.filters, 1, 512)
        _whole("kernel", self.kernel, 1, MAX_KERNEL)
        _whole("stride", self.stride, 1, 4)
        _one_of("padding", self.padding, PADDINGS)
        _one_of("activation", self.activation, ACTIVATIONS)
        _one_of("pool", self.pool, POOLS)
        _whole("pool_size", self.pool_size, 2, 4)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Architecture of a network; whether its sizes work out is for `arithmetic` to say.

    Attributes:
        blocks: One to four `ConvBlock`.
        dense: Units of each hidden dense layer, none to three layers of 1 to 2,048.
        dropout: Share of units silenced before the output while training, 0 to 0.9.
        input_shape: Height, width and channels (H, W, C) of an image.
        classes: Units of the softmax output, at least 2.
    """

    blocks: tuple[ConvBlock, ...] = (ConvBlock(32), ConvBlock(64))
    dense: tuple[int, ...] = (100,)
    dropout: float = 0.3
    input_shape: tuple[int, int, int] = (28, 28, 1)
    classes: int = 10

    def __post_init__(self) -> None:
        for name, rule in (("blocks", "blocks"), ("dense", "list"), ("input_shape", "image_shape")):
            object.__setattr__(self, name, _several(name, getattr(self, name), rule))
        for block in self.blocks:
            if not isinstance(block, ConvBlock):
                raise ConfigError("blocks", block, "blocks")
        _whole("blocks", len(self.blocks), 1, MAX_BLOCKS)
        _whole("dense_layers", len(self.dense), 0, MAX_DENSE)
        for units in self.dense:
            _whole("dense", units, 1, 2048)
        object.__setattr__(self, "dropout", _number("dropout", self.dropout, 0.0, 0.9))
        if len(self.input_shape) != 3:
            raise ConfigError("input_shape", self.input_shape, "image_shape")
        for side in self.input_shape:
            _whole("input_shape", side, 1, 512)
        _whole("classes", self.classes, 2, 1000)


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a network is trained.

    Attributes:
        dataset: Key of `datasets.DATASETS`.
        train_size: Number of training images to use; None uses all there are.
        epochs: Passes over the training images, 1 to 100.
        batch_size: Images per step, 1 to 4,096.
        optimizer: One of `OPTIMIZERS`.
        learning_rate: Step size; with "one_cycle" its peak. Above 0, at most 10.
        schedule: "constant", or "one_cycle" (up to the peak, then down to nearly 0).
        patience: Epochs without a better validation loss before training stops; 0 never stops early.
        seed: Start of every random number of the run.
        precision: "float32", "bfloat16" (mixed), or "auto": mixed where the CPU multiplies it natively.
        size: "sample" (bundled) or "full".
    """

    dataset: str = "fashion_mnist"
    train_size: int | None = None
    epochs: int = 20
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    patience: int = 3
    seed: int = 42
    precision: str = "auto"
    size: str = "sample"

    def __post_init__(self) -> None:
        if not isinstance(self.dataset, str):
            raise ConfigError("dataset", self.dataset, "name")
        if self.train_size is not None:
            _whole("train_size", self.train_size, 10, 10_000_000)
        _whole("epochs", self.epochs, 1, 100)
        _whole("batch_size", self.batch_size, 1, 4096)
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        object.__setattr__(self, "learning_rate", check_learning_rate(self.learning_rate))
        _one_of("schedule", self.schedule, SCHEDULES)
        _whole("patience", self.patience, 0, 100)
        _whole("seed", self.seed, 0, 2**31 - 1)
        _one_of("precision", self.precision, PRECISIONS)
        _one_of("size", self.size, SIZES)


TEXTBOOK = ModelConfig()


@dataclass(frozen=True, slots=True)
class Preset:
    """A named starting point: a network and how to train it."""

    model: ModelConfig
    train: TrainConfig


PRESETS: dict[str, Preset] = {
    "textbook": Preset(TEXTBOOK, TrainConfig()),
    "fast": Preset(
        TEXTBOOK,
        TrainConfig(epochs=5, batch_size=128, learning_rate=4e-3, schedule="one_cycle", patience=0),
    ),
    "tiny": Preset(
        ModelConfig(blocks=(ConvBlock(8), ConvBlock(16)), dense=(32,), dropout=0.2),
        TrainConfig(epochs=5, batch_size=64, learning_rate=2e-3),
    ),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of this server; each is read from `CONVSCOPE_MAX_<NAME>`.

    Attributes:
        parameters: Most parameters a network may have.
        epochs: Most epochs a run may ask for.
        queued: Most runs one visitor may have waiting or running.
        batch_megabytes: Most memory one batch's activations may take, in MB.
    """

    parameters: int = 5_000_000
    epochs: int = 50
    queued: int = 3
    batch_megabytes: int = 1_500

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Limits:
        """The caps in force; a variable that is not a whole number above 0 raises `ConfigError`."""
        chosen: dict[str, int] = {}
        for field in fields(cls):
            variable = f"CONVSCOPE_MAX_{field.name.upper()}"
            if environment.get(variable):
                cap = _parse_int(variable, environment[variable])
                if cap < 1:
                    raise ConfigError(variable, cap, "at_least", minimum=1)
                chosen[field.name] = cap
        return cls(**chosen)


def to_dict(config: ModelConfig | TrainConfig) -> dict[str, Any]:
    """Plain JSON types; the inverse is `model_from_dict` or `train_from_dict`."""
    return asdict(config)


def model_from_dict(tree: Mapping[str, Any]) -> ModelConfig:
    """Raises `ConfigError` on a bad value or an unknown name."""
    known = _known(ModelConfig, tree)
    if "blocks" in known:
        rows = _several("blocks", known["blocks"], "blocks")
        known["blocks"] = tuple(ConvBlock(**_known(ConvBlock, row)) for row in rows)
    return ModelConfig(**known)


def train_from_dict(tree: Mapping[str, Any]) -> TrainConfig:
    """Raises `ConfigError` on a bad value or an unknown name."""
    return TrainConfig(**_known(TrainConfig, tree))


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
    "seed": "seed",
    "precision": "precision",
}
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
        if value is not None:
            query[short] = _digits(value) if isinstance(value, float) else str(value)
    return query


def from_query(
    query: Mapping[str, str], base: Preset = PRESETS["textbook"]
) -> tuple[ModelConfig, TrainConfig]:
    """The set-up a URL asks for; what it does not name is taken from `base`.

    Raises:
        ConfigError: If a value cannot be read or is out of range.
    """
    model, train = base.model, base.train
    if "blocks" in query:
        rows = query["blocks"].split("~")
        _whole("blocks", len(rows), 1, MAX_BLOCKS)
        model = replace(model, blocks=tuple(_block(row) for row in rows))
    if "dense" in query:
        units = () if query["dense"] == "none" else query["dense"].split(".")
        model = replace(model, dense=tuple(_parse_int("dense", unit) for unit in units))
    if "dropout" in query:
        model = replace(model, dropout=_parse_float("dropout", query["dropout"]))
    chosen: dict[str, Any] = {}
    for name, short in _SHORT.items():
        if short in query:
            text = query[short]
            if name in _WHOLE:
                chosen[name] = _parse_int(name, text)
            elif name == "learning_rate":
                chosen[name] = _parse_float(name, text)
            else:
                chosen[name] = text
    return model, replace(train, **chosen)


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
        name: _parse_int(name, part) if name in whole else part
        for name, part in zip(names, parts, strict=False)
    }
    return ConvBlock(**values)


def _digits(value: float) -> str:
    """The shortest digits that read back as the same number: "0.001", "1"."""
    return repr(value).removesuffix(".0")


def _known(kind: type, tree: object) -> dict[str, Any]:
    if not isinstance(tree, Mapping):
        raise ConfigError("setting", tree, "table")
    names = {field.name for field in fields(kind)}
    for name in tree:
        if name not in names:
            raise ConfigError("setting", name, "unknown")
    return dict(tree)


def _parse_int(field: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigError(field, text, "whole") from None


def _parse_float(field: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(field, text, "number") from None
