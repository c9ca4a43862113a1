"""Fetch a full data set through Keras into Keras' cache. The only module that uses the network."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError

from cnn_core.datasets.loading import read
from cnn_core.datasets.sources import ARRAYS, Source, keras_folder
from cnn_core.errors import DataError

BASE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_POLL_S = 0.1  # between two looks at how much has arrived

Progress = Callable[[int, int], None]


def fetch(
    source: Source,
    *,
    progress: Progress | None = None,
    base: str = BASE,
    stall_s: float = 30.0,
) -> Path:
    """Download the files that Keras' cache lacks. `functools.partial` of it suits `datasets.load`.

    Each file arrives in a scratch folder and moves to its place once its checksums are right, so
    that a failure leaves the cache as it was. What is there already is never touched, and a second
    try goes on after the last good file.

    Args:
        source: What to download.
        progress: ArrayFacts the bytes done and the bytes in all, ten times a second, in the caller's
            thread. What it raises ends the download.
        base: Address of the folder that holds the files, ending in a slash.
        stall_s: Give up after this many seconds without a new byte.

    Returns:
        The folder that now holds the files.

    Raises:
        DataError: If a file cannot be had, is damaged, or cannot be stored.
    """
    folder = keras_folder(source)
    report = progress or (lambda done, total: None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [(file, size) for file, size in source.downloads if not (folder / file).exists()]
        total = sum(size for _, size in wanted)
        done = 0
        # An abandoned download may still write there while the folder is being removed.
        with TemporaryDirectory(
            prefix=".convscope-", dir=folder, ignore_cleanup_errors=True
        ) as scratch:
            for file, size in wanted:
                arrived = Path(scratch) / file
                _get(source, base + file, arrived, stall_s, _shifted(report, done, size, total))
                _verify(source, base + file, arrived)
                if not (folder / file).exists():
                    arrived.rename(folder / file)
                done += size
                report(done, total)
    except OSError as error:
        raise DataError("data.storage", folder=str(folder), name=source.title) from error
    return folder


def _shifted(report: Progress, before: int, size: int, total: int) -> Callable[[int], None]:
    return lambda done: report(before + min(done, size), total)


def _get(
    source: Source, url: str, path: Path, stall_s: float, report: Callable[[int], None]
) -> None:
    """Let Keras fetch `url` in a thread, because `get_file` reports to a terminal only."""
    from keras.utils import get_file

    failures: list[Exception] = []

    def work() -> None:
        try:
            get_file(path.name, origin=url, cache_dir=str(path.parent), cache_subdir=".")
        except Exception as error:  # Keras raises a bare Exception when the network fails
            failures.append(error)

    thread = threading.Thread(target=work, name=f"download {path.name}", daemon=True)
    thread.start()
    seen, since = 0, time.monotonic()
    while thread.is_alive():
        thread.join(_POLL_S)
        arrived = _size(path)
        report(arrived)
        if arrived != seen:
            seen, since = arrived, time.monotonic()
        elif time.monotonic() - since > stall_s:
            raise DataError("data.download", name=source.title, url=url)
    if failures:
        cause = failures[0]
        if isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise cause
        if isinstance(cause.__context__, HTTPError):
            cause.__context__.close()  # Keras leaves the answer of the server open
        raise DataError("data.download", name=source.title, url=url) from cause


def _verify(source: Source, url: str, path: Path) -> None:
    """Raise `DataError` unless every array of the file is the published one."""
    stems = {f"{stem}.gz": [name] for name, stem in ARRAYS.items()}
    for name in stems.get(path.name, ARRAYS):
        try:
            read(source, name, path)
        except DataError as error:
            raise DataError("data.download_damaged", name=source.title, url=url) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
