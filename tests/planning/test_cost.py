from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cnn_core.config import AUGMENTATIONS, TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.datasets import training_images
from cnn_core.errors import LimitError
from cnn_core.planning import cost
from cnn_core.planning.cost import COSTS, cpu_precision, estimated_seconds, native_bfloat16
from cnn_core.planning.limits import Limits, check_limits
from cnn_core.planning.presets import PRESETS


def two_convolutions(kernel: int) -> ModelConfig:
    return ModelConfig(blocks=(ConvBlock(64, kernel), ConvBlock(64, kernel)))


BIG = ModelConfig(blocks=(ConvBlock(64, pool="none"), ConvBlock(64), ConvBlock(128)))
MEASURED = {  # seconds that an epoch of 4,000 images took: network, batch size, bfloat16, float32
    "tiny": (PRESETS["tiny"].model, 64, 0.470, 0.374),
    "textbook": (TEXTBOOK, 32, 0.880, 1.201),
    "textbook, large batch": (TEXTBOOK, 512, 0.409, 0.984),
    "textbook, small batch": (TEXTBOOK, 16, 1.387, 1.672),
    "large": (BIG, 64, 1.771, 7.501),
    # In one process with the textbook network, and scaled by its time.
    "kernels of 5x5": (two_convolutions(5), 32, 13.4, 12.3),
    "kernels of 7x7": (two_convolutions(7), 32, 47.0, 43.0),
}


@pytest.mark.parametrize(("model", "batch", "mixed", "plain"), MEASURED.values(), ids=MEASURED)
def test_the_estimate_is_within_two_fifths_of_what_was_measured(
    model: ModelConfig, batch: int, mixed: float, plain: float
) -> None:
    for precision, measured in (("bfloat16", mixed), ("float32", plain)):
        train = TrainConfig(batch_size=batch, precision=precision)
        assert estimated_seconds(model, train, 4000) == pytest.approx(measured, rel=0.4)


@pytest.mark.parametrize("precision", COSTS)
def test_more_work_takes_longer(precision: str) -> None:
    train = TrainConfig(precision=precision)
    base = estimated_seconds(TEXTBOOK, train, 4000)
    wider = replace(TEXTBOOK, blocks=(ConvBlock(64), ConvBlock(64)))
    assert estimated_seconds(wider, train, 4000) > base
    assert estimated_seconds(TEXTBOOK, replace(train, batch_size=16), 4000) > base
    assert estimated_seconds(TEXTBOOK, train, 8000) == pytest.approx(2 * base)


@pytest.mark.parametrize(
    ("shape", "geometry", "noise", "both"),  # milliseconds of processor time for 32 images
    [
        ((28, 28, 1), 0.339, 0.353, 0.793),
        ((32, 32, 3), 0.994, 1.266, 2.469),
        ((64, 64, 3), 4.414, 5.286, 9.520),
    ],
)
def test_augmentation_costs_what_was_measured(
    shape: tuple[int, int, int], geometry: float, noise: float, both: float
) -> None:
    model = replace(TEXTBOOK, input_shape=shape)
    plain = estimated_seconds(model, TrainConfig(), 32)
    for name, measured in (("geometry", geometry), ("noise", noise), ("both", both)):
        extra = estimated_seconds(model, TrainConfig(augmentation=name), 32) - plain
        assert 1000 * extra == pytest.approx(measured, rel=1 / 3)


@pytest.mark.parametrize("name", sorted(set(AUGMENTATIONS) - {"none"}))
def test_the_cap_on_the_time_of_a_run_counts_augmentation(name: str) -> None:
    """A minute that just holds the run without augmentation is too short for the one with it."""
    plain = TrainConfig(epochs=10)
    seconds = estimated_seconds(TEXTBOOK, plain, training_images(plain)) * plain.epochs
    speed, minute = seconds * 1.001 / 60, Limits(minutes=1)
    check_limits(TEXTBOOK, plain, minute, speed=speed)
    with pytest.raises(LimitError):
        check_limits(TEXTBOOK, replace(plain, augmentation=name), minute, speed=speed)


@pytest.fixture
def _asked_again() -> Iterator[None]:
    native_bfloat16.cache_clear()
    yield
    native_bfloat16.cache_clear()


@pytest.mark.usefixtures("_asked_again")
@pytest.mark.parametrize(
    ("said", "native"),
    [
        ("flags\t\t: fpu avx512f amx_bf16 amx_tile", True),
        ("flags\t\t: fpu avx512_bf16", True),
        ("flags\t\t: fpu avx512f avx512_bf16x", False),
        (None, False),
    ],
)
def test_native_bfloat16_is_read_from_the_flags_of_the_processor(
    said: str | None, native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "CPUINFO", tmp_path / "cpuinfo")
    if said is not None:
        cost.CPUINFO.write_text(said, encoding="utf-8")
    assert native_bfloat16() is native


def test_only_automatic_precision_depends_on_the_processor(monkeypatch):
    for native, expected in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(cost, "native_bfloat16", lambda native=native: native)
        assert cpu_precision("auto") == expected
        assert [cpu_precision(name) for name in ("float32", "bfloat16")] == ["float32", "bfloat16"]


@pytest.mark.parametrize("precision", COSTS)
def test_a_training_of_days_is_not_ordered_whatever_its_precision(precision: str) -> None:
    """Measured: 69 hours for 50 epochs, so that 4 of them are beyond two hours, too."""
    model = ModelConfig(blocks=(ConvBlock(512, 7), ConvBlock(128, 7)))
    hours = estimated_seconds(model, TrainConfig(precision=precision), 48_000) * 50 / 3600
    assert 69 / 1.5 < hours < 69 * 1.5
