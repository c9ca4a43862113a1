"""The explain page in a real browser: heat over an upload, another class, a link, patterns of filters."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from conftest import Server, becomes, eventually
from inside import COLD, Inside, opened, trained_run
from lengths import at_length
from PIL import Image
from playwright.sync_api import Locator, expect
from test_feature_maps import picture_file, upload

from cnn_core import datasets
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.figures import explanations as figures
from cnn_core.figures.legend import number
from cnn_core.images import preparation, uploads
from cnn_core.inside import explain, features
from cnn_core.inside.class_maps import class_maps
from cnn_core.inside.occlusion import occlusion
from cnn_core.inside.patterns import preferred_pattern
from pages.parts.explain import facts

METHODS = ("hires_cam", "integrated", "saliency", "smooth", "occlusion")
NAMES = datasets.load("fashion_mnist").class_names
ODD = ModelConfig(
    (ConvBlock(6, 5, 2, "valid", "tanh", "average"), ConvBlock(4, 3, 1, "valid", pool="none")), ()
)


@pytest.fixture
def run(app: Server) -> str:
    return trained_run(app.home)


def cards(screen: Inside) -> Locator:
    """The columns of the five methods."""
    found = screen.page.locator(".explained section")
    expect(found).to_have_count(5, timeout=COLD)
    return found


def pictures(screen: Inside) -> list[str]:
    """The picture of each method, the trained network's."""
    sources: list[str] = cards(screen).evaluate_all(
        "cards => cards.map(card => card.querySelector('img')?.src ?? '')"
    )
    return sources


def shown(source: str) -> np.ndarray:
    """The pixels of a picture (H, W, 3)."""
    png = base64.b64decode(source.removeprefix("data:image/png;base64,"))
    large = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    return large[:: figures.ZOOM, :: figures.ZOOM]


def expected(network, image: np.ndarray, label: int, opacity: float = 0.9) -> list[np.ndarray]:
    """What the pictures should be, computed here."""
    answer = explain.explanations(network, image, label)
    pixels = image if image.dtype == np.uint8 else np.rint(image * 255).astype(np.uint8)
    found = []
    for name in METHODS:
        faint = facts.faint(answer, name)
        shares = 0 * image[..., 0] if faint else figures.normalized(answer[name]["heat"])
        png = figures.overlay_png(pixels, shares, opacity)
        found.append(
            np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))[:: figures.ZOOM, :: figures.ZOOM]
        )
    return found


def same(screen: Inside, wanted: list[np.ndarray]) -> bool:
    """Whether the pictures on the page are those, to a step of a colour here and there."""
    found = [shown(source) for source in pictures(screen)]
    return all(
        np.abs(one.astype(int) - other).max() <= 12
        for one, other in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("scheme", [at_length("light"), "dark"])
def test_an_upload_is_explained_in_both_themes(app, window, run, scheme):
    screen = Inside.open(app, window, "explain", run=run, window_={"color_scheme": scheme})
    before = pictures(screen)
    screen.press("image_source", "Upload")
    file = picture_file()
    upload(screen, file)
    expect(screen.page.locator(".decision figcaption")).to_have_text("Your image", timeout=COLD)
    eventually(lambda: all(new != old for new, old in zip(pictures(screen), before, strict=True)))
    image = preparation.prepare(uploads.read(file["buffer"]), "item", (28, 28, 1)).inputs[0]
    network = opened(app.home, run)
    shares = network.predict(image[np.newaxis])[0]
    best = int(shares.argmax())
    eventually(lambda: same(screen, expected(network, image, best)))
    expect(screen.page.locator(".class-shares .marked .name")).to_have_text(NAMES[best])
    background = {"light": "rgb(255, 255, 255)", "dark": "rgb(14, 17, 23)"}[scheme]
    expect(screen.page.get_by_test_id("stApp")).to_have_css("background-color", background)
    eventually(lambda: "index" not in screen.settled().query)


def test_another_class_another_square_and_nothing_jumps(app, window, run):
    screen = Inside.open(app, window, "explain", run=run, part="test", index=3)
    image, network = datasets.load("fashion_mnist").x_test[3], opened(app.home, run)
    best = int(network.predict(image[np.newaxis])[0].argmax())
    other = 5 if best != 5 else 6
    eventually(lambda: same(screen, expected(network, image, best)))
    places = screen.settled().places("explain_result", "explain_patterns")
    screen.choose("explain_class", NAMES[other])
    screen.says("class", str(other))
    eventually(lambda: same(screen, expected(network, image, other)))
    expect(screen.page.locator(".class-shares .marked .name")).to_have_text(NAMES[other])
    expect(screen.part("explain_result")).to_contain_text(f"What supports {NAMES[other]}")
    becomes(places, screen.settled().places, "explain_result", "explain_patterns")
    screen.choose("explain_class", NAMES[best])
    screen.says("class", str(best))
    screen.settled().press("explain_shade", "black")
    screen.says("shade", "black")
    found = occlusion(network, image, best, 4, 2, "black")
    lower = found["score"] - found["drops"].max()
    said = f"Score {found['score']:.2f} → {lower:.2f}".replace("-", "−")
    expect(cards(screen).nth(4)).to_contain_text(said)
    coarse = class_maps(network, image, best)["hires_cam"]["map"]
    most = f"{'×'.join(map(str, coarse.shape))} numbers, largest {number(float(coarse.max()))}"
    expect(cards(screen).first).to_contain_text(most)  # of the numbers, not of their enlargement
    screen.settled().page.get_by_role("link", name="What each layer makes of this image").click()
    expect(screen.part("close_up")).to_contain_text("test image 3", timeout=COLD)
    screen.settled().page.get_by_role("link", name="Explain this decision").click()
    expect(screen.page.locator(".decision figcaption")).to_contain_text("test image 3")
    expect(screen.page.locator(".class-shares .marked .name")).to_have_text(NAMES[best])


def test_the_untrained_network_stands_below(app, window, run):
    screen = Inside.open(app, window, "explain", run=run, part="test", index=3)
    for place in range(5):
        expect(cards(screen).nth(place).locator("img")).to_have_count(1)
    screen.part("explain_untrained").locator("label").first.click()
    screen.says("untrained", "1")
    for place in range(5):
        card = cards(screen).nth(place)
        expect(card.locator("img")).to_have_count(2, timeout=COLD)
        expect(card).to_contain_text(re.compile(r"Rank correlation .*: (−?[01]\.\d\d|–)"))
    expect(screen.part("explain_result")).to_contain_text("Adebayo")


@pytest.mark.long
def test_the_first_stroke_is_drawn_to_its_end_and_explained(app, window):
    screen = Inside.open(app, window, "explain", run="digits")
    cards(screen)
    screen.press("image_source", "Draw")
    sheet = screen.part("image_pad").locator("canvas")
    expect(sheet).to_be_visible()
    box, mouse = (
        screen.settled().part("image_pad").locator("canvas").bounding_box(),
        screen.page.mouse,
    )
    mouse.move(box["x"] + 150, box["y"] + 40)
    mouse.down()
    for step in range(12):  # slowly, so that the page answers while the pointer is down
        mouse.move(box["x"] + 150, box["y"] + 40 + 20 * step)
        screen.page.wait_for_timeout(100)
    mouse.up()
    expect(screen.page.locator(".decision figcaption")).to_have_text("Your drawing", timeout=COLD)

    def extent() -> tuple[int, int]:
        source = screen.page.locator(".decision img").get_attribute("src") or ""
        rows, columns = np.nonzero(shown(source)[..., 0] > 60)
        return int(np.ptp(rows)), int(np.ptp(columns))

    eventually(lambda: extent()[0] >= 17 and extent()[1] <= 6)
    assert sheet.bounding_box() == box
    expect(screen.page.locator(".class-shares .top.marked .name")).to_have_text("1")


def test_a_filter_is_chosen_and_climbed_again(app, window, run):
    screen = Inside.open(app, window, "explain", run=run, pattern="conv1")
    patterns = screen.page.locator(".patterns figure:not(.curve) img")
    expect(patterns).to_have_count(4, timeout=COLD)
    network = opened(app.home, run)
    peaks = features.peaks(network, datasets.load("fashion_mnist").x_test)["conv1"]["peak"]
    index = int(peaks.max(axis=0).argmax())
    screen.part("explain_pattern_filter_choice").get_by_role("spinbutton").fill(str(index))
    screen.part("explain_pattern_filter_choice").get_by_role("spinbutton").press("Enter")
    screen.says("filter", str(index))
    found = preferred_pattern(network, "conv1", index, 0)
    for place in range(4):
        wanted = np.repeat(np.rint(found["patterns"][place] * 255), 3, axis=-1)
        eventually(
            lambda wanted=wanted, place=place: (
                np.abs(shown(patterns.nth(place).get_attribute("src")) - wanted).max() <= 3
            )
        )
    highest = peaks[:, index].argmax()
    eventually(lambda: screen.settled().rows_shown()[0] == highest)
    first = patterns.first.get_attribute("alt")
    screen.part("explain_pattern_again").get_by_role("button").click()
    screen.says("start", "1")
    expect(patterns.first).not_to_have_attribute("alt", first or "")
    expect(screen.page.locator(".patterns polyline")).to_have_count(4)


@pytest.mark.long
def test_a_link_restores_the_view_and_a_wrong_one_is_one_sentence(app, window, run):
    link = {"run": run, "part": "val", "index": 17, "class": 7, "layer": "conv1", "side": 6}
    link |= {"shade": "white", "untrained": 1, "pattern": "conv2", "filter": 3, "start": 2}
    screen = Inside.open(app, window, "explain", **link)
    cards(screen)
    for name, value in link.items():
        screen.says(name, str(value))
    expect(screen.part("explain_result")).to_contain_text(f"What supports {NAMES[7]}")
    expect(screen.part("explain_result")).to_contain_text("validation image 17")
    expect(screen.part("explain_result")).to_contain_text("white square of 6×6 pixels")
    expect(screen.alerts).to_have_count(0)
    other = screen.go_to(app, "explain", run=run, layer="pool1")  # others: tests/pages
    expect(other.alerts).to_have_count(1)
    expect(other.alerts).to_contain_text("a layer that this network does not have")
    cards(other)


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_phone_shows_an_unusual_network_without_sideways_scrolling(app, window, language):
    odd = trained_run(app.home, ODD)
    phone = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
    screen = Inside.open(app, window, "explain", run=odd, lang=language, untrained=1, window_=phone)
    cards(screen)
    expect(screen.page.locator(".patterns figure")).to_have_count(5, timeout=COLD)
    screen.settled().fits(390)
    title = {"en": "Explain", "ko": "설명"}[language]
    expect(screen.page.get_by_role("heading", level=1)).to_have_text(title)
