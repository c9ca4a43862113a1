"""The administrator's command: lists, ends and deletes runs of every visitor."""

from __future__ import annotations

from small_runs import make

from cnn_core import __main__ as command
from cnn_core import runs


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
