"""Which networks a page offers: the newest, without reading the others, and those that a link names."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
import visits

from cnn_core import runs
from cnn_core.planning.presets import PRESETS
from cnn_core.runs import record, store
from pages.network import choice

MORE = 7
visit = visits.visit


@pytest.fixture
def many() -> list[runs.Run]:
    """More runs than a page lists, all with weights; the newest first."""
    shipped = record.MODELS / "digits"
    made = []
    for index in range(choice.LISTED + MORE):
        run = runs.create(PRESETS["textbook"].model, runs.open_run("digits").train)
        folder = run.folder.with_name(f"202601{index // 24 + 1:02}-{index % 24:02}0000-00000a")
        run.folder.rename(folder)
        shutil.copy(shipped / "best.keras", folder)
        shutil.copytree(shipped / "snapshots", folder / "snapshots")
        made.append(runs.open_run(folder.name))
    store._read.cache_clear()
    return made[::-1]


@pytest.mark.parametrize(("page", "box"), [("kernels", "inside_run"), ("draw", "draw_run")])
def test_of_older_runs_nothing_is_read_and_none_twice(
    page: str,
    box: str,
    many: list[runs.Run],
    visit: Any,
    monkeypatch: Any,
) -> None:
    opened = []
    open_run = store.open_run
    monkeypatch.setattr(store, "open_run", lambda run_id: opened.append(run_id) or open_run(run_id))
    at = visit(page)
    assert not at.exception
    listed = {run.id for run in many[: choice.LISTED]}
    assert set(opened) - set(record.SHIPPED) == listed
    before = store._read.cache_info().misses
    assert before == len(set(opened))
    at.run()
    assert store._read.cache_info().misses == before


@pytest.mark.parametrize(("page", "box"), [("kernels", "inside_run"), ("draw", "draw_run")])
def test_an_older_run_that_a_link_names_is_offered_all_the_same(
    page: str,
    box: str,
    many: list[runs.Run],
    visit: Any,
) -> None:
    at = visit(page, run=many[-1].id)
    assert not at.exception
    assert not at.warning
    assert at.session_state[box] == many[-1].id
    at.run()
    assert at.session_state[box] == many[-1].id
