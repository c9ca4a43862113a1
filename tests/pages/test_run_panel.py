"""The panel of a run on the playground, in every state: what it shows, promises and offers."""

from __future__ import annotations

import json
import shutil
from contextlib import closing

import pytest
from visits import BADGES, TINY, US, has, make_run, visit

from cnn_core import runs, texts
from cnn_core.engine import Engine
from cnn_core.errors import EngineError, RunError
from cnn_core.progress.events import (
    BatchEnd,
    EpochEnd,
    LayerFigures,
    LayersMeasured,
    Paused,
    RunStarted,
    Saved,
)
from cnn_core.runs import Run, holdout, record
from cnn_core.runs import control as steering
from cnn_core.runs.log import EventWriter
from cnn_core.runs.state import full_disk
from pages.session import doors
from pages.session.words import plain

__all__ = ["visit"]  # a fixture


def test_a_run_that_waits_for_a_worker_that_cannot_start_says_so(visit, monkeypatch):
    problem = EngineError("engine.worker_train", log="train.log")
    run = doors.engine().order(TINY.model, TINY.train, owner=US)
    monkeypatch.setattr(Engine, "problem", lambda self, kind: problem if kind == "train" else None)
    for language in texts.LANGUAGES:
        at = visit(language=language, run=run.id)
        assert plain(problem.sentence(language)) in [it.proto.text for it in at.get("progress")]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_run_that_waits_for_room_on_the_disk_says_so_and_can_be_stopped(visit, language):
    run = doors.engine().order(TINY.model, TINY.train, owner=US)
    runs.write_status(run, "queued", error=full_disk(run))
    at = visit(language=language, run=run.id)
    sentence = plain(full_disk(run).sentence(language))
    assert [it.proto.text for it in at.get("progress")] == [sentence]
    at.button(key="stop").click().run()
    assert not doors.engine().holds(run.id)
    assert not at.exception


def test_a_paused_run_tells_neither_a_speed_nor_a_time(visit):
    run = runs.create(TINY.model, TINY.train, owner=US)
    write = EventWriter(run)
    write(RunStarted(1, 8000, 250, "float32"))
    for number in (10, 20, 30):
        write(BatchEnd(1, number, 250, 1.0, 0.5, 1e-3, 400.0))
    runs.write_status(run, "running")
    [text] = [it.proto.text for it in visit(run=run.id).get("progress")]
    assert "400 images/s" in text
    assert "left" in text
    write(Paused(1, 30))
    write.close()
    [text] = [it.proto.text for it in visit(run=run.id).get("progress")]
    assert "batch 30 of 250" in text
    assert "images/s" not in text
    assert "left" not in text


def test_a_run_that_is_deleted_while_it_is_watched_is_told_in_a_sentence(visit, monkeypatch):
    run = doors.engine().order(TINY.model, TINY.train, owner=US)
    at = visit(run=run.id)
    assert not at.error
    monkeypatch.setattr(runs, "exists", lambda run: False)  # between the page and its live part
    for language in texts.LANGUAGES:
        at = visit(language=language, run=run.id)
        sentence = plain(RunError("run.deleted", id=run.id).sentence(language))
        assert [it.value for it in at.error] == [sentence]
        assert "run" not in at.query_params


def test_an_epoch_that_was_not_saved_is_not_promised(visit):
    run = runs.create(TINY.model, TINY.train, owner=US)
    write = EventWriter(run)
    write(RunStarted(1, 8000, 250, "float32"))
    for epoch in (1, 2):
        write(EpochEnd(epoch, 1.0, 0.5, 1.0, 0.5, 1e-3, 1.0))
    write.close()
    runs.write_status(run, "interrupted")
    assert any("No complete epoch was saved." in it.value for it in visit(run=run.id).markdown)
    (run.folder / "last.keras").touch()
    write = EventWriter(run)
    write(Saved(1))
    write.close()
    assert any("Saved up to epoch 1." in it.value for it in visit(run=run.id).markdown)


def test_a_pause_that_others_ended_is_told(visit):
    run = doors.engine().order(TINY.model, TINY.train, owner=US)
    steering.ask(run, by=US, paused=False, pause_ended=True)
    for language in texts.LANGUAGES:
        at = visit(language=language, run=run.id)
        assert texts.say(language, "panel.pause_ended") in [it.value for it in at.caption]


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(
    "state",
    [
        *("queued", "loading", "running", "paused", "evaluating"),
        *("finished", "stopped", "diverged", "empty", "failed", "interrupted"),
    ],
)
def test_every_state_of_a_run_is_shown(state, language, visit):
    run = make_run(state)
    at = visit(language=language, run=run.id)
    assert not at.exception
    badge = texts.say(language, f"state.{BADGES.get(state, state)}")
    assert any(badge in markdown.value for markdown in at.markdown)
    assert len(at.metric) == (5 if state in {"finished", "stopped"} else 3)
    assert has(at, "resume_run") == (state in {"failed", "interrupted"})
    assert has(at, "stop") == (state in {"queued", "loading", "running", "paused", "evaluating"})


def test_the_buttons_of_a_run_write_what_is_wanted(visit):
    run = make_run("running")
    at = visit(run=run.id)
    at.button(key="pause").click().run()
    assert steering.read_control(run).paused
    at.button(key="step").click().run()
    assert steering.read_control(run).steps == 1
    at.button(key="resume").click().run()
    assert not steering.read_control(run).paused
    at.selectbox(key=f"rate_{run.id}.0").set_value(1e-4).run()
    assert steering.read_control(run).learning_rate == 1e-4
    at.button(key="stop").click().run()
    assert steering.read_control(run).stop
    assert not at.exception


def test_only_who_started_a_run_can_steer_it(visit):
    run = make_run("running", owner="somebody else")
    at = visit(run=run.id)
    assert not at.exception
    assert not any(has(at, key) for key in ("pause", "step", "stop", f"rate_{run.id}"))
    assert "Another visitor started this run" in " ".join(it.value for it in at.caption)


def test_only_who_started_an_interrupted_run_can_resume_it(visit):
    theirs, ours = make_run("interrupted", owner="somebody else"), make_run("interrupted")
    at = visit(run=theirs.id)
    assert not has(at, "resume_run")
    assert "Another visitor started this run" in " ".join(it.value for it in at.caption)
    assert not has(at, f"go_on_{theirs.id}")
    assert has(visit(run=ours.id), "resume_run")


def test_a_run_deleted_in_another_window_is_steered_with_a_sentence(visit):
    run = make_run("running")
    at = visit(run=run.id)
    shutil.rmtree(run.folder)
    at.button(key="pause").click().run()
    assert not at.exception
    assert "does not exist here" in " ".join(it.value for it in [*at.error, *at.warning])


def test_the_rate_another_window_asked_for_is_shown(visit):
    run = make_run("running")
    at = visit(run=run.id)
    assert at.selectbox(key=f"rate_{run.id}.0").value == TINY.train.learning_rate
    steering.ask(run, by=run.owner, learning_rate=3e-5)
    assert at.run().selectbox(key=f"rate_{run.id}.0").value == 3e-5


def test_a_run_on_images_nobody_knows_here_is_listed_and_opened_with_a_sentence(visit):
    run = make_run("finished")
    tree = json.loads((run.folder / "config.json").read_text())
    tree["train"]["dataset"] = "cats"
    record.write_json(run.folder / "config.json", tree)
    at = visit()
    at.session_state["runs"] = True
    at.run()
    at.button(key=f"open_{run.id}").click().run()
    assert not at.exception
    assert "no data set “cats”" in " ".join(it.value for it in [*at.error, *at.warning])


def test_the_test_accuracy_is_covered_until_somebody_asks_and_looks_are_counted(visit):
    run = make_run("finished")
    label = texts.say("en", "score.test")
    for looks in (1, 2):
        at = visit("playground", run=run.id)
        assert label not in [metric.label for metric in at.metric]
        assert "80.00%" in [metric.value for metric in at.metric], "validation is shown"
        at.button(key="show_test").click().run()
        for _ in range(2):
            assert label in [metric.label for metric in at.metric]
            assert not has(at, "show_test")
            counted = texts.say("en", "score.looks", count=looks)
            assert counted in [caption.value for caption in at.caption]
            at.run()
    assert holdout.count(run) == 2


def test_looks_at_a_run_that_cannot_be_written_count_for_the_window(visit, monkeypatch):
    run = make_run("finished")

    def full(run: Run) -> None:
        raise RunError("run.storage", folder="/full")

    monkeypatch.setattr(holdout, "add", full)
    at = visit("playground", run=run.id)
    at.button(key="show_test").click().run()
    assert texts.say("en", "score.looks", count=1) in [caption.value for caption in at.caption]
    assert not at.exception


def test_what_happens_inside_the_layers_is_a_closed_section_of_a_run_that_measured_it(visit):
    run = make_run("running")
    write = EventWriter(run)
    for batch in (1, 20, 40, 60):
        figures = {
            name: LayerFigures(0.5, 2e-3, 0.4, 0.0)
            for name in ("conv1", "conv2", "dense1", "output")
        }
        write(LayersMeasured(2, batch, 0.01, figures))
    write.close()
    for language in texts.LANGUAGES:
        at = visit(language=language, run=run.id)
        title = texts.say(language, "panel.layers")
        assert title in [it.label for it in at.expander]
        closed = len(at.get("echarts_chart"))
        at.session_state["layer_curves"] = True
        at.run()
        assert not at.exception
        assert len(at.get("echarts_chart")) == closed + 3
        sentence = texts.say(
            language, "note.update_usual",
            ratio="0.002", low="0.002", high="0.002", usual="0.001", count=4,
        )  # fmt: skip
        assert plain(sentence) in [it.value for it in at.success]


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(("state", "key"), [("running", "layers_soon"), ("finished", "layers_few")])
def test_few_measurements_are_promised_more_only_while_the_run_goes_on(language, state, key, visit):
    run = make_run(state)
    with closing(EventWriter(run)) as write:
        figures = {name: LayerFigures(0.5, 2e-3, 0.4, 0.0) for name in ("conv1", "output")}
        write(LayersMeasured(1, 1, 0.01, figures))
    at = visit(language=language, run=run.id)
    at.session_state["layer_curves"] = True
    at.run()
    assert not at.exception
    captions = [it.value for it in at.caption]
    wanted = {name: name == key for name in ("layers_soon", "layers_few")}
    assert {name: texts.say(language, f"panel.{name}") in captions for name in wanted} == wanted


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_run_without_measurements_of_its_layers_says_so(language: str, visit):
    sentence = texts.say(language, "panel.layers_none")
    at = visit(language=language, run=make_run("finished").id)
    assert sentence not in [it.value for it in at.caption]
    charts = len(at.get("echarts_chart"))
    at.session_state["layer_curves"] = True
    at.run()
    assert not at.exception
    assert sentence in [it.value for it in at.caption]
    assert len(at.get("echarts_chart")) == charts
    at.button(key="layers_example").click().run()
    assert not at.exception
    assert at.session_state["run"] == "fashion"
    assert sentence not in [it.value for it in at.caption]
    assert len(at.get("echarts_chart")) == charts + 3


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_network_that_comes_with_the_app_shows_what_happened_in_its_layers(language: str, visit):
    at = visit(language=language, run="fashion")
    charts = len(at.get("echarts_chart"))
    at.session_state["layer_curves"] = True
    at.run()
    assert not at.exception
    assert len(at.get("echarts_chart")) == charts + 3
    assert texts.say(language, "panel.layers_none") not in [it.value for it in at.caption]
    assert texts.say(language, "panel.layers_soon") not in [it.value for it in at.caption]
