"""Full data sets of a few images, in every place where they are looked for."""

import gzip
import hashlib
import struct
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from cnn_core.datasets import DATASETS, sources
from cnn_core.datasets.sources import Checksums, Counts
from cnn_core.errors import DataError

PARTS = ("train", "val", "test")


FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def idx(array):
    """The bytes of an IDX file, after the published description and not after the reader."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def make_arrays(seed):
    """100 training and 20 test images, every class equally often, in mixed order."""
    random = np.random.default_rng(seed)
    arrays = {}
    for part, count in (("train", 100), ("test", 20)):
        arrays[f"x_{part}"] = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        arrays[f"y_{part}"] = random.permutation(np.arange(count, dtype=np.uint8) % 10)
    return arrays


def write_idx(folder, arrays, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        content = idx(array)
        file = folder / (FILES[name] + (".gz" if packed else ""))
        file.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    return folder


def write_npz(folder, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "mnist.npz", **arrays)
    return folder


def shrink(source, arrays):
    sums = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
    return replace(source, full=Counts(80, 20, 20), checksums=Checksums(**sums))


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Miniature Fashion-MNIST and MNIST, and a machine on which neither lies anywhere yet."""
    arrays = {"fashion_mnist": make_arrays(1), "mnist": make_arrays(2)}
    for name, content in arrays.items():
        monkeypatch.setitem(DATASETS, name, shrink(DATASETS[name], content))
    (tmp_path / "project").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.delenv("CONVSCOPE_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(sources, "SYSTEM", tmp_path / "system")
    monkeypatch.setattr(sources, "ROOT", tmp_path / "project")
    monkeypatch.chdir(tmp_path / "here")
    return arrays


@pytest.fixture
def chosen_folder(tmp_path, monkeypatch):
    """The folder that CONVSCOPE_DATA names."""
    folder = tmp_path / "chosen"
    folder.mkdir()
    monkeypatch.setenv("CONVSCOPE_DATA", str(folder))
    return folder


def refused(key, call, *args, **named):
    """Assert that `call` raises `DataError(key)` with a sentence in both languages; return it."""
    with pytest.raises(DataError) as caught:
        call(*args, **named)
    assert caught.value.key == key
    assert caught.value.sentence("ko") != caught.value.sentence("en")
    return caught.value


# --- damage -------------------------------------------------------------------------------------


def harm(world, folder, name, change, packed):
    write_idx(folder, world["fashion_mnist"], packed)
    file = folder / (FILES[name] + (".gz" if packed else ""))
    content = change(idx(world["fashion_mnist"][name]))
    file.write_bytes(gzip.compress(content) if packed else content)
    return file


# --- the split of the full set ------------------------------------------------------------------


def assert_split_as_by_scikit_learn(data, arrays):
    x_train, x_val, y_train, y_val = train_test_split(
        arrays["x_train"][..., None],
        arrays["y_train"],
        test_size=0.2,
        random_state=42,
        stratify=arrays["y_train"],
    )
    np.testing.assert_array_equal(data.x_train, x_train)
    np.testing.assert_array_equal(data.y_train, y_train)
    np.testing.assert_array_equal(data.x_val, x_val)
    np.testing.assert_array_equal(data.y_val, y_val)
    np.testing.assert_array_equal(data.x_test, arrays["x_test"][..., None])
    np.testing.assert_array_equal(data.y_test, arrays["y_test"])
