"""Calls of Keras as text: layers and optimizers, and lines that fit the page."""

from __future__ import annotations

from textwrap import wrap
from unicodedata import east_asian_width

from cnn_core import texts
from cnn_core.arithmetic import LayerRow
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.datasets import Source

WIDTH = 100  # characters of a line
KERAS_FOLDERS = {
    "fashion_mnist": "~/.keras/datasets/fashion-mnist/",
    "mnist": "~/.keras/datasets/mnist.npz",
}
OPTIMIZERS = {
    "adam": "Adam(LEARNING_RATE)",
    "adamw": "AdamW(LEARNING_RATE)",
    "sgd": "SGD(LEARNING_RATE)",
    "momentum": "SGD(LEARNING_RATE, momentum=0.9)",
    "rmsprop": "RMSprop(LEARNING_RATE)",
}


def layer(row: LayerRow, model: ModelConfig, train: TrainConfig, *, seed: str = "") -> str:
    """The call that makes a layer, such as `layers.Conv2D(32, 3, padding="same", name="conv1")`.

    Args:
        row: The layer.
        model: Its network.
        train: How it is trained; in bfloat16 the output layer stays in float32.
        seed: An expression for the seed of dropout; empty for Keras' own.
    """
    units, activation = str(row.output_shape[-1]), f'activation="{row.activation}"'
    match row.kind:
        case "conv":
            kind = "Conv2D"
            given = [units, str(row.kernel), f"strides={row.stride}"]
            given += [f'padding="{row.padding}"', activation]
        case "pool":
            kind = {"max": "MaxPooling2D", "average": "AveragePooling2D"}[str(row.pool)]
            given = [str(row.kernel)]
        case "flatten":
            kind, given = "Flatten", []
        case "dropout":
            kind, given = "Dropout", [repr(model.dropout), *([f"seed={seed}"] if seed else [])]
        case _:
            kind, given = "Dense", [units, activation]
    if row.kind == "output" and train.precision == "bfloat16":
        given.append('dtype="float32"')
    arguments = [
        argument for argument in given if argument not in {"strides=1", 'activation="linear"'}
    ]
    arguments.append(f'name="{row.name}"')
    return f"layers.{kind}({', '.join(arguments)})"


def remarked(line: str, row: LayerRow, room: int = WIDTH) -> str:
    """The line followed by the layer's output shape, if it does not get too long."""
    whole = f"{line}  # {'×'.join(map(str, row.output_shape))}"
    return whole if len(whole) <= room else line


def needs_onednn_off(model: ModelConfig) -> bool:
    """Whether TensorFlow's oneDNN would compute its gradient incorrectly: strided 1x1 convolutions."""
    return any(block.kernel == 1 and block.stride > 1 for block in model.blocks)


def wrapped(text: str, language: str, room: int = WIDTH) -> list[str]:
    """The text in lines of at most `room` columns; a Korean letter takes two."""
    if sum(1 + (east_asian_width(letter) in "WF") for letter in text) <= room:
        return [text]
    return wrap(text, room // 2 if language == "ko" else room)


def no_download(key: str, source: Source, language: str, room: int) -> list[str]:
    """What a program says when it cannot download its images, in strings to be joined without a space."""
    sentence = texts.say(language, key, data=source.title, folder=KERAS_FOLDERS[source.name])
    first, *others = wrapped(sentence, language, room)
    return [*(f"{line} " for line in (first, *others[:-1])), others[-1]]
