"""The page of runs with 1,000 run folders: from its address to the painted table, and each sort of it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from playwright.sync_api import Browser, Page

from bench.app import BenchError, Server, browsing, serving, window
from bench.report import Figure, median_and_p95
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.progress.events import BatchEnd, EpochEnd, RunEnded, RunStarted, Score, to_json

TARGET_MS = 500.0
COUNT = 1_000
BATCHES = 20  # reports inside an epoch, as a run of the full data set has
TABLE = "[data-testid='stDataFrame'] canvas"
HEADER_PX = 17  # half the height of a row
SORTED_COLUMNS = 3
CALM_MS = 700
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

# From a click on the head of a column to the frame in which the table has other pixels.
WATCH = """
(canvas) => {
  window.sorted = new Promise((done, fail) => {
    const before = canvas.toDataURL();
    let began = 0;
    const begin = () => { began = performance.now(); };
    window.addEventListener("pointerdown", begin, { once: true, capture: true });
    const look = () => {
      if (began && canvas.toDataURL() !== before) return done(performance.now() - began);
      if (began && performance.now() - began > 5000) return fail(new Error("the table did not change"));
      requestAnimationFrame(look);
    };
    look();
  });
}
"""


def write_runs(home: Path, count: int, owner: str = "bench", seed: int = 0) -> None:
    """Folders of finished runs with different settings and a log of 5 to 30 epochs each."""
    pick = random.Random(seed)
    for number in range(count):
        created = 1_760_000_000 + 600 * number
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(created))
        folder = home / "runs" / f"{stamp}-{number:06x}"
        folder.mkdir(parents=True)
        model, train = _set_up(pick)
        (folder / "config.json").write_text(
            json.dumps(
                {
                    "model": asdict(model), "train": asdict(train), "owner": owner,
                    "created": created, "name": pick.choice(("", "", f"trial {number}")),
                }
            ),
            encoding="utf-8",
        )  # fmt: skip
        status = {"state": "finished", "since": created, "speed": 1.0}
        (folder / "status.json").write_text(json.dumps(status), encoding="utf-8")
        log = "".join(f"{to_json(event)}\n" for event in _events(train, pick))
        (folder / "events.jsonl").write_text(log, encoding="utf-8")


def _set_up(pick: random.Random) -> tuple[ModelConfig, TrainConfig]:
    blocks = tuple(
        ConvBlock(pick.choice((8, 16, 32, 64)), kernel=pick.choice((3, 5)))
        for _ in range(pick.choice((1, 2, 2, 3)))
    )
    model = ModelConfig(blocks=blocks, dropout=pick.choice((0.0, 0.3, 0.5)))
    train = TrainConfig(
        epochs=pick.randint(5, 30),
        batch_size=pick.choice((32, 64, 128)),
        learning_rate=pick.choice((1e-4, 1e-3, 1e-2)),
        seed=pick.randint(0, 9),
    )
    return model, replace(train, patience=0)


def _events(train: TrainConfig, pick: random.Random) -> Iterator[object]:
    yield RunStarted(300_000, 8_000, 250, "float32")
    loss = 2.3
    for epoch in range(1, train.epochs + 1):
        for batch in range(1, BATCHES + 1):
            yield BatchEnd(epoch, batch * 12, 250, loss, 0.5, train.learning_rate, 900.0)
        loss *= pick.uniform(0.8, 0.99)
        share = 1 - loss / 2.5
        yield EpochEnd(epoch, loss, share, loss * 1.1, share - 0.01, train.learning_rate, 9.0)
    score = Score(loss, share)
    yield RunEnded("finished", train.epochs, train.epochs, 9.0 * train.epochs, {"val": score})


def measure(*, quick: bool) -> Iterator[Figure]:
    """First paint with summaries that are there already and without, and sorting by a column."""
    rounds = 2 if quick else 5
    with serving() as server, browsing() as browser:
        write_runs(server.home, COUNT)
        server.wait_until_idle()
        began = time.perf_counter()
        with window(browser) as page:
            page.goto(f"{server.url}/runs?lang=en&whose=all")
            page.locator(TABLE).first.wait_for(timeout=120_000)
        yield Figure(
            f"the same, when none of the {COUNT:,} folders was ever read",
            f"{time.perf_counter() - began:.1f} s",
            "-",
            None,
            {"seconds": time.perf_counter() - began},
        )
        times = [_paint(browser, server) for _ in range(rounds)]
        middle, p95 = median_and_p95(times)
        yield Figure(
            f"runs page with {COUNT:,} runs, first paint",
            f"{middle:.0f} ms (95 %: {p95:.0f} ms, {len(times)} visits)",
            f"under {TARGET_MS:.0f} ms",
            middle < TARGET_MS,
            {"median_ms": middle, "p95_ms": p95, "times_ms": times},
        )
        sorts = _sorts(browser, server, rounds)
        middle, p95 = median_and_p95(sorts)
        yield Figure(
            f"runs page with {COUNT:,} runs, sort by a column",
            f"{middle:.0f} ms (95 %: {p95:.0f} ms, {len(sorts)} sorts)",
            f"under {TARGET_MS:.0f} ms",
            middle < TARGET_MS,
            {"median_ms": middle, "p95_ms": p95, "times_ms": sorts},
        )


def _open(page: Page, server: Server) -> float:
    """From a click in the navigation of an open page to the frame with the table, in milliseconds."""
    page.goto(f"{server.url}/playground?lang=en")
    page.locator(".st-key-train button:enabled").wait_for()
    page.wait_for_timeout(CALM_MS)
    page.get_by_role("button", name="Build and train", exact=True).click()
    link = page.get_by_role("menuitem", name="Runs", exact=True)
    link.wait_for()
    began = time.perf_counter()
    link.click()
    page.locator(TABLE).first.wait_for()
    page.evaluate(TWO_FRAMES)
    return (time.perf_counter() - began) * 1000


def _paint(browser: Browser, server: Server) -> float:
    """First paint for a new visitor who owns all of the runs."""
    with window(browser) as page:
        page.goto(f"{server.url}/glossary?lang=en")
        page.locator("h1").first.wait_for()
        page.goto(f"{server.url}/runs?lang=en&whose=all")
        page.locator(TABLE).first.wait_for()
        return _open(page, server)


def _sorts(browser: Browser, server: Server, rounds: int) -> list[float]:
    """A click on the head of a column sorts by it; the browser does that alone."""
    times = []
    with window(browser) as page:
        page.goto(f"{server.url}/runs?lang=en&whose=all")
        table = page.locator(TABLE).first
        table.wait_for()
        page.wait_for_timeout(CALM_MS)
        box = table.bounding_box()
        if box is None:
            raise BenchError("the table is not on the screen")
        for number in range(SORTED_COLUMNS * rounds):
            x = box["x"] + box["width"] * (0.35 + 0.1 * (number % SORTED_COLUMNS))
            page.mouse.move(x, box["y"] + HEADER_PX)
            page.wait_for_timeout(CALM_MS)  # the head lights up under the pointer
            table.evaluate(WATCH)
            page.mouse.click(x, box["y"] + HEADER_PX)
            times.append(float(page.evaluate("() => window.sorted")))
    return times
