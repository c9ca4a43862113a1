"""Which network a page looks into."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import islice

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core import runs
from cnn_core.errors import CnnError
from pages.network import shown
from pages.network.epochs import has_weights, kept_epoch
from pages.network.names import names_of
from pages.network.take_home import take_home
from pages.session import choices
from pages.session.address import say
from pages.session.html import complain
from pages.session.words import say_error, t

LISTED = 50  # of the newest runs
WIDTH = 280  # of the select box, in pixels; a phone gives it what is left


def newest() -> list[runs.Run]:
    """The newest runs, as many as a page lists; of older ones nothing is read."""
    return list(islice(runs.newest(), LISTED))


def others(run: runs.Run, chosen_id: str = "") -> dict[str, runs.Run]:
    """Networks to compare a run with, by id: all that came with ConvScope and the newest, with their weights.

    Args:
        run: It is not among them.
        chosen_id: Id of a run, perhaps older, that was chosen before; ignored if there is none.
    """
    listed = {other.id: other for other in [*runs.shipped_runs(), *newest()]}
    if chosen_id:
        with suppress(CnnError):
            listed.setdefault(chosen_id, runs.open_run(chosen_id))
    return {
        other.id: other
        for other in listed.values()
        if other.id != run.id and (other.folder / "best.keras").exists()
    }


def choose_run(linked_id: str | None, place: DeltaGenerator) -> runs.Run | None:
    """The network to look into, if it has weights; else a sentence says what is missing.

    Args:
        linked_id: Id of the run that a link names.
        place: Where the select box is drawn: in the row at the top of the page.
    """
    run = pick_run(linked_id, place)
    if run is not None and not has_weights(run):
        say_missing(run, "inside.no_weights")
        return None
    return run


def say_missing(run: runs.Run, key: str) -> None:
    """Say that the run has no kept weights: "not yet", by `key`, only of one that may still get some."""
    state = runs.status(run).state
    if state in runs.ACTIVE or (run.folder / "best.keras").exists():
        st.info(t(key), icon=":material/hourglass_top:")
    else:
        over = "diverged" if state == "diverged" else "over"
        st.warning(t(f"inside.none_{over}"), icon=":material/error:")


def trained_network(page: str, link: Mapping[str, str], place: DeltaGenerator) -> runs.Run | None:
    """A network with all its weights; else a sentence says what is missing, and the address what is left.

    Args:
        page: Name of the page in texts and session.
        link: What its link asks for.
        place: Where the select box is drawn.
    """
    run = choose_run(link.get("run"), place)
    if run is not None and (run.folder / "best.keras").exists():
        return run
    if run is not None:
        say_missing(run, f"{page}.no_model")
    say(page, {"run": run.id} if run else {})
    return None


def pick_run(linked_id: str | None, place: DeltaGenerator) -> runs.Run | None:
    """A network that came with ConvScope or was trained here, the same on every page that looks inside.

    Args:
        linked_id: Id of the run that a link names, with weights or without.
        place: Where the select box is drawn: in the row at the top of the page.
    """
    if linked_id is not None or not shown.is_chosen():
        shown.show(linked_id)
    current = chosen_run()
    networks = {run.id: run for run in [*runs.shipped_runs(), *newest()]}
    if current is not None:
        networks[current.id] = current
    networks = {
        run_id: run for run_id, run in networks.items() if run is current or has_weights(run)
    }
    if not networks:
        st.info(t("inside.no_run"), icon=":material/model_training:")
        st.page_link("pages/playground.py", label=t("inside.train_one"), icon=":material/tune:")
        return None
    names = names_of(networks.values())
    st.session_state["inside_run"] = current.id if current else next(iter(networks))
    with place:
        run_id = choices.selectbox(
            t("inside.run"),
            list(networks),
            key="inside_run",
            help=t("inside.run_help"),
            label_visibility="collapsed",
            width=WIDTH,
            format_func=names.__getitem__,
            on_change=lambda: shown.show(st.session_state["inside_run"]),
        )
        take_home(networks[run_id])
    return networks[run_id]


def is_gone(run: runs.Run, page: str, **kept: str) -> bool:
    """Whether the run was deleted in another window; then one sentence says so, not one from each part.

    Of the address only what is `kept` stays.
    """
    try:
        runs.open_run(run.id)
    except CnnError as error:
        complain(error)
        say(page, kept)
        return True
    return False


def say_if_training(run: runs.Run) -> None:
    """Say of a run that still trains that what is shown are its weights so far."""
    if runs.status(run).active:
        st.caption(t("inside.best_so_far", epoch=kept_epoch(run)))


def chosen_run() -> runs.Run | None:
    """The run this window shows; says in a sentence what is wrong with a run that a link named."""
    run_id = shown.shown_id()
    if not run_id:
        return None
    try:
        return runs.open_run(run_id)
    except CnnError as error:
        shown.show(None)
        st.warning(say_error(error), icon=":material/link_off:")
        return None
