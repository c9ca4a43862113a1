"""The corner of the presenter view: room code, the pages before and after, the way out; and its keys."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnn_core import rooms
from cnn_core.browser.bundle import bundle
from cnn_core.markup import fill
from cnn_core.rooms import invitation
from pages.session import membership, phone_address, presenting
from pages.session.html import html, icon_button
from pages.session.words import t

ROOM, HOME = "room", "home"  # pages
_keys = st.components.v2.component(
    "convscope_keys",
    html="<i hidden></i><output hidden></output>",
    css=(presenting.FOLDER / "keys.css").read_text("utf-8"),
    js=bundle(presenting.FOLDER / "keys.js"),
)


def presenter_bar(pages: Sequence[tuple[str, str]], page: str) -> None:
    """Draw the corner, if the presenter view is open.

    Args:
        pages: Name and title of every page, in the order of the navigation.
        page: Name of the one that is open.
    """
    view = presenting.current()
    if view is None:
        return
    with st.container(key="presenter_bar", gap=None):
        room = membership.current()
        if room is not None and not room.closed and page != ROOM and membership.is_presenter(room):
            _invitation(room)
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key="presenter_ways"
        ):
            titles = dict(pages)
            before, after = neighbours(view.walked(titles), list(titles), page)
            _way("presenter_before", ":material/chevron_left:", before, titles)
            _way("presenter_after", ":material/chevron_right:", after, titles)
            icon_button(
                t("present.leave"), ":material/close_fullscreen:", "presenter_leave",
                on_click=presenting.leave, type="tertiary",
            )  # fmt: skip
    with st.container(key="presenter_keys"):
        words = {name: t(f"present.{name}", letter="{key}") for name in ("waits", "never")}
        _keys(key="presenter_keys_browser", data=words)


def neighbours(walked: Sequence[str], pages: Sequence[str], page: str) -> tuple[str, str]:
    """The pages before and after; empty at an end. A page that is left out has those around it, too."""
    place = pages.index(page)
    before = [name for name in walked if pages.index(name) < place]
    after = [name for name in walked if pages.index(name) > place]
    return (before[-1] if before else ""), (after[0] if after else "")


def _way(key: str, icon: str, name: str, titles: dict[str, str]) -> None:
    if name:
        with st.container(key=key, width="content"):
            st.page_link(f"pages/{name}.py", label=titles[name], icon=icon, query_params=_query())


def _query() -> dict[str, str]:
    """What a link to another page keeps."""
    view = presenting.current()
    return {**(view.query() if view else {}), **membership.in_address()}


def _invitation(room: rooms.Room) -> None:
    link = phone_address.link_to(room.code)
    html(
        fill(
            '<details class="corner-code" open><summary title="{{ fold }}"><b>{{ code }}</b></summary>'
            '<img alt="{{ alt }}" src="{{ source }}"></details>',
            fold=t("room.fold_code"), alt=t("room.qr_alt", link=link),
            source=invitation.qr_code(link), code=room.code,
        )
    )  # fmt: skip
