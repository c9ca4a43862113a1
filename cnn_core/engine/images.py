"""The images that a worker trains on, downloaded where they are missing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cnn_core import datasets, runs
from cnn_core.datasets import parts
from cnn_core.progress.events import Ask, Downloading, Emit

if TYPE_CHECKING:
    from pathlib import Path

SECONDS_BETWEEN_DOWNLOAD_EVENTS = 0.5


class StopAskedError(Exception):
    """The visitor does not want to wait for the download."""


def training_data(run: runs.Run, emit: Emit, control: Ask) -> datasets.Dataset:
    """The images of the run, downloaded first if they are not here.

    Args:
        run: The run.
        emit: Called with events of the download.
        control: What is wanted of the run.

    Raises:
        StopAskedError: If the run was asked to stop meanwhile.
        DataError: If they cannot be had.
    """

    def fetch(source: datasets.Source) -> Path:
        from cnn_core.datasets import download

        last = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal last
            if control().stop:
                raise StopAskedError
            if time.monotonic() - last > SECONDS_BETWEEN_DOWNLOAD_EVENTS or done == total:
                last = time.monotonic()
                emit(Downloading(done, total))

        return download.fetch(source, progress=progress)

    if not datasets.available(run.train.dataset, run.train.size):
        datasets.load(run.train.dataset, run.train.size, fetch=fetch)
    return parts.loaded(run.train.dataset, run.train.size)  # one copy, also for looks
