"""The loss landscape: a run is chosen and its contours appear; then another run in the same plane."""

from __future__ import annotations

from dataclasses import replace

from conftest import eventually
from inside import COLD, TINY, TRAIN, Inside, at_home
from playwright.sync_api import expect

from cnn_core import runs
from cnn_core.engine import trainer


def trained(home, name: str, seed: int) -> str:
    def make() -> str:
        run = runs.create(TINY, replace(TRAIN, seed=seed), owner="landscapes", name=name)
        trainer.train_run(run.id)
        return run.id

    return at_home(home, make)


def test_the_contours_of_a_chosen_run_and_two_runs_in_one_plane(app, window) -> None:
    first, second = trained(app.home, "first walk", 1), trained(app.home, "second walk", 2)
    there = Inside.open(app, window, "landscape", lang="en")
    there.part("inside_run").get_by_role("combobox").click()
    there.page.get_by_role("option").filter(has_text="first walk").first.click()
    there.says("run", first)
    chart = there.part("landscape_contours")
    contours = chart.locator(".contourlayer path")
    expect(contours.first).to_be_attached(timeout=COLD)
    there.settled()
    lines = chart.locator(".scatterlayer .trace")
    expect(lines.first).to_be_attached(timeout=COLD)
    alone = lines.count()

    there.part("landscape_other").get_by_role("combobox").click()
    there.page.get_by_role("option").filter(has_text="second walk").first.click()
    there.says("other", second)
    eventually(lambda: lines.count() > alone, COLD / 1000)
    expect(chart).to_contain_text("second walk", timeout=COLD)
    expect(contours.first).to_be_attached(timeout=COLD)
    expect(there.alerts).to_have_count(0)
