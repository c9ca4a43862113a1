"""An image and the numbers beneath any part of it: mounts the component of `assets/pixels`."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import numpy as np
import streamlit as st

from cnn_core.browser.bundle import bundle
from cnn_core.paths import ASSETS
from pages.session.words import t

FOLDER = ASSETS / "pixels"
SIZES = (4, 6, 8, 12)  # cells on a side
WORDS = ("stage", "grid", "less", "more", "bytes", "floats")

Place = tuple[int, int, int]
"""Row and column of the first cell, and cells on a side."""

_mount = st.components.v2.component(
    "convscope_pixels",
    html=(FOLDER / "pixels.html").read_text("utf-8"),
    css=(FOLDER / "pixels.css").read_text("utf-8"),
    js=bundle(FOLDER / "pixels.js"),
)


def pixels(key: str, image: np.ndarray, name: str, place: Place) -> None:
    """Show an image with a window on it, and the numbers in the window.

    Args:
        key: Its name on the page.
        image: uint8 of shape (H, W), (H, W, 3) or (H, W, 4).
        name: Another name stands for another image.
        place: Where the window begins with this image; then it goes where the visitor puts it.
    """
    row, column, cells = place
    height, width = image.shape[:2]
    _mount(
        key=key,
        data={
            "image": name,
            "pixels": base64.b64encode(image.tobytes()).decode(),
            "height": height,
            "width": width,
            "channels": 1 if image.ndim == 2 else image.shape[2],
            "row": row,
            "column": column,
            "cells": cells,
            "sizes": SIZES,
            "words": {word: t(f"pixels.{word}") for word in WORDS},
        },
        on_place_change=lambda: None,
    )


def placed(key: str, name: str) -> Place | None:
    """Where the visitor has put the window on that image; None before the first move.

    Whatever a browser sends, whole numbers or None.
    """
    state = st.session_state.get(key)
    sent = state.get("place") if isinstance(state, Mapping) else None
    if not isinstance(sent, Mapping) or sent.get("image") != name:
        return None
    place = (sent.get("row"), sent.get("column"), sent.get("cells"))
    row, column, cells = (
        number if isinstance(number, int) and number >= 0 else 0 for number in place
    )
    return row, column, cells if cells in SIZES else SIZES[0]
