"""The row at the top of a page: title, a place for the network, lessons; below it the page's question."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.markup import fill
from pages.elements.lessons import lesson
from pages.session.html import html
from pages.session.words import t


def head(page: str, *lessons: str) -> DeltaGenerator:
    """Title, question and hint of a page, its lessons, and the place where it lets a network be chosen.

    A phone shows the hint at the end of the page, so that the answer comes first (style.css).

    Args:
        page: Name of the page in texts.
        lessons: Keys of `lessons.LESSONS`.

    Returns:
        The container in the row that `network.choice` fills; takes no room while it is empty.
    """
    with st.container(key="head", gap=None):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key="head_row"
        ):
            st.title(t(f"{page}.title"), anchor=False, width="content")
            place = st.container(
                horizontal=True, vertical_alignment="center", gap="small", key="head_network",
                width="content",
            )  # fmt: skip
            if lessons:
                lesson(*lessons)
        html(fill('<div class="question">{{ words }}</div>', words=t(f"{page}.question")))
    with st.container(key="hint"):
        st.caption(t(f"{page}.intro"))
    return place
