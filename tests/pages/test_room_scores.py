"""The drawings of a room as a labelled test set: on the wall, in the table of runs, and for nobody else."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st
from room_visits import (
    ANN,
    BOB,
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

from cnn_core import rooms, runs, texts
from cnn_core.engine import Engine
from cnn_core.errors import EngineError
from pages.network import room_scores

__all__ = ["visit", "worker"]  # fixtures


@pytest.fixture
def drawn(visit: Any, worker: list[int], monkeypatch: Any) -> tuple[AppTest, rooms.Room]:
    """A room with a one and a seven; the network takes both for a one."""
    host, room = opened(visit)
    for label, token in ((1, ANN), (7, BOB)):
        room.steer(host_key(room), rooms.Task(label, "mnist"))
        canvas = INK if label == 1 else INK.T
        draw(as_visitor(token, visit, room=room.code), canvas, monkeypatch)
    assert len(room.state().pictures) == 2
    return host, room


def until_scored(at: AppTest) -> AppTest:
    """Each run of the page asks one network."""
    for _ in range(20):
        at.run()
        assert not at.exception
        if not at.session_state[room_scores.ORDERED]:
            return at.run()
    raise AssertionError("never done")


def test_all_networks_are_compared_on_the_drawings_that_are_shown(drawn):
    host, room = drawn
    host.session_state["comparison_on"] = True
    shown = markdown(until_scored(host))
    assert "50.0%" in shown
    assert texts.say("en", "room.of", right=1, count=2) in shown
    seven = max(room.state().pictures)
    room.steer(host_key(room), rooms.Hide((seven,), True))
    only_one = texts.say("en", "room.of", right=1, count=1)
    assert only_one in markdown(until_scored(host)), "a hidden drawing does not count"
    room.steer(host_key(room), rooms.Switch("answers", False))
    assert only_one not in markdown(host.run())


def test_the_presenter_scores_chosen_runs_and_the_table_has_a_column(drawn):
    _, room = drawn
    title = texts.say("en", "runs.column_room")
    st.cache_resource.clear()  # the wall and the phones have asked for these answers already
    at = as_visitor(HOST, None, "runs", room=room.code, runs="digits~fashion", whose="all")
    at.session_state["membership_code"] = room.code
    assert title not in at.run().dataframe[0].value.columns
    table = until_scored(press(at, "runs_score_room")).dataframe[0].value
    by_run = dict(zip(table[texts.say("en", "runs.column_name")], table[title], strict=True))
    assert by_run[texts.say("en", "shipped.digits")] == 50
    assert list(by_run.values()).count(50) == 1, "another data set has other classes"


def test_a_phone_and_another_visitor_see_nothing_of_it(drawn):
    _, room = drawn
    for token, code in ((ANN, room.code), ("44" * 16, "")):
        at = as_visitor(token, None, "runs", runs="digits", whose="all")
        at.session_state["membership_code"] = code or None
        assert "runs_score_room" not in keys(at.run())


def test_a_server_without_workers_says_so_and_orders_no_scores(drawn, monkeypatch):
    _, room = drawn
    monkeypatch.setattr(Engine, "problem", lambda *_: EngineError("engine.off_look"))
    monkeypatch.setattr(Engine, "ready", lambda *_: False)
    st.cache_resource.clear()
    host = as_visitor(HOST, None, room=room.code)
    assert "WORKERS=off" in " ".join(element.value for element in host.warning)
    host.session_state["comparison_on"] = True
    assert not host.run().exception
    assert room_scores.ORDERED not in host.session_state
    at = as_visitor(HOST, None, "runs", room=room.code, runs="digits", whose="all")
    at.session_state["membership_code"] = room.code
    assert at.run().button(key="runs_score_room").disabled


def test_a_network_that_trained_on_is_scored_again(drawn, monkeypatch):
    host, _ = drawn
    host.session_state["comparison_on"] = True
    until_scored(host)
    orders: list[object] = []
    monkeypatch.setattr(room_scores, "order", orders.append)
    assert not host.run().exception
    assert not orders
    written = runs.weights_at(runs.open_run("digits"))
    monkeypatch.setattr(runs, "weights_at", lambda run: written + 1)
    assert not host.run().exception
    assert len(orders) == 1


def test_a_run_that_was_deleted_or_never_answers_is_given_up(drawn, monkeypatch):
    _, room = drawn
    pictures = room.state().shown_pictures()
    window: dict[str, Any] = {}
    monkeypatch.setattr(room_scores.st, "session_state", window)
    monkeypatch.setattr(room_scores.readings, "read", lambda run, own: {})
    monkeypatch.setattr(room_scores.readings, "remembered", lambda run, own: {})
    room_scores.order(["gone", "digits"])
    for _ in range(room_scores.MOST_TRIES + 1):
        room_scores.advance(pictures)
    assert room_scores.waiting() == {}
    assert room_scores.score(runs.open_run("digits"), pictures) is None
