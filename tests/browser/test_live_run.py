"""Steering a run while it trains, and the curves that show it."""

from __future__ import annotations

import re

import pytest
from conftest import eventually
from playwright.sync_api import expect
from screens import COLD, LONG, Playground

MARK = "(canvas, mark) => { canvas.mark = mark; }"
COUNT_UPDATES = """canvas => {
    const count = {updates: 0, mounts: 0, last: canvas.toDataURL()};
    const look = () => {
        const now = canvas.toDataURL();
        count.updates += now !== count.last;
        count.last = now;
    };
    setInterval(look, 100);
    const chart = canvas.closest('[class*="st-key-"]');
    const mounted = changes => {
        for (const change of changes)
            for (const node of [...change.addedNodes, ...change.removedNodes])
                count.mounts += node.nodeName === 'CANVAS' || node.querySelector?.('canvas') != null;
    };
    new MutationObserver(mounted).observe(chart.parentElement, {childList: true, subtree: true});
    canvas.count = count;
}"""


def test_pause_one_batch_continue_another_rate_and_stop(app, window):
    screen = Playground.of(window(app.link(**LONG)))
    run = screen.train()
    screen.wait_for_batches()

    screen.press("pause")
    expect(screen.state).to_contain_text("paused")
    [paused] = eventually(lambda: app.events(run, "Paused"))
    at = (paused["epoch"], paused["batch"])
    eventually(lambda: screen.position() == at)

    for step in (1, 2):
        screen.press("step")
        eventually(lambda step=step: screen.position() == (at[0], at[1] + step))
    assert [event["batch"] for event in app.events(run, "Paused")] == [at[1], at[1] + 1, at[1] + 2]
    expect(screen.state).to_contain_text("paused")

    screen.press("resume")
    screen.wait_for_progress()
    expect(screen.state).to_contain_text("training")

    screen.part(f"rate_{run}").get_by_role("combobox").click()
    screen.page.get_by_role("option", name="Learning rate 0.0003", exact=True).click()
    [change] = eventually(lambda: app.events(run, "LearningRateChanged"))
    assert change["learning_rate"] == 0.0003
    note = f"Learning rate set to 0.0003 in epoch {change['epoch']}"
    expect(screen.part("notes")).to_contain_text(note)

    eventually(lambda: app.events(run, "EpochEnd"))
    screen.press("stop")
    screen.wait_for_end("stopped")
    [ended] = app.events(run, "RunEnded")
    assert ended["reason"] == "stopped"
    assert ended["best_epoch"] >= 1
    assert set(ended["scores"]) == {"train", "val", "test"}
    assert (app.home / "runs" / run / "best.keras").stat().st_size > 1000
    expect(screen.panel).to_contain_text(
        f"The best weights, those of epoch {ended['best_epoch']}, were kept"
    )


def test_both_curves_grow_in_place(app, window):
    screen = Playground.of(window(app.link(**LONG)))
    screen.train()
    screen.wait_for_batches()
    for measure in ("loss", "accuracy"):
        expect(screen.chart(measure)).to_have_count(1)
        screen.chart(measure).evaluate(COUNT_UPDATES)

    def counts(what: str) -> list[int]:
        return [
            screen.chart(m).evaluate(f"c => c.count?.{what} ?? -1") for m in ("loss", "accuracy")
        ]

    eventually(lambda: min(counts("updates")) >= 3 or min(counts("mounts")) < 0)
    screen.type("filters", 24, 0)  # the whole page runs again
    seen = min(counts("updates"))
    eventually(lambda: min(counts("updates")) >= seen + 3 or min(counts("mounts")) < 0)
    assert counts("mounts") == [0, 0], "a chart was taken out and put in again"


@pytest.mark.long
def test_what_a_screen_reader_hears_of_the_curves_follows_the_run(app, window):
    screen = Playground.of(window(app.link(**{**LONG, "batch": "8"})))
    empty = "Loss: empty axes for 50 epochs, training has not started yet."
    eventually(lambda: screen.alt("loss") == empty)
    screen.train()
    later = re.compile(
        r"^Accuracy after \d+ of 50 epochs: training from [\d.]+% to [\d.]+%, validation"
    )
    expect(screen.panel.get_by_role("img", name=later)).to_have_count(1, timeout=COLD)


@pytest.mark.long
def test_a_loss_that_is_no_number_is_explained(app, window):
    wild = {"blocks": "8.3.1.same.linear", "opt": "sgd", "lr": "10", "batch": "8"}
    screen = Playground.of(window(app.link(**{**LONG, **wild})))
    screen.train()
    screen.wait_for_end("diverged")
    expect(screen.panel).to_contain_text("the loss is no longer a number")
    expect(screen.part("notes")).to_contain_text(
        "a learning rate of 10 makes the steps too large. Try 1"
    )
    expect(screen.train_button).to_be_enabled()
