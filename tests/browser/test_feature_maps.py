"""The feature maps page in a real browser: another image, layer, epoch, upload or drawing, other maps."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from conftest import Server, becomes, eventually
from inside import COLD, Inside, opened, trained_run
from PIL import Image, ImageDraw
from playwright.sync_api import expect
from test_story import loaded_libraries

from cnn_core import datasets
from cnn_core.images import preparation, uploads

KEYS = ("conv1/sum", "conv1", "pool1", "conv2/sum", "conv2", "pool2")
SHAPES = ("28×28×8", "28×28×8", "14×14×8", "14×14×12", "14×14×12", "7×7×12")
FIXED = ("close_up", *KEYS)


@pytest.fixture
def run(app: Server) -> str:
    return trained_run(app.home)


def sources(screen: Inside) -> list[str]:
    return [screen.source(key) for key in KEYS]


def wait_for_other(screen: Inside, before: list[str]) -> list[str]:
    """Wait until every mosaic shows another picture than before; the new ones."""
    eventually(lambda: all(new != old for new, old in zip(sources(screen), before, strict=True)))
    return sources(screen)


def top_class(screen: Inside) -> tuple[str, str]:
    """Name and share of the most probable class."""
    row = screen.page.locator(".class-shares .row.top")
    return row.locator(".name").inner_text(), row.locator(".share").inner_text()


def picture_file(size: tuple[int, int] = (400, 300), kind: str = "JPEG") -> dict[str, object]:
    """A dark boot on white paper, more or less."""
    image = Image.new("RGB", size, "white")
    draw, (right, bottom) = ImageDraw.Draw(image), size
    draw.rectangle([right // 2, bottom // 5, right * 2 // 3, bottom * 4 // 5], "black")
    draw.rectangle([right // 4, bottom * 3 // 5, right * 2 // 3, bottom * 4 // 5], "black")
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return {"name": f"boot.{kind.lower()}", "mimeType": "image/*", "buffer": buffer.getvalue()}


def upload(screen: Inside, file: dict[str, object]) -> None:
    screen.part("image_file").locator("input[type=file]").set_input_files(file)


def test_another_image_gives_other_maps_and_moves_nothing(app, window, run):
    screen = Inside.open(app, window, "feature_maps", run=run)
    before, places = sources(screen), screen.places(*FIXED)
    assert len(set(before)) == len(before)
    for key, shape in zip(KEYS, SHAPES, strict=True):
        expect(screen.part(key)).to_contain_text(shape)
    data, network = datasets.load("fashion_mnist"), opened(app.home, run)
    for tile in (9, 20):
        screen.pick("image_thumbs", tile, columns=8, rows=3)
        screen.says("index", str(tile))
        before = wait_for_other(screen, before)
        becomes(places, screen.settled().places, *FIXED)
        shares = network.predict(data.x_test[tile : tile + 1])[0]
        best = int(shares.argmax())
        becomes((data.class_names[best], f"{shares[best]:.1%}"), top_class, screen)
        truth = data.class_names[data.y_test[tile]]
        expect(screen.part("close_up")).to_contain_text(f"test image {tile}: {truth}")
    assert not loaded_libraries(app) & {"tensorflow", "sklearn"}, "a model came into the server"


@pytest.mark.long
def test_an_image_is_found_by_its_class_and_by_its_number(app, window, run):
    screen = Inside.open(app, window, "feature_maps", run=run)
    labels = datasets.load("fashion_mnist").y_test
    sandals = np.flatnonzero(labels == 5)
    screen.choose("image_class", "Sandal")
    screen.says("index", str(sandals[0]))
    screen.settled().pick("image_thumbs", 10, columns=8, rows=3)
    screen.says("index", str(sandals[10]))
    screen.settled().part("icon_image_after").get_by_role("button").click()
    screen.says("index", str(sandals[24]))
    number = screen.settled().part("image_number").get_by_role("spinbutton")
    number.fill("1999")
    number.press("Enter")
    screen.says("index", "1999")
    expect(screen.part("close_up")).to_contain_text("test image 1999")
    screen.settled().choose("image_part", "Validation")
    screen.says("part", "val")
    expect(screen.part("close_up")).to_contain_text("validation image 1999")


def test_a_click_on_a_map_brings_it_close_with_the_lines_that_compute_it(app, window, run):
    screen = Inside.open(app, window, "feature_maps", run=run)
    sources(screen)
    maps = screen.page.locator(".close-up figure:last-of-type canvas")
    first = maps.evaluate("canvas => canvas.toDataURL()")
    screen.pick("conv2", 5, columns=4, rows=3)
    screen.says("layer", "conv2")
    screen.says("map", "5")
    eventually(lambda: maps.evaluate("canvas => canvas.toDataURL()") != first)
    expect(screen.part("close_up")).to_contain_text("Kernel of map 5")
    expect(screen.part("close_up")).to_contain_text("3×3×8")
    screen.settled().part("feature_maps_code").locator("summary").click()
    expect(screen.part("feature_maps_code")).to_contain_text('layer = model.get_layer("conv2")')
    screen.pick("conv1/sum", 2, columns=4, rows=2)
    screen.says("layer", "conv1/sum")
    expect(screen.part("feature_maps_code")).to_contain_text("convolution_op")
    expect(screen.part("close_up").locator(".kernel-grid span")).to_have_count(9)


@pytest.mark.long  # the browser's own colours: tests/test_map_pictures.py
def test_scales_of_colour(app, window, run):
    screen = Inside.open(app, window, "feature_maps", run=run)
    seen = [sources(screen)]
    for name in ("per map", "whole network"):
        screen.press("feature_maps_reach", name)
        eventually(lambda: sources(screen)[1] not in {one[1] for one in seen})
        seen.append(screen.settled() and sources(screen))
    ends = [screen.part(key).locator(".legend-row .end").last.inner_text() for key in KEYS]
    assert len({ends[1], ends[2], ends[4], ends[5]}) == 1, "one scale for the whole network"


def test_the_epoch_slider_reaches_the_maps_and_says_where_the_dense_layers_are(app, window, run):
    kept = app.events(run, "RunEnded")[0]["best_epoch"]
    screen = Inside.open(app, window, "feature_maps", run=run)
    before = sources(screen)
    screen.slide("Home")
    screen.says("epoch", "0")
    wait_for_other(screen, before)
    expect(screen.part("dense_layers")).to_contain_text(f"only with the weights of epoch {kept}")
    expect(screen.page.locator(".class-shares")).to_have_count(0)
    screen.slide(*["ArrowRight"] * kept)
    eventually(lambda: sources(screen) == before)
    expect(screen.page.locator(".class-shares .row")).to_have_count(10)


@pytest.mark.long
def test_hasty_hands_on_the_epoch_slider_lose_no_picture(app, window):
    screen = Inside.open(app, window, "feature_maps", run="fashion", epoch=6)
    before = sources(screen)
    for _ in range(6):
        screen.slide(*["ArrowLeft"] * 3, *["ArrowRight"] * 3)
    screen.says("epoch", "6")
    eventually(lambda: sources(screen.settled()) == before)


def test_an_upload_shows_how_it_became_the_input_and_its_maps(app, window, run):
    screen = Inside.open(app, window, "feature_maps", run=run)
    before = sources(screen)
    screen.press("image_source", "Upload")
    file = picture_file()
    upload(screen, file)
    steps = screen.page.locator(".input-steps figure")
    expect(steps).to_have_count(4, timeout=COLD)
    expect(steps.last).to_contain_text("Model input, inverted")
    wait_for_other(screen, before)
    prepared = preparation.prepare(uploads.read(file["buffer"]), "item", (28, 28, 1))
    shares = opened(app.home, run).predict(np.stack(prepared.inputs))[0]
    names = datasets.load("fashion_mnist").class_names
    becomes((names[int(shares.argmax())], f"{shares.max():.1%}"), top_class, screen.settled())
    swapped = sources(screen)
    screen.part("image_invert").locator("label").first.click()
    eventually(lambda: sources(screen)[0] != swapped[0])
    expect(steps.last).not_to_contain_text("inverted")
    eventually(lambda: "index" not in screen.settled().query)
    there_and_back = ("Explain this decision", "What each layer makes of this image")
    for link in there_and_back:
        screen.page.get_by_role("link", name=link).click()
        kept = screen.page.get_by_text("“boot.jpeg” is still open")
        expect(kept).to_be_visible(timeout=COLD)
        expect(steps).to_have_count(4)
        expect(steps.last).not_to_contain_text("inverted")


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("diary.png", b"Dear diary, this is no picture.", "not a JPEG, PNG or WebP picture"),
        ("cut.png", picture_file(kind="PNG")["buffer"][:600], "damaged or truncated"),
    ],
)
def test_a_bad_upload_is_one_sentence_and_the_next_one_works(app, window, run, name, content, said):
    screen = Inside.open(app, window, "feature_maps", run=run)
    sources(screen)
    screen.press("image_source", "Upload")
    upload(screen, {"name": name, "mimeType": "image/png", "buffer": content})
    expect(screen.alerts).to_contain_text(said)
    expect(screen.alerts).to_have_count(1)
    upload(screen, picture_file(kind="WEBP"))
    expect(screen.page.locator(".input-steps figure")).to_have_count(4)
    sources(screen)
    expect(screen.alerts).to_have_count(0)


def test_a_drawing_is_seen_by_every_layer(app, window, run):
    screen = Inside.open(app, window, "feature_maps", run=run)
    before = sources(screen)
    screen.press("image_source", "Draw")
    sheet = screen.part("image_pad").locator("canvas")
    expect(sheet).to_be_visible()
    box = sheet.bounding_box()
    mouse = screen.page.mouse
    mouse.move(box["x"] + 60, box["y"] + 50)
    mouse.down()
    for step in range(12):
        mouse.move(box["x"] + 60 + 5 * step, box["y"] + 50 + 12 * step)
    mouse.up()
    expect(screen.part("close_up")).to_contain_text("Your drawing", timeout=COLD)
    wait_for_other(screen, before)


@pytest.mark.long
def test_a_link_opens_the_same_view_and_a_wrong_one_is_one_sentence(app, window, run):
    link = {"run": run, "part": "val", "index": 17, "layer": "pool2", "map": 11, "epoch": 1}
    screen = Inside.open(app, window, "feature_maps", **link)
    sources(screen)
    for name, value in link.items():
        screen.says(name, str(value))
    expect(screen.part("close_up")).to_contain_text("validation image 17")
    expect(screen.alerts).to_have_count(1)  # that the dense layers belong to another epoch
    other = screen.go_to(app, "feature_maps", run=run, index="123456")  # others: tests/pages
    expect(other.alerts).to_have_count(1)
    expect(other.alerts).to_contain_text("There is no image 123456")
    other.source("conv1")


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_phone_shows_it_without_sideways_scrolling(app, window, run, language):
    phone = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
    screen = Inside.open(app, window, "feature_maps", run=run, lang=language, window_=phone)
    sources(screen)
    screen.settled().fits(390)
    title = {"en": "Feature maps", "ko": "특성 맵"}[language]
    expect(screen.page.get_by_role("heading", level=1)).to_have_text(title)
    expect(screen.part("dense_layers")).to_contain_text(re.compile("3,?136|588"))
