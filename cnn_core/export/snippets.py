"""Keras code that computes what a figure shows, for a visitor's own notebook. Text only."""

from __future__ import annotations


def feature_map_lines(layer: str, shape: tuple[int, ...]) -> str:
    """Three lines that compute a layer's output for `image`, uint8 of the input's shape (H, W, C).

    They expect `keras`, `np`, a `model` and the `image`, and assign the result to `maps`.

    Args:
        layer: Name of the layer; with "/sum" at its end, the output of a convolution before its activation.
        shape: Shape of the result, for the comment.
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
