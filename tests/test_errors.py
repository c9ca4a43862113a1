"""Errors are sentences in both languages, know their field, and survive a process border."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from cnn_core import texts
from cnn_core.config import ConvBlock
from cnn_core.errors import (
    CnnError,
    ConfigError,
    DataError,
    EngineError,
    LimitError,
    RunError,
    ShapeError,
)

EVERY_KIND = [
    ConfigError("filters", -3, "between", minimum=1, maximum=512),
    ShapeError("conv4", (28, 13, 5, 1, 0)),
    DataError("shape", layer="conv1", trail="28 → 0"),
    RunError("shape", layer="conv1", trail="28 → 0"),
    LimitError("shape", layer="conv1", trail="28 → 0"),
    EngineError("shape", layer="conv1", trail="28 → 0"),
]


def by_name(error: CnnError) -> str:
    return type(error).__name__


def test_a_rule_is_said_with_the_label_and_the_received_value() -> None:
    error = ConfigError("filters", -3, "between", minimum=1, maximum=512)
    assert error.sentence("en") == "Filters must be between 1 and 512. Received filters=-3."
    assert error.sentence("ko") == ("필터 수는 1 이상 512 이하여야 합니다. 받은 값: filters=-3.")
    assert str(error) == "filters must be between 1 and 512. Received filters=-3."
    assert (error.field, error.value, error.rule) == ("filters", -3, "between")


def test_a_field_without_a_label_is_called_by_its_name() -> None:
    error = ConfigError("nameless", "x", "whole")
    assert error.sentence("en") == "nameless must be a whole number. Received nameless='x'."
    assert "nameless" in error.sentence("ko")


def test_a_shape_error_shows_how_the_image_shrank() -> None:
    error = ShapeError("conv4", (28, 13, 5, 1, 0))
    assert "conv4: 28 → 13 → 5 → 1 → 0" in str(error)
    assert "conv4" in error.sentence("ko")
    assert error.trail == (28, 13, 5, 1, 0)


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, 10**5000, [0] * 10_000, "{value}", "%s{0}"],
    ids=["long", "digits", "list", "slot", "percent"],
)
def test_a_sentence_stays_short_and_whole_whatever_was_received(value: object) -> None:
    for language in texts.LANGUAGES:
        sentence = ConfigError("epochs", value, "whole").sentence(language)
        assert "epochs=" in sentence
        assert len(sentence) < 160


@pytest.mark.parametrize("error", EVERY_KIND, ids=by_name)
def test_every_kind_is_a_cnn_error_with_a_sentence_in_both_languages(error: CnnError) -> None:
    assert isinstance(error, CnnError)
    assert error.sentence("en") != error.sentence("ko")
    assert "{" not in str(error)


@pytest.mark.parametrize("kind", [ConfigError, ShapeError])
def test_a_bad_value_is_also_a_value_error_for_a_notebook(kind: type) -> None:
    assert issubclass(kind, ValueError)


@pytest.mark.parametrize("error", EVERY_KIND, ids=by_name)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_comes_back_from_pickle_as_it_was(error: CnnError, protocol: int) -> None:
    for back in (pickle.loads(pickle.dumps(error, protocol)), copy.deepcopy(error)):
        assert type(back) is type(error)
        assert back.args == error.args
        assert vars(back) == vars(error)
        assert back.sentence("ko") == error.sentence("ko")


def test_an_error_crosses_a_process_border() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        caught = pool.submit(ConvBlock, filters=0).exception()
    assert isinstance(caught, ConfigError)
    assert (caught.field, caught.value, caught.rule) == ("filters", 0, "between")


def test_a_slot_may_be_called_key_or_language() -> None:
    error = CnnError("shape", layer="conv1", trail="28 → 0", key="k", language="l")
    assert "conv1" in error.sentence("en")
