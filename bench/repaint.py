"""From a click on a control of the playground to the repaint with the new total of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from playwright.sync_api import Page

from bench.app import BenchError, browsing, events, link, order, serving, visiting, wait_for
from bench.report import Figure, median_and_p95
from cnn_core import arithmetic, datasets
from cnn_core.config import TEXTBOOK, ModelConfig, TrainConfig
from cnn_core.progress.events import BatchEnd

TARGET_MS = {"idle": 180.0, "while a run trains": 250.0}
CHANGES = 20
CALM_MS, AT_ONCE_MS = 700, 0
FILTERS = ".st-key-set_filters_0"
BUTTONS = {
    8: f"{FILTERS} button[aria-label=Increment]",
    -8: f"{FILTERS} button[aria-label=Decrement]",
}

# A rerun ends with the address bar; what Streamlit does after that comes before the next rerun.
SETTLED = "wanted => location.search.includes(wanted)"

# Time runs from the browser's own stamp on the click to the frame that shows the new total.
WATCH = """
([expected, limit]) => {
  window.repainted = new Promise((resolve, reject) => {
    let clicked = null;
    addEventListener("click", event => { clicked = event.timeStamp; }, {capture: true, once: true});
    const shown = () => document.querySelector(
      ".st-key-totals [data-testid=stMetricValue]")?.textContent.trim() === expected;
    const watcher = new MutationObserver(() => {
      if (clicked === null || !shown()) return;
      watcher.disconnect();
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now() - clicked);
        channel.port2.postMessage(null);
      });
    });
    watcher.observe(document.body, {subtree: true, childList: true, characterData: true});
    setTimeout(() => { watcher.disconnect(); reject(new Error("no repaint")); }, limit);
  });
}
"""
LIMIT_MS = 20_000


def measure(*, quick: bool) -> Iterator[Figure]:
    """Median and 95th percentile, at rest and beside a training."""
    changes = 6 if quick else CHANGES
    size = "full" if datasets.available("fashion_mnist", "full") else "sample"
    train = TrainConfig(size=size, epochs=50, patience=0)
    with (
        serving() as server,
        browsing() as browser,
        visiting(browser, link(server, TEXTBOOK, train)) as page,
    ):
        server.wait_until_idle()
        filters = Filters(page)
        filters.change(4)
        yield _figure("idle", filters.change(changes))
        run = order(page, server)
        wait_for(
            lambda: any(isinstance(event, BatchEnd) for event in events(run)), 60, "the first batch"
        )
        yield _figure("while a run trains", filters.change(changes))


def _figure(when: str, times: list[float]) -> Figure:
    middle, p95 = median_and_p95(times)
    return Figure(
        f"control change to repaint, {when}",
        f"{middle:.0f} ms (95 %: {p95:.0f} ms, {len(times)} changes)",
        f"under {TARGET_MS[when]:.0f} ms",
        middle < TARGET_MS[when],
        {"median_ms": middle, "p95_ms": p95, "times_ms": times},
    )


class Filters:
    """The control "Filters" of the first block, on an open playground with the textbook network."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._filters = TEXTBOOK.blocks[0].filters
        self._step = 8
        page.locator(".st-key-totals").wait_for()

    def change(self, times: int, pause: float = CALM_MS) -> list[float]:
        """Click a step up or down `times` times; milliseconds from each click to its repaint.

        Args:
            times: How often, at most 30.
            pause: Milliseconds between the end of a rerun and the next click.
        """
        if not 8 < self._filters + times * self._step < 512:
            self._step = -self._step
        box = self._page.locator(BUTTONS[self._step]).bounding_box()
        if box is None:
            raise BenchError("the control is not on the screen")
        place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        return [self._click(place, pause) for _ in range(times)]

    def _click(self, place: tuple[float, float], pause: float) -> float:
        self._page.wait_for_function(SETTLED, arg=f"blocks={self._filters}.", timeout=LIMIT_MS)
        if pause:
            self._page.wait_for_timeout(pause)
        self._filters += self._step
        self._page.evaluate(WATCH, [f"{_params(self._filters):,}", LIMIT_MS])
        self._page.mouse.click(*place)
        return float(self._page.evaluate("() => window.repainted"))


def _params(filters: int) -> int:
    """Parameters of the textbook network with that many filters in the first block."""
    first, *others = TEXTBOOK.blocks
    model: ModelConfig = replace(TEXTBOOK, blocks=(replace(first, filters=filters), *others))
    return arithmetic.totals(arithmetic.layer_table(model)).params
