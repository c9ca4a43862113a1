"""Feature maps in the browser: frames a second while dragging through images; another layer or network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page

from bench.app import BenchError, browsing, serving, visiting
from bench.report import Figure, median_and_p95
from cnn_core.paths import ASSETS

FRAMES, REPAINT_MS = 30.0, 50.0
IMAGES, CHANGES = 200, 20
CALM_MS = 1000
SHIPPED, SECOND = ASSETS / "models", "20260101-000000-abcdef"
LINK = "feature_maps?run=fashion&index=0&lang=en"
LIMIT_MS = 60_000

# The slider moves by one image as often as the browser paints; a frame counts if all maps were painted in it.
DRAG = """
([images, wait]) => new Promise((resolve, reject) => {
  const stage = document.querySelector(".live-maps").stage;
  const slider = stage.slider;
  const gaps = [];
  let [at, before, painted] = [0, null, stage.frames];
  const late = performance.now() + wait;
  const look = (now) => {
    if (stage.frames !== painted) {
      if (before !== null) gaps.push(now - before);
      [before, painted] = [now, stage.frames];
    }
    if (performance.now() > late) return reject(new Error("the slider does not move"));
    if (at >= images) {
      slider.dispatchEvent(new Event("change"));
      return resolve(gaps);
    }
    at += 1;
    slider.value = at;
    slider.dispatchEvent(new Event("input"));
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""

# From a choice in a list to the frame that shows it.
CHOOSE = """
([list, value]) => new Promise((resolve) => {
  const stage = document.querySelector(".live-maps").stage;
  const select = document.querySelector(`.live-maps select.${list}`);
  const [began, painted] = [performance.now(), stage.frames];
  select.value = value;
  select.dispatchEvent(new Event("change"));
  // Asked after each frame: the page may have painted in the same one, behind this callback.
  const channel = new MessageChannel();
  const look = () => channel.port2.postMessage(null);
  channel.port1.onmessage = () => {
    if (stage.frames === painted) return requestAnimationFrame(look);
    resolve(performance.now() - began);
  };
  requestAnimationFrame(look);
})
"""


def measure(*, quick: bool) -> Iterator[Figure]:
    """A drag through many images, then changes of layer and network, one after the other."""
    changes = 6 if quick else CHANGES
    with serving() as server, browsing() as browser:
        _second_network(server.home / "runs")
        with visiting(browser, f"{server.url}/{LINK}") as page:
            page.wait_for_function(
                "document.querySelector('.live-maps')?.stage?.pack", timeout=LIMIT_MS
            )
            server.wait_until_idle()
            page.evaluate(DRAG, [20, LIMIT_MS])
            server.wait_until_idle()
            yield _drag(page)
            page.wait_for_timeout(1000)
            layers = _times(page, "layer", ["conv2", "pool1", "conv1/sum", "conv1"], changes)
            yield _repaint("another layer to repainted feature maps", layers)
            page.locator("select.network").focus()  # now its networks are fetched
            page.wait_for_timeout(2000)
            networks = _times(page, "network", [SECOND, "fashion"], changes)
            yield _repaint("another network to repainted feature maps", networks)


def _second_network(folder: Path) -> None:
    """The network for digits as a run of clothes, too: what it answers is not the point."""
    copy = folder / SECOND
    shutil.copytree(SHIPPED / "digits", copy)
    tree = json.loads((copy / "config.json").read_text("utf-8"))
    tree["train"]["dataset"] = "fashion_mnist"
    (copy / "config.json").write_text(json.dumps(tree), "utf-8")


def _drag(page: Page) -> Figure:
    gaps: list[float] = page.evaluate(DRAG, [IMAGES, LIMIT_MS])
    if len(gaps) < IMAGES // 4:
        raise BenchError(f"only {len(gaps)} frames were painted")
    rate = len(gaps) * 1000 / sum(gaps)
    _, p95 = median_and_p95(gaps)
    return Figure(
        f"frames per second of all feature maps while {IMAGES} images are dragged through",
        f"{rate:.0f} (95 % of the frames within {p95:.0f} ms)",
        f"at least {FRAMES:.0f}",
        rate >= FRAMES,
        {"frames_per_second": rate, "p95_ms": p95, "gaps_ms": gaps},
    )


def _times(page: Page, kind: str, values: list[str], changes: int) -> list[float]:
    """Milliseconds from each choice to its repaint; the page comes to rest in between."""
    times = []
    for change in range(changes):
        times.append(float(page.evaluate(CHOOSE, [kind, values[change % len(values)]])))
        page.wait_for_timeout(CALM_MS)
    return times


def _repaint(name: str, times: list[float]) -> Figure:
    middle, p95 = median_and_p95(times)
    return Figure(
        name,
        f"{middle:.0f} ms (95 %: {p95:.0f} ms, {len(times)} times)",
        f"under {REPAINT_MS:.0f} ms",
        middle < REPAINT_MS,
        {"median_ms": middle, "p95_ms": p95, "times_ms": times},
    )
