"""The folder of a run: made, found, renamed and read while it is written, however damaged it is."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_runs import MODEL, TRAIN, make

from cnn_core import runs
from cnn_core.config import TEXTBOOK, TrainConfig, to_dict
from cnn_core.errors import RunError
from cnn_core.planning.cost import estimated_seconds
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import Control
from cnn_core.progress.history import History
from cnn_core.runs import control, record
from cnn_core.runs import log as run_log
from cnn_core.runs import speed as speeds


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below, with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def test_a_new_run_waits_and_is_found_as_it_was_ordered() -> None:
    run = make(owner="me", name="  first\ntry  ")
    assert runs.open_run(run.id) == run
    assert (run.model, run.train, run.owner, run.name) == (MODEL, TRAIN, "me", "first try")
    assert run.folder == runs.home() / run.id
    assert abs(run.created - time.time()) < 60
    assert run.id.startswith(time.strftime("%Y%m%d-", time.localtime(run.created)))
    assert runs.status(run).state == "queued"
    assert runs.status(run).active
    assert not runs.status(run).resumable
    assert run_log.history(run) == History(3)
    assert control.read_control(run) == Control()


def test_a_config_is_read_once_and_again_when_it_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    run, read = make(owner="me"), []
    load = json.loads
    monkeypatch.setattr(json, "loads", lambda text: read.append(text) or load(text))
    for _ in range(3):
        assert runs.open_run(run.id) == run
    assert len(read) <= 1
    runs.rename(run, "other", by="me")
    read.clear()
    assert [runs.open_run(run.id).name for _ in range(2)] == ["other", "other"]
    assert len(read) == 1
    shutil.rmtree(run.folder)
    with pytest.raises(RunError) as caught:
        runs.open_run(run.id)
    assert caught.value.key == "run.not_found"


def test_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVSCOPE_HOME", "~/somewhere")
    assert runs.home() == Path.home() / "somewhere" / "runs"
    monkeypatch.delenv("CONVSCOPE_HOME")
    assert runs.home() == Path.home() / ".convscope" / "runs"
    monkeypatch.setenv("CONVSCOPE_HOME", "")
    assert runs.home() == Path.home() / ".convscope" / "runs"


def test_runs_are_listed_newest_first_and_by_owner() -> None:
    assert runs.all_runs() == []
    ours = [make(owner="me"), make(owner="you"), make(owner="me")]
    for index, run in enumerate(ours):
        renamed = run.folder.with_name(f"2026010{index}-000000-aaaaaa")
        run.folder.rename(renamed)
    ids = [run.id for run in runs.all_runs()]
    assert ids == [f"2026010{index}-000000-aaaaaa" for index in (2, 1, 0)]
    assert [run.id for run in runs.all_runs("me")] == [ids[0], ids[2]]
    assert runs.all_runs("nobody") == []


def test_a_list_leaves_out_what_is_no_readable_run() -> None:
    run = make()
    (runs.home() / "20260101-000000-abcdef").mkdir()
    (runs.home() / "not-a-run").mkdir()
    (runs.home() / "20260101-000000-abcde0").write_text("a file")
    assert runs.all_runs() == [run]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        ".",
        "..",
        "../../etc",
        "/etc",
        "/etc/passwd",
        "20260131-142530-a1b2c3/../../../etc",
        "20260131-142530-a1b2c3/",
        "20260131-142530-a1b2c3\n",
        "20260131-142530-A1B2C3",
        "20260131-142530-a1b2c",
        "٢٠٢٦٠١٣١-142530-a1b2c3",
        "２０２６０１３１-142530-a1b2c3",
        "20260131-142530-a1b2c3\0",
        "x" * 1000,
        "%2e%2e%2f",
    ],
)
def test_what_is_no_run_id_is_refused_and_changes_nothing(bad: str, convscope_home: Path) -> None:
    make()
    before = everything(convscope_home)
    with pytest.raises(RunError) as caught:
        runs.open_run(bad)
    assert caught.value.key == "run.bad_id"
    for language in ("en", "ko"):
        assert len(caught.value.sentence(language)) < 200
    assert everything(convscope_home) == before


def test_a_run_that_does_not_exist_is_a_sentence() -> None:
    with pytest.raises(RunError, match="20260131-142530-a1b2c3 does not exist"):
        runs.open_run("20260131-142530-a1b2c3")


CONFIG: dict[str, Any] = {"model": to_dict(MODEL), "train": to_dict(TRAIN), "created": 1.0}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        "\ufeff\0\0\0",
        json.dumps({**CONFIG, "created": "yesterday"}),
        json.dumps({**CONFIG, "created": 1e300}),
        json.dumps({**CONFIG, "created": 253_402_300_799}),  # the last second of year 9999
        json.dumps({**CONFIG, "created": -62_135_596_800}),  # the first one of year 1
        json.dumps({**CONFIG, "created": math.nan}),
        json.dumps({**CONFIG, "created": 10**400}),
        json.dumps({**CONFIG, "model": {**CONFIG["model"], "attention_heads": 8}}),
        json.dumps({**CONFIG, "train": {**CONFIG["train"], "optimizer": "lion"}}),
        json.dumps({**CONFIG, "model": {**CONFIG["model"], "blocks": [{"filters": -1}]}}),
        json.dumps({**CONFIG, "train": [1, 2]}),
        json.dumps({"model": CONFIG["model"], "created": 1.0}),
    ],
)
def test_a_damaged_config_or_one_of_a_later_version_is_a_sentence(text: str) -> None:
    run = make()
    (run.folder / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=f"settings of run {run.id} cannot be read") as caught:
        runs.open_run(run.id)
    assert run.id in caught.value.sentence("ko")
    assert runs.all_runs() == []


def test_a_config_that_is_not_there_or_no_text_is_a_sentence() -> None:
    run = make()
    (run.folder / "config.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match="cannot be read"):
        runs.open_run(run.id)
    (run.folder / "config.json").unlink()
    with pytest.raises(RunError, match="does not exist here"):
        runs.open_run(run.id)


def test_a_run_is_renamed() -> None:
    run = make(name="old")
    renamed = runs.rename(run, "a\tname\n of  " + "x" * 100, by=run.owner)
    assert renamed.name == "a name of " + "x" * 50
    assert runs.open_run(run.id) == renamed
    assert runs.rename(renamed, "", by=renamed.owner).name == ""


def test_a_run_at_work_is_not_deleted_and_another_one_is() -> None:
    run = make()
    with pytest.raises(RunError, match="still in progress"):
        runs.delete(run, by=run.owner)
    assert run.folder.is_dir()
    runs.write_status(run, "finished")
    (run.folder / "snapshots").mkdir()
    (run.folder / "snapshots" / "epoch-000.npz").write_bytes(b"x")
    runs.delete(run, by=run.owner)
    assert not run.folder.exists()
    runs.delete(run, by=run.owner)


def test_a_run_that_was_deleted_meanwhile_is_a_sentence_or_nothing() -> None:
    run = make()
    shutil.rmtree(run.folder)
    for change in (
        lambda: runs.rename(run, "x", by=run.owner),
        lambda: control.ask(run, by=run.owner, stop=True),
        lambda: control.ask_for_step(run, by=run.owner),
    ):
        with pytest.raises(RunError, match="does not exist"):
            change()
    assert runs.status(run).state == "interrupted"
    assert control.read_control(run) == Control()
    assert run_log.history(run) == History(3)
    assert runs.examples(run) is None
    assert not run.folder.exists()


def test_a_home_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path / "file"))
    with pytest.raises(RunError, match=r"Cannot write to .*file/runs. Check the free space"):
        make()


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make()

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    for change in (
        make,
        lambda: control.ask(run, by=run.owner, stop=True),
        lambda: runs.rename(run, "x", by=run.owner),
    ):
        with pytest.raises(RunError, match="Cannot write to"):
            change()


def test_the_measured_speed_is_the_median_of_the_newest_runs() -> None:
    assert runs.measured_speed() is None
    for index, speed in enumerate([7.0, 0.0, 100.0, 3.0, math.inf, math.nan, -5.0, 4.0]):
        run = make()
        runs.write_status(run, "finished", speed=speed)
        run.folder.rename(run.folder.with_name(f"20260101-00000{index}-aaaaaa"))
    assert runs.measured_speed() == 5.5
    assert runs.measured_speed(recent=1) == 4.0
    assert runs.measured_speed(recent=3) == 4.0
    (runs.home() / "20260101-000009-aaaaaa").mkdir()
    assert runs.measured_speed() == 5.5


def test_a_status_that_has_not_changed_is_read_once_for_every_estimate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long_ago = (time.time() - 60,) * 2
    measured = [make() for _ in range(12)]
    for number, run in enumerate(measured, start=1):
        runs.write_status(run, "finished", speed=float(number), extra=2.0)
        os.utime(run.folder / "status.json", long_ago)
    reads: list[Path] = []
    read_json = record.read_json
    monkeypatch.setattr(speeds, "read_json", lambda path: reads.append(path) or read_json(path))
    first = runs.measured_speed()
    assert len(reads) == 8
    for _ in range(5):
        assert (runs.measured_speed(), runs.measured_extra()) == (first, 2.0)
    assert len(reads) == 8
    newest = max(measured, key=lambda run: run.id)
    runs.write_status(newest, "finished", speed=1e6)
    assert runs.measured_speed() > first - 1
    assert set(reads[8:]) == {newest.folder / "status.json"}


def test_a_speed_tells_how_long_an_epoch_takes() -> None:
    work = estimated_seconds(TEXTBOOK, TrainConfig(), 48_000)
    assert runs.seconds_per_epoch(TEXTBOOK, TrainConfig(), 48_000, work / 20) == pytest.approx(20)
    assert runs.seconds_per_epoch(TEXTBOOK, TrainConfig(), 48_000, None) is None


def test_examples_come_back_as_they_were_kept() -> None:
    run = make()
    assert runs.examples(run) is None
    images = np.arange(2 * 8 * 8, dtype=np.uint8).reshape(2, 8, 8, 1)
    labels = np.array([3, 1])
    runs.write_examples(run, images, labels)
    kept = runs.examples(run)
    assert kept is not None
    assert_array_equal(kept[0], images)
    assert_array_equal(kept[1], labels)
    path = run.folder / "examples.npz"
    for content in (b"", path.read_bytes()[:-30], b"PK\3\4 no archive", b"\x93NUMPY"):
        path.write_bytes(content)
        assert runs.examples(run) is None


def test_every_preset_survives_the_way_through_its_folder() -> None:
    for preset in PRESETS.values():
        run = runs.create(preset.model, preset.train)
        assert runs.open_run(run.id) == run


def test_the_weights_of_a_deleted_run_are_missed_in_a_sentence():
    run = make()
    weights = run.folder / "best.keras"
    weights.write_bytes(b"weights")
    os.utime(weights, ns=(5_000, 7_000))
    assert runs.weights_at(run) == 7_000
    shutil.rmtree(run.folder)
    with pytest.raises(RunError, match="does not exist here"):
        runs.weights_at(run)
