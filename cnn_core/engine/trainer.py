"""Train a run of this home in this process: its lease, its state, its log, and what happens to an error."""

from __future__ import annotations

import gc
import logging
import statistics
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from cnn_core import datasets, runs
from cnn_core.engine.images import StopAskedError, training_data
from cnn_core.engine.turns import TURNS
from cnn_core.errors import CnnError, RunError
from cnn_core.files import disk_is_full
from cnn_core.planning import cost
from cnn_core.progress.events import (
    Ask,
    BatchEnd,
    Control,
    Emit,
    EpochEnd,
    Event,
    LayersMeasured,
    Loading,
)
from cnn_core.runs import control as steering
from cnn_core.runs import lease
from cnn_core.runs import log as run_log
from cnn_core.runs.state import full_disk

SHORTEST_MEASURE = 0.5  # seconds of training that tell a speed
STATES = {
    "finished": "finished",
    "early_stopping": "finished",
    "target": "finished",
    "stopped": "stopped",
    "diverged": "diverged",
}
log = logging.getLogger(__name__)


def train_run(run_id: str) -> None:
    """Train a run to its end, or on from its last complete epoch; all it says goes to the run's folder.

    Nothing happens if another process trains it.

    Raises:
        RunError: If this process cannot see the run's folder.
    """
    run = runs.open_run(run_id)
    if runs.status(run).state in runs.OVER:
        return  # the worker that finished it was killed before it could say so to Dask
    try:
        with lease.hold(run) as held:
            _train_to_end(run, held, waits=True)
    except lease.LeaseError as error:
        log.warning("%s", error)
    except RunError as error:
        if not disk_is_full(error):
            raise
        raise full_disk(run) from error
    gc.collect()


def train_here(run: runs.Run, emit: Emit) -> None:
    """Train a run in this process, which is no worker; as `train_run`.

    Args:
        run: The run.
        emit: Called with every event, besides what goes to the run's folder.
    """
    with lease.hold(run) as held:
        _train_to_end(run, held, emit)


def _train_to_end(
    run: runs.Run,
    held: lease.Lease,
    listener: Emit = lambda event: None,
    *,
    waits: bool = False,
) -> None:
    """Train it; on a full disk it fails, or, if it `waits`, the queue that sent it tries again."""
    if runs.status(run).state in runs.OVER:
        return  # another process finished it meanwhile
    control = steering.ControlReader(run)
    past = run_log.history(run).complete_epochs
    if control().stop and not past:
        runs.write_status(run, "stopped")
        return
    speed, problem = 0.0, None
    try:
        with _vouching(run, held):
            state, speed = _train(run, control, past, held, listener)
    except StopAskedError:
        state = "stopped"
    except lease.LeaseError:
        raise
    except Exception as error:  # whatever it was, the visitor gets a sentence and the log the rest
        state, problem = "failed", _problem(run, error)
        if waits and problem.key == "run.disk_full":
            state, problem = "queued", full_disk(run)
    if not runs.exists(run):
        log.warning("run %s was deleted while it trained", run.id)
        return
    held.check(immediately=True)
    extra = run_log.history(run).extra_seconds
    runs.write_status(run, state, speed=speed, extra=extra, error=problem)
    if state in runs.OVER:
        for name in ("last.keras", "best-complete.keras"):  # only needed to resume it
            (run.folder / name).unlink(missing_ok=True)


def _problem(run: runs.Run, error: Exception) -> CnnError:
    """What a visitor reads of an error that ended a training."""
    if isinstance(error, CnnError):
        return error
    if problem := runs.storage_problem(run, error):
        log.warning("run %s cannot be written: %s", run.id, error)
        return problem
    log.error("run %s failed", run.id, exc_info=error)
    with suppress(OSError):
        (run.folder / "error.txt").write_text(
            "".join(traceback.format_exception(error)), encoding="utf-8"
        )
    return RunError("run.failed", kind=type(error).__name__)


def _train(
    run: runs.Run, control: Ask, past: Sequence[EpochEnd], held: lease.Lease, listener: Emit
) -> tuple[str, float]:
    """The state that training ended in, and its speed as in `runs.Status`."""
    from cnn_core import training
    from cnn_core.training import loop

    (run.folder / "error.txt").unlink(missing_ok=True)
    with closing(run_log.EventWriter(run)) as write:

        def emit(event: Event) -> None:
            held.check(immediately=not isinstance(event, (BatchEnd, LayersMeasured)))
            write(event)
            listener(event)

        def ask() -> Control:
            held.check()
            return control()

        emit(Loading())
        data = training_data(run, emit, ask)
        first = slice(loop.SAMPLE_IMAGES)
        runs.write_examples(run, data.x_test[first], data.y_test[first])
        with TURNS.held(), training.release_custom_gradients() as graphs:

            def give_way() -> Control:
                if TURNS.wanted:
                    with graphs.of_others():
                        TURNS.give_way()
                return ask()

            result = training.train(
                run.model, run.train, data, emit, give_way, folder=run.folder, past=past
            )
    return STATES[result.ended.reason], _speed(run, result.epochs)


@contextmanager
def _vouching(run: runs.Run, held: lease.Lease) -> Iterator[None]:
    """Say every few seconds that the run is alive, also while it waits or loads."""
    runs.write_status(run, "running")
    over = threading.Event()

    def vouch() -> None:
        while not over.wait(runs.SECONDS_BETWEEN_LIFE_SIGNS):
            with suppress(OSError, RunError):
                held.check(immediately=True)
                if runs.status(run).state == "running":
                    runs.show_life(run)
                else:  # this machine slept, and somebody took the run for interrupted
                    runs.write_status(run, "running")

    thread = threading.Thread(target=vouch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _speed(run: runs.Run, epochs: Sequence[EpochEnd]) -> float:
    """Estimated seconds of training done in one real second, 0 if it was too short to tell.

    The first epoch holds what only the start costs, so it counts where there is nothing else.
    """
    seconds = [end.seconds for end in epochs if end.complete]
    if sum(seconds) < SHORTEST_MEASURE:
        return 0.0
    steady = run_log.history(run).steady_epoch_seconds or statistics.median(seconds[1:] or seconds)
    seconds_per_epoch = cost.estimated_seconds(
        run.model, run.train, datasets.training_images(run.train)
    )
    return seconds_per_epoch / steady
