"""The administrator's command: lists, ends and deletes runs of every visitor."""

from __future__ import annotations

from small_runs import make
from sweep_play import plan

from cnn_core import __main__ as command
from cnn_core import rooms, runs, sweeps
from cnn_core.runs import control


def admin(*arguments: str) -> int:
    return command.main(["admin", *arguments])


def test_it_lists_what_waits_and_trains_with_owners_and_the_disk(capsys) -> None:
    over, waits = make(owner="somebody"), make(owner="somebody else", name="mine")
    runs.write_status(over, "finished")
    assert admin() == 0
    printed = capsys.readouterr().out
    assert waits.id in printed
    assert "somebody else" in printed
    assert over.id not in printed
    assert f"in {runs.home()}" in printed


def test_it_lists_and_ends_sweeps_and_rooms_of_everybody(capsys) -> None:
    sweep = sweeps.begin(plan("kernel=3,5"), owner="somebody", name="widths")
    other = sweeps.begin(plan("kernel=3,5"), owner="somebody else")
    room = rooms.create("a key")
    room.join("a" * 16)
    assert admin() == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in (sweep.id, "widths", other.id, room.code))
    assert admin("--end", sweep.id) == 0
    assert [sweeps.progress(each).active for each in (sweep, other)] == [False, True]
    waits = make(owner="somebody")
    assert admin("--end-all") == 0
    assert not sweeps.progress(other).active
    assert control.read_control(waits).stop
    assert admin("--end", sweep.id) == 0
    assert "over already" in capsys.readouterr().out
    assert admin("--wipe", room.code) == 0
    assert rooms.all_codes() == []
    assert admin("--wipe", room.code) == command.MISTAKE
    assert room.code in capsys.readouterr().err


def test_it_deletes_runs_that_are_over_and_no_others(capsys) -> None:
    run, active = make(owner="somebody"), make(owner="somebody")
    runs.write_status(run, "finished")
    assert admin("--delete", run.id) == 0
    assert not runs.exists(run)
    assert admin("--delete", active.id) == command.MISTAKE
    assert runs.exists(active)
    assert admin("--delete", "fashion") == command.MISTAKE  # comes with ConvScope
    assert admin("--end", "nonsense") == command.MISTAKE
    assert len(capsys.readouterr().err.splitlines()) == 3
