"""Layers in the words of `assets/network/layers.js`."""

from __future__ import annotations

from typing import Any

from cnn_core.arithmetic import LayerRow


def describe(row: LayerRow) -> dict[str, Any]:
    """A row of the layer table as plain JSON types, with everything a forward pass needs but the weights."""
    layer: dict[str, Any] = {"name": row.name, "kind": row.kind}
    match row.kind:
        case "conv":
            layer |= {"filters": row.output_shape[-1], "activation": row.activation}
        case "pool":
            layer |= {"pool": row.pool}
        case "dense" | "output":
            layer |= {"units": row.output_shape[-1], "activation": row.activation}
    if row.kind in {"conv", "pool"}:
        window = [row.kernel, row.kernel]
        layer |= {"window": window, "stride": row.stride, "padding": row.padding or "valid"}
    return layer
