"""The evaluation page: a click on a cell of the confusion matrix, and the images it counts."""

from __future__ import annotations

import base64
import io
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from conftest import Server, becomes, eventually
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from screens import COLD

from cnn_core import datasets, model, runs
from cnn_core.analysis import evaluation
from cnn_core.analysis.evaluation import Predictions
from cnn_core.inside import answers as inspection
from cnn_core.planning.presets import PRESETS

PIECE = 2_500  # as the page asks, so that even the last bit of a probability is the same
SHIRT, TSHIRT, TROUSER, SANDAL = 6, 0, 1, 5
LAYERS = "chart => Array.from(chart.querySelectorAll('canvas'), canvas => canvas.toDataURL())"
NAMES = {SHIRT: "Shirt", TSHIRT: "T-shirt/top", TROUSER: "Trouser", SANDAL: "Sandal"}


class Answers:
    """What the shipped network says of one part of its data, worked out in this process."""

    def __init__(self, part: str) -> None:
        run = runs.open_run("fashion")
        self.part, self.train = part, run.train
        self.opened = model.opened(run.model, run.folder / "best.keras")
        first = inspection.evaluate(self.opened, run.train, part, 0, PIECE)
        rest = [
            inspection.evaluate(self.opened, run.train, part, start, PIECE)
            for start in range(PIECE, first.total, PIECE)
        ]
        self.found = Predictions.joined([first, *rest])
        self.matrix = evaluation.confusion(self.found.labels, self.found.predicted, 10)

    def members(self, true: int, predicted: int) -> list[int]:
        """Rows of a cell, by NumPy alone: most confident first."""
        shares = self.found.probabilities
        there = [
            row
            for row in range(len(shares))
            if self.found.labels[row] == true and np.argmax(shares[row]) == predicted
        ]
        return sorted(there, key=lambda row: -shares[row].max())

    def images(self, rows: list[int]) -> np.ndarray:
        return inspection.images(self.opened, self.train, self.part, rows)[..., 0]


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers("test")


def visit(window, app: Server, query: str = "run=fashion&part=test&lang=en", **settings) -> Page:
    page = window(f"{app.url}/evaluation?{query}", **settings)
    expect(page.locator(".st-key-confusion canvas").first).to_be_visible(timeout=COLD)
    return settled(page)


def settled(page: Page) -> Page:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    return page


def query(page: Page) -> dict[str, str]:
    address = str(page.evaluate("location.href"))
    return {name: texts[0] for name, texts in parse_qs(urlsplit(address).query).items()}


def point_at(page: Page, true: int, predicted: int, names: dict[int, str] = NAMES) -> None:
    """Move the pointer over the matrix until it says that it is on that cell."""
    chart = page.locator(".st-key-confusion canvas").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    said = page.locator(".st-key-confusion div", has_text=f"{names[true]} → {names[predicted]}:")
    for down in np.linspace(0.1 + 0.065 * true, 0.2 + 0.075 * true, 6):
        places = np.linspace(0.15, 0.99, 24)
        for along in places[np.argsort(np.abs(places - 0.24 - 0.08 * predicted))]:
            page.mouse.move(box["x"] + box["width"] * along, box["y"] + box["height"] * down)
            if said.count() and said.last.is_visible():
                return
    raise AssertionError(f"no cell {names[true]} → {names[predicted]} under the pointer")


def click_cell(page: Page, true: int, predicted: int) -> None:
    point_at(page, true, predicted)
    page.mouse.down()
    page.mouse.up()
    eventually(lambda: query(page)["cell"] == f"{true}-{predicted}")
    settled(page)


def cards(page: Page) -> Locator:
    return page.locator(".st-key-cell_images figure.card")


def shown_rows(page: Page) -> list[int]:
    """All at one moment: the cards may change while they are asked one by one."""
    rows: list[int] = cards(page).evaluate_all("cards => cards.map(card => +card.dataset.row)")
    return rows


def pixels(card: Locator) -> np.ndarray:
    """The picture of a card, in its own 28 × 28 pixels."""
    source = card.locator("img").get_attribute("src") or ""
    picture = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    return np.asarray(picture.convert("L"))[::3, ::3]


def test_a_click_on_a_cell_shows_exactly_its_images_and_leads_to_their_feature_maps(
    app, window, answers
):
    page = visit(window, app, "run=fashion&part=test&cell=0-0&lang=en")
    click_cell(page, SHIRT, TSHIRT)
    expected = answers.members(SHIRT, TSHIRT)
    count = answers.matrix[SHIRT, TSHIRT]
    assert len(expected) == count > 15
    expect(page.locator(".st-key-cell_images")).to_contain_text(
        f"Classified as T-shirt/top: {count} of"
    )
    eventually(lambda: shown_rows(page) == expected[:15])
    for card, image in zip(cards(page).all(), answers.images(expected[:15]), strict=True):
        assert np.array_equal(pixels(card), image)
        expect(card).to_contain_text("in fact: Shirt")
    link = cards(page).first.get_by_role("link").get_attribute("href") or ""
    assert urlsplit(link).path == "feature_maps"
    assert parse_qs(urlsplit(link).query) == {
        "run": ["fashion"],
        "part": ["test"],
        "index": [str(expected[0])],
        "of": ["full" if datasets.available("fashion_mnist", "full") else "sample"],
        "lang": ["en"],
    }
    shares = [float(re.search(r"([\d.]+)%", card.inner_text())[1]) for card in cards(page).all()]
    assert shares == [
        min(99.9, round(answers.found.confidence[row] * 100, 1)) for row in expected[:15]
    ], "a probability is never said to be 100%"

    page.locator(".st-key-cell_images").get_by_text("2", exact=True).click()
    eventually(lambda: shown_rows(page) == expected[15:30])

    assert answers.matrix[TROUSER, SANDAL] == 0
    click_cell(page, TROUSER, SANDAL)
    expect(page.locator(".st-key-cell_images")).to_contain_text("Choose another cell")
    expect(cards(page)).to_have_count(0)


@pytest.mark.long
def test_a_cell_that_was_left_by_the_lists_can_be_clicked_again(app, window, answers):
    page = visit(window, app)
    click_cell(page, SHIRT, SHIRT)
    page.locator("[class*='st-key-evaluation_predicted']").get_by_role("combobox").click()
    page.get_by_role("option", name="T-shirt/top", exact=True).click()
    eventually(lambda: query(page)["cell"] == f"{SHIRT}-{TSHIRT}")
    eventually(lambda: shown_rows(page) == answers.members(SHIRT, TSHIRT)[:15])
    click_cell(page, SHIRT, SHIRT)
    eventually(lambda: shown_rows(page) == answers.members(SHIRT, SHIRT)[:15])


def test_a_link_opens_the_same_part_and_cell(app, window):
    page = visit(window, app, f"run=fashion&part=val&cell={SHIRT}-{TSHIRT}&lang=en")
    validation = Answers("val")
    expected = validation.members(SHIRT, TSHIRT)
    expect(page.get_by_role("radio", name="Validation")).to_be_checked()
    eventually(lambda: shown_rows(page) == expected[:15])
    assert np.array_equal(pixels(cards(page).first), validation.images(expected[:1])[0])


@pytest.mark.long
def test_a_link_that_asks_for_nonsense_opens_the_page(app, window):
    page = visit(window, app, "run=fashion&lang=en&part=all&cell=²-0")  # others: tests/pages
    expect(page.locator(".st-key-confusion canvas").first).to_be_visible(timeout=COLD)
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_it_opens_with_the_most_frequent_mistake_and_every_tab_shows_its_figures(
    app, window, answers
):
    page = visit(window, app, "run=fashion&part=test&lang=en")
    true, predicted, count = evaluation.top_confusions(answers.matrix, 1)[0]
    assert query(page) == {
        "run": "fashion",
        "part": "test",
        "cell": f"{true}-{predicted}",
        "lang": "en",
    }
    expect(page.get_by_text("Most frequent mistake")).to_contain_text(f"({count})")
    eventually(lambda: shown_rows(page) == answers.members(true, predicted)[:15])
    chart = page.locator(".st-key-confusion")
    before = chart.evaluate(LAYERS)
    page.get_by_role("radio", name="% of row").click()
    settled(page)
    eventually(lambda: chart.evaluate(LAYERS) != before)

    expect(page.locator(".st-key-view_classes").get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.locator(".st-key-per_class_chart .main-svg").first).to_be_visible()

    page.get_by_role("tab", name="Most confident mistakes").click()
    worst = evaluation.worst_mistakes(answers.found)
    expect(page.locator(".st-key-view_mistakes")).to_contain_text(f"{len(worst)} of")
    mistakes = page.locator(".st-key-view_mistakes figure.card")
    expect(mistakes).to_have_count(24)
    read_rows = "cards => cards.map(card => +card.dataset.row)"
    becomes(worst[:24].tolist(), mistakes.evaluate_all, read_rows)

    page.get_by_role("tab", name="Calibration").click()
    error = evaluation.calibration(answers.found.probabilities, answers.found.labels).error
    expect(page.locator(".st-key-view_calibration")).to_contain_text(f"{error:.2%}")
    chart = page.locator(".st-key-calibration")
    expect(chart.locator(".main-svg").first).to_be_visible()
    expect(chart.get_by_role("figure")).to_have_attribute("aria-label", re.compile(f"{error:.1%}"))

    page.get_by_role("tab", name="First predictions").click()
    rows = page.locator(".st-key-view_first tbody tr")
    expect(rows).to_have_count(10)
    for place, shares in enumerate(answers.found.probabilities[:10]):
        cells = rows.nth(place).get_by_role("cell")
        expect(cells.nth(2)).to_have_text(re.compile("^[✓✗]"))
        expected = [f"{share * 100:.1f}" for share in shares]
        becomes(expected, lambda cells=cells: cells.all_inner_texts()[3:])
    page.locator(".st-key-view_first").get_by_role("radio", name="25").click()
    expect(rows).to_have_count(25)


def test_it_works_on_a_phone_in_korean_and_in_the_dark(app, window, answers):
    page = visit(
        window,
        app,
        f"run=fashion&part=test&cell={TSHIRT}-{TSHIRT}&lang=ko",
        width=390,
        height=844,
        color_scheme="dark",
    )
    korean = {SHIRT: "셔츠", TSHIRT: "티셔츠/탑"}
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    point_at(page, SHIRT, TSHIRT, korean)
    page.mouse.down()
    page.mouse.up()
    eventually(lambda: shown_rows(page) == answers.members(SHIRT, TSHIRT)[:15])
    expect(page.locator(".st-key-cell_images")).to_contain_text("정답: 셔츠")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


@pytest.mark.long
def test_a_run_without_an_answer_gets_a_sentence(app, window, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_HOME", str(app.home))
    preset = PRESETS["tiny"]
    waiting = runs.create(preset.model, preset.train)  # this process vouches for it
    page = window(f"{app.url}/evaluation?run={waiting.id}&lang=en")
    expect(page.get_by_text("still training")).to_be_visible(timeout=COLD)

    runs.write_status(waiting, "stopped")
    page = window(f"{app.url}/evaluation?run={waiting.id}&lang=en")
    expect(page.get_by_text("No weights of this run were kept")).to_be_visible(timeout=COLD)

    (waiting.folder / "best.keras").write_bytes(b"not a model")
    page = window(f"{app.url}/evaluation?run={waiting.id}&lang=en")
    expect(page.get_by_text("missing or damaged")).to_be_visible(timeout=COLD)

    page = window(f"{app.url}/evaluation?run=20200101-000000-abcdef&lang=en")
    expect(page.get_by_text("does not exist here")).to_be_visible(timeout=COLD)
    expect(page.locator(".st-key-confusion canvas").first).to_be_visible(timeout=COLD)
    runs.delete(waiting, by=waiting.owner)
