"""What was clicked in an ECharts chart; for the chart's callback."""

from __future__ import annotations

import streamlit as st


def clicked(chart: str) -> list[int]:
    """Numbers of the items that are selected in the chart of that key."""
    groups = st.session_state[chart]["selection"]["selected"]
    return [int(index) for group in groups for index in group["data_indices"]]


def clicked_cell(chart: str, columns: int) -> tuple[int, int] | None:
    """Row and column of the cell of a square matrix that was clicked.

    The chart unselects a cell that is clicked again, which counts as a click on it.
    """
    memory = f"clicked_cell_of_{chart}"
    indices = clicked(chart)
    index = indices[0] if indices else st.session_state.get(memory)
    st.session_state[memory] = index
    if index is None or index >= columns * columns:
        return None
    return divmod(index, columns)
