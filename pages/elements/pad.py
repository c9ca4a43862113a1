"""The drawing pad: mounts the component of `assets/pad` and reads what was drawn on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from cnn_core import drawing
from cnn_core.browser import desk
from cnn_core.browser.bundle import bundle
from cnn_core.paths import ASSETS
from pages.session.words import t

FOLDER = ASSETS / "pad"
SIDE = 140  # of the canvas that the pad sends, in pixels; PIXELS in pad.js

_mount = st.components.v2.component(
    "convscope_pad",
    html=(FOLDER / "pad.html").read_text("utf-8"),
    css=(FOLDER / "pad.css").read_text("utf-8"),
    js=bundle(FOLDER / "pad.js"),
)


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is on a pad.

    Attributes:
        canvas: uint8 of shape (140, 140), ink bright on black.
        number: Counts the messages of the pad.
        live: Whether the pointer is still down.
    """

    canvas: np.ndarray
    number: int
    live: bool


def pad(
    key: str,
    *,
    again: float = 0.0,
    answer: str = "",
    local: bool = False,
    dataset: str = "",
    sheet: str = "",
) -> Drawing | None:
    """Show the pad of that key; what is drawn on it, or None before the first stroke.

    It sends while a stroke is drawn, and waits with the next message until the run that it caused
    has come to this call. So call it last, in a fragment, and read `drawn(key)` before.

    Args:
        key: Of the pad.
        again: Seconds after which it sends once more what is on it; 0 for never.
        answer: Shown below the sheet on small screens, where the answer itself would be out of sight.
        local: The page answers in the browser.
        dataset: What the network has learned; says what to draw.
        sheet: Another one than before empties the pad.
    """
    seen = _state(key).get("number")
    words = desk.pad_words(t, dataset)
    data = {"key": key, "brush": desk.BRUSH, "seen": seen, "words": words}
    data |= {"again": round(again * 1000), "answer": answer, "local": local, "sheet": sheet}
    _mount(key=key, data=data, on_drawing_change=lambda: None)
    return drawn(key)


def drawn(key: str) -> Drawing | None:
    """What is on the pad of that key; known before `pad(key)` is called in a run."""
    state = _state(key)
    canvas = drawing.unpack(str(state.get("ink", "")), SIDE)
    if canvas is None:
        return None
    number = state.get("number")
    return Drawing(canvas, number if isinstance(number, int) else 0, bool(state.get("live")))


def _state(key: str) -> Mapping[str, Any]:
    """The pad's last message. Whatever a browser sends, a mapping."""
    state = st.session_state.get(key)
    sent = state.get("drawing") if isinstance(state, Mapping) else None
    return sent if isinstance(sent, Mapping) else {}
