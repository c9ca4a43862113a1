from __future__ import annotations

import io
import json
import zipfile

import pytest
from small_runs import make

from cnn_core import runs
from cnn_core.errors import RunError
from cnn_core.runs import archive, marks


def opened(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


def test_a_zip_holds_a_folder_for_each_run_without_its_owner():
    some = [make(owner="secret word", name=name) for name in ("one", "two")]
    for run in some:
        (run.folder / "best.keras").write_bytes(b"weights of " + run.name.encode())
        (run.folder / "last.keras").write_bytes(b"not these")
        (run.folder / "snapshots").mkdir()
        (run.folder / "snapshots" / "epoch-001.npz").write_bytes(b"kernels")
        marks.write_note(run, "seen", by="secret word")
    content = archive.to_zip(some, by="secret word")
    found = opened(content)
    assert found.testzip() is None
    for run in some:
        assert found.read(f"{run.id}/best.keras").endswith(run.name.encode())
        assert json.loads(found.read(f"{run.id}/config.json"))["name"] == run.name
        assert json.loads(found.read(f"{run.id}/marks.json"))["note"] == "seen"
        assert found.read(f"{run.id}/snapshots/epoch-001.npz") == b"kernels"
    assert not [name for name in found.namelist() if "last" in name or "alive" in name]
    assert not any(b"secret word" in found.read(name) for name in found.namelist())


def test_a_run_that_is_gone_is_said():
    run = make(owner="us")
    runs.write_status(run, "finished")
    runs.delete(run, by="us")
    with pytest.raises(RunError):
        archive.to_zip([run], by="us")


def test_the_files_of_a_run_are_for_its_owner():
    ours, theirs, nobodys = make(owner="us"), make(owner="them"), make()
    shipped = runs.shipped_runs()[0]
    names = opened(archive.to_zip([ours, nobodys, shipped], by="us")).namelist()
    assert {name.split("/")[0] for name in names} >= {ours.id, nobodys.id, shipped.id}
    with pytest.raises(RunError, match=f"{theirs.id} belongs to another visitor"):
        archive.to_zip([ours, theirs], by="us")
