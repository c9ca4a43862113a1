"""The draw page without a browser: what it asks of the engine, and what it says when there is no answer."""

from __future__ import annotations

import base64
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from told_engine import engine, trained

from cnn_core import config, runs, texts
from cnn_core.config import TrainConfig
from cnn_core.errors import EngineError
from cnn_core.planning.presets import PRESETS
from cnn_core.runs import state as runs_state
from cnn_core.runs import store
from pages.elements import pad as _pad

__all__ = ["engine", "trained"]  # fixtures

APP = Path(__file__).parents[2] / "app.py"
SIDE = _pad.SIDE
PHOTOGRAPHS = Path(__file__).parents[1] / "images" / "photographs"


def drawn(ink: bytes = b"", number: object = 5) -> dict[str, Any]:
    """What a pad sends: a square in its middle, or other bytes."""
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    canvas[40:100, 60:80] = 255
    ink = ink or b"".join(bytes([1, grey]) for grey in canvas.ravel().tolist())
    return {"drawing": {"number": number, "live": False, "ink": base64.b64encode(ink).decode()}}


def away() -> AppTest:
    """A window on another page than home, which needs the networks that come with ConvScope."""
    page = AppTest.from_file(str(APP), default_timeout=60)
    return page.switch_page("pages/glossary.py").run()


def readings(page: AppTest) -> str:
    """What was read of the drawing, with tags."""
    [found] = [element.value for element in page.markdown if "data-drawing" in element.value]
    return str(found)


def opened(state: object = None, language: str = "en", **query: str) -> AppTest:
    page = away()
    page.session_state["language"] = language
    if state is not None:
        page.session_state["draw_pad"] = state
    page.switch_page("pages/draw.py")
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


def text(page: AppTest) -> str:
    """Everything the page says, without tags."""
    return re.sub(r"<[^>]+>", " ", " ".join(element.value for element in page.markdown))


def test_without_a_model_the_page_says_where_to_get_one(engine, monkeypatch, tmp_path):
    monkeypatch.setattr(store, "MODELS", tmp_path / "no-models")
    page = opened()
    assert "Train one in the playground" in page.info[0].value
    assert engine.questions == []


@pytest.fixture
def small(trained: runs.Run) -> runs.Run:
    """A finished run whose input is of 8 × 8 pixels."""
    model = config.model_from_dict({**config.to_dict(trained.model), "input_shape": [8, 8, 1]})
    run = runs.create(model, TrainConfig(dataset="digits"))
    runs.write_status(run, "finished")
    with zipfile.ZipFile(run.folder / "best.keras", "w"):
        pass
    return run


@pytest.mark.parametrize("state", runs_state.STATES)
def test_a_run_is_offered_as_soon_as_it_has_weights(engine, trained, state):
    run = runs.create(PRESETS["tiny"].model, TrainConfig(dataset="fashion_mnist"))
    runs.write_status(run, state)
    assert len(opened().selectbox(key="draw_run.0").options) == 1
    with zipfile.ZipFile(run.folder / "best.keras", "w"):
        pass
    assert len(opened().selectbox(key="draw_run.0").options) == 2


def test_runs_of_another_input_are_not_offered(engine, trained, small):
    assert len(opened().selectbox(key="draw_run.0").options) == 1


def test_the_digits_that_came_with_convscope_are_read_unless_a_link_says_otherwise(engine):
    page = opened(drawn())
    assert page.selectbox(key="draw_run.0").value == "digits"
    assert page.selectbox(key="draw_beside.0").value is None
    # They answer in the browser; the server reads the digit once, for the challenge.
    assert engine.questions == [("predict", "digits", (1, 28, 28, 1))]
    page = opened(drawn(), run="fashion", beside="digits")
    assert page.selectbox(key="draw_run.0").value == "fashion"
    assert page.selectbox(key="draw_beside.0").value == "digits"
    assert (page.query_params["run"], page.query_params["beside"]) == ("fashion", "digits")


@pytest.mark.parametrize(
    ("run_id", "said"), [("nobody", "nobody"), ("small", "28×28"), ("trained", None)]
)
def test_a_link_to_a_model_that_cannot_read_here_is_answered(engine, trained, small, run_id, said):
    ids = {"small": small.id, "trained": trained.id}
    page = opened(run=ids.get(run_id, run_id))
    assert page.selectbox(key="draw_run.0").value == trained.id
    assert len(page.warning) == (1 if said else 0)
    assert said is None or said in page.warning[0].value


def test_nothing_is_asked_before_something_is_drawn(engine, trained):
    page = opened()
    assert "Draw on the pad, and the prediction appears here." in text(page)
    assert text(page).count("–") == 10
    assert engine.questions == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_drawing_is_asked_with_and_without_its_preparation(engine, trained, language):
    page = opened(drawn(), language)
    assert engine.questions == [
        ("predict", trained.id, (2, 28, 28, 1)),
        ("feature_maps", trained.id, (28, 28, 1)),
    ]
    said = text(page)
    assert "91.0%" in said
    assert "55%" in said
    assert ("it would have said  4" in said) == (language == "en")
    assert 'data-drawing="5"' in readings(page)
    assert "<i>c</i>" not in readings(page)


def photographed(name: str, language: str = "en") -> AppTest:
    """The page after a photograph was given."""
    page = away()
    page.session_state["language"] = language
    page.session_state["draw_source"] = "photograph"
    page.switch_page("pages/draw.py").run()
    content = (PHOTOGRAPHS / name).read_bytes()
    page.file_uploader(key="image_file").set_value((name, content, "image/jpeg")).run()
    assert not page.exception
    return page


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_photograph_is_read_with_and_without_its_preparation(engine, trained, language):
    page = photographed("digit-dim-7.jpg", language)
    assert engine.questions == [("predict", trained.id, (2, 28, 28, 1))]
    words = text(page)
    assert "91.0%" in words
    assert "55%" in words
    done = " ".join(element.value for element in page.caption)
    assert texts.say(language, "image.did_dark") in done


def test_each_digit_of_a_photograph_is_read(engine, trained):
    page = photographed("digits-42-two.jpg")
    assert engine.questions == [("predict", trained.id, (3, 28, 28, 1))]
    [each] = [element.value for element in page.markdown if 'class="each"' in element.value]
    assert re.findall(r'class="name">(\d)<', each) == ["7", "4"]  # as the engine was told
    assert texts.say("en", "image.several_handwriting", count=2) in [it.value for it in page.info]


def test_an_empty_sheet_is_nothing_to_read_and_nothing_is_asked(engine, trained):
    page = photographed("paper-white-empty.png")
    assert texts.say("en", "draw.nothing") in text(page)
    assert engine.questions == []


def test_a_photograph_can_be_taken_with_the_camera(engine, trained, monkeypatch):
    taken: list[str] = []
    monkeypatch.setattr(st, "camera_input", lambda label, **settings: taken.append(settings["key"]))
    page = away()
    page.session_state["draw_source"] = "photograph"
    page.session_state["photograph_way"] = "camera"
    page.switch_page("pages/draw.py").run()
    assert not page.exception
    assert taken == ["image_camera"]
    assert texts.say("en", "draw.photograph_hint") in text(page)


@pytest.fixture
def asked_again(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds after which the pad is to send again, of each time that it was shown."""
    told: list[float] = []
    show = _pad.pad

    def pad(
        key: str, *, again: float = 0.0, answer: str = "", dataset: str = ""
    ) -> _pad.Drawing | None:
        told.append(again)
        return show(key, again=again, answer=answer)

    monkeypatch.setattr(_pad, "pad", pad)
    return told


def test_while_the_engine_warms_up_the_page_says_so_and_asks_again(engine, trained, asked_again):
    engine.warm = False
    page = opened(drawn())
    assert "The network is starting up" in text(page)
    assert asked_again[-1] > 0
    engine.warm = True
    page.run()
    assert "91.0%" in text(page)
    assert asked_again[-1] == 0


def test_what_the_engine_cannot_do_is_said_in_a_sentence(engine, trained, asked_again):
    engine.error = EngineError("engine.slow", seconds=5)
    page = opened(drawn())
    assert "No answer within 5 seconds" in text(page)
    assert asked_again[-1] > 0


def test_an_empty_pad_is_not_asked_again(engine, trained, asked_again):
    engine.warm = False
    opened()
    assert asked_again[-1] == 0


def test_a_worker_that_knows_no_feature_maps_still_predicts(engine, trained):
    look = engine.look

    def without_maps(name: str, *arguments: Any, **settings: Any) -> Any:
        if name == "feature_maps":
            raise EngineError("engine.unknown_look", name=name)
        return look(name, *arguments, **settings)

    engine.look = without_maps
    assert "91.0%" in text(opened(drawn()))


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"drawing": None},
        {"drawing": "text"},
        {"drawing": {"ink": 5}},
        {"drawing": {"ink": "AAAA", "number": "<b>", "live": 7}},
        drawn(b"\xff"),
    ],
)
def test_a_broken_message_counts_as_an_empty_pad(engine, trained, state):
    assert "Draw on the pad" in text(opened(state))


def test_a_number_that_is_none_is_not_shown(engine, trained):
    assert 'data-drawing="0"' in readings(opened(drawn(number="<b>")))


def test_a_link_to_a_run_whose_weights_are_damaged_says_so(engine, trained):
    other = runs.create(PRESETS["tiny"].model, TrainConfig(dataset="mnist"))
    (other.folder / "best.keras").write_bytes(b"no model")
    page = away()
    page.query_params["run"] = other.id
    page.switch_page("pages/draw.py").run()
    assert not page.exception
    assert "best.keras is missing or damaged" in page.warning[0].value.replace("\\", "")
    assert page.selectbox(key="draw_run.0").value == trained.id


def test_a_second_link_in_the_same_window_is_followed(engine, trained):
    other = runs.create(PRESETS["tiny"].model, TrainConfig(dataset="mnist"))
    with zipfile.ZipFile(other.folder / "best.keras", "w"):
        pass
    page = away()
    for run in (trained, other, trained):
        page.switch_page("pages/glossary.py").run()
        page.query_params["run"] = run.id
        page.switch_page("pages/draw.py").run()
        assert page.selectbox(key="draw_run.0").value == run.id


def packed(canvas: np.ndarray) -> dict[str, Any]:
    """The message of a pad with that canvas on it."""
    return drawn(b"".join(bytes([1, grey]) for grey in canvas.ravel().tolist()))


def on_canvas(*boxes: tuple[int, int, int, int]) -> dict[str, Any]:
    """The same with bars of ink: top, left, bottom and right of each."""
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    for top, left, bottom, right in boxes:
        canvas[top:bottom, left:right] = 255
    return packed(canvas)


TWO = (30, 30, 100, 40), (30, 90, 100, 100)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_each_of_several_drawn_digits_is_asked(engine, trained, language):
    page = opened(on_canvas(*TWO), language)
    assert engine.questions[0] == ("predict", trained.id, (3, 28, 28, 1))
    assert texts.say(language, "draw.several", count=2) in text(page)
    assert re.findall(r'class="name">(\d)<', readings(page)) == ["7", "4"]
    assert f'alt="{texts.say(language, "draw.digit_alt", number=2, count=2)}"' in readings(page)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_two_digits_that_touch_are_asked_as_one_and_each_on_its_own(engine, trained, language):
    page = opened(on_canvas((30, 20, 100, 30), (60, 30, 66, 120), (30, 120, 100, 130)), language)
    assert engine.questions[0] == ("predict", trained.id, (4, 28, 28, 1))
    assert texts.say(language, "draw.touching") in text(page)
    assert all(
        texts.say(language, f"draw.{part}") in text(page) for part in ("as_one", "left_half")
    )


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("boxes", [[(50, 50, 62, 62)], [(60, 20, 70, 120)]], ids=["dot", "dash"])
def test_what_is_no_digit_is_not_asked(engine, trained, asked_again, language, boxes):
    page = opened(on_canvas(*boxes), language)
    assert texts.say(language, "draw.nothing_drawn") in text(page)
    assert engine.questions == []
    assert asked_again[-1] == 0


def test_clothes_of_several_strokes_are_one_drawing(engine, trained, monkeypatch):
    record = trained.folder / "config.json"
    record.write_text(record.read_text("utf-8").replace('"mnist"', '"fashion_mnist"'), "utf-8")
    opened(on_canvas(*TWO))
    assert engine.questions[0] == ("predict", trained.id, (2, 28, 28, 1))


def test_a_photograph_and_the_steps_of_its_preparation_are_in_the_link(engine, trained):
    page = photographed("digit-dim-7.jpg")
    assert page.query_params["source"] == "photograph"
    assert "digit_steps" not in page.query_params, "all are taken"
    [steps] = [group for group in page.button_group if len(group.options) == 6]
    steps.set_value(["ground", "crop"]).run()
    assert page.query_params["digit_steps"] == "ground~crop"
    page.session_state["draw_source"] = "pad"
    page.run()
    assert "digit_steps" not in page.query_params
    assert "source" not in page.query_params


def test_a_link_opens_the_steps_that_it_names(engine, trained):
    page = opened(source="photograph", digit_steps="none")
    assert page.session_state["draw_source"] == "photograph"
    assert page.session_state["image_steps_handwriting"] == []
    assert page.query_params["digit_steps"] == "none"
    page = opened(source="fax", digit_steps="iron")
    assert len([one for one in page.warning if "link_off" in one.icon]) == 2


def test_the_answer_to_a_photograph_comes_before_its_preparation(engine, trained):
    page = photographed("digit-dim-7.jpg")
    words = [element.value for element in page.main.markdown]
    answer = next(at for at, text in enumerate(words) if 'class="readings"' in text)
    steps = next(at for at, text in enumerate(words) if 'class="input-steps"' in text)
    assert answer < steps
