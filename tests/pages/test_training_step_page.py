"""The page of one training step: what it says is what Keras answers, and its link opens the same."""

from __future__ import annotations

import pickle
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st
import visits
from streamlit.testing.v1 import AppTest

from cnn_core import runs, texts
from cnn_core.engine import Engine, looks
from cnn_core.figures.training_step import digits
from cnn_core.labs.training_step import MAX_STEPS, StepSettings, TrainingStep
from pages.network import answers
from pages.parts.training_step import controls
from pages.parts.training_step.writing import tex

visit = visits.visit
RUN = "digits"
ASKED: list[StepSettings] = []
ANSWERS: dict[bytes, bytes] = {}
"""What looks at shipped networks answered, by the question: their weights do not change."""

pytestmark = pytest.mark.slow  # a worker's answers, in this process


@pytest.fixture(autouse=True)
def _looks_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks are answered in this process, the same question only once."""
    import keras

    def look(engine: Engine, name: str, run: runs.Run, *arguments: Any, timeout: float = 0) -> Any:
        if name == "training_step":
            ASKED.append(arguments[1])
        question = pickle.dumps((name, run.id, arguments))
        if question not in ANSWERS:
            ANSWERS[question] = pickle.dumps(looks.look(name, run.id, arguments))
        return pickle.loads(ANSWERS[question])

    monkeypatch.setattr(keras.backend, "clear_session", lambda: None)
    monkeypatch.setattr(Engine, "ready", lambda self, kind: True)
    monkeypatch.setattr(Engine, "look", look)
    ASKED.clear()


def answer_of(settings: StepSettings) -> TrainingStep:
    run = runs.open_run(RUN)
    return looks.look("training_step", RUN, (replace(run.train, size="sample"), settings))


def html(at: AppTest) -> str:
    return "".join(it.value for it in at.markdown)


def press(at: AppTest, key: str) -> None:
    [button] = [it for it in at.button if it.key == key]
    assert not button.disabled
    button.click().run()
    assert not at.exception


def widget(at: AppTest, kind: str, key: str) -> Any:
    [found] = [it for it in getattr(at, kind) if it.key and it.key.partition(".")[0] == key]
    return found


def losses(at: AppTest) -> tuple[str, str]:
    """Loss before and after, as the first line of the page says them."""
    line = re.search(r'class="step-answer \w+">(.*?)<small>', html(at))
    assert line is not None
    before, after = re.findall(r"from (\S+) to (\S+?)[.:]? ?(?:it overshoots\.)?$", line[1])[0]
    return before, after


def test_steps_are_taken_one_and_ten_at_a_time_and_taken_back(visit: Callable[..., AppTest]):
    at = visit("training_step", run=RUN, rate="0.002")
    assert not at.exception
    first = ASKED[-1]
    answer = answer_of(first)
    place = answer.rates.tolist().index(0.002)
    assert losses(at) == (digits(answer.loss), digits(answer.slice[place]))
    after = losses(at)[1]
    press(at, "training_step_next")
    assert losses(at)[0] == after
    assert visits.address(at)["steps"] == "0.002"
    widget(at, "select_slider", "training_step_rate").set_value(0.0005).run()
    asked = len(ASKED)
    before = losses(at)
    widget(at, "select_slider", "training_step_rate").set_value(0.001).run()
    assert losses(at)[0] == before[0]
    assert losses(at)[1] != before[1]
    assert len(ASKED) == asked, "the learning rate asks nobody"
    press(at, "training_step_ten")
    assert visits.address(at)["steps"] == "0.002~0.001x10"
    answer = answer_of(replace(first, rates=(0.002, *[0.001] * 10)))
    assert losses(at)[0] == digits(answer.history[-1])
    press(at, "training_step_reset")
    assert "steps" not in visits.address(at)
    assert losses(at)[0] == digits(answer.history[0])


LINK = {
    "run": RUN, "part": "train", "index": "7", "of": "sample", "count": "2", "start": "kept",
    "dropout": "1", "optimizer": "momentum", "rate": "0.05", "steps": "0.01x2~0.5", "layer": "conv2",
    "weight": "1-2-0-3",
}  # fmt: skip


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_link_opens_the_same_step(language: str, visit: Callable[..., AppTest]):
    at = visit("training_step", language, **LINK)
    assert not at.exception
    assert not at.warning
    assert ASKED[-1] == StepSettings(
        (7, 8), "kept", "momentum", dropout=True, rates=(0.01, 0.01, 0.5), layer="conv2",
        place=(1, 2, 0, 3),
    )  # fmt: skip
    assert visits.address(at).items() >= LINK.items()
    answer = answer_of(ASKED[-1])
    assert digits(answer.weight.gradient, 6) in html(at)
    assert digits(answer.weight.difference, 6) in html(at)
    assert texts.say(language, "training_step.dropout_on") in html(at)
    assert all(texts.say(language, f"training_step.{name}") in [it.value for it in at.header]
               for name in ("forward", "output", "layers", "weight", "new_loss"))  # fmt: skip


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "momentum", "rmsprop"])
def test_the_step_is_written_out_with_its_numbers(optimizer: str, visit: Callable[..., AppTest]):
    at = visit("training_step", run=RUN, optimizer=optimizer, rate="0.01", steps="0.01")
    assert not at.exception
    [written] = [it.value for it in at.latex]
    after = answer_of(replace(ASKED[-1], rates=(0.01, 0.01)))
    assert f"{after.weight.value:.7g}" in written
    assert tex(answer_of(ASKED[-1]).weight.gradient) in written
    rows = {"sgd": 1, "momentum": 2, "rmsprop": 3, "adam": 6, "adamw": 7}[optimizer]
    assert written.count("[0.6em]") == rows


def test_another_weight_is_picked_and_the_largest_again(visit: Callable[..., AppTest]):
    at = visit("training_step", run=RUN)
    widget(at, "selectbox", "training_step_layer").set_value("dense1").run()
    assert "weight" not in visits.address(at)
    widget(at, "number_input", "training_step_axis_1").set_value(4).run()
    assert not at.exception
    assert ASKED[-1].place is not None
    assert ASKED[-1].place[1] == 4
    assert visits.address(at)["weight"] == "-".join(map(str, ASKED[-1].place))
    press(at, "training_step_largest")
    assert "weight" not in visits.address(at)


def test_the_images_are_those_of_the_training_part(visit: Callable[..., AppTest]):
    at = visit("training_step", run=RUN, count="3")
    press(at, "icon_training_step_after")
    assert ASKED[-1].rows == (3, 4, 5)
    widget(at, "number_input", "training_step_first").set_value(9).run()
    assert ASKED[-1].rows == (9, 10, 11)
    assert visits.address(at)["index"] == "9"


@pytest.mark.parametrize(
    "link",
    [
        {"steps": "0.001x51"}, {"steps": "much"}, {"steps": "99"}, {"rate": "fast"}, {"rate": "-1"},
        {"weight": "1-2"}, {"weight": "a"}, {"weight": "9-9-9-9"}, {"layer": "pool1"}, {"count": "9"},
        {"optimizer": "lion"}, {"start": "middle"}, {"rate": "nan"}, {"steps": "1e-3x999"},
        {"start": "epoch", "epoch": "2"},
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_link_is_answered_in_a_sentence(
    link: dict[str, str], visit: Callable[..., AppTest]
) -> None:
    at = visit("training_step", run=RUN, **link)
    assert not at.exception
    assert at.warning


def test_a_weight_that_the_layer_does_not_have_is_said_once_and_the_step_is_shown(
    visit: Callable[..., AppTest],
) -> None:
    at = visit("training_step", run=RUN, layer="conv2", weight="9-9-9-9")
    assert len(at.warning) == 1
    assert ASKED[-1].place is None
    assert at.latex
    assert "weight" not in visits.address(at)
    at.run()
    assert not at.warning


def test_a_link_to_another_layer_begins_with_its_largest_gradient(
    visit: Callable[..., AppTest],
) -> None:
    at = visit("training_step", run=RUN, layer="conv2", weight="1-2-0-3")
    at.query_params.clear()
    at.query_params["layer"] = "dense1"
    at.switch_page("pages/training_step.py").run()
    assert not at.warning
    assert (ASKED[-1].layer, ASKED[-1].place) == ("dense1", None)


def test_after_the_last_step_no_other_is_offered(visit: Callable[..., AppTest], monkeypatch):
    quick = answer_of(StepSettings((0,)))
    monkeypatch.setattr(answers, "training_step", lambda run, settings: quick)
    at = visit("training_step", run=RUN, steps=f"0.001x{MAX_STEPS}")
    assert [it.disabled for it in at.button if it.key in ("training_step_next", "training_step_ten")] == [
        True, True,
    ]  # fmt: skip
    assert not widget(at, "button", "training_step_reset").disabled


def test_another_network_begins_without_steps(visit: Callable[..., AppTest]):
    at = visit("training_step", run=RUN, steps="0.5x3")
    at.query_params.clear()
    at.query_params["run"] = "fashion"
    at.switch_page("pages/training_step.py").run()
    assert ASKED[-1].rates == ()
    st.cache_resource.clear()


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_training_that_diverges_is_said_in_a_sentence(
    language: str, visit: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = answer_of(StepSettings((0,)))
    lost = replace(quick, losses=quick.losses * float("nan"))
    monkeypatch.setattr(
        answers, "training_step", lambda run, settings: lost if settings.rates else quick
    )
    at = visit("training_step", language, run=RUN, steps="10.0x20")
    assert not at.exception
    assert [it.value for it in at.warning] == [
        texts.say(language, "training_step.diverged", count=20)
    ]
    press(at, "training_step_reset")
    assert not at.warning


def test_any_epoch_that_a_run_kept_whole_is_a_start(visit: Callable[..., AppTest]):
    from cnn_core import model as models
    from cnn_core.training import checkpoints

    shipped = runs.open_run(RUN)
    run = runs.create(shipped.model, shipped.train)
    ignored = shutil.ignore_patterns("*.json", "snapshots")
    shutil.copytree(shipped.folder, run.folder, dirs_exist_ok=True, ignore=ignored)
    for epoch in (0, 1, 2, 3):
        network = models.build(run.model, seed=epoch)
        checkpoints.save_snapshot(network, run.folder, epoch)
    for language in texts.LANGUAGES:
        at = visit("training_step", language, run=run.id, start="epoch", epoch="2")
        assert not at.exception
        assert not at.warning
        assert (ASKED[-1].start, ASKED[-1].epoch) == ("epoch", 2)
        assert visits.address(at).items() >= {"start": "epoch", "epoch": "2"}.items()
        note = texts.say(language, "training_step.epoch_precision", epoch=2)
        assert "float16" in note
        assert note in [it.value for it in at.caption]
    widget(at, "select_slider", "training_step_epoch").set_value(3).run()
    assert ASKED[-1].epoch == 3
    widget(at, "button_group", "training_step_start").set_value("kept").run()
    assert (ASKED[-1].start, ASKED[-1].epoch) == ("kept", 0)
    assert "epoch" not in visits.address(at)
    old = visit(
        "training_step", run=RUN
    )  # of an older version: its snapshots hold convolutions only
    assert len(widget(old, "button_group", "training_step_start").options) == 2


def test_a_run_whose_data_set_is_not_known_here_is_a_sentence(visit: Callable[..., AppTest]):
    shipped = runs.open_run(RUN)
    run = runs.create(shipped.model, replace(shipped.train, dataset="flowers"))
    shutil.copytree(
        shipped.folder, run.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.json")
    )
    at = visit("training_step", run=run.id)
    assert not at.exception
    assert at.warning


def test_a_button_that_is_pressed_again_before_the_page_is_there_takes_another_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state: dict[str, Any] = {"training_step_rates": (0.5,)}
    pressed: dict[str, Callable[[], None]] = {}

    def button(
        *_: object, key: str, on_click: Callable[..., None], args: Any, **__: object
    ) -> None:
        pressed[key] = lambda: on_click(*args)

    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(st, "button", button)
    controls.buttons(0.01)
    pressed["training_step_next"]()
    pressed["training_step_next"]()
    assert controls.steps() == (0.5, 0.01, 0.01)
    for _ in range(MAX_STEPS):
        pressed["training_step_ten"]()
    assert len(controls.steps()) == MAX_STEPS
    pressed["training_step_reset"]()
    assert controls.steps() == ()
