"""Runs whose files are valid JSON and yet not what a run writes: no page ends in an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from lengths import repeats
from visits import PAGES, events_of, make_run, visit

from cnn_core import runs, texts
from cnn_core.engine import Engine
from cnn_core.errors import RunError
from cnn_core.figures import curves
from cnn_core.progress import notes
from cnn_core.progress.events import from_json, to_json
from cnn_core.progress.history import History

_ = visit  # a fixture
odd = some.one_of(
    some.none(), some.booleans(), some.integers(), some.floats(), some.text(max_size=3),
    some.sampled_from([10**400, -1, 0, 1e300, [], {}, [[1, 2], [3]], {"test": 1}, "finished"]),
)  # fmt: skip
LINES = [json.loads(to_json(event)) for event in events_of("finished")]


@given(some.integers(0, len(LINES) - 1), some.data())
@settings(max_examples=repeats(40, 100), suppress_health_check=[HealthCheck.too_slow])
def test_whatever_one_field_of_an_event_holds_the_history_can_be_shown(line, data):
    tree = dict(LINES[line])
    tree[data.draw(some.sampled_from(sorted(set(tree) - {"kind"})))] = data.draw(odd)
    lines = [json.dumps(tree if index == line else it) for index, it in enumerate(LINES)]
    events = [event for text in lines if (event := read(text)) is not None]
    history = History.from_events(events, 5)
    assert history.fraction <= 1
    for _language in texts.LANGUAGES:
        table = texts.table(_language)
        for measure, make in (("loss", curves.loss_curves), ("accuracy", curves.accuracy_curves)):
            words = curves.CurveWords.of(table, measure)
            make(history, words=words, palette=curves_palette())
            curves.alt_text(history, measure, words=words)
    run = setup()
    for note in notes.narrate(history, run.train, run.model):
        note.sentence("en")


def read(line: str) -> Any:
    try:
        return from_json(line)
    except ValueError:
        return None


def curves_palette() -> Any:
    from cnn_core.figures import palette

    return palette.for_theme("light")


def setup() -> Any:
    from cnn_core.planning.presets import PRESETS

    return PRESETS["tiny"]


def unknown_reason(folder: Path) -> None:
    change_event(folder, reason="converged")


def unknown_score(folder: Path) -> None:
    change_event(folder, scores={"holdout": {"loss": 1, "accuracy": 1}})


def no_time(folder: Path) -> None:
    change_event(folder, seconds=None)


def words_for_numbers(folder: Path) -> None:
    change_event(folder, epochs="three", best_epoch="two")


def few_samples(folder: Path) -> None:
    images = np.zeros((5, 28, 28, 1), np.uint8)
    np.savez(folder / "examples.npz", images=images, labels=np.zeros(5, np.int64))
    change_event(folder, samples=[[0.1] * 10])


def samples_of_three_classes(folder: Path) -> None:
    few_samples(folder)
    change_event(folder, samples=[[0.1] * 3, [0.2] * 3])


def empty_status(folder: Path) -> None:
    (folder / "status.json").write_text("{}")


def odd_status(folder: Path) -> None:
    (folder / "status.json").write_text('{"state": "finished", "since": 1e999, "error": {"en": 3}}')


def other_shape(folder: Path) -> None:
    tree = json.loads((folder / "config.json").read_text())
    tree["model"]["input_shape"] = [8, 8, 1]
    (folder / "config.json").write_text(json.dumps(tree))


def odd_control(folder: Path) -> None:
    (folder / "control.json").write_text('{"steps": [], "learning_rate": "fast"}')


def epochs_out_of_place(folder: Path) -> None:
    lines = (folder / "events.jsonl").read_text().splitlines()
    trees = [json.loads(line) for line in lines]
    for tree in trees:
        if tree["kind"] in {"EpochEnd", "BatchEnd"}:
            tree |= {"epoch": 0, "loss": "low"}
    (folder / "events.jsonl").write_text("".join(json.dumps(tree) + "\n" for tree in trees))


DAMAGE = [
    unknown_reason, unknown_score, no_time, words_for_numbers, few_samples,
    samples_of_three_classes, empty_status, odd_status, other_shape, odd_control, epochs_out_of_place,
]  # fmt: skip


def change_event(folder: Path, **changes: Any) -> None:
    """Change the last event of the run."""
    lines = (folder / "events.jsonl").read_text().splitlines()
    lines[-1] = json.dumps({**json.loads(lines[-1]), **changes})
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")


@pytest.fixture(params=DAMAGE, ids=lambda it: it.__name__)
def damaged(request: pytest.FixtureRequest, convscope_home: Path) -> runs.Run:
    """A finished run with weights of its first epoch and one damage."""
    run = make_run("finished")
    (run.folder / "best.keras").write_bytes(b"no model")
    request.param(run.folder)
    return run


def test_every_page_opens_a_damaged_run(damaged, visit):
    for page in sorted(PAGES):
        at = visit(page, run=damaged.id)
        assert [error.value for error in at.exception] == [], page


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_network_that_cannot_be_asked_is_told_once_on_every_page(language, visit, monkeypatch):
    def refuse(*question: object, **options: object) -> None:
        raise RunError("run.failed", kind="ValueError")

    monkeypatch.setattr(Engine, "look", refuse)
    told, repeated = set(), set()
    for page in sorted(PAGES):
        at = visit(page, language, run="fashion")
        assert [error.value for error in at.exception] == [], page
        sentences = [warning.value for warning in at.warning]
        repeated |= {page} if len(sentences) > len(set(sentences)) else set()
        told |= {page} if sentences else set()
    assert {"surgery", "explain", "feature_maps", "evaluation"} <= told
    assert repeated <= {"explain"}  # whose second part, far below, asks for itself


def test_a_run_whose_network_does_not_take_its_images_is_damaged():
    run = make_run("finished")
    assert runs.open_run(run.id) == run
    other_shape(run.folder)
    with pytest.raises(RunError) as caught:
        runs.open_run(run.id)
    assert caught.value.key == "run.unreadable"
    assert runs.all_runs() == []
