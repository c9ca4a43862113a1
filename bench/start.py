"""From starting the server process to the first content in a browser that is open already."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from playwright.sync_api import Browser

from bench.app import browsing, serving, visit, window
from bench.report import Figure

TARGET_S = 2.5
STARTS = 3
WINDOW_MS = 2000  # a new window of Chromium is busy with itself at first


def measure(*, quick: bool) -> Iterator[Figure]:
    """Seconds to the picture of the home page, and to the heading of a direct link to the playground."""
    for name, path, content in (
        ("home page", "", ".flow h2:not(:empty)"),
        ("direct link to the playground", "playground", "h1"),
    ):
        with browsing() as browser:
            starts = [_start(browser, path, content) for _ in range(1 if quick else STARTS)]
        opened, seen = (median(times) for times in zip(*starts, strict=True))
        yield Figure(
            f"server start to first content, {name}",
            f"{seen:.2f} s (median of {len(starts)}; the port is open after {opened:.2f} s)",
            f"under {TARGET_S} s",
            seen < TARGET_S,
            {"seconds": seen, "starts": starts},
        )


def _start(browser: Browser, path: str, content: str) -> tuple[float, float]:
    """Seconds until the port is open, and until a first visitor sees that content."""
    with window(browser) as page:
        page.wait_for_timeout(WINDOW_MS)
        with serving() as server:
            opened = time.perf_counter() - server.started
            visit(page, f"{server.url}/{path}")
            page.locator(content).first.wait_for()
            return opened, time.perf_counter() - server.started
