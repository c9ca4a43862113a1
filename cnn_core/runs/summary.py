"""A run in one row: what a table of runs shows, read again only when the run's files have changed.

The folder stays the truth. A summary is kept in memory and, of a run that is over, in its folder, beside
the size and time of the files that it was made of: once one of those differs, it is made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cnn_core import arithmetic, datasets
from cnn_core.config import ModelConfig
from cnn_core.errors import CnnError, RunError
from cnn_core.progress.events import EpochEnd
from cnn_core.runs import log, marks, record, state, store
from cnn_core.runs.marks import Marks
from cnn_core.runs.record import Run
from cnn_core.runs.state import Status

FILE = "summary.json"
SOURCES = ("config.json", "events.jsonl", "status.json", marks.FILE)
VERSION = 1

Stamp = tuple[tuple[int, int], ...]
"""Modification time in nanoseconds and size in bytes of each of `SOURCES`; zeros for one not there."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in one row.

    Attributes:
        run: The run.
        status: Its status.
        params: Parameters of its network; 0 if the network does not work out.
        images: Training images per epoch; 0 if that is not known here.
        epochs: Complete epochs.
        best: The epoch of the lowest validation loss, whose weights were kept; None before the first.
        seconds: Training time, pauses left out.
        images_per_s: Mean speed of its last reports; None before the first.
        waits: "paused" or "evaluating" of a running run that is; else empty.
        marks: Star and note.
    """

    run: Run
    status: Status
    params: int
    images: int
    epochs: int
    best: EpochEnd | None
    seconds: float
    images_per_s: float | None
    waits: str
    marks: Marks


_kept: dict[Path, tuple[Stamp, Summary | None]] = {}


def summaries() -> list[Summary]:
    """All readable runs of the home, newest first."""
    folders = sorted(store.folders(), reverse=True)
    there = set(folders)
    for gone in [
        path for path in list(_kept) if path.name not in record.BUNDLED and path not in there
    ]:
        _kept.pop(gone, None)
    return _readable(folders)


def shipped() -> list[Summary]:
    """The runs that came with ConvScope."""
    return _readable(record.MODELS / run_id for run_id in record.SHIPPED)


def summary(run: Run) -> Summary:
    """The summary of one run.

    Raises:
        RunError: If it is gone or cannot be read.
    """
    current = _current(run.folder)
    if current is None:
        raise RunError("run.not_found", id=run.id)
    return current


def _readable(folders: Iterable[Path]) -> list[Summary]:
    return [current for folder in folders if (current := _current(folder)) is not None]


def _current(folder: Path) -> Summary | None:
    """The summary of the run in that folder, with the status that holds at this moment."""
    stamp = _stamp(folder)
    kept = _kept.get(folder)
    if kept is None or kept[0] != stamp:
        kept = _kept[folder] = stamp, _load(folder, stamp)
    current = kept[1]
    if current is not None and current.status.active:  # a worker can die without changing a file
        return replace(current, status=state.status(current.run))
    return current


def _stamp(folder: Path) -> Stamp:
    stamp = []
    for name in SOURCES:
        try:
            facts = (folder / name).stat()
            stamp.append((facts.st_mtime_ns, facts.st_size))
        except OSError:
            stamp.append((0, 0))
    return tuple(stamp)


def _load(folder: Path, stamp: Stamp) -> Summary | None:
    """From the summary in the folder if that is up to date, else from the run's own files."""
    tree = record.read_json(folder / FILE)
    if tree is not None and tree.get("version") == VERSION:
        with suppress(Exception):  # a damaged file can be wrong in any way
            if tuple(map(tuple, tree["stamp"])) == stamp:
                return _from_tree(folder, tree)
    try:
        run = store.open_run(folder.name)
    except RunError:
        return None
    made = _make(run)
    if not (made.status.active or run.shipped):
        config = record.read_json(folder / "config.json")
        with suppress(OSError):
            record.write_json(folder / FILE, _to_tree(made, config, stamp))
    return made


def _make(run: Run) -> Summary:
    digest = log.digest(run)
    waits = "evaluating" if digest.evaluating else "paused" if digest.paused else ""
    images = digest.started.images if digest.started else 0
    if not images:
        with suppress(CnnError):
            images = datasets.training_images(run.train)
    return Summary(
        run=run,
        status=state.status_of(record.read_json(run.folder / "status.json") or {}),
        params=_params(run.model),
        images=images,
        epochs=len(digest.complete_epochs),
        best=digest.best,
        seconds=digest.ended.seconds if digest.ended else sum(end.seconds for end in digest.epochs),
        images_per_s=digest.images_per_s,
        waits=waits,
        marks=marks.read(run),
    )


@lru_cache(maxsize=512)
def _params(model: ModelConfig) -> int:
    try:
        return arithmetic.totals(arithmetic.layer_table(model)).params
    except CnnError:
        return 0


_PLAIN = ("params", "images", "epochs", "seconds", "images_per_s", "waits")


def _to_tree(made: Summary, config: dict[str, Any] | None, stamp: Stamp) -> dict[str, Any]:
    return {
        "version": VERSION,
        "stamp": stamp,
        "config": config,
        "status": asdict(made.status),
        "best": asdict(made.best) if made.best else None,
        "marks": asdict(made.marks),
        **{name: getattr(made, name) for name in _PLAIN},
    }


def _from_tree(folder: Path, tree: dict[str, Any]) -> Summary:
    return Summary(
        run=store.run_of(folder.name, folder, tree["config"]),
        status=state.status_of(tree["status"]),
        best=EpochEnd(**tree["best"]) if tree["best"] else None,
        marks=Marks(**tree["marks"]),
        **{name: tree[name] for name in _PLAIN},
    )
