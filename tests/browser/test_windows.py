"""Several windows on one server: each has its own run, and a reload finds it again."""

from __future__ import annotations

import pytest
from conftest import eventually
from playwright.sync_api import expect
from screens import LONG, SHORT, Playground


@pytest.mark.long
def test_two_windows_train_without_touching_each_other(app, window):
    ours = Playground.of(window(app.link(**LONG)))
    theirs = Playground.of(window(app.link(**{**SHORT, "blocks": "5.3"})))
    long = ours.train()
    ours.wait_for_batches()
    short = theirs.train()
    assert long != short

    expect(theirs.progress).to_contain_text("1 ahead of this run")
    expect(theirs.state).to_contain_text("waiting")
    ours.press("pause")
    expect(ours.state).to_contain_text("paused")
    expect(theirs.state).to_contain_text("waiting")
    ours.press("resume")
    ours.wait_for_progress()

    ours.press("stop")
    ours.wait_for_end("stopped")
    theirs.wait_for_end("finished")
    assert (ours.run, theirs.run) == (long, short)
    assert (app.state(long), app.state(short)) == ("stopped", "finished")
    filters = [app.read(run)["model"]["blocks"][0]["filters"] for run in (long, short)]
    assert filters == [8, 5]
    assert [end["epoch"] for end in app.events(short, "EpochEnd")] == [1, 2]
    assert app.events(short, "Paused") == []
    expect(ours.state).to_contain_text("stopped")


@pytest.mark.long
def test_a_reload_finds_the_run_live_and_still_its_visitors_own(app, window):
    screen = Playground.of(window(app.link(**LONG)))
    run = screen.train()
    screen.wait_for_batches()
    screen.page.reload()
    again = Playground.of(screen.page)
    assert again.run == run
    again.wait_for_batches()
    again.wait_for_progress()
    again.press("stop")
    again.wait_for_end("stopped")


def test_somebody_elses_run_can_be_watched_but_not_steered(app, window):
    ours = Playground.of(window(app.link(**LONG)))
    run = ours.train()
    ours.wait_for_batches()
    guest = Playground.of(window(ours.url))
    assert guest.run == run
    guest.wait_for_batches()
    guest.wait_for_progress()
    expect(guest.part("steering")).to_contain_text("Another visitor started this run")
    expect(guest.part("steering").get_by_role("button")).to_have_count(0)
    beside = Playground.of(window(ours.url, beside=ours.page))
    beside.press("stop")
    eventually(lambda: app.state(run) == "stopped")
    for screen in (ours, guest, beside):
        screen.wait_for_end("stopped")
