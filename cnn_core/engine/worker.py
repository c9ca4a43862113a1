"""A worker process: trains one run at a time, and ends with the app."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import NoReturn

import psutil

from cnn_core import datasets, runs, texts, version
from cnn_core.engine.images import StopAskedError, training_data
from cnn_core.engine.turns import TURNS
from cnn_core.errors import CnnError, EngineError, RunError
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

KINDS = ("train", "look")
BOTH = "both"  # trains in one thread, and looks in another between the calls of the training
SECONDS_BETWEEN_LOOKS_AT_SCHEDULER = 0.1
SHORTEST_MEASURE = 0.5  # seconds of training that tell a speed
ON_WINDOWS = os.name == "nt"
TRAINING_NICENESS = 10
DEATH_TIMEOUT = 60.0  # seconds to wait for a scheduler that listens
KNOCK_TIMEOUT = 5.0
SECONDS_BETWEEN_KNOCKS = 1.0
DASK_SETTINGS = {
    "distributed.worker.profile.enabled": False,  # it would interrupt the training 100 times a second
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
}
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


def version_resource() -> str:
    """The resource, in Dask's sense, of a worker that runs the code of this process."""
    return f"convscope-{version.fingerprint()}"


def serve(scheduler: str, kind: str, *, tied: bool = False) -> NoReturn:
    """Be a worker of that kind; wait for the scheduler while it is away. The process ends with this call.

    Args:
        scheduler: Its address, such as "tcp://host:8786".
        kind: One of `KINDS`, or `BOTH`.
        tied: Belong to the app that started this process: end when the scheduler is gone or standard
            input ends, which it does when the app ends, however that comes about.
    """
    if tied:
        threading.Thread(target=_leave_with_parent, daemon=True).start()
    code = 1
    try:
        version.fingerprint()
        _settle(kind)
        if not tied:
            _wait_for(scheduler)
        _load(kind)
        asyncio.run(_work(scheduler, kind, tied=tied))
    except KeyboardInterrupt:
        code = 130
    except EngineError as error:
        print(error, file=sys.stderr, flush=True)
        code = 2
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def _load(kind: str) -> None:
    """Load what the first task would wait for, and keep it out of every later garbage collection.

    TensorFlow alone has 400,000 objects: the collection after a run, before the next may start, took
    0.2 s with them and takes 0.01 s without.
    """
    if kind != "look":
        importlib.import_module("cnn_core.training.loop")
        importlib.import_module("cnn_core.training.layer_meter").load_kernels()
    else:
        importlib.import_module("cnn_core.model")
    gc.collect()
    gc.freeze()


def _settle(kind: str) -> None:
    """Before TensorFlow is loaded: training gives way to pages, and a graphics card belongs to it alone."""
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    if kind != "look":
        lower = psutil.BELOW_NORMAL_PRIORITY_CLASS if ON_WINDOWS else TRAINING_NICENESS
        psutil.Process().nice(lower)
    elif not os.environ.get("CONVSCOPE_LOOK_GPU"):
        # A look takes milliseconds, its copy of the network memory.
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"


def knock(address: str, timeout: float) -> None:
    """Raise OSError or ValueError unless somebody listens there; a Dask client would leak a thread."""
    from distributed.comm.addressing import get_address_host_port

    with socket.create_connection(get_address_host_port(address), timeout=timeout):
        pass


def _wait_for(scheduler: str) -> None:
    """Return once somebody listens there; say on the terminal that this waits, and that it found them.

    Raises:
        EngineError: If it is no address.
    """
    waited = False
    while True:
        try:
            knock(scheduler, KNOCK_TIMEOUT)
        except OSError:
            if not waited:
                _say("worker.waits", scheduler)
            waited = True
            time.sleep(SECONDS_BETWEEN_KNOCKS)
        except ValueError as error:
            raise EngineError("engine.bad_address", address=scheduler) from error
        else:
            _say("worker.found", scheduler)
            return


def _say(key: str, scheduler: str) -> None:
    print(texts.say("en", key, address=scheduler), flush=True)


def _shorten(record: logging.LogRecord) -> bool:
    """Log filter: a lost connection is one line, since what there is to do about it is done."""
    if record.exc_info and isinstance(record.exc_info[1], OSError):
        record.msg = f"{record.getMessage()} {record.exc_info[1]}"
        record.args = record.exc_info = None
    return True


async def _work(scheduler: str, kind: str, *, tied: bool) -> NoReturn:
    """Work until the scheduler is gone; then end, or start again where nobody else starts this worker.

    A training that has begun would hold every gentler end of the process up, while the scheduler may
    have given it to another worker already.

    Raises:
        EngineError: If it belongs to an app whose scheduler cannot be reached.
    """
    import dask
    from distributed import Status, Worker
    from distributed.comm.addressing import get_address_host
    from distributed.utils import get_ip

    for handler in logging.getLogger("distributed").handlers:
        handler.addFilter(_shorten)
    kinds = KINDS if kind == BOTH else (kind,)
    scratch = runs.home().parent / "scratch"  # Dask clears there what a killed worker left
    try:
        with dask.config.set(DASK_SETTINGS):
            worker = await Worker(
                scheduler,
                nthreads=len(kinds),
                # A task takes one of its kind and one of the version, so each kind does one at a time.
                resources={**dict.fromkeys(kinds, 1), version_resource(): len(kinds)},
                memory_limit=0,
                dashboard=False,
                # Who reaches a worker's port can run code in it, so only where the scheduler is.
                host=get_ip(get_address_host(scheduler)),  # type: ignore[no-untyped-call]
                # None is Dask's own place among the temporary files.
                local_directory=str(scratch) if runs.can_write(scratch) else None,
                name=f"{kind}-{os.getpid()}",
                death_timeout=DEATH_TIMEOUT,
            )
        # TensorFlow writes code among the temporary files: a killed worker's would stay there for ever.
        tempfile.tempdir = worker.local_directory
        while worker.status in (Status.running, Status.paused):
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS_AT_SCHEDULER)
    except (OSError, ValueError, TimeoutError) as error:
        log.debug("no scheduler", exc_info=True)
        if tied:
            raise EngineError("engine.scheduler", address=scheduler) from error
    if tied:
        os._exit(0)
    _say("worker.lost", scheduler)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _leave_with_parent() -> None:
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


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
