"""Runs as one .zip, a project: settings, history, weights, snapshots and notes, a folder for each."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

from cnn_core.errors import RunError
from cnn_core.runs import marks, record

FILES = ("events.jsonl", "status.json", "best.keras", "examples.npz", marks.FILE)
MANIFEST = "project.json"  # tells a project from any other archive
FORMAT, VERSION = "convscope-project", 1
PACKED = {".keras", ".npz"}  # are archives already: packing them again takes time and saves nothing


def to_zip(runs: Iterable[record.Run], *, by: str) -> bytes:
    """The files of the runs, each in a folder named by its id. Who owns them is left out.

    Args:
        runs: The runs.
        by: Who asks for them: a word as in `Run.owner`.

    Raises:
        RunError: If one of them is gone, or belongs to somebody else.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        manifest = {"format": FORMAT, "version": VERSION}
        archive.writestr(MANIFEST, json.dumps(manifest))
        for run in runs:
            record.refuse_taking(run, by)
            _add(archive, run)
    return file.getvalue()


def _add(archive: zipfile.ZipFile, run: record.Run) -> None:
    config = record.read_json(run.folder / "config.json")
    if config is None:
        raise RunError("run.not_found", id=run.id)
    config.pop("owner", None)
    archive.writestr(f"{run.id}/config.json", json.dumps(config, ensure_ascii=False, indent=1))
    paths = [run.folder / name for name in FILES]
    for path in [*paths, *sorted((run.folder / "snapshots").glob("epoch-*.npz"))]:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RunError("run.storage", folder=str(run.folder)) from error
        name = path.relative_to(run.folder).as_posix()
        archive.writestr(f"{run.id}/{name}", content, compress_type=_packing(path))


def _packing(path: Path) -> int:
    return zipfile.ZIP_STORED if path.suffix in PACKED else zipfile.ZIP_DEFLATED
