"""A remark of the narrators on a run, in the colour of its weight."""

from __future__ import annotations

import streamlit as st

from cnn_core.progress.notes import Note
from pages.session.words import language, plain

LEVELS = {
    "good": (st.success, ":material/trending_up:"),
    "info": (st.info, ":material/lightbulb:"),
    "warning": (st.warning, ":material/warning:"),
    "problem": (st.error, ":material/error:"),
}


def remark(note: Note) -> None:
    """Show one note."""
    show, icon = LEVELS[note.level]
    show(plain(note.sentence(language())), icon=icon)
