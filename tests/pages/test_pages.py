"""The pages without a browser: both languages, every control, bad links, and every state of a run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cnn_core import arithmetic, runs, texts
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.engine import Engine
from cnn_core.errors import EngineError, RunError
from cnn_core.lessons import reader
from cnn_core.planning.links import from_query, to_query
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import (
    BatchEnd,
    EpochEnd,
    Evaluating,
    Paused,
    RunEnded,
    RunStarted,
    Saved,
    Score,
)
from cnn_core.runs import Run, holdout, record
from cnn_core.runs import control as steering
from cnn_core.runs.log import EventWriter
from pages.session import doors
from pages.session.words import plain

APP = Path(__file__).parents[2] / "app.py"
PAGES = re.findall(r'"pages/(\w+)\.py"', APP.read_text(encoding="utf-8"))
TINY = PRESETS["tiny"]
US = "this browser"
ONLY_WEIGHTS = shutil.ignore_patterns("*.json*")
Open = Callable[..., AppTest]


@pytest.fixture
def visit(frozen: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page as a new visitor. The engine keeps a queue and starts no process."""
    monkeypatch.setattr(Engine, "start", _answer_nothing)
    monkeypatch.setattr(doors.process, "engine", None)
    st.cache_resource.clear()

    def open_page(page: str = "playground", language: str = "en", **query: str) -> AppTest:
        at = AppTest.from_file(str(APP), default_timeout=60)
        at.session_state["language"] = language
        at.session_state["visitor"] = US
        at.run()
        for name, text in query.items():
            at.query_params[name] = text
        return at.switch_page(f"pages/{page}.py").run()

    yield open_page
    st.cache_resource.clear()


def _answer_nothing(engine: Engine) -> Engine:
    engine._tried.set()
    return engine


def test_a_client_that_clears_the_caches_makes_no_second_engine(visit):
    """Any browser may send that, and each engine has worker processes of its own."""
    visit()
    first = doors.engine()
    for _ in range(3):
        st.cache_resource.clear()
        st.cache_data.clear()
        assert not visit("kernels").exception
    assert doors.engine() is first


def test_a_run_that_waits_for_a_worker_that_cannot_start_says_so(visit, monkeypatch):
    problem = EngineError("engine.worker_train", log="train.log")
    run = doors.engine().order(TINY.model, TINY.train, owner=US)
    monkeypatch.setattr(Engine, "problem", lambda self, kind: problem if kind == "train" else None)
    for language in texts.LANGUAGES:
        at = visit(language=language, run=run.id)
        assert plain(problem.sentence(language)) in [it.proto.text for it in at.get("progress")]


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


@pytest.mark.parametrize("page", ["feature_maps", "explain", "surgery", "embedding", "kernels"])
@pytest.mark.parametrize("state", ["diverged", "stopped", "running"])
def test_weights_are_promised_only_of_a_run_that_may_still_get_some(page, state, visit):
    run = runs.create(TINY.model, TINY.train, owner=US)
    rows = [row for row in arithmetic.layer_table(TINY.model) if row.kind == "conv"]
    (run.folder / "snapshots").mkdir()
    np.savez(
        run.folder / "snapshots" / "epoch-000.npz",
        **{
            f"{row.name}/kernel": np.ones(
                (row.kernel, row.kernel, row.input_shape[2], row.output_shape[2]), np.float32
            )
            for row in rows
        },
        **{f"{row.name}/bias": np.zeros(row.output_shape[2], np.float32) for row in rows},
    )
    runs.write_status(run, state)
    at = visit(page, run=run.id)
    assert not at.exception
    told = " ".join(it.value for it in [*at.info, *at.warning])
    promised = {
        "running": "",
        "stopped": "ended before its first epoch",
        "diverged": "diverged before its first",
    }
    assert promised[state] in told
    if state != "running":
        assert "in a moment" not in told


def test_a_pause_that_others_ended_is_told(visit):
    run = doors.engine().order(TINY.model, TINY.train, owner=US)
    steering.ask(run, by=US, paused=False, pause_ended=True)
    for language in texts.LANGUAGES:
        at = visit(language=language, run=run.id)
        assert texts.say(language, "panel.pause_ended") in [it.value for it in at.caption]


def test_visitors_who_come_together_share_one_engine(visit):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: doors.engine(), range(32)))) == 1


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_in_both_languages(page, language, visit):
    at = visit(page, language)
    assert not at.exception
    assert [title.value for title in at.title] == [texts.say(language, f"{page}.title")]


def test_pages_are_found():
    assert {
        "home",
        "glossary",
        "images",
        "convolution",
        "playground",
        "runs",
        "sweep",
        "kernels",
        "feature_maps",
        "evaluation",
        "explain",
        "surgery",
        "embedding",
        "draw",
    } == set(PAGES)


def test_a_lesson_shows_its_answer_to_who_has_predicted_one(visit):
    at = visit("playground")
    assert not any("predict_" in str(button.key) for button in at.button), "it is closed"
    at.session_state["lesson_padding"] = True
    at.run()
    said = reader.read("en", "padding")
    assert not any(said.answer in it.value for it in at.markdown)
    wrong = (said.right + 1) % len(said.options)
    at.button(key=f"predict_padding_{wrong}").click().run()
    for _ in range(2):
        [answer] = [it.value for it in at.markdown if said.answer in it.value]
        assert texts.say("en", "lesson.wrong", letter="ABCD"[said.right]) in answer
        assert [it.value for it in at.markdown if said.reasons[wrong] in it.value] == [
            f":orange[**You chose {'ABCD'[wrong]}.**] {said.reasons[wrong]}"
        ]
        assert not has(at, "predict_padding_0")
        at.run()
    at.button(key="again_padding").click().run()
    at.button(key=f"predict_padding_{said.right}").click().run()
    assert any(texts.say("en", "lesson.right") in it.value for it in at.markdown)
    assert not at.exception


@pytest.mark.parametrize("page", sorted(set(reader.LESSONS.values())))
def test_a_page_shows_the_lessons_that_lead_to_it(page, visit):
    names = [name for name, place in reader.LESSONS.items() if place == page]
    path, _, query = page.partition("?")
    at = visit(path, **dict(parse_qsl(query)))
    for name in names:
        at.session_state[f"lesson_{name}"] = True
    at.run()
    said = [it.value for it in at.markdown]
    assert not at.exception
    assert [name for name in names if reader.read("en", name).body not in said] == []


def terms(at: AppTest) -> list[str]:
    """The lessons that the glossary lists."""
    labels = [entry.label for entry in at.expander]
    return [
        name
        for name in reader.LESSONS
        if any(label.startswith(f"**{reader.read('en', name).title}**") for label in labels)
    ]


# What a student types, and the lesson that explains it.
SEARCHES = {
    **{"특성 맵": "feature_map", "FEATURE map": "feature_map", "피처 맵": "feature_map"},
    **{"border of zeros": "padding", "평탄": "flatten", "과대적합": "overfitting"},
    **{"과적합": "overfitting", "보폭": "stride", "절편": "parameters", "매개변수": "parameters"},
    **{"수용장": "receptive_field", "뉴런": "filter", "neuron": "filter", "콜백": "early_stopping"},
    **{"callback": "checkpoint", "bias": "parameters", "logits": "softmax", "fit": "epoch"},
    **{"cross-entropy": "loss", "교차 엔트로피": "loss", "test set": "validation"},
    **{"오차 행렬": "confusion_matrix", "경사 하강법": "optimizer", "역전파": "optimizer"},
}


@pytest.mark.parametrize("words", SEARCHES)
def test_the_glossary_finds_a_term_by_any_of_its_names_in_either_language(words, visit):
    at = visit("glossary")
    at.text_input(key="glossary_search").set_value(words).run()
    headings = [it.value for it in at.header]
    mentioned = texts.say("en", "glossary.mentioned")
    count = len(at.expander)
    assert SEARCHES[words] in terms(at)
    assert headings != [mentioned], "a term, not only a text that mentions it"
    assert 0 < count < len(reader.LESSONS)


def test_the_glossary_searches_what_lessons_say(visit):
    at = visit("glossary")
    assert terms(at) == list(reader.LESSONS)
    at.text_input(key="glossary_search").set_value("equivariance").run()
    assert terms(at) == ["feature_map"]
    assert texts.say("en", "glossary.mentioned") in [it.value for it in at.header]
    at.text_input(key="glossary_search").set_value("xyz").run()
    assert terms(at) == []
    assert len(at.info) == 1


def test_a_link_opens_a_term_of_the_glossary(visit):
    at = visit("glossary", term="padding")
    said = [it.value for it in at.markdown]
    assert reader.read("en", "padding").body in said
    assert reader.read("en", "stride").body not in said
    assert address(at)["term"] == "padding"
    at = visit("glossary", term="<b>nothing")
    assert len(at.warning) == 1
    assert "term" not in address(at)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({}, ["(28, 28)", "(28, 28, 1)", "(1, 28, 28, 1)"]),
        ({"source": "data", "data": "mnist", "index": "7"}, ["(28, 28)", "(28, 28, 1)"]),
        ({"source": "photo", "photo": "flower"}, ["(427, 640, 3)", "(1, 427, 640, 3)"]),
    ],
)
def test_images_are_explained_without_any_worker(query, rows, visit, monkeypatch):
    monkeypatch.setattr(Engine, "look", _refuse)
    at = visit("images", **query)
    assert not at.exception
    shapes = [shape for table in at.table for shape in table.value["Shape"]]
    assert set(rows) <= set(shapes)
    assert "(1000, 28, 28, 1)" in shapes
    assert {name: address(at)[name] for name in query} == query
    assert {"row", "column", "cells"} <= address(at).keys()


def _refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("a worker was asked")


@pytest.mark.parametrize(
    "query",
    [
        {"source": "film"},
        {"data": "digits"},
        {"photo": "../china"},
        {"index": "123456"},
        {"row": "-1"},
        {"cells": "x"},
    ],
    ids=lambda query: "=".join(*query.items()),
)
def test_a_bad_link_to_an_image_is_one_sentence(query, visit):
    at = visit("images", **query)
    assert not at.exception
    assert len(at.warning) == 1
    assert (address(at)["source"], address(at)["index"]) == ("data", "0")


def test_the_window_of_a_link_stays_until_there_is_another_image(visit):
    at = visit("images", row="3", column="4", cells="6")
    place = ("row", "column", "cells")
    for _ in range(2):
        assert [address(at)[name] for name in place] == ["3", "4", "6"]
        at.run()
    at.number_input(key="images_index").set_value(5).run()
    moved, fresh = address(at), address(visit("images", index="5"))
    assert [moved[name] for name in place] == [fresh[name] for name in place]
    assert fresh["cells"] != "6"


def test_a_window_beyond_the_image_is_moved_inside(visit):
    at = visit("images", row="27", column="500", cells="12")
    assert not at.exception
    assert [address(at)[name] for name in ("row", "column", "cells")] == ["16", "16", "12"]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_shows_its_numbers(preset, visit):
    at = visit(**to_query(PRESETS[preset].model, PRESETS[preset].train))
    assert parameters(at) == total(PRESETS[preset].model)
    assert at.button_group(key="set_preset.0").value == preset


@pytest.mark.parametrize(
    ("control", "value"),
    [
        ("filters_0", 7),
        ("kernel_1", 6),
        ("padding_0", "valid"),
        ("pool_1", "none"),
        ("pool_size_0", 3),
        ("stride_0", 2),
        ("dense_0", 55),
        ("dropout", 0.0),
        ("dataset", "digits"),
    ],
)
def test_a_control_changes_the_numbers_at_once(control, value, visit):
    at = visit()
    before = shown(at)
    put(at, control, value)
    assert shown(at) != before
    model, _ = linked(at)
    assert parameters(at) == total(model)
    assert [row.name for row in arithmetic.layer_table(model)] == list(at.table[0].value.iloc[:, 0])


def test_blocks_and_dense_layers_come_and_go(visit):
    at = visit()
    for blocks, dense in ((4, 3), (1, 0), (3, 2)):
        at.button_group(key="set_blocks.0").set_value(blocks)
        at.button_group(key="set_dense_layers.0").set_value(dense).run()
        assert not at.exception
        model, _ = linked(at)
        assert (len(model.blocks), len(model.dense)) == (blocks, dense)
        assert parameters(at) == total(model)


def test_the_order_holds_every_setting(visit):
    at = visit()
    for control, value in {
        **{"filters_1": 48, "kernel_0": 5, "padding_1": "valid", "activation_0": "tanh"},
        **{"stride_0": 2, "pool_1": "average", "dropout": 0.45, "dense_0": 60},
        **{
            "dataset": "mnist",
            "train_size": 500,
            "epochs": 9,
            "batch_size": 64,
            "optimizer": "sgd",
        },
        **{"schedule": "one_cycle", "learning_rate": 0.01, "patience": 0, "seed": 5},
        **{"precision": "float32", "target": 0.85},
    }.items():
        put(at, control, value)
    at.button(key="train").click().run()
    [run] = runs.all_runs()
    assert run.model == ModelConfig(
        blocks=(
            ConvBlock(32, 5, stride=2, activation="tanh"),
            ConvBlock(48, padding="valid", pool="average"),
        ),
        dense=(60,),
        dropout=0.45,
    )
    assert run.train == TrainConfig(
        dataset="mnist",
        train_size=500,
        epochs=9,
        batch_size=64,
        optimizer="sgd",
        learning_rate=0.01,
        schedule="one_cycle",
        patience=0,
        seed=5,
        target=0.85,
        precision="float32",
    )
    assert linked(at) == (run.model, run.train)
    assert address(at)["run"] == run.id


def test_a_change_that_comes_with_an_old_address_is_not_lost(visit):
    at = visit()
    old = address(at)
    put(at, "dropout", 0.35)
    at.query_params.update(old)
    put(at, "dropout", 0.4)
    assert linked(at)[0].dropout == 0.4


def test_the_preset_is_released_by_the_change_that_leaves_it(visit):
    at = visit()
    put(at, "filters_0", 24)
    assert at.button_group(key="set_preset.0").value is None
    put(at, "filters_0", 32)
    assert at.button_group(key="set_preset.0").value == "textbook"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"blocks": "-5"}, "Filters must be between 1 and 512. Received filters=-5."),
        ({"blocks": "32.99"}, "Kernel size must be between 1 and 7."),
        ({"blocks": ""}, "Filters must be a whole number."),
        ({"blocks": "garbage"}, "Filters must be a whole number."),
        ({"blocks": "8~8~8~8~8"}, "Convolution blocks must be between 1 and 4."),
        ({"blocks": "8.3.1.same.relu.max.2.9"}, "a block has at most seven parts"),
        ({"dense": "100.0"}, "must be between 1 and 2048."),
        ({"dense": "1.2.3.4"}, "must be between 0 and 3."),
        ({"dropout": "inf"}, "must be a finite number."),
        ({"dropout": "0,3"}, "must be a finite number."),
        ({"data": "unknown"}, "There is no data set “unknown”."),
        ({"images": "3"}, "must be between 10 and"),
        ({"batch": "100000"}, "Batch size must be between 1 and 4096."),
        ({"epochs": "1e9"}, "must be a whole number."),
        ({"lr": "nan"}, "Learning rate must be a finite number."),
        ({"lr": "-1"}, "Learning rate must be between 0"),
        ({"seed": "99999999999999999999"}, "must be between 0 and 2147483647."),
        ({"size": "huge"}, "must be one of"),
        ({"opt": "<script>alert(1)</script>"}, "Optimizer must be one of"),
        ({"run": "../../etc"}, "“../../etc” is not a run."),
        ({"run": "20260131-142530-a1b2c3"}, "does not exist here."),
        ({"run": "/etc/passwd"}, "“/etc/passwd” is not a run."),
    ],
    ids=lambda it: "=".join(*it.items()) if isinstance(it, dict) else "",
)
def test_a_bad_link_is_one_sentence_and_the_textbook_network(query, says, visit, convscope_home):
    at = visit(**query)
    assert not at.exception
    assert len(at.warning) == 1
    assert says in at.warning[0].value
    assert parameters(at) == 333_526
    assert not at.button(key="train").disabled
    assert not convscope_home.exists()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            {"blocks": "512.3.1.same.relu.none", "batch": "4096", "dense": "none"},
            "One batch of 4096",
        ),
        (
            {"blocks": "512.7~512.7", "dense": "2048.2048"},
            "parameters; the limit on this server is",
        ),
        ({"epochs": "80"}, "80 epochs are too many"),
        ({"blocks": "8.7.1.valid~8.7.1.valid~8.7.1.valid"}, "shrinks to nothing at conv3: 28 → 22"),
    ],
)
def test_what_cannot_be_trained_is_said_before(query, says, visit):
    at = visit(**query)
    assert not at.exception
    assert says in re.sub(r"\\(.)", r"\1", at.error[0].value)
    assert len(at.error) == 1
    assert at.button(key="train").disabled


def test_one_click_mends_a_network_that_shrinks_to_nothing(visit):
    at = visit(blocks="8.7.1.valid~8.7.1.valid~8.7.1.valid")
    at.button(key="fix").click().run()
    assert not at.error
    assert not at.button(key="train").disabled
    assert arithmetic.fits(linked(at)[0])


def test_a_cap_that_is_no_number_is_a_sentence(visit, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "many")
    at = visit()
    assert not at.exception
    assert at.button(key="train").disabled
    assert "The limit on epochs must be a whole number" in at.error[0].value


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


@pytest.mark.parametrize("owner", [US, "somebody else"])
def test_the_list_offers_what_can_be_done_with_each_run(owner, visit):
    ours = owner == US
    states = ("running", "finished", "interrupted", "failed")
    made = {state: make_run(state, owner=owner) for state in states}
    at = visit()
    at.session_state["runs"] = True
    at.session_state["runs_mine"] = False
    at.run()
    assert not at.exception
    assert all(has(at, f"open_{run.id}") for run in made.values())
    resumable = {state for state, run in made.items() if has(at, f"go_on_{run.id}")}
    assert resumable == ({"interrupted", "failed"} if ours else set())
    deletable = {state for state, run in made.items() if has(at, f"delete_{run.id}")}
    assert deletable == ({"finished", "interrupted", "failed"} if ours else set())
    at.button(key=f"open_{made['finished'].id}").click().run()
    assert address(at)["run"] == made["finished"].id
    if not ours:
        return
    at.button(key=f"go_on_{made['interrupted'].id}").click().run()
    assert address(at)["run"] == made["interrupted"].id
    assert runs.status(made["interrupted"]).state == "queued"


def open_list(visit: Open, **query: str) -> AppTest:
    at = visit(**query)
    at.session_state["runs"] = True
    return at.run()


def test_a_run_is_renamed_in_the_list_and_called_so_on_every_page(visit):
    run = make_run("running")  # while it trains, too
    at = open_list(visit)
    at.button(key=f"rename_{run.id}").click().run()
    field = at.text_input(key=f"name_{run.id}")
    assert field.value == run.name
    field.set_value("my_first [try] #1 $x$")
    at.button(key=f"save_{run.id}").click().run()
    assert not at.exception
    assert runs.open_run(run.id).name == "my_first [try] #1 $x$"
    assert not any(it.key == f"name_{run.id}" for it in at.text_input)
    said = " ".join(it.value for it in at.markdown)
    assert r"my\_first \[try\] \#1 \$x\$ · " in said

    at.button(key=f"rename_{run.id}").click().run()
    assert at.text_input(key=f"name_{run.id}").value == "my_first [try] #1 $x$"
    at.text_input(key=f"name_{run.id}").set_value("another")
    at.button(key=f"cancel_{run.id}").click().run()
    assert runs.open_run(run.id).name == "my_first [try] #1 $x$"


def test_a_run_is_deleted_only_when_its_question_is_answered(visit):
    run, other = make_run("finished"), make_run("finished")
    at = open_list(visit, run=run.id)
    at.button(key=f"delete_{run.id}").click().run()
    assert run.folder.exists()
    question = texts.say("en", "runs.delete_question", name=plain(run.name))
    assert [it.value for it in at.warning] == [question]
    at.button(key=f"keep_{run.id}").click().run()
    assert not at.warning
    at.button(key=f"delete_{run.id}").click().run()
    at.button(key=f"delete_{other.id}").click().run()
    assert has(at, f"delete_yes_{other.id}")
    assert not has(at, f"delete_yes_{run.id}"), "one question at a time"
    at.button(key=f"delete_{run.id}").click().run()
    at.button(key=f"delete_yes_{run.id}").click().run()
    assert not at.exception
    assert not run.folder.exists()
    assert other.folder.exists()
    assert "run" not in address(at)


def test_nobody_renames_or_deletes_the_run_of_another(visit):
    run = make_run("finished", owner="somebody else")
    at = visit()
    for key, value in {"runs": True, "runs_mine": False, "runs_asked": ("delete", run.id)}.items():
        at.session_state[key] = value
    at.run()
    assert has(at, f"open_{run.id}")
    for what in ("rename", "delete", "delete_yes", "save", "go_on"):
        assert not has(at, f"{what}_{run.id}")


@pytest.mark.parametrize(
    ("page", "key"),
    [
        *((page, "inside_run") for page in ("kernels", "feature_maps", "explain", "surgery")),
        *((page, "inside_run") for page in ("evaluation", "embedding")),
        ("draw", "draw_run"),
    ],
)
def test_a_choice_of_networks_shows_names_as_they_were_typed(page, key, visit):
    made = [make_run("finished", name="a_b [c] #d $e$") for _ in range(2)]
    for run in made:
        shipped = runs.shipped_runs()[0]
        shutil.copytree(shipped.folder, run.folder, dirs_exist_ok=True, ignore=ONLY_WEIGHTS)
    at = visit(page)
    assert not at.exception
    options = at.selectbox(key=f"{key}.0").options
    typed = [option for option in options if option.startswith("a_b [c] #d $e$ · ")]
    assert len(set(typed)) == 2


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


def test_no_address_in_an_error_becomes_a_link():
    said = plain("see https://example.org and www.example.org")
    assert "://" not in said
    assert "www." not in said
    assert said.replace("\u2060", "").replace("\\", "").startswith("see https://example.org and")


@pytest.mark.slow  # it is a whole server, with its workers
def test_the_server_never_loads_what_only_workers_need(tmp_path):
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({str(APP)!r}, default_timeout=60).run()
for page in {PAGES!r}:
    at.switch_page(f"pages/{{page}}.py").run()
    assert not at.exception
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=APP.parent, check=True
    )
    loaded = set(done.stdout.split())
    assert {"streamlit", "cnn_core", "numpy"} <= loaded
    assert not loaded & {"keras", "tensorflow", "sklearn", "optuna"}


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


BADGES = {"loading": "running", "empty": "finished"}
CLAIMS = {**BADGES, "paused": "running", "evaluating": "running"}


def make_run(state: str, owner: str = US, name: str = "<b>a_b*") -> Run:
    """A run on disk in that state, as a worker would have left it."""
    run = runs.create(TINY.model, TINY.train, owner=owner, name=name)
    status = CLAIMS.get(state, state)
    error = RunError("run.failed", kind="ValueError") if state == "failed" else None
    runs.write_status(run, "running" if status == "interrupted" else status, error=error)
    emit = EventWriter(run)
    for event in told(state):
        emit(event)
    emit.close()
    if status == "interrupted":
        tree = json.loads((run.folder / "status.json").read_text())
        record.write_json(run.folder / "status.json", {**tree, "pid": 0})
    return run


def told(state: str) -> Iterator[Any]:
    if state in {"queued", "loading"}:
        return
    yield RunStarted(params=26_698, images=8000, batches=125, precision="float32")
    yield BatchEnd(1, 60, 125, 1.2, 0.6, 2e-3, 5000.0)
    if state in {"empty"}:
        yield RunEnded("diverged", 1, 0, 3.0)
        return
    yield EpochEnd(1, 0.9, 0.7, 0.6, 0.8, 2e-3, 3.0, best=True)
    if state == "paused":
        yield Paused(2, 7)
    if state == "evaluating":
        yield Evaluating()
    if state in {"finished", "stopped"}:
        scores = {part: Score(0.5, 0.8) for part in ("train", "val", "test")}
        yield RunEnded(state, 5, 4, 16.0, scores, [[0.1] * 10] * 25)
    if state == "diverged":
        yield RunEnded("diverged", 2, 1, 5.0)


def put(at: AppTest, control: str, value: Any) -> None:
    """Set a control, as a visitor would."""
    key = f"set_{control}"
    kinds = (at.number_input, at.selectbox, at.slider, at.select_slider)
    [widget] = [widget for kind in kinds for widget in kind if widget.key in (key, f"{key}.0")]
    widget.set_value(value).run()
    assert not at.exception


def has(at: AppTest, key: str) -> bool:
    return any(button.key == key for button in at.button)


def shown(at: AppTest) -> list[Any]:
    """The totals and the table."""
    return [*(metric.value for metric in at.metric), at.table[0].value.to_dict()]


def parameters(at: AppTest) -> int:
    return int(at.metric[0].value.replace(",", ""))


def total(model: ModelConfig) -> int:
    return arithmetic.totals(arithmetic.layer_table(model)).params


def address(at: AppTest) -> dict[str, str]:
    """The parameters in the address bar."""
    asked = at.query_params.items()
    return {name: text if isinstance(text, str) else text[0] for name, text in asked}


def linked(at: AppTest) -> tuple[ModelConfig, TrainConfig]:
    """The set-up that the address bar names, with the input of its data set."""
    from pages.parts.playground import setup

    return setup.fit_to_data(*from_query(address(at)))
