"""Sign-in with an account, where the server's secrets name a provider (OpenID Connect); else none."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from importlib.util import find_spec

import streamlit as st
from streamlit.errors import StreamlitAuthError

from pages.session.html import icon_button
from pages.session.words import t

PROBLEM = "account_problem"  # session key: the provider could not be asked
log = logging.getLogger(__name__)


def token() -> str | None:
    """A secret word of the account that the visitor signed in with, as long as a browser's; None without.

    The same on every device and every server with the same cookie_secret.
    """
    claims = st.user.to_dict()
    if not claims.get("is_logged_in"):
        return None
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not (isinstance(issuer, str) and isinstance(subject, str) and subject):
        log.warning("the provider named no account (iss, sub): runs belong to the browser")
        return None
    secret = str(st.secrets["auth"]["cookie_secret"])
    account = f"{issuer}\n{subject}"
    return hmac.new(secret.encode(), account.encode(), hashlib.sha256).hexdigest()[:32]


def button() -> None:
    """Sign in or out; nothing where the server has no provider."""
    claims = st.user.to_dict()
    signed_in = claims.get("is_logged_in")
    if signed_in is None:
        return
    if signed_in:
        name = str(claims.get("name") or claims.get("email") or "")
        label = t("account.sign_out_as", name=name) if name else t("account.sign_out")
        icon_button(label, ":material/logout:", "sign_out", on_click=st.logout)
    elif find_spec("authlib") is None:
        log.warning(
            "[auth] is in the secrets, but Authlib is missing: pip install 'Authlib>=1.3.2'"
        )
    else:
        icon_button(t("account.sign_in"), ":material/login:", "sign_in", on_click=_sign_in)


def say_problem() -> None:
    """Tell that signing in did not work."""
    if st.session_state.pop(PROBLEM, False):
        st.error(t("account.problem"), icon=":material/person_off:")


def _sign_in() -> None:
    try:
        st.login(_provider(st.secrets["auth"]))
    except StreamlitAuthError as error:
        log.warning("sign-in: %s", error)
        st.session_state[PROBLEM] = True


def _provider(settings: Mapping[str, object]) -> str | None:
    """The name of the provider to use: None for that without one, else the first that is named."""
    if "client_id" in settings:
        return None
    return next((name for name, part in settings.items() if isinstance(part, Mapping)), None)
