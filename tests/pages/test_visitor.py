"""Who owns a run: the hash of a token that the browser keeps, whatever else a browser sends."""

from __future__ import annotations

import ast
import binascii
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cnn_core import runs
from cnn_core.planning.presets import PRESETS
from pages.session import visitor

PAGES = Path(__file__).parents[2] / "pages"
TOKEN = "0123456789abcdef" * 2
TINY = PRESETS["tiny"]
GARBLED = (
    *("", "x", " ", TOKEN[:-1], TOKEN + "0", TOKEN.upper(), f" {TOKEN}", f"{TOKEN}\n", "é" * 32),
    *("../../etc/passwd", "<script>", "٣" * 32, "2|00|00|1", "null", "a" * 5000),
)
Arrive = Callable[..., str]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The session of the visitor who came last."""
    made = SimpleNamespace(session_state={}, context=SimpleNamespace(cookies={}))
    monkeypatch.setattr(visitor, "st", made)
    visitor._former_owners.cache_clear()
    state: dict[str, Any] = made.session_state
    return state


@pytest.fixture
def arrive(session: dict[str, Any]) -> Arrive:
    """The word for a visitor whose browser sends those cookies."""

    def begin(**cookies: str) -> str:
        session.clear()
        visitor.st.context.cookies = cookies
        return visitor.visitor()

    return begin


def test_a_browser_with_its_cookie_is_the_same_visitor_each_time(
    arrive: Arrive, session: dict[str, Any]
) -> None:
    first = arrive(convscope_visitor=TOKEN)
    assert "visitor_proposal" not in session
    assert arrive(convscope_visitor=TOKEN) == first
    assert arrive(convscope_visitor=TOKEN[::-1]) != first


def test_a_new_browser_is_a_new_visitor_and_gets_a_token_for_next_time(
    arrive: Arrive, session: dict[str, Any]
) -> None:
    word = arrive()
    assert visitor.visitor() == word
    token = session["visitor_proposal"]
    assert arrive(convscope_visitor=token) == word
    assert arrive() != word


def test_the_word_does_not_tell_the_token(arrive: Arrive) -> None:
    word = arrive(convscope_visitor=TOKEN)
    assert word not in TOKEN
    assert arrive(convscope_visitor=word) != word
    assert arrive(convscope_visitor=word * 2) != word


@pytest.mark.parametrize("cookie", GARBLED)
def test_a_garbled_cookie_is_a_new_visitor(
    cookie: str, arrive: Arrive, session: dict[str, Any]
) -> None:
    assert arrive(convscope_visitor=cookie) != arrive(convscope_visitor=cookie)
    assert visitor.TOKEN.fullmatch(session["visitor_proposal"])


def test_a_token_from_the_storage_is_taken_instead_of_the_proposal(
    arrive: Arrive, session: dict[str, Any]
) -> None:
    word = arrive(convscope_visitor=TOKEN)
    assert arrive() != word
    session["visitor_token"] = {"token": TOKEN}
    visitor._take()
    assert visitor.visitor() == word
    assert session["visitor_proposal"] is None


@pytest.mark.parametrize("sent", [*GARBLED, None, 7, [TOKEN], {"token": TOKEN}, True])
def test_a_garbled_token_from_the_browser_changes_nothing(
    sent: object, arrive: Arrive, session: dict[str, Any]
) -> None:
    word = arrive()
    for state in ({"token": sent}, {}, None):
        session["visitor_token"] = state
        visitor._take()
        assert visitor.visitor() == word
        assert session["visitor_proposal"]


# Who has runs from before


def streamlits(token: str, mask: bytes = b"\x01\x02\x03\x04") -> str:
    """The form of Streamlit's cookie."""
    masked = bytes(
        value ^ mask[index % len(mask)] for index, value in enumerate(bytes.fromhex(token))
    )
    return f"2|{binascii.hexlify(mask).decode()}|{binascii.hexlify(masked).decode()}|1700000000"


def test_runs_from_before_are_still_their_owners(arrive: Arrive, session: dict[str, Any]) -> None:
    before = arrive(convscope_visitor=TOKEN)
    run = runs.create(TINY.model, TINY.train, owner=before)
    visitor._former_owners.cache_clear()
    assert arrive(_streamlit_xsrf=streamlits(TOKEN)) == run.owner
    assert arrive(_streamlit_xsrf=streamlits(TOKEN, b"\xff\x00\x07\x70")) == run.owner
    assert session["visitor_proposal"] == TOKEN
    assert arrive(_streamlit_xsrf=streamlits(TOKEN), convscope_visitor=TOKEN[::-1]) != run.owner


def test_who_has_no_runs_from_before_owes_nothing_to_streamlits_cookie(arrive: Arrive) -> None:
    runs.create(TINY.model, TINY.train, owner="another")
    assert arrive(_streamlit_xsrf=streamlits(TOKEN)) != arrive(_streamlit_xsrf=streamlits(TOKEN))


@pytest.mark.parametrize(
    "cookie", ["", "2", "2|||", "2||aa|1", "2|zz|aa|1", "2|aa|a|1", "3|a|b|c|d", "|" * 9, "é|é|é|é"]
)
def test_a_cookie_of_streamlit_in_another_form_is_a_new_visitor(
    cookie: str, arrive: Arrive, convscope_home: Path
) -> None:
    runs.create(TINY.model, TINY.train, owner=arrive(convscope_visitor=TOKEN))
    assert arrive(_streamlit_xsrf=cookie) != arrive(_streamlit_xsrf=cookie)


def test_pages_act_for_the_visitor_and_for_nobody_else() -> None:
    """A page that acts for the owner of a run would let every visitor change it."""
    count = 0
    for path in PAGES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in ("by", "owner"):
                assert ast.unparse(node.value) == "visitor()", f"{path}:{node.value.lineno}"
                count += 1
    assert count > 5
