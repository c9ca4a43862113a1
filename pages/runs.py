"""Which change helped, and is it more than chance? All runs in a table, and chosen ones side by side."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.planning import limits
from cnn_core.runs import space
from pages.elements.head import head
from pages.network import room_scores
from pages.parts.runs import (
    actions,
    curves,
    inside,
    orders,
    pair,
    project,
    race,
    seeds,
    selection,
    table,
)
from pages.parts.runs.rows import Row
from pages.pictures import run_image
from pages.session import choices
from pages.session.address import followed
from pages.session.html import STYLE
from pages.session.words import t

POLL_S = 1.0


def main() -> None:
    """Filters, what can be done with the chosen runs, table and curves, and then what takes longer.

    What comes and goes has a container, so that the chart below keeps its place and is not mounted again.
    """
    st.html(STYLE)
    head("runs")
    _say_if_full()
    with st.container(key="runs_above"):
        link = selection.follow()
        st.session_state.pop(selection.CHANGED, None)
        selected = selection.chosen_runs()
        for run in inside.with_weights(selected)[:1]:
            run_image.follow(link, run)
        followed("runs", link)
        listed = table.filters()
        actions.actions(selected)
        with st.container(key="runs_more"):
            race.race(selected)
            project.uploader()
    busy = bool(orders.waiting() or room_scores.waiting()) or any(_active(row) for row in listed)
    busy = busy or any(map(_trains, selected))
    with st.container(key="runs_live"):
        st.fragment(_live, run_every=POLL_S if busy else None)(busy, [listed])
    with st.container(key="runs_views"):
        finish = _views(selected)
    selection.publish()
    finish()


def _say_if_full() -> None:
    """Before runs of absent visitors are deleted for their disk space, everybody is told."""
    cap = limits.valid().gigabytes
    if space.nearly_full(cap * 1_000_000_000):
        st.warning(t("runs.disk", cap=cap, days=space.ABSENT_DAYS), icon=":material/hard_drive:")


def _live(busy: bool, just_read: list[list[Row]]) -> None:
    """Table and curves redraw alone while a run trains, and then let the page settle.

    Args:
        busy: Whether it redraws by itself.
        just_read: The rows that the page has just read, for the first time; taken out of the list.
    """
    if st.session_state.get(selection.CHANGED):
        st.rerun()
    placed = orders.place()
    room_scores.advance(room_scores.drawings())
    listed = just_read.pop() if just_read and not placed else table.listed()
    just_read.clear()
    try:
        selected = [runs.open_run(run_id) for run_id in selection.selected()]
    except CnnError:
        st.rerun()
    if (
        busy
        and not orders.waiting()
        and not room_scores.waiting()
        and not any(map(_active, listed))
        and not any(map(_trains, selected))
    ):
        st.rerun()
    with st.container(key="runs_table"):
        _empty(listed)
        if listed:
            table.table(listed)
    if selected:
        curves.chart(selected)
    if len(selected) > 1:
        curves.differences(selected)
    if selected:
        seeds.seeds(selected)
    if not selection.image_comes():
        selection.publish()


def _views(selected: list[runs.Run]) -> Callable[[], None]:
    """What is asked of the networks; only the open tab is made.

    Returns:
        What is to be called when the rest of the page is drawn.
    """
    finish = inside.nothing
    st.session_state.pop(selection.IMAGE, None)
    if not selected:
        return finish
    names = ("kernels", "image") if len(selected) == 1 else ("pair", "kernels", "image")
    for name, tab in choices.tabs(
        names, key=selection.VIEW, format_func=lambda name: t(f"runs.view_{name}")
    ):
        if not tab.open:
            continue
        with tab, st.container(key=f"runs_view_{name}"):
            if name == "pair":
                pair.pair(selected)
            elif name == "kernels":
                inside.first_kernels(selected)
            else:
                st.session_state[selection.IMAGE], finish = inside.one_image(selected)
    return finish


def _active(row: Row) -> bool:
    return row.state in (*runs.ACTIVE, "paused", "evaluating")


def _trains(run: runs.Run) -> bool:
    return runs.status(run).active


def _empty(listed: list[Row]) -> None:
    """What to do where there is nothing of one's own yet, or nothing that passes the filters."""
    if not listed:
        st.info(t("runs.none_pass"), icon=":material/filter_alt_off:")
    elif all(row.run.shipped for row in listed):
        st.info(t("runs.none_yet"), icon=":material/model_training:")
        st.page_link("pages/playground.py", label=t("inside.train_one"), icon=":material/tune:")


main()
