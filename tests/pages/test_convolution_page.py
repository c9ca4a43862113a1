"""The convolution page without a browser and without a worker: what the stepper is given, and bad links."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from scipy.signal import convolve2d, correlate2d
from streamlit.testing.v1 import AppTest
from told_engine import ToldEngine, in_place

from cnn_core import convolution, datasets, runs, texts
from cnn_core.arithmetic import layer_table
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.errors import DataError, EngineError
from cnn_core.images import photographs
from cnn_core.runs import snapshots
from pages.elements import stepper
from pages.parts.convolution import kernel_choice

APP = Path(__file__).parents[2] / "app.py"
SECTIONS = ("slide", "network", "flip", "pool", "stack")
SHIRT = datasets.load("fashion_mnist").x_test[0]
Open = Callable[..., AppTest]


class Engine(ToldEngine):
    """No worker is up, until there is an answer."""

    def __init__(self) -> None:
        super().__init__(warm=False)
        self.answer: dict[str, np.ndarray] | None = None
        self.asked: list[str] = []

    def ready(self, kind: str) -> bool:
        return self.answer is not None and kind == "look"

    def look(self, name: str, run: runs.Run, *_: Any, timeout: float) -> Any:
        self.asked.append(f"{name} {run.id}")
        return self.answer


@pytest.fixture
def engine(frozen: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    yield from in_place(Engine(), monkeypatch)


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the stepper was mounted with, the newest last."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(stepper, "_mount", lambda **call: calls.append(call))
    return calls


@pytest.fixture
def visit(engine: Engine, mounted: list[dict[str, Any]]) -> Open:
    def open_page(language: str = "en", **query: str) -> AppTest:
        at = AppTest.from_file(str(APP), default_timeout=60)
        at.session_state["language"] = language
        for name, text in query.items():
            at.query_params[name] = text
        at.switch_page("pages/convolution.py").run()
        assert not at.exception
        return at

    return open_page


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("section", SECTIONS)
def test_every_part_is_there_while_no_worker_is_up(section, language, visit, mounted):
    at = visit(language, section=section)
    assert at.session_state["convolution_chosen_section"] == section
    assert [it.value for it in at.title] == [texts.say(language, "convolution.title")]
    assert texts.say(language, f"convolution.story_{section}") in [it.value for it in at.markdown]
    assert len(mounted) == (section != "stack")
    assert not at.warning
    assert not at.error
    for call in mounted:
        assert set(call["data"]["words"]) >= set(stepper.WORDS)
        image = floats(call["data"]["image"]).reshape(call["data"]["shape"])
        if section != "pool":
            np.testing.assert_allclose(image, SHIRT / 255, atol=1e-6)


def test_only_the_number_of_keras_waits_for_a_worker(engine, visit, mounted):
    at = visit(section="network", layer="conv2", filter="5")
    data = mounted[-1]["data"]
    run = runs.open_run("fashion")
    held = snapshots.read(run, int("".join(at.query_params["epoch"])))
    maps = convolution.forward(run.model, held, SHIRT / np.float32(255))
    np.testing.assert_allclose(floats(data["image"]), maps["pool1"].ravel(), atol=1e-6)
    np.testing.assert_array_equal(floats(data["kernels"]), held["conv2/kernel"].ravel())
    assert (data["keras"], data["filter"]) == (None, 5)
    assert data["words"]["keras"]
    assert texts.say("en", "convolution.keras_waits") in [it.value for it in at.caption]
    engine.answer = {name: maps[name] + 3e-6 for name in maps}
    at.run()
    said = mounted[-1]["data"]["keras"]
    np.testing.assert_allclose(floats(said["sums"]), maps["conv2/sum"][..., 5].ravel(), atol=1e-5)
    np.testing.assert_allclose(floats(said["outputs"]), maps["conv2"][..., 5].ravel(), atol=1e-5)
    assert "3e−06" in " ".join(it.value for it in at.caption)
    at.run()
    assert engine.asked == ["feature_maps fashion"], "the same question twice"


def test_an_engine_that_is_down_takes_keras_away_and_says_why(engine, visit, mounted):
    engine.down = EngineError("engine.worker_look", log="log.txt")
    at = visit(section="network")
    assert mounted[-1]["data"]["words"]["keras"] == ""
    assert any("log.txt" in it.value for it in at.caption)


@pytest.mark.parametrize(
    "query",
    [
        {"section": "nothing"},
        {"kernel": "1_2"},
        {"kernel": "1_nan~2_3"},
        {"kernel": "1e9"},
        {"kernel": "~".join(["1_1_1_1_1_1_1"] * 7)},
        {"stride": "9"},
        {"padding": "full"},
        {"padding": "4"},
        {"dilation": "0"},
        {"side": "2"},
        {"side": "65"},
        {"activation": "softmax"},
        {"bias": "inf"},
        {"data": "cifar"},
        {"index": "99999"},
        {"section": "pool", "size": "7"},
        {"section": "stack", "channels": "3"},
        {"section": "network", "layer": "conv9"},
        {"section": "network", "filter": "32"},
        {"section": "network", "run": "../../etc"},
    ],
    ids=lambda query: "&".join(f"{name}={text[:20]}" for name, text in query.items()),
)
def test_a_bad_link_is_one_sentence(query, visit):
    assert len(visit(**query).warning) == 1


def test_a_bad_size_says_which_of_the_sizes_it_is(visit):
    [pooling] = [it.value for it in visit(size="999").warning]
    [image] = [it.value for it in visit(side="999").warning]
    assert "size (Pooling size)" in pooling
    assert "side (Input size)" in image


def test_a_link_opens_what_was_seen(visit, mounted):
    asked = {"kernel": "0.5_-1~2_0", "stride": "2", "padding": "valid", "activation": "relu",
             "dilation": "1", "side": "own", "bias": "-0.5", "data": "mnist", "index": "7",
             "section": "slide", "lang": "en"}  # fmt: skip
    at = visit(**asked)
    data = mounted[-1]["data"]
    assert data["kernel"] == [0.5, -1, 2, 0]
    assert (data["stride"], data["padding"], data["activation"]) == (2, "valid", "relu")
    assert floats(data["bias"]).tolist() == [-0.5]
    assert data["words"]["formula"] == "⌊(28 − 2) / 2⌋ + 1 = 14"
    digit = datasets.load("mnist").x_test[7] / np.float32(255)
    np.testing.assert_allclose(floats(data["image"]), digit.ravel(), atol=1e-6)
    said = {name: it if isinstance(it, str) else it[0] for name, it in at.query_params.items()}
    assert said == asked


def test_a_dilated_kernel_on_zeros_is_stepped_through(visit, mounted):
    asked = {"kernel": "1_0~0_-1", "padding": "2", "dilation": "3", "stride": "2", "lang": "en"}
    at = visit(section="slide", **asked)
    data = mounted[-1]["data"]
    assert (data["padding"], data["dilation"], data["window"]) == (2, 3, (2, 2))
    assert data["words"]["formula"] == "⌊(28 + 2 × 2 − 4) / 2⌋ + 1 = 15"
    told = at.caption[-1].value
    assert "15×15" in told
    assert "the 2×2 kernel spans 4×4 pixels" in told
    assert "Zeros on each side: 2." in told
    said = {name: it if isinstance(it, str) else it[0] for name, it in at.query_params.items()}
    assert said.items() >= asked.items()


@pytest.mark.parametrize("side", ["3", "14", "28", "64"])
def test_the_input_has_the_size_that_is_chosen(side, visit, mounted):
    at = visit(section="slide", side=side, padding="valid")
    data, count = mounted[-1]["data"], int(side)
    assert list(data["shape"]) == [count, count, 1]
    assert data["words"]["formula"] == f"{side} − 3 + 1 = {count - 2}"
    assert "".join(at.query_params["side"]) == side
    image = floats(data["image"]).reshape(count, count)
    if side == "14":
        halves = SHIRT[..., 0].reshape(14, 2, 14, 2).mean(axis=(1, 3)) / 255
        np.testing.assert_allclose(image, halves, atol=1.01 / 255)
    elif side != "3":
        assert set(image.ravel().tolist()) <= set((SHIRT / np.float32(255)).ravel().tolist())


def test_a_bright_pixel_stays_one_at_any_size(visit, mounted):
    for side in ("5", "12"):
        visit(section="slide", data="pixel", side=side)
        image = floats(mounted[-1]["data"]["image"])
        assert (len(image), image.sum()) == (int(side) ** 2, 1)


def test_a_photograph_is_grey_and_small_and_a_single_pixel_is_one(visit, mounted):
    visit(data="photo", photo="flower")
    image = floats(mounted[-1]["data"]["image"]).reshape(mounted[-1]["data"]["shape"])
    assert image.shape == (64, 64, 1)
    square = photographs.photograph("flower")[:, 106:533].mean(axis=2) / 255  # the middle of 640
    blocks = square[:424, :424].reshape(8, 53, 8, 53).mean(axis=(1, 3))
    ours = image.reshape(8, 8, 8, 8).mean(axis=(1, 3))
    assert np.corrcoef(blocks.ravel(), ours.ravel())[0, 1] > 0.95
    visit(data="pixel", section="flip")
    assert floats(mounted[-1]["data"]["image"]).sum() == 1


def test_a_chosen_kernel_is_kept_and_only_kernels_are_taken_from_a_browser(visit, mounted):
    at = visit()
    for sent in ([1, 2, 3], "123456789", [float("nan")] * 9, [1e6] * 9, None, [None] * 9):
        at.session_state["sent"] = sent
        assert _taken(sent) is None
    assert _taken(list(range(9))).tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    at.button_group(key="convolution_kernel_size.0").set_value(5).run()
    kernel = np.reshape(mounted[-1]["data"]["kernel"], (5, 5))
    np.testing.assert_array_equal(kernel[1:4, 1:4], convolution.KERNELS["vertical"])
    assert kernel.sum(where=np.pad(np.zeros((3, 3), bool), 1, constant_values=True)) == 0
    at.button_group(key="convolution_kernel_size.0").set_value(3).run()
    assert at.button_group(key="convolution_preset.0").value == "vertical"


def _taken(sent: object) -> np.ndarray | None:
    """What the page is told when a browser sends that as a 3×3 kernel."""
    told: list[np.ndarray] = []
    setup = stepper.Setup(np.zeros((5, 5, 1)), kernels=np.zeros((3, 3, 1, 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stepper, "_sent", lambda key, name: sent)
        stepper._typed("key", setup, told.append)
    return told[0] if told else None


@pytest.mark.parametrize("side", kernel_choice.SIZES)
def test_a_kernel_survives_its_text(side):
    kernel = np.random.default_rng(side).integers(-9, 9, (side, side)) / 4
    found = kernel_choice.read(kernel_choice.text_of(kernel))
    assert found is not None
    np.testing.assert_array_equal(found, kernel)


@pytest.mark.parametrize("query", [{}, {"index": "3"}, {"section": "network"}, {"section": "pool"}])
def test_a_damaged_sample_is_one_sentence(query, visit, monkeypatch):
    def damaged(name: str) -> None:
        raise DataError("data.sample", file=f"assets/data/{name}.npz")

    st.cache_data.clear()
    monkeypatch.setattr(datasets, "sample_test", damaged)
    [warning] = visit(**query).warning
    assert "fashion" in warning.value
    st.cache_data.clear()


def test_both_ways_differ_as_scipy_says(visit):
    at = visit(section="flip", kernel="emboss")
    grey, kernel = SHIRT[..., 0] / 255, np.array(convolution.KERNELS["emboss"])
    ways = [way(np.pad(grey, 1), kernel, "valid") for way in (correlate2d, convolve2d)]
    difference = np.abs(ways[0] - ways[1]).max()
    [info] = at.info
    assert f"{difference:#.3g}" in info.value
    at = visit(section="flip", kernel="blur")
    assert [it.value for it in at.info] == [texts.say("en", "convolution.symmetric")]


def test_stacked_kernels_cost_what_the_arithmetic_says(visit):
    table = visit(section="stack", channels="32").table[0].value
    for (_, row), sizes in zip(table.iterrows(), [(3, 3), (5,), (3, 3, 3), (7,)], strict=True):
        blocks = tuple(ConvBlock(32, side, padding="valid", pool="none") for side in sizes)
        rows = layer_table(ModelConfig(blocks, input_shape=(28, 28, 32)))[: len(sizes)]
        params = sum((side * side * 32 + 1) * 32 for side in sizes)
        assert sum(one.params for one in rows) == params
        assert row["Parameters"] == f"{params:,}"
        reach = 1 + sum(side - 1 for side in sizes)
        assert row["Receptive field"] == f"{reach}×{reach}"
