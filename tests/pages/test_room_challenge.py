"""A challenge of a room: set by the presenter, checked from run folders, shown to phones and on the board."""

from __future__ import annotations

import time
from typing import Any

import pytest
import streamlit as st
from room_visits import ANN, BOB, HOST, as_visitor, host_key, markdown, opened, press, visit

from cnn_core import rooms, runs, texts
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.course.goals_room import ROOM_GOALS
from cnn_core.errors import RunError
from cnn_core.planning.links import to_query
from cnn_core.progress.events import EpochEnd, RunStarted
from cnn_core.runs.log import EventWriter
from pages.session import membership, standings

__all__ = ["visit"]  # a fixture
SMALL = ModelConfig(blocks=(ConvBlock(32), ConvBlock(64, pool_size=4)), dense=())  # 24,586


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Figures are read again at each look, and not once a second."""
    st.cache_resource.clear()


def trained(owner: str, accuracy: float) -> runs.Run:
    run = runs.create(SMALL, TrainConfig(), owner=owner)
    emit = EventWriter(run)
    emit(RunStarted(1, 48_000, 375, "float32"))
    emit(EpochEnd(1, 0.3, 0.9, 0.3, accuracy, 1e-3, 9.0, best=True))
    emit.close()
    runs.write_status(run, "finished")
    return run


def look(at: Any) -> Any:
    st.cache_resource.clear()
    at.run()
    assert not at.exception
    return at


def board(host: Any) -> Any:
    host.session_state["presenter_part"] = "people"
    return look(host)


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("goal", ROOM_GOALS)
def test_phones_show_the_challenge_and_the_way_to_the_playground(visit, language, goal):
    _, room = opened(visit)
    room.steer(host_key(room), rooms.Challenge(goal))
    at = as_visitor(ANN, visit, language=language, room=room.code)
    assert texts.say(language, f"room.goal_{goal}") in markdown(at)
    assert texts.say(language, f"room.goal_{goal}_task", **ROOM_GOALS[goal].numbers) in markdown(at)
    [bar] = at.get("progress")
    assert bar.proto.text == texts.say(language, "challenges.not_tried")
    assert room.state().owners[next(iter(room.state().people))] == ANN[:16]


def test_a_run_of_a_phone_counts_for_that_phone_alone(visit):
    host, room = opened(visit)
    early = trained(ANN[:16], 0.99)
    room.steer(host_key(room), rooms.Challenge("sprint"))
    ann, bob = (as_visitor(token, visit, room=room.code) for token in (ANN, BOB))
    assert early.created < room.state().began[room.state().activity]
    assert "99" not in ann.get("progress")[0].proto.text, "from before the challenge"
    trained(ANN[:16], 0.9)
    trained("somebody else", 0.95)
    assert "90.0%" in look(ann).get("progress")[0].proto.text
    assert bob.get("progress")[0].proto.text == texts.say("en", "challenges.not_tried")
    board(host)
    assert "1 reached the goal" in markdown(host)
    assert "1 not training" in markdown(host)
    assert "95.0%" not in markdown(host)


def test_a_set_up_that_reached_the_goal_counts_on_other_pages_too(visit):
    _, room = opened(visit)
    as_visitor(ANN, visit, room=room.code)
    [person] = room.state().people
    blocks = ConvBlock(8, pool_size=4), ConvBlock(8, pool="none")
    deep = to_query(ModelConfig(blocks=blocks), TrainConfig())
    room.presence.note(person, "playground", deep)
    time.sleep(0.01)
    room.steer(host_key(room), rooms.Challenge("field"))
    room.presence.note(person, "room", {})

    def progress() -> Any:
        st.cache_resource.clear()
        return standings.standings(room, room.state())[person].progress

    assert progress() is None, "built before the challenge"
    time.sleep(0.01)
    room.presence.note(person, "playground", deep)
    room.presence.note(person, "room", {})
    assert progress().reached


def test_the_leaderboard_is_there_only_where_the_presenter_shows_it(visit):
    host, room = opened(visit)
    room.steer(host_key(room), rooms.Challenge("sprint"))
    ann, bob = (as_visitor(token, visit, room=room.code) for token in (ANN, BOB))
    trained(ANN[:16], 0.912)
    title = texts.say("en", "room.board_accuracy")
    assert title not in markdown(board(host))
    assert title not in markdown(look(bob))
    room.steer(host_key(room), rooms.Switch("leaderboard", True))
    for at in (host, ann, bob):
        assert title in markdown(look(at))
        assert "91.2%" in markdown(at)
    assert 'class="mine"' in markdown(ann)
    assert 'class="mine"' not in markdown(bob)


def test_a_click_shows_the_set_up_and_the_run_of_a_person(visit):
    host, room = opened(visit)
    room.steer(host_key(room), rooms.Challenge("sprint"))
    as_visitor(ANN, visit, room=room.code)
    [person] = room.state().people
    assert texts.say("en", "room.no_work") in _captions(press(board(host), f"people_{person}"))
    query = to_query(SMALL, TrainConfig())
    room.presence.note(person, "playground", query)
    run = trained(ANN[:16], 0.9)
    look(host)
    assert "24,586" in markdown(host)
    assert "<svg" in markdown(host)
    links = [each.proto for each in host.get("page_link")]
    assert [texts.say("en", "room.see_page"), texts.say("en", "room.see_run")] == [
        link.label for link in links[-2:]
    ]
    assert f"run={run.id}" in links[-1].query_string
    assert "blocks=" in links[-2].query_string


def test_who_meets_the_same_error_three_times_needs_help(visit):
    host, room = opened(visit)
    room.steer(host_key(room), rooms.Challenge("fewest"))
    as_visitor(ANN, visit, room=room.code)
    [person] = room.state().people
    error = RunError("run.not_yours", id="x")
    for number in range(3):
        room.presence.note_trouble(person, {"en": str(error)}, {"epochs": str(number)})
    press(board(host), f"people_{person}")
    assert "1 need help" in markdown(host)
    [warning] = host.warning
    assert str(error) in warning.value.replace("\\", "")


def test_the_playground_tells_the_room_what_a_phone_meets(visit):
    _, room = opened(visit)
    as_visitor(ANN, visit, room=room.code)
    [person] = room.state().people
    at = as_visitor(ANN, visit, "playground")
    at.session_state[membership.CODE] = room.code
    at.run()
    assert room.presence.of(person).times == 0
    at.number_input(key="set_epochs").set_value(50).run()
    for size in (7, 6):  # of a 28 × 28 image nothing is left
        at.session_state["set_blocks"] = 4
        for block in range(4):
            at.session_state[f"set_kernel_{block}"] = size
            at.session_state[f"set_padding_{block}"] = "valid"
        at.run()
        assert not at.exception
    assert room.presence.of(person).trouble.keys() == set(texts.LANGUAGES)


def test_a_challenge_of_another_version_shows_that_nothing_is_asked(visit):
    host, room = opened(visit)
    room.steer(host_key(room), rooms.Challenge("other"))
    at = as_visitor(ANN, visit, room=room.code)
    assert texts.say("en", "room.wait") in [info.value for info in at.info]
    board(host)


def test_the_presenter_sets_and_ends_a_challenge(visit):
    host, room = opened(visit)
    board(host)
    host.button_group(key="people_goal.0").set_value("field").run()
    assert not host.exception
    assert room.state().challenge == rooms.Challenge("field")
    host.button_group(key="people_goal.0").set_value(None).run()
    assert not host.exception
    assert room.state().challenge is None


def _captions(at: Any) -> list[str]:
    return [caption.value for caption in at.caption]


def test_host_is_nobody_of_the_room(visit):
    host, room = opened(visit)
    as_visitor(HOST, visit, room=room.code)
    assert room.state().people == {}
    board(host)
