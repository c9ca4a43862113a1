"""Settings -> Keras network: build, save, load, predict. Training and inspection are other packages."""

from __future__ import annotations

import json
import os
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import files, keras_file
from cnn_core.arithmetic import FLOAT_BYTES, LayerRow, layer_table
from cnn_core.config import ModelConfig
from cnn_core.errors import CnnError, ConfigError, RunError

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float64": "float64"}
"""Precisions -> Keras' dtype policies; no run trains in float64, which is for comparing gradients."""
CHUNK_BYTES = 16 * 2**20  # of one layer's maps, in and out: bounds the memory of a prediction
MAX_CHUNK = 1024  # images, however small the network is
MAX_EXPANSION = 20  # unpacked to packed size; weights hardly compress, a zip bomb is beyond it

Predict = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
"""Images (N, H, W, C), float in [0, 1] or uint8, to float32 probabilities (N, K)."""

_LOCK = threading.RLock()
"""Keras builds with global state for names and scopes: one thread builds at a time."""


@dataclass(frozen=True)
class Opened:
    """A trained network, opened for inspection.

    Attributes:
        config: Its settings.
        model: The network in float32.
        predict: Its compiled inference, see `predictor`.
    """

    config: ModelConfig
    model: keras.Sequential
    predict: Predict


def build(
    config: ModelConfig, precision: str = "float32", seed: int | None = None
) -> keras.Sequential:
    """The untrained, uncompiled network; its layers are named as in `layer_table`.

    Safe to call from several threads.

    Args:
        config: The architecture.
        precision: "float32", "float64", or "bfloat16": products in bfloat16, weights and softmax in float32.
        seed: Makes the initial weights and the dropout reproducible, in every process and without
            Keras' global random state. A layer's weights follow from the seed, its name and its
            shape, so that equal layers of two networks start equal. None draws new ones.

    Returns:
        A network from images (N, H, W, C) in [0, 1] to probabilities (N, K).

    Raises:
        ShapeError: If a feature map shrinks to nothing.
        ConfigError: If there is no such precision.
    """
    if precision not in POLICIES:
        raise ConfigError("precision", precision, "one_of", choices=", ".join(POLICIES))
    rows = layer_table(config)
    with _LOCK:
        layers = [_layer(row, config, POLICIES[precision], seed) for row in rows]
        image = keras.Input(config.input_shape, dtype="float32")
        return keras.Sequential([image, *layers], name="convscope")


def save(model: keras.Sequential, path: Path, *, optimizer: bool = False) -> None:
    """Write a .keras file in one step: a reader of `path` finds the old file or the whole new one.

    Keras from `keras_file.OLDEST_KERAS` on opens it. It is written beside under a hidden name, which a
    killed process leaves behind.

    Args:
        model: The network.
        path: Where to; ends in .keras.
        optimizer: Save the optimizer and its state too, so that training can resume from the file.

    Raises:
        ValueError: If `path` does not end in .keras.
        OSError: If it cannot be written.
    """
    if path.suffix != ".keras":
        raise ValueError(f"The file must end in .keras. Received path={path}.")
    if not optimizer and model.compiled:
        model = _without_optimizer(model)
    with files.replacing(path) as temporary:
        keras.saving.save_model(model, temporary)
        temporary.write_bytes(keras_file.portable(temporary.read_bytes()))


def load(path: Path, config: ModelConfig | None = None) -> keras.Sequential:
    """The network of a .keras file as it was saved, with its optimizer if that was saved too.

    With the optimizer, training resumes as if it had not been interrupted, dropout included.
    The file may not bring code of its own: Keras opens it in safe mode.

    Args:
        path: The file.
        config: Settings it has to fit; None takes any network.

    Raises:
        RunError: If the file is missing or damaged, or holds another network than `config`.
    """
    with _reading(path), _LOCK:
        _check_archive(path)
        model = keras.saving.load_model(path, safe_mode=True)
        for layer in model.layers:
            _sidestep_onednn(layer)
            if model.compiled and isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
                _fast_forward_dropout(layer, int(model.optimizer.iterations))
    if config is not None:
        expected = [(row.name, row.output_shape) for row in layer_table(config)]
        if [(layer.name, layer.output.shape[1:]) for layer in model.layers] != expected:
            raise RunError("model.mismatch", file=path.name)
    return model


def restore(config: ModelConfig, path: Path) -> keras.Sequential:
    """A float32 network with the weights of a .keras file, whatever precision it was trained in.

    Only the weights are taken from the file, which makes this the way to open an untrusted file.

    Args:
        config: The architecture.
        path: The file.

    Raises:
        ShapeError: If a feature map of `config` shrinks to nothing.
        RunError: If the file is missing or damaged, or holds another network than `config`.
    """
    model = build(config)
    with _reading(path), _LOCK:
        names = _check_archive(path)
        if names != [layer.name for layer in model.layers]:
            raise RunError("model.mismatch", file=path.name)
        try:
            model.load_weights(path)
        except ValueError as error:
            raise RunError("model.mismatch", file=path.name) from error
    return model


def opened(config: ModelConfig, path: Path) -> Opened:
    """`restore` a network and compile its inference.

    Args:
        config: The architecture.
        path: The .keras file.

    Raises:
        ShapeError: If a feature map of `config` shrinks to nothing.
        RunError: If the file is missing or damaged, or holds another network than `config`.
    """
    model = restore(config, path)
    return Opened(config, model, predictor(model))


def predict(opened: Opened, images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Probabilities (N, K) of images (N, H, W, C), float in [0, 1] or uint8.

    Raises:
        ValueError: If the images have another shape or type.
    """
    return opened.predict(images)


def predictor(model: keras.Sequential) -> Predict:
    """Compiled inference, about 80 times as fast for one image as `model.predict`.

    The function follows the weights: after further training it uses the new ones. It takes float
    images in [0, 1] or uint8 images (divided by 255) of shape (N, H, W, C), N from 0 up, in chunks,
    so that memory does not grow with N, and returns float32 probabilities (N, K).
    It is safe to call from several threads. Images of another shape or type raise `ValueError`.
    """
    shape = model.input_shape[1:]
    classes = model.output_shape[-1]
    chunk = _chunk(model)
    with _LOCK:
        signature = tf.TensorSpec((None, *shape), tf.float32)
        infer = tf.function(lambda images: model(images, training=False), [signature])
        infer = infer.get_concrete_function()

    def run(images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        if images.shape[1:] != shape:
            raise ValueError(f"Images must have shape (N, {shape}). Received {images.shape}.")
        probabilities = np.empty((len(images), classes), np.float32)
        for start in range(0, len(images), chunk):
            part = tf.constant(scaled(images[start : start + chunk]))
            probabilities[start : start + chunk] = infer(part).numpy()
        return probabilities

    return run


def _layer(row: LayerRow, config: ModelConfig, policy: str, seed: int | None) -> keras.layers.Layer:
    own = None if seed is None else _derived(seed, row.name)
    common: dict[str, Any] = {"name": row.name, "dtype": policy}
    weights = {"activation": row.activation, "kernel_initializer": _glorot(own)}
    window = {"strides": row.stride, "padding": row.padding}
    match row.kind:
        case "conv":
            return _sidestep_onednn(
                keras.layers.Conv2D(row.output_shape[-1], row.kernel, **window, **weights, **common)
            )
        case "pool":
            pooling = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
            return pooling[str(row.pool)](row.kernel, **window, **common)
        case "flatten":
            return keras.layers.Flatten(**common)  # (N, H, W, C) -> (N, H*W*C), channel fastest
        case "dropout":
            return keras.layers.Dropout(config.dropout, seed=own, **common)
        case "output" if policy == POLICIES["bfloat16"]:
            common["dtype"] = "float32"  # 8 bits of a bfloat16 are too few for a probability
    return keras.layers.Dense(row.output_shape[-1], **weights, **common)


def _sidestep_onednn(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Make a strided 1×1 convolution select its pixels first; other layers stay as they are.

    TensorFlow's oneDNN writes out of bounds in the backward pass of such a layer with few
    input channels: it crashes, or the gradient is wrong. The sums are the same, and the layer is
    still a plain Conv2D in a file.

    References: oneDNN issue 6035, "1x1 convolution backward_weights writes past the rtus workspace".
    """
    if isinstance(layer, keras.layers.Conv2D) and layer.kernel_size == (1, 1):
        layer.convolution_op = partial(_select_then_multiply, layer.strides)
    return layer


def _select_then_multiply(
    strides: tuple[int, int], inputs: tf.Tensor, kernel: tf.Tensor
) -> tf.Tensor:
    selected = inputs[:, :: strides[0], :: strides[1]]  # (N, H, W, C) -> (N, ⌈H/s⌉, ⌈W/s⌉, C)
    return keras.ops.conv(selected, kernel)


def _fast_forward_dropout(dropout: keras.layers.Dropout, batches: int) -> None:
    """Set the state after that many training batches; Keras would start again with the first mask."""
    state = dropout.seed_generator.state  # (seed, masks drawn)
    state.assign([int(state[0]), batches])


def _glorot(seed: int | None) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(seed)


def _derived(seed: int, name: str) -> int:
    """The seed of the layer of that name, the same in every process."""
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),))
    return int(sequence.generate_state(1)[0] >> 1)


def _without_optimizer(model: keras.Sequential) -> keras.Sequential:
    """An uncompiled copy; the model itself, perhaps in training, is not touched."""
    with _LOCK:
        copy = keras.Sequential.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn every error inside the block into a `RunError` about the file."""
    try:
        yield
    except CnnError:
        raise
    except (
        Exception
    ) as error:  # a damaged file can make zipfile, JSON, HDF5 and Keras raise anything
        raise RunError("model.unreadable", file=path.name) from error


def _check_archive(path: Path) -> list[str]:
    """Names of the layers in a .keras file.

    Raises:
        ValueError: If the contents are much larger than the file.
    """
    with zipfile.ZipFile(path) as archive:
        if (
            sum(member.file_size for member in archive.infolist())
            > MAX_EXPANSION * path.stat().st_size
        ):
            raise ValueError("The contents are much larger than the file.")
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
    return [layer["config"]["name"] for layer in layers if layer["class_name"] != "InputLayer"]


def _chunk(model: keras.Sequential) -> int:
    """Images per batch, so that the largest feature maps, in and out, stay within `CHUNK_BYTES`."""
    largest: int = max(prod(layer.output.shape[1:]) for layer in model.layers)
    return max(1, min(MAX_CHUNK, CHUNK_BYTES // (2 * FLOAT_BYTES * largest)))


def scaled(images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Images, float in [0, 1] or uint8, as float32 in [0, 1]; of any shape.

    Raises:
        ValueError: If they have another type.
    """
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"Images must be float or uint8. Received {images.dtype}.")
    return images.astype(np.float32, copy=False)
