"""Which change helped, and is it more than chance? All runs in a table, and chosen ones side by side."""

from __future__ import annotations

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from pages.elements.head import head
from pages.parts.runs import (
    actions,
    curves,
    inside,
    orders,
    pair,
    race,
    seeds,
    selection,
    table,
)
from pages.parts.runs.rows import Row
from pages.pictures import run_image
from pages.session.html import STYLE
from pages.session.words import t

POLL_S = 1.0


def main() -> None:
    """Filters, what can be done with the chosen runs, table and curves, and then what takes longer.

    What comes and goes has a container, so that the chart below keeps its place and is not mounted again.
    """
    st.html(STYLE)
    head("runs")
    with st.container(key="runs_above"):
        run_image.follow(selection.follow())
        st.session_state.pop(selection.CHANGED, None)
        chosen = selection.chosen_runs()
        table.filters()
        actions.actions(chosen)
        race.race(chosen)
    busy = bool(orders.waiting()) or any(_active(row) for row in table.listed())
    busy = busy or any(map(_trains, chosen))
    with st.container(key="runs_live"):
        st.fragment(_live, run_every=POLL_S if busy else None)(busy)
    with st.container(key="runs_views"):
        _views(chosen)
    selection.publish()
    run_image.finish()


def _live(busy: bool) -> None:
    """Table and curves redraw alone while a run trains, and then let the page settle."""
    if st.session_state.get(selection.CHANGED):
        st.rerun()
    orders.place()
    shown = table.listed()
    try:
        chosen = [runs.open_run(it) for it in selection.selected()]
    except CnnError:
        st.rerun()
    if (
        busy
        and not orders.waiting()
        and not any(map(_active, shown))
        and not any(map(_trains, chosen))
    ):
        st.rerun()
    with st.container(key="runs_table"):
        _empty(shown)
        if shown:
            table.table(shown)
    if chosen:
        curves.chart(chosen)
    if len(chosen) > 1:
        curves.differences(chosen)
    if chosen:
        seeds.seeds(chosen)
    selection.publish()


def _views(chosen: list[runs.Run]) -> None:
    """What is asked of the networks; only the open tab is made."""
    st.session_state.pop(selection.IMAGE, None)
    if not chosen:
        return
    names = ("kernels", "image") if len(chosen) == 1 else ("pair", "kernels", "image")
    tabs = st.tabs([t(f"runs.view_{name}") for name in names], key="runs_view", on_change="rerun")
    for name, tab in zip(names, tabs, strict=True):
        if not tab.open:
            continue
        with tab, st.container(key=f"runs_view_{name}"):
            if name == "pair":
                pair.pair(chosen)
            elif name == "kernels":
                inside.first_kernels(chosen)
            else:
                st.session_state[selection.IMAGE] = inside.one_image(chosen)


def _active(row: Row) -> bool:
    return row.state in (*runs.ACTIVE, "paused", "evaluating")


def _trains(run: runs.Run) -> bool:
    return runs.status(run).active


def _empty(shown: list[Row]) -> None:
    """What to do where there is nothing of one's own yet, or nothing that passes the filters."""
    if not shown:
        st.info(t("runs.none_pass"), icon=":material/filter_alt_off:")
    elif all(row.run.shipped for row in shown):
        st.info(t("runs.none_yet"), icon=":material/model_training:")
        st.page_link("pages/playground.py", label=t("inside.train_one"), icon=":material/tune:")


main()
