"""A browser is the same visitor after a reload and when it was closed, with and without cookies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import FLAGS, Server, eventually
from playwright.sync_api import Browser, BrowserContext, Page, expect
from screens import LONG, Playground

COOKIE = "convscope_visitor"
NO_COOKIES = "Object.defineProperty(document, 'cookie', {get: () => '', set: () => {}});"
NO_STORAGE = "Object.defineProperty(window, 'localStorage', {get() {throw new Error('refused');}});"
GARBLED = "%3Cscript%3E"
DAY_S = 86_400


@pytest.fixture
def profile(
    browser: Browser, chromium: str, tmp_path: Path
) -> Iterator[Callable[[], BrowserContext]]:
    """Starts a browser of its own on one folder; the one before is closed."""
    open_now: list[BrowserContext] = []

    def start_browser() -> BrowserContext:
        for context in open_now:
            context.close()
        open_now[:] = [
            browser.browser_type.launch_persistent_context(
                tmp_path / "profile", executable_path=chromium, args=FLAGS
            )
        ]
        open_now[0].set_default_timeout(300_000)
        return open_now[0]

    yield start_browser
    for context in open_now:
        context.close()


def token_of(page: Page) -> str:
    """What the browser keeps in its cookie, as soon as it does."""
    kept = eventually(
        lambda: [it["value"] for it in page.context.cookies() if it["name"] == COOKIE]
    )
    return str(kept[0])


def stop(screen: Playground, app: Server, run: str) -> None:
    screen.press("stop")
    eventually(lambda: app.state(run) == "stopped")


def test_a_browser_that_was_closed_still_owns_its_run(app, profile):
    page = profile().pages[0]
    page.goto(app.link(**LONG))
    screen = Playground.of(page)
    run = screen.train()
    screen.wait_for_batches()
    token, url = token_of(page), screen.url
    cookie = next(it for it in page.context.cookies() if it["name"] == COOKIE)
    assert 29 * DAY_S < cookie["expires"] - time.time() < 31 * DAY_S

    page = profile().pages[0]
    page.goto(url)
    screen = Playground.of(page)
    assert token_of(page) == token
    stop(screen, app, run)
    kept = [path for path in (app.home / "runs" / run).rglob("*") if path.is_file()]
    assert not any(token.encode() in path.read_bytes() for path in kept)
    assert token not in page.content()


def test_a_reload_keeps_the_run_of_a_browser_without_cookies(app, window):
    page = window("about:blank", locale="en-CK")  # for the script stays with the window
    page.context.add_init_script(NO_COOKIES)
    page.goto(app.link(**LONG))
    screen = Playground.of(page)
    run = screen.train()
    screen.wait_for_batches()
    page.reload()
    screen = Playground.of(page)
    assert [it for it in page.context.cookies() if it["name"] == COOKIE] == []
    stop(screen, app, run)


@pytest.mark.long
def test_a_browser_that_keeps_nothing_owns_its_run_while_its_window_is_open(app, window):
    page = window("about:blank", locale="en-ZZ")
    page.context.add_init_script(NO_COOKIES + NO_STORAGE)
    page.goto(app.link(**LONG))
    screen = Playground.of(page)
    run = screen.train()
    screen.wait_for_batches()
    stop(screen, app, run)


@pytest.mark.long
def test_a_forged_or_garbled_token_makes_nobody_the_owner(app, window):
    ours = Playground.of(window(app.link(**LONG)))
    run = ours.train()
    ours.wait_for_batches()
    word = app.read(run)["owner"]
    assert word != token_of(ours.page)
    guest = window("about:blank")
    for forged in (word * 2, GARBLED):
        guest.context.add_cookies([{"name": COOKIE, "value": forged, "url": app.url}])
        guest.goto(ours.url)
        screen = Playground.of(guest)
        expect(screen.part("steering")).to_contain_text("Another visitor started this run")
        eventually(lambda: len(token_of(guest)) == 32)
    guest.evaluate(f"localStorage.setItem('{COOKIE}', '{word * 2} 9e15')")
    guest.context.clear_cookies()
    guest.reload()
    expect(Playground.of(guest).part("steering")).to_contain_text("Another visitor started")
    stop(ours, app, run)
