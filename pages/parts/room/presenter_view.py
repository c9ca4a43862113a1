"""What builds a link to the presenter view by clicking, and opens it."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from pages.session import choices, phone_address, presenting
from pages.session.presenting import View
from pages.session.words import language, t

LEAVE_OUT, PAGE, WALKED = "presenter_view_hide", "presenter_view_page", "presenter_view_walk"
OPEN = "presenter_view_began"  # session key: whether the choices have begun with those of the open view
KEYS = "tpsinb"


def builder() -> None:
    """Which groups are left out, which pages are walked through, the link, and the keys."""
    with st.expander(t("present.title"), icon=":material/present_to_all:", key="presenter_view"):
        st.write(t("present.words"))
        if OPEN not in st.session_state:
            st.session_state[OPEN] = True
            view = presenting.current() or View()
            st.session_state[LEAVE_OUT] = view.hidden_groups
            st.session_state[WALKED] = (
                view.walked(presenting.PAGES) if view.show or view.hide else []
            )
        hidden = choices.multi_pills(
            t("present.leave_out"), presenting.GROUPS, key=LEAVE_OUT, width="stretch",
            format_func=lambda group: t(f"present.{group}"),
        )  # fmt: skip
        for group in presenting.GROUPS:
            st.markdown(f"- **{t(f'present.{group}')}** (`{group}`): {t(f'present.{group}_words')}")
        walked = choices.multi_pills(
            t("present.pages"), presenting.PAGES, key=WALKED, width="stretch",
            format_func=lambda page: t(f"{page}.nav"), help=t("present.pages_help"),
        )  # fmt: skip
        page = choices.selectbox(
            t("present.first_page"), presenting.PAGES, key=PAGE, default="home",
            format_func=lambda name: t(f"{name}.nav"),
        )  # fmt: skip
        view = view_of(hidden, walked)
        st.code(_link(page, view), language=None, wrap_lines=True)
        _ways(page, view)
        st.markdown(t("present.keys"))
        for key in KEYS:
            st.markdown(f"- `{key.upper()}` {t(f'present.key_{key}')}")


def view_of(hidden: list[str], walked: list[str]) -> View:
    """The view that leaves out those groups, and walks through those pages; through all if there are none."""
    at_first = presenting.AT_FIRST_HIDDEN
    hide = [group for group in presenting.GROUPS if group in hidden and group not in at_first]
    show = [group for group in presenting.GROUPS if group in at_first and group not in hidden]
    return View(tuple(hide), (*show, *walked))


def _ways(page: str, view: View) -> None:
    with st.container(horizontal=True, gap="small"):
        if st.button(
            t("present.open"), type="primary", icon=":material/open_in_full:", key="presenter_view_open",
            on_click=presenting.enter, args=(view,),
        ):  # fmt: skip
            st.switch_page(f"pages/{page}.py")
        if presenting.current():
            st.button(
                t("present.leave"), icon=":material/close_fullscreen:", key="presenter_view_leave",
                on_click=presenting.leave,
            )  # fmt: skip


def _link(page: str, view: View) -> str:
    """A link to a page in this view, with the address of this browser."""
    path = "" if page == "home" else page
    query = urlencode({**view.query(), "lang": language()}, safe=presenting.BETWEEN)
    return f"{phone_address.first_page()}/{path}?{query}"
