"""Files of a run cut after every byte: what opens it gives an answer or a sentence, never another error."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Rounds
from lengths import rounds
from worker_runs import MODEL, TRAIN

from cnn_core import runs
from cnn_core.engine import looks, trainer
from cnn_core.errors import CnnError
from cnn_core.runs import control, lease, marks, snapshots, summary
from cnn_core.runs import log as run_log

pytestmark = pytest.mark.slow

TEXTS = ("config.json", "status.json", "control.json", "events.jsonl", "marks.json", "lease.json")
ARRAYS = ("examples.npz", "snapshots/epoch-001.npz")
NETWORKS = ("best.keras", "last.keras")


@pytest.fixture(scope="module")
def whole_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one run that trained two epochs and could be resumed: with all the files there are."""
    home = tmp_path_factory.mktemp("whole") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_HOME", str(home))
        run = runs.create(MODEL, TRAIN, owner="us")
        trainer.train_run(run.id)
        control.ask(run, by="us", learning_rate=1e-3)
        marks.star(run, True, by="us")
        lease_file = run.folder / "lease.json"
        shutil.copy(run.folder / "status.json", lease_file)
        shutil.copy(run.folder / "best.keras", run.folder / "last.keras")
    return home


@pytest.fixture
def run(whole_home: Path, convscope_home: Path) -> runs.Run:
    shutil.copytree(whole_home, convscope_home)
    return next(runs.newest())


def open_everywhere(run_id: str) -> None:
    """As the pages and the command line do with a run that they find."""
    assert [each.id for each in runs.all_runs() if not each.shipped] in ([], [run_id])
    run = runs.open_run(run_id)
    assert runs.status(run).state in runs.STATES
    runs.status(run).sentence("ko")
    control.read_control(run)
    control.pause_of(run)
    lease.holder(run)
    marks.read(run)
    history = run_log.EventReader(run.folder, run.train.epochs).history()
    assert [end.epoch for end in history.complete_epochs] in ([], [1], [1, 2])
    run_log.digest(run)
    run_log.best_epoch(run)
    run_log.resumes_after(run)
    summary.summary(run)
    summary.summaries()
    runs.examples(run)
    snapshots.whole_epochs(run)
    for epoch in snapshots.epochs(run):
        snapshots.read(run, epoch)


def cut_everywhere(
    run: runs.Run, name: str, each: Any, step: int, look: Callable[[str], Any]
) -> None:
    """Cut the file after every `step` bytes from a random one on."""
    path = run.folder / name
    whole = path.read_bytes()
    for size in {0, len(whole) - 1, *range(each.random.randrange(step), len(whole), step)}:
        each.note("cuts")
        path.write_bytes(whole[:size])
        try:
            look(run.id)
        except CnnError as error:
            assert error.sentence("en")
            assert error.sentence("ko")
            each.note("a sentence")
    path.write_bytes(whole)


@pytest.mark.parametrize("name", [*TEXTS, *ARRAYS])
def test_a_file_cut_after_any_byte_is_told_in_a_sentence(
    run: runs.Run, name: str, fault: Rounds
) -> None:
    for each in fault(f"cut after every byte: {name}", short=1, in_full=1):
        open_everywhere(run.id)
        size = (run.folder / name).stat().st_size
        step = rounds(max(1, size // 10), 1)
        cut_everywhere(run, name, each, step, open_everywhere)


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_cut_after_any_byte_are_told_in_a_sentence(
    run: runs.Run, name: str, fault: Rounds
) -> None:
    images = runs.examples(run)[0][:2]

    def look(run_id: str) -> None:
        looks._opened.cache_clear()
        open_everywhere(run_id)
        looks.look("predict", run_id, (images,))

    for each in fault(f"cut after every byte: {name}", short=1, in_full=1):
        size = (run.folder / name).stat().st_size
        step = rounds(max(1, size // 6), 7)
        cut_everywhere(run, name, each, step, look)


@pytest.mark.parametrize(
    "name", ["last.keras", "best-complete.keras", "best.keras", "events.jsonl"]
)
def test_a_run_goes_on_from_files_that_were_cut(run: runs.Run, name: str, fault: Rounds) -> None:
    """It begins again at the last epoch that can be read, or says in a sentence why it cannot."""
    path = run.folder / name
    shutil.copy(run.folder / "best.keras", run.folder / "best-complete.keras")
    whole = {each: each.read_bytes() for each in run.folder.iterdir() if each.is_file()}
    for each in fault(f"resumed with a cut {name}", short=1, in_full=10):
        for file, content in whole.items():
            file.write_bytes(content)
        path.write_bytes(whole[path][: each.random.randrange(len(whole[path]))])
        runs.write_status(run, "interrupted")
        trainer.train_run(run.id)
        status = runs.status(run)
        each.note(status.state)
        assert status.state in ("finished", "failed")
        assert (status.state == "failed") == bool(status.sentence("en"))
        assert not (run.folder / "error.txt").exists(), (run.folder / "error.txt").read_text()
