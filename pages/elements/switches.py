"""A picture of many tiles, each a switch: mounts the component of `assets/switches`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Sequence

import streamlit as st

from cnn_core.browser.bundle import bundle
from cnn_core.paths import ASSETS
from pages.elements.tiles import Grid

FOLDER = ASSETS / "switches"

_mount = st.components.v2.component(
    "convscope_switches",
    html=(FOLDER / "switches.html").read_text("utf-8"),
    css=(FOLDER / "switches.css").read_text("utf-8"),
    js=bundle(FOLDER / "switches.js"),
)


def switches(
    key: str,
    png: bytes,
    grid: Grid,
    *,
    name: str,
    alt: str,
    tips: Sequence[str],
    off: Collection[int],
    marked: int,
    sharp: bool,
    on_turn: Callable[[str, list[int], int], None],
) -> None:
    """Show a mosaic; a click calls `on_turn` before the next run.

    Args:
        key: Its name on the page.
        png: The mosaic.
        grid: How it lies.
        name: What its tiles belong to; handed back, since a click may come late.
        alt: What it shows, in words.
        tips: A word on each tile, for the pointer and for screen readers.
        off: Tiles that are switched off.
        marked: The tile with a frame.
        sharp: Enlarge without smoothing.
        on_turn: Called with the name, all tiles that are off now, and the tile that was turned.
    """
    _mount(
        key=key,
        data={
            "png": base64.b64encode(png).decode(),
            "name": name,
            "count": grid.count,
            "columns": grid.columns,
            "width": grid.width,
            "height": grid.height,
            "gap": grid.gap,
            "chosen": marked,
            "off": sorted(off),
            "turn": st.session_state.get(f"{key}_turn", 0),
            "alt": alt,
            "tips": list(tips),
            "sharp": sharp,
        },
        on_turn_change=lambda: _turned(key, on_turn),
    )


def _turned(key: str, on_turn: Callable[[str, list[int], int], None]) -> None:
    """Hand on what the browser sent, if it has the right form; the page knows what its numbers may be."""
    state = st.session_state.get(key)
    message = state.get("turn") if hasattr(state, "get") else None
    match message:
        case {"name": str(name), "off": list(off), "tile": int(tile), "turn": int(turn)} if all(
            isinstance(tile_off, int) for tile_off in off
        ):
            st.session_state[f"{key}_turn"] = turn
            on_turn(name, off, tile)
