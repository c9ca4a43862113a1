"""Which layer and filter a visitor looks at: pages take them over from one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import streamlit as st

from cnn_core import arithmetic, runs

NEWEST, SEEN = "inside_unit", "inside_unit_seen"  # session keys


class Unit(NamedTuple):
    """A layer by name and one of its filters, or of the maps that follow from them."""

    layer: str
    filter: int


def take(run: runs.Run, page: str, layers: Iterable[str]) -> Unit | None:
    """The layer and filter that another page chose since this one was last shown, if it knows such a layer.

    A page that knows convolutions alone takes that before a pooling.
    """
    newest: tuple[str, Unit] | None = st.session_state.get(NEWEST)
    if newest is None or newest[0] == page or _seen().get(page) == newest:
        return None
    st.session_state[SEEN] = {**_seen(), page: newest}
    layer, names, index = newest[1].layer, list(layers), newest[1].filter
    rows = {row.name: row for row in arithmetic.layer_table(run.model)}
    if layer.partition("/")[0] not in rows:
        return None
    if layer not in names:
        before = list(rows)[: list(rows).index(layer.partition("/")[0]) + 1]
        layer = next((name for name in reversed(before) if name in names), "")
    return (
        Unit(layer, index)
        if layer and index < rows[layer.partition("/")[0]].output_shape[-1]
        else None
    )


def keep(page: str, layer: str, index: int, link: Mapping[str, str] | None = None) -> None:
    """Tell other pages which layer and filter this one shows, if the visitor or a link chose them.

    Args:
        page: Its name.
        layer: Name of the layer.
        index: Number of the filter.
        link: What a link asks of the page in this run.
    """
    unit, current = Unit(layer, index), st.session_state.setdefault("inside_unit_shown", {})
    changed = page in current and current[page] != unit
    if changed or (link and "layer" in link):
        st.session_state[NEWEST] = (page, unit)
    current[page] = unit


def _seen() -> dict[str, tuple[str, Unit]]:
    seen: dict[str, tuple[str, Unit]] = st.session_state.get(SEEN, {})
    return seen
