"""Buttons below the notes of a run, and what the race says about who trains when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from visits import US, visit

from cnn_core import runs, texts
from cnn_core.engine import Engine
from cnn_core.errors import LimitError
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import EpochEnd, RunEnded, RunStarted
from cnn_core.runs.log import EventWriter
from pages.parts.playground import run_panel

__all__ = ["visit"]  # a fixture
TINY = PRESETS["tiny"]
EPOCHS = {
    "more_epochs": [(1.0, 0.9), (0.6, 0.6), (0.5, 0.5)],
    "overfitting": [(1.0, 0.5), (0.4, 0.9), (0.2, 1.1), (0.1, 1.2)],
    "diverged": [(1.0, 0.9), (float("nan"), float("nan"))],
}


def trained(note: str, owner: str = US) -> runs.Run:
    """A run on which there is that note."""
    train = replace(TINY.train, patience=0, epochs=len(EPOCHS[note]))
    run = runs.create(TINY.model, train, owner=owner, name="old")
    write = EventWriter(run)
    write(RunStarted(1, 8000, 125, "float32"))
    for epoch, (loss, val_loss) in enumerate(EPOCHS[note], 1):
        write(EpochEnd(epoch, loss, 0.7, val_loss, 0.7, 2e-3, 3.0))
    reason = "diverged" if note == "diverged" else "finished"
    write(RunEnded(reason, len(EPOCHS[note]), 1, 9.0))
    write.close()
    runs.write_status(run, reason)
    return run


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(
    ("note", "place", "field", "value"),
    [
        ("diverged", 0, "learning_rate", 2e-4),
        ("overfitting", 0, "dropout", 0.5),
        ("overfitting", 1, "patience", 3),
        ("more_epochs", 0, "epochs", 23),
    ],
)
def test_a_note_s_button_trains_its_change_beside_the_old_run(
    note, place, field, value, language, visit
):
    old = trained(note)
    at = visit("playground", language, run=old.id)
    at.button(key=f"fix_{note}_{place}").click().run()
    assert not at.exception
    [new] = [run for run in runs.all_runs(US) if run.id != old.id]
    where = "model" if field == "dropout" else "train"
    assert getattr(new, where) == replace(getattr(old, where), **{field: value})
    assert new.name.startswith("old")
    assert at.session_state["runs_selected"] == [old.id, new.id]
    assert at.title[0].value == texts.say(language, "runs.title")


def test_what_a_stranger_trained_can_be_trained_again_but_stays_theirs(visit):
    old = trained("diverged", owner="another browser")
    at = visit("playground", run=old.id)
    at.button(key="fix_diverged_0").click().run()
    [new] = runs.all_runs(US)
    assert new.owner == US
    assert runs.open_run(old.id).train == old.train


def test_a_refused_change_is_a_sentence(visit, monkeypatch):
    old = trained("more_epochs")
    at = visit("playground", run=old.id)
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "10")
    at.button(key="fix_more_epochs_0").click().run()
    assert not at.exception
    assert len(runs.all_runs()) == 1
    sentence = LimitError("limit.epochs", asked=23, cap=10).sentence("en")
    assert sentence in " ".join(it.value for it in at.error)


@pytest.mark.parametrize(
    ("workers", "key"), [(0, "one_by_one"), (1, "one_by_one"), (2, "same_time")]
)
def test_the_race_says_whether_both_train_at_the_same_time(workers, key, visit, monkeypatch):
    monkeypatch.setattr(Engine, "workers", lambda self, kind: frozenset(map(str, range(workers))))
    at = visit("runs", race="fast~textbook")
    said = [it.value for it in at.caption]
    assert [it for it in ("one_by_one", "same_time") if texts.say("en", f"race.{it}") in said] == [
        key
    ]


@pytest.mark.parametrize(
    ("states", "workers", "key"),
    [
        (("running", "queued"), 1, "in_turn"),
        (("queued", "queued"), 2, "in_turn_several"),
        (("running", "running"), 2, "same_time"),
        (("finished", "running"), 1, ""),
        (("finished", "finished"), 1, ""),
    ],
)
def test_the_chart_says_who_waits(states, workers, key, visit, monkeypatch):
    monkeypatch.setattr(Engine, "workers", lambda self, kind: frozenset(map(str, range(workers))))
    ours = [runs.create(TINY.model, TINY.train, owner=US, name=str(it)) for it in range(2)]
    for run, state in zip(ours, states, strict=True):
        runs.write_status(run, state)
    at = visit("runs", runs="~".join(run.id for run in ours))
    slots = {"waiting": states.count("queued"), "training": states.count("running")}
    said = {
        it: texts.say("en", f"runs.{it}", workers=workers, **slots)
        for it in ("in_turn", "in_turn_several", "same_time")
    }
    shown = [it.value for it in at.caption]
    assert [it for it, sentence in said.items() if sentence in shown] == ([key] if key else [])


@pytest.mark.parametrize("states", [["running", "finished"], ["finished", "running", "finished"]])
def test_a_button_is_heard_while_the_run_ends(states, visit, monkeypatch):
    old = trained("overfitting")
    at = visit("playground", run=old.id)
    answers = iter(states)
    monkeypatch.setattr(run_panel, "state_of", lambda run: next(answers, states[-1]))
    at.button(key="fix_overfitting_0").click().run()
    assert not at.exception
    [new] = [run for run in runs.all_runs(US) if run.id != old.id]
    assert at.session_state["runs_selected"] == [old.id, new.id]
