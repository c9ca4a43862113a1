"""One number of the network written out, for the image of the page: mounts `assets/sums`."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import streamlit as st

from cnn_core import runs, texts
from cnn_core.browser.bundle import bundle
from cnn_core.config import ACTIVATIONS
from cnn_core.figures import palette
from cnn_core.paths import ASSETS
from pages.network import in_browser
from pages.network.epochs import kept_epoch
from pages.network.names import class_names
from pages.parts.feature_maps import maps
from pages.pictures.run_image import Chosen
from pages.session.doors import colours
from pages.session.words import language, t

FOLDER = ASSETS / "sums"
KEY = "feature_maps_sums"

_mount = st.components.v2.component(
    "convscope_sums",
    html=(FOLDER / "sums.html").read_text("utf-8"),
    css=(FOLDER / "sums.css").read_text("utf-8"),
    js=bundle(FOLDER / "sums.js"),
)


def sums(run: runs.Run, image: Chosen, *, kept: bool) -> None:
    """Any number of any layer, to the end; a sentence where the browser does not have the weights."""
    if not kept:
        st.caption(t("sums.kept", epoch=kept_epoch(run)))
    elif not in_browser.reads(run):
        st.caption(t("sums.not_here"))
    else:
        _mount(key=f"{KEY}_parts", data=_data(run, image))


def _data(run: runs.Run, image: Chosen) -> dict[str, Any]:
    pixels = image.pixels
    numbers = pixels.astype(np.float32) / (255 if pixels.dtype == np.uint8 else 1)
    name = maps.layer(run).removesuffix(maps.SUM)
    return {
        "network": in_browser.address(run, KEY),
        "image": _packed(np.ascontiguousarray(numbers, "<f4")),
        "truth": image.truth,
        "classes": list(class_names(run)),
        "layer": name,
        "channel": maps.map_index(run),
        "sequential": _packed(palette.SEQUENTIAL),
        "diverging": _packed(palette.SCALES[colours().diverging]),
        "activations": {name: t(f"choice.activation.{name}") for name in ACTIVATIONS},
        "words": _words(),
    }


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _words() -> dict[str, str]:
    """The words that the browser fills itself."""
    start = "sums.js."
    table = texts.table(language())
    return {key.removeprefix(start): text for key, text in table.items() if key.startswith(start)}
