"""Settings that vary: read from text, applied, counted, and refused in words."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_runs import MODEL, SHORT

from cnn_core import config
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.errors import CnnError, ConfigError, ShapeError, SweepError
from cnn_core.planning import space as spaces
from cnn_core.planning.limits import check_limits
from cnn_core.planning.space import FIELDS, Dimension, Space, parse, survey

BASE = (TEXTBOOK, TrainConfig())


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("kernel", "3, 5,5", Dimension("kernel", values=(3, 5))),
        ("kernel.2", "7", Dimension("kernel", 2, (7,))),
        ("pool", "max,none", Dimension("pool", values=("max", "none"))),
        ("dropout", "0.0:0.6", Dimension("dropout", low=0.0, high=0.6)),
        ("dropout", "0:0.4:0.2", Dimension("dropout", low=0.0, high=0.4, step=0.2)),
        ("filters", "16:64:16", Dimension("filters", low=16, high=64, step=16)),
        ("blocks", "1:3", Dimension("blocks", low=1, high=3, step=1)),
        (
            "learning_rate",
            "1e-4:1e-2:log",
            Dimension("learning_rate", low=1e-4, high=1e-2, log=True),
        ),
    ],
)
def test_a_list_or_a_range_is_read(name: str, text: str, expected: Dimension) -> None:
    assert parse(name, text) == expected
    assert spaces.from_dict(spaces.to_dict(expected)) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(
            ("kernel", ""),
            ("kernel", "three"),
            ("kernel", "3:"),
            ("kernel", "5:3"),
            ("kernel", "3:3"),
        ),
        *(("kernel", "1:2:3:4"), ("kernel.9", "3"), ("kernel.0", "3"), ("kernel.x", "3")),
        *(("dropout.1", "0.1"), ("dropout", "nan"), ("dropout", "0.1:inf"), ("dropout", "a")),
        *(("pool", "maximum"), ("pool", "max:none"), ("learning_rate", "0:1:log")),
        *(("dataset", "digits"), ("size", "full"), ("input_shape", "8"), ("nothing", "1")),
        *(("", ""), ("seed", ",".join(map(str, range(60)))), ("dropout", "0:0.9:0.001")),
    ],
)
def test_what_is_neither_is_a_sentence(name: str, text: str) -> None:
    with pytest.raises((SweepError, ConfigError)) as caught:
        parse(name, text)
    assert caught.value.sentence("en")
    assert caught.value.sentence("ko")


def test_every_setting_but_the_data_and_the_target_can_vary() -> None:
    model, train = set(FIELDS), set(FIELDS)
    assert {*config.ConvBlock.__dataclass_fields__, "blocks", "dense", "dropout"} <= model
    assert set(TrainConfig.__dataclass_fields__) - train == {"dataset", "size", "target"}


def test_a_value_goes_to_every_block_or_to_one() -> None:
    model, _ = spaces.apply(Dimension("kernel"), 5, BASE)
    assert [block.kernel for block in model.blocks] == [5, 5]
    model, _ = spaces.apply(Dimension("kernel", 2), 5, BASE)
    assert [block.kernel for block in model.blocks] == [3, 5]
    model, _ = spaces.apply(Dimension("blocks"), 3, BASE)
    assert [block.filters for block in model.blocks] == [32, 64, 64]
    model, _ = spaces.apply(Dimension("blocks"), 1, BASE)
    assert [block.filters for block in model.blocks] == [32]
    model, _ = spaces.apply(Dimension("dense_layers"), 2, BASE)
    assert model.dense == (100, 100)
    _, train = spaces.apply(Dimension("learning_rate"), 0.00374540119, BASE)
    assert train.learning_rate == 0.00375


def space(*texts: tuple[str, str], base=BASE) -> Space:
    return Space([parse(*text) for text in texts], base)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([], "1 to 5 settings"),
        (
            [(name, "1,2") for name in ("filters", "kernel", "stride", "blocks", "seed", "dense")],
            "1 to",
        ),
        ([("kernel", "3"), ("kernel", "5")], "twice"),
        ([("kernel", "3"), ("kernel.1", "5")], "twice"),
        ([("kernel.3", "3,5")], "no effect"),
        ([("dense.2", "3,5")], "no effect"),
        ([("kernel", "3,9")], "kernel"),
        ([("dropout", "0.0:1.5")], "dropout"),
        ([("batch_size", "0:64")], "batch_size"),
        ([("blocks", "1,7")], "blocks"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(texts, says: str) -> None:
    with pytest.raises((SweepError, ConfigError), match=says):
        space(*texts)


def test_a_setting_without_effect_has_no_value() -> None:
    varied = space(
        ("blocks", "1,2"), ("kernel.2", "3,5"), ("pool.1", "max,none"), ("pool_size.1", "2,3")
    )
    found = varied.combinations()
    assert len(found) == (1 + 2) * (2 + 1)
    assert all(("kernel.2" in it) == (it["blocks"] == 2) for it in found)
    assert all(("pool_size.1" in it) == (it["pool.1"] == "max") for it in found)
    assert len({repr(varied.setup(it)) for it in found}) == len(found)


def test_what_shrinks_to_nothing_is_left_out_or_refused_with_the_reason() -> None:
    varied = space(("stride", "1,4"), ("padding", "same,valid"), base=(MODEL, SHORT))
    seen = survey(varied, check_limits)
    assert (seen.total, len(seen.fit), len(seen.broken)) == (4, 4, 0)
    deep = replace(MODEL, blocks=(ConvBlock(4, pool="none"),) * 3)
    varied = space(("stride", "1,4"), ("pool", "none,max"), base=(deep, SHORT))
    seen = survey(varied, check_limits)
    assert len(seen.valid) + len(seen.broken) == 4
    assert all(isinstance(error, ShapeError) for _, error in seen.broken)
    assert {"stride": 1, "pool": "none"} in seen.valid
    with pytest.raises(SweepError) as caught:
        survey(space(("kernel", "5,7"), base=(small_valid(), SHORT)), check_limits)
    assert "shrinks to nothing at conv" in caught.value.sentence("en")
    assert "학습할 수 있는 것이 없습니다" in caught.value.sentence("ko")


def small_valid() -> ModelConfig:
    return replace(MODEL, blocks=(ConvBlock(4, 3, padding="valid"),) * 2)


def test_a_continuous_space_is_sampled_and_a_grid_makes_it_a_list() -> None:
    rate = parse("learning_rate", "1e-4:1e-2:log")
    assert space(("learning_rate", "1e-4:1e-2:log")).combinations() is None
    assert rate.as_list().values == (0.0001, 0.000316, 0.001, 0.00316, 0.01)
    assert parse("dropout", "0.0:0.6").as_list().values == (0.0, 0.15, 0.3, 0.45, 0.6)
    assert parse("filters", "8:32:8").as_list().values == (8, 16, 24, 32)
    assert parse("filters", "8:128:log").as_list().values == (8, 16, 32, 64, 128)
    seen = survey(space(("learning_rate", "1e-4:1e-2:log")), check_limits)
    assert (seen.total, seen.looked_at) == (None, spaces.SAMPLED)


def test_a_huge_grid_is_not_counted_out() -> None:
    texts = [(name, "1:50") for name in ("seed", "patience", "batch_size", "epochs", "train_size")]
    assert (
        space(*[(name, text.replace("1:", "10:")) for name, text in texts]).combinations() is None
    )


@given(st.integers(0, 10_000))
def test_every_drawn_set_up_is_one_or_a_sentence(seed: int) -> None:
    """Whatever varies: a set-up comes out, or an error with a sentence."""
    dice = random.Random(seed)
    pool = {
        **dict.fromkeys(("filters", "dense", "batch_size"), "8,16,32"),
        **{
            "kernel": "1:7",
            "stride": "1:4",
            "pool_size": "2:4",
            "blocks": "1:4",
            "dropout": "0:0.9",
        },
        **{"dense_layers": "0:3", "learning_rate": "1e-4:1:log", "seed": "0:9", "epochs": "1,2"},
        **{name: ",".join(values) for name, values in spaces.CHOICES.items()},
    }
    names = dice.sample(list(pool), dice.randint(1, 5))
    places = [
        f"{it}.{dice.randint(1, 3)}" if it in spaces.PLACED and dice.random() < 0.3 else it
        for it in names
    ]
    try:
        varied = space(*[(place, pool[name]) for place, name in zip(places, names, strict=True)])
    except SweepError as error:
        assert error.sentence("ko")
        return
    params, setup = varied.choose(lambda it: it.draw(dice))
    assert varied.setup(params) == setup
    try:
        check_limits(*setup)
    except CnnError as error:
        assert error.sentence("ko")
