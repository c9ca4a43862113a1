"""The stepper in a real browser: hands of every kind on it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from conftest import eventually
from inside import COLD, Inside
from lengths import at_length
from playwright.sync_api import Locator, Page, expect
from scipy.signal import correlate2d
from test_story import loaded_libraries

from cnn_core import convolution, datasets, runs
from cnn_core.runs import snapshots

PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
SIZES = [{"width": 1280}, PHONE]
SHIRT = datasets.load("fashion_mnist").x_test[0].astype(np.float32) / np.float32(255)
SOBEL = np.array(convolution.KERNELS["vertical"])
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


# Hands


@dataclass
class Bench(Inside):
    """One window with the stepper in it."""

    @property
    def stepper(self) -> Locator:
        return self.page.locator(".stepper")

    @property
    def spot(self) -> tuple[int, int]:
        row, column = (self.stepper.get_attribute(f"data-{name}") for name in ("row", "column"))
        return int(row or -1), int(column or -1)

    def value(self, name: str) -> float:
        """A number of the sum, as exact as it is known."""
        return float(
            self.stepper.locator(f".ledger .{name} b").get_attribute("data-value") or "nan"
        )

    def over(
        self, view: str, row: float, column: float, rows: int, columns: int
    ) -> tuple[float, float]:
        """The middle of a cell on the screen."""
        canvas = self.stepper.locator(f".{view} canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        x = box["x"] + box["width"] * (column + 0.5) / columns
        return x, box["y"] + box["height"] * (row + 0.5) / rows

    def grid(self, name: str) -> list[str]:
        """What stands in the cells of a grid."""
        cells = self.stepper.locator(f".{name} .grid > *")
        return cells.evaluate_all("cells => cells.map(cell => cell.value ?? cell.textContent)")

    def known(self, name: str) -> float:
        """A number of the component itself, such as how much is revealed."""
        return float(self.stepper.evaluate(f"root => root.stepper.{name}"))


@pytest.fixture
def bench(app: Any, window: Callable[..., Page]) -> Callable[..., Bench]:
    def open_bench(settings: dict[str, Any], **query: object) -> Bench:
        screen = Bench.open(app, window, "convolution", window_=settings, **query)
        expect(screen.stepper).to_have_attribute("data-row", re.compile(r"\d"), timeout=COLD)
        return screen

    return open_bench


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "bias"),
    [
        at_length("vertical", 1, "same", 0.0),
        ("1.5_-0.25~0.5_2", 2, "same", 0.3),
        at_length("emboss", 3, "valid", -1.0),
    ],
)
def test_a_cell_that_is_pointed_at_has_the_sum_that_scipy_gives(
    kernel, stride, padding, bias, bench
):
    weights = np.array(convolution.KERNELS.get(kernel, [[1.5, -0.25], [0.5, 2]]))
    screen = bench({"width": 1280}, kernel=kernel, stride=stride, padding=padding, bias=bias)
    found = convolution.layout((28, 28), weights.shape, stride=stride, padding=padding)
    edges = ((found.top, found.bottom), (found.left, found.right))
    padded = np.pad(SHIRT[..., 0], edges)
    expected = correlate2d(padded, weights, "valid")[::stride, ::stride] + bias
    rows, columns = expected.shape
    dice = random.Random(kernel)
    for _ in range(4):
        row, column = dice.randrange(rows), dice.randrange(columns)
        screen.page.mouse.move(*screen.over("output", row, column, rows, columns))
        eventually(lambda row=row, column=column: screen.spot == (row, column))
        assert screen.value("output") == pytest.approx(expected[row, column], abs=1e-5)
        assert screen.value("bias") == pytest.approx(bias, abs=1e-6)
        top, left = row * stride, column * stride
        patch = padded[top : top + len(weights), left : left + len(weights)]
        assert numbers(screen.grid("patch")) == pytest.approx(patch.ravel(), abs=0.006)
        assert numbers(screen.grid("kernel")) == pytest.approx(weights.ravel(), abs=1e-6)
        assert numbers(screen.grid("products")) == pytest.approx(
            (patch * weights).ravel(), abs=0.006
        )
        expect(screen.page.locator(".place")).to_contain_text(f"row {row}, column {column}")
    # On the image, the window comes to lie around the pixel.
    across, down = found.left + 28 + found.right, found.top + 28 + found.bottom
    spot = screen.over("input", found.top + 14, found.left + 14, down, across)
    screen.page.mouse.move(*spot)
    half = (len(weights) - 1) / 2
    nearest = [abs(at * stride - found.top + half - 14) for at in range(rows)]
    eventually(lambda: nearest[screen.spot[0]] == min(nearest))


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace("−", "-")) for text in texts]


@pytest.mark.parametrize("settings", [at_length(SIZES[0]), SIZES[1]], ids=["desk", "phone"])
def test_it_plays_pauses_and_is_stepped_by_the_keyboard(settings, bench):
    screen = bench(settings, padding="valid")
    expect(screen.page.get_by_text("25 steps/s")).to_be_visible()
    play = screen.stepper.locator(".play")
    play.click()
    expect(play).to_have_text("Pause")
    eventually(lambda: screen.known("revealed") >= 4)
    play.click()
    expect(play).to_have_text("Play")
    assert screen.known("revealed") == screen.known("index") + 1 < 26 * 26
    looks = [(screen.spot, screen.known("frames"))]

    def rests() -> bool:
        screen.page.wait_for_timeout(200)
        looks.append((screen.spot, screen.known("frames")))
        return looks[-1] == looks[-2]

    eventually(rests)
    at = looks[0][0]
    assert looks[-1][0] == at, "it went on after the pause"
    screen.stepper.locator(".next").click()
    eventually(lambda: screen.known("index") == at[0] * 26 + at[1] + 1)
    canvas = screen.stepper.locator(".output canvas")
    canvas.press("Home")
    eventually(lambda: screen.spot == (0, 0))
    for key, spot in [("ArrowDown", (1, 0)), ("ArrowRight", (1, 1)), ("ArrowUp", (0, 1)),
                      ("ArrowUp", (0, 1)), ("End", (25, 25)), ("ArrowLeft", (25, 24))]:  # fmt: skip
        screen.stepper.locator(".input canvas").press(key)
        eventually(lambda spot=spot: screen.spot == spot)
    expected = correlate2d(SHIRT[..., 0], SOBEL, "valid")[25, 24]
    assert screen.value("output") == pytest.approx(expected, abs=1e-5)
    expect(screen.stepper.get_by_role("status")).to_contain_text("Row 25, column 24")
    canvas.press("Space")
    expect(play).to_have_text("Pause")
    canvas.press("Space")
    screen.fits(settings["width"])


def test_fingers_choose_cells_and_still_scroll_the_page(bench):
    screen = bench(PHONE)
    for row, column in [(5, 3), (20, 25)]:
        screen.page.touchscreen.tap(*screen.over("output", row, column, 28, 28))
        eventually(lambda row=row, column=column: screen.spot == (row, column))
    right = screen.stepper.locator(".arrows button[data-key=ArrowRight]")
    box = right.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 40
    right.tap()
    eventually(lambda: screen.spot == (20, 26))
    expected = correlate2d(np.pad(SHIRT[..., 0], 1), SOBEL, "valid")[20, 26]
    assert screen.value("output") == pytest.approx(expected, abs=1e-5)
    devtools = screen.page.context.new_cdp_session(screen.page)
    x, y = screen.over("output", 14, 14, 28, 28)
    before = screen.page.evaluate(SCROLLED)
    for kind, up in [("touchStart", 0), *(("touchMove", 15 * step) for step in range(1, 12))]:
        places = [{"x": x, "y": y - up, "id": 0}]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    eventually(lambda: screen.page.evaluate(SCROLLED) > before + 50)


def test_a_typed_kernel_is_reckoned_at_once_and_stands_in_the_address(bench):
    screen = bench({"width": 1280}, kernel="identity")
    screen.stepper.locator(".output canvas").press("Home")
    screen.stepper.locator(".output canvas").press("ArrowDown")
    cells = screen.stepper.locator(".kernel .grid input")
    cells.nth(0).fill("0,5")
    cells.nth(5).fill("−2")
    kernel = np.array([[0.5, 0, 0], [0, 1, -2], [0, 0, 0]])
    expected = correlate2d(np.pad(SHIRT[..., 0], 1), kernel, "valid")
    screen.says("kernel", "0.5_0_0~0_1_-2~0_0_0")
    screen.settled().page.mouse.move(*screen.over("output", 3, 12, 28, 28))
    eventually(lambda: screen.spot == (3, 12))
    assert screen.value("output") == pytest.approx(expected[3, 12], abs=1e-5)
    cells.nth(4).fill("x")
    expect(cells.nth(4)).to_have_attribute("aria-invalid", "true")
    expect(screen.stepper.get_by_role("alert")).to_contain_text("from −1000 to 1000")
    screen.press("convolution_preset", "blur")
    screen.says("kernel", "blur")
    eventually(lambda: screen.grid("kernel")[4] == "0.25")
    expect(screen.stepper.locator(".refused")).to_be_empty()
    other = bench({"width": 1280}, kernel="0.5_0_0~0_1_-2~0_0_0")
    eventually(lambda: numbers(other.grid("kernel")) == kernel.ravel().tolist())


def test_a_pooling_shows_which_number_stays(bench):
    screen = bench({"width": 1280}, section="pool", size=3, on="image")
    eventually(lambda: screen.known("cells") == 81)  # the remainder fills no window
    row, column = 3, 4
    patch = SHIRT[9:12, 12:15, 0]
    screen.page.mouse.move(*screen.over("output", row, column, 9, 9))
    eventually(lambda: screen.spot == (row, column))
    assert screen.value("output") == pytest.approx(patch.max(), abs=1e-6)
    winner = screen.stepper.locator(".patch .winner")
    expect(winner).to_have_count(1)
    assert numbers([winner.inner_text()]) == [pytest.approx(patch.max(), abs=0.006)]
    expect(screen.stepper.locator(".input .legend")).to_contain_text("never read")
    screen.press("convolution_chosen_pool", "average pooling")
    screen.says("pool", "average")
    eventually(lambda: screen.stepper.locator(".ledger .counted").count())
    eventually(lambda: screen.spot == (row, column))
    assert screen.value("output") == pytest.approx(patch.mean(), abs=1e-6)
    assert screen.value("counted") == 9


def test_a_trained_kernel_gives_the_number_that_keras_gives_for_that_unit(app, bench):
    screen = bench({"width": 1280}, section="network", run="fashion", layer="conv2", filter=7)
    keras_term = screen.stepper.locator(".ledger .keras b")
    run = runs.open_run("fashion")
    epoch = int(screen.query["epoch"])
    held = snapshots.read(run, epoch)
    maps = convolution.forward(run.model, held, SHIRT)
    channels = screen.stepper.locator(".chips button")
    for row, column in [(3, 4), (11, 9)]:
        screen.page.mouse.move(*screen.over("output", row, column, 14, 14))
        eventually(lambda row=row, column=column: screen.spot == (row, column))
        expect(keras_term).to_contain_text("✓", timeout=COLD)
        said = {name: float(keras_term.get_attribute(f"data-{name}")) for name in ("value", "sum")}
        ours = convolution.step(
            maps["pool1"], held["conv2/kernel"], held["conv2/bias"], at=(row, column), channel=7
        )
        assert screen.value("sum") == pytest.approx(ours.total, abs=1e-5)
        assert said["sum"] == pytest.approx(ours.total, abs=1e-5)
        assert said["value"] == pytest.approx(screen.value("output"), abs=1e-5)
        partial = [float(chip.get_attribute("data-value") or "nan") for chip in channels.all()]
        assert partial == pytest.approx(ours.partial.tolist(), abs=1e-5)
        assert sum(partial) + screen.value("bias") == pytest.approx(ours.total, abs=1e-4)
    channels.nth(17).click()
    expect(channels.nth(17)).to_have_attribute("aria-pressed", "true")
    np.testing.assert_allclose(
        numbers(screen.grid("kernel")), held["conv2/kernel"][:, :, 17, 7].ravel(), atol=0.006
    )
    screen.stepper.locator(".sheet").press("ArrowRight")
    screen.says("filter", "8")
    expect(keras_term).to_contain_text("✓", timeout=COLD)
    assert screen.value("sum") == pytest.approx(maps["conv2/sum"][11, 9, 8], abs=1e-5)
    assert not loaded_libraries(app) & {"tensorflow", "sklearn"}
