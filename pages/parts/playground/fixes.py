"""Buttons below a note: train again with what it suggests, and compare the two runs."""

from __future__ import annotations

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.progress import fixes
from cnn_core.progress.fixes import Fix
from cnn_core.progress.notes import Note
from pages.network import shown
from pages.network.names import short_names
from pages.session.doors import engine
from pages.session.visitor import visitor
from pages.session.words import t

BESIDE = "fix_beside"  # session key: ids of the old run and the new one, until both are open
NAME_ROOM = 36  # characters, so that the change stays readable in a long name


def buttons(run: runs.Run, note: Note) -> None:
    """One button for each change that the note gives a reason for."""
    offered = fixes.fixes(note, run.model, run.train)
    if not offered:
        return
    with st.container(horizontal=True, gap="small", key=f"fixes_{note.key}"):
        for place, fix in enumerate(offered):
            # A callback: pressed as the run ends, the button is gone before the page would draw it.
            st.button(
                t(f"fix.{fix.field}", value=fix.value),
                key=f"fix_{note.key}_{place}",
                icon=":material/replay:",
                help=t("fix.help"),
                on_click=_train,
                args=(run, fix),
            )


def _train(run: runs.Run, fix: Fix) -> None:
    """Order the changed set-up, and have both runs opened side by side."""
    old = next(iter(short_names([run]).values()))[:NAME_ROOM]
    name = t(f"fix.run_{fix.field}", name=old, value=fix.value)
    try:
        new = engine().order(fix.model, fix.train, owner=visitor(), name=name)
    except CnnError as error:
        shown.refuse(error)
    else:
        st.session_state[BESIDE] = (run.id, new.id)
    st.rerun()  # the whole page: the part that drew the button may be gone


def open_beside() -> None:
    """Go to the comparison of the two runs, if a button has ordered the second one."""
    if ids := st.session_state.pop(BESIDE, None):
        st.switch_page("pages/runs.py", query_params={"runs": "~".join(ids)})
