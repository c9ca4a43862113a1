"""The page "How easily is it fooled?" without a browser: links, what a browser sends, large networks."""

from __future__ import annotations

import shutil
import types
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import streamlit as st
import visits
from visits import US, address

from cnn_core import runs
from cnn_core.labs.adversarial import METHODS, SIZES
from cnn_core.labs.changes import CHANGES
from pages.elements import pad
from pages.network import answers, choice, in_browser
from pages.parts.robustness import attack, bench
from pages.pictures.run_image import Chosen

visit = visits.visit
SENT = {name: change.neutral for name, change in CHANGES.items()}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    session: dict[str, Any] = {"language": "en"}
    monkeypatch.setattr(st, "session_state", session)
    return session


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_sliders_are_set_by_a_link(language: str, visit: Any) -> None:
    at = visit("robustness", language, run="digits", rotate="-14", blur="1.5", row="3", column="9")
    assert not at.exception
    assert at.session_state["robustness_slider_rotate"] == -14
    said = address(at)
    assert (said["rotate"], said["blur"], said["row"], said["column"]) == ("-14", "1.5", "3", "9")
    assert "zoom" not in said


@pytest.mark.parametrize("wrong", [{"rotate": "15.5"}, {"zoom": "x"}, {"row": "999"}])
def test_a_strength_that_there_is_not_is_said_and_changes_nothing(
    wrong: dict[str, str], visit: Any
) -> None:
    at = visit("robustness", run="digits", **wrong)
    assert not at.exception
    assert [it.value for it in at.warning if next(iter(wrong)) in it.value]
    assert not wrong.keys() & address(at).keys()


def test_many_possible_numbers_are_named_by_their_ends(visit: Any) -> None:
    at = visit("robustness", run="digits", size="-1", rotate="999")
    sentences = [it.value for it in at.warning]
    assert any("0 – 0.3." in sentence for sentence in sentences)
    assert any("-180 – 180." in sentence for sentence in sentences)


def test_what_the_browser_sends_is_kept(session: dict[str, Any]) -> None:
    session[bench.KEY] = {"values": {**SENT, "rotate": 30, "blur": 0.3, "centre": [4, 20]}}
    bench._keep()
    assert bench.strengths() == {**SENT, "rotate": 30, "blur": 0.3}
    assert (session["robustness_slider_row"], session["robustness_slider_column"]) == (4, 20)
    session[bench.KEY] = {"values": {**SENT, "centre": None}}
    bench._keep()
    assert bench.strengths() == SENT
    assert session["robustness_slider_row"] is None


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "x",
        {"values": 3},
        {"values": {"rotate": [1], "zoom": "100", "centre": 5}},
        {"values": {"rotate": 1e9, "blur": None, "centre": [1, 10**9]}},
        {"values": {"rotate": float("nan"), "centre": ["a", {}]}},
    ],
)
def test_whatever_else_it_sends_changes_nothing(sent: object, session: dict[str, Any]) -> None:
    session[bench.KEY] = sent
    bench._keep()
    assert bench.strengths() == SENT
    assert bench.centre() is None


def test_the_browser_gets_the_image_the_strengths_and_the_address_of_the_network(
    session: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted: list[dict[str, Any]] = []
    monkeypatch.setattr(bench, "_mount", lambda key, data, **_: mounted.append(data))
    for name in ("t", "class_names"):
        monkeypatch.setattr(bench, name, lambda key, **_: [str(key)])
    monkeypatch.setattr(in_browser, "address", lambda run, place: {"name": "n", "url": place})
    session["robustness_slider_rotate"] = 14
    pixels = np.full((28, 28, 1), 51, np.uint8)
    for image in (pixels, pixels.astype(np.float32) / 255):
        bench.bench(runs.open_run("digits"), Chosen(image, "title", None, {}))
    first, second = mounted
    assert first["image"] == second["image"]
    assert {it["name"]: it["now"] for it in first["changes"]} == {**SENT, "rotate": 14}
    assert first["network"] == {"name": "n", "url": bench.KEY}
    assert first["shape"] == [28, 28, 1]


def test_a_large_network_says_that_browsers_do_not_get_it(
    visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_browser, "MOST_MULTIPLICATIONS", 1)
    shares = np.full((3, 10), 0.1, np.float32)
    piece = answers.Predictions(shares, np.zeros(3, np.int64), 0, 3, "sample")
    monkeypatch.setattr(answers, "piece", lambda *_: piece)
    monkeypatch.setattr(
        answers, "images", lambda *args: np.zeros((len(args[2]), 28, 28, 1), np.uint8)
    )
    at = visit("robustness", run="digits")
    assert not at.exception
    assert any("too large" in it.value for it in at.info)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """What is asked of the worker: run, change, first image. There are 450 test images."""
    asked: list[tuple[str, str, int]] = []

    def answer(run: runs.Run, change: str, first: int, count: int) -> dict[str, Any]:
        asked.append((run.id, change, first))
        images = min(count, 450 - first)
        strengths = len(CHANGES[change].curve)
        return {"correct": np.linspace(images, images / 2, strengths), "images": images}

    monkeypatch.setattr(answers, "robustness", answer)
    return asked


def copied(run: runs.Run) -> runs.Run:
    """A finished run with the weights of another."""
    other = runs.create(run.model, run.train, owner=US, name="with augmentation")
    shutil.copy(run.folder / "best.keras", other.folder / "best.keras")
    shutil.copytree(run.folder / "snapshots", other.folder / "snapshots")
    runs.write_status(other, "finished")
    return other


def test_a_curve_is_measured_in_pieces_of_one_network_and_of_two(
    visit: Any, asked: list[tuple[str, str, int]]
) -> None:
    digits = runs.open_run("digits")
    other = copied(digits)
    at = visit("robustness", run="digits")
    assert not asked  # nothing is measured before a change was chosen
    at = visit("robustness", run="digits", change="rotate", beside=other.id)
    assert not at.exception
    assert asked == [
        (run, "rotate", first) for run in ("digits", other.id) for first in (0, 200, 400)
    ]
    assert any("450 test images" in it.value for it in at.caption)
    assert (address(at)["change"], address(at)["beside"]) == ("rotate", other.id)


def test_one_click_compares_with_the_same_network_trained_on_changed_images(
    visit: Any, asked: list[tuple[str, str, int]]
) -> None:
    at = visit("robustness", run="fashion")
    at.button("robustness_curve_augmented").click().run()
    assert not at.exception
    assert {(run, change) for run, change, _ in asked} == {
        ("fashion", "rotate"),
        ("fashion_augmented", "rotate"),
    }
    assert (address(at)["beside"], address(at)["change"]) == ("fashion_augmented", "rotate")
    assert any("mirrored" in caption.value for caption in at.caption)
    assert at.button("robustness_curve_augmented").disabled


def test_where_there_is_no_such_network_there_is_no_such_button(
    visit: Any, asked: list[tuple[str, str, int]]
) -> None:
    at = visit("robustness", run="digits")
    assert not [button for button in at.button if button.key == "robustness_curve_augmented"]


def test_one_click_trains_the_same_network_with_augmentation_and_the_next_compares(
    visit: Any, asked: list[tuple[str, str, int]]
) -> None:
    plain = copied(runs.open_run("digits"))
    other_window = visit("robustness", run=plain.id)
    at = visit("robustness", run=plain.id)
    at.button("robustness_train_twin").click().run()
    assert not at.exception
    other_window.button("robustness_train_twin").click().run()
    [twin] = [run for run in runs.all_runs(US) if run.id != plain.id]
    assert twin.model == plain.model
    assert twin.train == replace(plain.train, augmentation="geometry")
    assert twin.name == "with augmentation, augmented"
    assert not [button for button in at.button if button.key == "robustness_train_twin"]
    assert any("is training" in caption.value for caption in at.caption)

    shutil.copy(plain.folder / "best.keras", twin.folder / "best.keras")
    shutil.copytree(plain.folder / "snapshots", twin.folder / "snapshots", dirs_exist_ok=True)
    runs.write_status(twin, "finished")
    at = visit("robustness", run=plain.id)
    at.button("robustness_curve_augmented").click().run()
    assert {run for run, _, _ in asked} == {plain.id, twin.id}
    at = visit("robustness", "ko", run=twin.id)
    at.button("robustness_curve_augmented").click().run()
    assert not at.exception
    assert address(at)["beside"] == plain.id


def test_a_second_network_older_than_those_listed_is_measured_where_a_link_names_it(
    visit: Any, asked: list[tuple[str, str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = copied(runs.open_run("digits"))
    monkeypatch.setattr(choice, "LISTED", 0)
    at = visit("robustness", run="digits", change="blur", beside=other.id)
    assert not at.exception
    assert not [it for it in at.warning if "link_off" in it.icon]
    assert {run for run, *_ in asked} == {"digits", other.id}


def test_going_back_to_before_the_second_network_was_chosen_leaves_it_out(
    visit: Any, asked: list[tuple[str, str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = copied(runs.open_run("digits"))
    at = visit("robustness", run="digits", change="blur", beside=other.id)
    asked.clear()
    came_back = types.SimpleNamespace(is_history_navigation=True, query_string="")
    monkeypatch.setattr("pages.session.address.get_script_run_ctx", lambda: came_back)
    del at.query_params["beside"]
    at.run()
    assert not at.exception
    assert {run for run, *_ in asked} == {"digits"}
    assert "beside" not in address(at)


def test_a_network_of_another_data_set_is_not_compared(
    visit: Any, asked: list[tuple[str, str, int]]
) -> None:
    at = visit("robustness", run="digits", change="blur", beside="fashion")
    assert not at.exception
    assert any("to compare with" in it.value for it in at.warning)
    assert {run for run, *_ in asked} == {"digits"}
    assert "beside" not in address(at)


@pytest.fixture
def flipping(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Test images, and an answer that becomes class 1 by the fast method from size 0.1 on, by no other."""
    images = np.zeros((len(METHODS), len(SIZES), 28, 28, 1), np.float32)
    probabilities = np.zeros((len(METHODS), len(SIZES), 10), np.float32)
    probabilities[..., 0] = 1
    flip = SIZES.index(0.1)
    probabilities[0, flip:] = np.eye(10)[1]
    found = {"label": 0, "images": images, "probabilities": probabilities}
    shares = np.full((3, 10), 0.1, np.float32)
    piece = answers.Predictions(shares, np.zeros(3, np.int64), 0, 3, "sample")
    monkeypatch.setattr(answers, "piece", lambda *_: piece)
    monkeypatch.setattr(
        answers, "images", lambda run, part, rows: np.zeros((len(rows), 28, 28, 1), np.uint8)
    )
    monkeypatch.setattr(answers, "adversarial", lambda run, image: found)
    return found


@pytest.mark.parametrize(("method", "said"), [("fast", "0.100"), ("iterated", "the answer stays")])
def test_the_smallest_size_that_flips_is_said(
    method: str, said: str, visit: Any, flipping: dict[str, Any]
) -> None:
    at = visit("robustness", run="digits", method=method, size="0.1")
    assert not at.exception
    words = " ".join(it.value for it in at.markdown)
    assert said in words
    assert words.count("<figure>") >= 3
    assert address(at)["size"] == "0.1"
    expected = SIZES.index(0.1) if method == "fast" else None
    assert attack.smallest(flipping, METHODS.index(method)) == expected


def test_the_difference_is_grey_where_nothing_changed_and_white_at_its_size() -> None:
    before = np.full((1, 4, 1), 0.5, np.float32)
    after = before + np.array([0, 0.05, -0.05, 0.025], np.float32).reshape(1, 4, 1)
    assert attack.difference(before, after, 0.05).ravel().tolist() in (
        [128, 255, 0, 191],
        [128, 255, 0, 192],
    )
    assert set(attack.difference(before, before, 0.0).ravel().tolist()) == {128}


def test_an_attack_waits_for_the_end_of_a_stroke(
    visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(run: runs.Run, image: np.ndarray) -> dict[str, Any]:
        asked.append(run.id)
        images = np.zeros((len(METHODS), len(SIZES), 28, 28, 1), np.float32)
        probabilities = np.full((len(METHODS), len(SIZES), 10), 0.1, np.float32)
        return {"label": 0, "images": images, "probabilities": probabilities}

    monkeypatch.setattr(answers, "adversarial", answer)
    canvas = np.zeros((pad.SIDE, pad.SIDE), np.uint8)
    canvas[40:100, 60:80] = 255
    for live in (True, False):
        drawing = pad.Drawing(canvas, 1, live)
        monkeypatch.setattr(pad, "drawn", lambda key, drawing=drawing: drawing)
        at = visit("robustness", run="digits", source="draw")
        assert not at.exception
        assert any("when the stroke ends" in it.value for it in at.caption) is live
    assert asked == ["digits"]
