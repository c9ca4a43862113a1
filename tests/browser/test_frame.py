"""The frame around every page: navigation, languages, themes, narrow windows."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, TWO_FRAMES, becomes, eventually, go
from lengths import at_length
from playwright.sync_api import Page, expect
from screens import COLD, LONG, SHORT, Playground

from cnn_core import texts
from cnn_core.figures import palette

SECTIONS = ["Learn", "Build and train", "Look inside", "Use"]
PAGES = re.findall(r'"pages/(\w+)\.py"', (ROOT / "app.py").read_text("utf-8"))
CARDS = {"watch": "Tiny", "textbook": "Textbook", "fast": "Fast"}
BACKGROUND = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
STICKS_OUT = """() => {
    const setup = document.querySelector('.st-key-setup')?.getBoundingClientRect().right || innerWidth;
    return [...document.querySelectorAll('.stMainBlockContainer *')]
        .filter(e => e.checkVisibility() && !e.closest('[data-testid="stTable"]'))
        .filter(e => e.getBoundingClientRect().right > (e.closest('.st-key-setup') ? setup : innerWidth) + 1)
        .map(e => e.outerHTML.slice(0, 200));
}"""
WORD_BESIDE = "it => getComputedStyle(it, '::after').content"
PHONE = "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0.0.0 Mobile Safari/537.36"
HAS_COLOUR = """colour => [...document.querySelectorAll('.st-key-term_activation_functions canvas')].some(
    (canvas) => {
        const points = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        for (let at = 0; at < points.length; at += 4)
            if (colour.every((level, channel) => points[at + channel] === level)) return true;
        return false;
    })"""
COUNTRIES = {"en": "US", "ko": "KR"}
WHITE, DARK = "rgb(255, 255, 255)", "rgb(14, 17, 23)"


@pytest.mark.long
def test_each_card_of_the_home_page_opens_its_preset_each_time(app, window):
    page = window(app.url)
    for card in (*CARDS, "watch"):
        page.locator(f".st-key-try_{card}").get_by_role("link").click()
        if card == "fast":  # a race of two presets, on the page of runs
            for setup in ("Fast", "Textbook"):
                place = page.get_by_role("combobox").filter(has_text=setup)
                expect(
                    place.or_(page.locator(f"input[role=combobox][value={setup}]"))
                ).to_be_visible()
            go(page, "Learn", "Home")
            continue
        screen = Playground.of(page)
        eventually(lambda screen=screen, card=card: screen.picked("preset") == CARDS[card])
        screen.type("filters", 64, 0)
        go(page, "Learn", "Home")


def test_the_home_page_leads_to_every_other_page(app, window):
    page = window(app.url)
    roads = page.locator("[class*=st-key-road_]")
    expect(roads).to_have_count(len(PAGES) - 1)
    for name in PAGES:
        if name != "home":
            road = page.locator(f".st-key-road_{name}").get_by_role("link")
            expect(road).to_have_attribute("href", re.compile(f"^{name}(\\?|$)"))
    page.locator(".st-key-road_draw").get_by_role("link").click()
    eventually(lambda: "/draw" in page.evaluate("location.pathname"))


@pytest.mark.long
def test_the_logo_leads_home(app, window):
    page = window(app.link())
    Playground.of(page)
    page.get_by_test_id("stLogoLink").click()
    expect(page.locator(".st-key-try_fast")).to_be_visible()


def test_on_a_phone_the_navigation_is_a_drawer_that_covers_the_page(app, window):
    page = window(app.url, width=390, has_touch=True, is_mobile=True, user_agent=PHONE)
    for name in ("draw", "home"):
        menu = page.get_by_role("button", name="Menu", exact=True)
        expect(menu).to_be_visible()
        assert menu.evaluate(WORD_BESIDE) == '"Menu"'
        menu.tap()
        drawer = page.get_by_test_id("stSidebar")
        title = texts.say("en", f"{name}.nav")
        expect(drawer.get_by_test_id("stNavSectionHeader").locator("p")).to_have_text(SECTIONS)
        drawer.get_by_role("link", name=title, exact=True).tap()
        heading = page.get_by_role("heading", name=texts.say("en", f"{name}.title"))
        expect(heading).to_be_visible()
        expect(drawer.get_by_role("link", name=title, exact=True)).not_to_be_in_viewport()
        for target in (menu, *drawer.get_by_role("link").all()):
            assert target.evaluate("it => it.offsetHeight") >= 44


def test_going_home_and_back_keeps_settings_and_run(app, window):
    page = window(app.link(**LONG))
    screen = Playground.of(page)
    screen.type("filters", 24, 0)
    run = screen.train()
    screen.wait_for_batches()
    asked = screen.query
    assert asked["run"] == run

    go(page, "Learn", "Home")
    expect(page.get_by_role("heading", name="ConvScope")).to_be_visible()
    go(page, "Build and train", "Playground")
    screen = Playground.of(page)
    eventually(lambda: screen.query == asked)
    becomes("24", screen.value, "filters", 0)
    screen.wait_for_progress()


@pytest.mark.long
def test_the_language_switch_keeps_settings_and_run_and_goes_into_the_link(app, window):
    page = window(app.link(**LONG))
    screen = Playground.of(page)
    run = screen.train()
    screen.wait_for_batches()
    asked = screen.query
    assert asked["lang"] == "en"

    screen.part("language").get_by_role("radio", name="한국어").click()
    expect(screen.train_button).to_contain_text("학습")
    eventually(lambda: screen.query == {**asked, "lang": "ko"})
    expect(page.get_by_role("heading", level=1)).to_have_text("플레이그라운드")
    expect(page).to_have_title("플레이그라운드 · ConvScope")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    becomes("8", screen.value, "filters", 0)
    expect(screen.panel).to_contain_text("배치")
    before = screen.progress.inner_text()
    eventually(lambda: screen.progress.inner_text() != before)
    assert screen.run == run

    other = Playground.of(window(screen.url))
    expect(other.train_button).to_contain_text("학습")
    go(page, "배우기", "홈")
    expect(page.get_by_text("먼저 해 볼 세 가지")).to_be_visible()


@pytest.mark.parametrize("language", [at_length("en"), "ko"])
def test_a_phone_speaks_its_language_scrolls_down_and_never_sideways(language, app, window):
    phone = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
    page = window(app.url, **phone, locale=f"{language}-{COUNTRIES[language]}")
    expect(page.locator(".st-key-try_fast")).to_be_visible(timeout=COLD)
    fits(page)

    page.goto(app.link(**SHORT))
    screen = Playground.of(page)
    eventually(lambda: screen.query.get("lang") == language)
    expect(screen.train_button).to_contain_text(texts.say(language, "playground.train"))
    expect(screen.part("block_0")).to_contain_text(texts.say(language, "field.kernel"))
    fits(page)
    screen.train()
    expect(screen.part("steering")).to_be_visible()
    fits(page)
    expect(screen.cards).to_have_count(5, timeout=COLD)
    fits(page)
    screen.part("runs").locator("summary").click()
    expect(screen.part("runs").get_by_role("switch")).to_be_visible()
    fits(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)

    page.goto(app.link(lang=language, blocks="~".join(["32.7.1.valid"] * 4)))
    screen = Playground.of(page)
    expect(screen.part("fix")).to_be_visible()
    expect(screen.part("broken")).to_be_visible()
    fits(page)


def test_no_control_is_cut_off(app, window):
    page = window(app.link(blocks="8~8~8~8.3.1.same.relu.none", dense="100.100.100"))
    screen = Playground.of(page)
    screen.more(0)
    for tab in ("Network", "Training"):
        screen.tab(tab)
        for width in (390, 1000, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(TWO_FRAMES)
            fits(page)


def fits(page: Page) -> None:
    """Wait until nothing sticks out: a chart is drawn before it knows its place."""
    eventually(lambda: overflow(page) == [])


def overflow(page: Page) -> list[str]:
    """What sticks out of the window, or of the column of controls; a table scrolls by itself."""
    if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
        return ["the page"]
    found: list[str] = page.evaluate(STICKS_OUT)
    return found


def test_pages_and_their_charts_follow_the_theme_of_the_system(app, window):
    page = window(f"{app.url}/glossary?term=activation_functions", color_scheme="light")
    assert palette.LIGHT.validation != palette.DARK.validation
    for theme, background, colours in (
        ("light", WHITE, palette.LIGHT),
        ("dark", DARK, palette.DARK),
        ("light", WHITE, palette.LIGHT),
    ):
        page.emulate_media(color_scheme=theme)
        eventually(lambda background=background: page.evaluate(BACKGROUND) == background)
        channels = [int(colours.validation[place : place + 2], 16) for place in (1, 3, 5)]
        eventually(lambda channels=channels: page.evaluate(HAS_COLOUR, channels))
