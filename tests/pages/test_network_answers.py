"""What networks answer is asked in one module, once for all visitors, and again when it may have changed."""

from __future__ import annotations

import ast
import inspect
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from small_runs import MODEL, SHORT

from cnn_core import datasets, runs
from cnn_core.analysis.edits import Edits
from cnn_core.analysis.evaluation import Predictions
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.engine.landscape import Question
from cnn_core.engine.looks import LOOKS
from cnn_core.errors import CnnError, EngineError
from cnn_core.labs.training_step import StepSettings
from pages.network import answers, memory

PAGES = Path(__file__).parents[2] / "pages"
OWNER = PAGES / "network" / "answers.py"
OTHERS = sorted(set(PAGES.rglob("*.py")) - {OWNER})
TOTAL = answers.PIECE + 500


class Worker:
    """Answers looks as an engine would, and counts them."""

    def __init__(self) -> None:
        self.asked = Counter[str]()
        self.patience: set[float] = set()
        self.tsne: Any = np.zeros((3, 2))
        self.problem: CnnError | None = None

    def look(self, name: str, run: runs.Run, *arguments: Any, timeout: float = 30.0) -> Any:
        self.asked[name] += 1
        self.patience.add(timeout)
        if self.problem:
            raise self.problem
        return getattr(self, f"_{name}", lambda *_: {"answer": np.array([self.asked[name]])})(
            *arguments
        )

    def _evaluate(self, train: Any, part: str, first: int, count: int) -> Predictions:
        shares = np.eye(10, dtype=np.float32)[np.arange(first, min(first + count, TOTAL)) % 10]
        return Predictions(shares, shares.argmax(axis=1), first, TOTAL, "sample")

    def _survey(self, train: Any, first: int, count: int) -> dict[str, Any]:
        rows = max(0, min(count, 700 - first))
        return {"conv1": {"peak": np.ones((rows, 4)), "saturated": np.zeros(4)}}

    def _tsne(self, train: Any, count: int, perplexity: float) -> Any:
        return self.tsne


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    fake = Worker()
    monkeypatch.setattr(answers, "engine", lambda: fake)
    st.cache_resource.clear()
    yield fake
    st.cache_resource.clear()


@pytest.fixture
def run() -> runs.Run:
    return made_run("sample")


def made_run(size: str) -> runs.Run:
    made = runs.create(MODEL, replace(SHORT, size=size))
    (made.folder / "best.keras").write_bytes(b"weights")
    return made


REMEMBERED: dict[str, tuple[int, Callable[[runs.Run], Any]]] = {
    "evaluate": (1, lambda run: answers.piece(run, "val", 0)),
    "explanations": (
        1,
        lambda run: answers.explanations(
            run, np.zeros((8, 8, 1)), None, "conv1", 2, "grey", "black", untrained=False
        ),
    ),
    "deletion_curves": (
        1,
        lambda run: answers.deletion_curves(run, np.zeros((8, 8, 1)), None, "conv1", 2, "grey"),
    ),
    "deletion_sums": (1, lambda run: answers.deletion_sums(run, 5, 5, "conv1", 2, "grey")),
    "convolutions": (1, answers.convolutions),
    "preferred_pattern": (1, lambda run: answers.preferred_pattern(run, "conv1", 2, 0)),
    "survey": (2, answers.survey),
    "top_images": (1, lambda run: answers.top_images(run, "conv1", 0, (3, 1, 2))),
    "verdict": (1, lambda run: answers.verdict(run, Edits(), 0)),
    "ablation": (1, lambda run: answers.ablation(run, Edits(), "conv1", range(4), 100)),
    "pca": (1, lambda run: answers.pca(run, 100)),
    "tsne": (1, lambda run: answers.tsne(run, 100, 30)),
    "plane": (1, lambda run: answers.plane(run, Question(run.id))),
    "losses": (1, lambda run: answers.losses(run, Question(run.id), 0, 5)),
    "training_step": (1, lambda run: answers.training_step(run, StepSettings((0, 1)))),
}
"""By look, how many of them its function needs; all change with the weights."""


def trained_on(run: runs.Run) -> None:
    """Write other weights, as a resumed training does."""
    path = run.folder / "best.keras"
    path.write_bytes(b"better")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.relative_to(PAGES).as_posix())
def test_no_other_file_of_the_pages_asks_a_worker(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(attr="look")):
                pytest.fail(
                    f"line {node.lineno}: asks by itself; cnn_core's looks are functions of answers"
                )
            case ast.Name(id="PIECE" | "PATIENCE_S", ctx=ast.Store()):
                pytest.fail(f"line {node.lineno}: another {node.id}")


def test_each_look_has_one_function_that_says_what_it_returns() -> None:
    tree = ast.parse(OWNER.read_text("utf-8"))
    names = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "_look"
        if isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(names) == sorted(LOOKS)
    for name, function in inspect.getmembers(answers, inspect.isfunction):
        if function.__module__ == answers.__name__ and not name.startswith("_"):
            assert inspect.signature(function).return_annotation not in ("Any", inspect._empty), (
                name
            )


@pytest.mark.parametrize("look", REMEMBERED)
def test_an_answer_is_asked_once_and_again_after_a_resumed_training(look, worker, run):
    looks, ask = REMEMBERED[look]
    first = ask(run)
    assert ask(runs.open_run(run.id)) is first
    assert worker.asked == {look: looks}
    trained_on(run)
    ask(run)
    assert worker.asked == {look: 2 * looks}
    assert worker.patience == {answers.PATIENCE_S}


@pytest.mark.parametrize("look", [*REMEMBERED, "images"])
def test_an_answer_is_asked_again_when_the_full_data_set_arrives(look, worker, monkeypatch):
    run = made_run("full")
    ask = {**REMEMBERED, "images": (1, lambda run: answers.images(run, "test", (1, 2)))}[look][1]
    there = SimpleNamespace(value=False)
    monkeypatch.setattr(datasets, "available", lambda *_: there.value)
    ask(run)
    before = worker.asked[look]
    there.value = True
    ask(run)
    assert worker.asked[look] == 2 * before


def test_images_do_not_depend_on_the_weights(worker, run):
    first = answers.images(run, "test", [1, 2])
    trained_on(run)
    assert answers.images(run, "test", (1, 2)) is first
    answers.images(run, "test", (2, 1))
    answers.images(run, "val", (1, 2))
    assert worker.asked == {"images": 3}


def test_evaluation_report_embedding_and_chooser_share_their_predictions(worker, run):
    """The report is made on a thread of its own, where Streamlit knows no visitor."""
    told = []
    piece = answers.piece(run, "test", 0)  # embedding and chooser
    assert answers.known_predictions(run, "test") is None
    whole = answers.predictions(run, "test", lambda *done: told.append(done))  # evaluation
    assert worker.asked == {"evaluate": 2}
    assert told == [(answers.PIECE, TOTAL)]
    assert (whole.probabilities[: answers.PIECE] == piece.probabilities).all()
    found = []
    thread = threading.Thread(target=lambda: found.append(answers.predictions(run, "test")))
    thread.start()
    thread.join()
    assert found == [whole]
    assert answers.known_predictions(run, "test") is whole
    assert worker.asked == {"evaluate": 2}
    assert answers.known_predictions(run, "val") is None
    trained_on(run)
    assert answers.known_predictions(run, "test") is None


def test_predictions_of_weights_that_changed_meanwhile_are_not_kept(worker, run):
    answers.predictions(run, "test", lambda *_: trained_on(run))
    assert answers.known_predictions(run, "test") is None


def test_a_question_that_failed_is_asked_again(worker, run):
    worker.problem = EngineError("engine.slow", seconds=1)
    for _ in range(2):
        with pytest.raises(EngineError):
            answers.pca(run, 10)
    worker.problem = None
    assert answers.pca(run, 10)
    assert worker.asked == {"pca": 3}


def test_t_sne_is_asked_until_it_is_done(worker, run):
    points, worker.tsne = worker.tsne, None
    assert answers.tsne(run, 100, 30) is None
    assert answers.known_tsne(run, 100, 30) is None
    worker.tsne = points
    assert answers.tsne(run, 100, 30) is points
    assert answers.known_tsne(run, 100, 30) is points
    assert answers.known_tsne(run, 100, 50) is None
    assert worker.asked == {"tsne": 2}


def test_answers_of_every_kind_share_one_budget(worker, run, monkeypatch):
    monkeypatch.setattr(memory, "BUDGET_MB", 0.002)
    for perplexity in range(9):
        answers.tsne(run, 100, perplexity)
        answers.pca(run, 100 + perplexity)
    assert answers.known_tsne(run, 100, 0) is None
    assert answers.known_tsne(run, 100, 8) is not None
    assert 0 < memory.kept().bytes <= 2_000


def test_what_moves_is_asked_each_time_with_the_patience_of_the_page(worker, run):
    image = np.zeros((8, 8, 1), np.uint8)
    for patience in (0.5, 5.0):
        answers.predict(run, image[np.newaxis], patience)
        answers.feature_maps(run, image, patience=patience)
    answers.operate(run, image, Edits())
    answers.examples(run, 5, 1)
    answers.examples(run, 5, 1)
    assert worker.asked == {"predict": 2, "feature_maps": 2, "operate": 1, "examples": 2}
    assert worker.patience == {0.5, 5.0, answers.PATIENCE_S}


def test_a_run_without_weights_is_refused_in_a_sentence(worker):
    with pytest.raises(CnnError):
        answers.piece(runs.create(MODEL, SHORT), "test", 0)
    assert not worker.asked


def test_a_look_into_a_large_network_takes_fewer_parts():
    small = runs.open_run("digits")
    assert answers.per_look(small, 80, passes=250) == 80
    blocks = (ConvBlock(128, 7), ConvBlock(128, 7))
    large = replace(small, model=ModelConfig(blocks, (), 0.0, (32, 32, 3), 10))
    assert 1 <= answers.per_look(large, 80, passes=250) < 10
    assert answers.per_look(large, 80, passes=100_000) == 1
