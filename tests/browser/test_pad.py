"""The drawing pad under mouse, finger and keyboard, and what a network reads on it meanwhile."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest
from conftest import eventually
from desk import COLD, FOUR, HINT, THREE, Desk, desk, link, seen_ink
from hands import HANDS, on_pad
from inside import made_run
from playwright.sync_api import Page, expect
from test_frame import SECTIONS

from cnn_core.config import ConvBlock, ModelConfig

__all__ = ["desk", "link"]  # fixtures


LARGE = ModelConfig((ConvBlock(64, 5), ConvBlock(64, 5)))


def test_the_prediction_moves_before_the_pointer_is_lifted_and_only_then_the_stroke_is_sent(desk):
    desk.draw([THREE[0][:6]])
    assert desk.answer()
    eventually(lambda: desk.sent() == 1)
    desk.canvas.evaluate("canvas => {canvas.marked = true}")
    mouse = desk.page.mouse
    mouse.move(*desk.spot(*THREE[0][0]))
    mouse.down()
    said = []
    for point in THREE[0]:
        before = desk.answered()
        mouse.move(*desk.spot(*point), steps=4)
        eventually(lambda before=before: desk.answered() > before)
        said.append(tuple(desk.probabilities()))
    expect(desk.reading.locator(".answer")).to_have_attribute("aria-busy", "true")
    assert len(set(said)) > 5
    assert desk.sent() == 1, "only whole strokes are sent"
    mouse.up()
    eventually(lambda: desk.sent() == 2)
    assert desk.canvas.evaluate("canvas => canvas.marked"), "the pad was mounted again"
    expect(desk.strokes).to_have_text("Strokes on the pad: 2")
    expect(desk.reading.locator(".answer")).to_have_attribute("aria-busy", "false")


def test_the_pad_answers_after_the_server_has_gone_and_before_a_worker_is_there(start, window):
    server = start(CONVSCOPE_SCHEDULER="tcp://127.0.0.1:9")  # there never is one
    desk = Desk(window(f"{server.url}/draw?lang=en", alone=True))
    expect(desk.canvas).to_be_visible(timeout=COLD)
    _has_the_frame(desk.page)
    desk.draw(THREE)
    assert desk.answer() == "3"
    server.kill()
    desk.canvas.focus()
    desk.page.keyboard.press("Delete")
    desk.draw(FOUR)
    assert desk.answer() == "4"
    assert len(set(desk.probabilities())) > 1


def _has_the_frame(page: Page) -> None:
    """Also for the first visitor of a new server, who comes by a link."""
    expect(page.get_by_test_id("stTopNavSection")).to_have_text(SECTIONS)
    expect(page.locator(".st-key-language")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    expect(page).to_have_title("Draw · ConvScope")


def test_a_network_that_cannot_be_fetched_is_one_sentence_until_it_can_be(link, window):
    page = window("about:blank", alone=True)
    page.route("**/media/*", lambda route: route.abort())
    page.goto(link)
    desk = Desk.of(page)
    desk.draw(THREE)
    expect(desk.reading.locator(".answer")).to_contain_text("could not be loaded")
    page.unroute("**/media/*")
    desk.draw([[(10.0, 10.0)]])
    desk.press("Undo")
    assert desk.answer() == "3"


@pytest.mark.long
def test_a_network_too_large_for_a_browser_is_answered_by_the_worker_without_another_move(
    start, window
):
    server = start()
    run = made_run(server.home, LARGE, lambda network: None)
    still, drawing = (Desk(window(f"{server.url}/draw?lang=en&run={run}")) for _ in range(2))
    for screen in (still, drawing):
        expect(screen.canvas).to_be_visible(timeout=COLD)
        screen.canvas.evaluate("canvas => {canvas.marked = true}")
    still.draw(THREE)
    expect(still.reading.locator(".answer")).to_contain_text("starting up")

    mouse = drawing.page.mouse
    spots = [drawing.spot(*point) for point in THREE[0]]
    mouse.move(*spots[0])
    mouse.down()
    for spot in cycle([*spots, *reversed(spots)]):
        mouse.move(*spot, steps=2)
        if drawing.glyph.count() and drawing.answered() > 5:
            break
        drawing.page.wait_for_timeout(50)  # a hand that leaves the network time to load
    for spot in spots:  # it goes on for a while after the first answer
        before = drawing.sent()
        mouse.move(*spot, steps=4)
        eventually(lambda before=before: drawing.sent() > before)
    expect(drawing.reading.locator(".answer")).to_have_attribute("aria-busy", "true")
    mouse.up()
    expect(drawing.strokes).to_have_text("Strokes on the pad: 1")
    for screen in (drawing, still):
        assert screen.answer(), "an answer to the whole drawing"
    for screen in (still, drawing):
        assert screen.canvas.evaluate("canvas => canvas.marked"), "the pad was mounted again"


def test_what_is_no_single_digit_gets_a_sentence_and_no_single_prediction(desk):
    expect(desk.pad.locator(".hint")).to_have_text(HINT)
    expect(desk.pad.locator(".hint")).to_be_visible()
    expect(desk.glyph).to_have_count(0)
    expect(desk.reading.locator(".answer")).to_contain_text("Draw on the pad")
    assert desk.probabilities() == ["–"] * 10
    expect(desk.pad.get_by_role("button", name="Undo")).to_be_disabled()
    expect(desk.pad.get_by_role("button", name="Clear")).to_be_disabled()

    desk.draw(THREE)
    assert desk.answer() == "3"
    desk.press("Clear")
    expect(desk.glyph).to_have_count(0)
    assert desk.probabilities() == ["–"] * 10
    expect(desk.pad.locator(".hint")).to_have_css("opacity", "1")

    desk.draw([[(140.0, 60.0)]])
    assert desk.answer() == "nothing"
    expect(desk.reading.locator(".answer")).to_contain_text("a dot, a line across or a scribble")
    desk.draw(
        [*on_pad(HANDS["plain"][4], 120, 0.1, 0.5), *on_pad(HANDS["plain"][2], 120, 0.9, 0.5)]
    )
    assert desk.answer() == "4 2"
    expect(desk.reading.locator(".answer")).to_contain_text("More than one digit")
    expect(
        desk.page.get_by_role("img", name="Digit 1 of 2 as the network receives it")
    ).to_be_visible()
    desk.draw([[(90.0, 140.0), (190.0, 140.0)]])
    eventually(lambda: len(desk.answer().split()) == 3)
    expect(desk.reading.locator(".answer")).to_contain_text("two digits that touch")
    desk.press("Clear")
    expect(desk.reading.locator(".each")).to_be_hidden()
    expect(desk.reading.locator(".bars")).to_be_visible()


def test_strokes_are_taken_back_one_by_one_and_a_cleared_pad_too(desk):
    empty = desk.pixels()
    desk.draw(FOUR[:1])
    one = desk.pixels()
    desk.draw(FOUR[1:])
    assert desk.answer() == "4"
    two = desk.pixels()
    assert len({empty, one, two}) == 3

    for undo in (lambda: desk.press("Undo"), lambda: desk.page.keyboard.press("Control+z")):
        undo()
        expect(desk.strokes).to_have_text("Strokes on the pad: 1")
        eventually(lambda: desk.pixels() == one)
        desk.draw(FOUR[1:])
        expect(desk.strokes).to_have_text("Strokes on the pad: 2")

    for key in ("Delete", "Escape", "Backspace"):
        desk.canvas.focus()
        desk.page.keyboard.press(key)
        expect(desk.strokes).to_have_text(HINT)
        expect(desk.glyph).to_have_count(0)
        eventually(lambda: desk.pixels() == empty)
        desk.page.keyboard.press("Control+z")
        expect(desk.strokes).to_have_text("Strokes on the pad: 2")
        assert desk.answer() == "4"
        eventually(lambda: desk.pixels() == two)


def test_pad_and_brush_have_names_and_a_wider_brush_leaves_more_ink_on_new_strokes(desk):
    pad = desk.page.get_by_role("application", name="Drawing pad. Draw with mouse, pen or finger")
    expect(pad).to_be_visible()
    expect(desk.page.get_by_role("group", name="Drawing tools")).to_be_visible()
    brush = desk.page.get_by_role("slider", name="Brush")
    brush.focus()
    before = brush.input_value()
    brush.press("ArrowRight")
    assert int(brush.input_value()) == int(before) + 2
    line = [[(60.0, 140.0), (220.0, 140.0)]]
    ink = []
    for value in ("8", "36"):
        brush.fill(value)
        desk.draw(line)
        desk.answer()
        ink.append(np.mean(seen_ink(desk)))
        desk.press("Clear")
    assert 4 < ink[1] / ink[0] < 6


def test_a_stroke_that_begins_just_outside_the_border_is_drawn(desk):
    box, mouse = desk.canvas.bounding_box(), desk.page.mouse
    middle = box["y"] + box["height"] / 2
    for start in (box["x"] - 8, box["x"] + box["width"] + 8):
        mouse.move(start, middle)
        mouse.down()
        mouse.move(box["x"] + box["width"] / 2, middle)
        mouse.up()
    expect(desk.strokes).to_have_text("Strokes on the pad: 2")
    mouse.move(box["x"] - 20, middle)
    mouse.down()
    mouse.up()
    expect(desk.strokes).to_have_text("Strokes on the pad: 2")
