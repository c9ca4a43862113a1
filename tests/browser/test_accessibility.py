"""axe-core finds nothing serious on any page, in both languages and both themes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import axe_playwright_python
import pytest
from conftest import eventually
from playwright.sync_api import Page, expect

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
PATHS = (
    "", "images", "convolution", "convolution?section=network", "notes", "notes?part=slips", "glossary",
    "training_step",
    "playground",
    "runs?runs=fashion~digits", "kernels", "feature_maps", "evaluation", "explain", "surgery", "embedding",
    "landscape",
    "robustness?rotate=40", "draw",
)  # fmt: skip
GRAVE = {"serious", "critical"}
FIND = """() => axe.run({resultTypes: ["violations"]}).then(found => found.violations.map(
    it => [it.impact, it.id, it.nodes.slice(0, 3).map(node => node.html.slice(0, 150))]))"""
HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6, [role=heading]")]
    .filter(it => it.checkVisibility()).map(it => +(it.ariaLevel ?? it.tagName[1]))"""


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "ko")])
def test_axe_finds_nothing_serious_on_any_page(theme, language, app, window):
    page = window("about:blank", color_scheme=theme)
    for path in PATHS:
        page.goto(f"{app.url}/{path}{'&' if '?' in path else '?'}lang={language}")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=120_000)
        eventually(lambda: _rests(page), 120)
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.evaluate(AXE)
        grave = [it for it in page.evaluate(FIND) if it[0] in GRAVE]
        assert grave == [], path
        levels = page.evaluate(HEADINGS)
        assert levels[0] == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), path


def _rests(page: Page) -> bool:
    page.wait_for_timeout(400)
    waits = page.locator("[data-testid=stSkeleton], [data-testid=stSpinner]").count()
    state = page.locator(".stApp").get_attribute("data-test-script-state")
    return not waits and state == "notRunning"
