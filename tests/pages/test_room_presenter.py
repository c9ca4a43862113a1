"""The presenter's windows of a room: what they send late, what they show after a reload, two at a time."""

from __future__ import annotations

import pytest
from room_visits import HOST, as_visitor, host_key, keys, opened, visit
from visits import address
from window import Window

from cnn_core import rooms
from pages.parts.room import presenter
from pages.session import membership, room_bar

__all__ = ["visit"]  # a fixture


def test_what_a_browser_sends_of_controls_that_have_left_its_page_changes_nothing(visit):
    at, room = opened(visit)
    window = Window(at)
    window.choose("wall_class", 3)
    before, number = dict(window.states), room.state().number
    window.choose("presenter_part", 1)
    window.states = before | window.states
    window.rerun()
    assert room.state().number == number, "the task of the wall, posed again"


def test_a_presenter_who_loads_the_page_again_is_at_the_same_part(visit):
    at, _ = opened(visit)
    window = Window(at)
    window.choose("wall_scope", 1).choose("presenter_part", 2)
    link = address(at)
    assert (link["part"], link["drawings"]) == ("people", "all")
    again = as_visitor(HOST, visit, **link)
    assert again.session_state["presenter_part"] == "people"
    assert again.session_state["wall_scope"] == "all"
    assert address(again) == link


def test_phones_are_brought_to_the_room_and_not_to_the_presenters_part_of_it(visit, monkeypatch):
    _, room = opened(visit)
    steered: list[rooms.Event] = []
    monkeypatch.setattr(membership, "steer", lambda room, event: steered.append(event))
    monkeypatch.setattr(room_bar, "_setup", lambda: {"part": "people"})
    room_bar._bring(room, "room")
    room_bar._bring(room, "kernels")
    assert steered == [rooms.Lead("room"), rooms.Lead("kernels", (("part", "people"),))]


@pytest.mark.parametrize(
    ("event", "key", "value"),
    [
        (rooms.Task(7, "mnist"), "wall_class", 7),
        (rooms.Switch("answers", False), "wall_answers", False),
        (rooms.Network("fashion"), "wall_network", "fashion"),
    ],
)
def test_another_window_of_the_presenter_shows_what_was_steered(visit, event, key, value):
    at, room = opened(visit)
    showed = at.session_state[membership.SEEN]
    assert showed == membership._controls(room.state(), False)
    room.steer(host_key(room), event)
    assert showed != membership._controls(room.state(), False), "the page has to be drawn again"
    at.run()
    assert at.session_state[key] == value
    assert at.session_state[membership.SEEN] == membership._controls(room.state(), False)


@pytest.mark.parametrize("part", presenter.PARTS)
@pytest.mark.parametrize("asked", [False, True])
def test_each_part_asks_whether_another_window_steered(visit, monkeypatch, part, asked):
    at, room = opened(visit)
    if asked:
        room.steer(host_key(room), rooms.Question("What happens?", ("more", "less")))
    answers = [True]
    monkeypatch.setattr(membership, "was_steered", lambda *_: bool(answers and answers.pop()))
    at.session_state["presenter_part"] = part
    at.run()
    assert not at.exception
    assert answers == []
    assert "presenter_close" in keys(at)
