"""What is over a cap of the server is refused in words, with what would pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_runs import MODEL, SHORT

from cnn_core import runs
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.engine import Engine
from cnn_core.errors import CnnError, ConfigError, DataError, LimitError
from cnn_core.planning.limits import Limits, check_limits


@pytest.mark.parametrize(
    ("model", "train", "key", "said"),
    [
        (replace(MODEL, dense=(2048, 2048)), SHORT, "limit.parameters", "at most 1,000,000"),
        (MODEL, replace(SHORT, epochs=51), "limit.epochs", "51 epochs are too many"),
        (
            replace(TEXTBOOK, blocks=(ConvBlock(128, pool_size=4),)),
            replace(SHORT, batch_size=4096),
            "limit.batch",
            r"One batch of 4096 images would need about \d\.\d GB .* allows 1.5 GB",
        ),
    ],
)
def test_what_is_over_a_cap_is_refused_with_both_numbers(
    model: ModelConfig, train: TrainConfig, key: str, said: str
) -> None:
    limits = Limits(parameters=1_000_000)
    with pytest.raises(LimitError, match=said) as caught:
        Engine().order(model, train, limits=limits)
    assert caught.value.key == key
    assert caught.value.sentence("ko")
    assert not runs.home().exists()


def test_the_batch_that_is_named_as_the_largest_passes() -> None:
    limits = Limits(batch_megabytes=100)
    huge = replace(SHORT, batch_size=4096)
    with pytest.raises(LimitError) as caught:
        check_limits(TEXTBOOK, huge, limits)
    largest = caught.value.slots["largest"]
    assert isinstance(largest, int)
    check_limits(TEXTBOOK, replace(SHORT, batch_size=largest), limits)
    with pytest.raises(LimitError):
        check_limits(TEXTBOOK, replace(SHORT, batch_size=largest + 1), limits)


def test_what_cannot_be_trained_is_refused_and_nothing_is_made() -> None:
    engine = Engine()
    with pytest.raises(DataError, match="no data set “cats”"):
        engine.order(MODEL, replace(SHORT, dataset="cats"))
    with pytest.raises(CnnError, match="8 → 4 → 2 → 1 → 0"):
        engine.order(replace(MODEL, blocks=(ConvBlock(4),) * 4), SHORT)
    assert not runs.home().exists()


def test_a_cap_of_the_environment_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "1")
    with pytest.raises(LimitError, match="2 epochs are too many"):
        Engine().order(MODEL, SHORT)
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "many")
    with pytest.raises(ConfigError):
        Engine().order(MODEL, SHORT)
