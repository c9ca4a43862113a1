"""Reach a Dask scheduler, and send work to the workers behind it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from cnn_core import worker
from cnn_core.errors import CnnError, RunError

BOOT_TIMEOUT = 10.0  # seconds to wait for a scheduler's answer, again and again
ANSWER_TIMEOUT = 10.0
SCHEDULER_SETTINGS = {
    **worker.DASK_SETTINGS,
    # A laptop that slept has workers that were silent for long and are well all the same.
    "distributed.scheduler.worker-ttl": None,
    # How many workers a run may take with it before it is not tried again.
    "distributed.scheduler.allowed-failures": 2,
    # Diaries that nobody reads: the server collects its garbage after every rerun, and a few thousand
    # looks in there made that ten times as long.
    "distributed.admin.low-level-log-length": 20,
    "distributed.diagnostics.computations.max-history": 1,
}


def local() -> Any:
    """A cluster whose scheduler runs in this process; it has no workers yet."""
    import dask
    from distributed import LocalCluster

    with dask.config.set(SCHEDULER_SETTINGS):
        return LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=0,
            processes=False,
            host="127.0.0.1",
            protocol="tcp",
            dashboard_address="127.0.0.1:0",
        )


def connect(address: str) -> Any:
    """A client of the scheduler there. Raises OSError or ValueError if there is none."""
    from distributed import Client

    _knock(address)
    return Client(  # type: ignore[no-untyped-call]
        address, set_as_default=False, timeout=BOOT_TIMEOUT, name="convscope"
    )


def workers(client: Any) -> dict[str, Any]:
    """The workers that the scheduler knows. Raises OSError while it does not answer."""
    if client.status != "running":
        raise ConnectionError(client.status)
    ask = client.scheduler.identity
    answer = client.sync(ask, n_workers=-1, callback_timeout=ANSWER_TIMEOUT)
    return dict(answer["workers"])


def submit(client: Any, kind: str, key: str, work: Callable[..., Any], *arguments: Any) -> Any:
    """The future of a call that a worker of that kind makes."""
    return client.submit(work, *arguments, key=key, resources={kind: 1}, pure=False)


def error_of(future: Any) -> CnnError:
    """What went wrong in a future whose status is "error", as one of our own errors."""
    error: BaseException = future.exception(timeout=ANSWER_TIMEOUT)
    if isinstance(error, CnnError):
        return error
    kind = type(error).__name__
    return RunError("run.killed") if kind == "KilledWorker" else RunError("run.failed", kind=kind)


def _knock(address: str) -> None:
    """Raise OSError or ValueError unless somebody listens there; a Dask client leaks a thread then."""
    from distributed.comm.addressing import get_address_host_port

    with socket.create_connection(get_address_host_port(address), timeout=BOOT_TIMEOUT):
        pass
