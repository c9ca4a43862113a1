"""What one server carries, and two on one home: page runs a second, processor time, memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil

from bench.app import Server, serving
from bench.crowd import PACE_S, VISITORS, visit
from bench.report import Figure, median_and_p95
from bench.visitors import PAGES, ask, connect_window, wait_until_whole

TURNS, WARM_TURNS = 20, 3
MEGABYTE = 1e6


def measure(*, quick: bool) -> Iterator[Figure]:
    """Thirty visitors of each server turn a page once a second: of one server, then of two."""
    turns = TURNS // 4 if quick else TURNS
    for count in (1, 2):
        with ExitStack() as stack:
            first = stack.enter_context(serving(CONVSCOPE_WORKERS="one"))
            others = [
                stack.enter_context(
                    serving(CONVSCOPE_HOME=str(first.home), CONVSCOPE_WORKERS="one")
                )
                for _ in range(count - 1)
            ]
            yield _carried([first, *others], turns)


def _carried(servers: Sequence[Server], turns: int) -> Figure:
    for server in servers:
        with connect_window(server) as window:
            for page in PAGES:  # what all visitors share is kept from now on
                ask(window, page)
                wait_until_whole(window)
    people = [(server, number) for server in servers for number in range(VISITORS)]
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(lambda person: visit(*person, WARM_TURNS), people))
        spent = [server.cpu_seconds() for server in servers]
        began = time.monotonic()
        visits = list(pool.map(lambda person: visit(*person, turns), people))
    lasted = time.monotonic() - began
    cpu = sum(server.cpu_seconds() for server in servers) - sum(spent)
    seconds = [second for each in visits for second in each]
    middle, p95 = median_and_p95(seconds)
    megabytes = [
        psutil.Process(server.process.pid).memory_info().rss / MEGABYTE for server in servers
    ]
    many = "one server" if len(servers) == 1 else f"{len(servers)} servers"
    return Figure(
        f"{many}, {len(people)} sessions that turn a page every {PACE_S:.0f} s",
        f"{len(seconds) / lasted:.1f} page runs a second, {1000 * cpu / len(seconds):.0f} ms of processor"
        f" time each ({100 * cpu / lasted / len(people):.1f} % of a core a session),"
        f" {middle:.2f} s until the page is whole (95 %: {p95:.2f} s), {max(megabytes):.0f} MB a server",
        values={
            "runs_per_second": len(seconds) / lasted,
            "processor_ms": 1000 * cpu / len(seconds),
            "seconds": seconds,
            "megabytes": megabytes,
        },
    )
