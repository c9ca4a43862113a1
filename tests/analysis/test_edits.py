"""What a visitor did to a network: it travels in an address, and fits a network or is refused."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_core.analysis.edits import LARGEST, MOST_WEIGHTS, Edits, Filter, Weight
from cnn_core.config import TEXTBOOK
from cnn_core.errors import ConfigError

filters = st.builds(Filter, st.sampled_from(["conv1", "conv2"]), st.integers(0, 31))
places = st.one_of(
    st.tuples(st.integers(0, 31)),
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.just(0), st.integers(0, 31)),
)
values = st.floats(-LARGEST, LARGEST, allow_nan=False)
weights = st.builds(Weight, st.sampled_from(["conv1", "conv2"]), places, values)
several = st.builds(
    Edits,
    st.lists(filters, max_size=70).map(tuple),
    st.lists(weights, max_size=MOST_WEIGHTS).map(tuple),
)


@given(several)
def test_an_address_holds_them_exactly(edits: Edits):
    assert Edits.from_query(edits.to_query()) == edits
    assert pickle.loads(pickle.dumps(edits)) == edits
    assert hash(Edits.from_query(edits.to_query())) == hash(edits)
    assert edits.fitting(TEXTBOOK) is edits


def test_the_address_is_short_and_can_be_read():
    edits = Edits().with_off("conv2", range(64)).with_off("conv1", [7, 2, 0, 1])
    edits = edits.with_weight("conv1", (0, 2, 0, 5), -0.25).with_weight("conv1", (5,), 1.0)
    assert edits.to_query() == {
        "off": "conv1.0-2.7~conv2.0-63",
        "weights": "conv1.0.2.0.5:-0.25~conv1.5:1.0",
    }
    assert Edits().to_query() == {}
    assert Edits.from_query({"layer": "conv1", "off": ""}) == Edits()


def test_order_and_repetition_do_not_count():
    one = Edits().with_off("conv1", [3, 1]).with_weight("conv1", (1,), 2.0)
    other = Edits().with_weight("conv1", (1,), 5.0).with_weight("conv1", (1,), 2.0)
    assert one == other.with_off("conv1", [1, 3, 3])
    assert one.off_in("conv1") == [1, 3]
    assert one.off_in("conv2") == []


def test_what_is_undone_was_never_done():
    edits = Edits().with_off("conv1", [3]).with_weight("conv1", (1,), 2.0)
    assert edits
    assert edits.value("conv1", (1,)) == 2.0
    undone = edits.without_weight("conv1", (1,)).with_off("conv1", [])
    assert undone == Edits()
    assert not undone
    assert undone.value("conv1", (1,)) is None


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ({"off": "conv1"}, "off_text"),
        ({"off": "conv1.x"}, "off_text"),
        ({"off": "conv1.1-"}, "off_text"),
        ({"off": "conv1.0-99999"}, "off_text"),
        ({"off": "conv1.²"}, "off_text"),
        ({"off": "../conv1.0"}, "off_text"),
        ({"off": "conv1" + ".0-9999" * 100_000}, "at_most"),
        ({"off": "conv1.32"}, "between"),
        ({"off": "conv1.0-40"}, "between"),
        ({"off": "conv9.0"}, "one_of"),
        ({"off": "dense1.0"}, "one_of"),
        ({"weights": "conv1.0:"}, "weight_text"),
        ({"weights": "conv1.0.0:1"}, "weight_text"),
        ({"weights": "conv1.0:one"}, "weight_text"),
        ({"weights": "conv1.0:nan"}, "number"),
        ({"weights": "conv1.0:-inf"}, "number"),
        ({"weights": "conv1.0:1e9"}, "between"),
        ({"weights": "conv1.3.0.0.0:1"}, "between"),
        ({"weights": "conv1.0.0.1.0:1"}, "between"),
        ({"weights": "conv2.64:1"}, "between"),
        ({"weights": "conv3.0:1"}, "one_of"),
        ({"weights": "~".join(f"conv2.{n}:1" for n in range(MOST_WEIGHTS + 1))}, "at_most"),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_its_rule(query: dict[str, str], rule: str):
    with pytest.raises(ConfigError) as caught:
        Edits.from_query(query).fitting(TEXTBOOK)
    assert (caught.value.field, caught.value.rule) == (next(iter(query)), rule)
    assert caught.value.sentence("ko") != caught.value.sentence("en")
