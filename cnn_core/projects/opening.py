"""Open a project file: every run in it is checked before the first is taken over."""

from __future__ import annotations

import io
import secrets
import shutil
import tempfile
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnn_core import runs
from cnn_core.arithmetic import layer_table, totals
from cnn_core.browser.pack import best_weights
from cnn_core.config import to_dict
from cnn_core.errors import CnnError, FileError, LimitError, RunError
from cnn_core.planning.limits import Limits
from cnn_core.progress.events import from_json
from cnn_core.projects import members, network
from cnn_core.runs import marks, record, snapshots, store
from cnn_core.runs.state import status_of

MOST_BYTES = 200_000_000  # of a project file
MOST_EXAMPLES = 1_000  # images


def open_project(content: bytes, *, by: str) -> list[runs.Run]:
    """Take over the runs of a project file as new runs of `by`; all of them or none.

    Args:
        content: The file.
        by: Who owns them from now on; a word as in `Run.owner`.

    Returns:
        The new runs, in the order of the file.

    Raises:
        FileError: If it is no project, or anything in it is not as ConvScope writes it.
        LimitError: If a network is larger than this server takes.
        RunError: If the home cannot be written.
    """
    if len(content) > MOST_BYTES:
        raise FileError("project.large", most=MOST_BYTES // 1_000_000)
    project = members.read(content)
    home = runs.home()
    if not runs.can_write(home):
        raise RunError("run.storage", folder=str(home))
    with tempfile.TemporaryDirectory(prefix=".opening-", dir=home) as scratch:
        staged = [_stage(Path(scratch), files, by) for files in project.values()]
        return _take_over(staged)


def _take_over(staged: list[runs.Run]) -> list[runs.Run]:
    """Move the checked folders to where runs are; none stays if one cannot be moved."""
    opened: list[runs.Run] = []
    try:
        for run in staged:
            target = runs.home() / run.id
            run.folder.rename(target)
            opened.append(replace(run, folder=target))
    except OSError as error:
        for run in opened:
            shutil.rmtree(run.folder, ignore_errors=True)
        raise RunError("run.storage", folder=str(runs.home())) from error
    return opened


def _stage(scratch: Path, files: Mapping[str, bytes], by: str) -> runs.Run:
    """Write the files of a run into a folder of `scratch` once they are checked."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime())
    run_id = f"{stamp}-{secrets.token_hex(3)}"
    folder = scratch / run_id
    run = _run(run_id, folder, files, by)
    _check_log(files.get("events.jsonl", b""))
    _check_archives(files)
    try:
        _write(run, files)
    except OSError as error:
        raise RunError("run.storage", folder=str(runs.home())) from error
    _check_written(run, files)
    return run


def _run(run_id: str, folder: Path, files: Mapping[str, bytes], by: str) -> runs.Run:
    if "config.json" not in files:
        raise FileError("project.damaged", name="config.json")
    tree = members.tree_of(files["config.json"], "config.json")
    try:
        run = store.run_of(run_id, folder, {**tree, "owner": by})
        params = totals(layer_table(run.model)).params
        name = record.clean_name(members.printable(run.name))
    except CnnError as error:
        raise FileError("project.damaged", name="config.json") from error
    most = Limits.from_environment().parameters
    if params > most:
        raise LimitError("limit.parameters", asked=f"{params:,}", cap=f"{most:,}")
    return replace(run, name=name, sweep="", trial=0)


def _check_log(log: bytes) -> None:
    try:
        for line in log.splitlines():
            from_json(line.decode("utf-8"))
    except ValueError as error:
        raise FileError("project.damaged", name="events.jsonl") from error


def _check_archives(files: Mapping[str, bytes]) -> None:
    """NumPy's files are archives in the archive: what they unpack to is checked, too."""
    for name, content in files.items():
        if not name.endswith(".npz"):
            continue
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as arrays:
                members.check_sizes(arrays)
        except FileError:
            raise
        except Exception as error:  # a damaged archive can make zipfile raise anything
            raise FileError("project.damaged", name=name) from error


def _write(run: runs.Run, files: Mapping[str, bytes]) -> None:
    (run.folder / "snapshots").mkdir(parents=True)
    for name, content in files.items():
        if name.endswith((".npz", ".keras", ".jsonl")):
            (run.folder / name).write_bytes(content)
    # Written from what was read, so that nothing else of the file stays.
    order = {"model": to_dict(run.model), "train": to_dict(run.train), "owner": run.owner}
    record.write_json(
        run.folder / "config.json", {**order, "created": run.created, "name": run.name}
    )
    status = status_of(_tree(files, "status.json"))
    over = status.state if status.state in runs.OVER else "stopped"
    record.write_json(
        run.folder / "status.json",
        {"state": over, "since": _finite(status.since)},
    )
    note = _tree(files, marks.FILE)
    kept = marks.Marks(note.get("starred") is True, marks.clean_note(str(note.get("note", ""))))
    record.write_json(run.folder / marks.FILE, {"starred": kept.starred, "note": kept.note})


def _tree(files: Mapping[str, bytes], name: str) -> dict[str, object]:
    return members.tree_of(files[name], name) if name in files else {}


def _finite(seconds: float) -> float:
    return seconds if 0 <= seconds < 2**40 else 0.0


def _check_written(run: runs.Run, files: Mapping[str, bytes]) -> None:
    """Weights, kernels and images fit the network."""
    if network.NAME in files:
        network.check(files[network.NAME], run.model)
        try:
            weights = best_weights(run)
        except CnnError as error:
            raise FileError("project.weights", name=network.NAME) from error
        if not all(np.isfinite(array).all() for array in weights.values()):
            raise FileError("project.weights", name=network.NAME)
    whole = snapshots.whole_epochs(run)
    for epoch in snapshots.epochs(run):
        try:
            snapshots.read(run, epoch, whole=epoch in whole)
        except CnnError as error:
            raise FileError("project.damaged", name=f"epoch-{epoch:03d}.npz") from error
    if "examples.npz" in files:
        _check_examples(run)


def _check_examples(run: runs.Run) -> None:
    kept = runs.examples(run)
    with suppress(AttributeError, TypeError, ValueError):
        images, labels = kept or (np.empty(0), np.empty(0))
        fits = images.dtype == np.uint8 and images.shape[1:] == run.model.input_shape
        valid = labels.dtype.kind in "iu" and labels.shape == images.shape[:1]
        inside = not len(labels) or (labels.min() >= 0 and labels.max() < run.model.classes)
        if fits and valid and inside and len(images) <= MOST_EXAMPLES:
            return
    raise FileError("project.damaged", name="examples.npz")
