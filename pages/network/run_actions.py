"""What the owner of a run does with it on any page: rename it, delete it after a question, resume it."""

from __future__ import annotations

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.runs import record
from pages.network import shown
from pages.network.names import markdown
from pages.session.doors import engine
from pages.session.visitor import visitor
from pages.session.words import plain, t

ASKED = "runs_asked"  # session key: what is asked of a run, ("rename" or "delete", id of the run)


def pending_form(run: runs.Run, state: str) -> None:
    """The form or the question that a button of the run has asked for, if one has."""
    match st.session_state.get(ASKED):
        case ("rename", run.id):
            _rename_form(run)
        case ("delete", run.id) if state not in runs.ACTIVE:
            _delete_question(run)


def ask_button(run: runs.Run, what: str, icon: str) -> None:
    """A button that opens the form to "rename" or the question before "delete"."""
    st.button(
        t(f"runs.{what}"), key=f"{what}_{run.id}", on_click=_ask, args=((what, run.id),),
        icon=icon, type="tertiary",
    )  # fmt: skip


def _ask(pending: tuple[str, str] | None = None) -> None:
    st.session_state[ASKED] = pending


def _rename_form(run: runs.Run) -> None:
    key = f"name_{run.id}"
    with st.form(f"form_{run.id}", border=False):
        st.text_input(
            t("runs.name"), value=run.name, max_chars=record.NAME_LENGTH, key=key, help=t("runs.name_help")
        )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                t("runs.save"), key=f"save_{run.id}", on_click=_rename, args=(run,), type="primary"
            )
            st.form_submit_button(t("runs.cancel"), key=f"cancel_{run.id}", on_click=_ask)


def _delete_question(run: runs.Run) -> None:
    name = plain(run.name) or markdown(run)
    st.warning(t("runs.delete_question", name=name), icon=":material/delete_forever:")
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("runs.delete_yes"), key=f"delete_yes_{run.id}", on_click=_delete, args=(run,), type="primary"
        )  # fmt: skip
        st.button(t("runs.cancel"), key=f"keep_{run.id}", on_click=_ask)


def _rename(run: runs.Run) -> None:
    _ask()
    try:
        runs.rename(run, str(st.session_state[f"name_{run.id}"]), by=visitor())
    except CnnError as error:
        shown.refuse(error)


def _delete(run: runs.Run) -> None:
    _ask()
    try:
        runs.delete(run, by=visitor())
        deleted_here().add(run.id)
    except CnnError as error:
        shown.refuse(error)
    if shown.shown_id() == run.id and not run.folder.exists():
        shown.show(None)


def deleted_here() -> set[str]:
    """Ids of the runs that were deleted in this window: they are not missed."""
    ids: set[str] = st.session_state.setdefault("runs_deleted_here", set())
    return ids


def resume(run: runs.Run) -> None:
    """Let an interrupted run continue after its last complete epoch, and show it; for a callback."""
    try:
        engine().resume(run, by=visitor())
    except CnnError as error:
        shown.refuse(error)
    shown.show(run.id)
