"""Resident memory of the server and of everything, while the full set trains and after a look."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil
from playwright.sync_api import Page

from bench.app import Server, browsing, link, order, serving, visiting, wait_for_end
from bench.report import Figure
from cnn_core import datasets, texts
from cnn_core.config import TEXTBOOK, TrainConfig

SERVER_MB, EVERYTHING_MB = 300.0, 2400.0
EVERY_S = 0.2
LIMIT_S = 600.0
KINDS = ("server", "train worker", "look worker")


def measure(*, quick: bool) -> Iterator[Figure]:
    """Peaks of the resident set (RSS), and of the proportional set (PSS), which counts shared pages once."""
    full = datasets.available("fashion_mnist", "full") and not quick
    train = TrainConfig(size="full" if full else "sample", epochs=1 if quick else 2)
    with (
        serving() as server,
        browsing() as browser,
        visiting(browser, link(server, TEXTBOOK, train)) as page,
        _watching(server) as peaks,
    ):
        wait_for_end(page, order(page, server), LIMIT_S)
        _look(page)
    what = f"{'full' if full else 'bundled sample of'} Fashion-MNIST"
    yield _figure(f"memory of the server, peak ({what})", peaks["server rss"], SERVER_MB, peaks)
    parts = ", ".join(f"{kind} {peaks[f'{kind} rss']:,.0f}" for kind in KINDS)
    for measure_, note in (("rss", f"; peaks: {parts}"), ("pss", "; shared pages counted once")):
        if f"everything {measure_}" in peaks:
            name = f"memory of server and workers together, peak {measure_.upper()}"
            yield _figure(name, peaks[f"everything {measure_}"], EVERYTHING_MB, peaks, note)


def _figure(
    name: str, peak: float, target: float, peaks: Mapping[str, float], note: str = ""
) -> Figure:
    return Figure(
        name,
        f"{peak:,.0f} MB{note}",
        f"under {target:,.0f} MB",
        peak < target,
        {"megabytes": peak, "peaks": dict(peaks)},
    )


def _look(page: Page) -> None:
    """Ask for other example images, which opens the best model in the look worker."""
    page.locator(".st-key-examples_more button").click()
    page.get_by_text(texts.say("en", "examples.random")).wait_for()
    page.wait_for_timeout(2000)


@contextmanager
def _watching(server: Server) -> Iterator[dict[str, float]]:
    """Peaks in megabytes, complete when the block ends."""
    peaks: dict[str, float] = {}
    over = threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + 2 * LIMIT_S
        while not over.wait(EVERY_S) and time.monotonic() < deadline:
            for name, megabytes in _sample(server).items():
                peaks[name] = max(peaks.get(name, 0.0), megabytes)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        over.set()
        thread.join()


def _sample(server: Server) -> dict[str, float]:
    """Megabytes now, by "server rss", "everything pss" and so on; PSS only where the system tells it."""
    totals: dict[str, float] = {}
    for process in server.family():
        try:
            kind, memory = _kind(server, process), process.memory_full_info()
        except psutil.Error:
            continue
        for measure_ in ("rss", "pss"):
            megabytes = getattr(memory, measure_, 0) / 1e6
            for name in {kind, "everything"}:
                key = f"{name} {measure_}"
                totals[key] = totals.get(key, 0.0) + megabytes
    return {name: megabytes for name, megabytes in totals.items() if megabytes}


def _kind(server: Server, process: psutil.Process) -> str:
    if process.pid == server.process.pid:
        return KINDS[0]
    command = process.cmdline()
    return next((kind for kind in KINDS if kind.split()[0] in command), "other")
