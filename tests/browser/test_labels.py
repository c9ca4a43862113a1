"""A choice survives when its labels change: shown in a browser, which remembers and sends labels.

For every control of every page, and during a run, tests/pages/test_every_control.py holds it.
"""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from conftest import becomes, eventually
from playwright.sync_api import Page, expect
from screens import Playground

UNUSUAL = {
    "blocks": "8.5.1.valid.tanh.average.2",
    "dense": "24",
    "lr": "0.005",
    "batch": "48",
    "opt": "sgd",
    "images": "300",
    "precision": "float32",
}


def press_language(page: Page, name: str) -> None:
    """Press it, and wait until the page has the other title."""
    title = page.get_by_role("heading", level=1)
    before = title.inner_text()
    page.locator("[class*='st-key-language_choice']").get_by_text(name, exact=True).click()
    expect(title).not_to_have_text(before)
    page.get_by_test_id("stApp").and_(
        page.locator("[data-test-script-state='notRunning']")
    ).wait_for()


def no_traceback(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.long
def test_after_another_data_set_or_size_every_setting_still_changes(app, window):
    screen = Playground.of(window(app.link()))
    screen.tab("Training")
    for name, text, images in (
        ("dataset", "scikit-learn digits (8×8)", "all 1,149"),
        ("dataset", "Fashion-MNIST (clothing)", "all 8,000"),
        ("size", "full data set", "all 48,000"),
        ("size", "sample (bundled)", "all 8,000"),
    ):
        screen.choose(name, text)
        for _ in range(2):
            becomes(images, screen.value, "train_size")
            screen.type("epochs", int(screen.value("epochs")) - 1)
        no_traceback(screen.page)


def test_another_language_changes_no_setting_and_none_after_it(app, window):
    screen = Playground.of(window(f"{app.link(lang='en')}&{urlencode(UNUSUAL)}"))
    asked = screen.query
    assert {name: asked[name] for name in UNUSUAL} == UNUSUAL
    for name, code in (("한국어", "ko"), ("EN", "en")):
        press_language(screen.page, name)
        eventually(lambda code=code: screen.query == {**asked, "lang": code})
    press_language(screen.page, "한국어")
    becomes({**asked, "lang": "ko"}, lambda: screen.query)
    screen.tab("학습 설정")
    becomes({**asked, "lang": "ko", "tab": "training"}, lambda: screen.query)
    for epochs in (7, 8):
        screen.type("epochs", epochs)
        told = {**asked, "lang": "ko", "tab": "training", "epochs": str(epochs)}
        becomes(told, lambda: screen.query)
    screen.slide("learning_rate", "ArrowRight")
    screen.slide("learning_rate", "ArrowLeft")
    eventually(lambda: screen.query["lr"] == UNUSUAL["lr"])
    no_traceback(screen.page)


def test_what_is_typed_while_another_language_comes_is_kept(app, window):
    screen = Playground.of(window(app.link(lang="en")))
    field = screen.setting("filters", 0).get_by_role("spinbutton")
    field.fill("21")
    # The answer comes after the visitor has gone on typing; a press of the mouse would send the number.
    control = screen.page.locator("[class*='st-key-language_choice']")
    control.get_by_role("radio", name="한국어").evaluate("button => button.click()")
    expect(screen.page.get_by_role("heading", level=1)).not_to_have_text("Playground")
    screen.settled()
    expect(field).to_have_value("21")
    field.press("Enter")
    eventually(lambda: screen.query.get("blocks", "").startswith("21."))
    assert screen.query["lang"] == "ko"
