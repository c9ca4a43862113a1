"""Where the command line writes: nothing that is there is lost, whatever goes wrong."""

from __future__ import annotations

import errno
import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from small_runs import MODEL, SHORT

from cnn_core import runs
from cnn_core.errors import FileError
from cnn_core.runs import destination
from cnn_core.runs.destination import TrainingFolder


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def earlier(folder: Path) -> dict[str, str]:
    (folder / "snapshots").mkdir(parents=True)
    for name in ("best.keras", "last.keras", "snapshots/epoch-009.npz", "thesis.txt"):
        (folder / name).write_text(f"old {name}")
    return content(folder)


def test_a_full_disk_leaves_the_file_that_stood_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "program.py"
    path.write_text("mine")

    def full(self: Path, data: Any) -> int:
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileError, match=r"Cannot write to .*program.py: No space left on device."):
        destination.write_text(path, "new", force=True)
    assert content(tmp_path) == {"program.py": "mine"}


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    with TrainingFolder(tmp_path / "a" / "b") as folder:
        (folder.path / "best.keras").write_text("new")
    assert folder.saved
    assert content(tmp_path) == {"a/b/best.keras": "new"}


def test_what_an_earlier_training_left_is_kept_without_force(tmp_path: Path) -> None:
    before = earlier(tmp_path)
    with pytest.raises(FileError, match=r"is not empty. Choose another one, or add --force"):
        TrainingFolder(tmp_path).__enter__()
    assert content(tmp_path) == before


@pytest.mark.parametrize("problem", [None, KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
def test_a_training_that_keeps_no_weights_gives_the_earlier_ones_back(
    problem: BaseException | None, tmp_path: Path
) -> None:
    before = earlier(tmp_path)
    folder = TrainingFolder(tmp_path, force=True)
    try:
        with folder:
            assert content(tmp_path)["thesis.txt"] == "old thesis.txt"
            assert not (tmp_path / "best.keras").exists()
            (tmp_path / "snapshots").mkdir()
            (tmp_path / "snapshots" / "epoch-000.npz").write_text("new")
            if problem is not None:
                raise problem
    except type(problem) as error:  # type: ignore[misc]
        assert error is problem
    assert not folder.saved
    assert content(tmp_path) == before


@pytest.mark.parametrize("problem", [None, KeyboardInterrupt()])
def test_a_training_that_keeps_weights_replaces_the_earlier_ones(
    problem: BaseException | None, tmp_path: Path
) -> None:
    earlier(tmp_path)
    folder = TrainingFolder(tmp_path, force=True)
    expected = pytest.raises(KeyboardInterrupt) if problem else nullcontext()
    with expected, folder:
        (tmp_path / "best.keras").write_text("new")
        if problem is not None:
            raise problem
    assert folder.saved
    assert content(tmp_path) == {"best.keras": "new", "thesis.txt": "old thesis.txt"}


@pytest.mark.parametrize("move", range(1, 7))  # three files are set aside and come back
def test_control_c_between_two_moves_loses_nothing(
    move: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = earlier(tmp_path)
    rename, moves = Path.rename, 0

    def interrupted(self: Path, target: Path) -> Path:
        nonlocal moves
        moves += 1
        if moves == move:
            signal.raise_signal(signal.SIGINT)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), TrainingFolder(tmp_path, force=True):
        pass
    assert moves == 6
    assert content(tmp_path) == before


def test_a_file_that_cannot_be_moved_leaves_all_in_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = earlier(tmp_path)
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if self == tmp_path / "snapshots":
            raise PermissionError(errno.EACCES, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(FileError, match="Permission denied"):
        TrainingFolder(tmp_path, force=True).__enter__()
    assert content(tmp_path) == before


def test_a_run_at_work_in_the_app_is_not_replaced_even_by_force() -> None:
    run = runs.create(MODEL, SHORT)
    before = content(run.folder)
    with pytest.raises(FileError, match="is still in progress"):
        TrainingFolder(run.folder, force=True).__enter__()
    assert content(run.folder) == before
    runs.write_status(run, "finished")
    with TrainingFolder(run.folder, force=True) as folder:
        (folder.path / "best.keras").write_text("new")
    assert content(run.folder) == {"best.keras": "new"}
