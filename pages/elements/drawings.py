"""Many small drawings as one element of the page: mounts the component of `assets/wall`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from cnn_core.browser.bundle import bundle
from cnn_core.paths import ASSETS

FOLDER = ASSETS / "wall"

_mount = st.components.v2.component(
    "convscope_wall",
    html=(FOLDER / "wall.html").read_text("utf-8"),
    css=(FOLDER / "wall.css").read_text("utf-8"),
    js=bundle(FOLDER / "wall.js"),
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A drawing.

    Attributes:
        number: Of its event.
        place: In the picture that holds all of them, from 0, row by row.
        answer: What is written below it; empty if there is nothing yet.
        sure: Probability of the answer.
        tip: A sentence on it, for the pointer and for screen readers.
    """

    number: int
    place: int
    answer: str
    sure: float
    tip: str


@dataclass(frozen=True, slots=True)
class Wall:
    """Drawings in groups.

    Attributes:
        sprite: Address of a picture with all of them.
        columns: Drawings in a row of that picture.
        count: Drawings in it.
        groups: Name, title and tiles of each.
        empty: What is shown while there are none.
        hide: What a click on a drawing does, in words.
        long_answers: Answers have names that need larger tiles, and two lines.
    """

    sprite: str
    columns: int
    count: int
    groups: Sequence[tuple[str, str, Sequence[Tile]]]
    empty: str
    hide: str
    long_answers: bool = False


def drawings(key: str, wall: Wall, on_hide: Callable[[int], None]) -> None:
    """Show the drawings; a click hides one.

    Args:
        key: Their name on the page.
        wall: The drawings.
        on_hide: Called with the number of the drawing that was clicked.
    """
    data = {
        "sprite": wall.sprite, "columns": wall.columns, "rows": -(-wall.count // wall.columns),
        "groups": [
            {"name": name, "title": title, "tiles": [asdict(tile) for tile in tiles]}
            for name, title, tiles in wall.groups
        ],
        "empty": wall.empty, "hide": wall.hide, "longAnswers": wall.long_answers,
    }  # fmt: skip
    numbers = {tile.number for _, _, tiles in wall.groups for tile in tiles}
    _mount(key=key, data=data, on_hide_change=lambda: _hidden(key, numbers, on_hide))


def _hidden(key: str, numbers: set[int], on_hide: Callable[[int], None]) -> None:
    """Hand on what the browser sent, if it is one of the drawings."""
    state = st.session_state.get(key)
    number = state.get("hide") if hasattr(state, "get") else None
    if isinstance(number, int) and number in numbers:
        on_hide(number)
