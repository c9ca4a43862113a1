"""A room in use: phones without a browser and real browsers join, draw, vote and follow while a run trains.

Beside it the same number of visitors on plain pages, and memory after sessions that were opened and dropped.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, islice

from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError

from bench.app import Server, browsing, serving, visit
from bench.crowd import turn_pages
from bench.report import Figure, median_and_p95
from bench.visitors import GROWTH_MB, PAGES, two_waves
from cnn_core.command.rehearse import ACTION_S, GROWTH, WALL_S, Report, Stage, share_within

SESSIONS, BROWSERS, SECONDS = 60, 4, 600
QUICK = (20, 1, 30)
DROPPED, QUICK_DROPPED = 500, 60
PLAIN = (30, 60)  # visitors on plain pages
TURNS = 20


def measure(*, quick: bool, minutes: float | None = None) -> Iterator[Figure]:
    """Answers, drawings on the wall, errors and memory, with one run training; then what is beside it.

    Args:
        quick: A short trial with fewer phones.
        minutes: How long the room is in use; ten, or half a minute in a quick trial, if not given.
    """
    sessions, browsers, seconds = QUICK if quick else (SESSIONS, BROWSERS, SECONDS)
    if minutes is not None:
        seconds = round(60 * minutes)
    with serving() as server:
        os.environ["CONVSCOPE_HOME"] = str(server.home)
        report, done = _play(server, sessions, browsers, seconds)
    yield from _in_use(report, done, sessions, browsers, seconds)
    yield from _plain_pages(quick=quick)
    yield from _dropped(QUICK_DROPPED if quick else DROPPED)


def _in_use(
    report: Report, done: dict[str, int], sessions: int, browsers: int, seconds: int
) -> Iterator[Figure]:
    measured = report.measured
    values: dict[str, object] = {
        "in_browsers": done,
        "sessions": sessions, "browsers": browsers, "seconds": seconds, "joined": report.joined,
        "answers": len(measured.actions) + len(measured.news), "errors": measured.errors,
    }  # fmt: skip
    name = f"room of {sessions} sessions and {browsers} browsers, {seconds} s, one run training"
    yield _seconds(f"{name}: answers, 95 %", report.action, ACTION_S, values)
    yield _seconds(f"{name}: drawing on the wall, 95 %", report.wall, WALL_S, values)
    arrival = share_within(measured.arrivals, 0.95)
    yield Figure(
        f"{name}: a question on a phone, 95 %", _words(arrival), values={"seconds": arrival}
    )
    followed = share_within(measured.followed, 0.95)
    yield Figure(
        f"{name}: a page that all are brought to is whole, 95 %",
        _words(followed),
        values={"seconds": followed},
    )
    yield Figure(
        f"{name}: done in real browsers",
        ", ".join(f"{what}: {count}" for what, count in done.items()),
    )
    yield Figure(f"{name}: errors", f"{len(measured.errors)}", "0", not measured.errors, values)
    yield Figure(
        f"{name}: memory of the server, from {report.memory[0]:.0f} MB after the first minute",
        f"{report.growth:+.0%}",
        f"at most {GROWTH:+.0%}", report.growth <= GROWTH, {"megabytes": report.memory},
    )  # fmt: skip


def _plain_pages(*, quick: bool) -> Iterator[Figure]:
    """The same number of visitors, and half of them, who turn plain pages without a room."""
    for visitors in PLAIN:
        with serving() as server:
            milliseconds, seconds = turn_pages(server, TURNS // 4 if quick else TURNS, visitors)
        middle, p95 = median_and_p95(seconds)
        yield Figure(
            f"beside it: {visitors} visitors who turn a plain page once a second",
            f"{middle:.2f} s until the page is whole (95 %: {p95:.2f} s),"
            f" {milliseconds:.0f} ms of processor time a page",
            values={"processor_ms": milliseconds, "seconds": seconds},
        )


def _dropped(count: int) -> Iterator[Figure]:
    """Memory after so many sessions were opened and dropped, once they are forgotten, and again."""
    before, _, forgotten = two_waves(list(islice(cycle(("room", *PAGES)), count)))
    growth = forgotten[1] - forgotten[0]
    yield Figure(
        f"memory of the server after {count} and again {count} sessions opened and dropped",
        f"{forgotten[0]:+.0f} MB to {before:.0f} MB, then {growth:+.0f} MB",
        f"the second time at most {GROWTH_MB:.0f} MB more",
        growth <= GROWTH_MB,
        {"megabytes": [before, *(before + more for more in forgotten)]},
    )


def _play(
    server: Server, sessions: int, browsers: int, seconds: float
) -> tuple[Report, dict[str, int]]:
    """The rehearsal, with browsers that take part: they are phones, too, and count as joined."""
    stage = Stage(server.url)
    try:
        stage.open(sessions)
        with browsing() as browser:
            pages = [_join(browser, server, stage.room.code) for _ in range(browsers)]
            return _beside(pages, stage, server, sessions + browsers, seconds)
    finally:
        stage.close()


def _join(browser: Browser, server: Server, code: str) -> Page:
    """Open the room on a phone; its window stays open until the browser closes."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    visit(page, f"{server.url}/room?room={code}&lang=en")
    page.locator(".st-key-phone_leave").first.wait_for(timeout=60_000)
    return page


def _beside(
    pages: list[Page], stage: Stage, server: Server, phones: int, seconds: float
) -> tuple[Report, dict[str, int]]:
    """Play in a thread; in this one the browsers draw, vote and follow. Also what they did."""
    reports: list[Report] = []
    thread = threading.Thread(
        target=lambda: reports.append(stage.play(server.process.pid, phones, seconds))
    )
    thread.start()
    done = {"drawings": 0, "votes": 0, "turned pages": 0}
    places = ["/room"] * len(pages)
    while thread.is_alive():
        for number, page in enumerate(pages):
            page.wait_for_timeout(200)
            with suppress(PlaywrightError):  # the page changes in this moment
                done["drawings"] += _draw(page)
                done["votes"] += _vote(page)
                place = str(page.evaluate("location.pathname"))
                done["turned pages"] += place != places[number]
                places[number] = place
    return reports[0], done


def _draw(page: Page) -> bool:
    """Draw a line on the pad and hand it in, once for each task."""
    canvas = page.locator(".pad canvas").first
    if not canvas.is_visible() or page.locator(".handed-in").count():
        return False
    box = canvas.bounding_box()
    if box is None:
        return False
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(middle, box["y"] + 0.8 * box["height"], steps=8)
    page.mouse.up()
    page.locator(".st-key-phone_hand_in button").click(timeout=2000)
    page.locator(".handed-in").wait_for(timeout=5000)
    return True


def _vote(page: Page) -> bool:
    """Take the first choice, once for each question."""
    choices = page.locator("[class*=st-key-votes_] button")
    own = page.locator("[class*=st-key-votes_] button[kind=primary]")
    if not choices.count() or own.count():
        return False
    choices.first.click(timeout=2000)
    own.first.wait_for(timeout=5000)
    return True


def _seconds(name: str, duration: float | None, most: float, values: dict[str, object]) -> Figure:
    met = duration is not None and duration <= most
    return Figure(name, _words(duration), f"at most {most} s", met, values | {"p95": duration})


def _words(duration: float | None) -> str:
    return "–" if duration is None else f"{duration:.2f} s"
