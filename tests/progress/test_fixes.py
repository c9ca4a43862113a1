"""What each note offers, and that an offer changes one setting alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cnn_core import texts
from cnn_core.analysis import comparison
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.progress.fixes import Fix, fixes
from cnn_core.progress.notes import Note

TRAIN = TrainConfig(epochs=12, patience=0, learning_rate=0.01)
KEYS = [key.removeprefix("note.") for key in texts.table("en") if key.startswith("note.")]


def offered(key: str, train: TrainConfig = TRAIN, dropout: float = 0.3, rate: str = "0.01") -> list:
    note = Note(key, "warning", 3, {"rate": rate, "epoch": 3})
    return [(it.field, it.value) for it in fixes(note, replace(TEXTBOOK, dropout=dropout), train)]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("diverged", [("learning_rate", "0.001")]),
        ("not_learning", [("learning_rate", "0.001"), ("learning_rate", "0.1")]),
        ("not_learning_high", [("learning_rate", "0.001")]),
        ("not_learning_low", [("learning_rate", "0.1")]),
        ("jump", [("learning_rate", "0.005")]),
        ("overfitting", [("dropout", "0.5"), ("patience", "3")]),
        ("gap", [("dropout", "0.5")]),
        ("more_epochs", [("epochs", "20")]),
        ("close", []),
        ("stopped", []),
    ],
)
def test_a_note_that_names_a_cause_offers_the_change(key: str, expected: list) -> None:
    assert offered(key) == expected


def test_nothing_is_offered_that_is_so_already_or_impossible() -> None:
    assert offered("overfitting", replace(TRAIN, patience=3), dropout=0.9) == []
    assert offered("overfitting", replace(TRAIN, patience=2), dropout=0.6) == [("dropout", "0.8")]
    assert offered("overfitting", replace(TRAIN, patience=8))[1] == ("patience", "3")
    assert offered("more_epochs", replace(TRAIN, epochs=100)) == []
    assert offered("more_epochs", replace(TRAIN, epochs=95)) == [("epochs", "5")]
    assert offered("not_learning_low", rate="2") == []


def test_the_rate_is_that_of_the_moment_not_of_the_order() -> None:
    assert offered("diverged", replace(TRAIN, learning_rate=1e-3), rate="0.5") == [
        ("learning_rate", "0.05")
    ]


@given(
    some.sampled_from(KEYS),
    some.floats(0, 0.9),
    some.integers(0, 100),
    some.integers(1, 100),
    some.floats(1e-9, 10),
)
def test_an_offer_changes_one_setting_alone(
    key: str, dropout: float, patience: int, epochs: int, rate: float
) -> None:
    model = replace(TEXTBOOK, dropout=dropout)
    train = TrainConfig(patience=patience, epochs=epochs, learning_rate=rate)
    found: tuple[Fix, ...] = fixes(Note(key, "info", 1, {"rate": f"{rate:.3g}"}), model, train)
    before = comparison.settings(model, train)
    for fix in found:
        after = comparison.settings(fix.model, fix.train)
        changed = comparison.differing([before, after])
        assert [setting.field for setting in changed] == [fix.field]
