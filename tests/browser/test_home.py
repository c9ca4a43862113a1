"""The home page: one image on its way through a trained network, under mouse, finger and keyboard."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from conftest import eventually
from lengths import at_length, repeats
from playwright.sync_api import Locator, Page, expect

from cnn_core import arithmetic, convolution, runs
from cnn_core.runs import tour
from pages.elements import flow as _flow

COLD = 300_000  # milliseconds
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
TOUR = tour.read(runs.open_run("fashion"))
ROWS = {row.name: row for row in TOUR.rows}
NAMES = ["input", *ROWS]
BOOT, MISTAKEN_SHIRT = 9, 16
LEADS_TO = {
    "input": ("/images", ""),
    "conv1": ("/convolution", "section=network&run=fashion&layer=conv1"),
    "pool1": ("/convolution", "section=pool"),
    "conv2": ("/convolution", "section=network&run=fashion&layer=conv2"),
    "pool2": ("/convolution", "section=pool"),
    "flatten": ("/glossary", "term=flatten"),
    "dense1": ("/glossary", "term=dense"),
    "dropout": ("/glossary", "term=dropout"),
    "output": ("/glossary", "term=softmax"),
}

Windows = Callable[..., Page]


@dataclass
class Home:
    """One window with the home page in it."""

    page: Page

    @classmethod
    def of(cls, page: Page) -> Home:
        home = cls(page)
        expect(home.board("output")).to_be_visible(timeout=COLD)
        expect(home.words("h2")).not_to_be_empty()
        return home

    @property
    def flow(self) -> Locator:
        return self.page.locator(".flow")

    @property
    def address(self) -> str:
        address: str = self.page.evaluate("location.href")
        return address

    def board(self, stage: str) -> Locator:
        return self.flow.locator(".board").nth(NAMES.index(stage))

    def words(self, part: str) -> Locator:
        return self.flow.locator(f".words {part}")

    def thumb(self, image: int) -> Locator:
        return self.flow.locator(f".strip button[value='{image}']")

    def place(self, stage: str, row: int, column: int, channel: int) -> dict[str, float]:
        """The middle of a number of a map, in pixels from the corner of the board."""
        high, wide, _ = ROWS[stage].output_shape if stage in ROWS else TOUR.images.shape[1:]
        columns, _ = _flow.LAYOUT[stage]
        size = self.board(stage).bounding_box()
        assert size is not None
        tile = (size["width"] + 2) / columns - 2
        left, top = ((at * (tile + 2)) for at in (channel % columns, channel // columns))
        return {"x": left + (column + 0.5) * tile / wide, "y": top + (row + 0.5) * tile / high}

    def numbers(self, image: int) -> dict[str, np.ndarray]:
        """What the browser calculated, by stage."""
        packed: list[str] = self.flow.evaluate(
            """(root, image) => root.flow.tour.forward(image).values.map((values) => {
                const bytes = new Uint8Array(values.slice().buffer);
                let text = "";
                bytes.forEach((byte) => { text += String.fromCharCode(byte); });
                return btoa(text);
            })""",
            image,
        )
        stages = (np.frombuffer(base64.b64decode(text), "<f4") for text in packed)
        return dict(zip(NAMES, stages, strict=True))

    def pixels(self, stage: str) -> str:
        drawn: str = self.board(stage).locator("canvas").first.evaluate("it => it.toDataURL()")
        return drawn


@pytest.fixture
def home(app: Any, window: Windows) -> Home:
    return Home.of(window(f"{app.url}/?lang=en"))


def asked(home: Home) -> set[str]:
    """What the address names."""
    return set(home.address.partition("?")[2].split("&"))


def expected(image: int) -> dict[str, np.ndarray]:
    """The output of every stage, by NumPy."""
    pixels = TOUR.images[image] / np.float32(255)
    maps = convolution.forward(TOUR.run.model, TOUR.weights, pixels)
    found = {"input": pixels, **maps, "flatten": maps["pool2"]}
    found |= {name: values[image] for name, values in TOUR.units.items()}
    found["dropout"] = found["dense1"]
    return {name: found[name].ravel() for name in NAMES}


def test_every_number_of_every_stage_is_calculated_in_the_browser_as_by_numpy(home):
    for image in (BOOT, MISTAKEN_SHIRT, 1):
        for name, values in home.numbers(image).items():
            np.testing.assert_allclose(values, expected(image)[name], atol=1e-5, err_msg=name)


def test_a_unit_looks_at_the_pixels_that_arithmetic_says(home):
    for name in ("conv1", "pool1", "conv2", "pool2"):
        high, wide, channels = ROWS[name].output_shape
        for row, column, channel in ((0, 0, 0), (high - 1, 3, channels - 1), (4, wide - 1, 5)):
            index = (row * wide + column) * channels + channel
            seen = home.flow.evaluate(
                "(root, [place, index]) => root.flow.tour.trace(place, index)[0]",
                [NAMES.index(name), index],
            )
            field = arithmetic.field_of(ROWS[name], (row, column), TOUR.run.model.input_shape)
            top, left, bottom, right = field
            assert (seen["rows"], seen["columns"]) == ([top, bottom], [left, right])


@pytest.mark.parametrize("device", ["mouse", at_length("finger")])
def test_pointing_at_a_number_says_it_and_where_it_looks(device, app, window):
    screen = PHONE if device == "finger" else {"width": 1280}
    home = Home.of(window(f"{app.url}/?lang=en", **screen))
    values = expected(BOOT)["conv2"].reshape(ROWS["conv2"].output_shape)
    row, column, channel = (int(at) for at in np.argwhere(values == values.max())[0])
    board = home.board("conv2")
    board.scroll_into_view_if_needed()
    spot = home.place("conv2", row, column, channel)
    board.tap(position=spot) if device == "finger" else board.hover(position=spot)

    where = f"conv2, filter {channel}, row {row}, column {column}"
    expect(home.words("h2")).to_have_text(where)
    expect(home.words(".value")).to_have_text(f"ReLU({values.max():.3f}) = {values.max():.3f}")
    field = arithmetic.field_of(ROWS["conv2"], (row, column), TOUR.run.model.input_shape)
    top, left, bottom, right = field
    says = f"Looks at {bottom - top} × {right - left} pixels of the image"
    expect(home.words(".field")).to_contain_text(says)
    expect(home.words(".field")).to_contain_text(f"rows {top}–{bottom - 1}")
    expect(board).to_have_attribute("aria-valuetext", f"{where}: {values.max():.3f}")


def test_the_keyboard_reaches_every_stage_and_every_number(home):
    values = expected(BOOT)["pool1"].reshape(ROWS["pool1"].output_shape)
    home.board("conv1").press("ArrowRight")
    home.board("conv1").press("Tab")
    expect(home.flow.locator(".caption a").nth(1)).to_be_focused()
    home.page.keyboard.press("Tab")
    expect(home.board("pool1")).to_be_focused()
    row, column, channel = (int(at) for at in np.argwhere(values == values.max())[0])
    expect(home.words("h2")).to_have_text(f"pool1, filter {channel}, row {row}, column {column}")
    home.board("pool1").press("Shift+ArrowDown")
    channel += _flow.LAYOUT["pool1"][0]
    home.board("pool1").press("ArrowUp")
    expect(home.words("h2")).to_have_text(
        f"pool1, filter {channel}, row {row - 1}, column {column}"
    )
    expect(home.words(".value")).to_contain_text(f"= {values[row - 1, column, channel]:.3f}")
    home.board("output").focus()
    home.board("output").press("ArrowUp")
    expect(home.words("h2")).to_have_text("output, Bag")
    home.thumb(BOOT).focus()
    home.thumb(BOOT).press("ArrowLeft")
    expect(home.thumb(8)).to_be_focused()
    expect(home.flow.locator(".verdict")).to_contain_text("Prediction: Bag,")


@pytest.mark.parametrize(("width", "motion"), [(390, "reduce"), at_length(1280, "no-preference")])
def test_another_image_changes_every_stage_and_the_answer(width, motion, app, window):
    home = Home.of(window(f"{app.url}/?lang=en", width=width, reduced_motion=motion))
    expect(home.flow.locator(".verdict")).to_contain_text("Prediction: Ankle boot,")
    before = {name: home.pixels(name) for name in NAMES}
    home.thumb(MISTAKEN_SHIRT).click()
    share = f"{TOUR.units['output'][MISTAKEN_SHIRT].max():.1%}"
    said = f"Prediction: T-shirt/top, {share}. In fact: Shirt."
    expect(home.flow.locator(".verdict")).to_have_text(said)
    assert [name for name in NAMES if home.pixels(name) == before[name]] == []
    expect(home.flow.locator(".shares li").first).to_have_text(share)
    eventually(lambda: f"image={MISTAKEN_SHIRT}" in home.address)

    home.page.reload()
    home = Home.of(home.page)
    expect(home.flow.locator(".verdict")).to_have_text(said)
    expect(home.thumb(MISTAKEN_SHIRT)).to_have_attribute("aria-checked", "true")


def test_every_stage_leads_to_its_page_and_back_the_image_is_kept(home):
    home.thumb(MISTAKEN_SHIRT).click()
    eventually(lambda: f"image={MISTAKEN_SHIRT}" in home.address)
    for stage in repeats(("input", "conv1", "pool1", "output"), LEADS_TO):
        path, query = LEADS_TO[stage]
        home.flow.locator(".caption a").nth(NAMES.index(stage)).click()
        eventually(lambda path=path: home.page.evaluate("location.pathname") == path)
        assert set(query.split("&")) <= asked(home) | {""}
        expect(home.page.get_by_role("heading", level=1)).not_to_have_text("ConvScope")
        home.page.get_by_test_id("stLogoLink").click()
        expect(home.flow.locator(".verdict")).to_contain_text("In fact: Shirt")


@pytest.mark.parametrize(
    ("link", "path", "name"),
    [
        ("Calculate it", "/convolution", "filter=19"),
        at_length("See its feature maps enlarged", "/feature_maps", "map=19"),
    ],
)
def test_the_filter_that_is_pointed_at_opens_on_the_page_that_shows_it(link, path, name, home):
    home.board("conv2").hover(position=home.place("conv2", 3, 5, 19))
    home.words(".links").get_by_role("link", name=link).click()
    eventually(lambda: home.page.evaluate("location.pathname") == path)
    eventually(lambda: {name, "layer=conv2", "run=fashion"} <= asked(home))


def test_all_is_there_in_korean_while_no_engine_is(start, window):
    page = window(f"{start(CONVSCOPE_SCHEDULER='tcp://127.0.0.1:9').url}/?lang=ko")
    home = Home.of(page)
    expect(home.flow.locator(".verdict")).to_contain_text("신경망의 답: 앵클부츠")
    expect(home.flow.locator(".caption a")).to_have_count(len(NAMES))
    expect(home.words("h2")).to_contain_text("conv1, 필터")
    home.thumb(0).click()
    expect(home.flow.locator(".verdict")).to_contain_text("신경망의 답: 티셔츠/탑")
    np.testing.assert_allclose(home.numbers(0)["conv2"], expected(0)["conv2"], atol=1e-5)


def test_on_a_phone_the_picture_scrolls_by_itself_and_shows_that_it_does(app, window):
    home = Home.of(window(f"{app.url}/?lang=en", **PHONE))
    expect(home.flow).to_have_class("flow more-right")
    home.flow.locator(".rail").evaluate("rail => { rail.scrollLeft = rail.scrollWidth }")
    expect(home.flow).to_have_class("flow more-left")
    expect(home.board("output")).to_be_in_viewport()
    assert home.page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_the_wide_picture_needs_no_scrolling(home):
    expect(home.flow).to_have_class("flow")
