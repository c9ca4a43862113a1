"""Visitors of a room for tests without a browser: a presenter and phones, each with a token of their own."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from visits import APP, address, visit

from cnn_core import rooms
from cnn_core.engine import Engine
from pages.network import answers
from pages.parts.room import phone

__all__ = ["visit"]  # a fixture
HOST, ANN, BOB = "11" * 16, "22" * 16, "33" * 16
HOST_KEY = hmac.new(bytes.fromhex(HOST), b"presenter of rooms", hashlib.sha256).hexdigest()
INK = np.zeros((140, 140), np.uint8)
INK[20:120, 60:80] = 255


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A network that says 1 to everything with 80 %; how many drawings it was asked for in each call."""
    calls: list[int] = []

    def predict(run: Any, images: np.ndarray, patience: float = 0) -> np.ndarray:
        assert images.shape[1:] == (28, 28, 1)
        assert images.dtype == np.uint8
        calls.append(len(images))
        probabilities = np.full((len(images), 10), 0.2 / 9, np.float32)
        probabilities[:, 1] = 0.8
        return probabilities

    monkeypatch.setattr(answers, "predict", predict)
    monkeypatch.setattr(Engine, "ready", lambda *_: True)
    return calls


def as_visitor(
    token: str, visit: Any, page: str = "room", language: str = "en", **query: str
) -> AppTest:
    """A page as the browser with that token opens it for the first time, or loads it again.

    Of no name: the first page in its frame, with the line at the top; a test opens the others without.
    """
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.session_state["language"] = language
    at.session_state["visitor"], at.session_state["visitor_secret"] = token[:16], token
    for name, text in query.items():
        at.query_params[name] = text
    if page:
        at.switch_page(f"pages/{page}.py")
    at.run()
    assert not at.exception
    return at


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def opened(visit: Any) -> tuple[AppTest, rooms.Room]:
    """A presenter's window and the room that it opened."""
    at = press(as_visitor(HOST, visit), "entrance_open")
    return at, rooms.open_room(address(at)["room"])


def markdown(at: AppTest) -> str:
    return " ".join(element.value for element in at.markdown)


def keys(at: AppTest) -> set[str]:
    return {button.key for button in at.button}


def draw(
    at: AppTest, canvas: np.ndarray, monkeypatch: pytest.MonkeyPatch, number: int = 1
) -> AppTest:
    """Hand in a drawing, as if the pad had sent it."""
    with monkeypatch.context() as patch:
        patch.setattr(phone.pad, "drawn", lambda key: phone.pad.Drawing(canvas, number, False))
        return press(at, "phone_hand_in")


def host_key(room: rooms.Room) -> str:
    """The key of the presenter's browser, as `membership.host_key` makes it."""
    assert room.steers(HOST_KEY)
    return HOST_KEY
