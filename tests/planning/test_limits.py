"""What is over a cap of the server is refused in words, with what would pass."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from small_runs import MODEL, SHORT

from cnn_core import datasets, runs
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.engine import Engine
from cnn_core.errors import CnnError, ConfigError, DataError, LimitError
from cnn_core.planning.cost import estimated_seconds
from cnn_core.planning.limits import Limits, check_limits
from cnn_core.progress.events import EpochEnd, Saved
from cnn_core.runs import log as run_log


@pytest.mark.parametrize(
    ("model", "train", "key", "said"),
    [
        (replace(MODEL, dense=(2048, 2048)), SHORT, "limit.parameters", "this server is 1,000,000"),
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


HUGE = ModelConfig(blocks=(ConvBlock(512, kernel=7), ConvBlock(128, kernel=7)))
FULL = TrainConfig(size="full", epochs=50, precision="float32")


def test_a_run_that_would_train_for_days_is_refused_without_a_measurement_too() -> None:
    check_limits(TEXTBOOK, FULL)
    with pytest.raises(
        LimitError, match=r"about 5,\d{3} minutes .* limit is 120 minutes"
    ) as caught:
        check_limits(HUGE, FULL)
    assert caught.value.key == "limit.minutes"
    assert "120분" in caught.value.sentence("ko")
    with pytest.raises(LimitError, match="minutes"):
        Engine().order(HUGE, FULL)
    assert not runs.home().exists()


def test_the_estimated_time_follows_the_measured_speed_of_this_machine() -> None:
    minutes = estimated_seconds(MODEL, SHORT, datasets.training_images(SHORT)) * SHORT.epochs / 60
    limits = Limits(minutes=1)
    check_limits(MODEL, SHORT, limits, speed=minutes * 1.01)
    with pytest.raises(LimitError):
        check_limits(MODEL, SHORT, limits, speed=minutes / 1.01)
    check_limits(MODEL, SHORT, limits, speed=minutes / 1.9, done=1)
    measured = runs.create(MODEL, SHORT)
    runs.write_status(measured, "finished", speed=minutes / 2)
    with pytest.raises(LimitError, match="about 2 minutes"):
        Engine().order(MODEL, SHORT, limits=limits)
    with pytest.raises(LimitError, match="about 2 minutes"):
        Engine().check(MODEL, SHORT, limits)


def test_a_resumed_run_is_measured_by_the_epochs_that_are_left() -> None:
    minutes = estimated_seconds(MODEL, SHORT, datasets.training_images(SHORT)) * SHORT.epochs / 60
    runs.write_status(runs.create(MODEL, SHORT), "finished", speed=minutes / 1.5)
    run = runs.create(MODEL, SHORT)
    runs.write_status(run, "interrupted")
    limits = Limits(minutes=1)
    with pytest.raises(LimitError, match="minutes"):
        Engine().resume(run, by="", limits=limits)
    (run.folder / "last.keras").touch()
    with closing(run_log.EventWriter(run)) as write:
        write(EpochEnd(1, 1, 1, 1, 1, 1, 1.0))
        write(Saved(1))
    Engine().resume(run, by="", limits=limits)
    assert runs.status(run).state == "queued"


def test_the_cap_of_the_whole_server_holds_whatever_owners_call_themselves() -> None:
    engine = Engine()
    limits = Limits(waiting=3, queued=3)
    queued = [engine.order(MODEL, SHORT, owner=f"cookie {n}", limits=limits) for n in range(3)]
    with pytest.raises(LimitError, match="limit of 3 runs waiting or training") as caught:
        engine.order(MODEL, SHORT, owner="another cookie", limits=limits)
    assert caught.value.sentence("ko")
    assert len(runs.all_runs()) == 3
    engine.stop(queued[0], by=queued[0].owner)
    engine.order(MODEL, SHORT, owner="another cookie", limits=limits)


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
