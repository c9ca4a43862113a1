"""Settings refuse a bad value at birth, and come back whole from a dict, from JSON and from a URL."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cnn_core import config, texts
from cnn_core.config import (
    TEXTBOOK,
    ConvBlock,
    ModelConfig,
    TrainConfig,
    check_learning_rate,
    model_from_dict,
    to_dict,
    train_from_dict,
)
from cnn_core.errors import ConfigError
from cnn_core.planning import limits
from cnn_core.planning.limits import Limits, train_workers, worker_plan
from cnn_core.planning.links import SETUP_PARAMETERS, from_query, to_query
from cnn_core.planning.presets import PRESETS

blocks = some.builds(
    ConvBlock,
    filters=some.integers(1, 512),
    kernel=some.integers(1, 7),
    stride=some.integers(1, 4),
    padding=some.sampled_from(config.PADDINGS),
    activation=some.sampled_from(config.ACTIVATIONS),
    pool=some.sampled_from(config.POOLS),
    pool_size=some.integers(2, 4),
)
models = some.builds(
    ModelConfig,
    blocks=some.lists(blocks, min_size=1, max_size=4).map(tuple),
    dense=some.lists(some.integers(1, 2048), max_size=3).map(tuple),
    dropout=some.floats(0, 0.9),
    input_shape=some.tuples(*[some.integers(1, 512)] * 3),
    classes=some.integers(2, 1000),
)
trains = some.builds(
    TrainConfig,
    dataset=some.text(),
    train_size=some.none() | some.integers(10, 10_000_000),
    epochs=some.integers(1, 100),
    batch_size=some.integers(1, 4096),
    optimizer=some.sampled_from(config.OPTIMIZERS),
    learning_rate=some.floats(0, 10, exclude_min=True),
    schedule=some.sampled_from(config.SCHEDULES),
    patience=some.integers(0, 100),
    seed=some.integers(0, 2**31 - 1),
    precision=some.sampled_from(config.PRECISIONS),
    augmentation=some.sampled_from(config.AUGMENTATIONS),
    size=some.sampled_from(config.SIZES),
)
json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=5), inner, max_size=4)
    ),
)


def test_the_textbook_network_is_the_default() -> None:
    assert ModelConfig() == TEXTBOOK
    assert [block.filters for block in TEXTBOOK.blocks] == [32, 64]
    assert TEXTBOOK.blocks[0] == ConvBlock(32, 3, 1, "same", "relu", "max", 2)
    assert (TEXTBOOK.dense, TEXTBOOK.dropout) == ((100,), 0.3)
    assert (TEXTBOOK.input_shape, TEXTBOOK.classes) == ((28, 28, 1), 10)
    assert PRESETS["textbook"].model is TEXTBOOK


# There and back


@given(models)
def test_a_model_comes_back_from_json(model: ModelConfig) -> None:
    assert model_from_dict(json.loads(json.dumps(to_dict(model)))) == model


@given(trains)
def test_a_training_comes_back_from_json(train: TrainConfig) -> None:
    assert train_from_dict(json.loads(json.dumps(to_dict(train)))) == train


@given(models, trains)
def test_a_set_up_comes_back_from_its_url(model: ModelConfig, train: TrainConfig) -> None:
    query = to_query(model, train)
    assert set(query) <= set(SETUP_PARAMETERS)
    back_model, back_train = from_query(query)
    # What an image looks like follows from the data set, not from the URL.
    follows = {"input_shape": model.input_shape, "classes": model.classes}
    assert replace(back_model, **follows) == model
    assert back_train == train


@given(models, trains)
def test_a_config_is_a_key_and_can_be_pickled(model: ModelConfig, train: TrainConfig) -> None:
    for one in (model, train):
        again = pickle.loads(pickle.dumps(one))
        assert again == one
        assert hash(again) == hash(one)


def test_the_url_of_the_textbook_network_can_be_read_by_a_person() -> None:
    assert to_query(TEXTBOOK, TrainConfig()) == {
        "blocks": "32.3.1.same.relu.max.2~64.3.1.same.relu.max.2",
        "dense": "100",
        "dropout": "0.3",
        "size": "sample",
        "data": "fashion_mnist",
        "epochs": "20",
        "batch": "32",
        "opt": "adam",
        "lr": "0.001",
        "schedule": "constant",
        "patience": "3",
        "seed": "42",
        "precision": "auto",
    }


def test_a_url_may_say_only_what_differs() -> None:
    model, train = from_query({"blocks": "16.5~32", "dense": "none", "lr": "1", "foreign": "x"})
    assert model.blocks == (ConvBlock(16, kernel=5), ConvBlock(32))
    assert model.dense == ()
    assert train == TrainConfig(learning_rate=1.0)
    assert from_query({}, PRESETS["fast"]) == (PRESETS["fast"].model, PRESETS["fast"].train)


def test_lists_become_tuples() -> None:
    model = ModelConfig(blocks=[ConvBlock(8)], dense=[3], input_shape=[8, 8, 1])  # type: ignore[arg-type]
    assert (model.blocks, model.dense, model.input_shape) == ((ConvBlock(8),), (3,), (8, 8, 1))
    hash(model)


# Bad values

NOT_WHOLE = [True, 1.0, math.nan, math.inf, "3", None, [3]]
NOT_A_NUMBER = [True, math.nan, math.inf, -math.inf, "0.3", None, [0.3]]
WHOLE = [
    (ConvBlock, "filters", (1, 512)),
    (ConvBlock, "kernel", (1, 7)),
    (ConvBlock, "stride", (1, 4)),
    (ConvBlock, "pool_size", (2, 4)),
    (ModelConfig, "classes", (2, 1000)),
    (TrainConfig, "epochs", (1, 100)),
    (TrainConfig, "batch_size", (1, 4096)),
    (TrainConfig, "patience", (0, 100)),
    (TrainConfig, "seed", (0, 2**31 - 1)),
    (TrainConfig, "train_size", (10, 10_000_000)),
]
CHOICES = [
    (ConvBlock, "padding"),
    (ConvBlock, "activation"),
    (ConvBlock, "pool"),
    (TrainConfig, "optimizer"),
    (TrainConfig, "schedule"),
    (TrainConfig, "precision"),
    (TrainConfig, "size"),
    (TrainConfig, "augmentation"),
]


@pytest.mark.parametrize("value", [*NOT_A_NUMBER[:5], [0.3], 0.0, -0.1, 1.01])
def test_a_target_is_an_accuracy_above_zero(value: object) -> None:
    refused(TrainConfig, "target", target=value)


def test_no_target_is_the_default_and_one_is_a_number() -> None:
    assert TrainConfig().target is None
    assert repr(TrainConfig(target=1).target) == "1.0"


def refused(kind: Any, field: str, **values: Any) -> ConfigError:
    """The error of `kind(**values)`, after checking that it names `field` in both languages."""
    with pytest.raises(ConfigError) as caught:
        kind(**values)
    assert caught.value.field == field
    for language in texts.LANGUAGES:
        assert texts.say(language, f"field.{field}") in caught.value.sentence(language)
    return caught.value


@pytest.mark.parametrize(("kind", "field", "limits"), WHOLE)
def test_a_whole_number_keeps_its_limits(kind: Any, field: str, limits: tuple[int, int]) -> None:
    low, high = limits
    for value in limits:
        assert getattr(kind(**{field: value}), field) == value
    for value in (low - 1, high + 1, -1000, 10**400):
        assert refused(kind, field, **{field: value}).rule == "between"
    for wrong in NOT_WHOLE:
        if not (wrong is None and field == "train_size"):
            assert refused(kind, field, **{field: wrong}).rule == "whole"


@pytest.mark.parametrize(("kind", "field"), CHOICES)
@pytest.mark.parametrize("value", ["", "SAME", "relu ", None, 3, ["same"], {}])
def test_a_choice_is_one_of_its_table(kind: Any, field: str, value: object) -> None:
    error = refused(kind, field, **{field: value})
    assert error.rule == "one_of"
    assert getattr(kind(), field) in str(error)


@pytest.mark.parametrize("value", NOT_A_NUMBER)
def test_a_share_or_a_rate_is_a_finite_number(value: Any) -> None:
    refused(ModelConfig, "dropout", dropout=value)
    refused(TrainConfig, "learning_rate", learning_rate=value)


@pytest.mark.parametrize("value", [-0.1, 0.91, 1, 10**400])
def test_dropout_lies_between_0_and_09(value: float) -> None:
    assert refused(ModelConfig, "dropout", dropout=value).rule == "between"


@pytest.mark.parametrize(("value", "rule"), [(0, "above_zero"), (-1.0, "between"), (11, "between")])
def test_a_learning_rate_is_above_0_and_at_most_10(value: float, rule: str) -> None:
    assert refused(TrainConfig, "learning_rate", learning_rate=value).rule == rule
    with pytest.raises(ConfigError):
        check_learning_rate(value)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("blocks", {"blocks": ()}),
        ("blocks", {"blocks": (ConvBlock(),) * 5}),
        ("blocks", {"blocks": (32, 64)}),
        ("blocks", {"blocks": 3}),
        ("blocks", {"blocks": "32"}),
        ("dense_layers", {"dense": (1, 2, 3, 4)}),
        ("dense", {"dense": (0,)}),
        ("dense", {"dense": (100.0,)}),
        ("dense", {"dense": "100"}),
        ("dense", {"dense": None}),
        ("input_shape", {"input_shape": (28, 28)}),
        ("input_shape", {"input_shape": (28, 28, 0)}),
        ("input_shape", {"input_shape": (28, 28, "1")}),
        ("input_shape", {"input_shape": 28}),
    ],
)
def test_a_network_of_the_wrong_build_is_refused(field: str, values: dict[str, Any]) -> None:
    refused(ModelConfig, field, **values)


def test_a_data_set_is_a_name() -> None:
    refused(TrainConfig, "dataset", dataset=3)


def test_settings_do_not_change() -> None:
    for one in (ConvBlock(), ModelConfig(), TrainConfig()):
        with pytest.raises((FrozenInstanceError, TypeError)):
            one.seed = 1  # type: ignore[union-attr]


# Broken input

parts = some.text("0123456789.~samerluvxdgnoit-+e_ ", max_size=20) | some.text(max_size=20)


@given(some.dictionaries(some.sampled_from(SETUP_PARAMETERS), parts))
def test_a_broken_url_raises_nothing_but_config_errors(query: dict[str, str]) -> None:
    try:
        model, train = from_query(query)
    except ConfigError as error:
        for language in texts.LANGUAGES:
            error.sentence(language)
    else:
        follows = {"input_shape": model.input_shape, "classes": model.classes}
        again, train_again = from_query(to_query(model, train))
        assert (replace(again, **follows), train_again) == (model, train)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"blocks": "-16"}, "filters"),
        ({"blocks": "16.99"}, "kernel"),
        ({"blocks": "16.3.1.same.relu.max.2.9"}, "blocks"),
        ({"blocks": "~".join(["8"] * 5)}, "blocks"),
        ({"blocks": "~".join(["8"] * 100_000)}, "blocks"),
        ({"blocks": ""}, "filters"),
        ({"dense": ""}, "dense"),
        ({"dense": "1.2.3.4"}, "dense_layers"),
        ({"dropout": "nan"}, "dropout"),
        ({"lr": "1e999"}, "learning_rate"),
        ({"epochs": "9" * 5000}, "epochs"),
        ({"batch": "10000000000"}, "batch_size"),
        ({"seed": "1.5"}, "seed"),
        ({"opt": "../../etc"}, "optimizer"),
        ({"size": "huge"}, "size"),
    ],
)
def test_a_bad_value_in_a_url_is_named(query: dict[str, str], field: str) -> None:
    refused(from_query, field, query=query)


@given(json_values)
def test_a_broken_dict_raises_nothing_but_config_errors(tree: Any) -> None:
    for read in (model_from_dict, train_from_dict):
        for one in (tree, {"blocks": tree, "dense": tree}, {"blocks": [tree]}, {"epochs": tree}):
            try:
                read(one)
            except ConfigError as error:
                error.sentence("ko")


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="setting='block'"):
        model_from_dict({"block": []})
    with pytest.raises(ConfigError, match="setting='filter'"):
        model_from_dict({"blocks": [{"filter": 3}]})
    with pytest.raises(ConfigError, match="setting='lr'"):
        train_from_dict({"lr": 1})


# Caps of a server


def test_the_caps_come_from_the_environment() -> None:
    assert Limits.from_environment({}) == Limits()
    assert Limits.from_environment({"CONVSCOPE_MAX_EPOCHS": ""}) == Limits()
    named = {f"CONVSCOPE_MAX_{field.name.upper()}": "7" for field in fields(Limits)}
    assert Limits.from_environment(named) == Limits(*[7] * len(named))


def test_the_number_of_train_workers_comes_from_the_environment() -> None:
    assert (train_workers({}), train_workers({"CONVSCOPE_TRAIN_WORKERS": "2"})) == (1, 2)
    for value in ("0", "two", "-1"):
        with pytest.raises(ConfigError, match="CONVSCOPE_TRAIN_WORKERS"):
            train_workers({"CONVSCOPE_TRAIN_WORKERS": value})


def test_the_plan_of_the_workers_comes_from_the_environment() -> None:
    assert worker_plan({}) == worker_plan({"CONVSCOPE_WORKERS": ""}) == "separate"
    assert worker_plan({"CONVSCOPE_WORKERS": "off"}) == "off"
    with pytest.raises(ConfigError, match="must be one of: separate, one, off") as caught:
        worker_plan({"CONVSCOPE_WORKERS": "two"})
    assert "two" in caught.value.sentence("ko")


@pytest.mark.parametrize("value", ["many", "1.5", "-3", "0", "nan"])
def test_a_cap_that_is_not_a_whole_number_above_0_is_refused(value: str) -> None:
    variable = "CONVSCOPE_MAX_EPOCHS"
    refused(Limits.from_environment, variable, environment={variable: value})
    other = {variable: value, "CONVSCOPE_MAX_SESSIONS": "7"}
    assert limits.valid(other) == Limits(sessions=7), "the other caps hold"
