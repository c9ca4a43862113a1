"""A course that a visitor puts together by clicking: each page as it is now, with a sentence."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from cnn_core.course import store
from cnn_core.course.steps import MAX_STEPS, OWN_PARAMETERS, PAGES
from pages.session.words import t

ROWS, NAME, RECORDS = "draft_rows", "draft_name", "draft_records"  # session keys
TITLE, TEXT = "draft_title", "draft_text"

Row = dict[str, str]


def rows() -> list[Row]:
    """The steps so far: title, place and text of each."""
    steps: list[Row] = st.session_state.setdefault(ROWS, [])
    return steps


def records() -> bool:
    """Whether pages offer to be added."""
    return bool(st.session_state.get(RECORDS))


def record(on: bool) -> None:
    """Offer to add pages from now on, or no more."""
    st.session_state[RECORDS] = on


def source(title: str) -> str:
    """The course as a file."""
    return store.write(title, rows())


def band(page: str) -> None:
    """A row above a page with a title, a sentence and the button that adds the page as it is now."""
    if records() and page in PAGES - {"course"}:
        _band(page)


@st.fragment
def _band(page: str) -> None:
    count = len(rows())
    with st.container(border=True, key="draft_band"):
        st.markdown(t("course.draft_count", count=count))
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            st.text_input(t("course.draft_title"), key=TITLE, max_chars=80, width=240)
            st.text_input(t("course.draft_text"), key=TEXT, max_chars=500)
            st.button(
                t("course.draft_add"), icon=":material/add:", key="draft_add", type="primary",
                on_click=_add, args=(page,), disabled=count >= MAX_STEPS,
            )  # fmt: skip
            if st.button(t("course.draft_end"), icon=":material/check:", key="draft_end"):
                record(on=False)
                st.switch_page("pages/course.py")
        if st.session_state.pop("draft_empty", False):
            st.warning(t("course.draft_empty"), icon=":material/edit:")


def _add(page: str) -> None:
    title, text = (str(st.session_state.get(key) or "").strip() for key in (TITLE, TEXT))
    if not title or not text:
        st.session_state["draft_empty"] = True
        return
    query = {name: value for name, value in st.query_params.items() if name not in OWN_PARAMETERS}
    place = f"{page}?{urlencode(query)}" if query else page
    rows().append({"title": title, "place": place, "text": text})
    st.session_state.update({TITLE: "", TEXT: ""})


def move(index: int, by: int) -> None:
    """Bring a step forward or back among the others."""
    steps = rows()
    other = index + by
    if 0 <= other < len(steps):
        steps[index], steps[other] = steps[other], steps[index]


def remove(index: int) -> None:
    """Leave a step out."""
    del rows()[index]
