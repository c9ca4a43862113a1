"""Lessons in a browser: predict, then see; nothing beside them moves; the glossary finds and links them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Server
from inside import Inside
from lengths import at_length
from playwright.sync_api import Page, expect

from cnn_core import texts
from cnn_core.lessons import reader

Window = Callable[..., Page]


@pytest.mark.parametrize(("language", "width"), [at_length("en", 1280), ("ko", 390)])
def test_the_answer_comes_after_the_prediction_and_stays(
    app: Server, window: Window, language: str, width: int
) -> None:
    said = reader.read(language, "padding")
    inside = Inside.open(
        app, window, "playground", lang=language, window_={"width": width, "height": 844}
    )
    page = inside.page
    door = inside.part("lesson_padding").get_by_role("button").first
    question = inside.part("question_padding")
    door.click()
    expect(question).to_be_visible()
    inside.settled()
    opened = inside.places_at_rest("setup", "result")
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    inside.settled()
    assert inside.places_at_rest("setup", "result") == opened, "a lesson lies over the page"
    door.click()
    expect(question).to_contain_text(texts.say(language, "lesson.predict"))
    verdict = texts.say(language, "lesson.wrong", letter="ABCD"[said.right])
    expect(page.get_by_text(verdict)).to_have_count(0)
    wrong = (said.right + 1) % len(said.options)
    inside.part(f"predict_padding_{wrong}").get_by_role("button").click()
    expect(question).to_contain_text(verdict)
    expect(question).to_contain_text(said.answer.split(". ")[-1].split("`")[-1])
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    inside.settled()
    door.click()
    expect(question).to_contain_text(verdict)
    inside.fits(width)


def test_lessons_open_where_a_fragment_is_redrawn(app: Server, window: Window) -> None:
    inside = Inside.open(app, window, "kernels")
    inside.part("lesson_kernel").get_by_role("button").first.click()
    right = reader.read("en", "kernel").right
    inside.part(f"predict_kernel_{right}").get_by_role("button").click()
    expect(inside.part("question_kernel")).to_contain_text(texts.say("en", "lesson.right"))
    inside.part("again_kernel").get_by_role("button").click()
    expect(inside.part("predict_kernel_0")).to_be_visible()


def test_the_glossary_finds_while_one_types_and_a_link_opens_a_term(
    app: Server, window: Window
) -> None:
    inside = Inside.open(app, window, "glossary", term="softmax")
    page = inside.page
    said = reader.read("en", "softmax")
    expect(page.get_by_text(said.question)).to_be_in_viewport()
    search = inside.part("glossary_search").get_by_role("searchbox")
    search.press_sequentially("드롭아웃")
    entries = page.locator("[class*='st-key-term_']")
    expect(entries.first).to_contain_text("Dropout")
    page.wait_for_timeout(700)  # the page may still follow the last letters typed
    inside.settled()
    entries.first.get_by_text("Dropout").click()
    inside.says("term", "dropout")
    inside.settled()
    page.get_by_role("link", name="Playground").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Playground")
