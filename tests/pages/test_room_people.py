"""The people in a room: removed and let in again, led and not led, and told what was refused."""

from __future__ import annotations

import pytest
import streamlit as st
from room_visits import (
    ANN,
    HOST,
    INK,
    as_visitor,
    draw,
    host_key,
    keys,
    markdown,
    opened,
    press,
    visit,
    worker,
)
from streamlit.testing.v1 import AppTest

from cnn_core import rooms, texts
from cnn_core.errors import RoomError
from pages.session import membership, room_bar

__all__ = ["visit", "worker"]  # fixtures
LINE_AT_THE_TOP = "from pages.session.room_bar import room_bar; room_bar('room')"
LINE_ON_KERNELS = LINE_AT_THE_TOP.replace("'room'", "'kernels'")


def test_nobody_is_led_into_the_presenter_view_or_another_language(visit, monkeypatch):
    host, room = opened(visit)
    query = {"run": "digits", "present": "1", "hide": "notes", "kiosk": "1"}
    host = as_visitor(HOST, visit, "", "ko", room=room.code, **query)
    press(host, "room_bring")
    lead = room.state().lead
    assert lead is not None
    assert not {"present", "hide", "show", "lang", "room", "kiosk"} & set(dict(lead.query))
    led: list[dict[str, str]] = []
    monkeypatch.setattr(st, "switch_page", lambda page, query_params: led.append(query_params))
    room.steer(
        host_key(room), rooms.Lead("draw", (("present", "1"), ("run", "digits"), ("kiosk", "1")))
    )
    as_visitor(ANN, visit, room=room.code)
    as_visitor(ANN, visit, "", room=room.code)
    assert led[0] == {"run": "digits", "room": room.code}


def test_a_person_is_removed_and_let_in_again(visit, worker, monkeypatch):
    host, room = opened(visit)
    room.steer(host_key(room), rooms.Task(1, "mnist"))
    at = draw(as_visitor(ANN, visit, room=room.code), INK, monkeypatch)
    [person] = room.state().people
    host.session_state["presenter_part"] = "people"
    press(host.run(), f"people_{person}")
    assert "data:image/png" in markdown(host), "the drawings of who is shown"
    press(host, "people_remove")
    assert room.state().shown_pictures() == []
    assert texts.say("en", "room.removed_you") in [it.value for it in at.run().info]
    assert "phone_hand_in" not in keys(at)
    again = as_visitor(ANN, visit, room=room.code)
    assert room.state().people == {}, "a page loaded again lets nobody in"
    press(host, f"people_back_{person}")
    assert list(room.state().people) == [person]
    assert len(room.state().shown_pictures()) == 1
    assert "phone_hand_in" in keys(again.run())


@pytest.mark.parametrize("part", ["wall", "predict", "people"])
def test_the_presenters_page_asks_for_news_in_one_place(part, visit, monkeypatch):
    host, room = opened(visit)
    as_visitor(ANN, visit, room=room.code)
    for question in (False, True):
        if question:
            room.steer(host_key(room), rooms.Question("Right?", ("yes", "no")))
        polled: list[object] = []
        fragment = st.fragment

        def counted(work=None, *, run_every=None, fragment=fragment, polled=polled, **rest):
            if run_every is not None:
                polled.append(work)
            return fragment(work, run_every=run_every, **rest)

        with monkeypatch.context() as patch:
            patch.setattr(st, "fragment", counted)
            host.session_state["presenter_part"] = part
            host.run()
        assert not host.exception
        assert len(polled) == 1, polled
        with monkeypatch.context() as patch:
            patch.setattr(st, "fragment", counted)
            bar = AppTest.from_string(LINE_AT_THE_TOP, default_timeout=60)
            for key in ("visitor", "visitor_secret", membership.CODE):
                bar.session_state[key] = host.session_state[key]
            bar.run()
        assert "room_bring" in keys(bar)
        assert len(polled) == 1, "the line at the top asks for news on other pages alone"


def test_a_removed_phone_is_told_so_on_other_pages(visit, monkeypatch):
    monkeypatch.setattr(room_bar, "_back", lambda room: None)  # a script alone has no other pages
    _, room = opened(visit)
    phone = as_visitor(ANN, visit, room=room.code)
    [person] = room.state().people
    line = AppTest.from_string(LINE_ON_KERNELS, default_timeout=60)
    for key in ("visitor", "visitor_secret", membership.CODE):
        line.session_state[key] = phone.session_state[key]
    removed_you = texts.say("en", "room.removed_you")
    assert removed_you not in markdown(line.run())
    room.steer(host_key(room), rooms.Remove(person, True))
    assert removed_you in markdown(line.run())
    room.steer(host_key(room), rooms.Remove(person, False))
    assert removed_you not in markdown(line.run())
    room.close(host_key(room), keep=False)
    assert [it.value for it in line.run().warning] == [
        texts.say("en", "error.room.deleted", code=room.code)
    ]
    assert not line.exception


def test_a_refusal_is_said_until_something_is_done(monkeypatch):
    window: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", window)
    now = [100.0]
    monkeypatch.setattr(membership.time, "monotonic", lambda: now[0])
    error = RoomError("room.closed")
    membership.refuse(error)
    assert membership.refusal() is error
    now[0] += membership.TOLD_S
    assert membership.refusal() is error, "a part that asks for news says so again"
    now[0] += 1
    assert membership.refusal() is None
