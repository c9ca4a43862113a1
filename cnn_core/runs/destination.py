"""Where the command line writes: what is there already is replaced in one step, and only when asked to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cnn_core import files, interruption
from cnn_core.errors import CnnError, FileError
from cnn_core.runs import record, state, store

PROGRAMS = (".py", ".ipynb")
LEFT = (
    *("best.keras", "last.keras", "best-complete.keras", "snapshots", "config.json"),
    *("status.json", "control.json"),
    *("events.jsonl", "examples.npz", "error.txt", "alive", "lease.json"),
)
"""What a training, on the command line or in the app, leaves in its folder."""


def storage_error(path: Path | str, error: OSError) -> FileError:
    """An operating system's refusal as a sentence."""
    return FileError("file.storage", path=path, reason=error.strerror or type(error).__name__)


def check_program(file: Path) -> None:
    """Refuse a place where no program can be written.

    Raises:
        FileError: If it is a folder, or its name does not end in .py or .ipynb.
    """
    if file.is_dir():
        raise FileError("file.is_folder", path=file)
    if file.suffix.lower() not in PROGRAMS:
        raise FileError("file.suffix", path=file)


def write_text(file: Path, text: str, *, force: bool) -> None:
    """Write a file in one step, folders included; an older one is whole until then.

    Raises:
        FileError: If it cannot be written; without `force` also if it holds something else.
    """
    content = text.encode("utf-8")
    try:
        if not force and file.exists() and file.read_bytes() != content:
            raise FileError("file.exists", path=file)
        file.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(file) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise storage_error(file, error) from error


class TrainingFolder:
    """The folder of one training. With `force`, what an earlier one left there is set aside meanwhile.

    If the new training has kept no weights at its end, the earlier files take their place again.

    Attributes:
        saved: Whether this training has kept weights; known at its end.

    Raises:
        FileError: If it cannot be written, or a run of the app is in progress in it; without `force` also
            if it is not empty.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self.path = path
        self.saved = False
        self._force = force
        self._aside = path / f".before-{os.getpid()}"
        self._moved = False

    def __enter__(self) -> TrainingFolder:
        if self.path.exists() and not self.path.is_dir():
            raise FileError("file.is_file", path=self.path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if any(self.path.iterdir()):
                with interruption.Held():
                    self._set_aside()
            elif not os.access(self.path, os.W_OK):
                raise PermissionError(13, os.strerror(13))
        except OSError as error:
            raise storage_error(self.path, error) from error
        except KeyboardInterrupt:
            self._give_back()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with interruption.Held():
            self.saved = (self.path / "best.keras").exists()
            if self.saved:
                shutil.rmtree(self._aside, ignore_errors=True)
            else:
                self._give_back()

    def _give_back(self) -> None:
        if self._moved:
            _move(self.path, None)
            _move(self._aside, self.path)
            self._aside.rmdir()

    def _set_aside(self) -> None:
        if not self._force:
            raise FileError("file.not_empty", path=self.path)
        if _is_at_work(self.path):
            raise FileError("file.active", path=self.path)
        self._aside.mkdir()
        try:
            _move(self.path, self._aside)
        except OSError:
            _move(self._aside, self.path)
            self._aside.rmdir()
            raise
        self._moved = True


def _move(source: Path, target: Path | None) -> None:
    """Move what a training left; without a target, remove it."""
    for path in (source / name for name in LEFT):
        if target is not None and path.exists():
            path.rename(target / path.name)
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _is_at_work(folder: Path) -> bool:
    if folder.resolve().parent != record.home().resolve():
        return False
    try:
        return state.status(store.open_run(folder.resolve().name)).active
    except CnnError:
        return False
