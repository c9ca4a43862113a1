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

PACKAGES = ("authlib", "httpx")  # what st.login needs and Streamlit does not install by itself
PATIENCE = 5.0  # seconds to wait for the provider
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
    elif missing := [name for name in PACKAGES if find_spec(name) is None]:
        log.warning(
            "[auth] is in the secrets, but %s missing: pip install 'streamlit[auth]'",
            " and ".join(missing) + (" are" if len(missing) > 1 else " is"),
        )
    else:
        icon_button(t("account.sign_in"), ":material/login:", "sign_in", on_click=_sign_in)


def say_problem() -> None:
    """Tell that signing in did not work."""
    if st.session_state.pop(PROBLEM, False):
        st.error(t("account.problem"), icon=":material/person_off:")


def _sign_in() -> None:
    settings = st.secrets["auth"]
    provider = _provider(settings)
    try:
        _ask(settings if provider is None else settings[provider])
        st.login(provider)
    except (StreamlitAuthError, ValueError) as error:
        log.warning("sign-in: %s", error)
        st.session_state[PROBLEM] = True


def _ask(provider: Mapping[str, object]) -> None:
    """Make sure that the provider responds: st.login would leave the app for a bare "Authentication error".

    Raises:
        ValueError: If it does not, or with anything but its metadata.
    """
    import httpx  # as st.login does: the same certificates, proxies and user agent

    try:
        answer = httpx.get(str(provider.get("server_metadata_url")), timeout=PATIENCE)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ValueError(f"the provider does not respond: {error}") from error
    answer.json()


def _provider(settings: Mapping[str, object]) -> str | None:
    """The name of the provider to use: None for that without one, else the first that is named."""
    if "client_id" in settings:
        return None
    return next((name for name, part in settings.items() if isinstance(part, Mapping)), None)
