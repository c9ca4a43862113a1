"""Which sweep and which of its trials the window shows: kept in the session and in the address."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cnn_core import sweeps
from cnn_core.errors import CnnError
from cnn_core.planning.space import PLACED, Dimension
from cnn_core.sweeps import Sweep
from pages.parts.sweep import form_link
from pages.session.address import arrived, followed, say, went_back
from pages.session.words import say_error, t

SWEEP, TRIAL = "sweep_id", "sweep_trial"
LINK = ("sweep", "trial", *form_link.NAMES)


def follow() -> None:
    """Take over what a link asks for."""
    link = arrived("sweep", LINK)
    if "sweep" in link:
        show(link["sweep"])
        if link.get("trial", "").isdecimal() and len(link["trial"]) < 6:
            choose_trial(int(link["trial"]))
    elif went_back():
        choose_trial(None)
    form_link.follow(link)
    followed("sweep", link)


def show(sweep_id: str | None) -> None:
    """Show another sweep from now on, or none."""
    st.session_state[SWEEP] = sweep_id
    st.session_state[TRIAL] = None


def shown_sweep() -> Sweep | None:
    """The sweep that is shown; one sentence says why one that was named cannot be."""
    sweep_id = st.session_state.get(SWEEP)
    if not sweep_id:
        return None
    try:
        return sweeps.open_sweep(sweep_id)
    except CnnError as error:
        show(None)
        st.warning(say_error(error), icon=":material/link_off:")
        return None


def choose_trial(place: int | None) -> None:
    """Open the trial of that number, or none."""
    st.session_state[TRIAL] = place


def chosen_trial() -> int | None:
    """The number of the trial that is open."""
    place: int | None = st.session_state.get(TRIAL)
    return place


def publish() -> None:
    """Put what is shown into the address."""
    query = form_link.query()
    if sweep_id := st.session_state.get(SWEEP):
        query["sweep"] = str(sweep_id)
        if place := chosen_trial():
            query["trial"] = str(place)
    say("sweep", query)


def setting_name(dimension: Dimension) -> str:
    """What the setting is called: "Kernel size", or "Block 2: kernel size"."""
    name = t(f"field.{dimension.field}")
    if not dimension.place:
        return t("sweep.of_all", name=name) if dimension.field in PLACED else name
    key = "runs.of_dense" if dimension.field == "dense" else "runs.of_block"
    return t(key, place=dimension.place, name=name)


def kept(key: str, default: Any) -> Any:
    """What is kept under that key of the form; the default from now on if there is nothing."""
    return st.session_state.setdefault(key, default)
