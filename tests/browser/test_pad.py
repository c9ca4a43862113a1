"""The drawing pad under mouse, finger and keyboard, and what a network reads on it meanwhile."""

from __future__ import annotations

import base64
import io
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, pairwise

import numpy as np
import pytest
from conftest import Server, eventually, go
from hands import HANDS, PAD, Stroke, on_pad
from inside import made_run
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from cnn_core import datasets
from cnn_core.config import ConvBlock, ModelConfig

COLD = 120_000  # milliseconds: a worker that still loads TensorFlow, on a busy machine
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
HINT = "Draw a digit here, anywhere and at any size"
THREE = on_pad(HANDS["plain"][3], 170, 0.5, 0.5)
FOUR = on_pad(HANDS["plain"][4], 170, 0.5, 0.5)  # two strokes

ANSWER = """
pad => {
  const reading = document.querySelector(".reading");
  const glyph = reading?.querySelector(".glyph");
  const local = document.querySelector(".desk");
  const number = (local ? pad.dataset.drawn : pad.dataset.sent) ?? "0";
  return glyph && (reading.dataset.drawing ?? "0") === number && glyph.innerText;
}
"""

LARGE = ModelConfig((ConvBlock(64, 5), ConvBlock(64, 5)))
FASHION = datasets.DATASETS["fashion_mnist"]

Windows = Callable[..., Page]
Touch = Callable[[str, list[tuple[float, float]]], None]


@dataclass
class Desk:
    """One window with the draw page in it."""

    page: Page

    @classmethod
    def of(cls, page: Page) -> Desk:
        """Wait until the page is there and nothing is on its way."""
        desk = cls(page)
        expect(desk.canvas).to_be_visible(timeout=COLD)
        desk.settled()
        return desk

    def settled(self) -> None:
        """Wait until the server has nothing more to say."""
        state = ("data-test-script-state", "notRunning")
        expect(self.page.get_by_test_id("stApp")).to_have_attribute(*state, timeout=COLD)

    @property
    def pad(self) -> Locator:
        return self.page.locator(".pad")

    @property
    def canvas(self) -> Locator:
        return self.pad.locator("canvas")

    @property
    def reading(self) -> Locator:
        return self.page.locator(".reading").first

    @property
    def glyph(self) -> Locator:
        return self.reading.locator(".glyph")

    @property
    def strokes(self) -> Locator:
        """What a screen reader is told: how many strokes there are."""
        return self.pad.locator(".status")

    def spot(self, x: float, y: float) -> tuple[float, float]:
        """A place on the pad, in its own units, as a place in the window."""
        return self.spots([(x, y)])[0]

    def spots(self, points: Stroke) -> list[tuple[float, float]]:
        box = self.canvas.bounding_box()
        return [
            (box["x"] + x / PAD * box["width"], box["y"] + y / PAD * box["height"])
            for x, y in points
        ]

    def draw(self, strokes: list[Stroke]) -> None:
        """With the mouse."""
        mouse = self.page.mouse
        for stroke in strokes:
            spots = self.spots(stroke)
            mouse.move(*spots[0])
            mouse.down()
            for spot in spots:
                mouse.move(*spot)
            mouse.up()

    def sent(self) -> int:
        return int(self.pad.get_attribute("data-sent") or 0)

    def drawn(self) -> int:
        """Number of the drawing that is on the pad."""
        return int(self.pad.get_attribute("data-drawn") or 0)

    def shown(self) -> int:
        """Number of the drawing that the answer on the screen belongs to."""
        return int(self.reading.get_attribute("data-drawing") or 0)

    def answer(self) -> str:
        """What the network says to the drawing that is on the pad now."""
        pad = self.pad.element_handle()
        return str(self.page.wait_for_function(ANSWER, arg=pad, timeout=COLD).json_value())

    def shares(self) -> list[str]:
        """The ten probabilities, as they are written."""
        return self.reading.locator(".share").all_inner_texts()

    def pixels(self) -> str:
        return str(self.canvas.evaluate("canvas => canvas.toDataURL()"))

    def press(self, name: str) -> None:
        self.pad.get_by_role("button", name=name).click()

    def scrolled(self) -> float:
        return float(self.page.get_by_test_id("stMain").evaluate("main => main.scrollTop"))


@pytest.fixture
def link(app: Server) -> str:
    return f"{app.url}/draw?lang=en&run=digits"


@pytest.fixture
def desk(link: str, window: Windows) -> Desk:
    return Desk.of(window(link))


@pytest.fixture
def phone(link: str, window: Windows) -> Desk:
    return Desk.of(window(link, **PHONE))


@pytest.fixture
def touch_on() -> Callable[[Desk], Touch]:
    """touch_on(desk)("touchStart", places): fingers on its screen, as the system reports them."""

    def on(desk: Desk) -> Touch:
        devtools = desk.page.context.new_cdp_session(desk.page)

        def send(kind: str, places: list[tuple[float, float]]) -> None:
            points = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(places)]
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        return send

    return on


@pytest.fixture
def touch(phone: Desk, touch_on: Callable[[Desk], Touch]) -> Touch:
    return touch_on(phone)


def test_the_prediction_moves_before_the_pointer_is_lifted(desk):
    desk.draw([[(140.0, 60.0)]])
    desk.answer()
    desk.canvas.evaluate("canvas => {canvas.marked = true}")
    mouse = desk.page.mouse
    mouse.move(*desk.spot(*THREE[0][0]))
    mouse.down()
    said = []
    for point in THREE[0]:
        before = desk.shown()
        mouse.move(*desk.spot(*point), steps=4)
        eventually(lambda before=before: desk.shown() > before)
        said.append(tuple(desk.shares()))
    expect(desk.reading.locator(".answer")).to_have_attribute("aria-busy", "true")
    assert len(set(said)) > 5
    mouse.up()
    assert desk.canvas.evaluate("canvas => canvas.marked"), "the pad was mounted again"
    expect(desk.strokes).to_have_text("Strokes on the pad: 2")
    expect(desk.reading.locator(".answer")).to_have_attribute("aria-busy", "false")


def test_a_stroke_is_answered_in_the_browser_and_sent_once_when_it_ends(desk):
    desk.draw([[(140.0, 60.0)]])
    assert desk.answer()
    eventually(lambda: desk.sent() == 1)
    mouse = desk.page.mouse
    mouse.move(*desk.spot(*THREE[0][0]))
    mouse.down()
    for point in THREE[0]:
        mouse.move(*desk.spot(*point), steps=4)
        desk.answer()
    assert desk.sent() == 1
    mouse.up()
    eventually(lambda: desk.sent() == 2)


def test_the_pad_answers_after_the_server_has_gone_and_before_a_worker_is_there(start, window):
    server = start(CONVSCOPE_SCHEDULER="tcp://127.0.0.1:9")  # there never is one
    desk = Desk(window(f"{server.url}/draw?lang=en", alone=True))
    expect(desk.canvas).to_be_visible(timeout=COLD)
    desk.draw(THREE)
    assert desk.answer() == "3"
    server.kill()
    desk.canvas.focus()
    desk.page.keyboard.press("Delete")
    desk.draw(FOUR)
    assert desk.answer() == "4"
    assert len(set(desk.shares())) > 1


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


def test_a_network_too_large_for_a_browser_is_answered_by_the_worker_without_another_move(
    start, window
):
    server = start()
    run = made_run(server.home, LARGE, lambda network: None)
    still, drawing = (Desk(window(f"{server.url}/draw?lang=en&run={run}")) for _ in range(2))
    for desk in (still, drawing):
        expect(desk.canvas).to_be_visible(timeout=COLD)
        desk.canvas.evaluate("canvas => {canvas.marked = true}")
    still.draw(THREE)
    expect(still.reading.locator(".answer")).to_contain_text("starting up")

    mouse = drawing.page.mouse
    spots = [drawing.spot(*point) for point in THREE[0]]
    mouse.move(*spots[0])
    mouse.down()
    for spot in cycle([*spots, *reversed(spots)]):
        mouse.move(*spot, steps=2)
        if drawing.glyph.count() and drawing.shown() > 5:
            break
        drawing.page.wait_for_timeout(50)  # a hand that leaves the network time to load
    for spot in spots:  # it goes on for a while after the first answer
        before = drawing.sent()
        mouse.move(*spot, steps=4)
        eventually(lambda before=before: drawing.sent() > before)
    expect(drawing.reading.locator(".answer")).to_have_attribute("aria-busy", "true")
    mouse.up()
    expect(drawing.strokes).to_have_text("Strokes on the pad: 1")
    for desk in (drawing, still):
        assert desk.answer(), "an answer to the whole drawing"
    for desk in (still, drawing):
        assert desk.canvas.evaluate("canvas => canvas.marked"), "the pad was mounted again"


def test_an_empty_pad_gets_a_hint_and_no_prediction(desk):
    expect(desk.pad.locator(".hint")).to_have_text(HINT)
    expect(desk.pad.locator(".hint")).to_be_visible()
    expect(desk.glyph).to_have_count(0)
    expect(desk.reading.locator(".answer")).to_contain_text("Draw on the pad")
    assert desk.shares() == ["–"] * 10
    expect(desk.pad.get_by_role("button", name="Undo")).to_be_disabled()
    expect(desk.pad.get_by_role("button", name="Clear")).to_be_disabled()

    desk.draw(THREE)
    assert desk.answer() == "3"
    desk.press("Clear")
    expect(desk.glyph).to_have_count(0)
    assert desk.shares() == ["–"] * 10
    expect(desk.pad.locator(".hint")).to_have_css("opacity", "1")


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


def test_the_pad_is_reached_and_named_without_a_mouse(desk):
    pad = desk.page.get_by_role("application", name="Drawing pad. Draw with mouse, pen or finger")
    expect(pad).to_be_visible()
    brush = desk.page.get_by_role("slider", name="Brush")
    brush.focus()
    before = brush.input_value()
    brush.press("ArrowRight")
    assert int(brush.input_value()) == int(before) + 2
    expect(desk.page.get_by_role("group", name="Drawing tools")).to_be_visible()


def test_a_wider_brush_leaves_more_ink_and_only_on_new_strokes(desk):
    line = [[(60.0, 140.0), (220.0, 140.0)]]
    brush = desk.page.get_by_role("slider", name="Brush")
    ink = []
    for value in ("8", "36"):
        brush.fill(value)
        desk.draw(line)
        desk.answer()
        ink.append(np.mean(seen_ink(desk)))
        desk.press("Clear")
    assert 4 < ink[1] / ink[0] < 6


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


def test_on_a_phone_the_answer_is_in_sight_while_the_finger_is_down(link, window, touch_on):
    phone = Desk.of(window(link, **{**PHONE, "height": 660}))
    touch = touch_on(phone)
    short = phone.pad.locator(".answer")
    expect(short).to_have_text("–")
    place = short.bounding_box()
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


def test_on_a_phone_on_its_side_the_answer_is_in_sight_too(link, window):
    desk = Desk.of(window(link, width=844, height=390))
    desk.draw(THREE)
    short = desk.pad.locator(".answer")
    expect(short).to_have_text(re.compile(r"^3 "))
    place = short.bounding_box()
    assert place["y"] + place["height"] <= 390


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


def test_the_pad_asks_for_what_the_network_knows(app, window):
    desk = Desk.of(window(f"{app.url}/draw?lang=en&run=fashion"))
    expect(desk.pad.locator(".hint")).to_contain_text("a piece of clothing")


def test_steps_and_feature_maps_follow_the_stroke(desk):
    pictures = desk.page.locator(".steps canvas, .maps canvas")
    expect(pictures).to_have_count(6)
    expect(desk.page.locator(".maps.empty")).to_have_count(1)
    seen = [pictures.evaluate_all("all => all.map(one => one.toDataURL())")]
    mouse = desk.page.mouse
    mouse.move(*desk.spot(*THREE[0][0]))
    mouse.down()
    for point in (THREE[0][5], THREE[0][-1]):
        before = desk.shown()
        mouse.move(*desk.spot(*point), steps=8)
        eventually(lambda before=before: desk.shown() > before)
        desk.settled()
        seen.append(pictures.evaluate_all("all => all.map(one => one.toDataURL())"))
    for number, sources in enumerate(zip(*seen, strict=True)):
        assert len(set(sources)) == 3, f"picture {number} stood still"
    mouse.up()
    expect(desk.page.locator(".maps.empty")).to_have_count(0)
    expect(desk.page.locator(".steps .scaled figcaption")).to_contain_text("20×")
    expect(desk.page.locator(".steps .centred figcaption")).to_contain_text("28×28: the input")
    assert sum(float(share.strip("> %")) for share in desk.shares()) == pytest.approx(100, abs=0.5)


def test_a_small_digit_in_a_corner_is_another_one_without_the_preparation(desk):
    desk.draw(on_pad(HANDS["plain"][7], 60, 1.0, 1.0))
    assert desk.answer() == "7"
    without = desk.reading.locator(".without")
    expect(without).to_contain_text("Without the preparation it would have said")
    assert without.locator("b").inner_text() != "7"


def test_two_networks_read_the_same_drawing_side_by_side(app, window):
    desk = Desk.of(window(f"{app.url}/draw?lang=en&run=digits&beside=fashion"))
    readings = desk.page.locator(".reading")
    expect(readings).to_have_count(2)
    desk.draw(FOUR)
    assert desk.answer() == "4"
    expect(readings.nth(1)).to_have_attribute("data-drawing", str(desk.drawn()))
    other = readings.nth(1)
    assert other.locator(".glyph").inner_text() in FASHION.class_names
    expect(other.locator(".row")).to_have_count(10)
    left, right = (readings.nth(number).bounding_box() for number in (0, 1))
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] < right["x"]
    maps = desk.page.locator(".maps canvas")
    expect(maps).to_have_count(2)
    pictures = maps.evaluate_all("all => all.map(one => one.toDataURL())")
    assert len(set(pictures)) == 2


def test_the_strokes_survive_reruns_other_pages_and_a_reload(desk):
    page = desk.page
    desk.draw(THREE)
    assert desk.answer() == "3"
    drawn = desk.pixels()
    desk.canvas.evaluate("canvas => {canvas.marked = true}")

    for language, title in (("한국어", "숫자 그리기"), ("EN", "Draw a digit")):
        page.get_by_role("radio", name=language).click()
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        desk.settled()
        assert desk.pixels() == drawn
        assert desk.answer() == "3"
        words = desk.pad.locator(".undo").inner_text()
        assert words == {"한국어": "되돌리기", "EN": "Undo"}[language]
    assert desk.canvas.evaluate("canvas => canvas.marked"), "the pad was mounted again"

    go(page, "Learn", "Home")
    expect(page.get_by_role("heading", name="ConvScope")).to_be_visible()
    go(page, "Use", "Draw")
    eventually(lambda: desk.canvas.count() and desk.pixels() == drawn)
    assert desk.answer() == "3"

    page.reload()
    eventually(lambda: desk.canvas.count() and desk.pixels() == drawn)
    assert desk.answer() == "3"
    desk.press("Clear")
    page.reload()
    expect(desk.canvas).to_be_visible(timeout=COLD)
    expect(desk.strokes).to_have_text(HINT)


def test_what_is_sent_is_what_is_seen(desk):
    desk.draw(
        [*on_pad(HANDS["ornate"][2], 230, 1, 0), [(30.0, 260.0)], [(-20.0, 100.0), (60.0, 300.0)]]
    )
    desk.answer()
    png = base64.b64decode(desk.pixels().split(",")[1])
    seen = Image.open(io.BytesIO(png)).getchannel("A").resize((140, 140), Image.Resampling.BOX)
    assert np.abs(np.asarray(seen, float) - seen_ink(desk)).mean() < 2  # of 255


def test_messages_stay_small_even_for_a_scribble(desk):
    sizes = []
    listen = lambda socket: socket.on("framesent", lambda frame: sizes.append(len(frame)))  # noqa: E731
    desk.page.on("websocket", listen)
    desk.page.reload()
    expect(desk.canvas).to_be_visible(timeout=COLD)
    random = np.random.default_rng(0)
    desk.draw([[tuple(map(float, place)) for place in random.uniform(0, PAD, (40, 2))]])
    desk.answer()
    eventually(lambda: max(sizes) > 1_000)  # the ink
    desk.page.remove_listener("websocket", listen)
    assert max(sizes) < 8_000


def seen_ink(desk: Desk) -> np.ndarray:
    """The canvas that the network gets, from the first of its step pictures."""
    values = desk.page.locator(".steps .canvas canvas").evaluate(
        """canvas => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]"""
    )
    return np.array(values, float).reshape(140, 140, 4)[..., 0]


PLACES = {  # height, across, down
    "large": (240, 0.5, 0.5),
    "upper left": (140, 0.0, 0.0),
    "upper right": (90, 1.0, 0.0),
    "lower left": (90, 0.0, 1.0),
    "lower right": (170, 1.0, 1.0),
}


def test_at_least_95_of_100_digits_are_read_in_every_hand_size_and_corner(desk):
    wrong = []
    cases = [
        (hand, digit, list(PLACES)[(digit + 2 * turn + number) % len(PLACES)])
        for number, hand in enumerate(HANDS)
        for digit in range(10)
        for turn in range(2)
    ]
    for hand, digit, place in cases:
        desk.draw(on_pad(HANDS[hand][digit], *PLACES[place]))
        if desk.answer() != str(digit):
            wrong.append((hand, digit, place, desk.answer()))
        desk.canvas.focus()
        desk.page.keyboard.press("Delete")
    assert len(wrong) <= 0.05 * len(cases), wrong
