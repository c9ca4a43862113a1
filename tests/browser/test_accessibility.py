"""No page has what axe-core calls serious, and each fits on a phone, in both languages and both themes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from conftest import eventually
from lengths import at_length, repeats
from playwright.sync_api import Page, expect

from bench import first_screen

PATHS = (
    "", "images", "convolution", "convolution?section=network", "notes", "notes?part=slips", "glossary",
    "training_step", "playground", "runs?runs=fashion~digits", "sweep", "kernels", "feature_maps",
    "evaluation", "explain", "surgery", "embedding", "landscape", "challenges",
    "robustness?rotate=40", "draw", "room", "course", "convolution?course=textbook-1",
)  # fmt: skip
PHONES = ((390, 844), (844, 390))
STICKS_OUT = """() => {
    const wide = document.scrollingElement.scrollWidth > innerWidth ? ["the page"] : [];
    const main = document.querySelector(".stMainBlockContainer");
    const isCut = (part) => {
        const {overflowX, clipPath, position} = getComputedStyle(part);
        return /auto|scroll/.test(overflowX) || clipPath !== "none" || position === "fixed";
    };
    const scrolls = (part) => part !== main && (isCut(part) || scrolls(part.parentElement));
    return wide.concat([...main.querySelectorAll("*:not(input[type=range], svg *)")]
        .filter(part => part.checkVisibility({visibilityProperty: true}))
        .filter(part => part.getBoundingClientRect().right > innerWidth + 1 && !scrolls(part))
        .map(part => part.outerHTML.slice(0, 200)));
}"""
GRAVE = {"serious", "critical"}
FIND = """() => axe.run({resultTypes: ["violations"]}).then(found => found.violations.map(
    it => [it.impact, it.id, it.nodes.slice(0, 3).map(node => node.html.slice(0, 150))]))"""
NAMELESS = """() => {
    const found = [];
    const isName = (part) => part.ariaHidden === "true" || (part.getAttribute("aria-label") ?? "").trim()
        || part.hasAttribute("aria-labelledby") || part.getAttribute("alt");
    const above = (part) => part.matches("[data-testid=stElementContainer], .stMain") ? null
        : part.parentElement ?? part.getRootNode().host ?? null;
    const walk = (root) => {
        for (const part of root.querySelectorAll("*")) {
            if (part.shadowRoot) walk(part.shadowRoot);
            if (!/^(CANVAS|BUTTON)$/.test(part.tagName)) continue;
            if (!part.checkVisibility({visibilityProperty: true})) continue;
            if (part.tagName === "CANVAS") {
                let holder = part;
                while (holder && !isName(holder)) holder = above(holder);
                if (!holder) found.push(`canvas of ${part.closest("[class*=st-key-]")?.className}`);
            } else if (!isName(part) && !part.title) {
                const words = part.cloneNode(true);
                for (const icon of words.querySelectorAll("[data-testid=stIconMaterial], svg")) icon.remove();
                const labels = [...words.querySelectorAll("[aria-label]")].map(it => it.ariaLabel).join("");
                if (!(words.textContent + labels).trim()) found.push(part.outerHTML.slice(0, 200));
            }
        }
    };
    walk(document.body);
    return found;
}"""
"""Pictures without words, and buttons that have nothing but an icon for a name."""
OF_NARROW_PAGES = ("list", "listitem", "scrollable-region-focusable")
"""Rules of axe-core that a page may break on a phone alone: the menu is a drawer there, and tables scroll."""
NARROW_PATHS = repeats(("glossary", "playground"), PATHS)
FIND_NARROW = FIND.replace("{", f"{{runOnly: {list(OF_NARROW_PAGES)}, ", 1)


@pytest.mark.parametrize(
    ("theme", "language", "paths"),
    [
        ("light", "en", PATHS[::2]),
        ("dark", "ko", PATHS[1::2]),
        at_length("light", "en", PATHS[1::2]),
        at_length("dark", "ko", PATHS[::2]),
    ],
    ids=["light-en", "dark-ko", "light-en-others", "dark-ko-others"],
)
def test_axe_finds_nothing_serious_and_phones_cut_nothing_on_any_page(
    theme, language, paths, app, window
):
    page = window("about:blank", color_scheme=theme)
    nameless = {}
    for path in paths:
        page.goto(f"{app.url}/{path}{'&' if '?' in path else '?'}lang={language}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        eventually(lambda: _rests(page))
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert page.get_by_text("BidiComponent Error").count() == 0, path
        page.evaluate(first_screen.AXE)
        grave = [it for it in page.evaluate(FIND) if it[0] in GRAVE]
        assert grave == [], path
        nameless[path] = page.evaluate(NAMELESS)
        levels = page.evaluate(first_screen.HEADINGS)
        assert levels[0] == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), path
        _fits_on_a_phone(page, path)
    assert {path: parts for path, parts in nameless.items() if parts} == {}


def test_a_picture_and_a_button_without_words_are_found(app, window):
    page = window(f"{app.url}/_stcore/health")
    icon = '<span data-testid="stIconMaterial" role="img" aria-label="add icon">add</span>'
    page.set_content(f"""<main class="stMain">
        <canvas></canvas> <div role="img" aria-label="The loss falls."><canvas></canvas></div>
        <button>{icon}</button> <button>{icon} Train</button> <button aria-label="Next">{icon}</button>
    </main>""")
    assert [part.split()[0] for part in page.evaluate(NAMELESS)] == ["canvas", "<button><span"]


def _fits_on_a_phone(page: Page, path: str) -> None:
    """Upright and on its side: nothing sticks out of the window, and the answer begins in sight."""
    name, _, query = path.partition("?")
    answer = ", ".join(first_screen.PAGES[name or "home"].answer)
    normal = page.viewport_size
    for width, height in PHONES:
        page.set_viewport_size({"width": width, "height": height})
        eventually(lambda: page.evaluate(STICKS_OUT) == [])
        if width < height and path in NARROW_PATHS:
            eventually(lambda: page.evaluate(FIND_NARROW) == [])
        if not query:  # where a page opens by itself
            eventually(lambda height=height: 0 < _top(page, answer) < height)
    page.set_viewport_size(normal)


def _top(page: Page, answer: str) -> float:
    place = page.locator(answer).first.bounding_box()
    return place["y"] if place else 0.0


def _rests(page: Page) -> bool:
    page.wait_for_timeout(400)
    waits = page.locator("[data-testid=stSkeleton], [data-testid=stSpinner]").count()
    state = page.locator(".stApp").get_attribute("data-test-script-state")
    return not waits and state == "notRunning"
