"""The kernels page in a real browser: scrub the epochs, choose a filter, see what activates it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from conftest import Server, becomes, eventually
from inside import TINY, Inside, brute_top_images, made_run, opened, trained_run
from playwright.sync_api import expect

from cnn_core import datasets
from cnn_core.config import ConvBlock, ModelConfig

FIXED = ("mosaic_untrained", "mosaic_shown", "kernels_histogram", "spread", "kernels_filters")
PIXELS = "canvas => canvas.toDataURL()"


@pytest.fixture
def run(app: Server) -> str:
    return trained_run(app.home)


def test_scrubbing_changes_the_kernels_and_the_histogram_and_moves_nothing(app, window, run):
    screen = Inside.open(app, window, "kernels", run=run, epoch=3)
    trained, untrained = screen.source("mosaic_shown"), screen.source("mosaic_untrained")
    canvas = screen.part("kernels_histogram").locator("canvas")
    histogram, places = canvas.evaluate(PIXELS), screen.places(*FIXED)
    assert len(places) == len(FIXED)
    assert trained != untrained
    expect(screen.part("mosaic_shown")).to_contain_text("Epoch 3")

    seen = {trained}
    for epoch in (2, 1):
        screen.slide("ArrowLeft")
        screen.says("epoch", str(epoch))
        eventually(lambda: screen.source("mosaic_shown") not in seen)
        seen.add(screen.source("mosaic_shown"))
        expect(screen.part("mosaic_shown")).to_contain_text(f"Epoch {epoch}")
        becomes(untrained, screen.source, "mosaic_untrained")
        becomes(places, screen.settled().places, *FIXED)
    eventually(lambda: canvas.evaluate(PIXELS) != histogram)

    screen.slide("Home")
    screen.says("epoch", "0")
    eventually(lambda: screen.source("mosaic_shown") == untrained)
    screen.slide("End")
    eventually(lambda: screen.source("mosaic_shown") == trained)


def test_the_numbers_say_why_trained_and_untrained_differ(app, window, run):
    screen = Inside.open(app, window, "kernels", run=run)
    rows = screen.part("spread").locator("table.spread tr")
    expect(rows).to_have_count(6)
    cells = [rows.nth(place).locator("td").all_inner_texts() for place in range(1, 6)]
    assert [row[1] for row in cells] == ["(3, 3, 1, 8)", "", "(3, 3, 1, 8)", "(8,)", "(8,)"]
    untrained, expected, trained = (float(cells[place][3]) for place in range(3))
    assert expected == pytest.approx((2 / (9 + 72)) ** 0.5, rel=0.01)
    assert untrained == pytest.approx(expected, rel=0.15), "only 72 numbers were drawn"
    assert trained > untrained
    assert cells[3][2:] == ["0", "0"]
    words = screen.part("spread").inner_text()
    assert "√(6 / (9 + 72)) = 0.272" in words
    assert "Glorot uniform" in words


def test_a_click_on_a_kernel_shows_the_nine_images_that_excite_it_most(app, window, run):
    screen = Inside.open(app, window, "kernels", run=run)
    images, labels = datasets.load("fashion_mnist").x_test, datasets.load("fashion_mnist").y_test
    network, names = opened(app.home, run), datasets.load("fashion_mnist").class_names
    screen.rows_shown()
    for index in (5, 2):
        screen.pick("mosaic_shown", index, columns=8, rows=1)
        screen.says("filter", str(index))
        expect(screen.part("kernels_filters")).to_contain_text(f"that activate filter {index} most")
        screen.settled()
        answers = brute_top_images(network, "conv1", index, images)
        rows = screen.rows_shown()
        np.testing.assert_allclose(answers[rows], np.sort(answers)[::-1][:9], rtol=1e-5)
        card = screen.page.locator(".top-images figure").first
        expect(card).to_contain_text(names[labels[rows[0]]])
        box, picture = card.locator(".box").bounding_box(), card.locator(".framed").bounding_box()
        assert 2 / 28 < box["width"] / picture["width"] < 4.5 / 28, (
            "a 3x3 kernel sees 3 of 28 pixels"
        )
    expect(screen.part("kernels_flags")).to_contain_text("test images")
    link = screen.page.locator(".top-images a").first.get_attribute("href")
    assert f"run={run}" in link
    assert f"index={rows[0]}" in link


@pytest.mark.long
def test_a_deeper_layer_has_a_kernel_for_each_input_channel(app, window, run):
    screen = Inside.open(app, window, "kernels", run=run)
    first = screen.source("mosaic_shown")
    screen.press("kernels_layer", "conv2")
    screen.says("layer", "conv2")
    eventually(lambda: screen.source("mosaic_shown") != first)
    mean = screen.source("mosaic_shown")
    expect(screen.part("spread")).to_contain_text("(3, 3, 8, 12)")
    screen.choose("kernels_channel_conv2", "channel 3")
    screen.says("channel", "3")
    eventually(lambda: screen.source("mosaic_shown") != mean)
    third = screen.source("mosaic_shown")
    screen.settled().pick("kernels_channels", 6, columns=8, rows=1)
    screen.says("channel", "6")
    eventually(lambda: screen.source("mosaic_shown") not in {mean, third})


def test_dead_and_nearly_equal_filters_are_named_with_their_numbers(app, window):
    def change(network):
        kernel, bias = network.get_layer("conv1").get_weights()
        kernel[..., 6] = 2 * kernel[..., 1] + 1e-4
        bias[3] = -100
        network.get_layer("conv1").set_weights([kernel, bias])

    run = made_run(app.home, TINY, change)
    screen = Inside.open(app, window, "kernels", run=run)
    flags = screen.part("kernels_flags")
    expect(flags).to_contain_text("1 ≈ 6 (1.00)")
    expect(flags).to_contain_text(
        re.compile(r"Dead: 3\. Their highest output on any of the 2,000 test images is 0:"),
        timeout=120_000,
    )
    marks = screen.tiles("mosaic_shown").locator(".marks span")
    expect(marks.first).to_have_text("≈")
    screen.settled().pick("mosaic_shown", 3, columns=8, rows=1)
    expect(screen.part("kernels_filters")).to_contain_text("No test image activates this filter")


@pytest.mark.long
def test_saturated_filters_are_named_with_their_share(app, window):
    config = ModelConfig((ConvBlock(4, activation="tanh"),), (), 0.0)

    def change(network):
        kernel, bias = network.get_layer("conv1").get_weights()
        bias[2] = 50
        network.get_layer("conv1").set_weights([kernel, bias])

    run = made_run(app.home, config, change)
    screen = Inside.open(app, window, "kernels", run=run)
    expect(screen.part("kernels_flags")).to_contain_text("Saturated: 2 (100%)")


@pytest.mark.long
def test_a_link_opens_the_same_view_and_a_wrong_one_is_one_sentence(app, window, run):
    link = {"run": run, "layer": "conv2", "filter": 7, "epoch": 1, "channel": 4}
    screen = Inside.open(app, window, "kernels", **link)
    for name, value in link.items():
        screen.says(name, str(value))
    expect(screen.part("mosaic_shown")).to_contain_text("Epoch 1")
    expect(screen.alerts).to_have_count(0)
    other = screen.go_to(app, "kernels", run="../../etc")  # others: tests/pages
    expect(other.alerts).to_have_count(1)
    expect(other.alerts).to_contain_text("is not a run")
    other.source("mosaic_shown")


@pytest.mark.long
def test_a_damaged_snapshot_is_one_sentence_and_the_others_stay(app, window):
    run = made_run(app.home, ModelConfig((ConvBlock(3),), (), 0.0), lambda network: None)
    (app.home / "runs" / run / "snapshots" / "epoch-001.npz").write_bytes(b"damaged")
    screen = Inside.open(app, window, "kernels", run=run)
    expect(screen.alerts).to_contain_text("The weights of epoch 1 cannot be read")


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_phone_shows_it_without_sideways_scrolling(app, window, run, language):
    phone = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
    screen = Inside.open(
        app, window, "kernels", run=run, lang=language, layer="conv2", window_=phone
    )
    screen.source("mosaic_shown")
    screen.rows_shown()
    screen.settled().fits(390)
    spread = screen.part("spread")
    assert spread.evaluate("it => it.scrollHeight <= it.clientHeight + 1"), (
        "the sentence is cut off"
    )
    below = screen.part("kernels_filters").bounding_box()
    words = spread.locator(".inside").last.bounding_box()
    assert words["y"] + words["height"] <= below["y"]
    title = {"en": "Kernels", "ko": "커널"}[language]
    expect(screen.page.get_by_role("heading", level=1)).to_have_text(title)
