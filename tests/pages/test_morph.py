"""From one image to another on "Fool it": links, the last image, what a browser sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import streamlit as st
import visits
from visits import address

from cnn_core import runs
from cnn_core.analysis.evaluation import Predictions
from cnn_core.errors import EngineError
from pages.network import answers, in_browser
from pages.parts.robustness import bench, morph

visit = visits.visit
LABELS = np.array([2, 0, 1, 3, 3, 9])


def bright(run: runs.Run, part: str, rows: Sequence[int]) -> np.ndarray:
    """Images as bright as their place."""
    return np.stack([np.full((28, 28, 1), place, np.uint8) for place in rows])


def refuse(*_: object) -> None:
    raise EngineError("engine.down", reason="a test")


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the component gets, of six test images."""
    mounted: list[dict[str, Any]] = []
    piece = Predictions(np.full((6, 10), 0.1, np.float32), LABELS, 0, 6, "sample")
    monkeypatch.setattr(in_browser, "reads", lambda run: True)
    monkeypatch.setattr(in_browser, "address", lambda run, place: {"name": "n", "url": place})
    monkeypatch.setattr(bench, "_mount", lambda **_: None)
    monkeypatch.setattr(morph, "_mount", lambda data, **_: mounted.append(data))
    monkeypatch.setattr(answers, "piece", lambda *_: piece)
    monkeypatch.setattr(answers, "images", bright)
    monkeypatch.setattr(answers, "adversarial", refuse)
    return mounted


def of(place: int) -> str:
    return bench.packed(np.full((28, 28, 1), place, np.uint8))


def test_the_way_begins_with_the_image_and_ends_with_one_of_another_class(
    visit: Any, mounted: list[dict[str, Any]]
) -> None:
    at = visit("robustness", run="digits", index="0")
    assert not at.exception
    assert (mounted[-1]["from"], mounted[-1]["to"]) == (of(0), of(3))
    assert "into" not in address(at)  # nobody chose it
    at.button("icon_robustness_morph_another").click().run()
    assert mounted[-1]["to"] == of(4)
    assert address(at)["number"] == "1"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_link_names_the_last_image_and_the_place_between(
    language: str, visit: Any, mounted: list[dict[str, Any]]
) -> None:
    at = visit("robustness", language, run="digits", into="9", mix="40")
    assert not at.exception
    assert (mounted[-1]["to"], mounted[-1]["now"]) == (of(5), 40)
    assert (address(at)["into"], address(at)["mix"]) == ("9", "40")


@pytest.mark.parametrize("wrong", [{"into": "10"}, {"into": "-1"}, {"mix": "101"}])
def test_what_there_is_not_is_said_and_changes_nothing(
    wrong: dict[str, str], visit: Any, mounted: list[dict[str, Any]]
) -> None:
    at = visit("robustness", run="digits", **wrong)
    assert not at.exception
    assert [warning.value for warning in at.warning if next(iter(wrong)) in warning.value]
    assert not wrong.keys() & address(at).keys()
    assert (mounted[-1]["to"], mounted[-1]["now"]) == (of(3), 0)


def test_an_image_that_the_visitor_keeps_becomes_the_last_one(
    visit: Any, mounted: list[dict[str, Any]]
) -> None:
    at = visit("robustness", run="digits", index="2")
    at.button("robustness_morph_keep").click().run()
    assert not at.exception
    assert (mounted[-1]["from"], mounted[-1]["to"]) == (of(2), of(2))
    at.number_input("image_number").set_value(5).run()
    assert (mounted[-1]["from"], mounted[-1]["to"]) == (of(5), of(2))
    assert "into" not in address(at)


def test_a_class_without_test_images_ends_with_another(
    visit: Any, mounted: list[dict[str, Any]]
) -> None:
    visit("robustness", run="digits", into="7", number="1")
    assert mounted[-1]["to"] == of(1)


def test_it_says_why_there_is_no_last_image(
    visit: Any, mounted: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    session: dict[str, Any] = {"language": "en"}
    monkeypatch.setattr(st, "session_state", session)
    monkeypatch.setattr(answers, "piece", refuse)
    sentences: list[str] = []
    monkeypatch.setattr(morph, "complain", lambda error: sentences.append(str(error)))
    monkeypatch.setattr(morph, "_controls", lambda run, image: 3)
    for name in ("t", "heading"):
        monkeypatch.setattr(morph, name, lambda text, **_: text)
    morph.morph(runs.open_run("digits"), None)  # type: ignore[arg-type]
    assert len(sentences) == 1
    assert not mounted


@pytest.mark.parametrize("sent", [None, 3, {"mix": "40"}, {"mix": 101}, {"mix": -1}, {"mix": 1.5}])
def test_what_else_a_browser_sends_changes_nothing(
    sent: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", session)
    session[morph.KEY] = {"mix": 40}
    morph._keep()
    session[morph.KEY] = sent
    morph._keep()
    assert session[morph.MIX] == 40
