"""What visitors take home: every button gives a file that opens."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest
from conftest import Server
from inside import trained_run
from numpy.testing import assert_allclose
from playwright.sync_api import Browser, Locator, Page, expect
from screens import COLD, LONG, Playground

from cnn_core import datasets, export, runs
from cnn_core import model as models
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.export import files as takeaway
from cnn_core.planning.links import to_query
from cnn_core.planning.presets import PRESETS
from cnn_core.runs import log as run_log

RUN_FILES = (
    *("script", "notebook", "page", "model", "onnx", "litert", "report", "epochs", "batches"),
)


class Popover:
    """The one with the files of a run, or of the set-up."""

    def __init__(self, page: Page, key: str) -> None:
        self.page, self.key = page, key
        button = page.locator(f".st-key-take_{key}").get_by_role("button")
        expect(button).to_be_visible(timeout=COLD)
        expect(page.get_by_test_id("stApp")).to_have_attribute(
            "data-test-script-state", "notRunning", timeout=COLD
        )
        button.click()
        self.body = page.get_by_test_id("stPopoverBody")
        expect(self.body).to_be_visible()

    def button(self, kind: str) -> Locator:
        return self.body.locator(f".st-key-take_{kind}_{self.key}").get_by_role("button")

    def get(self, kind: str, folder: Path) -> Path:
        """Press a button; the file that comes, under its own name."""
        with self.page.expect_download(timeout=COLD) as coming:
            self.button(kind).click()
        path = folder / coming.value.suggested_filename
        coming.value.save_as(path)
        return path


@pytest.fixture
def paper(browser: Browser) -> Iterator[Page]:
    """A window that is cut off from every network, in the dark."""
    context = browser.new_context(
        offline=True, color_scheme="dark", viewport={"width": 390, "height": 800}
    )
    yield context.new_page()
    context.close()


def test_every_file_of_a_run_opens(app: Server, window, tmp_path: Path, paper: Page) -> None:
    run_id = trained_run(app.home, owner="")  # of no visitor: anybody may have its files
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_HOME", str(app.home))
        run = runs.open_run(run_id)
    history = run_log.history(run)
    popover = Popover(window(app.link(run=run_id, lang="en")), run_id)
    files = {kind: popover.get(kind, tmp_path) for kind in RUN_FILES}
    assert {path.name for path in files.values()} == {
        f"convscope-{run_id}{end}"
        for end in (
            *(".py", ".ipynb", ".html", ".keras", ".onnx", ".tflite"),
            *("-report.html", "-epochs.csv", "-batches.csv"),
        )
    }

    script = files["script"].read_text("utf-8")
    assert script == export.to_script(run.model, run.train)
    compile(script, files["script"].name, "exec")
    nbformat.validate(nbformat.read(files["notebook"], as_version=4))

    images = datasets.load("fashion_mnist").x_test[:50]
    plain = keras.saving.load_model(files["model"])
    mine = models.opened(run.model, run.folder / "best.keras").predict(images)
    assert_allclose(plain.predict(images / np.float32(255), verbose=0), mine, atol=1e-5)

    for kind, ends, columns in (
        ("epochs", history.epochs, takeaway.EPOCH_COLUMNS),
        ("batches", history.batches, takeaway.BATCH_COLUMNS),
    ):
        with files[kind].open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert tuple(rows[0]) == columns
        assert [float(row["loss"]) for row in rows] == [end.loss for end in ends]

    look_at_report(paper, files["report"], run.train)


def look_at_report(paper: Page, path: Path, train: TrainConfig) -> None:
    """Without a network no picture is missing, nothing was asked for, and the figures are there."""
    asked: list[str] = []
    paper.on("request", lambda request: asked.append(request.url))
    paper.goto(path.as_uri())
    pictures = paper.locator("img")
    assert pictures.count() == 4
    assert all(picture.evaluate("it => it.naturalWidth > 0") for picture in pictures.all())
    assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
    assert paper.locator("svg.curve").count() == 2
    cells = paper.locator(".confusion td").all_inner_texts()
    counts = [int(cell.replace("·", "0")) for cell in cells]
    assert sum(counts) == datasets.spec(train.dataset).counts[train.size].test
    assert paper.evaluate("document.scrollingElement.scrollWidth") <= 390
    dark = paper.evaluate("getComputedStyle(document.body).backgroundColor")
    paper.emulate_media(media="print")
    assert dark != paper.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.mark.long
def test_a_set_up_gives_its_program_in_both_forms(app: Server, window, tmp_path: Path) -> None:
    train = TrainConfig(precision="float32", schedule="one_cycle", epochs=4)
    page = window(app.link(**to_query(TEXTBOOK, train), lang="en"))
    popover = Popover(page, "setup")
    expect(popover.body.get_by_role("button")).not_to_have_count(0)
    path = popover.get("script", tmp_path)
    assert path.name == "convscope-textbook-fashion_mnist.py"
    assert path.read_text("utf-8") == export.to_script(TEXTBOOK, train)

    popover.body.get_by_role("radio", name="Functional").click()
    popover.body.get_by_text("View the program").click()
    code = popover.body.get_by_test_id("stCode")
    expect(code).to_contain_text("model = keras.Model(inputs, outputs)")
    notebook = json.loads(popover.get("notebook", tmp_path).read_text("utf-8"))
    mine = export.to_notebook(TEXTBOOK, train, form="functional")
    assert notebook == json.loads(mine)


@pytest.mark.long
def test_on_a_phone_in_korean_the_pages_that_look_inside_have_it_too(
    app: Server, window, tmp_path: Path
) -> None:
    query = "run=fashion&lang=ko"
    page = window(f"{app.url}/kernels?{query}", width=390, height=844, color_scheme="dark")
    expect(Popover(page, "fashion").button("script")).to_be_visible()
    page.goto(f"{app.url}/evaluation?{query}")
    popover = Popover(page, "fashion")
    for kind in RUN_FILES:
        expect(popover.button(kind)).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    box = popover.body.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    report = popover.get("report", tmp_path).read_text("utf-8")
    assert "혼동 행렬" in report
    assert 'lang="ko"' in report
    assert 'class="confusion"' in report


@pytest.mark.long
def test_while_a_run_trains_its_program_is_there_and_the_rest_comes_later(
    app: Server, window
) -> None:
    screen = Playground.of(window(app.link(**LONG, lang="en")))
    run = screen.train()
    screen.wait_for_batches()
    popover = Popover(screen.page, run)
    expect(popover.button("script")).to_be_visible()
    expect(popover.button("report")).to_have_count(0)
    screen.page.keyboard.press("Escape")
    screen.press("stop")
    screen.wait_for_end("stopped")
    popover = Popover(screen.page, run)
    expect(popover.button("report")).to_be_visible()
    expect(popover.body).to_contain_text("stopped manually")


@pytest.mark.long
def test_what_does_not_work_out_has_no_program(app: Server, window) -> None:
    page = window(app.link(blocks="8.7.1.valid~8.7.1.valid~8.7.1.valid", lang="en"))
    expect(page.locator(".st-key-fix")).to_be_visible(timeout=COLD)
    expect(page.locator(".st-key-take_setup")).to_have_count(0)
    page.goto(app.link(**to_query(PRESETS["tiny"].model, PRESETS["tiny"].train), lang="en"))
    expect(page.locator(".st-key-take_setup")).to_be_visible(timeout=COLD)
