"""Frames a second of the stepper while it plays the first layer of a trained network: 28×28, 32 filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

from bench.app import BenchError, browsing, serving, visiting
from bench.report import Figure, median_and_p95

TARGET = 30.0
SECONDS, SPEED = 6.0, 5  # place of 60 steps a second on the slider
LINK = "convolution?section=network&run=fashion&layer=conv1&filter=1&lang=en"
LIMIT_MS = 60_000

# A frame counts if the stepper drew in it; time runs from one such frame to the next.
PLAY = """
(root, [speed, seconds]) => new Promise(resolve => {
  const stepper = root.stepper;
  stepper.hurry(speed);
  stepper.go(0, 0);
  stepper.play();
  const begin = performance.now();
  const first = stepper.index;
  const gaps = [];
  let [before, drawn] = [null, stepper.frames];
  const look = now => {
    if (stepper.frames !== drawn) {
      if (before !== null) gaps.push(now - before);
      [before, drawn] = [now, stepper.frames];
    }
    if (performance.now() - begin < seconds * 1000 && stepper.playing) requestAnimationFrame(look);
    else {
      const took = (performance.now() - begin) / 1000;
      const steps = stepper.index - first;
      stepper.pause();
      resolve({gaps, took, steps, filters: stepper.filters, cells: stepper.cells});
    }
  };
  requestAnimationFrame(look);
})
"""


def measure(*, quick: bool) -> Iterator[Figure]:
    """Frames a second, and the longest wait between two of them; nothing is sent meanwhile."""
    with (
        serving() as server,
        browsing() as browser,
        visiting(browser, f"{server.url}/{LINK}") as page,
    ):
        page.locator(".stepper .ledger .keras b", has_text="✓").wait_for(timeout=LIMIT_MS)
        server.wait_until_idle()
        _play(page, 1.0)
        yield _figure(_play(page, 2.0 if quick else SECONDS))


def _play(page: Page, seconds: float) -> dict[str, Any]:
    root = page.locator(".stepper")
    before = page.evaluate("performance.getEntriesByType('resource').length")
    measured: dict[str, Any] = root.evaluate(PLAY, [SPEED, seconds])
    if (measured["cells"], measured["filters"]) != (784, 32):
        raise BenchError(f"not 28×28 with 32 filters: {measured['cells']}, {measured['filters']}")
    if page.evaluate("performance.getEntriesByType('resource').length") != before:
        raise BenchError("the stepper asked the server for something")
    return measured


def _figure(measured: dict[str, Any]) -> Figure:
    gaps = measured["gaps"]
    rate = len(gaps) * 1000 / sum(gaps)
    _, p95 = median_and_p95(gaps)
    steps_per_second = measured["steps"] / measured["took"]
    return Figure(
        "frames per second of the stepper, 28×28 with 32 filters",
        f"{rate:.0f} (95 % of the frames within {p95:.0f} ms, {steps_per_second:.0f} steps/s)",
        f"at least {TARGET:.0f}",
        rate >= TARGET,
        {"frames_per_second": rate, "p95_ms": p95, "gaps_ms": gaps},
    )
