"""The pad under a finger."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from conftest import eventually
from desk import FOUR, HINT, THREE, Desk, Windows, desk, link, seen_ink
from playwright.sync_api import Locator, expect

__all__ = ["desk", "link"]  # fixtures


PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


Touch = Callable[..., None]


@pytest.fixture
def phone(link: str, window: Windows) -> Desk:
    return Desk.of(window(link, **PHONE))


@pytest.fixture
def touch_on() -> Callable[[Desk], Touch]:
    """touch_on(desk)("touchStart", places): fingers on its screen, as the system reports them."""

    def on(desk: Desk) -> Touch:
        devtools = desk.page.context.new_cdp_session(desk.page)

        def send(kind: str, places: list[tuple[float, float]], radius: float = 8) -> None:
            points = [
                {"x": x, "y": y, "id": index, "radiusX": radius, "radiusY": radius}
                for index, (x, y) in enumerate(places)
            ]
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        return send

    return on


@pytest.fixture
def touch(phone: Desk, touch_on: Callable[[Desk], Touch]) -> Touch:
    return touch_on(phone)


def test_only_the_first_finger_and_the_first_button_draw(desk, phone, touch):
    desk.page.mouse.move(*desk.spot(100, 100))
    desk.page.mouse.down(button="right")
    desk.page.mouse.move(*desk.spot(200, 200), steps=3)
    desk.page.mouse.up(button="right")
    expect(desk.strokes).to_have_text(HINT)

    one, other = phone.spot(60, 60), phone.spot(220, 220)
    touch("touchStart", [one])
    touch("touchStart", [one, other])
    touch("touchMove", [phone.spot(60, 200), phone.spot(220, 60)])
    touch("touchEnd", [])
    expect(phone.strokes).to_have_text("Strokes on the pad: 1")
    phone.answer()
    ink = seen_ink(phone)
    assert ink[:, :70].any()
    assert not ink[:, 70:].any()


def test_a_pinch_a_resting_hand_and_a_palm_leave_no_ink_and_do_not_block_the_pen(phone, touch):
    """All on one page: what follows works only if what came before left the pad free."""
    left, right = (100.0, 140.0), (180.0, 140.0)
    touch("touchStart", [phone.spot(*left)])
    touch("touchStart", [phone.spot(*left), phone.spot(*right)])
    for step in range(1, 21):  # a pinch: both move, little by little
        places = (left[0] - 3 * step, left[1]), (right[0] + 3 * step, right[1])
        touch("touchMove", [phone.spot(*place) for place in places])
    touch("touchEnd", [])
    expect(phone.strokes).to_have_text(HINT)

    rest = phone.spot(240, 250)  # the hand rests, and another finger writes
    touch("touchStart", [rest])
    touch("touchStart", [rest, phone.spot(60, 60)])
    for step in range(1, 21):
        touch("touchMove", [rest, phone.spot(60, 60 + 5 * step)])
    touch("touchEnd", [])
    expect(phone.strokes).to_have_text("Strokes on the pad: 1")
    phone.answer()
    ink = seen_ink(phone)
    assert ink[30:80, 20:40].any()
    assert not ink[:, 70:].any(), "the hand left no ink"

    touch("touchStart", [phone.spot(200, 200)], radius=45)  # a palm
    touch("touchMove", [phone.spot(200, 100)], radius=45)
    touch("touchEnd", [])
    touch("touchStart", [phone.spot(120, 60)])
    touch("touchMove", [phone.spot(120, 160)])
    touch("touchEnd", [])
    expect(phone.strokes).to_have_text("Strokes on the pad: 2")
    touch("touchStart", [phone.spot(200, 60)])
    touch("touchCancel", [])
    expect(phone.strokes).to_have_text("Strokes on the pad: 2")


PEN_AFTER_HAND = """
canvas => {
  const {left, top, width} = canvas.getBoundingClientRect();
  const at = (x, y) => ({clientX: left + x * width, clientY: top + y * width});
  const event = (type, id, pointerType, x, y) =>
    canvas.dispatchEvent(new PointerEvent(type, {
      pointerId: id, pointerType, button: 0, bubbles: true, cancelable: true, ...at(x, y),
    }));
  canvas.setPointerCapture = () => {};  // these pointers exist in this test alone
  event("pointerdown", 71, "touch", 0.8, 0.8);
  event("pointermove", 71, "touch", 0.81, 0.83);
  event("pointerdown", 72, "pen", 0.2, 0.2);
  for (let step = 1; step < 9; step += 1) event("pointermove", 72, "pen", 0.2, 0.2 + step * 0.05);
  event("pointerup", 72, "pen", 0.2, 0.6);
  event("pointerup", 71, "touch", 0.81, 0.83);
}
"""


def test_a_pen_takes_the_place_of_the_hand_that_came_down_before_it(phone):
    phone.canvas.evaluate(PEN_AFTER_HAND)
    expect(phone.strokes).to_have_text("Strokes on the pad: 1")
    phone.answer()
    ink = seen_ink(phone)
    assert ink[:, :70].any()
    assert not ink[:, 70:].any()


def test_drawing_with_a_finger_does_not_scroll_the_page(phone, touch):
    page = phone.page
    main = page.get_by_test_id("stMain")
    main.evaluate("main => {main.scrollTop = 40}")
    eventually(lambda: phone.scrolled() == 40)

    for stroke in [*FOUR, [(40.0, 250.0), (40.0, 150.0), (40.0, 20.0)]]:
        spots = [phone.spot(*point) for point in stroke]
        touch("touchStart", spots[:1])
        for start, end in pairwise(spots):
            for part in (0.33, 0.67, 1.0):
                place = tuple(a + (b - a) * part for a, b in zip(start, end, strict=True))
                touch("touchMove", [place])
        touch("touchEnd", [])
    expect(phone.strokes).to_have_text("Strokes on the pad: 3")
    phone.answer()
    assert phone.scrolled() == 40
    assert page.evaluate("window.scrollY") == 0
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390

    box = page.locator(".readings").bounding_box()
    finger = [box["x"] + 5, min(box["y"] + 100, 800)]
    touch("touchStart", [tuple(finger)])
    for _ in range(12):
        finger[1] -= 25
        touch("touchMove", [tuple(finger)])
        time.sleep(0.02)
    touch("touchEnd", [])
    eventually(lambda: phone.scrolled() > 60), "beside the pad a finger still scrolls"


def resting_place(part):
    """Where it is once two looks, a quarter of a second apart, see the same: the page is laid out."""
    places = [part.bounding_box()]
    for _ in range(100):
        time.sleep(0.25)
        places.append(part.bounding_box())
        if places[-1] == places[-2]:
            return places[-1]
    raise AssertionError("the page does not come to rest")


def test_on_a_phone_the_answer_is_in_sight_while_the_finger_is_down(link, window, touch_on):
    phone = Desk.of(window(link, **{**PHONE, "height": 660}))
    touch = touch_on(phone)
    short = phone.pad.locator(".answer")
    expect(short).to_have_text("–")
    place = resting_place(short)
    touch("touchStart", [phone.spot(*THREE[0][0])])
    for point in THREE[0]:
        touch("touchMove", [phone.spot(*point)])
        time.sleep(0.05)
    expect(short).to_have_text(re.compile(r"^3 (> )?\d+%$"))
    expect(phone.reading.locator(".answer")).to_have_attribute("aria-busy", "true")
    assert short.bounding_box()["y"] == place["y"], "nothing jumps"
    assert place["y"] + place["height"] <= 660
    assert phone.scrolled() == 0
    touch("touchEnd", [])


def test_on_a_phone_pad_answer_and_probabilities_are_in_sight_together(link, window):
    desk = Desk.of(window(link, width=844, height=390))
    desk.draw(THREE)
    assert desk.answer() == "3"
    for width, height in ((844, 390), (667, 375), (390, 844)):
        desk.page.set_viewport_size({"width": width, "height": height})
        for part in (desk.canvas, desk.glyph, desk.reading.locator(".bars"), *_tools(desk)):
            eventually(lambda part=part, height=height: 0 < _end(part) <= height)


def test_on_phones_of_every_size_the_tools_are_one_row_below_the_sheet(app, window):
    page = window("about:blank")
    for language in ("ko", "en"):
        page.goto(f"{app.url}/draw?lang={language}&run=digits")
        desk = Desk.of(page)
        for width, height in ((390, 844), (320, 568), (360, 640), (390, 664), (667, 375)):
            page.set_viewport_size({"width": width, "height": height})
            eventually(lambda desk=desk: len({_end(tool) for tool in _tools(desk)}) == 1)
            eventually(lambda desk=desk, height=height: _end(desk.pad.locator(".tools")) <= height)
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width


def _tools(desk: Desk) -> list[Locator]:
    return desk.pad.locator(".tools > :is(label, button)").all()


def _end(part: Locator) -> float:
    place = part.bounding_box()
    return place["y"] + place["height"] if place else 0.0
