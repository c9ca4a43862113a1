"""Who gets the files of a run: its owner everything, another visitor the program alone."""

from __future__ import annotations

import re
import shutil

import pytest
from small_runs import make
from streamlit.testing.v1 import AppTest
from visits import US, visit

from cnn_core import runs
from cnn_core.errors import RunError
from cnn_core.progress.events import EpochEnd
from cnn_core.runs.log import EventWriter
from pages.network import take_home

__all__ = ["visit"]  # a fixture
OF_THE_RUN = {"page", "model", "onnx", "litert", "epochs", "batches", "report"}
KEY = re.compile(r"-(runs_file|take_(?P<kind>[a-z]+))_")
PROGRAM = {"script", "notebook"}


def over(owner: str) -> runs.Run:
    """A run that is over, with weights."""
    run = make(owner=owner)
    write = EventWriter(run)
    write(EpochEnd(1, 1.0, 0.5, 0.9, 0.5, 1e-3, 3.0))
    write.close()
    shutil.copy(runs.shipped_runs()[0].folder / "best.keras", run.folder)
    runs.write_status(run, "finished")
    return run


def files(at: AppTest, run: runs.Run) -> set[str]:
    """Names of the download buttons of one run, and "zip" for those of the runs page."""
    at.session_state[f"take_{run.id}"] = True  # the popover is open
    assert not at.run().exception
    keys = [KEY.search(button.proto.id) for button in at.get("download_button")]
    return {key["kind"] or "zip" for key in keys if key}


@pytest.mark.parametrize(
    ("owner", "whole"), [(US, True), ("", True), ("another browser", False)], ids=str
)
def test_the_files_of_a_run_are_for_its_owner_and_its_program_for_all(visit, owner, whole):
    run = over(owner)
    of_run = PROGRAM | (OF_THE_RUN if whole else set())
    assert files(visit("runs", runs=run.id, whose="all"), run) == of_run | (
        {"zip"} if whole else set()
    )
    assert files(visit("playground", run=run.id), run) == of_run


def test_another_visitors_settings_can_be_used_without_the_run(visit):
    labels = {US: "Open in the playground", "another browser": "Use its settings"}
    for owner, label in labels.items():
        at = visit("runs", runs=over(owner).id, whose="all")
        assert at.button(key="runs_open").label == label


def test_a_file_is_refused_where_it_is_made():
    run = over("another browser")
    with pytest.raises(RunError, match="belongs to another visitor"):
        take_home._make(run, US, lambda: pytest.fail("it was made"))
