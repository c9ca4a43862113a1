"""What networks say to a drawing, computed in the visitor's browser: mounts `assets/reading`."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import streamlit as st
from streamlit import runtime

from cnn_core import browser, runs
from cnn_core.arithmetic import layer_table, totals
from cnn_core.browser.bundle import bundle
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic, palette
from cnn_core.paths import ASSETS
from pages.network.names import class_names, name_of
from pages.session.words import t

FOLDER = ASSETS / "reading"
# What a notebook computes within a frame and a phone loads in a few seconds. The textbook network has
# 4 million multiply-adds and 1.3 MB, and takes 3 ms; a frame takes a cheap phone about 100 ms.
MOST_MULTIPLICATIONS = 12_000_000
MOST_PARAMETERS = 2_000_000
WORDS = (
    "step_canvas", "step_crop", "step_scaled", "step_centred", "step_naive", "hint", "bars", "failed",
)  # fmt: skip

_mount = st.components.v2.component(
    "convscope_reading",
    html=(FOLDER / "reading.html").read_text("utf-8"),
    js=bundle(FOLDER / "reading.js"),
    isolate_styles=False,  # it looks like what the server would draw in its place
)


def reads(run: runs.Run) -> bool:
    """Whether browsers get that network: it is small enough, and there is a server to fetch it from."""
    sums = totals(layer_table(run.model))
    small = sums.multiplications <= MOST_MULTIPLICATIONS and sums.params <= MOST_PARAMETERS
    return runtime.exists() and small and _packed(run) is not None


def reading(key: str, pad: str, selected: Sequence[runs.Run]) -> None:
    """Show what each network says to the drawing on a pad, in the frame in which it changes.

    Args:
        key: Its name on the page.
        pad: Key of the pad.
        chosen: Networks that browsers get, as `reads` says.
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
    packed = _packed(run)
    assert packed is not None, "reads(run) said so"
    files = runtime.get_instance().media_file_mgr
    url = files.add(packed.data, "application/octet-stream", place)
    classes = class_names(run)
    first = layer_table(run.model)[0]
    height, width, count = first.output_shape
    return {
        "name": packed.name,
        "url": url.lstrip("/"),  # beside the page, wherever a proxy has put it
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


def _packed(run: runs.Run) -> browser.Packed | None:
    """The network for browsers, or None where its weights cannot be read."""
    try:
        changed = (run.folder / browser.FILE).stat().st_mtime_ns
        return _pack(run.id, changed)
    except (CnnError, OSError):
        return None


@lru_cache(maxsize=8)
def _pack(run_id: str, changed: int) -> browser.Packed:
    """Packed once for all visitors, and again when a training has kept better weights."""
    return browser.pack(runs.open_run(run_id))
