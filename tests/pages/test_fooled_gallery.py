"""The gallery "fooled it" on its page: who adds what, what is shown of it, and who deletes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import visits
from streamlit.testing.v1 import AppTest

from cnn_core import gallery, runs, texts
from cnn_core.analysis.evaluation import Predictions
from cnn_core.errors import EngineError
from cnn_core.gallery import store
from cnn_core.planning.limits import Limits
from pages.elements import pad
from pages.network import answers, in_browser
from pages.parts.robustness import bench, fooled, morph

visit = visits.visit
ADD, MEANT = "robustness_fooled_add", "robustness_fooled_meant.0"
LABELS = np.arange(6)


def refuse(*_: object) -> None:
    raise EngineError("engine.down", reason="a test")


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """A network that browsers get and that answers "label" with "probability"; what it was asked."""
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path))
    monkeypatch.delenv(store.SWITCH, raising=False)
    network: dict[str, Any] = {"label": 7, "probability": 0.95, "asked": []}

    def predict(run: runs.Run, images: np.ndarray) -> np.ndarray:
        network["asked"].append(images)
        rest = (1 - network["probability"]) / 9
        answer = np.where(np.arange(10) == network["label"], network["probability"], rest)
        return np.tile(answer, (len(images), 1))

    def images(run: runs.Run, part: str, rows: Sequence[int]) -> np.ndarray:
        pictures = np.zeros((len(rows), 28, 28, 1), np.uint8)
        pictures[:, 8:20, 12:16] = 200
        return pictures

    piece = Predictions(np.full((6, 10), 0.1, np.float32), LABELS, 0, 6, "sample")
    monkeypatch.setattr(in_browser, "reads", lambda run: True)
    monkeypatch.setattr(in_browser, "address", lambda run, place: {"name": "n", "url": place})
    for part in (bench, morph):
        monkeypatch.setattr(part, "_mount", lambda **_: None)
    monkeypatch.setattr(answers, "piece", lambda *_: piece)
    monkeypatch.setattr(answers, "images", images)
    monkeypatch.setattr(answers, "predict", predict)
    monkeypatch.setattr(answers, "adversarial", refuse)
    return network


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    canvas = np.zeros((pad.SIDE, pad.SIDE), np.uint8)
    canvas[40:100, 60:80] = 255
    monkeypatch.setattr(pad, "drawn", lambda key: pad.Drawing(canvas, 1, False))


def cards(at: AppTest) -> list[str]:
    return [text.value for text in at.markdown if 'class="fooled"' in text.value]


def removals(at: AppTest) -> list[Any]:
    return [
        button for button in at.button if str(button.key).startswith("robustness_fooled_remove")
    ]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_change_that_fools_is_added_shown_to_all_and_deleted_by_its_owner(
    language: str, visit: Any, network: dict[str, Any]
) -> None:
    link = {"run": "digits", "index": "3", "rotate": "40", "row": "4", "column": "9"}
    at = visit("robustness", language, **link)
    assert not at.exception
    assert cards(at) == []
    network["asked"].clear()
    at.button(ADD).click().run()
    assert not at.exception
    [entry] = gallery.entries("mnist", 0, 10)
    assert (entry.truth, entry.label, dict(entry.strengths)) == (3, 7, {"rotate": 40})
    np.testing.assert_array_equal(network["asked"][0][0], entry.pixels)
    [card] = cards(at)
    assert "95.0%" in card
    assert "40°" in card
    assert (
        'href="robustness?run=digits&amp;part=test&amp;index=3&amp;of=sample&amp;rotate=40' in card
    )
    assert "row=4&amp;column=9" in card
    other = visit("robustness", language, run="digits")
    assert len(cards(other)) == 1
    assert removals(other) == []
    removals(at)[0].click().run()
    assert not at.exception
    assert gallery.count("mnist") == 0
    assert cards(at) == []


@pytest.mark.parametrize(
    ("answer", "link", "words"),
    [
        ({"label": 3}, {"rotate": "40"}, "correctly"),
        ({"probability": 0.5}, {"rotate": "40"}, "50%"),
        ({}, {}, "Move a slider"),
        ({}, {"contrast": "0"}, "nothing to see"),
    ],
)
def test_what_the_gallery_does_not_take_is_said(
    answer: dict[str, Any], link: dict[str, str], words: str, visit: Any, network: dict[str, Any]
) -> None:
    network |= answer
    at = visit("robustness", run="digits", index="3", **link)
    at.button(ADD).click().run()
    assert not at.exception
    assert any(words in warning.value for warning in at.warning)
    assert gallery.count("mnist") == 0


def test_no_answer_of_the_network_is_one_sentence(
    visit: Any, network: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "predict", refuse)
    at = visit("robustness", run="digits", index="3", rotate="40")
    at.button(ADD).click().run()
    assert not at.exception
    assert any(warning.icon == ":material/block:" for warning in at.warning)
    assert gallery.count("mnist") == 0


def test_a_drawing_is_added_once_its_visitor_says_what_it_is(
    visit: Any, network: dict[str, Any], drawn: None
) -> None:
    at = visit("robustness", run="digits", source="draw")
    at.button(ADD).click().run()
    assert any("what you drew" in warning.value for warning in at.warning)
    assert network["asked"] == []
    at.selectbox(MEANT).set_value(1).run()
    at.button(ADD).click().run()
    assert not at.exception
    [entry] = gallery.entries("mnist", 0, 10)
    assert (entry.source, entry.truth, entry.label, dict(entry.place)) == ("draw", 1, 7, {})
    [card] = cards(at)
    assert "href" not in card
    assert "meant as" in card
    assert at.session_state[fooled.MEANT] is None  # the next drawing may be another class


def test_an_upload_cannot_be_added(visit: Any, network: dict[str, Any]) -> None:
    at = visit("robustness", run="digits", source="upload")
    assert not at.exception
    assert not [button for button in at.button if button.key == ADD]


def test_a_server_without_gallery_shows_none(
    visit: Any, network: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(store.SWITCH, "0")
    at = visit("robustness", run="digits", index="3", rotate="40")
    assert not at.exception
    assert not [button for button in at.button if button.key == ADD]
    assert not [title for title in at.header if title.value == "Fooled it"]


def fill_gallery(count: int, run: str = "digits") -> None:
    for number in range(count):
        image = np.zeros((28, 28, 1), np.uint8)
        image[4 : 6 + number, 10:14] = 250
        offer = gallery.Offer(run, "mnist", (28, 28, 1), "draw", image, 1)
        limits = Limits(gallery_each=count)
        gallery.submit(offer, f"visitor {number}", lambda pixels: np.eye(10)[7], limits)


def test_many_images_come_in_pages_and_those_of_deleted_networks_say_so(
    visit: Any, network: dict[str, Any]
) -> None:
    fill_gallery(fooled.SIZE + 1, run="20200101-000000-abcdef")
    at = visit("robustness", run="digits")
    assert not at.exception
    assert len(cards(at)) == fooled.SIZE
    assert all("deleted" in card for card in cards(at))
    at.session_state[fooled.PAGE] = 2
    at.run()
    assert len(cards(at)) == 1


def test_a_damaged_file_is_one_sentence(visit: Any, network: dict[str, Any]) -> None:
    store.path().parent.mkdir(parents=True, exist_ok=True)
    store.path().write_bytes(b"not a data base" * 100)
    at = visit("robustness", run="digits", index="3", rotate="40")
    assert not at.exception
    at.button(ADD).click().run()
    assert not at.exception
    warnings = [warning.value.replace("\\", "") for warning in at.warning]
    assert texts.say("en", "error.gallery.storage") in warnings
