"""A picture of many tiles to choose one from: mounts the component of `assets/tiles`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnn_core import markup
from cnn_core.browser.bundle import bundle
from cnn_core.figures.mosaic import Scale
from cnn_core.figures.palette import stops
from cnn_core.paths import ASSETS
from pages.elements import saving

FOLDER = ASSETS / "tiles"

_mount = st.components.v2.component(
    "convscope_tiles",
    html=markup.fill_file("tiles/tiles.html.jinja", on_canvas=False),
    css=(FOLDER / "tiles.css").read_text("utf-8") + saving.STYLE,
    js=bundle(FOLDER / "tiles.js"),
    isolate_styles=False,  # heads and feet look like the rest of the page
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


@dataclass(frozen=True, slots=True)
class Legend:
    """The colours of a scale, with what the ends and the middle stand for."""

    scale: Scale
    low: str
    high: str
    middle: str = ""

    def data(self) -> dict[str, Any]:
        """What the component gets."""
        ends = {"low": self.low, "high": self.high, "middle": self.middle}
        return {"colours": list(stops(self.scale)), **ends}


@dataclass(frozen=True, kw_only=True)
class Board:
    """A mosaic of which one tile can be chosen.

    Its height follows from its width and the grid alone, so a picture of the same grid changes in place.

    Attributes:
        name: Its name on the page.
        png: The mosaic.
        grid: How it lies.
        alt: What it shows, in words.
        tips: A word on each tile, for the pointer and for screen readers.
        on_pick: Called with the index of the tile before the next run.
        marked: The tile with a frame.
        marks: Tiles with a sign at their corner.
        sharp: Enlarge without smoothing; else it is shown smaller than it is, and smoothed.
        title: Shown above it.
        note: Shown after the title.
        legend: Shown below it.
        first: Begins a new row of boards.
        narrow: At most so many tiles in a row on a phone; the browser rearranges the picture.
        values: What each tile stands for; other parts of the page that compute in the browser are told.
    """

    name: str
    png: bytes
    grid: Grid
    alt: str
    tips: Sequence[str]
    on_pick: Callable[[int], None]
    marked: int | None = None
    marks: Sequence[tuple[int, str]] = ()
    sharp: bool = True
    title: str = ""
    note: str = ""
    legend: Legend | None = None
    first: bool = False
    narrow: int | None = None
    values: Sequence[int] | None = None

    def data(self) -> dict[str, Any]:
        """What the component gets."""
        grid = self.grid
        return {
            "name": self.name,
            "png": base64.b64encode(self.png).decode(),
            "count": grid.count,
            "columns": grid.columns,
            "rows": grid.rows or -(-grid.count // grid.columns),
            "width": grid.width,
            "height": grid.height,
            "gap": grid.gap,
            "chosen": self.marked,
            "alt": self.alt,
            "tips": list(self.tips),
            "marks": [list(mark) for mark in self.marks],
            "sharp": self.sharp,
            "title": self.title,
            "note": self.note,
            "legend": self.legend.data() if self.legend else None,
            "first": self.first,
            "narrow": self.narrow,
            "values": None if self.values is None else list(self.values),
            "save": saving.save_words(self.name, self.title) if self.title else None,
        }


def tiles(board: Board) -> None:
    """Show a mosaic; a click or an arrow key chooses a tile."""
    boards(board.name, [board])


def boards(key: str, mosaics: Sequence[Board], across: int = 1) -> None:
    """Show several mosaics as one element of the page: each element more costs a browser milliseconds.

    Args:
        key: Their name on the page.
        shown: The mosaics.
        across: How many stand in a row where there is room.
    """
    _mount(
        key=key,
        data={"across": across, "boards": [board.data() for board in mosaics]},
        on_pick_change=lambda: _picked(key, mosaics),
    )


def _picked(key: str, mosaics: Sequence[Board]) -> None:
    """Hand on what the browser sent, if there is such a tile."""
    state = st.session_state.get(key)
    message = state.get("pick") if hasattr(state, "get") else None
    match message:
        case [int(number), int(tile)] if 0 <= number < len(mosaics):
            if 0 <= tile < mosaics[number].grid.count:
                mosaics[number].on_pick(tile)
