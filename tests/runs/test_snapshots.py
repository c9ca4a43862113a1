"""What a run kept of each epoch, whole, missing or damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.errors import RunError
from cnn_core.runs import Run, snapshots

CONFIG = ModelConfig((ConvBlock(3), ConvBlock(2, kernel=1)), (4,), input_shape=(8, 8, 1))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "snapshots").mkdir()
    return Run("x", tmp_path, CONFIG, TrainConfig(dataset="digits"), "", "", 0.0)


def arrays(value: float = 0.5) -> dict[str, np.ndarray]:
    shapes = {
        "conv1/kernel": (3, 3, 1, 3), "conv1/bias": (3,), "conv2/kernel": (1, 1, 3, 2), "conv2/bias": (2,),
    }  # fmt: skip
    return {name: np.full(shape, value, np.float32) for name, shape in shapes.items()}


def write(run: Run, epoch: int, **changes: np.ndarray) -> Path:
    path = run.folder / "snapshots" / f"epoch-{epoch:03d}.npz"
    with path.open("wb") as file:
        np.savez(file, **{**arrays(epoch), **changes})
    return path


def test_epochs_are_listed_in_order_and_other_files_are_not(run: Run):
    for epoch in (10, 0, 2, 1000):
        write(run, epoch)
    for name in ("epoch-003.tmp", "epoch-x.npz", "epoch-4.npz", "other.npz"):
        (run.folder / "snapshots" / name).touch()
    assert snapshots.epochs(run) == (0, 2, 10, 1000)


def test_a_run_without_snapshots_has_no_epochs(tmp_path: Path):
    assert snapshots.epochs(Run("x", tmp_path, CONFIG, TrainConfig(), "", "", 0.0)) == ()


def test_an_epoch_is_read_whole(run: Run):
    write(run, 2)
    found = snapshots.read(run, 2)
    assert found.keys() == arrays().keys()
    assert all((found[name] == 2).all() and found[name].dtype == np.float32 for name in found)


def test_an_epoch_that_was_not_kept_is_one_sentence(run: Run):
    with pytest.raises(RunError, match="epoch 7 were not saved"):
        snapshots.read(run, 7)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:200]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no archive" * 30),
        lambda path: path.write_bytes(path.read_bytes().replace(b"conv2/bias", b"conv3/bias")),
    ],
)
def test_a_damaged_file_is_one_sentence(run: Run, damage):
    damage(write(run, 1))
    with pytest.raises(RunError, match="epoch 1 cannot be read"):
        snapshots.read(run, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"conv1/kernel": np.zeros((5, 5, 1, 3))},
        {"conv1/bias": np.array(["a", "b", "c"])},
        {"conv2/kernel": np.array([{}, {}], dtype=object)},
        {"conv1/bias": np.zeros(3, complex)},
    ],
)
def test_what_does_not_fit_the_network_is_one_sentence(run: Run, changes: dict[str, np.ndarray]):
    write(run, 1, **changes)
    with pytest.raises(RunError, match="epoch 1 cannot be read"):
        snapshots.read(run, 1)
