"""From the end of a stroke to the answer, from another image to its feature maps; a confusion matrix."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import median

import numpy as np
from playwright.sync_api import Browser, Page
from sklearn.metrics import confusion_matrix

from bench.app import (
    ROOT,
    BenchError,
    Server,
    browsing,
    events,
    link,
    order,
    serving,
    visiting,
    wait_for,
)
from bench.report import Figure, median_and_p95
from cnn_core import datasets, runs
from cnn_core.analysis import evaluation
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.progress.events import BatchEnd

IDLE, TRAINING = "idle", "while a run trains"
STROKE_MS = {IDLE: 120.0, TRAINING: 250.0}
MAPS_MS = 180.0
STROKES, IMAGES, MATRICES = 20, 20, 30
CALM_MS = 700
LIMIT_MS = 20_000
CANVAS = "streamlit-drawable-canvas==0.13.0"
SEVEN = ((0.25, 0.2), (0.5, 0.18), (0.75, 0.2), (0.62, 0.5), (0.5, 0.85))  # of a pad's side
COLUMNS, ROWS = 8, 3  # of the small images on the page of feature maps

# Time runs from the browser's own stamp on the event to the frame that shows what was waited for.
WATCH = """
([event, shown, limit]) => {
  const deep = (root, selector) => [
    ...root.querySelectorAll(selector),
    ...[...root.querySelectorAll("*")].flatMap(it => it.shadowRoot ? deep(it.shadowRoot, selector) : []),
  ];
  const isShown = eval(shown)(deep);
  window.seen = new Promise((resolve, reject) => {
    let began = null;
    addEventListener(event, it => { began = it.timeStamp; }, {capture: true, once: true});
    const late = performance.now() + limit;
    const look = () => {
      if (began !== null && isShown()) {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now() - began);
        channel.port2.postMessage(null);
      } else if (performance.now() > late) reject(new Error("nothing came"));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}
"""

# An answer given while the pointer was still down says so, and does not count.
OUR_ANSWER = """deep => {
  const number = () => Number(document.querySelector(".reading").dataset.drawing);
  const before = number();
  return () => number() > before
    && document.querySelector(".reading .answer").getAttribute("aria-busy") === "false"
    && document.querySelector(".reading .glyph") !== null;
}"""
THEIR_ANSWER = """deep => {
  const strokes = () => Number(document.querySelector("#answer")?.dataset.strokes ?? 0);
  const before = strokes();
  return () => strokes() > before;
}"""
OTHER_MAPS = """deep => {
  const shown = () => document.querySelector(".live-maps").dataset.shown;
  const before = shown();
  return () => shown() !== before;
}"""


def measure(*, quick: bool) -> Iterator[Figure]:
    """Medians and 95th percentiles in the browser, ours and theirs in turns; then the matrix."""
    strokes, images = (6, 6) if quick else (STROKES, IMAGES)
    with ExitStack() as stack:
        server, browser = stack.enter_context(serving()), stack.enter_context(browsing())
        theirs = _their_pad(browser, stack)
        ours = _our_pad(browser, stack, server)
        for pad in filter(None, (ours, theirs)):
            server.wait_until_idle()
            pad.draw(3)
        maps = _Maps(stack.enter_context(visiting(browser, f"{server.url}/feature_maps?lang=en")))
        server.wait_until_idle()
        maps.change(3)
        yield _under("image change to repainted feature maps", maps.change(images), MAPS_MS)
        maps.close()
        yield from _strokes(IDLE, ours, theirs, strokes)
        train = TrainConfig(size=_size(), epochs=50, patience=0)
        page = stack.enter_context(visiting(browser, link(server, TEXTBOOK, train)))
        run = order(page, server)
        page.close()  # only the pads are to draw beside the training
        wait_for(
            lambda: any(isinstance(event, BatchEnd) for event in events(run)), 60, "the first batch"
        )
        yield from _strokes(TRAINING, ours, theirs, strokes)
    yield _matrix()


def _size() -> str:
    return "full" if datasets.available("fashion_mnist", "full") else "sample"


# The two pads


class _Pad:
    """A pad on an open page, and how to know that its answer is there."""

    def __init__(self, page: Page, canvas: str, answer: str, clear: str | None) -> None:
        self._page, self._canvas, self._answer, self._clear = page, canvas, answer, clear

    def draw(self, times: int) -> list[float]:
        """Milliseconds from the end of each stroke to the frame with its answer."""
        self._page.bring_to_front()
        return [self._draw() for _ in range(times)]

    def _draw(self) -> float:
        if self._clear:
            self._page.keyboard.press(self._clear)
        self._page.wait_for_timeout(CALM_MS)
        box = self._page.locator(self._canvas).first.bounding_box()
        if box is None:
            raise BenchError("the pad is not on the screen")
        spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
        mouse = self._page.mouse
        mouse.move(*spots[0])
        mouse.down()
        for spot in spots:
            mouse.move(*spot, steps=8)
        self._page.evaluate(WATCH, ["pointerup", self._answer, LIMIT_MS])
        mouse.up()
        return float(self._page.evaluate("() => window.seen"))


def _our_pad(browser: Browser, stack: ExitStack, server: Server) -> _Pad:
    page = stack.enter_context(visiting(browser, f"{server.url}/draw?lang=en&run=digits"))
    return _Pad(page, ".pad canvas", OUR_ANSWER, "Delete")


def _their_pad(browser: Browser, stack: ExitStack) -> _Pad | None:
    """A page with streamlit-drawable-canvas on a server with Keras; None where it cannot be had."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    if not _install(CANVAS, folder):
        return None
    best = str(runs.open_run("digits").folder / "best.keras")
    server = stack.enter_context(
        serving(script="bench/canvas.py", BENCH_MODEL=best, PYTHONPATH=folder)
    )
    page = stack.enter_context(visiting(browser, server.url))
    page.locator("canvas").last.wait_for()
    return _Pad(page, "canvas.upper-canvas", THEIR_ANSWER, None)


def _install(package: str, folder: str) -> bool:
    """Whether pip could put the package there."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--disable-pip-version-check", "--target", folder, package),
        ],
        cwd=ROOT,
        stdout=sys.stderr,
        timeout=120,
        check=False,
    )
    return done.returncode == 0


def _strokes(when: str, ours: _Pad, theirs: _Pad | None, times: int) -> Iterator[Figure]:
    taken = ours.draw(times)
    yield _under(f"stroke end to prediction, {when}", taken, STROKE_MS[when])
    name = f"the same with streamlit-drawable-canvas and model.predict in the server, {when}"
    if theirs is None:
        yield Figure(name, f"not measured: pip could not install {CANVAS}")
        return
    longer = theirs.draw(times)
    middle, p95 = median_and_p95(longer)
    ratio = middle / median(taken)
    yield Figure(
        name,
        f"{middle:.0f} ms (95 %: {p95:.0f} ms), {ratio:.1f} times; nothing before the stroke ends",
        values={"median_ms": middle, "p95_ms": p95, "times_ms": longer, "ratio": ratio},
    )


def _under(name: str, times: list[float], target: float) -> Figure:
    middle, p95 = median_and_p95(times)
    return Figure(
        name,
        f"{middle:.0f} ms (95 %: {p95:.0f} ms, {len(times)} times)",
        f"under {target:.0f} ms",
        middle < target,
        {"median_ms": middle, "p95_ms": p95, "times_ms": times},
    )


# Feature maps, confusion


class _Maps:
    """The page of feature maps, with its small images to click on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._board = page.locator(".st-key-image_thumbs .tiles").first
        self._board.wait_for(timeout=60_000)
        page.locator(".live-boards .tiles canvas").first.wait_for(timeout=60_000)
        self._tile = 0

    def change(self, times: int) -> list[float]:
        """Milliseconds from each click on another image to the frame with all its maps."""
        return [self._click() for _ in range(times)]

    def _click(self) -> float:
        self._page.wait_for_timeout(CALM_MS)
        self._tile = (self._tile + 1) % (COLUMNS * ROWS)
        box = self._board.bounding_box()
        if box is None:
            raise BenchError("the small images are not on the screen")
        row, column = divmod(self._tile, COLUMNS)
        self._page.evaluate(WATCH, ["click", OTHER_MAPS, LIMIT_MS])
        self._page.mouse.click(
            box["x"] + (column + 0.5) * box["width"] / COLUMNS,
            box["y"] + (row + 0.5) * box["height"] / ROWS,
        )
        return float(self._page.evaluate("() => window.seen"))

    def close(self) -> None:
        """It is not to draw beside what is measured next."""
        self._page.close()


def _matrix() -> Figure:
    """12,000 images of ten classes, as the validation images of the full sets are; nine in ten right."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 12_000)
    predicted = np.where(random.random(12_000) < 0.9, labels, random.integers(0, 10, 12_000))
    ways: dict[str, Callable[[], np.ndarray]] = {
        "ours": lambda: evaluation.confusion(labels, predicted, 10),
        "scikit-learn": lambda: confusion_matrix(labels, predicted, labels=np.arange(10)),
    }
    if not np.array_equal(*(way() for way in ways.values())):
        raise BenchError("the two confusion matrices differ")
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(MATRICES):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            taken[name].append((time.perf_counter() - began) * 1000)
    ours, theirs = (median(taken[name]) for name in ways)
    return Figure(
        "confusion matrix of 12,000 images, scikit-learn to ours",
        f"{theirs / ours:.0f} times ({theirs:.1f} ms to {ours:.2f} ms)",
        values={"ratio": theirs / ours, "times_ms": taken},
    )
