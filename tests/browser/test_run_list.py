"""The list of earlier runs."""

from __future__ import annotations

import pytest
from conftest import becomes, eventually
from playwright.sync_api import expect
from screens import SHORT, Playground


def test_runs_are_listed_opened_and_deleted_by_their_owner_only(app, window):
    page = window(app.link(**SHORT))
    screen = Playground.of(page)
    first = screen.train()
    screen.wait_for_end()
    screen.type("filters", 12, 0)
    second = screen.train()
    screen.wait_for_end()

    list_ = screen.part("runs")
    list_.locator("summary").click()
    expect(list_.locator("[class*='st-key-open_']")).to_have_count(2)
    expect(list_).to_contain_text("12@3×3")
    expect(list_).to_contain_text("at its best epoch")
    screen.settled()

    screen.part(f"open_{first}").get_by_role("button").click()
    eventually(lambda: screen.query["run"] == first)
    expect(screen.panel).to_contain_text("8@3×3")
    eventually(lambda: screen.settled().value("filters", 0) == "8")
    eventually(lambda: screen.query["blocks"].startswith("8."))

    stranger = Playground.of(window(app.link()))
    theirs = stranger.part("runs")
    theirs.locator("summary").click()
    expect(theirs).to_contain_text("No runs yet.")
    theirs.get_by_role("switch", name="Only my runs").click(force=True)
    expect(stranger.part(f"open_{second}")).to_be_visible()
    expect(theirs.get_by_role("button", name="Delete")).to_have_count(0)

    screen.part(f"rename_{first}").get_by_role("button").click()
    field = list_.get_by_role("textbox", name="Name of the run")
    field.fill("eight filters")
    field.press("Enter")
    expect(list_).to_contain_text("eight filters · ")
    expect(screen.panel).to_contain_text("eight filters · ")

    screen.part(f"delete_{first}").get_by_role("button").click()
    expect(list_).to_contain_text("Delete the run “eight filters”")
    assert first in app.runs()
    screen.part(f"delete_yes_{first}").get_by_role("button").click()
    expect(screen.part(f"open_{first}")).to_have_count(0)
    expect(screen.panel).to_contain_text("Nothing trained yet")
    eventually(lambda: "run" not in screen.query)
    eventually(lambda: first not in app.runs())
    assert second in app.runs()


@pytest.mark.long
def test_a_run_deleted_in_another_window_leaves_a_sentence(app, window):
    page = window(app.link(**SHORT))
    screen = Playground.of(page)
    run = screen.train()
    screen.wait_for_end()
    other = Playground.of(window(screen.url, beside=page))
    other.part("runs").locator("summary").click()
    other.part(f"delete_{run}").get_by_role("button").click()
    other.part(f"delete_yes_{run}").get_by_role("button").click()
    expect(other.panel).to_contain_text("Nothing trained yet")

    screen.type("filters", 16, 0)
    expect(screen.alerts).to_contain_text(f"The run {run} does not exist here.")
    becomes("16", screen.value, "filters", 0)
    expect(screen.train_button).to_be_enabled()
