"""Which runs are listed and which are compared: kept in the session and in the address."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.figures.overlay import MOST
from pages.network import run_actions
from pages.session import settings
from pages.session.address import LONGEST_FIND, arrived, say, went_back
from pages.session.settings import Setting, flag
from pages.session.visitor import visitor
from pages.session.words import t

RACE = "runs_race"  # session key: the race that is shown
SELECTED = "runs_selected"
VERSION = "runs_version"  # goes up with a selection that does not come from the table itself
CHANGED = "runs_changed"
LEADING = "runs_leading"  # runs at the top of the table, where a link or a button chose them
WHOSE, TEXT = "runs_whose", "runs_text"
STARRED, SINGLE = "runs_starred", "runs_single"
SETTING, VALUE, AXIS = "runs_setting", "runs_value", "runs_axis"
PAIR = {"first": "runs_first", "second": "runs_second"}
VIEW, EVERYTHING = "runs_view", "runs_everything"
SETTINGS = (
    Setting("view", VIEW, ("pair", "kernels", "image"), None),
    flag("all", EVERYTHING),
    flag("starred", STARRED),
    flag("single", SINGLE),
)
PLAIN = {"whose": WHOSE, "find": TEXT, "only": SETTING, "is": VALUE, "axis": AXIS, **PAIR}
IMAGE = "runs_image"
LINK = ("runs", "starred", "single", "view", "all", "race", "source", "part", "index", "of", *PLAIN)
BETWEEN = "~"


def selected() -> list[str]:
    """Ids of the chosen runs, in the order in which they were chosen; at most `MOST`."""
    return list(st.session_state.setdefault(SELECTED, []))


def select(ids: list[str]) -> None:
    """Choose these runs, at the top of the table; for a callback, or before the table is drawn."""
    _mark(ids)
    st.session_state[LEADING] = selected()


def leading() -> list[str]:
    """Ids of the runs that a link or a button chose: the table begins with them, as others may fill it."""
    return list(st.session_state.get(LEADING, []))


def _mark(ids: list[str]) -> None:
    st.session_state[SELECTED] = list(dict.fromkeys(ids))[:MOST]
    st.session_state[VERSION] = version() + 1


def take(ids: list[str]) -> None:
    """Take over what was chosen in the table: what was chosen before keeps its place and so its colour."""
    kept = [run_id for run_id in selected() if run_id in ids]
    ids_kept = [*kept, *(run_id for run_id in ids if run_id not in kept)]
    if len(ids_kept) > MOST:
        _mark(ids_kept)
        st.session_state["runs_too_many"] = True
    st.session_state[SELECTED] = ids_kept[:MOST]
    st.session_state[CHANGED] = True


def version() -> int:
    """Part of the table's key: a table whose selection was replaced is a new table."""
    return int(st.session_state.get(VERSION, 0))


def follow() -> dict[str, str]:
    """Take over what a link asks for, and return it."""
    link = arrived("runs", LINK)
    for name, key in PLAIN.items():
        if name in link:
            st.session_state[key] = link[name][:LONGEST_FIND]
        elif went_back():
            st.session_state.pop(key, None)
    settings.follow(link, SETTINGS)
    if "race" in link or went_back():
        st.session_state[RACE] = link.get("race")
    if went_back() and "runs" not in link:
        select([])
    if "runs" in link:
        select(link["runs"].split(BETWEEN))
        _show_all(link)
        if any(not run.shipped and run.owner != visitor() for run in chosen_runs()):
            st.session_state[WHOSE] = "all"
    return link


def _show_all(link: Mapping[str, str]) -> None:
    """Filters that the link does not name are from before, and may hide its runs."""
    for name in ("find", "only", "is"):
        if name not in link:
            st.session_state.pop(PLAIN[name], None)
    for setting in SETTINGS:
        if setting.name in ("starred", "single") and setting.name not in link:
            setting.reset()


def chosen_runs() -> list[runs.Run]:
    """The chosen runs; those that are gone are chosen no longer, and one sentence says so."""
    there, gone = [], []
    for run_id in selected():
        try:
            there.append(runs.open_run(run_id))
        except CnnError:
            gone.append(run_id)
    if gone:
        select([run.id for run in there])
        missed = set(gone) - run_actions.deleted_here()
        st.session_state["runs_gone"] = len(missed)
    if count := st.session_state.pop("runs_gone", 0):
        st.warning(t("runs.gone", count=count), icon=":material/link_off:")
    if st.session_state.pop("runs_too_many", False):
        st.warning(t("runs.too_many", most=MOST), icon=":material/filter_8:")
    return there


def image_comes() -> bool:
    """Whether the open tab has yet to say which image it shows.

    An address without it would be a place of its own in the browser's history, and Back would lead
    from there to the same image again.
    """
    return st.session_state.get(VIEW) == "image" and IMAGE not in st.session_state


def publish() -> None:
    """Put all that is chosen into the address; an image only while its tab is open."""
    query = {name: str(st.session_state[key]) for name, key in PLAIN.items() if _differs(key)}
    query |= settings.query(SETTINGS)
    if st.session_state.get(RACE):
        query["race"] = st.session_state[RACE]
    if ids := selected():
        query["runs"] = BETWEEN.join(ids)
    if st.session_state.get(VIEW) == "image":
        query |= st.session_state.get(IMAGE, {})
    say("runs", query)


def _differs(key: str) -> bool:
    return st.session_state.get(key) not in (None, "", "mine", "epochs")
