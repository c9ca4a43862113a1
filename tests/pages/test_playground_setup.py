"""The set-up on the playground: controls, presets, links, and what cannot be trained."""

from __future__ import annotations

import re

import pytest
from visits import address, linked, parameters, put, total, totals_and_table, visit

from cnn_core import arithmetic, runs
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.planning.links import to_query
from cnn_core.planning.presets import PRESETS

__all__ = ["visit"]  # a fixture


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_shows_its_numbers(preset, visit):
    at = visit(**to_query(PRESETS[preset].model, PRESETS[preset].train))
    assert parameters(at) == total(PRESETS[preset].model)
    assert at.button_group(key="set_preset.0").value == preset


@pytest.mark.parametrize(
    ("control", "value"),
    [
        ("filters_0", 7),
        ("kernel_1", 6),
        ("padding_0", "valid"),
        ("pool_1", "none"),
        ("pool_size_0", 3),
        ("stride_0", 2),
        ("dense_0", 55),
        ("dropout", 0.0),
        ("dataset", "digits"),
    ],
)
def test_a_control_changes_the_numbers_at_once(control, value, visit):
    at = visit()
    before = totals_and_table(at)
    put(at, control, value)
    assert totals_and_table(at) != before
    model, _ = linked(at)
    assert parameters(at) == total(model)
    assert [row.name for row in arithmetic.layer_table(model)] == list(at.table[0].value.iloc[:, 0])


def test_blocks_and_dense_layers_come_and_go(visit):
    at = visit()
    for blocks, dense in ((4, 3), (1, 0), (3, 2)):
        at.button_group(key="set_blocks.0").set_value(blocks)
        at.button_group(key="set_dense_layers.0").set_value(dense).run()
        assert not at.exception
        model, _ = linked(at)
        assert (len(model.blocks), len(model.dense)) == (blocks, dense)
        assert parameters(at) == total(model)


def test_the_order_holds_every_setting(visit):
    at = visit()
    for control, value in {
        **{"filters_1": 48, "kernel_0": 5, "padding_1": "valid", "activation_0": "tanh"},
        **{"stride_0": 2, "pool_1": "average", "dropout": 0.45, "dense_0": 60},
        **{
            "dataset": "mnist",
            "train_size": 500,
            "epochs": 9,
            "batch_size": 64,
            "optimizer": "sgd",
        },
        **{"schedule": "one_cycle", "learning_rate": 0.01, "patience": 0, "seed": 5},
        **{"precision": "float32", "target": 0.85, "augmentation": "noise"},
    }.items():
        put(at, control, value)
    at.button(key="train").click().run()
    [run] = runs.all_runs()
    assert run.model == ModelConfig(
        blocks=(
            ConvBlock(32, 5, stride=2, activation="tanh"),
            ConvBlock(48, padding="valid", pool="average"),
        ),
        dense=(60,),
        dropout=0.45,
    )
    assert run.train == TrainConfig(
        dataset="mnist",
        train_size=500,
        epochs=9,
        batch_size=64,
        optimizer="sgd",
        learning_rate=0.01,
        schedule="one_cycle",
        patience=0,
        seed=5,
        target=0.85,
        precision="float32",
        augmentation="noise",
    )
    assert linked(at) == (run.model, run.train)
    assert address(at)["run"] == run.id


def test_a_change_that_comes_with_an_old_address_is_not_lost(visit):
    at = visit()
    old = address(at)
    put(at, "dropout", 0.35)
    at.query_params.update(old)
    put(at, "dropout", 0.4)
    assert linked(at)[0].dropout == 0.4


def test_the_preset_is_released_by_the_change_that_leaves_it(visit):
    at = visit()
    put(at, "filters_0", 24)
    assert at.button_group(key="set_preset.0").value is None
    put(at, "filters_0", 32)
    assert at.button_group(key="set_preset.0").value == "textbook"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"blocks": "-5"}, "Filters must be between 1 and 512. Received filters=-5."),
        ({"blocks": "32.99"}, "Kernel size must be between 1 and 7."),
        ({"blocks": ""}, "Filters must be a whole number."),
        ({"blocks": "garbage"}, "Filters must be a whole number."),
        ({"blocks": "8~8~8~8~8"}, "Convolution blocks must be between 1 and 4."),
        ({"blocks": "8.3.1.same.relu.max.2.9"}, "a block has at most seven parts"),
        ({"dense": "100.0"}, "must be between 1 and 2048."),
        ({"dense": "1.2.3.4"}, "must be between 0 and 3."),
        ({"dropout": "inf"}, "must be a finite number."),
        ({"dropout": "0,3"}, "must be a finite number."),
        ({"data": "unknown"}, "There is no data set “unknown”."),
        ({"images": "3"}, "must be between 10 and"),
        ({"batch": "100000"}, "Batch size must be between 1 and 4096."),
        ({"epochs": "1e9"}, "must be a whole number."),
        ({"lr": "nan"}, "Learning rate must be a finite number."),
        ({"lr": "-1"}, "Learning rate must be between 0"),
        ({"seed": "99999999999999999999"}, "must be between 0 and 2147483647."),
        ({"size": "huge"}, "must be one of"),
        ({"opt": "<script>alert(1)</script>"}, "Optimizer must be one of"),
        ({"run": "../../etc"}, "“../../etc” is not a run."),
        ({"run": "20260131-142530-a1b2c3"}, "does not exist here."),
        ({"run": "/etc/passwd"}, "“/etc/passwd” is not a run."),
    ],
    ids=lambda it: "=".join(*it.items()) if isinstance(it, dict) else "",
)
def test_a_bad_link_is_one_sentence_and_the_textbook_network(query, says, visit, convscope_home):
    at = visit(**query)
    assert not at.exception
    assert len(at.warning) == 1
    assert says in at.warning[0].value
    assert parameters(at) == 333_526
    assert not at.button(key="train").disabled
    assert not convscope_home.exists()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            {"blocks": "512.3.1.same.relu.none", "batch": "4096", "dense": "none"},
            "One batch of 4096",
        ),
        (
            {"blocks": "512.7~512.7", "dense": "2048.2048"},
            "parameters; the limit on this server is",
        ),
        ({"epochs": "80"}, "80 epochs are too many"),
        ({"blocks": "8.7.1.valid~8.7.1.valid~8.7.1.valid"}, "shrinks to nothing at conv3: 28 → 22"),
    ],
)
def test_what_cannot_be_trained_is_said_before(query, says, visit):
    at = visit(**query)
    assert not at.exception
    assert says in re.sub(r"\\(.)", r"\1", at.error[0].value)
    assert len(at.error) == 1
    assert at.button(key="train").disabled


def test_one_click_mends_a_network_that_shrinks_to_nothing(visit):
    at = visit(blocks="8.7.1.valid~8.7.1.valid~8.7.1.valid")
    at.button(key="fix").click().run()
    assert not at.error
    assert not at.button(key="train").disabled
    assert arithmetic.fits(linked(at)[0])


def test_a_cap_that_is_no_number_is_a_sentence(visit, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "many")
    at = visit()
    assert not at.exception
    assert at.button(key="train").disabled
    assert "The limit on epochs must be a whole number" in at.error[0].value
