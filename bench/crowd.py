"""A class that turns pages: seconds until a page is whole, and processor time a page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

from bench.app import Server, serving
from bench.report import Figure, median_and_p95
from bench.visitors import PAGES, ask, connect_window, wait_until_whole

VISITORS, PACE_S = 30, 1.0
TURNS, WARM_TURNS = 20, 3
SERVERS = {
    "as it is": {},
    "with Streamlit's collection after each run": {"STREAMLIT_RUNNER_POST_SCRIPT_GC": "true"},
}


def measure(*, quick: bool) -> Iterator[Figure]:
    """Thirty visitors who each turn to another page once a second, and what collecting costs."""
    costs = {}
    for name, environment in SERVERS.items():
        with serving(**environment) as server:
            milliseconds, seconds = turn_pages(server, TURNS // 4 if quick else TURNS)
        costs[name] = milliseconds
        middle, p95 = median_and_p95(seconds)
        yield Figure(
            f"{VISITORS} visitors who turn a page once a second, server {name}",
            f"{middle:.2f} s until the page is whole (95 %: {p95:.2f} s),"
            f" {milliseconds:.0f} ms of processor time a page",
            values={"processor_ms": milliseconds, "seconds": seconds},
        )
    ours, theirs = costs.values()
    yield Figure(
        "processor time a page, to the same server with Streamlit's collection after each run",
        f"{ours / theirs:.2f} times",
        "at most 0.7 times",
        ours <= 0.7 * theirs,
        {"ratio": ours / theirs},
    )


def turn_pages(server: Server, turns: int, visitors: int = VISITORS) -> tuple[float, list[float]]:
    """Milliseconds of the server's processor time a page, and seconds until each page was whole."""
    with connect_window(server) as first:
        for page in PAGES:  # what all visitors share is kept from now on
            ask(first, page)
            wait_until_whole(first)
    server.wait_until_idle()
    with ThreadPoolExecutor(visitors) as pool:
        list(pool.map(lambda number: visit(server, number, WARM_TURNS), range(visitors)))
        before = server.cpu_seconds()
        visits = list(pool.map(lambda number: visit(server, number, turns), range(visitors)))
    spent = server.cpu_seconds() - before
    seconds = [second for visit in visits for second in visit]
    return 1000 * spent / len(seconds), seconds


def visit(server: Server, number: int, turns: int) -> list[float]:
    """One visitor, who begins at a page and a moment of their own."""
    time.sleep(PACE_S * number / VISITORS)
    seconds = []
    with connect_window(server) as window:
        for page in islice(cycle(PAGES), number, number + turns):
            began = time.monotonic()
            ask(window, page)
            wait_until_whole(window)
            seconds.append(time.monotonic() - began)
            time.sleep(max(0.0, PACE_S - seconds[-1]))
    return seconds
