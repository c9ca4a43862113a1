"""Processes that are killed: what the visitor sees, and how the run goes on."""

from __future__ import annotations

import os
import re
import signal

import pytest
from conftest import eventually, workers, works
from playwright.sync_api import expect
from screens import COLD, LONG, Playground

EPOCHS = 6  # so many that the run is still training when its server is killed

COUNT_DIALOGS = """() => {
    window.dialogs = 0;
    const isDialog = (node) => node.dataset?.testid === "stDialog";
    new MutationObserver((changes) => {
        for (const change of changes) window.dialogs += [...change.addedNodes].filter(isDialog).length;
    }).observe(document.body, { childList: true });
}"""


@pytest.mark.long
@pytest.mark.slow
def test_a_run_survives_the_death_of_its_worker_and_of_its_server(start, window):
    server = start()
    page = window(server.link(**{**LONG, "batch": "2", "epochs": str(EPOCHS)}), alone=True)
    screen = Playground.of(page)
    run = screen.train()
    second = {"epoch": 2}  # its first batch comes when what a resumed run needs is on disk
    eventually(
        lambda: any(second.items() <= e.items() for e in server.events(run, "BatchEnd")), 120
    )

    os.kill(server.read(run, "status.json")["pid"], signal.SIGKILL)
    eventually(lambda: len(server.events(run, "RunStarted")) == 2)
    again = server.events(run, "RunStarted")[-1]
    assert again["epochs_done"] >= 1
    later = "|".join(map(str, range(again["epochs_done"] + 1, EPOCHS + 1)))
    expect(screen.progress).to_contain_text(
        re.compile(f"Epoch ({later}) of {EPOCHS}"), timeout=COLD
    )

    eventually(lambda: len(workers(server)) == 2)
    left = workers(server)
    expect(page.locator(".st-key-lost")).to_be_hidden()
    page.evaluate(COUNT_DIALOGS)
    server.kill()
    expect(page.locator(".st-key-lost")).to_contain_text("The connection to ConvScope is lost.")
    expect(page.locator(".st-key-lost")).to_be_visible()
    expect(screen.state).to_be_hidden()
    expect(screen.progress).to_be_hidden()
    eventually(lambda: not any(map(works, left)))
    eventually(lambda: page.evaluate("window.dialogs") > 0)  # Streamlit's, in English
    expect(page.get_by_test_id("stDialog")).to_have_count(0)

    server = start()
    page.goto(f"{server.url}/playground")
    screen = Playground.of(page)
    done = max(event["epoch"] for event in server.events(run, "Saved"))
    screen.part("runs").locator("summary").click()
    expect(screen.part("runs").get_by_role("switch", name="Only my runs")).to_be_checked()
    expect(screen.part("runs")).to_contain_text("interrupted")
    screen.part(f"open_{run}").get_by_role("button").click()
    expect(screen.panel).to_contain_text(f"Saved up to epoch {done}.")
    expect(screen.state).to_contain_text("interrupted")

    screen.press("resume_run")
    screen.wait_for_end()
    assert screen.run == run
    expect(screen.panel).to_contain_text(f"epochs trained: {EPOCHS}")
    assert server.events(run, "RunStarted")[-1]["epochs_done"] == done
    assert [event["epoch"] for event in server.events(run, "EpochEnd")][-1] == EPOCHS
    expect(screen.cards).to_have_count(5)
