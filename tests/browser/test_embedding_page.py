"""The embedding page: a click on a point shows that image, in each projection and for odd networks too."""

from __future__ import annotations

import base64
import io
import re
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from conftest import Server, eventually
from inside import COLD, TRAIN, Inside, made_run, opened, trained_run
from PIL import Image
from playwright.sync_api import expect

from cnn_core import datasets
from cnn_core.config import ConvBlock, ModelConfig

ODD = ModelConfig((ConvBlock(5, activation="sigmoid", pool="average"),), (), 0.3, (8, 8, 1))
DIGITS = replace(TRAIN, dataset="digits")
POINT = re.compile(r"(?:Image|이미지) (\d+): (.+) → (.+) \((?:> )?([\d.]+)%\)")


def visit(window, app: Server, run: str, **settings) -> Inside:
    there = Inside.open(app, window, "embedding", **{"run": run, "lang": "en", **settings})
    expect(there.part("embedding").locator("canvas").first).to_be_visible(timeout=COLD)
    return there.settled()


def click_a_point(there: Inside, avoid: int | None = None) -> re.Match[str]:
    """Move over the chart until the pointer names a point, click there, and return what it said."""
    chart = there.part("embedding").locator("canvas").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    missed = 0
    for down in np.linspace(0.15, 0.85, 15):
        for along in np.linspace(0.12, 0.95, 60):
            there.page.mouse.move(box["x"] + box["width"] * along, box["y"] + box["height"] * down)
            found = pointed_at(there)
            if found and int(found[1]) != avoid and stays(there, found):
                there.page.mouse.down()
                there.page.mouse.up()
                with suppress(AssertionError):  # it was beside the point after all: another one
                    eventually(lambda found=found: there.query.get("index") == found[1], 5)
                if there.query.get("index") == found[1]:
                    there.settled()
                    return found
                missed += 1
                assert missed < 3, "clicks on points go nowhere"
    raise AssertionError("no point under the pointer")


def pointed_at(there: Inside) -> re.Match[str] | None:
    return POINT.search(there.part("embedding").inner_text())


def stays(there: Inside, found: re.Match[str]) -> bool:
    """Whether the pointer is really there: the chart hides what it said of the place before with a delay."""
    there.page.wait_for_timeout(400)
    again = pointed_at(there)
    return again is not None and again[0] == found[0]


def picture(there: Inside) -> np.ndarray:
    """The shown image in its own pixels."""
    image = there.part("embedding_card").locator("figure img")
    source = image.get_attribute("src") or ""
    shown = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    return np.asarray(shown.convert("L"))[::3, ::3]


def drawn(there: Inside) -> str:
    """The whole chart as pixels."""
    layers = there.part("embedding").locator("canvas")
    return str(layers.evaluate_all("layers => layers.map(layer => layer.toDataURL())"))


def holds(there: Inside, said: re.Match[str], images: np.ndarray, shares: np.ndarray) -> None:
    """The card shows the image that the pointer named, with what the network says of it."""
    index = int(said[1])
    card = there.part("embedding_card")
    expect(card.locator("figure")).to_have_attribute("data-row", str(index))
    eventually(lambda: np.array_equal(picture(there), images[index, ..., 0]))
    assert said[4] == f"{100 * shares[index].max():.1f}"
    expect(card).to_contain_text(f"{said[4]}%")
    expect(card.locator("figure b")).to_have_text(said[3])


@pytest.fixture(scope="module")
def run(app: Server) -> str:
    return trained_run(app.home)


def test_a_click_on_a_point_shows_that_image_and_leads_to_its_feature_maps(app, window, run):
    data = datasets.load("fashion_mnist", TRAIN.size)
    shares = opened(app.home, run).predict(data.x_test[:2000])
    there = visit(window, app, run)
    surest = np.where(shares.argmax(axis=1) != data.y_test[:2000], shares.max(axis=1), 0).argmax()
    shown = there.part("embedding_card").locator("figure")
    expect(shown).to_have_attribute("data-row", str(surest))
    expect(there.part("embedding_note")).to_contain_text("2,000 test images")
    expect(there.part("embedding_note")).to_contain_text("the 16 outputs of dense1")
    first = click_a_point(there)
    holds(there, first, data.x_test, shares)
    second = click_a_point(there, avoid=int(first[1]))
    holds(there, second, data.x_test, shares)
    link = there.part("embedding_card").get_by_role("link").get_attribute("href") or ""
    assert urlsplit(link).path == "feature_maps"
    assert parse_qs(urlsplit(link).query)["index"] == [second[1]]

    label = int(data.y_test[int(second[1])])
    pills = there.page.locator("[class*=st-key-embedding_classes]")
    everything = drawn(there)
    pills.get_by_text(second[2], exact=True).click()
    count = int((data.y_test[:2000] == label).sum())
    alt = there.part("embedding").get_by_role("img").first
    expect(alt).to_have_attribute("aria-label", re.compile(f": {count:,} images"))
    eventually(lambda: drawn(there) != everything)
    third = click_a_point(there, avoid=int(second[1]))
    assert data.y_test[int(third[1])] == label
    expect(alt).to_have_attribute("aria-label", re.compile(f": {count:,} images"))
    some = drawn(there)
    pills.get_by_text(second[2], exact=True).click()
    eventually(lambda: drawn(there) != some)

    wrong = int((shares.argmax(1) != data.y_test[:2000]).sum())
    everything = drawn(there)
    there.part("embedding_wrong").locator("label").click()
    eventually(lambda: drawn(there) != everything)
    there.settled()
    expect(alt).to_have_attribute("aria-label", re.compile(f": {wrong:,} images .* {wrong:,} of"))
    mistake = click_a_point(there, avoid=int(third[1]))
    assert mistake[2] != mistake[3]
    holds(there, mistake, data.x_test, shares)


@pytest.mark.long
def test_tsne_of_a_network_without_dense_layer_comes_by_itself_and_a_link_opens_it(app, window):
    run = made_run(app.home, ODD, lambda network: None, DIGITS)
    data = datasets.load("digits")
    shares = opened(app.home, run).predict(data.x_test)
    there = visit(window, app, run, method="tsne", perplexity=15)
    note = there.part("embedding_note")
    expect(note).to_contain_text("no dense layer before its output", timeout=COLD)
    expect(note).to_contain_text(f"{len(data.x_test)} test images")
    title = there.part("embedding").get_by_role("img").first
    expect(title).to_have_attribute("aria-label", re.compile("t-SNE, perplexity 15: 360 images"))
    said = click_a_point(there)
    holds(there, said, data.x_test, shares)

    query = {"method": "tsne", "perplexity": "15", "index": said[1]}
    eventually(lambda: there.query == {"run": run, "lang": "en", **query})
    phone = {"width": 390, "height": 844, "color_scheme": "dark"}
    guest = visit(window, app, run, **{**query, "lang": "ko", "window_": phone})
    expect(guest.part("embedding_card").locator("figure")).to_have_attribute("data-row", said[1])
    guest.fits(390)
    other = click_a_point(guest, avoid=int(said[1]))
    holds(guest, other, data.x_test, shares)
    guest.part("embedding_method").get_by_role("radio", name="PCA").click()
    guest.says("method", "pca")
    expect(guest.part("embedding").get_by_role("img").first).to_have_attribute(
        "aria-label", re.compile("주성분")
    )


def test_in_three_dimensions_an_image_is_chosen_by_its_number(app, window, run):
    data = datasets.load("fashion_mnist", TRAIN.size)
    there = Inside.open(app, window, "embedding", run=run, lang="en", dimensions="3", index="7")
    chart = there.part("embedding_space")
    expect(chart.locator("canvas").first).to_be_visible(timeout=COLD)
    label = chart.get_by_role("figure")
    expect(label).to_have_attribute("aria-label", re.compile("2,000 images of 10 classes"))
    number = there.part("embedding_number").get_by_role("spinbutton")
    expect(number).to_have_value("7")
    number.fill("12")
    number.press("Enter")
    there.says("index", "12")
    expect(there.part("embedding_card").locator("figure")).to_have_attribute("data-row", "12")
    eventually(lambda: np.array_equal(picture(there), data.x_test[12, ..., 0]))
    expect(chart.locator("canvas").first).to_be_visible(timeout=COLD)
    titles = chart.locator(".modebar-btn").evaluate_all("it => it.map(it => it.dataset.title)")
    assert titles[:1] + titles[-1:] == ["Rotate", "Save as an image"]
    there.settled().says("dimensions", "3")
    there.part("embedding_method").get_by_role("radio", name="t-SNE").click()
    there.says("method", "tsne")
    expect(there.part("embedding").locator("canvas").first).to_be_visible(timeout=COLD)
    there.settled().says("dimensions", "3")  # kept for principal components


@pytest.mark.long
def test_links_that_cannot_be_get_a_sentence(app, window, run):
    there = visit(window, app, run, method="umap", perplexity=7, dimensions=4, index=2000)
    expect(there.alerts.filter(has_text="Possible values: pca, tsne")).to_be_visible()
    expect(there.alerts.filter(has_text="5, 15, 30, 50, 100")).to_be_visible()
    expect(there.alerts.filter(has_text="from 0 to 1,999")).to_be_visible()
    there.says("method", "pca")
