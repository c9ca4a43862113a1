"""Create, find, rename and delete runs. The folder is the truth about a run."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_core.config import ModelConfig, TrainConfig, model_from_dict, to_dict, train_from_dict
from cnn_core.datasets import DATASETS
from cnn_core.errors import RunError
from cnn_core.files import replacing
from cnn_core.runs import lease
from cnn_core.runs.record import (
    AUGMENTED,
    BUNDLED,
    LOCKS,
    MODELS,
    RUN_ID,
    SHIPPED,
    Run,
    changing,
    clean_name,
    exists,
    home,
    read_json,
    refuse_shipped,
    refuse_stranger,
    write,
    write_json,
)
from cnn_core.runs.state import status, write_status


def create(
    model: ModelConfig,
    train: TrainConfig,
    *,
    owner: str = "",
    name: str = "",
    sweep: str = "",
    trial: int = 0,
) -> Run:
    """Make the folder of a new run; it is queued, though nobody works on it yet.

    Args:
        model: The network.
        train: How it is trained.
        owner: Who ordered it, as in `Run`.
        name: What it is called.
        sweep: Id of the sweep that it is a trial of.
        trial: Number of the trial in its sweep.

    Raises:
        RunError: If the folder cannot be written.
    """
    now = time.time()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    run_id = f"{stamp}-{secrets.token_hex(3)}"
    run = Run(run_id, home() / run_id, model, train, owner, clean_name(name), now, sweep, trial)
    order = {"model": to_dict(model), "train": to_dict(train), "owner": owner, "created": now}
    if sweep:
        order |= {"sweep": sweep, "trial": trial}
    try:
        run.folder.mkdir(parents=True)
        write_status(run, "queued")
        write_json(run.folder / "config.json", {**order, "name": run.name})  # last: now it is a run
    except (OSError, RunError) as error:
        shutil.rmtree(run.folder, ignore_errors=True)
        _remove_locks(run)
        raise RunError("run.storage", folder=str(home())) from error
    return run


def open_run(run_id: str) -> Run:
    """The run of that id.

    Raises:
        RunError: If it is no run id, there is no such run, or its config cannot be read.
    """
    if run_id not in BUNDLED and not RUN_ID.fullmatch(run_id):
        raise RunError("run.bad_id", id=run_id[:40])
    folder = (MODELS if run_id in BUNDLED else home()) / run_id
    if not folder.is_dir():
        raise RunError("run.not_found", id=run_id)
    try:
        file = (folder / "config.json").stat()
        run = _read(run_id, folder, (file.st_mtime_ns, file.st_ino, file.st_size))
        _check_fit(run)
    except FileNotFoundError as error:
        raise RunError("run.not_found", id=run_id) from error
    except Exception as error:  # a damaged file can be wrong in any way
        raise RunError("run.unreadable", id=run_id, folder=str(folder)) from error
    return run


@lru_cache(maxsize=1024)
def _read(run_id: str, folder: Path, file: tuple[int, int, int]) -> Run:
    """The run in that folder; `file` changes with its config.json, which is read once each time."""
    tree = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return run_of(run_id, folder, tree)


def run_of(run_id: str, folder: Path, tree: dict[str, Any]) -> Run:
    """The run that a tree of config.json describes.

    Raises:
        RunError: If it describes none.
    """
    try:
        run = Run(
            id=run_id,
            folder=folder,
            model=model_from_dict(tree["model"]),
            train=train_from_dict(tree["train"]),
            owner=str(tree.get("owner", "")),
            name=str(tree.get("name", "")),
            created=float(tree["created"]),
            sweep=str(tree.get("sweep", "")),
            trial=int(tree.get("trial", 0)),
        )
        for hours in (-24, 24):  # so that it can be shown in every time zone
            datetime.fromtimestamp(run.created, UTC) + timedelta(hours=hours)
        _check_fit(run)
    except Exception as error:  # a damaged file can be wrong in any way
        raise RunError("run.unreadable", id=run_id, folder=str(folder)) from error
    return run


def _check_fit(run: Run) -> None:
    """Raise `ValueError` if the network does not take the images of its data set, as far as it is known."""
    source = DATASETS.get(run.train.dataset)
    model = run.model
    if source and (model.input_shape, model.classes) != (
        source.input_shape,
        len(source.class_names),
    ):
        raise ValueError(f"{model.input_shape} and {model.classes} classes for {source}")


def weights_at(run: Run) -> int:
    """When the kept weights of the run were written, in nanoseconds.

    Raises:
        RunError: If there are none any more: it was deleted meanwhile.
    """
    try:
        return (run.folder / "best.keras").stat().st_mtime_ns
    except FileNotFoundError as error:
        raise RunError("run.not_found", id=run.id) from error


def newest(owner: str | None = None) -> Iterator[Run]:
    """All readable runs, newest first, each read when it is asked for; of one owner, if given."""
    for folder in sorted(folders(), reverse=True):
        try:
            run = open_run(folder.name)
        except RunError:
            continue
        if owner is None or run.owner == owner:
            yield run


def all_runs(owner: str | None = None) -> list[Run]:
    """The runs of `newest` as a list."""
    return list(newest(owner))


def shipped_runs() -> list[Run]:
    """The runs that come with ConvScope, as far as they can be read."""
    shipped = []
    for run_id in SHIPPED:
        with suppress(RunError):
            shipped.append(open_run(run_id))
    return shipped


def augmented(run: Run) -> Run | None:
    """The same network trained on changed images, too, if ConvScope came with one."""
    with suppress(KeyError, RunError):
        return open_run(AUGMENTED[run.id])
    return None


def rename(run: Run, name: str, *, by: str) -> Run:
    """Give the run another name; line breaks and what is over 60 characters are cut.

    Raises:
        RunError: If `by` does not own it, or its folder is gone or cannot be written.
    """
    refuse_stranger(run, by)
    with changing(run):
        tree = read_json(run.folder / "config.json")
        if tree is None:
            raise RunError("run.not_found", id=run.id)
        write(run, "config.json", {**tree, "name": clean_name(name)})
    return replace(run, name=clean_name(name))


def delete(run: Run, *, by: str) -> None:
    """Remove the run's folder.

    Raises:
        RunError: If `by` does not own it, it is still waiting or working, or its folder cannot be removed.
    """
    refuse_stranger(run, by)
    if status(run).active:
        raise RunError("run.still_active", id=run.id)
    if exists(run):
        with lease.keep_free(run):
            try:  # without it the folder is no run: nobody begins to train it any more
                (run.folder / "config.json").unlink(missing_ok=True)
            except OSError as error:
                raise RunError("run.storage", folder=str(run.folder)) from error
    shutil.rmtree(run.folder, ignore_errors=True)
    if run.folder.exists():
        raise RunError("run.storage", folder=str(run.folder))
    _remove_locks(run)


def _remove_locks(run: Run) -> None:
    for path in (run.folder.parent / LOCKS).glob(f"{run.id}.*"):
        with suppress(OSError):
            path.unlink()


def write_examples(run: Run, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> None:
    """Keep a few test images (N, H, W, C) and their labels (N,), so that a page need not load the set."""
    refuse_shipped(run)
    with replacing(run.folder / "examples.npz") as path, path.open("wb") as file:
        np.savez(file, images=images, labels=labels)


def examples(run: Run) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]] | None:
    """The images and labels of `write_examples`; None if there are none, or none that can be read."""
    try:
        path = run.folder / "examples.npz"
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return arrays["images"], arrays["labels"]
    except Exception:  # a damaged file can make zipfile and NumPy raise anything
        return None


def folders() -> Iterator[Path]:
    """Folders of the runs in the home."""
    root = home()
    if root.is_dir():
        yield from (path for path in root.iterdir() if RUN_ID.fullmatch(path.name))
