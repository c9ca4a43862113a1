"""A network as an ONNX file: its layers as operators that every ONNX runtime knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnn_core.arithmetic import LayerRow, layer_table
from cnn_core.config import ModelConfig
from cnn_core.convolution import LEAK, layout

if TYPE_CHECKING:
    from onnx import NodeProto

OPSET = 13
"""Version of the operators: ONNX Runtime 1.6 and everything newer opens the file."""
IR_VERSION = 7  # of the file; what came with this opset
INPUT, OUTPUT = "image", "probabilities"
OPERATORS = {"relu": "Relu", "elu": "Elu", "tanh": "Tanh", "sigmoid": "Sigmoid"}

Array = npt.NDArray[np.float32]


def to_onnx(model: ModelConfig, weights: Mapping[str, Array], classes: Sequence[str]) -> bytes:
    """The file of a network from images (N, H, W, C) in [0, 1] to probabilities (N, K), both float32.

    Args:
        model: The architecture.
        weights: Kernels and biases as Keras orders them, by "conv1/kernel", "conv1/bias" and so on.
        classes: Names of the classes; kept in the file under "classes", one a line.

    Raises:
        KeyError: If a weight is missing.
    """
    import onnx
    from onnx import helper

    network = _Network(weights)
    rows = layer_table(model)
    network.add(rows)
    image = helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, ["N", *model.input_shape])
    answer = helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, ["N", model.classes])
    graph = helper.make_graph(network.nodes, "convscope", [image], [answer], network.constants)
    file = helper.make_model(
        graph,
        producer_name="ConvScope",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(file, {"classes": "\n".join(classes)})
    onnx.checker.check_model(file, full_check=True)
    content: bytes = file.SerializeToString()
    return content


class _Network:
    """Operators in order, each reading what the one before writes, and their weights."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[Any] = []
        self.last = INPUT

    def add(self, rows: Sequence[LayerRow]) -> None:
        """Every layer; ONNX keeps channels before rows and columns, so images are turned first."""
        self.operator("Transpose", "channels_first", perm=[0, 3, 1, 2])
        for row in rows:
            match row.kind:
                case "conv":
                    self.convolution(row)
                case "pool":
                    kind = {"max": "MaxPool", "average": "AveragePool"}[str(row.pool)]
                    self.operator(kind, row.name, **_window(row))
                case "flatten":  # Keras flattens with the channel fastest
                    self.operator("Transpose", "channels_last", perm=[0, 2, 3, 1])
                    self.operator("Flatten", row.name)
                case "dense" | "output":
                    self.dense(row)
        self.nodes[-1].output[0] = OUTPUT

    def convolution(self, row: LayerRow) -> None:
        kernel = np.transpose(self.weights[f"{row.name}/kernel"], (3, 2, 0, 1))
        names = self.constant(row.name, kernel=kernel, bias=self.weights[f"{row.name}/bias"])
        self.operator("Conv", row.name, *names, **_window(row))
        self.activation(row)

    def dense(self, row: LayerRow) -> None:
        parts = {name: self.weights[f"{row.name}/{name}"] for name in ("kernel", "bias")}
        self.operator("Gemm", row.name, *self.constant(row.name, **parts))
        self.activation(row)

    def activation(self, row: LayerRow) -> None:
        name = f"{row.name}/{row.activation}"
        match row.activation:
            case "linear":
                return
            case "softmax":
                self.operator("Softmax", name, axis=-1)
            case "leaky_relu":
                self.operator("LeakyRelu", name, alpha=LEAK)
            case "gelu":
                self.gelu(name)
            case activation:
                self.operator(OPERATORS[str(activation)], name)

    def gelu(self, name: str) -> None:
        """x · (1 + erf(x / √2)) / 2; the operator of that name is newer than `OPSET`."""
        sums = self.last
        root, unit, half = self.constant(name, root=2**0.5, unit=1.0, half=0.5)
        self.operator("Div", f"{name}/scaled", root)
        self.operator("Erf", f"{name}/erf")
        self.operator("Add", f"{name}/share", unit)
        self.operator("Mul", f"{name}/product", sums)
        self.operator("Mul", name, half)

    def constant(self, layer: str, **values: npt.ArrayLike) -> Iterator[str]:
        """Names of numbers that the file holds."""
        from onnx import numpy_helper

        for name, value in values.items():
            array = np.ascontiguousarray(np.asarray(value, np.float32))
            self.constants.append(numpy_helper.from_array(array, f"{layer}/{name}"))
        return (f"{layer}/{name}" for name in values)

    def operator(self, kind: str, name: str, *inputs: str, **settings: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, [self.last, *inputs], [name], name, **settings))
        self.last = name


def _window(row: LayerRow) -> dict[str, Any]:
    """Window, step and padding, rows and columns of zeros at the top, left, bottom and right."""
    size, step = int(row.kernel or 0), int(row.stride or 0)
    height, width = row.input_shape[:2]
    place = layout((height, width), (size, size), stride=step, padding=row.padding or "valid")
    pads = [place.top, place.left, place.bottom, place.right]
    return {"kernel_shape": [size, size], "strides": [step, step], "pads": pads}
