"""A sweep outlives its server, a queue that is away, and a disk that is full or damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lengths import repeats
from played_sweeps import ended
from small_runs import state
from sweep_play import Played, begin, drive, plan, play

from cnn_core import runs, sweeps
from cnn_core.errors import EngineError, LimitError, RunError, SweepError
from cnn_core.sweeps import store


def restarted(**options) -> Played:
    """Another engine with another driver, as a server has that was started again."""
    engine = Played(**options)
    drive(engine)
    return engine


def kill(engine: Played) -> None:
    """The process is gone: its lock is free, and its runs show no life."""
    for work in engine.works:
        work.__closure__[0].cell_contents.close()
    for future in engine.training():
        runs.write_status(future.run, "interrupted")
    for run in runs.all_runs():
        if state(run) in runs.ACTIVE:
            runs.write_status(run, "interrupted")


@pytest.mark.parametrize("after", repeats([0, 1, 3, 8], [0, 1, 2, 3, 5, 8, 11]))
def test_a_restart_at_any_moment_loses_and_repeats_nothing(after: int) -> None:
    engine = Played(workers=2)
    sweep = begin(engine, plan("seed=0:99", trials=8))
    for step in range(after):
        engine.tick()
        for future in engine.training():
            if (step + future.run.trial) % 3:
                engine.epoch(future)
    before = {row.run for row in ended(sweep) if row.state == "finished"}
    kill(engine)
    play(restarted(workers=2))
    rows = ended(sweep)
    assert [row.state for row in rows] == ["finished"] * 8
    assert len({row.run for row in rows}) == 8
    assert len({row.params["seed"] for row in rows}) == 8
    assert before <= {row.run for row in rows}
    tagged = [run for run in runs.all_runs() if run.sweep == sweep.id]
    assert len(tagged) == 8, "no trial was trained twice"
    assert sweeps.progress(sweep).state == "finished"


@pytest.mark.parametrize(
    "lines", repeats([1, 3, 8, 17, 28], [1, 2, 3, 5, 6, 8, 11, 14, 17, 20, 24, 28])
)
def test_a_journal_cut_off_anywhere_is_gone_on_with(lines: int, tmp_path: Path) -> None:
    """A killed process leaves whole lines and perhaps half of one."""
    engine = Played(workers=2)
    sweep = begin(engine, plan("seed=0:99", "kernel=3,5", trials=4))
    play(engine)
    kill(engine)
    content = sweep.journal.read_bytes().splitlines(keepends=True)
    if lines >= len(content):
        pytest.skip("the journal is shorter")
    sweep.journal.write_bytes(b"".join(content[:lines]) + content[lines][:7])
    from cnn_core.sweeps import study

    study._opened.cache_clear()
    store.change(sweep, "running")
    play(restarted(workers=2))
    rows = ended(sweep)
    assert [row.state for row in rows] == ["finished"] * 4
    assert len({row.run for row in rows}) == 4
    assert len({repr(sorted(row.params.items())) for row in rows}) == 4


def test_two_servers_on_one_home_do_not_drive_the_same_sweep() -> None:
    first, second = Played(), Played()
    sweep = begin(first, plan("seed=0:99", trials=3))
    drive(second)
    for _ in range(3):
        first.tick()
        second.tick()
    assert (len(first.futures), len(second.futures)) == (1, 0)
    play(first)
    assert len(ended(sweep)) == 3


def test_a_queue_that_is_full_or_away_is_waited_for() -> None:
    engine = Played()
    sweep = begin(engine, plan("seed=0:99", trials=2))
    for error in (LimitError("limit.waiting", cap=1), EngineError("engine.down", reason="x")):
        engine.refused = error
        engine.tick()
        assert (engine.futures, sweeps.progress(sweep).state) == ([], "running")
    engine.refused = None
    play(engine)
    assert len(ended(sweep)) == 2


def test_a_full_disk_pauses_the_sweep_with_a_sentence() -> None:
    engine = Played()
    sweep = begin(engine, plan("seed=0:99", trials=2))
    engine.refused = RunError("run.storage", folder="/runs")
    engine.tick()
    progress = sweeps.progress(sweep)
    assert progress.state == "paused"
    assert "/runs" in progress.error["en"]
    engine.refused = None
    sweeps.resume(sweep, by="me")
    play(engine)
    assert [row.state for row in ended(sweep)] == ["finished"] * 2


def test_a_damaged_journal_pauses_the_sweep_and_troubles_no_other() -> None:
    engine = Played()
    sweep = begin(engine, plan("seed=0:99", trials=2))
    play(engine)
    kill(engine)
    sweep.journal.write_bytes(b'{"nonsense": 1}\n' * 3)
    store.change(sweep, "running")
    other = sweeps.begin(plan("seed=0:9", trials=2), owner="you")
    play(restarted())
    assert sweeps.progress(sweep).state == "paused"
    assert sweeps.progress(sweep).error["ko"]
    assert len(ended(other)) == 2


def test_a_sweep_whose_folder_is_gone_troubles_nobody() -> None:
    engine = Played()
    sweep = begin(engine, plan("seed=0:99", trials=3))
    engine.tick()
    shutil.rmtree(sweep.folder)
    engine.tick()
    with pytest.raises(SweepError, match="no sweep"):
        sweeps.open_sweep(sweep.id)
    with pytest.raises(SweepError):
        sweeps.open_sweep("../../etc")
    (sweeps.store.home() / "20200101-000000-aaaaaa").mkdir(parents=True)
    assert sweeps.newest() == []
