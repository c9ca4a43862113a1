from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from small_runs import make

from cnn_core import runs
from cnn_core.errors import RunError
from cnn_core.progress.events import (
    BatchEnd,
    EpochEnd,
    LayerFigures,
    LayersMeasured,
    RunEnded,
    RunStarted,
)
from cnn_core.runs import lease, log, marks, record, store, summary
from cnn_core.runs.log import EventWriter

ENDS = (
    EpochEnd(1, 1.0, 0.5, 0.9, 0.6, 1e-3, 4.0),
    EpochEnd(2, 0.5, 0.8, 0.4, 0.85, 1e-3, 3.0, best=True),
    EpochEnd(3, 0.2, 0.9, 0.6, 0.9, 1e-3, 3.0),
)


def finished(**options: str) -> runs.Run:
    run = make(owner="us", **options)
    tell(run, RunStarted(1000, 500, 8, "float32"))
    for end in ENDS:
        tell(
            run,
            *(BatchEnd(end.epoch, 4 * half, 8, 1.0, 0.5, 1e-3, 100.0 * half) for half in (1, 2)),
        )
        tell(run, LayersMeasured(end.epoch, 4, 0.01, {"output": LayerFigures(1.0, 1e-3, 0.0, 0.0)}))
        tell(run, end)
    tell(run, RunEnded("finished", 3, 2, 10.5))
    runs.write_status(run, "finished")
    return run


def tell(run: runs.Run, *events: object) -> None:
    write = EventWriter(run)
    for event in events:
        write(event)
    write.close()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders whose log was read, in their order."""
    found: list[Path] = []
    digest = log.digest

    def counted(run: runs.Run):
        found.append(run.folder)
        return digest(run)

    monkeypatch.setattr(log, "digest", counted)
    return found


def test_a_summary_says_the_best_epoch_not_the_last():
    found = summary.summary(finished())
    assert found.best == ENDS[1]
    assert (found.epochs, found.seconds, found.images) == (3, 10.5, 500)
    assert found.images_per_s == pytest.approx((3 * 200 + 2 * 100) / 5), "the first is left out"
    assert found.status.state == "finished"
    assert found.params == 4 * 10 + (4 * 4 * 4 + 1) * 8 + 9 * 10


def test_what_is_summed_up_is_what_the_whole_log_says():
    run = finished()
    digest, whole = log.digest(run), log.history(run)
    assert digest.epochs == whole.epochs
    assert digest.ended == whole.ended
    assert digest.images_per_s == whole.images_per_s
    assert (len(digest.layers), len(whole.layers)) == (0, 3)


def test_no_log_is_read_twice_until_it_changes(reads):
    some = [finished() for _ in range(5)]
    for _ in range(3):
        assert len(summary.summaries()) == 5
    assert len(reads) == 5
    summary._kept.clear()  # another server
    assert len(summary.summaries()) == 5
    assert len(reads) == 5, "the summaries lie in the folders"
    tell(some[2], EpochEnd(4, 0.1, 0.95, 0.1, 0.97, 1e-3, 3.0))
    assert summary.summary(some[2]).best.epoch == 4
    assert reads[5:] == [some[2].folder]


@pytest.mark.parametrize("change", ["rename", "star", "status"])
def test_every_change_of_a_folder_is_seen(change):
    run = finished()
    summary.summaries()
    if change == "rename":
        runs.rename(run, "five filters", by="us")
    elif change == "star":
        marks.star(run, True, by="us")
    else:
        runs.write_status(run, "stopped")
    found = summary.summary(run)
    assert [found.run.name, found.marks.starred, found.status.state] == [
        "five filters" if change == "rename" else "",
        change == "star",
        "stopped" if change == "status" else "finished",
    ]


def test_a_run_that_trains_grows_and_leaves_no_summary_in_its_folder():
    run = make(owner="us")
    runs.write_status(run, "running")
    tell(run, RunStarted(1000, 500, 8, "float32"))
    assert summary.summary(run).best is None
    tell(run, ENDS[0])
    assert summary.summary(run).best == ENDS[0]
    assert summary.summary(run).status.state == "running"
    assert not (run.folder / summary.FILE).exists()


def test_a_run_whose_worker_died_is_interrupted_though_no_file_changed():
    run = make(owner="us")
    runs.write_status(run, "running")
    assert summary.summary(run).status.state == "running"
    old = (run.folder / "alive").stat().st_mtime - 2 * lease.STALE_AFTER
    os.utime(run.folder / "alive", (old, old))
    assert summary.summary(run).status.state == "interrupted"


@pytest.mark.parametrize(
    "damage",
    ["", "[1]", '{"version": 1}', '{"version": 1, "stamp": 5}', '{"version": 99}', "wrong best"],
)
def test_a_damaged_summary_is_made_again(damage):
    run = finished()
    summary.summaries()
    path = run.folder / summary.FILE
    if damage == "wrong best":
        damage = json.dumps({**json.loads(path.read_text()), "best": {"epoch": 1}})
    path.write_text(damage)
    summary._kept.clear()
    assert summary.summary(run).best == ENDS[1]


def test_a_damaged_run_is_no_row_and_hides_no_other(reads):
    good, bad = finished(), finished()
    (bad.folder / "config.json").write_text("{")
    assert [it.run.id for it in summary.summaries()] == [good.id]
    summary.summaries()
    assert reads == [good.folder]


def test_a_deleted_run_is_forgotten():
    run = finished()
    summary.summaries()
    store.delete(run, by="us")
    assert summary.summaries() == []
    assert run.folder not in summary._kept
    with pytest.raises(RunError):
        summary.summary(run)


def test_shipped_runs_have_summaries_and_get_no_file():
    found = summary.shipped()
    assert [it.run.id for it in found] == list(record.SHIPPED)
    assert all(it.best is not None for it in found)
    assert not any((it.run.folder / summary.FILE).exists() for it in found)
