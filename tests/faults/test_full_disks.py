"""A disk that is full at a random moment of a training, and a home that cannot be written."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import Rounds
from invariants import CONFIG, assert_nothing_lost, saved
from patience import until
from small_runs import MODEL, state

from cnn_core import runs
from cnn_core.engine import Engine, trainer
from cnn_core.errors import RunError
from cnn_core.progress.events import EpochEnd
from cnn_core.runs import control, lease
from cnn_core.runs import log as run_log
from cnn_core.runs.state import WAITS_FOR_DISK

pytestmark = pytest.mark.slow

DISK_BYTES = 8_000_000  # more than a run needs, and than what has to be free to go on


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[EpochEnd], float]:
    """What a run says that nothing happens to, and the seconds that it takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_HOME", str(tmp_path_factory.mktemp("whole")))
        run = runs.create(MODEL, CONFIG)
        began = time.monotonic()
        trainer.train_run(run.id)
        return list(run_log.history(run).complete_epochs), time.monotonic() - began


@pytest.fixture
def small_disk(convscope_home: Path) -> Iterator[Path]:
    """The home on a file system of its own that is soon full."""
    convscope_home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(convscope_home)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted here")
    yield convscope_home
    subprocess.run(["umount", "--lazy", str(convscope_home)], check=True)


def fill(disk: Path) -> None:
    """Take the last byte."""
    with (disk / "filler").open("ab", buffering=0) as file:
        for size in (65_536, 4096, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass


def test_a_disk_that_is_full_at_any_moment_is_told_and_the_run_goes_on(
    small_disk: Path, whole: tuple[list[EpochEnd], float], fault: Rounds
) -> None:
    epochs, takes = whole
    for each in fault("a full disk (tmpfs)", short=2, in_full=20):
        run = runs.create(MODEL, CONFIG, owner="us")
        timer = threading.Timer(each.random.uniform(0.0, takes), fill, [small_disk])
        timer.start()
        _train(run)
        timer.cancel()
        timer.join()
        each.note(state(run))
        before = _after_full(run)
        (small_disk / "filler").unlink(missing_ok=True)
        trainer.train_run(run.id)
        assert_nothing_lost(run, epochs, before)
        runs.delete(run, by="us")


@pytest.mark.long
def test_a_run_goes_on_by_itself_once_there_is_room_again(
    small_disk: Path, whole: tuple[list[EpochEnd], float], fault: Rounds
) -> None:
    """With a real engine, whose worker is another process."""
    epochs, takes = whole
    engine = Engine().start()
    try:
        until(lambda: engine.ready("train"))
        for each in fault("a full disk (tmpfs) under an engine", short=1, in_full=5):
            run = engine.order(MODEL, CONFIG, owner="us")
            time.sleep(each.random.uniform(0.0, takes))
            fill(small_disk)
            until(lambda run=run: runs.status(run).waits_for_disk or state(run) in runs.OVER)
            each.note(state(run))
            before = saved(run)
            (small_disk / "filler").unlink(missing_ok=True)
            until(lambda run=run: state(run) in (*runs.OVER, "failed"))
            assert_nothing_lost(run, epochs, before)
            runs.delete(run, by="us")
    finally:
        engine.close()


def test_any_write_that_finds_no_space_is_told_and_the_run_goes_on(
    whole: tuple[list[EpochEnd], float], fault: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs, _ = whole
    writes = Writes(monkeypatch)
    run = runs.create(MODEL, CONFIG, owner="us")
    writes.fail_from(None)
    trainer.train_run(run.id)
    for each in fault("ENOSPC at a random write", short=2, in_full=50):
        run = runs.create(MODEL, CONFIG, owner="us")
        number = each.random.randrange(writes.count)
        writes.fail_from(number)
        _train(run)
        each.note(state(run))
        before = _after_full(run)
        writes.fail_from(None)
        trainer.train_run(run.id)
        assert_nothing_lost(run, epochs, before)


def _train(run: runs.Run) -> None:
    """As a worker does: where not even the state can be written, it tells the queue."""
    try:
        trainer.train_run(run.id)
    except RunError as error:
        assert error.key == WAITS_FOR_DISK, error


def _after_full(run: runs.Run) -> int:
    """The last epoch on the disk, once the state of the run has been found true."""
    status = runs.status(run)
    assert status.state in ("finished", "queued", "interrupted")
    if status.waits_for_disk:
        assert "The disk is full" in status.sentence("en")
        assert "디스크" in status.sentence("ko")
    assert lease.holder(run) is None
    assert not (run.folder / "error.txt").exists()
    return saved(run)


class Writes:
    """Counts what is written to a run, and refuses it from a chosen write on, as a full disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count: int = 0
        self._left: int | None = None
        put, tell = Path.replace, run_log.EventWriter.__call__

        def replace(source: Path, target: Path) -> Path:
            self._take()
            return put(source, target)

        def write(writer: run_log.EventWriter, event: Any) -> None:
            self._take()
            tell(writer, event)

        monkeypatch.setattr(Path, "replace", replace)
        monkeypatch.setattr(run_log.EventWriter, "__call__", write)

    def fail_from(self, number: int | None) -> None:
        """Refuse from that write on, counted from 0; none, and count them, if not given."""
        if number is None:
            self.count = 0
        self._left = number

    def _take(self) -> None:
        if self._left is None:
            self.count += 1
        elif self._left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        else:
            self._left -= 1


def test_a_home_that_cannot_be_written_is_told_and_used_once_it_can(
    small_disk: Path, fault: Rounds
) -> None:
    for each in fault("a read-only home", short=1, in_full=5):
        kept = runs.create(MODEL, CONFIG, owner="us")
        runs.write_status(kept, "interrupted")
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        for work in _writing_work(kept, each.random):
            with pytest.raises(RunError) as caught:
                work()
            each.note(caught.value.key)
            assert str(small_disk) in caught.value.sentence("en")
        assert state(kept) == "interrupted"
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        trainer.train_run(kept.id)
        assert state(kept) == "finished"
        runs.delete(kept, by="us")


def _writing_work(kept: runs.Run, chance: random.Random) -> list[Any]:
    """What a visitor, a server and a worker do that writes, in any order."""
    work = [
        lambda: runs.create(MODEL, CONFIG),
        lambda: runs.rename(kept, "another", by="us"),
        lambda: control.ask(kept, by="us", stop=True),
        lambda: runs.delete(kept, by="us"),
        lambda: runs.write_status(kept, "queued"),
        lambda: trainer.train_run(kept.id),
    ]
    chance.shuffle(work)
    return work
