"""The page "How easily is it fooled?" in a browser: the answer follows the slider, the marks are right."""

from __future__ import annotations

import re

import pytest
from conftest import eventually
from inside import COLD, Inside
from playwright.sync_api import Locator, expect

SET = """(input, at) => { input.value = at;
    input.dispatchEvent(new Event("input", {bubbles: true})); }"""


def slider(screen: Inside, name: str) -> Locator:
    return screen.page.locator(f'.slider[data-change="{name}"]')


def test_a_slider_flips_the_answer_where_its_mark_is(app, window):
    screen = Inside.open(app, window, "robustness", run="fashion", index=0, of="sample")
    rotate, bench = slider(screen, "rotate"), screen.page.locator(".bench")
    verdict = bench.locator(".verdict")
    expect(rotate.locator(".track i").first).to_be_attached(timeout=COLD)
    expect(slider(screen, "occlude").locator(".marks")).not_to_be_empty()
    runs_before = screen.query
    first = bench.get_attribute("data-answer")
    for mark in rotate.locator(".track i").all():
        at = int(mark.get_attribute("data-at") or 0)
        inward = -1 if at > 180 else 1
        rotate.locator("input").evaluate(SET, at + inward)
        expect(bench).to_have_attribute("data-answer", str(first))
        rotate.locator("input").evaluate(SET, at)
        eventually(lambda: bench.get_attribute("data-answer") != first)
        expect(rotate.locator(".marks")).to_contain_text(
            f"at {rotate.locator('.value').inner_text()}"
        )
    assert screen.query == runs_before  # it was not let go: the server knows nothing of it
    rotate.locator("input").press("ArrowRight")
    eventually(lambda: "rotate" in screen.query)
    expect(verdict).to_contain_text("Fooled")
    screen.page.get_by_role("button", name="Undo all changes").click()
    eventually(lambda: "rotate" not in screen.query)
    expect(verdict).to_contain_text("Unchanged")
    first_degree = int(rotate.locator("input").input_value())
    rotate.locator("input").focus()
    for degrees in (1, 2, 3):  # neither the server's answer nor new marks take the focus
        screen.page.keyboard.press("ArrowRight")
        expect(rotate.locator("input")).to_have_value(str(first_degree + degrees))
        expect(rotate).to_have_class(re.compile("moved$"))  # and not stale: it has its marks
        expect(rotate.locator("input")).to_be_focused()


@pytest.mark.long
def test_the_square_follows_the_keyboard_and_a_link_sets_it(app, window):
    screen = Inside.open(
        app, window, "robustness", run="digits", index=0, of="sample", occlude=8, row=5, column=6
    )
    changed = screen.page.locator(".after canvas")
    expect(slider(screen, "occlude").locator(".value")).to_have_text("8 px", timeout=COLD)
    expect(changed).to_have_attribute("aria-label", "The changed image: Cover 8 px. Drag on it, or"
                                      " press the arrow keys, to move the grey square.")  # fmt: skip
    changed.press("ArrowDown")
    screen.says("row", "6")
    changed.press("ArrowRight")
    screen.says("column", "7")


def test_sliders_show_what_is_set_before_the_network_is_there(app, window):
    page = window(
        "about:blank", alone=True, locale="en-NR"
    )  # a browser that has fetched no network
    page.route("**/media/*", lambda route: route.abort())
    screen = Inside(page)
    page.goto(f"{app.url}/robustness?lang=en&run=fashion&rotate=40")
    expect(slider(screen, "rotate").locator(".value")).to_have_text("40°", timeout=COLD)
    expect(slider(screen, "right").locator(".value")).to_have_text("0 px")
    fills = page.locator(".bench .bars .bar i")
    assert fills.evaluate_all("fills => fills.map(fill => fill.offsetWidth)") == [0] * 10
    page.unroute_all(behavior="ignoreErrors")
