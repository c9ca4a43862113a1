"""A visitor's way through the pages: what goes along from one to the next, and what Back restores."""

from __future__ import annotations

import io

import numpy as np
import pytest
from conftest import eventually, go
from inside import Inside
from lengths import repeats
from PIL import Image
from playwright.sync_api import Page, expect
from test_back_and_menu import PAGES
from test_home import Home

DRESS = 3  # of the images at home
DRESS_PLACE = {"part": "test", "index": "12", "of": "sample"}
PRESSES = 5
# A choice of the page that a press changes, but the language. What only unfolds a part of a page is none.
OPTION = (
    ".stMain [role=radio][aria-checked=false]:not([disabled], .st-key-language *),"
    " [class*=st-key-entry_] details:not([open]) > summary, .stMain [role=tab][aria-selected=false]"
)
STATE = """() => {
    const found = [];
    const walk = root => {
        for (const it of root.querySelectorAll('*')) {
            if (it.shadowRoot) walk(it.shadowRoot);
            if (it.closest('.st-key-language')) continue;
            if (it.getAttribute('role') === 'radio') found.push(it.getAttribute('aria-checked'));
            if (it.getAttribute('role') === 'tab') found.push(it.getAttribute('aria-selected'));
            if (it.tagName === 'DETAILS') found.push(String(it.open));
            if (it.tagName === 'INPUT') found.push(it.type === 'checkbox' ? it.checked : it.value);
        }
    };
    walk(document.querySelector('.stMain'));
    return JSON.stringify(found);
}"""


def settled(page: Page) -> str:
    """What the page shows and its address say once neither changes any more, without the language."""
    seen: list[str] = []

    def rests() -> bool:
        page.wait_for_timeout(250)
        address = page.evaluate("location.pathname + location.search")
        seen.append(f"{address} {page.evaluate(STATE)}")
        running = page.locator(".stApp").get_attribute("data-test-script-state") != "notRunning"
        waits = page.locator("[data-testid=stSkeleton]").count()
        return not running and not waits and len(seen) > 2 and len(set(seen[-3:])) == 1

    eventually(rests)
    return seen[-1]


def test_an_image_goes_from_home_through_the_pages_and_back(app, window):
    home = Home.of(window(app.url))
    page = home.page
    home.thumb(DRESS).click()
    eventually(lambda: f"image={DRESS}" in home.address)
    home.board("output").focus()
    home.board("output").press("ArrowDown")
    home.words("a").get_by_text("Why did it say that?").click()
    inside = Inside(page).settled()
    name = "Fashion-MNIST sample, test image 12: Dress"
    _shows(inside, "explain", name)
    page.get_by_role("link", name="What each layer makes of this image").click()
    _shows(inside, "feature_maps", name)
    go(page, "Look inside", "Surgery")
    _shows(inside, "surgery", name)
    for path in ("feature_maps", "explain"):
        page.go_back()
        _shows(inside, path, name)
    page.go_back()
    eventually(lambda: page.evaluate("location.pathname") == "/")
    expect(home.thumb(DRESS)).to_have_attribute("aria-checked", "true")


def _shows(inside: Inside, path: str, name: str) -> None:
    eventually(lambda: inside.page.evaluate("location.pathname") == f"/{path}")
    eventually(lambda: inside.query.items() >= DRESS_PLACE.items())
    expect(inside.page.get_by_text(name).first).to_be_visible()


@pytest.mark.long
def test_an_upload_goes_through_the_pages_and_back(app, window):
    inside = Inside.open(app, window, "images", source="upload")
    pixels = np.full((40, 60), 255, np.uint8)
    pixels[10:30, 20:40] = 0
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    file = {"name": "mine.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    inside.page.locator("input[type=file]").set_input_files(file)
    expect(inside.page.get_by_text("60×40 pixels in the file.")).to_be_visible()
    for name in ("explain", "feature_maps", "surgery"):
        go(inside.page, "Look inside", name.capitalize().replace("_", " "))
        eventually(lambda name=name: inside.page.evaluate("location.pathname") == f"/{name}")
        inside.says("source", "upload")
        expect(inside.page.get_by_text("“mine.png” is still open.")).to_be_visible()
    for name in ("feature_maps", "explain", "images"):
        inside.page.go_back()
        eventually(lambda name=name: inside.page.evaluate("location.pathname") == f"/{name}")
        expect(inside.page.get_by_text("“mine.png” is still open.")).to_be_visible()


NOTHING_TO_PRESS = {"course", "challenges", "room"}
EVERY_PATH = tuple("" if name == "home" else name for name in PAGES if name not in NOTHING_TO_PRESS)
PATHS = repeats(("evaluation",), EVERY_PATH)
"""In short, of the other pages tests/pages/test_every_control.py."""


def test_five_presses_of_back_restore_what_was_on_every_page(app, window):
    page = window("about:blank")
    for path in PATHS:
        page.goto(f"{app.url}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        states = [settled(page)]
        for press in range(PRESSES):
            options = page.locator(OPTION).locator("visible=true")
            options.nth((3 * press + 1) % options.count()).click()
            eventually(lambda states=states: _address(page) != states[-1].split()[0])
            states.append(settled(page))
        for state in reversed(states[:-1]):
            page.go_back()
            eventually(lambda state=state: _address(page) == state.split()[0])
            eventually(lambda state=state: settled(page) == state)


def _address(page: Page) -> str:
    return str(page.evaluate("location.pathname + location.search"))
