"""A course of one's own: from a file, by clicking; and one that plays by itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from test_course_steps import join, panel, press
from test_every_control import visit
from visits import APP, address
from window import Window

from cnn_core import texts
from cnn_core.course import steps, store
from pages.guide import panel as guide
from pages.guide.browser import MOST
from pages.guide.draft import ROWS
from pages.parts.course.own import FAULTS, KEPT_ID
from pages.session.course import STATE, CourseState
from pages.session.words import plain

__all__ = ["panel", "visit"]  # the fixtures

MINE = """
title = "Mine"
[[step]]
title = "Kernels"
place = "kernels?run=fashion&layer=conv2"
text = "Look at *conv2*."
[[step]]
title = "Pooling"
place = "convolution?section=pool"
text = "Pooling."
"""


def give(visit: Any, content: bytes, language: str = "en") -> AppTest:
    """The page of the course after a file has been chosen."""
    at: AppTest = visit("course", language).at
    at.file_uploader(key="own_upload").set_value(("mine.toml", content, "application/toml")).run()
    assert not at.exception
    return at


def test_a_file_is_kept_and_its_course_opened(visit, panel):
    at = give(visit, MINE.encode())
    course_id = at.session_state[KEPT_ID]
    assert [step.page for step in store.open_course(course_id, "en").steps] == [
        "kernels", "convolution",
    ]  # fmt: skip
    assert f"?course={course_id}" in [code.value for code in at.code]
    at.button(key="own_open").click().run()
    assert not at.exception
    assert address(at)["course"] == f"{course_id}-1"
    assert address(at)["layer"] == "conv2"


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(
    ("content", "count"),
    [
        (MINE.replace("kernels?", "nowhere?").replace('"Pooling."', '""').encode(), 2),
        (b"title =", 1),
        (b"\xff\xfe\x00", 1),
    ],
    ids=["fields", "toml", "bytes"],
)
def test_every_fault_of_a_file_is_a_sentence(content, count, language, visit):
    at = give(visit, content, language)
    faults = at.session_state[FAULTS]
    assert len(faults) == count
    sentences = [error.value for error in at.error]
    assert len(sentences) == count
    assert all(bool(re.search("[가-힣]", text)) is (language == "ko") for text in sentences)
    assert KEPT_ID not in at.session_state


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_step_named_like_its_page_is_not_followed_by_the_same_words(language, visit, panel):
    at = visit("course", language).at
    pages = [caption.value for caption in at.caption]
    for step in steps.textbook(language).steps:
        assert (texts.say(language, f"{step.page}.nav") in pages) or step.page == "training_step"
        assert step.title not in pages


def test_a_page_is_added_by_clicking_as_it_is(visit, panel):
    window: Window = visit("course", "en")
    at = window.at
    at.button(key="own_start").click().run()
    at.query_params["layer"] = "conv2"
    at.query_params["run"] = "fashion"
    at.switch_page("pages/kernels.py").run()
    at.session_state["draft_title"] = "Kernels"
    at.session_state["draft_text"] = "Look at conv2."
    press(Window(at), "draft_add")
    [row] = at.session_state[ROWS]
    assert row["title"] == "Kernels"
    assert row["place"].startswith("kernels?")
    assert "layer=conv2" in row["place"]
    at.switch_page("pages/course.py").run()
    at.button(key="own_keep").click().run()
    assert not at.exception
    [step] = store.open_course(at.session_state[KEPT_ID], "en").steps
    assert (step.page, step.query["layer"], step.text) == ("kernels", "conv2", "Look at conv2.")


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_course_that_plays_by_itself_says_so(language, visit, panel):
    words = texts.say(language, "course.plays")
    for kiosk in ({}, {"kiosk": "1"}):
        at = join(language, 0, **kiosk)
        assert not at.exception
        assert any(words in caption.value for caption in at.caption) == bool(kiosk)


def test_a_course_that_plays_by_itself_answers_goes_on_and_is_handed_over(monkeypatch):
    state = CourseState(steps.TEXTBOOK, 0, kiosk=True, unattended=True)
    monkeypatch.setattr(st, "session_state", {STATE: state})
    monkeypatch.setattr(guide, "language", lambda: "en")
    course = steps.textbook("en")
    for number, step in enumerate(course.steps):
        assert state.step == number
        guide._take_turn()
        assert (state.step, state.predictions) == (number, {number: step.right})
        guide._take_turn()
        assert state.predictions == {}
        assert st.session_state.pop(guide.GO), "the page of the next step is opened"
    assert state.step == 0, "after the last comes the first"
    guide._take_turn()
    guide._take_over()
    assert (state.kiosk, state.predictions) == (False, {})
    guide._take_turn()
    assert (state.step, state.predictions) == (0, {}), "it plays no more"


def test_a_course_that_was_taken_over_plays_again_after_a_silence(monkeypatch):
    state = CourseState(steps.TEXTBOOK, 4, {4: 1}, {2: {"total": "3"}}, unattended=True)
    monkeypatch.setattr(st, "session_state", {STATE: state})
    guide._play_again()
    assert (state.kiosk, state.step, state.predictions, state.outcomes) == (True, 0, {}, {})
    assert st.session_state[guide.GO], "the page of the first step is opened"
    mine = CourseState(steps.TEXTBOOK, 4, {4: 1})
    st.session_state[STATE] = mine
    guide._play_again()
    assert (mine.kiosk, mine.step, mine.predictions) == (False, 4, {4: 1})


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_course_that_was_taken_over_says_when_it_plays_again(language, visit, panel):
    at = join(language, 0, kiosk="1")
    at.session_state[STATE].kiosk = False
    at.run()
    assert not at.exception
    words = texts.say(language, "course.plays_again")
    assert {"en": "three minutes", "ko": "3분"}[language] in words
    assert guide.SILENCE_S == 3 * 60
    assert any(words in caption.value for caption in at.caption)


def test_the_last_step_of_an_unattended_course_is_followed_by_the_first(visit, panel):
    last = len(steps.textbook("en").steps) - 1
    at = join("en", last, kiosk="1")
    at.session_state[STATE].kiosk = False
    at.run()
    press(Window(at), "course_next")
    state = at.session_state[STATE]
    assert (state.step, state.kiosk) == (0, True)


def test_an_unattended_course_stays_so_when_a_step_of_the_list_is_opened(visit, panel):
    at = join("en", 0, kiosk="1")
    at.session_state[STATE].kiosk = False
    at.switch_page("pages/course.py").run()
    at.button(key="open_step_3").click().run()
    assert not at.exception
    state = at.session_state[STATE]
    assert (state.step, state.kiosk, state.unattended) == (3, False, True)
    assert address(at)["kiosk"] == "1"


@pytest.mark.parametrize(
    ("number", "opened", "missing"),
    [
        ("", 0, ""),
        ("1", 0, ""),
        ("12", 11, ""),
        ("012", 11, ""),
        ("13", 11, "13"),
        ("99", 11, "99"),
        ("9" * 5000, 11, "9" * MOST),
        ("0", 0, "0"),
        ("-3", 0, "-3"),
        ("four", 0, "four"),
    ],
)
def test_a_link_opens_its_step_or_the_nearest_one_and_tells_them_apart(number, opened, missing):
    assert guide._index(number, 12) == (opened, missing)


@pytest.mark.parametrize(
    ("language", "number", "opened"), [("en", "99", 12), ("ko", "<b>", 1)], ids=["beyond", "none"]
)
def test_a_link_to_a_step_that_the_course_does_not_have_is_answered_in_words(
    language, number, opened, visit, panel
):
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.session_state["language"] = language
    at.query_params["course"] = f"{steps.TEXTBOOK}-{number}"
    at.run()
    assert not at.exception
    assert address(at)["course"] == f"{steps.TEXTBOOK}-{opened}"
    count = len(steps.textbook(language).steps)
    words = texts.say(language, "course.no_step", number=plain(number), steps=count, step=opened)
    assert words in [warning.value for warning in at.warning]
    press(Window(at), "course_back" if opened > 1 else "course_next")
    assert words not in [warning.value for warning in at.warning]
