"""The address at which phones reach this server: typed by the presenter, or chosen, or the likeliest."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import streamlit as st

from cnn_core.rooms import invitation
from pages.session import choices, membership
from pages.session.presenting import PAGES
from pages.session.words import t

OWN, ADDRESS, KEPT = "presenter_own_address", "presenter_address", "presenter_kept_address"


def base() -> str:
    """The address, without a slash at the end."""
    typed = invitation.cleaned(st.session_state.get(KEPT, ""))
    return typed or choices.keep_valid(ADDRESS, invitation.addresses(first_page()))


def link_to(code: str) -> str:
    """The link by which a phone joins the room with that code."""
    return f"{base()}/room?{membership.PARAMETER}={code}"


def first_page() -> str:
    """Address of the app as this browser has it, with the base path, without the name of the page."""
    parts = urlsplit(st.context.url or "http://localhost:8501/room")
    path, _, name = parts.path.rstrip("/").rpartition("/")
    path = path if name in PAGES else parts.path.rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def field() -> None:
    """Let the presenter choose among the addresses of this machine, or type one."""
    choices.selectbox(
        t("room.addresses"), invitation.addresses(first_page()), key=ADDRESS,
        help=t("room.addresses_help"),
    )  # fmt: skip
    st.session_state[OWN] = st.session_state.get(KEPT, "")
    st.text_input(
        t("room.own_address"), key=OWN, placeholder="http://192.168.0.10:8501", max_chars=200,
        on_change=_keep,
    )  # fmt: skip
    if st.session_state[OWN] and not invitation.cleaned(st.session_state[OWN]):
        st.warning(t("room.no_address"))


def _keep() -> None:
    """Other pages show the address, too, and have no such field."""
    st.session_state[KEPT] = st.session_state[OWN]
