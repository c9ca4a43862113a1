"""The page of rooms without a browser: a presenter and phones, each a visitor of their own."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import pytest
import streamlit as st
from room_visits import (
    ANN,
    BOB,
    HOST,
    HOST_KEY,
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
from visits import address

from cnn_core import rooms, texts
from cnn_core.errors import EngineError
from pages.network import readings
from pages.parts.room import phone, wall
from pages.session import membership
from pages.session.words import plain

__all__ = ["visit", "worker"]  # fixtures


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_presenter_opens_a_room_and_phones_can_be_told_how_to_join(visit, language):
    at = press(as_visitor(HOST, visit, language=language), "entrance_open")
    code = address(at)["room"]
    shown = markdown(at)
    assert code in shown
    assert "data:image/svg+xml" in shown
    assert "host" not in address(at)


def test_a_phone_joins_by_code_and_comes_back_to_its_place(visit):
    _, room = opened(visit)
    at = as_visitor(ANN, visit)
    at.text_input(key="entrance_code").input(f" {room.code.lower()} ")
    at.button[0].click().run()
    assert not at.exception
    assert address(at)["room"] == room.code
    assert len(room.state().people) == 1
    again = as_visitor(ANN, visit, room=room.code)
    assert len(room.state().people) == 1, "the same person after the page was loaded again"
    assert texts.say("en", "room.wait") in [it.value for it in again.info]
    as_visitor(BOB, visit, room=room.code)
    assert len(room.state().people) == 2


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("code", ["AEIO", "", "BBBB", "<b>", "../../x"])
def test_a_code_of_no_room_is_one_sentence(visit, language, code):
    at = as_visitor(ANN, visit, language=language)
    at.text_input(key="entrance_code").input(code)
    at.button[0].click().run()
    assert not at.exception
    assert len(at.warning) == 1
    at = as_visitor(ANN, visit, language=language, room=code or "-")
    assert len(at.warning) == 1
    assert "room" not in address(at)


def test_a_phone_does_not_get_the_controls_of_the_presenter(visit):
    _, room = opened(visit)
    at = as_visitor(ANN, visit, room=room.code, host="guessed")
    assert not membership.is_presenter(room) or "presenter_close" not in keys(at)
    assert not {"presenter_close", "presenter_wipe", "room_bring"} & keys(at)
    assert len(at.warning) == 1
    assert "host" not in address(at)


def test_the_presenters_link_works_in_another_browser(visit):
    at, room = opened(visit)
    press(at, "presenter_link")
    secret = at.code[0].value.partition("host=")[2]
    other = as_visitor(BOB, visit, room=room.code, host=secret)
    assert "presenter_close" in keys(other)
    assert "host" not in address(other)


def test_drawings_get_to_the_wall_and_are_read_by_the_server_once(visit, worker, monkeypatch):
    host, room = opened(visit)
    for label, token in ((1, ANN), (7, BOB)):
        room.steer(host_key(room), rooms.Task(label, "mnist"))
        at = as_visitor(token, visit, room=room.code)
        draw(at, INK, monkeypatch)
        assert not at.warning
    host.session_state["wall_scope"] = "all"
    host.run()
    state = room.state()
    assert [picture.label for picture in state.pictures.values()] == [1, 7]
    read = readings.read(_digits(), [*state.pictures.values()])
    assert [int(read[number].argmax()) for number in state.pictures] == [1, 1]
    assert worker == [1], "the same drawing twice, asked once, for the wall and both phones"
    assert "50%" in markdown(host)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_wall_says_why_drawings_are_not_read_and_the_log_once(
    visit, worker, monkeypatch, caplog, language
):
    """And no more once they are."""
    problem = EngineError("engine.failed", kind="ValueError")

    def fail(*arguments: object) -> None:
        raise problem

    host, room = opened(visit)
    host.session_state["language"] = language
    room.steer(host_key(room), rooms.Task(1, "mnist"))
    room.steer(host_key(room), rooms.Switch("answers", True))
    with monkeypatch.context() as patch:
        patch.setattr(readings.answers, "predict", fail)
        draw(as_visitor(ANN, visit, room=room.code), INK, monkeypatch)
        for _ in range(2):
            host.run()
            assert plain(problem.sentence(language)) in [it.value for it in host.warning]
        assert [str(problem) in record.message for record in caplog.records].count(True) == 1
    host.run()
    assert plain(problem.sentence(language)) not in [it.value for it in host.warning]
    assert not host.exception


def test_a_phone_sees_the_answer_only_if_the_presenter_shows_answers(visit, worker, monkeypatch):
    _, room = opened(visit)
    room.steer(host_key(room), rooms.Task(1, "mnist"))
    at = draw(as_visitor(ANN, visit, room=room.code), INK, monkeypatch)
    assert "The network says 1" in markdown(at)
    room.steer(host_key(room), rooms.Switch("answers", False))
    assert "The network says" not in markdown(at.run())


def test_an_empty_pad_is_one_sentence_and_a_drawing_can_be_taken_back(visit, worker, monkeypatch):
    _, room = opened(visit)
    room.steer(host_key(room), rooms.Task(1, "mnist"))
    at = draw(as_visitor(ANN, visit, room=room.code), np.zeros_like(INK), monkeypatch)
    assert [it.value for it in at.warning] == ["Draw something first."]
    for _ in range(2):
        draw(at, INK, monkeypatch, number=2)
        assert len(room.state().pictures) == 1, "pressed twice, handed in once"
    press(at, "phone_take_back")
    assert room.state().pictures == {}


def test_a_page_that_is_loaded_again_goes_on_with_the_pad_in_use(visit, worker, monkeypatch):
    """Also after a restart of the server: the browser keeps the strokes under the name of the sheet."""
    _, room = opened(visit)
    room.steer(host_key(room), rooms.Task(1, "mnist"))
    sheets = []

    def pad(key: str, *, sheet: str, **settings: Any) -> None:
        sheets.append(sheet)

    monkeypatch.setattr(phone.pad, "pad", pad)
    draw(as_visitor(ANN, visit, room=room.code), INK, monkeypatch)
    as_visitor(ANN, visit, room=room.code)
    assert sheets[-1] == sheets[-2] != sheets[0]
    as_visitor(BOB, visit, room=room.code)
    assert sheets[-1] == sheets[0]


def test_the_presenter_hides_and_shows_drawings(visit, worker, monkeypatch):
    host, room = opened(visit)
    room.steer(host_key(room), rooms.Task(1, "mnist"))
    draw(as_visitor(ANN, visit, room=room.code), INK, monkeypatch)
    [number] = room.state().pictures
    room.steer(host_key(room), rooms.Hide((number,), True))
    press(host.run(), "wall_show_hidden")
    assert room.state().hidden == set()


def test_a_wall_without_the_drawings_that_its_network_knows_says_so(visit, worker, monkeypatch):
    host, room = opened(visit)
    room.steer(host_key(room), rooms.Task(1, "mnist"))
    draw(as_visitor(ANN, visit, room=room.code), INK, monkeypatch)
    walls: list[wall.drawings.Wall] = []
    monkeypatch.setattr(wall.drawings, "drawings", lambda key, shown, hide: walls.append(shown))
    room.steer(host_key(room), rooms.Network("fashion"))
    host.run()
    assert walls[-1].empty == texts.say("en", "room.other_data", count=1)
    room.steer(host_key(room), rooms.Network("digits"))
    host.run()
    assert walls[-1].groups


def test_a_vote_is_asked_cast_taken_back_and_shown(visit):
    host, room = opened(visit)
    host.session_state["presenter_part"] = "predict"
    host.run()
    host.text_input(key="votes_text").input("Is <b>this</b> bold?")
    host.text_input(key="votes_choice_0").input("yes")
    host.text_input(key="votes_choice_1").input("*no*")
    [ask] = [button for button in host.button if button.label == texts.say("en", "room.ask")]
    ask.click().run()
    assert not host.exception
    [number] = room.state().questions
    at = as_visitor(ANN, visit, room=room.code)
    assert "&lt;b&gt;this" in markdown(at)
    press(at, f"votes_{number}_1")
    assert room.state().counts(number) == [0, 1]
    press(at, f"votes_{number}_1")
    assert room.state().counts(number) == [0, 0]
    press(at, f"votes_{number}_0")
    assert "1 of 1 have voted" in markdown(host.run())
    press(host, "votes_reveal")
    assert "100%" in markdown(host)
    assert "100%" in markdown(at.run())


def test_a_lesson_fills_the_form_of_a_question(visit):
    host, room = opened(visit)
    host.session_state["presenter_part"] = "predict"
    host.run()
    host.selectbox(key="votes_lesson.0").select("stride").run()
    [ask] = [button for button in host.button if button.label == texts.say("en", "room.ask")]
    ask.click().run()
    assert not host.exception
    [question] = room.state().questions.values()
    assert question.right is not None


def test_phones_are_brought_to_the_presenters_page_and_let_go(visit, monkeypatch):
    _, room = opened(visit)
    as_visitor(ANN, visit, room=room.code)
    host = as_visitor(HOST, visit, "", room=room.code, run="fashion")
    press(host, "room_bring")
    lead = room.state().lead
    assert lead is not None
    assert lead.page == ""
    assert not {"room", "lang"} & set(dict(lead.query))
    room.steer(host_key(room), rooms.Lead("kernels", (("run", "fashion"),)))
    led: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(
        st, "switch_page", lambda page, query_params: led.append((page, query_params))
    )
    at = as_visitor(ANN, visit, "", room=room.code)
    assert led == [("pages/kernels.py", {"run": "fashion", "room": room.code})]
    assert texts.say("en", "room.following") in markdown(at)
    press(at, "room_follow")
    [person] = room.state().people
    assert room.state().free == {person}
    room.steer(host_key(room), rooms.Lead("draw"))
    again = as_visitor(ANN, visit, "", room=room.code)
    assert len(led) == 1, "loaded again, and still not brought along"
    assert texts.say("en", "room.free") in markdown(again)
    room.steer(host_key(room), rooms.LetGo())
    assert "room_follow" not in keys(as_visitor(ANN, visit, "", room=room.code))
    assert len(led) == 1


def test_a_phone_on_the_playground_is_brought_to_the_set_up_and_run_of_the_presenter(visit):
    _, room = opened(visit)
    at = as_visitor(ANN, visit, "playground", room=room.code)
    assert "run" not in address(at)
    led = {"blocks": "6.5.1.same.relu.max.2", "epochs": "3", "run": "fashion", "room": room.code}
    at.query_params.clear()
    at.query_params.update(led)  # as the line at the top asks for, on the page that is open already
    at.run()
    assert not at.exception
    assert (address(at)["run"], address(at)["epochs"]) == ("fashion", "3")
    assert address(at)["blocks"].startswith("6.5.")
    at.number_input(key="set_epochs").set_value(7)
    at.query_params.clear()
    at.query_params.update(led)  # the browser has not heard yet of the address that the page wrote
    at.run()
    assert address(at)["epochs"] == "7", "what the phone changes afterwards stays"


def test_a_link_of_another_page_shows_its_run_in_a_window_that_has_shown_another(visit):
    at = as_visitor(ANN, visit, "playground", run="digits")
    assert address(at)["run"] == "digits"
    at.switch_page("pages/glossary.py").run()
    at.query_params.clear()
    at.query_params["run"] = "fashion"
    at.switch_page("pages/playground.py").run()
    assert address(at)["run"] == "fashion"


def test_a_window_is_brought_to_a_place_once_and_not_if_it_does_not_follow(monkeypatch):
    window: dict[str, object] = {"visitor": ANN[:16], "visitor_secret": ANN}
    monkeypatch.setattr(st, "session_state", window)
    room = rooms.create(HOST_KEY)
    person = membership.person(room)
    room.join(person)
    assert membership.to_follow(room.state(), person) is None
    room.steer(HOST_KEY, rooms.Lead("kernels"))
    assert membership.to_follow(room.state(), person) == rooms.Lead("kernels")
    assert membership.to_follow(room.state(), person) is None, "so that they can look around"
    membership.follow(room, False)
    room.steer(HOST_KEY, rooms.Lead("draw"))
    assert membership.to_follow(room.state(), person) is None
    membership.follow(room, True)
    assert membership.to_follow(room.state(), person) == rooms.Lead("draw"), (
        "follows again, to where the others are"
    )
    room.steer(HOST_KEY, rooms.LetGo())
    assert membership.to_follow(room.state(), person) is None


def test_nicknames_are_asked_for_where_they_are_wanted(visit):
    _, room = opened(visit)
    room.steer(host_key(room), rooms.Switch("nicknames", True))
    at = as_visitor(ANN, visit, room=room.code)
    at.text_input(key="phone_nickname").input("Ann & Bo")
    [join] = [button for button in at.button if button.label == texts.say("en", "room.join")]
    join.click().run()
    assert not at.exception
    assert [*room.state().people.values()] == ["Ann & Bo"]


def test_a_room_is_closed_opened_again_and_wiped(visit):
    host, room = opened(visit)
    at = as_visitor(ANN, visit, room=room.code)
    press(host, "presenter_close")
    assert texts.say("en", "room.closed_for_you") in [it.value for it in at.run().info]
    press(host, "presenter_reopen")
    assert not room.closed
    host.checkbox[0].check().run()
    press(host, "presenter_wipe")
    assert "room" not in address(host)
    deleted = texts.say("en", "error.room.deleted", code=room.code)
    assert [it.value for it in host.warning] == [deleted]
    assert [it.value for it in at.run().warning] == [deleted]
    assert "room" not in address(at)


@pytest.mark.parametrize("presents", [True, False])
def test_a_room_that_is_wiped_at_any_moment_of_a_page_is_one_sentence(presents, visit, monkeypatch):
    """Another process wipes it before the first, second, ... look of the page at it."""
    look = rooms.Room.state
    for moment in range(1, 12):
        room = rooms.create(HOST_KEY)
        room.steer(HOST_KEY, rooms.Question("Right?", ("yes", "no")))
        at = as_visitor(HOST if presents else ANN, visit, room=room.code)
        if presents:
            at.session_state["presenter_part"] = "predict"
            at.run()
        looks = []

        def state(self, code=room.code, path=room.path, last=moment, looks=looks):
            looks.append(self)
            if len(looks) == last:
                rooms.Room(code, path).close(HOST_KEY, keep=False)
            return look(self)

        with monkeypatch.context() as patch:
            patch.setattr(rooms.Room, "state", state)
            at.run()
        assert not at.exception, moment
        if len(looks) < moment:
            break
        assert [warning.value for warning in at.warning] == [
            texts.say("en", "error.room.deleted", code=room.code)
        ], moment
    assert moment > 3, "the page looks at its room"


def test_a_room_with_damaged_events_is_left_out_of_the_earlier_ones(visit):
    room = rooms.create(HOST_KEY)
    with sqlite3.connect(room.path) as file:
        file.execute("INSERT INTO events VALUES (1, 0, '', 'Nothing', '{}', NULL)")
    file.close()
    assert f"entrance_{room.code}" not in keys(as_visitor(HOST, visit))


def _digits() -> Any:
    from cnn_core import runs

    return runs.open_run("digits")
