"""The .keras file as plain Keras of other versions opens it: a zip archive whose config is JSON."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

OLDEST_KERAS = "3.5"
"""Oldest version of Keras that opens the files of ConvScope."""
NEWER_KEYS = frozenset({"input_axes", "output_axes", "quantization_config", "optional", "ragged"})
"""Arguments of layers and initializers that older versions do not know."""


def portable(content: bytes, *, float32: bool = False) -> bytes:
    """The same network for Keras from `OLDEST_KERAS` on: without newer arguments that have no effect.

    Args:
        content: A .keras file.
        float32: Also set every layer to float32. In mixed precision the weights are float32 already: only
            the precision of the operations changes.

    Raises:
        ValueError, KeyError, zipfile.BadZipFile: If it is no .keras file.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        config = json.loads(old.read("config.json"))
        plain = _plain(config, float32=float32)
        if plain == config:
            return content
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w") as new:
            for member in old.infolist():
                changed = member.filename == "config.json"
                new.writestr(member, json.dumps(plain) if changed else old.read(member))
    return copy.getvalue()


def _plain(tree: Any, *, float32: bool) -> Any:
    if isinstance(tree, list):
        return [_plain(branch, float32=float32) for branch in tree]
    if not isinstance(tree, dict):
        return tree
    if float32 and tree.get("class_name") == "DTypePolicy":
        tree = {**tree, "config": {**tree["config"], "name": "float32"}}
    return {
        key: _plain(branch, float32=float32)
        for key, branch in tree.items()
        if key not in NEWER_KEYS or branch not in (None, False)
    }
