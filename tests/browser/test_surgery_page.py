"""The surgery page: filters off and weights changed in one's own window, and everything put back exactly."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from conftest import Server, becomes, eventually, go
from inside import COLD, TINY, TRAIN, Inside, made_run, opened, trained_run
from playwright.sync_api import Locator, expect
from sklearn.metrics import confusion_matrix

from cnn_core import datasets
from cnn_core import model as models
from cnn_core.config import ConvBlock, ModelConfig

ODD = ModelConfig(
    (ConvBlock(6, stride=2, activation="sigmoid", pool="average"),), (), 0.3, (8, 8, 1)
)


@pytest.fixture(scope="module")
def run(app: Server) -> str:
    return trained_run(app.home)


def visit(window, app: Server, run: str, **settings) -> Inside:
    query = {"run": run, "part": "test", "index": 3, "lang": "en", **settings}
    there = Inside.open(app, window, "surgery", **query)
    expect(there.page.locator(".surgery-scores b")).to_have_count(3, timeout=COLD)
    expect(there.part("surgery_difference").locator("canvas").first).to_be_visible(timeout=COLD)
    return there.settled()


def switch(there: Inside, index: int, word: str = "Filter") -> Locator:
    return there.page.get_by_role("switch", name=f"{word} {index}", exact=True)


def field(there: Inside, kind: str) -> Locator:
    """The "slider" or "number" of the chosen weight; every weight has its own, and the last one fades."""
    return there.page.locator(f'[class*="st-key-surgery_{kind}_"]:not([data-stale="true"])')


def accuracies(there: Inside) -> list[str]:
    return there.page.locator(".surgery-scores b").all_inner_texts()


def outcome(there: Inside) -> list[str]:
    """Everything that a surgery changes: numbers, bars and both matrices, down to the pixel."""
    there.settled()
    return [
        *accuracies(there),
        there.page.locator(".two-shares").inner_text(),
        there.page.locator(".two-shares").evaluate("it => it.innerHTML"),
        alt(there, "surgery_confusion"),
        pixels(there, "surgery_confusion"),
        pixels(there, "surgery_difference"),
    ]


def unchanged(before: list[str], after: list[str]) -> list[int]:
    """Which parts of an outcome are the same."""
    return [n for n, (was, now) in enumerate(zip(before, after, strict=True)) if was == now]


def alt(there: Inside, key: str) -> str:
    return there.part(key).get_by_role("img").first.get_attribute("aria-label") or ""


def pixels(there: Inside, key: str) -> str:
    layers = there.part(key).locator("canvas")
    return str(layers.evaluate_all("layers => layers.map(layer => layer.toDataURL())"))


def cut_by_hand(network: models.Opened, off: list[int]) -> np.ndarray:
    """Confusion matrix without those filters of conv1, by Keras alone; after ReLU, zeros stay zeros."""
    keras = models.keras
    copy = keras.models.clone_model(network.model)
    copy.set_weights(network.model.get_weights())
    kernel, bias = copy.get_layer("conv1").get_weights()
    kernel[..., off], bias[off] = 0, 0
    copy.get_layer("conv1").set_weights([kernel, bias])
    data = datasets.load("fashion_mnist", TRAIN.size)
    shares = copy.predict(data.x_test / np.float32(255), batch_size=250, verbose=0)
    return confusion_matrix(data.y_test, shares.argmax(1), labels=range(10))


def says(there: Inside, matrix: np.ndarray) -> None:
    """The page shows this confusion matrix as what came of the surgery, but for a borderline image."""
    right, images = int(np.trace(matrix)), int(matrix.sum())
    eventually(lambda: abs(float(accuracies(there)[1].strip("%")) - 100 * right / images) < 0.06)
    there.settled()
    found = re.search(r": ([\d,]+) of ([\d,]+) images correct", alt(there, "surgery_confusion"))
    assert found is not None
    assert abs(int(found[1].replace(",", "")) - right) <= images // 2000
    assert int(found[2].replace(",", "")) == images
    assert f"{int(found[1].replace(',', '')) / images:.2%}" == accuracies(there)[1]


def files(app: Server, run: str) -> dict[str, str]:
    folder = app.home / "runs" / run
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_switching_filters_off_moves_accuracy_and_confusions_and_reset_restores_them_exactly(
    app, window, run
):
    network, held = opened(app.home, run), files(app, run)
    there = visit(window, app, run)
    before = outcome(there)
    says(there, cut_by_hand(network, []))
    assert before[0] == before[1]
    assert "0.00 percentage points" in before[2]

    for index in (1, 4, 6):
        switch(there, index).click()
    there.says("off", "conv1.1.4.6")
    expect(switch(there, 4)).not_to_be_checked()
    expect(switch(there, 5)).to_be_checked()
    says(there, cut_by_hand(network, [1, 4, 6]))
    eventually(lambda: unchanged(before, outcome(there)) == [0])  # all but the accuracy as trained
    expect(there.part("surgery_done")).to_contain_text("conv1: 3 off (1, 4, 6)")

    there.part("surgery_switch_only").get_by_role("button").click()
    there.says("off", "conv1.0-5.7")
    there.part("surgery_switch_invert").get_by_role("button").click()
    there.says("off", "conv1.6")

    there.part("surgery_reset").get_by_role("button").click()
    eventually(lambda: "off" not in there.query)
    expect(there.part("surgery_done")).to_contain_text("as trained")
    eventually(lambda: outcome(there) == before)
    assert files(app, run) == held


def test_a_weight_changes_by_number_and_slider_and_goes_back_exactly(app, window, run):
    network = opened(app.home, run)
    kernel, _ = network.model.get_layer("conv2").get_weights()
    there = visit(window, app, run, layer="conv2", filter=2)
    before = outcome(there)
    number = field(there, "number").get_by_role("spinbutton")
    expect(number).to_have_value(f"{kernel[1, 1, 0, 2]:.4f}")
    number.fill("9.5")
    number.press("Enter")
    there.says("weights", "conv2.1.1.0.2:9.5")
    expect(there.part("surgery_done")).to_contain_text("conv2, filter 2, weight (1, 1, 0)")
    eventually(lambda: outcome(there)[1] != before[1])

    field(there, "slider").get_by_role("slider").press("ArrowLeft")
    eventually(lambda: there.query["weights"] != "conv2.1.1.0.2:9.5")
    slid = float(there.query["weights"].partition(":")[2])
    assert 0 < slid < 2.1 * np.abs(kernel).max()

    there.part("surgery_back").get_by_role("button").click()
    eventually(lambda: "weights" not in there.query)
    eventually(lambda: outcome(there) == before)

    there.part("surgery_what").get_by_role("radio", name="Bias").click()
    expect(field(there, "slider")).to_contain_text("Bias of filter 2")
    number.fill("-2")
    number.press("Enter")
    there.says("weights", "conv2.2:-2.0")


@pytest.mark.long
def test_hasty_clicks_on_filters_change_no_weight(app, window, run):
    there = visit(window, app, run)
    for _ in range(4):
        for index in (1, 5, 7, 2, 6, 3):
            switch(there, index).click()
    for index in (1, 5, 7):
        switch(there, index).click()
    there.says("off", "conv1.1.5.7")
    there.settled()
    eventually(lambda: "weights" not in there.query)


@pytest.mark.long
def test_a_run_deleted_in_another_window_is_missed_in_one_sentence(app, window):
    gone = made_run(app.home, TINY, lambda network: None)
    there = visit(window, app, gone)
    shutil.rmtree(app.home / "runs" / gone)
    switch(there, 2).click()
    expect(there.alerts).to_have_count(1)
    expect(there.alerts).to_contain_text(f"The run {gone} does not exist here.")
    eventually(lambda: "run" not in there.query)
    there.page.reload()
    expect(there.part("surgery_switches")).to_be_visible(timeout=COLD)
    expect(there.alerts).to_have_count(0)


def test_what_one_visitor_does_no_other_sees_and_a_link_carries_it(app, window, run):
    ours, theirs = visit(window, app, run), visit(window, app, run)
    whole = outcome(theirs)
    switch(ours, 0).click()
    ours.says("off", "conv1.0")
    changed = outcome(ours)
    theirs.part("surgery_view").get_by_role("radio", name="feature maps").click()
    theirs.settled()
    expect(theirs.part("surgery_done")).to_contain_text("as trained")
    assert outcome(theirs) == whole
    switch(theirs, 3).click()
    theirs.says("off", "conv1.3")
    expect(ours.part("surgery_done")).to_contain_text("conv1: 1 off (0)")

    guest = visit(window, app, run, off="conv1.0")
    eventually(lambda: outcome(guest) == changed)
    for name in ("Feature maps", "Surgery"):
        go(ours.page, "Look inside", name)
        expect(ours.page.get_by_role("heading", level=1)).to_have_text(name)
    ours.settled().says("off", "conv1.0")
    eventually(lambda: outcome(ours) == changed)


@pytest.mark.long
def test_the_ranking_names_the_filter_that_is_missed_most(app, window, run):
    there = visit(window, app, run)
    there.part("surgery_rank").get_by_role("button").click()
    expect(there.part("surgery_bars").locator("canvas").first).to_be_visible(timeout=COLD)
    there.settled()
    network, data = opened(app.home, run), datasets.load("fashion_mnist", TRAIN.size)
    images, labels = data.x_test[:1000] / np.float32(255), data.y_test[:1000]
    kernel, bias = network.model.get_layer("conv1").get_weights()
    right = []
    for index in range(8):
        cut, cut_bias = kernel.copy(), bias.copy()
        cut[..., index], cut_bias[index] = 0, 0
        network.model.get_layer("conv1").set_weights([cut, cut_bias])
        right.append(int((network.predict(images).argmax(1) == labels).sum()))
    worst = int(np.argmin(right))
    assert f"Filter {worst} off" in alt(there, "surgery_bars")
    assert f"{right[worst] / 1000:.1%} correct" in alt(there, "surgery_bars")


@pytest.mark.long
def test_a_network_of_another_kind_on_a_phone_in_korean_by_the_keyboard(app, window):
    run = made_run(app.home, ODD, lambda network: None, replace(TRAIN, dataset="digits"))
    there = visit(
        window,
        app,
        run,
        lang="ko",
        window_={"width": 390, "height": 844, "color_scheme": "dark"},
    )
    there.fits(390)
    first = switch(there, 0, "필터")
    first.focus()
    first.press("ArrowRight")
    expect(switch(there, 1, "필터")).to_be_focused()
    there.page.keyboard.press("Space")
    there.says("off", "conv1.1")
    expect(switch(there, 1, "필터")).not_to_be_checked()
    there.part("surgery_switch_all_off").get_by_role("button").click()
    there.says("off", "conv1.0-5")
    bias = opened(app.home, run).model.get_layer("output").get_weights()[1]
    assert not bias.any()
    there.settled()
    shares = there.page.locator(".two-shares .share:not(.was)")
    becomes(["10.0%"] * 10, shares.all_inner_texts)  # only the biases speak, and these are still 0
    there.fits(390)


@pytest.mark.long
def test_links_that_cannot_be_get_a_sentence(app, window, run):
    there = visit(window, app, run, off="conv1.99", layer="conv7", filter="x")
    expect(there.alerts).to_have_count(3)
    expect(there.alerts.nth(0)).to_contain_text("It has: conv1, conv2")
    expect(there.alerts.nth(2)).to_contain_text("between 0 and 7")
    eventually(lambda: "off" not in there.query)
    there = visit(window, app, run, weights="conv1.0:nan")
    expect(there.alerts.first).to_contain_text("Changed weights must be a finite number")
