"""Looks at the test accuracy are counted by the run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cnn_core import runs
from cnn_core.errors import RunError
from cnn_core.planning.presets import PRESETS
from cnn_core.runs import holdout


def make() -> runs.Run:
    return runs.create(PRESETS["tiny"].model, PRESETS["tiny"].train)


def test_every_look_counts_even_at_the_same_moment() -> None:
    run = make()
    assert holdout.count(run) == 0
    with ThreadPoolExecutor(8) as visitors:
        list(visitors.map(lambda _: holdout.add(run), range(40)))
    assert holdout.count(run) == 40
    assert holdout.count(runs.open_run(run.id)) == 40


def test_a_shipped_run_is_left_alone() -> None:
    run = runs.open_run("fashion")
    with pytest.raises(RunError, match="comes with ConvScope"):
        holdout.add(run)
    assert holdout.count(run) == 0
    assert not (run.folder / holdout.FILE).exists()


def test_a_deleted_run_is_a_sentence() -> None:
    run = make()
    runs.write_status(run, "stopped")
    runs.delete(run, by=run.owner)
    with pytest.raises(RunError, match="does not exist here"):
        holdout.add(run)
    assert holdout.count(run) == 0
    assert not run.folder.exists()
