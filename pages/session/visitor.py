"""Who the visitor is: an opaque word for each browser, or for the account that it signed in with."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
import secrets
from functools import lru_cache
from pathlib import Path

import streamlit as st

from cnn_core import runs
from cnn_core.browser.bundle import bundle
from cnn_core.paths import ASSETS
from cnn_core.runs import record, space
from pages.session import account

SCRIPT = ASSETS / "visitor" / "visitor.js"
COOKIE = "convscope_visitor"
KEPT_DAYS = 30  # since the last visit
TOKEN = re.compile(r"[0-9a-f]{32}")
_mount = st.components.v2.component("convscope_visitor", js=bundle(SCRIPT))


def visitor() -> str:
    """An opaque word for this browser: the same in all its windows, after a reload and when it was closed.

    With an account it is the account's, in every browser that signed in with it.

    It stands in the run's folder for everybody to read; nobody comes from it to the token.
    """
    if "visitor" not in st.session_state:
        token = account.token() or _valid(st.context.cookies.get(COOKIE))
        if token is None:
            token = st.session_state["visitor_proposal"] = _former_token() or secrets.token_hex(16)
        _keep(token)
    return str(st.session_state["visitor"])


def private_word(purpose: str) -> str:
    """A word that only this browser has; nobody comes to it from `visitor()` or another purpose's."""
    visitor()
    secret = st.session_state.setdefault("visitor_secret", secrets.token_hex(16))
    return hmac.new(bytes.fromhex(secret), purpose.encode(), hashlib.sha256).hexdigest()


def remember() -> None:
    """Let the browser keep its token for another 30 days, and say which one it has if it sent no cookie."""
    visitor()
    with st.container(key="visitor"):
        _mount(
            key="visitor_token",
            data={
                "name": COOKIE,
                "days": KEPT_DAYS,
                "token": st.session_state.get("visitor_proposal"),
            },
            on_token_change=_take,
        )


def _take() -> None:
    """The browser refused the cookie, and has a token in its storage."""
    if account.token():
        return
    state = st.session_state.get("visitor_token")
    token = _valid(state.get("token")) if hasattr(state, "get") else None
    if token is not None:
        _keep(token)
        st.session_state["visitor_proposal"] = None


def _keep(token: str) -> None:
    st.session_state["visitor"] = _word(token)
    space.note_visit(_word(token))
    st.session_state["visitor_secret"] = token


def _valid(token: object) -> str | None:
    return token if isinstance(token, str) and TOKEN.fullmatch(token) else None


def _word(token: str) -> str:
    return hashlib.sha256(bytes.fromhex(token)).hexdigest()[:16]


def _former_token() -> str | None:
    """The token of a visitor who has runs from a version that took it from Streamlit's own cookie.

    That cookie, "2|mask|masked token|time", may change its form: then those runs are another visitor's.
    """
    try:
        _, mask, masked, _ = st.context.cookies.get("_streamlit_xsrf", "").split("|")
        key, body = binascii.unhexlify(mask), binascii.unhexlify(masked)
        token = bytes(value ^ key[index % len(key)] for index, value in enumerate(body)).hex()
    except (ValueError, ZeroDivisionError):
        return None
    return token if _valid(token) and _word(token) in _former_owners(runs.home()) else None


@lru_cache(maxsize=1)
def _former_owners(home: Path) -> frozenset[str]:
    """Owners of the runs that are here when the server starts; newer ones come from the new cookie."""
    trees = (record.read_json(path) for path in home.glob("*/config.json"))
    return frozenset(str(tree.get("owner", "")) for tree in trees if tree)
