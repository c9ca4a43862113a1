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

NAME_ROOM = 36  # characters, so that the change stays readable in a long name


def buttons(run: runs.Run, note: Note) -> None:
    """One button for each change that the note gives a reason for."""
    offered = fixes.fixes(note, run.model, run.train)
    if not offered:
        return
    with st.container(horizontal=True, gap="small", key=f"fixes_{note.key}"):
        for place, fix in enumerate(offered):
            if st.button(
                t(f"fix.{fix.field}", value=fix.value),
                key=f"fix_{note.key}_{place}",
                icon=":material/replay:",
                help=t("fix.help"),
            ):
                _train(run, fix)


def _train(run: runs.Run, fix: Fix) -> None:
    """Order the changed set-up, and open both runs side by side."""
    old = next(iter(short_names([run]).values()))[:NAME_ROOM]
    name = t(f"fix.run_{fix.field}", name=old, value=fix.value)
    try:
        new = engine().order(fix.model, fix.train, owner=visitor(), name=name)
    except CnnError as error:
        shown.refuse(error)
        st.rerun()
    st.switch_page("pages/runs.py", query_params={"runs": f"{run.id}~{new.id}"})
