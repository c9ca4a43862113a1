"""A sweep on two real workers, of which one is killed, and then the server: no trial is lost or repeated."""

from __future__ import annotations

import os
import re
import signal
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from conftest import eventually, workers, works
from playwright.sync_api import Page, expect
from screens import COLD

from cnn_core import sweeps
from cnn_core.sweeps import outcome

TRIALS = 8


def number(page: Page, key: str, value: int) -> None:
    field = page.locator(f".st-key-{key} input")
    field.fill(str(value))
    field.press("Enter")
    expect(field).to_have_value(str(value))


@pytest.mark.long
@pytest.mark.slow
def test_a_sweep_survives_the_death_of_a_worker_and_of_its_server(start, window, monkeypatch):
    server = start(CONVSCOPE_TRAIN_WORKERS="2")
    monkeypatch.setenv("CONVSCOPE_HOME", str(server.home))
    page = window(f"{server.url}/sweep?lang=en", alone=True)
    page.locator("[class*=st-key-sweep_images] input").click(timeout=COLD)
    page.get_by_role("option", name="500").click()
    number(page, "sweep_trials_field", TRIALS)
    expect(page.get_by_text(re.compile(f"{TRIALS} trials of 3 epochs on 500"))).to_be_visible(
        timeout=COLD
    )
    page.locator(".st-key-sweep_begin button").click()
    eventually(sweeps.newest)
    [sweep] = sweeps.newest()

    def finished() -> set[str]:
        return {row.run for row in outcome.trials(sweep) if row.state == "finished"}

    eventually(lambda: len(finished()) >= 2)
    eventually(lambda: len(workers(server, "train")) == 2)

    def training() -> list[str]:
        return [row.run for row in outcome.trials(sweep) if row.state == "running"]

    eventually(training)
    os.kill(server.read(training()[0], "status.json")["pid"], signal.SIGKILL)
    before = len(finished())
    eventually(lambda: len(finished()) > before)

    left = workers(server, "train")
    survived = finished()
    server.kill()
    eventually(lambda: not any(map(works, left)))
    server = start(CONVSCOPE_TRAIN_WORKERS="2")
    page.goto(f"{server.url}/sweep?lang=en&sweep={sweep.id}")
    expect(page.locator(".st-key-sweep_head")).to_contain_text("Finished")

    rows = outcome.trials(sweep)
    assert [row.state for row in rows] == ["finished"] * TRIALS
    assert len({row.run for row in rows}) == TRIALS
    assert len({repr(sorted(row.params.items())) for row in rows}) == TRIALS
    assert survived <= {row.run for row in rows}
    assert len(server.runs()) == TRIALS, "no trial was trained a second time"
    expect(page.locator(".st-key-sweep_best")).to_contain_text(f"The best of {TRIALS} trials")
    chart = page.get_by_role("img", name=re.compile("How much each setting mattered: .+%"))
    expect(chart).to_be_attached(timeout=2 * COLD)
    if not psutil.MACOS:
        maps = psutil.Process(server.process.pid).memory_maps()
        assert not [it.path for it in maps if re.search("/(tensorflow|sklearn)/", it.path)]

    page.locator(".st-key-sweep_use button").first.click()
    page.wait_for_url(re.compile("playground"))
    best = outcome.best(rows)
    eventually(lambda: parse_qs(urlsplit(page.url).query).get("run") == [best.run])
