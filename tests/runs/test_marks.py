from __future__ import annotations

import pytest
from small_runs import make

from cnn_core import runs
from cnn_core.errors import RunError
from cnn_core.runs import marks


def test_star_and_note_are_kept_in_the_folder_of_the_run():
    run = make(owner="us")
    assert marks.read(run) == marks.Marks()
    marks.star(run, True, by="us")
    marks.write_note(run, "  larger kernel\nblurs  ", by="us")
    assert marks.read(run) == marks.Marks(True, "larger kernel\nblurs")
    marks.star(run, False, by="us")
    assert marks.read(run) == marks.Marks(False, "larger kernel\nblurs")
    marks.write_note(run, "x" * 5000, by="us")
    assert len(marks.read(run).note) == marks.NOTE_LENGTH


@pytest.mark.parametrize("by", ["somebody else", ""])
def test_only_the_owner_marks_a_run(by):
    run = make(owner="us")
    for change in (lambda: marks.star(run, True, by=by), lambda: marks.write_note(run, "x", by=by)):
        with pytest.raises(RunError) as caught:
            change()
        assert caught.value.key == "run.not_yours"
    assert not (run.folder / marks.FILE).exists()


def test_a_run_that_came_with_convscope_takes_no_marks():
    shipped = runs.open_run("digits")
    with pytest.raises(RunError):
        marks.star(shipped, True, by=shipped.owner)


def test_marks_of_a_deleted_run_bring_it_not_back():
    run = make(owner="us")
    runs.write_status(run, "finished")
    runs.delete(run, by="us")
    with pytest.raises(RunError):
        marks.star(run, True, by="us")
    assert not run.folder.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"starred": "yes", "note": 5}', "\x00"])
def test_damaged_marks_are_none(text):
    run = make(owner="us")
    (run.folder / marks.FILE).write_text(text)
    assert marks.read(run).starred is False
