"""People of a room who are removed, a room that is full, and how many rooms a browser may keep."""

from __future__ import annotations

from played_room import ANN, BOB, HOST, INK, OTHER, refusal, room

from cnn_core import rooms
from cnn_core.planning.limits import Limits

__all__ = ["room"]  # a fixture


def test_who_was_removed_is_out_with_all_they_did_until_let_in_again(room: rooms.Room) -> None:
    task = room.steer(HOST, rooms.Task(3, "mnist"))
    drawing = room.act(ANN, rooms.Drawing(task, INK))
    question = room.steer(HOST, rooms.Question("?", ("yes", "no")))
    room.act(ANN, rooms.Vote(question, 0))
    room.act(BOB, rooms.Vote(question, 1))
    room.steer(HOST, rooms.Remove(ANN, True))
    state = rooms.Room(room.code, room.path).state()
    assert set(state.people) == {BOB}
    assert state.shown_pictures() == []
    assert state.counts(question) == [0, 1]
    for act in (
        lambda: room.join(ANN),
        lambda: room.act(ANN, rooms.Vote(question, 1)),
        lambda: room.act(ANN, rooms.Drawing(task, INK)),
        lambda: room.act(ANN, rooms.Follow(False)),
    ):
        assert refusal(act).key == "room.removed"
    room.steer(HOST, rooms.Remove(ANN, False))
    state = room.state()
    assert [picture.number for picture in state.shown_pictures()] == [drawing]
    assert state.counts(question) == [1, 1]
    assert state.arrivals == {ANN: 1, BOB: 2}, "the number of a phone stays its own"


def test_a_full_room_refuses_drawings_and_questions_but_not_what_ends_something() -> None:
    room = rooms.create(HOST, Limits(room_megabytes=1))
    room.join(ANN)
    room.steer(HOST, rooms.Lead("draw"))
    question = room.steer(HOST, rooms.Question("?", ("yes", "no")))
    room.limits = Limits(room_megabytes=0)
    assert refusal(lambda: room.act(ANN, rooms.Vote(question, 0))).key == "room.too_large"
    assert refusal(lambda: room.steer(HOST, rooms.Lead("kernels"))).key == "room.too_large"
    for event in (
        *(rooms.Reveal(question), rooms.Pause(), rooms.LetGo(), rooms.Remove(ANN, True)),
    ):
        before = room.state().number
        assert room.steer(HOST, event) == before + 1
        room.steer(HOST, event)
        assert room.state().number == before + 1, "what changes nothing fills no room"
    state = room.state()
    assert state.revealed == {question}
    assert (state.activity, state.lead, state.people) == (None, None, {})
    assert refusal(lambda: room.steer(HOST, rooms.Remove(ANN, False))).key == "room.too_large"


def test_one_browser_keeps_some_rooms_and_leaves_the_others_to_the_rest() -> None:
    limits = Limits(own_rooms=2)
    kept = [rooms.create(HOST, limits) for _ in range(2)]
    assert refusal(lambda: rooms.create(HOST, limits)).key == "room.too_many_own"
    assert rooms.create(OTHER, limits).steers(OTHER)
    kept[0].close(HOST, keep=False)
    assert rooms.create(HOST, limits).steers(HOST)
