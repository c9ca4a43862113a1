"""Building: shapes and sums immediately, presets, and a network that shrinks to nothing."""

from __future__ import annotations

import pytest
from conftest import becomes, eventually
from playwright.sync_api import expect
from screens import Playground

PRESETS = (("Fast", "333,526", "5"), ("Tiny", "26,698", "5"), ("Textbook", "333,526", "20"))


def test_the_textbook_network_shows_its_numbers(app, window):
    screen = Playground.of(window(app.link()))
    becomes("Textbook", screen.picked, "preset")
    expect(screen.totals).to_contain_text("333,526")
    rows = {
        "conv1": "28×28×32 | 320 | (3×3×1 + 1) × 32 = 320 | ⌈28 / 1⌉ = 28 | 3×3",
        "pool1": "14×14×32 | 0 |  | ⌊(28 − 2) / 2⌋ + 1 = 14 | 4×4",
        "conv2": "14×14×64 | 18,496 | (3×3×32 + 1) × 64 = 18,496 | ⌈14 / 1⌉ = 14 | 8×8",
        "pool2": "7×7×64 | 0 |  | ⌊(14 − 2) / 2⌋ + 1 = 7 | 10×10",
        "flatten": "3,136 | 0 | 7×7×64 = 3,136 |  | ",
        "dense1": "100 | 313,700 | (3,136 + 1) × 100 = 313,700 |  | ",
        "dropout": "100 | 0 |  |  | ",
        "output": "10 | 1,010 | (100 + 1) × 10 = 1,010 |  | ",
    }
    for layer, cells in rows.items():
        becomes(f"{layer} | {cells}", screen.row, layer)


@pytest.mark.long
def test_a_preset_sets_network_and_training_and_leaves_the_images(app, window):
    screen = Playground.of(window(app.link(blocks="9.3", data="mnist", epochs="3")))
    for preset, parameters, epochs in PRESETS:
        becomes(None, screen.picked, "preset")
        screen.pick("preset", preset)
        expect(screen.totals).to_contain_text(parameters)
        becomes(preset, screen.picked, "preset")
        told = {"epochs": epochs, "data": "mnist"}
        eventually(lambda told=told: screen.query.items() >= told.items())
        screen.type("filters", 10, 0)


@pytest.mark.long
def test_a_network_that_shrinks_to_nothing_is_explained_and_mended(app, window):
    screen = Playground.of(window(app.link()))
    screen.pick("blocks", "4")
    for block in range(4):
        screen.choose("padding", "valid", block)
    expect(screen.alerts).to_have_count(1)
    expect(screen.alerts).to_contain_text(
        "The image shrinks to nothing at conv4: 28 → 26 → 13 → 11 → 5 → 3 → 1 → 0."
    )
    expect(screen.train_button).to_be_disabled()
    expect(screen.table).to_have_count(0)

    fix = screen.part("fix").get_by_role("button")
    expect(fix).to_contain_text("Fix it: block 2, Pooling: max pooling → no pooling")
    with screen.changing():
        fix.click()
    expect(screen.alerts).to_have_count(0)
    becomes("no pooling", screen.value, "pool", 1)
    for block in range(4):
        becomes("valid", screen.value, "padding", block)
    eventually(lambda: screen.row("conv4").startswith("conv4 | 2×2×64 |"))
    expect(screen.train_button).to_be_enabled()
