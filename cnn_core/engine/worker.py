"""A worker process: does one task of its kind at a time, and ends with the app."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import socket
import sys
import tempfile
import threading
import time
import traceback
from typing import NoReturn

import psutil

from cnn_core import runs, texts, version
from cnn_core.errors import EngineError

KINDS = ("train", "look")
BOTH = "both"  # trains in one thread, and looks in another between the calls of the training
SECONDS_BETWEEN_LOOKS_AT_SCHEDULER = 0.1
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
log = logging.getLogger(__name__)


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
        importlib.import_module("cnn_core.engine.trainer")
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
