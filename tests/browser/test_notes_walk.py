"""The notes in a browser: code is drawn as written, a link opens its place, Back returns to the part."""

from __future__ import annotations

import pytest
from conftest import eventually
from lengths import at_length
from playwright.sync_api import expect

from cnn_core.course import notes

LINES = "it => [...it.querySelectorAll('span')].map(line => line.innerText)"
PHONE = {"width": 390, "height": 844, "has_touch": True}


@pytest.mark.parametrize(
    ("language", "settings"), [("ko", PHONE), at_length("en", {})], ids=["phone", "wide"]
)
def test_a_walk_from_the_notes_to_a_place_and_back(language, settings, app, window):
    page = window("about:blank", **settings)
    page.goto(f"{app.url}/notes?part=images&lang={language}")
    part = next(part for part in notes.read(language) if part.name == "images")
    for row in part.rows:
        entry = page.locator(f".st-key-note_{row.key}")
        expect(entry).to_be_visible()
        code = entry.locator(".code")
        expect(code).to_have_count(1)
        assert [line.strip() for line in code.evaluate(LINES)] == [
            line.strip() for line in row.code.splitlines()
        ]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    row = part.rows[-1]
    page.locator(f".st-key-note_{row.key}").get_by_role("link").click()
    eventually(lambda: page.evaluate("location.pathname") == f"/{row.page}")
    eventually(lambda: all(f"{k}={v}" in page.url for k, v in row.query.items()))
    page.go_back()
    expect(page.locator(f".st-key-note_{part.rows[0].key}")).to_be_visible()
    page.locator(".st-key-notes_next").get_by_role("button").click()
    expect(page.locator(".st-key-note_network_0")).to_be_in_viewport()
    eventually(lambda: "part=network" in page.url)
