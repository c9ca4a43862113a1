"""The page of runs with 1,000 run folders: first paint, sorting, and eight long runs on one chart."""

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
CALM_MS = 700
CHART = ".st-key-runs_overlay canvas"
TOGETHER, LONG = 8, 50  # runs on one chart, and their epochs
COLUMNS = (0.38, 0.47, 0.55)  # accuracy, epoch and loss: places as shares of the width of the table
HEAD_PX = 17  # from the upper edge to the middle of the heads
WATCH = """canvas => {
  window.sorted = new Promise((done) => {
    setTimeout(() => done(0), 10000);
    window.addEventListener("pointerup", () => {
    const began = performance.now();
    let image = canvas.toDataURL(), last = began;
    const look = () => {
      const now = canvas.toDataURL();
      if (now !== image) [image, last] = [now, performance.now()];
      if (performance.now() - began < 1500) requestAnimationFrame(look);
      else done(last - began);
    };
    requestAnimationFrame(look);
    }, { once: true, capture: true });
  });
}"""  # milliseconds until the last change within a second and a half; 0 if there was none
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def write_runs(
    home: Path, count: int, owner: str = "bench", seed: int = 0, epochs: int | None = None
) -> None:
    """Folders of finished runs with different settings and a log of 5 to 30 epochs each, or of `epochs`."""
    pick = random.Random(seed)
    for number in range(count):
        created = 1_760_000_000 + 600 * number
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(created))
        folder = home / "runs" / f"{stamp}-{number:06x}"
        folder.mkdir(parents=True)
        model, train = _set_up(pick)
        if epochs:
            train = replace(train, epochs=epochs)
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
    """First paint with summaries that are there already, and without."""
    rounds = 2 if quick else 5
    with serving() as server, browsing() as browser:
        write_runs(server.home, COUNT)
        with window(browser) as page:  # the first page starts the workers
            page.goto(f"{server.url}/glossary?lang=en")
            page.locator("h1").first.wait_for()
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
        yield from _sorting(browser, server, rounds)
    with serving() as server, browsing() as browser:
        write_runs(server.home, TOGETHER, epochs=LONG)
        yield _overlay(browser, server, rounds)


def _sorting(browser: Browser, server: Server, rounds: int) -> Iterator[Figure]:
    """From a click on the head of a column to the last change of the painted table."""
    times = []
    with window(browser) as page:
        page.goto(f"{server.url}/runs?lang=en&whose=all")
        table = page.locator(TABLE).first
        table.wait_for(timeout=120_000)
        page.wait_for_timeout(CALM_MS)
        box = table.bounding_box()
        assert box is not None
        for turn in range(rounds):
            for share in COLUMNS:
                page.mouse.move(box["x"] + share * box["width"], box["y"] + HEAD_PX)
                page.wait_for_timeout(CALM_MS)
                table.evaluate(WATCH)
                page.mouse.down()
                page.mouse.up()
                times.append(float(page.evaluate("() => window.sorted")))
                if times[-1] == 0:
                    raise BenchError(f"column at {share:.0%} was not sorted, turn {turn + 1}")
    middle, p95 = median_and_p95(times)
    yield Figure(
        f"the same, sorted by another column ({len(times)} times)",
        f"{middle:.0f} ms (95 %: {p95:.0f} ms)",
        f"under {TARGET_MS:.0f} ms",
        p95 < TARGET_MS,
        {"median_ms": middle, "p95_ms": p95, "times_ms": times},
    )


def _overlay(browser: Browser, server: Server, rounds: int) -> Figure:
    """From a click in the navigation to the frame with the curves of eight runs."""
    ids = "~".join(sorted(path.name for path in (server.home / "runs").iterdir())[:TOGETHER])
    times = []
    for _ in range(rounds + 1):
        with window(browser) as page:
            page.goto(f"{server.url}/runs?lang=en&whose=all&runs={ids}")
            page.locator(CHART).first.wait_for(timeout=120_000)
            _follow(page, "Playground")
            page.locator(".st-key-train button:enabled").wait_for()
            page.wait_for_timeout(CALM_MS)
            began = _follow(page, "Runs")
            page.locator(CHART).first.wait_for()
            page.evaluate(TWO_FRAMES)
            times.append((time.perf_counter() - began) * 1000)
    middle, p95 = median_and_p95(times[1:])  # the first one loads SciPy
    return Figure(
        f"overlay of {TOGETHER} runs of {LONG} epochs, paint",
        f"{middle:.0f} ms (95 %: {p95:.0f} ms, {len(times) - 1} visits)",
        "-",
        None,
        {"median_ms": middle, "p95_ms": p95, "times_ms": times},
    )


def _paint(browser: Browser, server: Server) -> float:
    """From a click in the navigation to the frame with the table of everybody's runs, in milliseconds."""
    with window(browser) as page:
        page.goto(f"{server.url}/runs?lang=en&whose=all")
        page.locator(TABLE).first.wait_for()
        _follow(page, "Playground")
        page.locator(".st-key-train button:enabled").wait_for()
        page.wait_for_timeout(CALM_MS)
        began = _follow(page, "Runs")
        page.locator(TABLE).first.wait_for()
        page.evaluate(TWO_FRAMES)
        return (time.perf_counter() - began) * 1000


def _follow(page: Page, name: str) -> float:
    """Follow a link of the navigation; when it was clicked, by `time.perf_counter()`."""
    page.get_by_role("button", name="Build and train", exact=True).click()
    link = page.get_by_role("menuitem", name=name, exact=True)
    link.wait_for()
    began = time.perf_counter()
    link.click()
    return began
