"""A picture of many tiles to choose one from: mounts the component of `assets/tiles`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

ASSETS = Path(__file__).parent.parent / "assets" / "tiles"

_mount = st.components.v2.component(
    "convscope_tiles",
    html=(ASSETS / "tiles.html").read_text("utf-8"),
    css=(ASSETS / "tiles.css").read_text("utf-8"),
    js=(ASSETS / "tiles.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Grid:
    """How a mosaic lies: `count` tiles of `width` × `height` pixels, `gap` between, `columns` in a row.

    `rows` is given where the picture has room for more tiles than there are.
    """

    count: int
    columns: int
    width: int
    height: int
    gap: int
    rows: int | None = None


def tiles(
    key: str,
    png: bytes,
    grid: Grid,
    *,
    alt: str,
    tips: Sequence[str],
    on_pick: Callable[[int], None],
    chosen: int | None = None,
    marks: Sequence[tuple[int, str]] = (),
    sharp: bool = True,
) -> None:
    """Show a mosaic; a click or an arrow key calls `on_pick` with the tile before the next run.

    Its height follows from its width and the grid alone, so a picture of the same grid changes in place.

    Args:
        key: Its name on the page.
        png: The mosaic.
        grid: How it lies.
        alt: What it shows, in words.
        tips: A word on each tile, for the pointer and for screen readers.
        on_pick: Called with the index of the tile.
        chosen: The tile with a frame.
        marks: Tiles with a sign at their corner.
        sharp: Enlarge without smoothing; else it is shown smaller than it is, and smoothed.
    """
    _mount(
        key=key,
        data={
            "png": base64.b64encode(png).decode(),
            "count": grid.count,
            "columns": grid.columns,
            "rows": grid.rows or -(-grid.count // grid.columns),
            "width": grid.width,
            "height": grid.height,
            "gap": grid.gap,
            "chosen": chosen,
            "alt": alt,
            "tips": list(tips),
            "marks": [list(mark) for mark in marks],
            "sharp": sharp,
        },
        on_pick_change=lambda: _picked(key, grid.count, on_pick),
    )


def _picked(key: str, count: int, on_pick: Callable[[int], None]) -> None:
    """Hand on what the browser sent, if it is a tile."""
    state = st.session_state.get(key)
    tile = state.get("pick") if hasattr(state, "get") else None
    if isinstance(tile, int) and 0 <= tile < count:
        on_pick(tile)
