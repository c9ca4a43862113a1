"""The gallery "fooled it": what it takes and refuses, who deletes, caps, and what a damaged file does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn_core import gallery, runs
from cnn_core.errors import GalleryError
from cnn_core.gallery import store
from cnn_core.gallery.entry import from_row, to_row
from cnn_core.labs.changes import apply
from cnn_core.planning.limits import Limits

IMAGE = np.random.default_rng(3).integers(0, 256, (28, 28, 1), dtype=np.uint8)
PLACE = {"part": "test", "of": "sample", "index": "4"}
LIMITS = Limits()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path))
    monkeypatch.delenv(store.SWITCH, raising=False)
    return tmp_path


def offer(**changes: Any) -> gallery.Offer:
    values: dict[str, Any] = {
        "run": "digits", "dataset": "mnist", "input_shape": (28, 28, 1), "source": "data",
        "place": PLACE, "image": IMAGE, "truth": 3, "strengths": {"rotate": 40, "zoom": 100},
    }  # fmt: skip
    return gallery.Offer(**(values | changes))


def answers(label: int, probability: float = 0.9) -> Callable[[np.ndarray], np.ndarray]:
    def predict(pixels: np.ndarray) -> np.ndarray:
        rest = (1 - probability) / 9
        return np.where(np.arange(10) == label, probability, rest).astype(np.float32)

    return predict


def never(pixels: np.ndarray) -> np.ndarray:
    raise AssertionError("the network was asked")


def add(owner: str = "me", angle: int = 40, **changes: Any) -> gallery.Entry:
    return gallery.submit(offer(strengths={"rotate": angle}, **changes), owner, answers(5), LIMITS)


def test_a_misread_change_is_kept_as_the_network_saw_it() -> None:
    seen: list[np.ndarray] = []

    def predict(pixels: np.ndarray) -> np.ndarray:
        seen.append(pixels)
        return answers(5)(pixels)

    gallery.submit(offer(), "me", predict, LIMITS)
    [entry] = gallery.entries("mnist", 0, 10)
    expected = np.rint(apply(IMAGE, {"rotate": 40}) * 255).astype(np.uint8)
    np.testing.assert_array_equal(entry.pixels, expected)
    np.testing.assert_array_equal(seen[0], expected)
    assert (entry.truth, entry.label, entry.source) == (3, 5, "data")
    assert entry.probability == pytest.approx(0.9)
    assert dict(entry.strengths) == {"rotate": 40}  # not the neutral ones
    assert dict(entry.place) == PLACE
    assert gallery.count("mnist") == 1
    assert gallery.count("fashion_mnist") == 0


@pytest.mark.parametrize(
    ("changes", "predict", "key"),
    [
        ({}, answers(3), "read_right"),
        ({}, answers(5, 0.6), "not_sure"),
        ({}, lambda pixels: np.full(10, np.nan), "not_sure"),
        ({"strengths": {"zoom": 100}}, never, "unchanged"),
        ({"strengths": {"rotate": 40.5}}, never, "bad_image"),
        ({"strengths": {"melt": 1}}, never, "bad_image"),
        ({"image": IMAGE[:27]}, never, "bad_image"),
        ({"image": np.zeros((28, 28, 1), np.uint8)}, never, "blank"),
        ({"strengths": {"contrast": 0}}, never, "blank"),
        ({"source": "draw", "place": {}, "truth": None}, never, "no_truth"),
        ({"source": "upload", "place": {}}, answers(5), "bad_image"),
        ({"source": "draw"}, answers(5), "bad_image"),  # with a place among the data
        ({"place": {**PLACE, "index": "-1"}}, answers(5), "bad_image"),
        ({"place": {**PLACE, "of": "<b>"}}, answers(5), "bad_image"),
        ({"centre": (900, 3)}, answers(5), "bad_image"),
    ],
)
def test_everything_else_is_refused_in_words_and_not_written(
    changes: dict[str, Any], predict: Any, key: str
) -> None:
    with pytest.raises(GalleryError) as refusal:
        gallery.submit(offer(**changes), "me", predict, LIMITS)
    assert refusal.value.key == f"gallery.{key}"
    assert str(refusal.value)
    assert gallery.entries("mnist", 0, 10) == []


def test_a_drawing_needs_no_change_but_a_meaning() -> None:
    drawing = IMAGE.astype(np.float32) / 255
    gallery.submit(
        offer(source="draw", place={}, strengths={}, image=drawing), "me", answers(5), LIMITS
    )
    [entry] = gallery.entries("mnist", 0, 10)
    np.testing.assert_array_equal(entry.pixels, IMAGE)
    assert not entry.place


def test_only_the_visitor_who_added_an_image_deletes_it() -> None:
    secret = "a secret word"
    entry = add(secret)
    assert gallery.is_own(entry, secret)
    assert not gallery.is_own(entry, "somebody else")
    assert secret.encode() not in store.path().read_bytes()
    for number, owner in ((entry.number, "somebody else"), (entry.number + 1, secret)):
        with pytest.raises(GalleryError, match="only delete"):
            gallery.remove(number, owner)
    assert gallery.count("mnist") == 1
    gallery.remove(entry.number, secret)
    assert gallery.count("mnist") == 0
    with pytest.raises(GalleryError, match="only delete"):
        gallery.remove(entry.number, secret)


def test_the_same_image_is_taken_only_once() -> None:
    add("me")
    with pytest.raises(GalleryError, match="already"):
        add("somebody else")


def test_a_visitor_adds_a_few_within_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    for angle in range(1, store.PER_VISITOR + 1):
        add("me", angle)
    with pytest.raises(GalleryError, match="10 minutes"):
        gallery.submit(offer(), "me", never, LIMITS)
    gallery.remove(gallery.entries("mnist", 0, 1)[0].number, "me")
    with pytest.raises(GalleryError, match="10 minutes"):  # deleting does not help
        gallery.submit(offer(), "me", never, LIMITS)
    add("somebody else", 60)
    now = store.time.time()
    monkeypatch.setattr(store.time, "time", lambda: now + store.WINDOW_S + 1)
    add("me", 61)


def test_all_visitors_together_add_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PER_SERVER", 3)
    for number in range(3):
        add(f"visitor {number}", number + 1)
    with pytest.raises(GalleryError, match="10 minutes"):
        add("another cookie", 50)


def test_a_visitor_has_at_most_so_many_and_the_oldest_give_way() -> None:
    limits = Limits(gallery=3, gallery_each=2)
    for angle, owner in enumerate(["a", "a", "b", "b"], 1):
        gallery.submit(offer(strengths={"rotate": angle}), owner, answers(5), limits)
    kept = [dict(entry.strengths)["rotate"] for entry in gallery.entries("mnist", 0, 10)]
    assert kept == [4, 3, 2]  # newest first
    with pytest.raises(GalleryError, match="2 images"):
        gallery.submit(offer(strengths={"rotate": 9}), "b", never, limits)
    assert [dict(entry.strengths)["rotate"] for entry in gallery.entries("mnist", 1, 1)] == [3]


def test_an_administrator_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    add("me")
    monkeypatch.setenv(store.SWITCH, "0")
    assert not gallery.is_on()
    assert gallery.entries("mnist", 0, 10) == []
    assert gallery.count("mnist") == 0
    with pytest.raises(GalleryError, match="no gallery"):
        gallery.submit(offer(), "me", never, LIMITS)


def test_without_a_file_there_is_nothing_and_none_is_made() -> None:
    assert gallery.entries("mnist", 0, 10) == []
    assert gallery.count("mnist") == 0
    with pytest.raises(GalleryError):
        gallery.remove(1, "me")
    assert not store.path().exists()
    assert store.path().parent == runs.home().parent


def test_a_row_is_what_was_written_and_a_damaged_one_is_left_out() -> None:
    first, second = add("me", 1), add("me", 2)
    again = from_row(first.number, first.owner, *to_row(first))
    assert to_row(again) == to_row(first)
    connection = sqlite3.connect(store.path())
    for column, value in (("body", "{}"), ("body", 3), ("pixels", b"short"), ("pixels", 7)):
        old = connection.execute(f"SELECT {column} FROM images WHERE number = 1").fetchone()[0]
        connection.execute(f"UPDATE images SET {column} = ? WHERE number = 1", (value,))
        connection.commit()
        assert [entry.number for entry in gallery.entries("mnist", 0, 10)] == [second.number]
        connection.execute(f"UPDATE images SET {column} = ? WHERE number = 1", (old,))
        connection.commit()
    connection.close()
    assert len(gallery.entries("mnist", 0, 10)) == 2


def test_a_file_that_is_none_is_one_sentence() -> None:
    store.path().parent.mkdir(parents=True, exist_ok=True)
    store.path().write_bytes(b"not a data base at all, and long enough to be seen" * 40)
    for call in (lambda: gallery.entries("mnist", 0, 1), lambda: gallery.count("mnist"), add):
        with pytest.raises(GalleryError, match="cannot be read or written"):
            call()
