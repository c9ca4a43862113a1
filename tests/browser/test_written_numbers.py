"""Where a number comes from: what the page writes out is what Keras has."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
from conftest import Server, eventually
from inside import COLD
from playwright.sync_api import Locator, Page, expect

from cnn_core import model as models
from cnn_core import runs
from cnn_core.inside import answers as inside

RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
MAP = 3
LINK = f"run=fashion&lang=en&part=test&index=0&layer=conv2&map={MAP}&sums=1"
CLOSE = 6e-4  # half of the last digit that is written


def number(text: str) -> float:
    """A number as the page writes it."""
    text = text.replace("−", "-").replace(",", "").rstrip("%").lstrip("> ")
    digits, _, power = text.partition(" × 10")
    return float(digits) * 10.0 ** int(power.translate(RAISED) or 0 if power else 0)


class Sums:
    """The part of the page."""

    def __init__(self, page: Page) -> None:
        self.root = page.locator(".sums")
        expect(self.root.locator(".lines").first).to_be_visible(timeout=COLD)

    def lines(self, at: int = 0) -> list[float]:
        """Numbers of a sum in lines, in order."""
        return [
            number(text)
            for text in self.root.locator(".lines").nth(at).locator("dd").all_inner_texts()
        ]

    def column(self, at: int) -> list[float]:
        cells = self.root.locator("table").first.locator(f"tbody tr td:nth-child({at})")
        return [number(text) for text in cells.all_inner_texts() if text]

    def choose(self, layer: str) -> None:
        self.root.locator("select.layer").select_option(label=layer)
        expect(self.where).to_contain_text(layer)

    @property
    def where(self) -> Locator:
        return self.root.locator(".where")


def test_every_written_number_is_that_of_keras(app: Server, window) -> None:
    run = runs.open_run("fashion")
    opened = models.opened(run.model, run.folder / "best.keras")
    network = opened.model
    image = inside.images(opened, run.train, "test", (0,)) / np.float32(255)
    truth = int(inside.evaluate(opened, run.train, "test", 0, 1).labels[0])
    outputs = {}
    values = image
    for layer in network.layers:
        values = layer(values, training=False) if layer.name == "dropout" else layer(values)
        outputs[layer.name] = np.asarray(values)[0]

    page = window(f"{app.url}/feature_maps?{LINK}")
    sums = Sums(page)
    kernel, bias = (np.asarray(weight) for weight in network.get_layer("conv2").weights)
    strongest = np.unravel_index(outputs["conv2"][..., MAP].argmax(), outputs["conv2"].shape[:2])
    place = f"conv2, map {MAP}, row {strongest[0]}, column {strongest[1]}"
    expect(sums.where).to_have_text(place)
    value = float(outputs["conv2"][(*strongest, MAP)])
    added, written_bias, before, after = sums.lines()
    assert [before, after] == pytest.approx([value, value], abs=CLOSE)  # it is above 0
    assert written_bias == pytest.approx(float(bias[MAP]), abs=CLOSE)
    assert added == pytest.approx(value - float(bias[MAP]), abs=2 * CLOSE)
    padded = np.pad(outputs["pool1"], ((1, 1), (1, 1), (0, 0)))
    patch = padded[strongest[0] : strongest[0] + 3, strongest[1] : strongest[1] + 3]
    partial = (patch * kernel[..., MAP]).sum(axis=(0, 1))
    buttons = sums.root.locator(".partial")
    shown = [number(text) for text in buttons.locator("dd").all_inner_texts()]
    np.testing.assert_allclose(shown, partial, atol=CLOSE)

    buttons.nth(5).click()
    cells = sums.root.locator(".window").nth(2).locator(".grid span")
    products = (patch * kernel[..., MAP])[..., 5].ravel()
    eventually(
        lambda: np.allclose(
            [number(text) for text in cells.all_inner_texts()], products, atol=CLOSE
        )
    )

    sums.choose("dense1")
    unit = int(re.sub(r"\D", "", sums.where.inner_text().partition(",")[2]))
    weights, bias = (np.asarray(weight) for weight in network.get_layer("dense1").weights)
    products = outputs["flatten"] * weights[:, unit]
    order = np.argsort(-np.abs(products))
    expected = [products[order[:10]].sum(), products[order[10:]].sum(), bias[unit]]
    expected += [outputs["dense1"][unit]] * 2
    assert sums.lines() == pytest.approx([float(part) for part in expected], abs=2 * CLOSE)
    np.testing.assert_allclose(sums.column(5), products[order[:10]], atol=CLOSE)
    expect(sums.root.locator("canvas.thumb")).to_have_count(10)

    sums.choose("output")
    logits = outputs["dropout"] @ np.asarray(network.get_layer("output").kernel)
    logits = logits + np.asarray(network.get_layer("output").bias)
    np.testing.assert_allclose(sums.column(2), logits, atol=2 * CLOSE)
    loss = keras.losses.sparse_categorical_crossentropy(
        np.array([truth]), logits[np.newaxis], from_logits=True
    )
    assert sums.lines()[-1] == pytest.approx(float(np.asarray(loss)[0]), rel=0.1, abs=2e-6)
    sums.root.locator("table").nth(1).get_by_role("button").first.click()
    expect(sums.where).to_contain_text("dense1, unit")
