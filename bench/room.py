"""A room in use: phones without a browser and real browsers join, draw and vote while a run trains."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

from playwright.sync_api import Browser

from bench.app import Server, browsing, serving, visit, window
from bench.report import Figure
from cnn_core.command.rehearse import ACTION_S, GROWTH, WALL_S, Report, Stage, share_within

SESSIONS, BROWSERS, SECONDS = 60, 4, 600
QUICK = (20, 1, 30)


def measure(*, quick: bool) -> Iterator[Figure]:
    """Answers, drawings on the wall, errors and memory, with one run training."""
    sessions, browsers, seconds = QUICK if quick else (SESSIONS, BROWSERS, SECONDS)
    with serving() as server:
        os.environ["CONVSCOPE_HOME"] = str(server.home)
        report = _play(server, sessions, browsers, seconds)
    measured = report.measured
    values = {
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
    yield Figure(f"{name}: errors", f"{len(measured.errors)}", "0", not measured.errors, values)
    yield Figure(
        f"{name}: memory of the server, from {report.memory[0]:.0f} MB", f"{report.growth:+.0%}",
        f"at most {GROWTH:+.0%}", report.growth <= GROWTH, {"megabytes": report.memory},
    )  # fmt: skip


def _play(server: Server, sessions: int, browsers: int, seconds: float) -> Report:
    """The rehearsal, with browsers that look on: they are phones, too, and count as joined."""
    stage = Stage(server.url)
    try:
        stage.open(sessions)
        with browsing() as browser:
            for _ in range(browsers):
                _join(browser, server, stage.room.code)
            return _beside(browser, stage, server, sessions + browsers, seconds)
    finally:
        stage.close()


def _join(browser: Browser, server: Server, code: str) -> None:
    """Open the room on a phone; its window stays open until the browser closes."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    visit(page, f"{server.url}/room?room={code}&lang=en")
    page.locator(".st-key-phone_leave").first.wait_for(timeout=60_000)


def _beside(browser: Browser, stage: Stage, server: Server, phones: int, seconds: float) -> Report:
    """Play in a thread; this one lets the browsers work."""
    reports: list[Report] = []
    thread = threading.Thread(
        target=lambda: reports.append(stage.play(server.process.pid, phones, seconds))
    )
    thread.start()
    with window(browser) as page:
        while thread.is_alive():
            page.wait_for_timeout(200)
    return reports[0]


def _seconds(name: str, duration: float | None, most: float, values: dict[str, object]) -> Figure:
    met = duration is not None and duration <= most
    return Figure(name, _words(duration), f"at most {most} s", met, values | {"p95": duration})


def _words(duration: float | None) -> str:
    return "–" if duration is None else f"{duration:.2f} s"
