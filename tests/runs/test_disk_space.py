"""The disk of all runs: whose go when it is full, and whose stay."""

from __future__ import annotations

import os
import time

import pytest
from small_runs import MODEL, SHORT, make, state

from cnn_core import runs
from cnn_core.engine.queue import Queue
from cnn_core.errors import LimitError
from cnn_core.planning.limits import Limits
from cnn_core.runs import marks, space
from cnn_core.runs.record import read_json, write_json

ABSENT, PRESENT = "a" * 16, "b" * 16
LONG_AGO = time.time() - (space.ABSENT_DAYS + 1) * space.SECONDS_PER_DAY
SIZE = 100_000


def old_run(owner: str, *, age: int = 0, ended: str = "finished") -> runs.Run:
    """A run of `SIZE` bytes and a little, from before the absent visitor left; `age` orders them."""
    run = make(owner=owner)
    tree = read_json(run.folder / "config.json")
    write_json(run.folder / "config.json", {**tree, "created": LONG_AGO - age})
    (run.folder / "best.keras").write_bytes(bytes(SIZE))
    runs.write_status(run, ended)
    if owner == ABSENT:
        leave()
    return runs.open_run(run.id)


def leave() -> None:
    """The absent visitor was here long ago, and not since."""
    space.note_visit(ABSENT, orders=True)
    os.utime(runs.home().parent / "visits" / ABSENT, (LONG_AGO, LONG_AGO))


def kept(listed: list[runs.Run]) -> list[bool]:
    return [runs.exists(run) for run in listed]


def test_nothing_goes_while_there_is_space() -> None:
    listed = [old_run(ABSENT), old_run(PRESENT)]
    assert space.make_room(3 * SIZE) == []
    assert kept(listed) == [True, True]
    assert 2 * SIZE < space.used() < 3 * SIZE
    assert space.free() > 0


def test_only_what_must_go_goes_and_the_oldest_first() -> None:
    listed = sorted((old_run(ABSENT) for _ in range(3)), key=lambda run: run.id)
    deleted = space.make_room(int(2.5 * SIZE))
    assert deleted == [listed[0].id]
    assert kept(listed) == [False, True, True]


def test_runs_that_somebody_may_still_want_stay() -> None:
    space.note_visit(PRESENT, orders=True)
    starred = old_run(ABSENT)
    marks.star(starred, True, by=ABSENT)
    listed = [
        starred,
        old_run(PRESENT),
        old_run(""),
        old_run(ABSENT, ended="queued"),
        make(owner=ABSENT),
    ]
    unwanted = [old_run(ABSENT), old_run(ABSENT, ended="interrupted")]
    with pytest.raises(LimitError) as refused:
        space.make_room(SIZE)
    assert kept(listed) == [True] * 5
    assert kept(unwanted) == [False, False]
    for language in ("en", "ko"):
        assert "0.0001 GB" in refused.value.sentence(language)


def test_runs_of_a_visitor_who_was_never_noted_stay_until_that_is_known(convscope_home) -> None:
    """They come from a project file, or from a version that did not note visits."""
    run = old_run(ABSENT)
    visit = convscope_home / "visits" / ABSENT
    visit.unlink()
    for _ in range(2):
        with pytest.raises(LimitError):
            space.make_room(SIZE)
        assert runs.exists(run)
    assert time.time() - visit.stat().st_mtime < 60
    leave()
    assert space.make_room(SIZE) == [run.id]


def test_a_visit_counts_for_those_who_have_runs_and_for_no_path(convscope_home) -> None:
    for visitor in (ABSENT, "", "../../etc", "x" * 16):
        space.note_visit(visitor)
    assert not (convscope_home / "visits").exists()
    space.note_visit("../escaped", orders=True)
    space.note_visit(PRESENT, orders=True)
    path = convscope_home / "visits" / PRESENT
    os.utime(path, (0, 0))
    space.note_visit(PRESENT)
    assert time.time() - path.stat().st_mtime < 60
    assert [each.name for each in path.parent.iterdir()] == [PRESENT]


def test_an_order_makes_room_first_and_is_refused_where_it_cannot(monkeypatch) -> None:
    queue = Queue(lambda run: None, lambda future: None)
    sizes = []
    monkeypatch.setattr(space, "make_room", lambda cap: sizes.append(cap) or [])
    run = queue.order(MODEL, SHORT, owner=PRESENT, limits=Limits(gigabytes=7))
    assert sizes == [7_000_000_000]
    assert state(run) == "queued"

    def refuse(cap: int) -> list[str]:
        raise LimitError("limit.gigabytes", cap="7")

    monkeypatch.setattr(space, "make_room", refuse)
    with pytest.raises(LimitError):
        queue.order(MODEL, SHORT, owner=PRESENT, limits=Limits(gigabytes=7))
    assert [each.id for each in runs.newest()] == [run.id]


def test_visitors_are_told_before() -> None:
    old_run(ABSENT)
    space._used_lately.cache_clear()
    assert not space.nearly_full(2 * SIZE)
    assert space.nearly_full(int(1.1 * SIZE))
