"""The page to take away: opened from a file, on a phone that no network reaches."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import eventually
from desk import THREE, Desk, seen_ink
from playwright.sync_api import Browser, Page, expect

from cnn_core import browser as packing
from cnn_core import drawing, runs
from cnn_core import model as models
from cnn_core.browser import take

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DIGITS = [str(digit) for digit in range(10)]


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone without any network, dark, with a finger."""
    context = browser.new_context(offline=True, color_scheme="dark", **PHONE)
    yield context.new_page()
    context.close()


def test_it_answers_a_finger_without_a_network_as_keras_does(phone: Page, tmp_path: Path) -> None:
    run = runs.open_run("digits")
    reader = take.Reader(packing.pack(run), run.model, "<Digits> & more", DIGITS, "mnist")
    path = tmp_path / "page.html"
    path.write_text(take.to_page(reader, "ko"), "utf-8")
    complaints, requested = list[str](), list[str]()
    phone.on("pageerror", lambda error: complaints.append(str(error)))
    phone.on("console", lambda message: complaints.append(message.text))
    phone.on("request", lambda request: requested.append(request.url))
    phone.goto(path.as_uri())
    desk = Desk(phone)
    expect(desk.canvas).to_be_visible()
    assert phone.title() == "<Digits> & more"
    assert phone.evaluate("document.documentElement.lang") == "ko"
    draw(phone, desk)

    glyph = eventually(desk.answer)
    steps = drawing.steps(np.rint(seen_ink(desk)).astype(np.uint8), "bright")
    assert steps is not None
    both = np.stack([steps.model_input, steps.naive_input])
    predicted, naive = models.opened(run.model, run.folder / "best.keras").predict(both)
    assert glyph == DIGITS[int(predicted.argmax())] == "3"
    written = [float(text.strip("><% ")) for text in desk.probabilities()]
    np.testing.assert_allclose(written, 100 * predicted, atol=0.11)
    expect(desk.reading.locator(".without b")).to_have_text(DIGITS[int(naive.argmax())])
    assert desk.page.locator(".first-maps canvas").evaluate("canvas => canvas.width") > 28
    assert phone.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert complaints == []
    assert requested == [path.as_uri()]


def draw(phone: Page, desk: Desk) -> None:
    """The strokes of a three with a finger."""
    devtools = phone.context.new_cdp_session(phone)
    for stroke in THREE:
        spots = desk.spots(stroke)
        for kind, places in [
            ("touchStart", spots[:1]),
            *(("touchMove", [place]) for place in spots[1:]),
            ("touchEnd", []),
        ]:
            points = [{"x": x, "y": y} for x, y in places]
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(desk.strokes).to_contain_text("1")


def test_its_policy_refuses_a_script_and_a_request_that_are_not_its_own(
    phone: Page, tmp_path: Path
) -> None:
    run = runs.open_run("digits")
    reader = take.Reader(packing.pack(run), run.model, "x", DIGITS, "mnist")
    page = take.to_page(reader, "en").replace("</main>", "</main><script>hacked = 1</script>")
    path = tmp_path / "page.html"
    path.write_text(page, "utf-8")
    phone.goto(path.as_uri())
    expect(phone.locator(".pad canvas")).to_be_visible()
    assert phone.evaluate("typeof hacked") == "undefined"
    data = base64.b64encode(b"x").decode()
    fetched = f"fetch('data:text/plain;base64,{data}').then(() => 'fetched', () => 'refused')"
    assert phone.evaluate(fetched) == "refused"
