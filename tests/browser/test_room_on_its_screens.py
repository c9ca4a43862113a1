"""A room on a phone held either way, and on the projector: all is in sight, and nothing covers another."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from conftest import Server, eventually
from desk import COLD, Windows
from lengths import repeats
from playwright.sync_api import Page, expect

PHONES = ((390, 844), (360, 640), (844, 390), (667, 375))
PROJECTOR = {"width": 1280, "height": 720}
PAGES = repeats(("draw", "landscape"), ("draw", "landscape", "explain", "playground", "surgery"))
UNDER_THE_CORNER = """() => {
    const corner = document.querySelector(".corner-code").getBoundingClientRect();
    const inCorner = ({left, right, top, bottom}) =>
        left < corner.right && right > corner.left && top < corner.bottom && bottom > corner.top;
    return [...document.querySelectorAll(".stMain :is(p, h1, h2, button, input, canvas, img, label)")]
        .filter((part) => part.checkVisibility() && !part.closest(".st-key-presenter_bar"))
        .filter((part) => inCorner(part.getBoundingClientRect()))
        .map((part) => part.outerHTML.slice(0, 100));
}"""
WATCH_NAMES = """
    const fill = CanvasRenderingContext2D.prototype.fillText;
    window.names = {};
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        const {a, b, e} = this.getTransform();
        const size = parseFloat(this.font.match(/([0-9.]+)px/)[1]) * Math.hypot(a, b);
        const isName = Math.abs(b) > 0.01 && this.canvas.closest(".st-key-wall_matrix");
        if (isName) window.names[text] = [e, size, Math.atan2(b, a)];
        return fill.call(this, text, ...place);
    };"""
"""Remembers where, how large and how steep each name at the columns of the matrix was written last."""


def _opened(page: Page, server: Server, address: str = "lang=en") -> str:
    """A room for clothing with something to draw; its code."""
    page.goto(f"{server.url}/room?{address}")
    page.get_by_role("button", name="Open a room").click(timeout=COLD)
    code = page.locator(".invitation .code").inner_text(timeout=COLD)
    page.locator("[class*='st-key-wall_network']").get_by_role("combobox").click()
    page.get_by_role("option", name="Fashion-MNIST (ready-made)", exact=True).click()
    page.get_by_role("radio", name="Pullover").click()
    expect(page.get_by_role("radio", name="Pullover")).to_be_checked()
    return code


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_phone_shows_sheet_tools_and_button_together(language, app, window):
    code = _opened(window("about:blank"), app)
    phone = window(f"{app.url}/room?room={code}&lang={language}", has_touch=True, is_mobile=True)
    expect(phone.locator(".wanted")).to_be_visible(timeout=COLD)
    hand_in = phone.locator(".st-key-phone_hand_in button")
    for width, height in PHONES:
        phone.set_viewport_size({"width": width, "height": height})
        for part in (phone.locator(".pad canvas"), *phone.locator(".tools > *").all(), hand_in):
            eventually(lambda part=part, height=height: 0 < _end(part) <= height)
        rows = {_end(tool) for tool in phone.locator(".tools > *").all()}
        assert len(rows) == 1, (width, height)


def test_in_the_presenter_view_the_corner_covers_nothing_and_no_names_run_into_each_other(
    app: Server, window: Windows
) -> None:
    page = window("about:blank", locale="en-PH", **PROJECTOR)  # the script stays with the window
    page.context.add_init_script(WATCH_NAMES)
    code = _opened(page, app, "present=1&lang=en")
    eventually(lambda: len(page.evaluate("window.names")) == 10)
    places = sorted(page.evaluate("Object.values(window.names)"))
    for (left, size, angle), (right, *_) in pairwise(places):
        assert (right - left) * abs(math.sin(angle)) >= 0.95 * size
    for name in PAGES:
        page.goto(f"{app.url}/{name}?room={code}&present=1&lang=en")
        expect(page.locator(".corner-code img")).to_be_visible(timeout=COLD)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        eventually(lambda: page.evaluate(UNDER_THE_CORNER) == [])


def _end(part) -> float:
    place = part.bounding_box()
    return place["y"] + place["height"] if place else 0.0
