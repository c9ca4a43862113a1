"""Buttons of the notes in a real browser, and names that end in a sign in sentences that set them in bold."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from conftest import eventually
from playwright.sync_api import expect
from screens import COLD

from cnn_core import runs
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import EpochEnd, RunEnded, RunStarted
from cnn_core.runs.log import EventWriter

TINY = PRESETS["tiny"]
OVERFITTING = [(1.0, 0.5), (0.4, 0.9), (0.2, 1.1), (0.1, 1.2)]


@pytest.fixture
def home(app, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_HOME", str(app.home))


def written(name: str, *, seed: int = 0, filters: int = 8, accuracy: float = 0.7) -> runs.Run:
    """A run that overfits and is still active; the test vouches for it."""
    [first, *others] = TINY.model.blocks
    model = replace(TINY.model, blocks=(replace(first, filters=filters), *others))
    train = replace(TINY.train, patience=0, epochs=len(OVERFITTING) + 1, seed=seed)
    run = runs.create(model, train, owner="another browser", name=name)
    runs.write_status(run, "running")
    write = EventWriter(run)
    write(RunStarted(1, 8000, 125, "float32"))
    for epoch, (loss, val_loss) in enumerate(OVERFITTING, 1):
        write(EpochEnd(epoch, loss, 0.7, val_loss, accuracy, 2e-3, 3.0))
    write.close()
    return run


def end(run: runs.Run) -> None:
    write = EventWriter(run)
    write(RunEnded("finished", len(OVERFITTING), 1, 9.0))
    write.close()
    runs.write_status(run, "finished")


def test_a_button_of_a_note_is_heard_in_the_moment_the_run_ends(app, window, home):
    old = written("old")
    page = window(app.link(run=old.id, lang="en"))
    button = page.get_by_role("button", name="Again with dropout 0.5")
    expect(button).to_be_visible(timeout=COLD)
    before = set(app.runs())
    end(old)
    button.click()
    page.wait_for_url(re.compile("/runs"))
    [new] = set(app.runs()) - before
    assert app.read(new)["model"]["dropout"] == 0.5
    eventually(lambda: f"runs={old.id}~{new}" in str(page.evaluate("location.href")))


@pytest.mark.parametrize("name", ["B (2)", "50%", "“나”", "a_"])
def test_a_name_that_ends_in_a_sign_is_bold_before_a_particle(name, app, window, home):
    ids = []
    for filters, accuracy, called in ((8, 0.7, name), (12, 0.71, f"{name}{name}")):
        for seed in range(2):
            run = written(called, seed=seed, filters=filters, accuracy=accuracy + seed / 10)
            end(run)
            ids.append(run.id)
    page = window(f"{app.url}/runs?lang=ko&runs={ids[0]}~{ids[2]}&whose=all")
    verdict = page.locator("p", has_text="웰치 t 검정")
    expect(verdict).to_have_count(1, timeout=COLD)
    expect(verdict).not_to_contain_text("**")
    expect(verdict.locator("strong").first).to_contain_text(name)
