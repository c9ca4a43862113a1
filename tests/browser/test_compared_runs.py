"""The page of runs: three small runs compared, one of them over three seeds."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import eventually, rest
from playwright.sync_api import Locator, Page, expect
from screens import SHORT, Playground

COLD = 300_000
ROW_PX = 35
BOX_PX = 18  # from the left edge of the table to the middle of a row's box
SAME_CHART = "canvas => { window.first = window.first ?? canvas; return window.first === canvas; }"


def table(page: Page, place: int = 0) -> Locator:
    return page.get_by_test_id("stDataFrame").nth(place)


def tick(page: Page, row: int) -> None:
    """Click the box of that row of the first table, counted from 0."""
    cells = table(page).locator(".dvn-scroller").first  # above the canvas that draws them
    cells.click(position={"x": BOX_PX, "y": ROW_PX * (row + 1.5)})


def chosen(page: Page) -> list[str]:
    query = parse_qs(urlsplit(str(page.evaluate("location.href"))).query)
    return query.get("runs", [""])[0].split("~") if "runs" in query else []


@pytest.mark.long
def test_three_runs_are_compared_and_one_repeated_over_three_seeds(app, window):
    page = window(app.link(**SHORT))
    screen = Playground.of(page)
    runs = []
    for filters in (12, 16, 24):
        screen.type("filters", filters, 0)
        runs.append(screen.train())
        screen.wait_for_end()
    page.goto(f"{app.url}/runs?lang=en")
    expect(table(page)).to_contain_text("Validation accuracy", timeout=COLD)
    expect(table(page)).to_contain_text("24@3×3")

    tick(page, 0)
    eventually(lambda: chosen(page) == [runs[2]])
    expect(page.locator(".st-key-runs_actions")).to_contain_text("Selected: 1")
    tick(page, 1)
    eventually(lambda: chosen(page) == [runs[2], runs[1]])
    tick(page, 2)
    eventually(lambda: chosen(page) == [runs[2], runs[1], runs[0]])
    differences = table(page, 1)
    expect(differences).to_contain_text("Block 1: Filters")
    expect(differences).not_to_contain_text("Learning rate")
    expect(page.get_by_text("validation images,").first).to_be_visible(timeout=COLD)

    page.locator(".st-key-runs_clear button").click()
    eventually(lambda: chosen(page) == [])
    tick(page, 0)
    eventually(lambda: chosen(page) == [runs[2]])
    chart = page.locator(".st-key-runs_overlay canvas").first
    expect(chart).to_be_visible()
    assert chart.evaluate(SAME_CHART)
    repeat = page.get_by_role("button", name="Repeat: 3 seeds")
    expect(repeat).to_have_count(1)
    repeat.click()
    eventually(lambda: len(chosen(page)) == 3)
    expect(page.get_by_text("(mean ± standard deviation, 3 seeds)")).to_be_visible(timeout=COLD)
    expect(page.locator(".st-key-runs_bands canvas").first).to_be_visible()
    assert chart.evaluate(SAME_CHART), "the chart was mounted again while its curves grew"
    seeds = {app.read(run)["train"]["seed"] for run in chosen(page)}
    assert len(seeds) == 3

    again = window(str(page.evaluate("location.href")), beside=page)
    expect(again.locator(".st-key-runs_actions")).to_contain_text("Selected: 3", timeout=COLD)


def test_an_answer_that_comes_does_not_move_the_pad_under_a_stroke(app, window):
    page = window(f"{app.url}/runs?lang=en&runs=digits&view=image&source=draw")
    canvas = page.locator(".pad canvas")
    expect(canvas).to_be_visible(timeout=COLD)
    rest(page)
    canvas.evaluate("canvas => canvas.scrollIntoView({ block: 'center' })")
    before = canvas.bounding_box()
    page.mouse.move(before["x"] + 100, before["y"] + 100)
    page.mouse.down()
    page.mouse.move(before["x"] + 200, before["y"] + 100)
    expect(page.get_by_text("Your drawing")).to_be_visible(timeout=COLD)
    assert canvas.bounding_box() == before
    page.mouse.up()
    page.get_by_role("tab", name="First kernels").click()
    expect(page.locator(".st-key-runs_view_kernels img").first).to_be_visible(timeout=COLD)
    expect(canvas).to_have_count(0)
