"""Settings of a network and of its training: frozen, validated on creation, to and from dict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from cnn_core.errors import ConfigError

PADDINGS = ("same", "valid")
ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "linear")
POOLS = ("max", "average", "none")
OPTIMIZERS = ("adam", "sgd", "momentum", "rmsprop", "adamw")
SCHEDULES = ("constant", "one_cycle")
PRECISIONS = ("auto", "float32", "bfloat16")
SIZES = ("sample", "full")
AUGMENTATIONS = ("none", "geometry", "noise", "both")
MAX_BLOCKS = 4  # a fifth pooling would shrink 28 pixels to nothing
MAX_DENSE = 3  # hidden layers before the output
MAX_KERNEL = 7  # pixels: a quarter of the side of a 28×28 image


def check_whole(field: str, value: object, minimum: int, maximum: int) -> None:
    """Check a whole number.

    Raises:
        ConfigError: If it is not a whole number from `minimum` to `maximum`.
    """
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
    """`value` as a learning rate.

    Raises:
        ConfigError: If it is not a number above 0 and at most 10.
    """
    return _above_zero("learning_rate", value, 10.0)


def _above_zero(field: str, value: object, maximum: float) -> float:
    number = _number(field, value, 0.0, maximum)
    if number <= 0:
        raise ConfigError(field, value, "above_zero")
    return number


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
        check_whole("filters", self.filters, 1, 512)
        check_whole("kernel", self.kernel, 1, MAX_KERNEL)
        check_whole("stride", self.stride, 1, 4)
        _one_of("padding", self.padding, PADDINGS)
        _one_of("activation", self.activation, ACTIVATIONS)
        _one_of("pool", self.pool, POOLS)
        check_whole("pool_size", self.pool_size, 2, 4)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Architecture of a network; whether its sizes work out is checked by `arithmetic`.

    Attributes:
        blocks: One to four `ConvBlock`.
        dense: Units of each hidden dense layer, none to three layers of 1 to 2,048.
        dropout: Dropout rate before the output while training, 0 to 0.9.
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
        check_whole("blocks", len(self.blocks), 1, MAX_BLOCKS)
        check_whole("dense_layers", len(self.dense), 0, MAX_DENSE)
        for units in self.dense:
            check_whole("dense", units, 1, 2048)
        object.__setattr__(self, "dropout", _number("dropout", self.dropout, 0.0, 0.9))
        if len(self.input_shape) != 3:
            raise ConfigError("input_shape", self.input_shape, "image_shape")
        for side in self.input_shape:
            check_whole("input_shape", side, 1, 512)
        check_whole("classes", self.classes, 2, 1000)


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
        seed: Seed of all random numbers of the run.
        precision: "float32", "bfloat16" (mixed), or "auto": mixed where the CPU multiplies it natively.
        size: "sample" (bundled) or "full".
        target: Validation accuracy, above 0 and at most 1, at which training stops; None never stops for it.
        augmentation: How training images are changed at random: "none", "geometry" (shifts, rotations,
            zoom), "noise", or "both"; `planning.augmentation` says by how much.
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
    target: float | None = None
    augmentation: str = "none"

    def __post_init__(self) -> None:
        if not isinstance(self.dataset, str):
            raise ConfigError("dataset", self.dataset, "name")
        if self.train_size is not None:
            check_whole("train_size", self.train_size, 10, 10_000_000)
        check_whole("epochs", self.epochs, 1, 100)
        check_whole("batch_size", self.batch_size, 1, 4096)
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        object.__setattr__(self, "learning_rate", check_learning_rate(self.learning_rate))
        _one_of("schedule", self.schedule, SCHEDULES)
        check_whole("patience", self.patience, 0, 100)
        check_whole("seed", self.seed, 0, 2**31 - 1)
        _one_of("precision", self.precision, PRECISIONS)
        _one_of("size", self.size, SIZES)
        _one_of("augmentation", self.augmentation, AUGMENTATIONS)
        if self.target is not None:
            object.__setattr__(self, "target", _above_zero("target", self.target, 1.0))


TEXTBOOK = ModelConfig()


def to_dict(config: ModelConfig | TrainConfig) -> dict[str, Any]:
    """Plain JSON types; the inverse is `model_from_dict` or `train_from_dict`."""
    return asdict(config)


def model_from_dict(tree: Mapping[str, Any]) -> ModelConfig:
    """The inverse of `to_dict`; missing names keep their defaults.

    Raises:
        ConfigError: If a value is out of range or a name unknown.
    """
    settings = _settings(ModelConfig, tree)
    if "blocks" in settings:
        rows = _several("blocks", settings["blocks"], "blocks")
        settings["blocks"] = tuple(ConvBlock(**_settings(ConvBlock, row)) for row in rows)
    return ModelConfig(**settings)


def train_from_dict(tree: Mapping[str, Any]) -> TrainConfig:
    """The inverse of `to_dict`; missing names keep their defaults.

    Raises:
        ConfigError: If a value is out of range or a name unknown.
    """
    return TrainConfig(**_settings(TrainConfig, tree))


def _settings(kind: type, tree: object) -> dict[str, Any]:
    if not isinstance(tree, Mapping):
        raise ConfigError("setting", tree, "table")
    names = {field.name for field in fields(kind)}
    for name in tree:
        if name not in names:
            raise ConfigError("setting", name, "unknown")
    return dict(tree)
