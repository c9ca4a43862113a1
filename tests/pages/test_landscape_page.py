"""The page "Loss landscape" without a browser; looks are answered in this process, losses by a bowl."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from visits import TINY, US, address, visit

from cnn_core import runs, texts
from cnn_core.analysis import landscape
from cnn_core.engine.landscape import Question
from cnn_core.errors import EngineError
from pages.network import answers, choice
from pages.parts.landscape import chart
from pages.session import settings

__all__ = ["visit"]  # a fixture
RUN = "digits"
EPOCHS = runs.open_run(RUN).train.epochs


class Worker:
    """Answers as a worker would: a plane with the path of each run, and a bowl around the centre."""

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self.pieces: list[int] = []
        self.fails_at: int | None = None
        self.few = False

    def plane(self, run: runs.Run, question: Question) -> Any:
        self.questions.append(question)
        x, y = landscape.grid(np.array([[-3, -1], [1, 2]], np.float32), question.grid)
        kind = "random" if self.few else question.kind
        walkers = [run.id, question.other] if question.other else [run.id]
        path = {"epochs": np.arange(4), "points": np.array([[-3, -1], [-1, 2], [0, 0], [1, 0]])}
        return {
            "kind": kind, "x": x, "y": y, "parameters": 18_816,
            "share": np.array([0.6, 0.25] if kind == "path" else [0, 0]),
            "paths": [path for _ in walkers] if kind == "path" else [],
        }  # fmt: skip

    def losses(self, run: runs.Run, question: Question, first: int, count: int) -> Any:
        if self.fails_at == first:
            raise EngineError("engine.failed", kind="ValueError")
        self.pieces.append(first)
        plane = self.plane(run, question)
        columns, rows = np.meshgrid(plane["x"], plane["y"])
        return (0.25 + columns**2 + rows**2).ravel()[first : first + count]


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    fake = Worker()
    monkeypatch.setattr(answers, "plane", fake.plane)
    monkeypatch.setattr(answers, "losses", fake.losses)
    yield fake
    st.cache_resource.clear()


def said(at: Any) -> str:
    kinds = (at.markdown, at.caption, at.info, at.warning, at.error)
    return " ".join(it.value for kind in kinds for it in kind)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_landscape_of_a_shipped_run_says_how_little_it_shows(language, visit, worker):
    at = visit("landscape", language, run=RUN)
    assert not at.exception
    values = {it.label: it.value for it in at.metric}
    assert values[texts.say(language, "landscape.centre")] == "0.25"
    assert values[texts.say(language, "landscape.share")] == "85.0%"
    assert "85.0%" in said(at)
    only = texts.say(language, "landscape.only_convolutions", parameters="18,816", total="26,698")
    assert only.split(",")[0][:20] in said(at)
    assert texts.say(language, "landscape.reading_path") in said(at)
    assert address(at)["run"] == RUN


def test_the_settings_of_a_link_are_asked_for_and_stay_in_the_address(visit, worker):
    link = {"plane": "random", "part": "train", "grid": "25", "images": "1000", "seed": "3"}
    at = visit("landscape", run=RUN, **link)
    assert not at.exception
    asked = worker.questions[-1]
    assert (asked.kind, asked.part, asked.grid, asked.images, asked.seed) == (
        "random", "train", 25, 1_000, 3,
    )  # fmt: skip
    assert link.items() <= address(at).items()
    assert texts.say("en", "landscape.reading_random") in said(at)


@pytest.mark.parametrize(
    "wrong", [{"plane": "flat"}, {"grid": "9999"}, {"images": "60000"}, {"part": "test"}]
)
def test_a_link_that_asks_for_too_much_is_one_sentence(wrong, visit, worker):
    at = visit("landscape", run=RUN, **wrong)
    assert not at.exception
    assert [it for it in at.warning if "link_off" in it.icon]
    asked = worker.questions[-1]
    assert asked.grid == 15
    assert asked.images == 250


def test_a_second_run_of_another_architecture_is_one_sentence(visit, worker):
    at = visit("landscape", run=RUN, other="fashion")
    assert not at.exception
    wanted = texts.say("en", "landscape.other_architecture")
    same = runs.open_run(RUN).model == runs.open_run("fashion").model
    assert (wanted in said(at)) is not same
    assert worker.questions[-1].other == ("fashion" if same else "")


def finished(epochs: int = 4) -> runs.Run:
    """A run of the same architecture as the shipped one, ended."""
    like = runs.open_run(RUN)
    run = runs.create(like.model, like.train, owner=US, name="second")
    (run.folder / "snapshots").mkdir()
    for epoch in range(epochs):
        source = like.folder / "snapshots" / f"epoch-{epoch:03d}.npz"
        (run.folder / "snapshots" / source.name).write_bytes(source.read_bytes())
    (run.folder / "best.keras").write_bytes((like.folder / "best.keras").read_bytes())
    runs.write_status(run, "finished")
    return run


def test_two_runs_in_one_plane_are_named_and_in_the_address(visit, worker):
    other = finished()
    at = visit("landscape", run=RUN, other=other.id)
    assert not at.exception
    assert worker.questions[-1].other == other.id
    assert address(at)["other"] == other.id
    assert "second" in said(at)


def test_the_network_that_learned_from_changed_images_too_is_offered_beside_its_twin(visit, worker):
    at = visit("landscape", run="fashion")
    label, name = texts.say("en", "landscape.other"), texts.say("en", "shipped.fashion_augmented")
    box = next(box for box in at.selectbox if box.label == label)
    box.select(box.options[box.options.index(name)]).run()
    assert not at.exception
    assert worker.questions[-1].other == "fashion_augmented"
    assert address(at)["other"] == "fashion_augmented"


def test_two_runs_of_one_name_are_told_apart_in_the_legend(visit, worker, monkeypatch):
    drawn: list[Any] = []
    monkeypatch.setattr(chart, "draw_figure", lambda figure, **_: drawn.append(figure))
    first, second = finished(), finished()
    at = visit("landscape", run=first.id, other=second.id)
    assert not at.exception
    names = [line.name for line in drawn[-1].data if line.showlegend]
    assert len(names) == len(set(names)) == 2


def test_a_second_run_older_than_those_listed_is_shown_where_a_link_names_it(
    visit, worker, monkeypatch
):
    other = finished()
    monkeypatch.setattr(choice, "LISTED", 0)
    at = visit("landscape", run=RUN, other=other.id)
    assert not at.warning
    assert worker.questions[-1].other == other.id
    assert address(at)["other"] == other.id


def test_epochs_that_came_after_the_kept_one_ask_for_another_landscape(visit, worker):
    run = finished()
    at = visit("landscape", run=run.id)
    before = worker.questions[-1]
    source = run.folder / "snapshots" / "epoch-003.npz"
    (run.folder / "snapshots" / "epoch-004.npz").write_bytes(source.read_bytes())
    at.run()
    assert worker.questions[-1] == replace(before, written=worker.questions[-1].written)
    assert worker.questions[-1].written > before.written


def test_a_run_that_is_deleted_while_the_page_is_open_is_one_sentence(visit, worker, monkeypatch):
    run = finished()
    follow = settings.follow

    def delete_then_follow(*arguments):
        runs.delete(run, by=US)
        follow(*arguments)

    monkeypatch.setattr(settings, "follow", delete_then_follow)
    at = visit("landscape", run=run.id)
    assert not at.exception
    assert len(at.warning) == 1
    assert not worker.questions


def test_a_run_with_too_few_epochs_says_why_it_shows_random_directions(visit, worker):
    worker.few = True
    run = finished(epochs=2)
    at = visit("landscape", run=run.id)
    assert not at.exception
    assert texts.say("en", "landscape.few", epochs=2, least=3) in said(at)


def test_a_run_in_training_has_no_landscape_yet(visit, worker):
    run = finished()
    runs.write_status(run, "running")
    at = visit("landscape", run=run.id)
    assert not at.exception
    assert texts.say("en", "landscape.unfinished") in said(at)
    assert not worker.questions


def test_a_run_without_weights_is_one_sentence(visit, worker):
    run = runs.create(TINY.model, TINY.train, owner=US)
    runs.write_status(run, "stopped")
    at = visit("landscape", run=run.id)
    assert not at.exception
    assert not worker.questions


def test_a_worker_that_fails_midway_is_one_sentence_without_a_chart(visit, worker):
    worker.fails_at = 80
    at = visit("landscape", run=RUN)
    assert not at.exception
    assert len(at.error) + len(at.warning) == 1
    assert not at.metric


def test_a_computation_that_was_stopped_can_be_continued(visit, worker):
    at = visit("landscape", run=RUN)
    question = worker.questions[-1]
    at.session_state["landscape_stopped"] = question
    worker.pieces.clear()
    at.run()
    assert texts.say("en", "landscape.stopped") in said(at)
    assert not worker.pieces
    at.button(key="landscape_resume").click().run()
    assert not at.exception
    assert worker.pieces
    assert at.metric
