"""A run and its folder: what was ordered, and files replaced in one step."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import RunError
from cnn_core.files import disk_is_full, replacing
from cnn_core.paths import ASSETS

RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
SHIPPED = ("fashion", "digits")  # ids of the runs that come with ConvScope
AUGMENTED = {"fashion": "fashion_augmented"}
"""By the id of a shipped run the one of the same network that also learned from changed images. It is opened
by its id like the others, and is in no list."""
BUNDLED = (*SHIPPED, *AUGMENTED.values())
MODELS = ASSETS / "models"
NAME_LENGTH = 60
LOCKS = ".locks"
SETTLED_AFTER = (
    1.0  # seconds in which a file that was replaced is read again: time stamps are coarse
)
LOCK_TIMEOUT = 10.0  # seconds; a change takes milliseconds


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it was ordered.

    Attributes:
        id: Date, time and six hexadecimal digits, such as "20260131-142530-a1b2c3"; or one of `BUNDLED`.
        folder: Where its files are.
        owner: Who ordered it; an opaque word.
        name: What its owner calls it; may be empty.
        created: Seconds since 1970.
        sweep: Id of the sweep that it is a trial of; empty of a single run.
        trial: Number of the trial in its sweep, from 0.
    """

    id: str
    folder: Path
    model: ModelConfig
    train: TrainConfig
    owner: str
    name: str
    created: float
    sweep: str = ""
    trial: int = 0

    @property
    def shipped(self) -> bool:
        """Whether it came with ConvScope: it can be read, never changed."""
        return self.id in BUNDLED


def home() -> Path:
    """The folder of all runs: `CONVSCOPE_HOME`, or .convscope in the user's home folder."""
    folder = os.environ.get("CONVSCOPE_HOME")
    return (Path(folder).expanduser() if folder else Path.home() / ".convscope") / "runs"


def can_write(folder: Path) -> bool:
    """Whether files can be made in that folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def exists(run: Run) -> bool:
    """Whether the run's folder is still a run's: a deleted one is not to be written to any more."""
    return (run.folder / "config.json").exists()


def storage_problem(run: Run, error: BaseException) -> RunError | None:
    """What to say of an error that came of writing to the run's folder; None if it did not."""
    if not exists(run):
        return RunError("run.deleted", id=run.id)
    if disk_is_full(error):
        return RunError("run.disk_full", folder=str(run.folder))
    inside = isinstance(error, OSError) and str(error.filename).startswith(str(run.folder))
    return RunError("run.storage", folder=str(run.folder)) if inside else None


def refuse_shipped(run: Run) -> None:
    """Raise `RunError` for a run that came with ConvScope."""
    if run.shipped:
        raise RunError("shipped.read_only", id=run.id)


def refuse_stranger(run: Run, by: str) -> None:
    """Raise `RunError` unless `by`, a word as in `Run.owner`, started the run."""
    refuse_shipped(run)
    if run.owner != by:
        raise RunError("run.not_yours", id=run.id)


def may_take(run: Run, by: str) -> bool:
    """Whether `by`, a word as in `Run.owner`, may have the files of the run.

    Those of ConvScope and of the command line belong to no visitor: everybody may have them.
    """
    return run.shipped or run.owner in ("", by)


def refuse_taking(run: Run, by: str) -> None:
    """Raise `RunError` unless `may_take`."""
    if not may_take(run, by):
        raise RunError("run.not_yours", id=run.id)


def write_json(path: Path, tree: dict[str, Any]) -> None:
    """Replace the file in one step, so that who reads it never reads half of it."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")


def write(run: Run, file: str, tree: dict[str, Any]) -> None:
    """Replace one of the run's files in one step.

    Raises:
        RunError: If its folder is gone or cannot be written.
    """
    refuse_shipped(run)
    try:
        write_json(run.folder / file, tree)
    except FileNotFoundError:
        raise RunError("run.not_found", id=run.id) from None
    except OSError as error:
        raise RunError("run.storage", folder=str(run.folder)) from error


def lock_file(run: Run, name: str) -> Path:
    """A file to lock, beside the run's folder: to lock one inside would make a deleted folder again."""
    return run.folder.parent / LOCKS / f"{run.id}.{name}"


@contextmanager
def changing(run: Run, *, even_unlocked: bool = False) -> Iterator[None]:
    """Read, change and write a file of the run in this block, one thread of one process at a time.

    Args:
        run: The run.
        even_unlocked: Go on where a lock cannot be had, such as on a full disk.

    Raises:
        RunError: If its folder is gone or cannot be written.
    """
    refuse_shipped(run)
    if not run.folder.exists():
        raise RunError("run.not_found", id=run.id)
    lock = FileLock(lock_file(run, "changes"), timeout=LOCK_TIMEOUT)
    try:
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        if not even_unlocked:
            raise RunError("run.storage", folder=str(run.folder)) from error
    try:
        yield
    finally:
        lock.release()


def read_json(path: Path) -> dict[str, Any] | None:
    """What `write_json` wrote; None if that cannot be read."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def clean_name(name: str) -> str:
    """A name on one line, of at most `NAME_LENGTH` characters."""
    return " ".join(name.split())[:NAME_LENGTH]
