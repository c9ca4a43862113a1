"""The page of runs without a browser: its rows, filters, selection, and what its buttons change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_pages import US, visit

from cnn_core import runs, texts
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import EpochEnd, RunEnded, RunStarted, Score
from cnn_core.runs import marks
from cnn_core.runs.log import EventWriter

__all__ = ["visit"]  # a fixture
TINY = PRESETS["tiny"]
STRANGER = "another browser"


def trained(owner: str = US, name: str = "", accuracy: float = 0.8, **train: Any) -> runs.Run:
    """A finished run."""
    run = runs.create(TINY.model, replace(TINY.train, **train), owner=owner, name=name)
    write = EventWriter(run)
    write(RunStarted(1, 8000, 125, "float32"))
    for epoch in (1, 2):
        write(
            EpochEnd(epoch, 1.0 / epoch, 0.5, 0.9 / epoch, accuracy - 0.1 * (epoch == 1), 1e-3, 3.0)
        )
    scores = {part: Score(0.5, accuracy) for part in ("train", "val")} | {
        "test": Score(0.5, 0.4321)
    }
    write(RunEnded("finished", 2, 2, 6.0, scores))
    write.close()
    runs.write_status(run, "finished")
    return run


def table(at: AppTest) -> dict[str, list[Any]]:
    """Cells of the table of runs by column."""
    return at.dataframe[0].value.to_dict("list")


def names(at: AppTest) -> list[str]:
    """Names of the rows that did not come with ConvScope."""
    column = table(at)["Name"]
    return [name for name in column if "ready-made" not in name]


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def test_own_runs_are_listed_and_everybodys_on_request(visit):
    trained(name="mine")
    trained(STRANGER, name="theirs")
    assert names(visit("runs")) == ["mine"]
    assert set(names(visit("runs", whose="all"))) == {"mine", "theirs"}


def test_a_row_says_the_best_epoch_and_not_the_test_accuracy(visit):
    trained(name="mine", accuracy=0.8)
    columns = table(visit("runs"))
    assert columns["Validation accuracy"][0] == pytest.approx(80)
    assert columns["Best epoch"][0] == 2
    assert columns["Validation loss"][0] == pytest.approx(0.45)
    assert not [title for title in columns if "Test" in title]
    assert "43.21" not in json.dumps(columns, default=str)


def test_settings_that_vary_are_columns(visit):
    trained(learning_rate=0.01)
    trained(learning_rate=0.001)
    columns = table(visit("runs", find="8@"))
    assert sorted(columns["Learning rate"]) == [0.001, 0.01]
    assert "Dropout" not in columns


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({"find": "WIDE"}, ["wide"]),
        ({"find": "blurs wide"}, ["wide"]),
        ({"only": "batch_size", "is": "128"}, ["wide"]),
        ({"starred": "1"}, ["narrow"]),
        ({"find": "nothing has this"}, []),
        ({"only": "no such setting", "is": "5"}, ["narrow", "wide"]),
    ],
)
def test_filters(query, left, visit):
    wide = trained(name="wide", batch_size=128)
    marks.write_note(wide, "It blurs.", by=US)
    marks.star(trained(name="narrow", batch_size=64), True, by=US)
    at = visit("runs", **query)
    assert not at.exception
    found = names(at) if at.dataframe else []
    assert sorted(name.removeprefix("★ ") for name in found) == left
    assert bool(at.dataframe) or texts.say("en", "runs.none_pass") in [it.value for it in at.info]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_without_runs_the_page_says_what_to_do(language, visit):
    at = visit("runs", language)
    assert texts.say(language, "runs.none_yet") in [it.value for it in at.info]
    assert at.dataframe, "the networks that came with ConvScope are there"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_link_opens_the_comparison_with_what_differs(language, visit):
    first, second = trained(name="one", batch_size=64), trained(name="two", batch_size=128)
    at = visit("runs", language, runs=f"{first.id}~{second.id}", axis="seconds")
    assert not at.exception
    differences = at.dataframe[1].value.to_dict("list")
    assert differences["one"][-1] == "64"
    assert differences["two"][-1] == "128"
    assert len(differences["one"]) == 5, "four figures and the one setting"
    at.toggle(key="runs_everything").set_value(True).run()
    assert len(at.dataframe[1].value) > 15
    assert at.query_params["runs"] == [f"{first.id}~{second.id}"] or at.query_params["runs"]


def test_a_link_to_a_strangers_run_lists_everybodys(visit):
    theirs = trained(STRANGER, name="theirs")
    assert "theirs" in names(visit("runs", runs=theirs.id))


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_run_that_was_deleted_elsewhere_is_missed_in_one_sentence(language, visit):
    here, gone = trained(name="here"), trained(name="gone")
    runs.delete(gone, by=US)
    at = visit("runs", language, runs=f"{here.id}~{gone.id}~not-an-id")
    assert [it.value for it in at.warning] == [texts.say(language, "runs.gone", count=2)]
    at.run()
    assert not at.warning
    runs.delete(here, by=US)
    at.run()
    assert [it.value for it in at.warning] == [texts.say(language, "runs.gone", count=1)]
    assert not at.exception


def test_more_than_eight_are_not_compared(visit):
    ids = [trained(seed=seed).id for seed in range(9)]
    at = visit("runs", runs="~".join(ids))
    assert not at.exception
    assert at.session_state["runs_selected"] == ids[:8]


def test_the_owner_stars_and_deletes_after_a_question(visit):
    one, two = trained(name="one"), trained(name="two")
    at = visit("runs", runs=f"{one.id}~{two.id}")
    press(at, "runs_star")
    assert marks.read(one).starred
    assert marks.read(two).starred
    press(at, "runs_delete_ask")
    assert runs.exists(one)
    press(at, "runs_delete_yes")
    assert not runs.exists(one)
    assert not runs.exists(two)
    assert at.session_state["runs_selected"] == []


def test_a_stranger_is_offered_no_change_and_the_core_refuses_one(visit):
    theirs = trained(STRANGER, name="theirs")
    at = visit("runs", runs=theirs.id)
    keys = {button.key for button in at.button}
    assert not keys & {"runs_star", f"delete_{theirs.id}", f"rename_{theirs.id}", "runs_resume"}
    assert not at.text_area


def test_the_test_accuracy_is_covered_until_it_is_asked_for(visit):
    run = trained(name="mine")
    at = visit("runs", runs=run.id)
    assert "43.21%" not in [it.value for it in at.metric]
    press(at, "show_test")
    assert "43.21%" in [it.value for it in at.metric]
    assert table(at)["Test accuracy"][0] == pytest.approx(43.21)


def test_a_note_is_kept(visit):
    run = trained(name="mine")
    at = visit("runs", runs=run.id)
    at.text_area(key=f"runs_note_{run.id}").set_value("It *blurs*.").run()
    assert marks.read(run).note == "It *blurs*."
    assert "It *blurs*." in table(at)["Note"]
