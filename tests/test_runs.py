"""The folder of a run: made, found, steered and read while it is written, however damaged it is."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_array_equal

from cnn_core import runs
from cnn_core.config import PRESETS, TEXTBOOK, ConvBlock, ModelConfig, TrainConfig, to_dict
from cnn_core.errors import ConfigError, RunError, ShapeError
from cnn_core.events import (
    BatchEnd,
    Control,
    EpochEnd,
    Event,
    LearningRateChanged,
    Paused,
    Resumed,
    RunEnded,
    RunStarted,
    to_json,
)
from cnn_core.history import History
from cnn_core.pace import reckoned_seconds

MODEL = ModelConfig(blocks=(ConvBlock(4),), dense=(8,), input_shape=(8, 8, 1))
TRAIN = TrainConfig("digits", epochs=3, batch_size=64, train_size=500, learning_rate=0.002)
LONG_AGO = time.time() - 3600


def make(**options: Any) -> runs.Run:
    return runs.create(MODEL, TRAIN, **options)


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below, with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


# Make, open, rename, delete


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
    assert runs.history(run) == History(3)
    assert runs.read_control(run) == Control()


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
    with pytest.raises(RunError, match="cannot be read"):
        runs.open_run(run.id)


def test_a_run_is_renamed() -> None:
    run = make(name="old")
    renamed = runs.rename(run, "a\tname\n of  " + "x" * 100)
    assert renamed.name == "a name of " + "x" * 50
    assert runs.open_run(run.id) == renamed
    assert runs.rename(renamed, "").name == ""


def test_a_run_at_work_is_not_deleted_and_another_one_is() -> None:
    run = make()
    with pytest.raises(RunError, match="still at work"):
        runs.delete(run)
    assert run.folder.is_dir()
    runs.write_status(run, "finished")
    (run.folder / "snapshots").mkdir()
    (run.folder / "snapshots" / "epoch-000.npz").write_bytes(b"x")
    runs.delete(run)
    assert not run.folder.exists()
    runs.delete(run)


def test_a_run_that_was_deleted_meanwhile_is_a_sentence_or_nothing() -> None:
    run = make()
    shutil.rmtree(run.folder)
    for change in (
        lambda: runs.rename(run, "x"),
        lambda: runs.ask(run, stop=True),
        lambda: runs.ask_for_step(run),
    ):
        with pytest.raises(RunError, match="does not exist"):
            change()
    assert runs.status(run).state == "interrupted"
    assert runs.read_control(run) == Control()
    assert runs.history(run) == History(3)
    assert runs.examples(run) is None
    assert not run.folder.exists()


def test_a_home_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path / "file"))
    with pytest.raises(RunError, match=r"file/runs cannot be written. Check the free space"):
        make()


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make()

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    for change in (make, lambda: runs.ask(run, stop=True), lambda: runs.rename(run, "x")):
        with pytest.raises(RunError, match="cannot be written"):
            change()


# Status and signs of life


def status_of(run: runs.Run, **tree: Any) -> runs.Status:
    runs.write_json(run.folder / "status.json", tree)
    return runs.status(run)


def age(run: runs.Run, seconds: float) -> None:
    at = time.time() - seconds
    os.utime(run.folder / "alive", (at, at))


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


HERE = {"host": __import__("socket").gethostname(), "pid": os.getpid()}


@pytest.mark.parametrize("state", runs.ACTIVE)
def test_an_active_run_lives_as_long_as_its_process_shows_it(state: str, dead_pid: int) -> None:
    run = make()
    assert status_of(run, state=state, **HERE).state == state
    assert status_of(run, state=state, **{**HERE, "pid": dead_pid}).state == "interrupted"
    age(run, 14)
    assert status_of(run, state=state, **HERE).state == state
    age(run, 16)
    assert status_of(run, state=state, **HERE).state == "interrupted"
    runs.show_life(run)
    assert runs.status(run).state == state
    (run.folder / "alive").unlink()
    assert runs.status(run).state == "interrupted"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells")
def test_a_process_that_ended_and_was_not_waited_for_is_dead() -> None:
    run = make()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert status_of(run, state="running", **{**HERE, "pid": process.pid}).state == "running"
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert runs.status(run).state == "interrupted"


def test_a_run_on_another_machine_lives_as_long_as_it_says_so(dead_pid: int) -> None:
    run = make()
    there = {"state": "running", "host": "another-machine", "pid": dead_pid}
    assert status_of(run, **there).state == "running"
    age(run, 16)
    assert runs.status(run).state == "interrupted"


def test_a_sign_of_life_from_the_far_future_is_none() -> None:
    run = make()
    age(run, -10)
    assert runs.status(run).state == "queued"
    age(run, -3600)
    assert runs.status(run).state == "interrupted"


@pytest.mark.parametrize("pid", [0, -1, None, "1", 2**70, 1.5])
def test_a_nonsensical_process_is_dead(pid: Any) -> None:
    assert status_of(make(), state="running", **{**HERE, "pid": pid}).state == "interrupted"


@pytest.mark.parametrize("state", [*runs.OVER, "failed"])
def test_a_run_that_is_over_needs_no_life(state: str) -> None:
    run = make()
    age(run, 3600)
    found = status_of(run, state=state, since=5.0, speed=2.0, host="x", pid=1)
    assert (found.state, found.since, found.speed) == (state, 5.0, 2.0)
    assert not found.active
    assert found.resumable == (state == "failed")


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"state": "levitating"},
        {"state": None},
        {"state": "finished", "since": "x"},
        {"state": "finished", "speed": []},
        {"state": "finished", "since": 10**400},
        {"state": "failed", "error": 7},
        {"state": "failed", "error": "text"},
    ],
)
def test_a_status_that_makes_no_sense_reads_as_interrupted(tree: dict[str, Any]) -> None:
    run = make()
    assert status_of(run, **tree) == runs.Status("interrupted")
    assert runs.measured_speed() is None
    (run.folder / "status.json").write_text("{" * 100_000)
    assert runs.status(run) == runs.Status("interrupted")


def test_a_failure_is_kept_as_a_sentence_in_both_languages() -> None:
    run = make()
    for error in (
        RunError("run.failed", kind="MemoryError"),
        ConfigError("train_size", 10, "at_least", minimum=12),
        ShapeError("conv4", (28, 13, 5, 1, 0)),
    ):
        runs.write_status(run, "failed", error=error)
        found = runs.status(run)
        assert found.state == "failed"
        for language in ("en", "ko"):
            assert found.sentence(language) == error.sentence(language)
    runs.write_status(run, "queued")
    assert runs.status(run).error is None
    assert runs.status(run).sentence("en") == ""


def test_a_run_shows_life_before_it_says_that_it_is_active(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make()
    runs.write_status(run, "interrupted")
    age(run, 3600)
    ages = []

    def write(path: Path, tree: dict[str, Any]) -> None:
        ages.append(time.time() - (run.folder / "alive").stat().st_mtime)

    monkeypatch.setattr(runs, "write_json", write)
    runs.write_status(run, "queued")
    assert ages[0] < 60


# Steering


def test_what_is_asked_adds_up() -> None:
    run = make()
    assert runs.ask(run, paused=True) == Control(paused=True)
    assert runs.ask(run, learning_rate=1e-4) == Control(paused=True, learning_rate=1e-4)
    assert runs.ask_for_step(run).steps == 1
    assert runs.ask_for_step(run).steps == 2
    assert runs.ask(run, paused=False, stop=True) == runs.read_control(run)
    assert runs.read_control(run) == Control(stop=True, steps=2, learning_rate=1e-4)
    assert runs.ask(run, learning_rate=None).learning_rate is None


def test_a_step_pauses_a_running_run() -> None:
    run = make()
    assert runs.ask_for_step(run) == Control(paused=True, steps=1)


@pytest.mark.parametrize("rate", [0, -1, 11, math.nan, math.inf, "fast", True])
def test_a_bad_learning_rate_is_refused_and_not_written(rate: Any) -> None:
    run = make()
    with pytest.raises(ConfigError):
        runs.ask(run, learning_rate=rate)
    assert not (run.folder / "control.json").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        '{"steps": "x"}',
        '{"steps": null}',
        '{"steps": 1e999}',
        '{"learning_rate": -1}',
        '{"learning_rate": "x"}',
    ],
)
def test_a_damaged_control_asks_for_nothing(text: str) -> None:
    run = make()
    (run.folder / "control.json").write_text(text)
    assert runs.read_control(run) == Control()
    assert runs.ControlReader(run)() == Control()
    assert runs.ask(run, paused=True) == Control(paused=True)


def test_a_reader_of_the_control_follows_every_change() -> None:
    run = make()
    read = runs.ControlReader(run)
    assert read() == Control()
    for steps in range(1, 200):  # so quick that time stamps and inodes come again
        runs.ask_for_step(run)
        assert read().steps == steps


def test_a_control_that_has_not_changed_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make()
    runs.ask(run, paused=True)
    os.utime(run.folder / "control.json", (LONG_AGO, LONG_AGO))
    reads = []
    real = runs.read_control
    monkeypatch.setattr(runs, "read_control", lambda run: reads.append(run) or real(run))
    read = runs.ControlReader(run)
    assert [read() for _ in range(5)] == [Control(paused=True)] * 5
    assert len(reads) == 1
    runs.ask(run, paused=False)
    assert read() == Control()


def test_a_control_that_vanishes_leaves_the_last_wish() -> None:
    run = make()
    read = runs.ControlReader(run)
    runs.ask(run, paused=True)
    assert read().paused
    shutil.rmtree(run.folder)
    assert read().paused


def test_wishes_from_many_threads_are_all_kept() -> None:
    run = make()

    def push() -> None:
        for _ in range(25):
            runs.ask_for_step(run)

    threads = [threading.Thread(target=push) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs.read_control(run).steps == 100
    assert not list(run.folder.glob("*.tmp"))


@pytest.mark.parametrize(
    ("file", "write", "check"),
    [
        (
            "status.json",
            lambda run, n: runs.write_status(run, "finished", speed=float(n)),
            lambda tree: tree["state"] == "finished" and len(tree) == 5,
        ),
        (
            "control.json",
            lambda run, n: runs.ask(run, steps=n, learning_rate=1 / (n + 1)),
            lambda tree: len(tree) == 4 and tree["learning_rate"] == 1 / (tree["steps"] + 1),
        ),
    ],
)
def test_who_reads_while_a_file_is_replaced_never_sees_half_of_it(
    file: str, write: Callable[..., Any], check: Callable[[dict[str, Any]], bool]
) -> None:
    run = make()
    write(run, 0)
    over, failures, seen = threading.Event(), [], set()

    def hammer() -> None:
        while not over.is_set():
            try:
                text = (run.folder / file).read_text(encoding="utf-8")
                if not check(json.loads(text)):
                    failures.append(text)
                seen.add(text)
            except Exception as error:
                failures.append(repr(error))

    reader = threading.Thread(target=hammer)
    reader.start()
    for number in range(300):
        write(run, number)
    over.set()
    reader.join()
    assert failures == []
    assert len(seen) > 1


# History


def started(done: int = 0) -> RunStarted:
    return RunStarted(100, 500, 8, "float32", done, 1.0)


def report(epoch: int, batch: int) -> BatchEnd:
    return BatchEnd(epoch, batch, 8, 1 / (epoch + batch), 0.5, 1e-3, 100.0, 2.0)


def epoch_end(epoch: int, complete: bool = True) -> EpochEnd:
    return EpochEnd(epoch, 1.0, 0.5, 1 / epoch, 0.5, 1e-3, 3.0, complete=complete)


STORY: list[Event] = [
    started(),
    report(1, 3),
    Paused(1, 3),
    report(1, 4),
    Resumed(1, 4),
    report(1, 8),
    epoch_end(1),
    LearningRateChanged(2, 1, 1e-4),
    report(2, 8),
    epoch_end(2),
    report(3, 2),
    started(2),
    report(3, 8),
    epoch_end(3),
    RunEnded("finished", 3, 3, 9.0),
]


def test_a_history_that_grows_equals_a_full_reading_at_every_byte() -> None:
    run = make()
    content = "".join(to_json(event) + "\n" for event in STORY).encode()
    growing = runs.EventReader(run.folder, 3)
    path = run.folder / "events.jsonl"
    assert growing.history() == runs.EventReader(run.folder, 3).history() == History(3)
    for size in range(0, len(content) + 1, 7):
        path.write_bytes(content[:size])
        lines = content[:size].count(b"\n")
        expected = History.from_events(STORY[:lines], 3)
        assert growing.history() == expected
        assert runs.EventReader(run.folder, 3).history() == expected


@given(some.lists(some.integers(0, 600), min_size=1, max_size=6))
def test_a_history_does_not_depend_on_when_it_was_read(cuts: list[int]) -> None:
    content = "".join(to_json(event) + "\n" for event in STORY).encode()
    run = make()
    growing = runs.EventReader(run.folder, 3)
    for size in [*sorted(cuts), len(content)]:
        (run.folder / "events.jsonl").write_bytes(content[:size])
        growing.history()
    assert growing.history() == History.from_events(STORY, 3)


def test_a_history_without_news_is_the_same_object() -> None:
    run = make()
    write = runs.EventWriter(run)
    write(started())
    first = runs.history(run)
    assert runs.history(run) is first
    write(report(1, 3))
    assert runs.history(run).batches == (report(1, 3),)
    write.close()
    assert first.batches == ()


def test_what_is_said_is_readable_at_once() -> None:
    run = make()
    write = runs.EventWriter(run)
    for count, event in enumerate(STORY, start=1):
        write(event)
        assert runs.history(run) == History.from_events(STORY[:count], 3)
    write.close()


@pytest.mark.parametrize("torn", [b'{"kind": "BatchEnd", "epo', b"\xed\x95", b"\0" * 50, b"{}"])
def test_a_torn_last_line_is_left_out_and_the_next_word_stands_on_its_own_line(
    torn: bytes,
) -> None:
    run = make()
    path = run.folder / "events.jsonl"
    path.write_bytes("".join(to_json(event) + "\n" for event in STORY[:7]).encode() + torn)
    assert runs.history(run) == History.from_events(STORY[:7], 3)
    write = runs.EventWriter(run)
    for event in STORY[7:]:
        write(event)
    write.close()
    assert runs.history(run) == History.from_events(STORY, 3)
    assert runs.EventReader(run.folder, 3).history() == History.from_events(STORY, 3)


def test_the_complete_epochs_are_what_a_resumed_training_needs() -> None:
    run = make()
    write = runs.EventWriter(run)
    for event in (started(), epoch_end(1), epoch_end(2), epoch_end(3, complete=False)):
        write(event)
    write.close()
    assert runs.complete_epochs(run) == [epoch_end(1), epoch_end(2)]


def test_a_history_can_be_read_on_many_threads() -> None:
    run = make()
    write = runs.EventWriter(run)
    failures: list[History] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            history = runs.history(run)
            batches = [it.batch for it in history.batches]
            if batches != list(range(1, len(batches) + 1)):
                failures.append(history)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for batch in range(1, 201):
        write(report(1, batch))
    over.set()
    for thread in threads:
        thread.join()
    write.close()
    assert failures == []
    assert len(runs.history(run).batches) == 200


# Speed


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


def test_a_speed_tells_how_long_an_epoch_takes() -> None:
    work = reckoned_seconds(TEXTBOOK, TrainConfig(), 48_000)
    assert runs.seconds_an_epoch(TEXTBOOK, TrainConfig(), 48_000, work / 20) == pytest.approx(20)
    assert runs.seconds_an_epoch(TEXTBOOK, TrainConfig(), 48_000, None) is None


# Examples


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
