"""Sign-in: off unless the secrets name a provider; then runs belong to the account, in every browser."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import visits
from streamlit.errors import StreamlitAuthError
from streamlit.testing.v1 import AppTest

from pages.session import account, visitor

visit = visits.visit
TOKEN = "0123456789abcdef" * 2
AUTH = {"cookie_secret": "a secret", "client_id": "x", "client_secret": "y"}
SIGN_IN = "Sign in: your runs then belong to your account, on every device"
ANNA = {"is_logged_in": True, "iss": "https://provider", "sub": "17", "name": "Anna"}


class Window:
    """One browser window: its cookies, its account, and what its session holds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.streamlit = SimpleNamespace(
            session_state={}, secrets={"auth": AUTH}, context=SimpleNamespace(cookies={})
        )
        monkeypatch.setattr(visitor, "st", self.streamlit)
        monkeypatch.setattr(account, "st", self.streamlit)
        visitor._former_owners.cache_clear()

    def word(self, claims: dict[str, Any], secret: str = "a secret", **cookies: str) -> str:
        self.streamlit.session_state.clear()
        self.streamlit.user = SimpleNamespace(to_dict=lambda: claims)
        self.streamlit.secrets = {"auth": AUTH | {"cookie_secret": secret}}
        self.streamlit.context.cookies = cookies
        return visitor.visitor()


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Window:
    return Window(monkeypatch)


def test_an_account_is_one_visitor_in_every_browser(window: Window) -> None:
    first = window.word(ANNA)
    assert window.word(ANNA, convscope_visitor=TOKEN) == first
    assert window.word(ANNA | {"name": "Anna B."}, convscope_visitor=TOKEN[::-1]) == first
    assert "visitor_proposal" not in window.streamlit.session_state
    assert window.word(ANNA | {"sub": "18"}) != first
    assert window.word(ANNA | {"iss": "https://another"}) != first


def test_nobody_comes_from_the_name_of_an_account_to_its_word(window: Window) -> None:
    assert window.word(ANNA, "one server") != window.word(ANNA, "another server")
    secret = window.streamlit.session_state["visitor_secret"]
    assert ANNA["sub"] not in secret
    assert visitor.private_word("room") not in {visitor.visitor(), secret}


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"is_logged_in": False},
        {"is_logged_in": False, "iss": "https://provider", "sub": "17"},
        {"is_logged_in": True},
        {"is_logged_in": True, "iss": "https://provider", "sub": ""},
        {"is_logged_in": True, "iss": 1, "sub": 2},
    ],
)
def test_without_an_account_the_browser_is_the_visitor(
    window: Window, claims: dict[str, Any]
) -> None:
    assert window.word(claims, convscope_visitor=TOKEN) == visitor._word(TOKEN)


def test_a_browser_that_reports_its_token_late_does_not_take_the_account_away(
    window: Window,
) -> None:
    word = window.word(ANNA)
    window.streamlit.session_state["visitor_token"] = {"token": TOKEN}
    visitor._take()
    assert visitor.visitor() == word


@pytest.mark.parametrize(
    ("settings", "provider"),
    [
        (AUTH, None),
        (AUTH | {"google": {"client_id": "z"}}, None),
        ({"cookie_secret": "x", "google": {"client_id": "z"}, "other": {}}, "google"),
        ({"cookie_secret": "x"}, None),
    ],
)
def test_the_provider_of_the_secrets_is_used(
    settings: dict[str, Any], provider: str | None
) -> None:
    assert account._provider(settings) == provider


def buttons(app: AppTest) -> dict[str, str]:
    return {button.key: button.label for button in app.button if "sign" in str(button.key or "")}


def arrive(claims: dict[str, Any] | None) -> AppTest:
    """The app with its frame, as that account opens it; None where the secrets hold no [auth]."""
    app = AppTest.from_file(str(visits.APP), default_timeout=60)
    app.session_state["language"] = "en"
    if claims is not None:
        app.secrets["auth"] = AUTH
        app.user = claims
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize(
    ("claims", "installed", "offered"),
    [
        (None, True, {}),
        ({"is_logged_in": False}, False, {}),  # Authlib is missing
        ({"is_logged_in": False}, True, {"icon_sign_in": SIGN_IN}),
        (ANNA, True, {"icon_sign_out": "Signed in as Anna. Sign out"}),
    ],
)
def test_the_frame_offers_what_the_secrets_allow(
    visit: visits.Open,
    monkeypatch: pytest.MonkeyPatch,
    claims: dict[str, Any] | None,
    installed: bool,
    offered: dict[str, str],
) -> None:
    monkeypatch.setattr(account, "find_spec", lambda name: object() if installed else None)
    assert buttons(arrive(claims)) == offered


def test_a_provider_that_cannot_be_asked_is_a_sentence(
    visit: visits.Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(provider: str | None) -> None:
        raise StreamlitAuthError("no client_id")

    told: list[str] = []
    state: dict[str, Any] = {}
    page = SimpleNamespace(
        login=fail,
        secrets={"auth": AUTH},
        session_state=state,
        error=lambda text, icon: told.append(text),
    )
    monkeypatch.setattr(account, "st", page)
    monkeypatch.setattr(account, "t", lambda key: key)
    monkeypatch.setattr(account, "_ask", lambda provider: None)
    account.say_problem()
    assert told == []
    account._sign_in()
    account.say_problem()
    account.say_problem()
    assert told == ["account.problem"]


@pytest.mark.parametrize("address", [None, "", "no address", "http://[::1", "http://127.0.0.1:1/"])
def test_a_visitor_is_not_sent_to_a_provider_that_does_not_respond(
    address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str | None] = []
    page = SimpleNamespace(
        login=sent.append,
        secrets={"auth": AUTH | {"server_metadata_url": address}},
        session_state={},
    )
    monkeypatch.setattr(account, "st", page)
    account._sign_in()
    assert sent == []
    assert page.session_state == {account.PROBLEM: True}
