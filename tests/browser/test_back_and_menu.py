"""The browser's history: what one press of Back undoes. And the phone's menu."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, eventually, go
from lengths import at_length, repeats
from playwright.sync_api import Page, expect
from screens import Playground

PAGES = re.findall(r'"pages/(\w+)\.py"', (ROOT / "app.py").read_text("utf-8"))
OTHERS = [name for name in PAGES if name != "home"]


def settled(page: Page, name: str) -> str:
    """The address of a page that has written its state there, once it no longer changes."""
    path = "/" if name == "home" else f"/{name}"
    eventually(lambda: page.evaluate("location.pathname") == path)
    eventually(lambda: "lang=" in page.evaluate("location.search"))
    eventually(lambda: page.evaluate("window.convscopeFrame === true"))
    expect(page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
    return str(page.evaluate("location.href"))


def test_one_press_of_back_leaves_every_page(app, window):
    page = window(app.url)
    settled(page, "home")
    for name in repeats(OTHERS[::4], OTHERS):
        page.locator(f".st-key-road_{name}").get_by_role("link").click()
        settled(page, name)
        page.go_back()
        settled(page, "home")
        expect(page.locator(f".st-key-road_{name}")).to_be_visible()


@pytest.mark.parametrize("name", [at_length("playground"), "evaluation"])
def test_one_press_of_back_leaves_a_page_that_a_link_opened(name, app, window):
    page = window("about:blank")
    page.goto(f"{app.url}/{name}")
    settled(page, name)
    page.go_back()
    expect(page).to_have_url("about:blank")
    page.go_forward()
    settled(page, name)


def test_a_page_that_is_still_written_as_the_menu_opens_gets_no_second_entry(app, window):
    page = window(app.url)
    settled(page, "home")
    go(page, "Look inside", "Kernels")
    settled(page, "kernels")
    write = "number => history.pushState({}, '', `${location.href}&late=${number}`)"
    before = page.evaluate("history.length")
    page.get_by_role("button", name="Look inside", exact=True).click()
    page.get_by_role("menuitem", name="Surgery", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.evaluate(write, 1)
    assert page.evaluate("history.length") == before
    page.keyboard.press("Escape")
    page.get_by_role("heading", level=1).click()
    page.evaluate(write, 2)
    assert page.evaluate("history.length") == before + 1


SLOW_SERVER = """
const Socket = window.WebSocket;
let last = Promise.resolve();
window.delay = 0;
window.WebSocket = class extends Socket {
  set onmessage(hear) {
    super.onmessage = (event) => {
      const due = performance.now() + window.delay;
      const wait = () => new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
      last = last.then(wait).then(() => hear(event));
    };
  }
};
"""  # what the server says reaches the page `window.delay` milliseconds later, in its order


def test_back_restores_each_former_set_up_of_the_playground_and_forward_each_later_one(app, window):
    page = window("about:blank", locale="en-NU")  # for the script stays with the window
    page.context.add_init_script(SLOW_SERVER)
    page.goto(app.url)
    settled(page, "home")
    go(page, "Build and train", "Playground")
    settled(page, "playground")
    screen = Playground.of(page)
    screen.type("filters", 24, 0)
    screen.type("filters", 16, 0)
    screen.choose("padding", "valid", 0)
    screen.pick("blocks", "1")
    in_korean = screen.part("language").get_by_role("radio", name="한국어")
    in_korean.click()  # no setting: going back does not undo it, and needs no press of its own
    expect(in_korean).to_be_checked()
    screen.settled()
    states = [("2", "32", "same"), ("2", "24", "same"), ("2", "16", "same"), ("2", "16", "valid")]

    def shows(blocks: str, filters: str, padding: str) -> bool:
        shown = screen.picked("blocks"), screen.value("filters", 0)
        linked = screen.query.get("blocks", "")  # an address of a page just opened has none yet
        return shown == (blocks, filters) and linked.startswith(f"{filters}.3.1.{padding}")

    for state in reversed(states):
        page.go_back()
        eventually(lambda state=state: shows(*state))
        screen.settled()
    for state in (*states[1:], ("1", "16", "valid")):
        page.go_forward()
        eventually(lambda state=state: shows(*state))
        screen.settled()
    eventually(lambda: screen.query["lang"] == "ko")
    entries = "navigation.entries().map(entry => new URL(entry.url).searchParams.get('blocks'))"
    before = page.evaluate(entries)
    screen.part("language").get_by_role("radio", name="EN").click()  # each run writes an address
    page.evaluate("window.delay = 500")
    for _ in states:
        page.go_back()  # without waiting for the page in between, which writes what it has left
    eventually(lambda: shows(*states[0]) and screen.query["lang"] == "en")
    screen.settled()
    assert page.evaluate(entries) == before, "an entry got the address of another"
    page.evaluate("window.delay = 0")
    page.go_back()
    settled(page, "home")
    page.go_forward()
    screen = Playground.of(page)
    eventually(lambda: shows(*states[0]))


@pytest.mark.long
def test_the_menu_of_a_phone_closes_when_a_page_is_chosen_and_no_choice_is_off_its_screen(
    app, window
):
    page = window(app.url, width=390, height=844, has_touch=True)
    for name, path in (("Images", "images"), ("Convolution", "convolution")):
        page.get_by_test_id("stExpandSidebarButton").tap()
        sidebar = page.get_by_test_id("stSidebar")
        expect(sidebar).to_have_attribute("data-collapsed", "false")
        link = sidebar.get_by_role("link", name=name, exact=True)
        link.tap()
        eventually(lambda path=path: page.evaluate("location.pathname") == f"/{path}")
        expect(sidebar).to_have_attribute("data-collapsed", "true")
    choices = page.locator("[class*=convolution_chosen_section] [role=radiogroup] button")
    expect(choices).to_have_count(5)
    for choice in choices.all():
        expect(choice).to_be_in_viewport(ratio=1)
