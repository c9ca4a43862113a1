"""A network as a LiteRT file (.tflite), by Keras' own export."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import tensorflow as tf

from cnn_core.errors import RunError
from cnn_core.model import Opened

CLOSE = 1e-4  # the largest difference of a probability


def litert(opened: Opened) -> bytes:
    """The file of a network from an image (1, H, W, C) in [0, 1] to probabilities (1, K), both float32.

    It is run before it is given away, and has to answer as the network does.

    Raises:
        RunError: If it does not.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.tflite"
        opened.model.export(path, format="litert", verbose=False)
        content = path.read_bytes()
    image = np.random.default_rng(0).random((1, *opened.config.input_shape), np.float32)
    if not np.allclose(_answer(content, image), opened.predict(image), rtol=0, atol=CLOSE):
        raise RunError("run.export_differs")
    return content


def _answer(content: bytes, image: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():  # its successor is a package of its own
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf.lite.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    probabilities: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return probabilities
