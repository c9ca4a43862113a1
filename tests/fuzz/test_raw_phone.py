"""A phone in a room that sends over its websocket what only the presenter has, and too much of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from raw_window import RawWindow, open_window
from streamlit.proto.WidgetStates_pb2 import WidgetState

from bench.app import Server, serving
from cnn_core import rooms

pytestmark = pytest.mark.slow
OTHER = "the presenter of another room"
QUESTION = rooms.Question("Which one is larger?", ("The map", "The kernel"), 0)
KINDS = (
    {"trigger_value": True},
    {"bool_value": True},
    {"int_value": 1},
    {"string_value": "people"},
)
ACTIONS, PRESSES = "2", 12  # within ten seconds at most; how often it votes


@pytest.fixture
def server(convscope_home: Path) -> Iterator[Server]:
    convscope_home.mkdir()
    with serving(
        home=convscope_home, CONVSCOPE_WORKERS="off", CONVSCOPE_MAX_ACTIONS=ACTIONS
    ) as running:
        yield running


def test_a_phone_neither_steers_nor_reads_another_room_nor_exceeds_its_rate(server: Server) -> None:
    with ExitStack() as stack:
        host, phone = (stack.enter_context(open_window(server.url)) for _ in range(2))
        host.open("room")
        host.press("entrance_open")
        [path] = (server.home / "rooms").glob("*.sqlite")
        room, other = rooms.open_room(path.stem), rooms.create(OTHER)
        number = other.steer(OTHER, QUESTION)
        parts = ("wall", "predict", "people")
        widgets = set().union(
            *(host.open("room", _link(room, part=part)).widgets for part in parts)
        )
        assert any("presenter_close" in widget for widget in widgets)

        phone.open("room", _link(room))
        before = room.state().number
        for widget in sorted(widgets - set(phone.widgets)):
            for kind in KINDS:
                phone.ask(WidgetState(id=widget, **kind))
        for secret in ("", "0" * 43, "../rooms", room.code):
            phone.open("room", _link(room, host=secret))
        assert rooms.open_room(room.code).state().number == before
        assert not any("presenter_" in widget for widget in phone.widgets)
        assert QUESTION.text not in phone.text()

        phone.open("room", _link(other))
        assert QUESTION.text in phone.text()
        before = other.state().number
        for press in range(PRESSES):
            _vote(phone, number, press % 2)
        assert 0 < rooms.open_room(other.code).state().number - before < PRESSES
        assert phone.exceptions == []


def _link(room: rooms.Room, **query: str) -> str:
    return "&".join(f"{name}={text}" for name, text in {"room": room.code, **query}.items())


def _vote(phone: RawWindow, number: int, choice: int) -> None:
    phone.ask(WidgetState(id=phone.id_of(f"votes_{number}_{choice}"), trigger_value=True))
