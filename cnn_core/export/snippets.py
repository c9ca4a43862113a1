"""The Keras lines that compute a picture, for a visitor who wants to do it alone. Text only."""

from __future__ import annotations


def feature_map_lines(layer: str, shape: tuple[int, ...]) -> str:
    """Three lines that compute what a layer makes of `image`, uint8 of the input's shape.

    They expect `keras`, `np`, a `model` and the `image`, and leave the answer in `maps`.

    Args:
        layer: Name of the layer; with "/sum" at its end, what a convolution has before its activation.
        shape: Shape of the answer, for the remark.
    """
    name, _, sums = layer.partition("/")
    output = "layer.output"
    if sums:
        output = "layer.convolution_op(layer.input, layer.kernel) + layer.bias"
    return (
        f'layer = model.get_layer("{name}")\n'
        f"probe = keras.Model(model.inputs[0], {output})\n"
        f"maps = probe(image[np.newaxis] / 255)[0]  # {shape}"
    )
