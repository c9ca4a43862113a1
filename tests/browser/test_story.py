"""What a visitor does first: open, build, train, watch, stop, come back, read."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import Server, becomes, eventually
from playwright.sync_api import expect
from screens import Playground

from cnn_core import datasets


def test_a_visitor_builds_trains_watches_stops_and_finds_the_run_again(app, window):
    page = window(app.url)
    expect(page.get_by_role("heading", name="ConvScope")).to_be_visible()
    page.goto(app.link(batch="1"))  # so slow that the first epoch lasts on any machine
    screen = Playground.of(page)

    screen.type("filters", 16, 0)
    screen.type("filters", 32, 1)
    for block in (0, 1):
        screen.type("kernel", 5, block)
        screen.choose("padding", "valid", block)
    screen.slide("dropout", "ArrowRight", "ArrowRight")
    expect(screen.totals).to_contain_text("65,558")
    sum_of_conv1 = "conv1 | 24×24×16 | 416 | (5×5×1 + 1) × 16 = 416"
    eventually(lambda: screen.row("conv1").startswith(sum_of_conv1))

    run = screen.train()
    config = app.read(run)
    assert [(b["filters"], b["kernel"], b["padding"]) for b in config["model"]["blocks"]] == [
        (16, 5, "valid"),
        (32, 5, "valid"),
    ]
    assert config["model"]["dropout"] == 0.4
    assert config["train"]["dataset"] == "fashion_mnist"
    assert config["train"]["size"] == "sample"

    screen.wait_for_batches()
    before = screen.pixels()
    eventually(lambda: screen.pixels() != before)
    expect(screen.progress).to_contain_text("Epoch 1 of 20")
    assert app.events(run, "EpochEnd") == [], "the curve moved before the first epoch was over"

    position = screen.position()
    screen.type("filters", 24, 0)
    expect(screen.totals).to_contain_text("72,166")
    eventually(lambda: screen.row("conv1").startswith("conv1 | 24×24×24 | 624"))
    eventually(lambda: screen.position() > position)
    assert app.read(run)["model"]["blocks"][0]["filters"] == 16

    screen.press("stop")
    screen.wait_for_end("stopped")
    page.reload()
    screen = Playground.of(page)
    assert screen.run == run
    expect(screen.state).to_contain_text("stopped")
    expect(screen.panel).to_contain_text(re.compile(r"Stopped manually in epoch \d after \d+ "))
    screen.press("show_test")
    for part in ("Training", "Validation", "Test"):
        metric = (
            screen.part("scores").get_by_test_id("stMetric").filter(has_text=f"{part} accuracy")
        )
        expect(metric.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"^\d+\.\d\d%$"))
    becomes(_expected_cards(app, run), _read_cards, screen, "The first five test images")

    first = _pictures(screen)
    screen.press("examples_more")
    expect(screen.panel.get_by_text("Five test images", exact=True)).to_be_visible()
    eventually(lambda: len(_pictures(screen)) == 5 and _pictures(screen) != first)

    assert not loaded_libraries(app) & {"tensorflow", "sklearn"}, "a model came into the server"


def _read_cards(screen: Playground, title: str) -> list[tuple[str, str, str]]:
    """Prediction, probability and verdict of the five test images."""
    expect(screen.panel.get_by_text(title, exact=True)).to_be_visible()
    expect(screen.cards).to_have_count(5)
    parts = ("b", ".share", ".verdict")
    return [tuple(card.locator(part).inner_text() for part in parts) for card in screen.cards.all()]


def _pictures(screen: Playground) -> list[str]:
    pictures: list[str] = screen.cards.locator("img").evaluate_all("all => all.map(it => it.src)")
    return pictures


def _expected_cards(server: Server, run: str) -> list[tuple[str, str, str]]:
    """The same from the files of the run and the bundled images."""
    data = datasets.load("fashion_mnist", "sample")
    [ended] = server.events(run, "RunEnded")
    cards = []
    for label, shares in zip(data.y_test[:5], ended["samples"][:5], strict=True):
        guess, truth = (
            data.class_names[i] for i in (max(range(10), key=shares.__getitem__), label)
        )
        verdict = "✓ correct" if guess == truth else f"✗ in fact: {truth}"
        cards.append((guess, f"{max(shares):.1%}", verdict))
    return cards


def loaded_libraries(server: Server) -> set[str]:
    """Packages whose compiled parts are in the server's memory; empty where there is no /proc."""
    maps = Path(f"/proc/{server.process.pid}/maps")
    found = re.findall(r"site-packages/([a-z]+)", maps.read_text()) if maps.exists() else []
    return set(found)
