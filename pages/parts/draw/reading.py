"""What networks say to a drawing, computed in the visitor's browser: mounts `assets/reading`."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import streamlit as st

from cnn_core import runs
from cnn_core.arithmetic import layer_table
from cnn_core.browser.bundle import bundle
from cnn_core.figures import mosaic, palette
from cnn_core.paths import ASSETS
from pages.network import in_browser
from pages.network.names import class_names, name_of
from pages.session.words import t

FOLDER = ASSETS / "reading"
WORDS = (
    "step_canvas", "step_crop", "step_scaled", "step_centred", "step_naive", "hint", "bars", "failed",
)  # fmt: skip

_mount = st.components.v2.component(
    "convscope_reading",
    html=(FOLDER / "reading.html").read_text("utf-8"),
    js=bundle(FOLDER / "reading.js"),
    isolate_styles=False,  # it looks like what the server would draw in its place
)


def reading(key: str, pad: str, selected: Sequence[runs.Run]) -> None:
    """Show what each network says to the drawing on a pad, in the frame in which it changes.

    Args:
        key: Its name on the page.
        pad: Key of the pad.
        chosen: Networks that browsers get, as `in_browser.reads` says.
    """
    words = {name: t(f"draw.{name}") for name in WORDS}
    words |= {"loading": t("draw.waking"), "input": t("draw.input", size="{size}")}
    words["bars_alt"] = t("draw.bars_alt", shares="{shares}")
    data = {
        "pad": pad,
        "networks": [_network(f"{key}-{number}", run) for number, run in enumerate(selected)],
        "colours": base64.b64encode(palette.SEQUENTIAL.tobytes()).decode(),
        "words": words,
    }
    _mount(key=key, data=data)


def _network(place: str, run: runs.Run) -> dict[str, Any]:
    classes = class_names(run)
    first = layer_table(run.model)[0]
    height, width, count = first.output_shape
    return {
        **in_browser.address(run, place),
        "title": name_of(run),
        "classes": list(classes),
        "same": [_without("same", name) for name in classes],
        "other": [_without("other", name) for name in classes],
        "maps": t("draw.maps", layer=first.name, count=count, height=height, width=width),
        "shape": [height, width, count],
        "columns": 8 if count % 8 == 0 else mosaic.default_columns((count, height, width)),
    }


def _without(which: str, name: str) -> list[str]:
    """The sentence on the drawing as it is on the pad: the part before the name, the name, the rest."""
    return list(t(f"draw.without_{which}", name=name, share="{share}").partition(name))
