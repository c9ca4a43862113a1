"""The page of runs without a browser: its rows, filters, selection, and what its buttons change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from visits import US, visit

from cnn_core import runs, texts
from cnn_core.analysis.evaluation import Predictions
from cnn_core.errors import RunError
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import EpochEnd, RunEnded, RunStarted, Score
from cnn_core.runs import marks, space
from cnn_core.runs.log import EventWriter
from pages.parts.runs import inside, pair
from pages.session import doors

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


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_visitors_are_told_before_runs_are_deleted_for_their_disk_space(
    visit, monkeypatch, language
):
    trained()
    warning = texts.say(language, "runs.disk", cap=20, days=space.ABSENT_DAYS)
    for nearly in (False, True):
        monkeypatch.setattr(space, "nearly_full", lambda cap, nearly=nearly: nearly)
        at = visit("runs", language=language)
        assert [it.value == warning for it in at.warning] == [True] * nearly


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
        ({"find": "20"}, []),
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


def test_trials_of_a_sweep_are_found_by_it_and_can_be_left_out(visit):
    sweep, tiny = "20260101-120000-abcdef", (TINY.model, TINY.train)
    trial = runs.create(*tiny, owner=US, name="trial", sweep=sweep, trial=3)
    runs.write_status(trial, "finished")
    assert "Sweep" in table(visit("runs"))
    trained(name="alone")
    assert sorted(names(visit("runs"))) == ["alone", "trial"]
    found = visit("runs", find=sweep)
    assert names(found) == ["trial"]
    assert table(found)["Sweep"] == [sweep]
    without = visit("runs", single="1")
    assert names(without) == ["alone"]
    assert "Sweep" not in table(without)
    without.checkbox(key="runs_single_box").uncheck().run()
    assert sorted(names(without)) == ["alone", "trial"]
    assert "single" not in without.query_params


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
    at.toggle(key="runs_everything.toggle").set_value(True).run()
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


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_failed_run_says_why_and_shows_no_empty_chart(language, visit):
    run = runs.create(TINY.model, TINY.train, owner=US, name="lost *run*")
    problem = RunError("run.killed")
    runs.write_status(run, "failed", error=problem)
    at = visit("runs", language, runs=run.id)
    assert not at.exception
    [error] = at.error
    assert problem.sentence(language) in error.value
    assert r"lost \*run\*" in error.value
    assert texts.say(language, "runs.no_curves") in [info.value for info in at.info]
    other = trained()
    at = visit("runs", language, runs=f"{run.id}~{other.id}")
    assert problem.sentence(language) in at.error[0].value
    assert texts.say(language, "runs.no_curves") not in [info.value for info in at.info]


def test_runs_of_a_link_are_the_first_rows_whatever_was_filtered_before(visit):
    ids = [trained(name=f"run {number}").id for number in range(15)]
    before = names(visit("runs"))
    at = visit("runs", find="nothing has this", starred="1", single="1")
    for chosen in ([0, 2], [1]):
        at.query_params.clear()
        at.query_params["runs"] = "~".join(ids[number] for number in chosen)
        at.switch_page("pages/glossary.py").run().switch_page("pages/runs.py")
        at.query_params["runs"] = "~".join(ids[number] for number in chosen)
        at.run()
        first = [f"run {number}" for number in chosen]
        assert names(at)[: len(first)] == first
        assert names(at)[len(first) :] == [name for name in before if name not in first]


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


def test_a_run_that_was_deleted_here_is_not_missed(visit):
    run = trained(name="one")
    at = visit("runs", runs=run.id)
    press(at, f"delete_{run.id}")
    press(at, f"delete_yes_{run.id}")
    assert not runs.exists(run)
    assert not at.warning
    assert "runs" not in at.query_params


def test_no_address_in_between_leads_back_to_the_image(visit, monkeypatch):
    monkeypatch.setattr(
        inside, "one_image", lambda selected: ({"part": "test", "index": "3"}, inside.nothing)
    )
    one, two = trained(name="one"), trained(name="two")
    at = visit("runs", runs=f"{one.id}~{two.id}", view="kernels")
    for view in ("image", "kernels"):
        at.session_state["runs_view"] = view
        at.run()
    _, addresses = at.session_state["address_said"]
    assert {"image", "kernels"} == {address["view"] for address in addresses}
    for address in addresses:
        assert ("index" in address) == (address["view"] == "image")


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


def predictions(right: str) -> Predictions:
    """Of images of class 0: "+" is classified correctly, "-" is not."""
    probabilities = np.array([[1, 0] if sign == "+" else [0, 1] for sign in right], np.float32)
    return Predictions(probabilities, np.zeros(len(right), np.int64), 0, len(right), "sample")


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        ("+" * 29 + "-" * 41, "-" * 29 + "+" * 41, "runs.mcnemar_chance"),
        ("+" * 5 + "-" * 41, "-" * 5 + "+" * 41, "runs.mcnemar_real"),
        ("+" * 41 + "-" * 5, "-" * 41 + "+" * 5, "runs.mcnemar_real"),
        ("++-", "++-", "runs.mcnemar_same"),
    ],
)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_better_is_said_only_of_more_than_chance(first, second, key, language, monkeypatch):
    keys = []

    def say(key: str, **slots: object) -> str:
        keys.append(key)
        return texts.say(language, key, **slots)

    monkeypatch.setattr("pages.parts.runs.pair.t", say)
    sentence = pair.sentence(predictions(first), predictions(second), "wide", "deep")
    assert keys == [key]
    words = {"en": "better", "ko": "더 좋은"}
    assert (words[language] in sentence) == (key == "runs.mcnemar_real")
    if key == "runs.mcnemar_real":
        ahead = "deep" if second.count("+") > first.count("+") else "wide"
        behind = "wide" if ahead == "deep" else "deep"
        conclusion = sentence.rsplit(". ", 1)[-1]
        assert words[language] in conclusion
        assert f"**{ahead}**" in conclusion
        assert f"**{behind}**" not in conclusion


def test_one_button_repeats_a_set_up_and_the_queue_keeps_its_caps(visit):
    run = trained(name="wide", seed=5)
    at = visit("runs", runs=run.id)
    press(at, "runs_repeat_0_5")
    mine = [it for it in runs.all_runs(US) if it.id != run.id]
    assert sorted(it.train.seed for it in mine) == [6, 7, 8], "three may wait"
    assert {replace(it.train, seed=5) for it in mine} == {run.train}
    assert {it.model for it in mine} == {run.model}
    assert texts.say("en", "runs.waiting", count=1) in [it.value for it in at.info]
    assert len(at.session_state["runs_selected"]) == 4
    doors.engine().stop(mine[0], by=US)
    at.run()
    assert sorted(it.train.seed for it in runs.all_runs(US)) == [5, 6, 7, 8, 9]
    assert at.session_state["runs_to_order"] == []


def test_mean_and_deviation_over_seeds(visit):
    some = [
        trained(name="wide", seed=seed, accuracy=it) for seed, it in enumerate((0.90, 0.92, 0.97))
    ]
    at = visit("runs", runs=some[0].id)
    assert any(it.value.startswith("**wide") and "93.00% ± 3.61" in it.value for it in at.markdown)
    assert not [it for it in at.button if it.key == "runs_repeat_0_3"]
    assert [it for it in at.button if it.key == "runs_repeat_0_5"]


@pytest.mark.parametrize("far", [True, False])
def test_two_set_ups_over_seeds_differ_only_beyond_chance(far, visit):
    wide = [trained(name="a", seed=seed, accuracy=0.90 + 0.01 * seed) for seed in range(3)]
    step = 0.5 if far else 0.005
    deep = [
        trained(name="b", seed=seed, accuracy=0.90 - step + 0.01 * seed, epochs=9)
        for seed in range(3)
    ]
    at = visit("runs", runs=f"{wide[0].id}~{deep[0].id}")
    said = " ".join(it.value for it in at.markdown)
    assert ("by more than the seeds explain" in said) is far
    assert ("this could be chance" in said) is not far


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_home_page_leads_to_the_race_and_one_button_starts_both(language, visit):
    home = visit("home", language)
    assert not home.exception
    at = visit("runs", language, race="fast~textbook")
    press(at, "race_start")
    mine = runs.all_runs(US)
    assert {it.train.epochs for it in mine} == {
        PRESETS["fast"].train.epochs,
        PRESETS["textbook"].train.epochs,
    }
    assert len({(it.train.dataset, it.train.seed, it.train.size) for it in mine}) == 1
    assert sorted(at.session_state["runs_selected"]) == sorted(it.id for it in mine)
    assert texts.say(language, "runs.two_trained") in [it.value for it in at.info]


@pytest.mark.parametrize("race", ["", "fast", "no~such", "fast~fast", "~", "a~b~c"])
def test_a_bad_race_in_a_link_starts_nothing(race, visit):
    at = visit("runs", race=race)
    assert not at.exception
    assert runs.all_runs(US) == []


@pytest.mark.parametrize("bad", ["whose", "axis", "only", "is", "first", "second", "part", "index"])
def test_bad_links_open_the_page(bad, visit):
    run = trained(name="one")
    assert not visit("runs", runs=f"{run.id}~fashion~digits", **{bad: "²/%00<x>"}).exception
