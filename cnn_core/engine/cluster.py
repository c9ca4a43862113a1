"""Reach a Dask scheduler, and send work to its workers."""

from __future__ import annotations

import logging
import pickle
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cnn_core.engine import worker
from cnn_core.errors import CnnError, EngineError, RunError

BOOT_TIMEOUT = 10.0  # seconds to wait for a scheduler's answer, again and again
ANSWER_TIMEOUT = 10.0
SCHEDULER_SETTINGS = {
    **worker.DASK_SETTINGS,
    # A laptop that slept has workers that were silent for long and are well nevertheless.
    "distributed.scheduler.worker-ttl": None,
    # How many workers a run may take with it before it is not tried again.
    "distributed.scheduler.allowed-failures": 2,
    # Diaries that nobody reads: the server collects its garbage every few seconds, and a few thousand
    # looks in there made that ten times as long.
    "distributed.admin.low-level-log-length": 20,
    "distributed.diagnostics.computations.max-history": 1,
}


def local() -> Any:
    """A cluster whose scheduler runs in this process; it has no workers yet.

    Who sends a scheduler or worker a task runs code in it. Other users of this machine reach their ports,
    so both sides of each connection show the certificate that `keys` hands to our own processes.
    """
    import dask
    from distributed import LocalCluster
    from distributed.security import Security

    with dask.config.set(SCHEDULER_SETTINGS):
        return LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=0,
            processes=False,
            host="127.0.0.1",
            protocol="tls",
            security=Security.temporary(),  # type: ignore[no-untyped-call]
            dashboard_address="127.0.0.1:0",
        )


def keys(local_cluster: Any) -> dict[str, str]:
    """Certificate and key of a cluster of `local`, as variables that Dask reads in a worker process."""
    security = local_cluster.security
    return {
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true",
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": security.tls_ca_file,
        "DASK_DISTRIBUTED__COMM__TLS__WORKER__CERT": security.tls_worker_cert,
        "DASK_DISTRIBUTED__COMM__TLS__WORKER__KEY": security.tls_worker_key,
    }


def serve(host: str | None, port: int) -> None:
    """Be a scheduler for servers and workers on other machines, until a signal ends it.

    Raises:
        EngineError: If the address cannot be used.
    """
    import dask
    from distributed.cli import dask_scheduler

    where = ["--port", str(port), *(("--host", host) if host else ())]
    try:
        with dask.config.set(SCHEDULER_SETTINGS):
            dask_scheduler.main([*where, "--no-dashboard", "--no-show"], standalone_mode=False)
    except OSError as error:
        address = f"{host or '0.0.0.0'}:{port}"
        raise EngineError("engine.no_port", address=address, reason=error.strerror) from error


def connect(address: str, local_cluster: Any = None) -> Any:
    """A client of the scheduler there. Raises OSError or ValueError if there is none.

    Args:
        address: Such as "tcp://host:8786"; "tls://host:8786" with the certificates of Dask's settings.
        local_cluster: A cluster of `local`, if it is that one's.
    """
    from distributed import Client

    # That it looks for a lost scheduler again is told by the engine; Dask would log a traceback.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    if local_cluster is None:
        worker.knock(address, BOOT_TIMEOUT)
    return Client(  # type: ignore[no-untyped-call]
        address,
        set_as_default=False,
        timeout=BOOT_TIMEOUT,
        name="convscope",
        security=local_cluster.security if local_cluster else None,
    )


def workers(client: Any) -> dict[str, Any]:
    """The workers that the scheduler knows. Raises OSError while it does not answer."""
    if client.status != "running":
        raise ConnectionError(client.status)
    ask = client.scheduler.identity
    answer = client.sync(ask, n_workers=-1, callback_timeout=ANSWER_TIMEOUT)
    return dict(answer["workers"])


class _Call:
    """A call that is made where its pickle is loaded.

    Dask's scheduler unpickles the function and the arguments of every task. It gets `pickle.loads` and
    bytes, so that it need not have ConvScope, NumPy or the same Python.
    """

    def __init__(self, work: Callable[..., Any], *arguments: Any) -> None:
        self._work, self._arguments = work, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._work, self._arguments


def needs(kind: str, *, same_version: bool) -> dict[str, float]:
    """What a worker must have to be sent work of that kind: resources in Dask's sense."""
    return {kind: 1, **({worker.version_resource(): 1} if same_version else {})}


def submit(
    client: Any, needs: dict[str, float], key: str, work: Callable[..., Any], *arguments: Any
) -> Any:
    """The future of a call that a worker with those resources makes."""
    call = pickle.dumps(_Call(work, *arguments))
    return client.submit(pickle.loads, call, key=key, resources=needs, pure=False)


def when_over(future: Any, work: Callable[[], None]) -> None:
    """Call `work` on a thread of its own once the future is over, however that came about.

    Dask's own callbacks go through a pool of threads, which takes nothing more from the moment that the
    process begins to end: a run that finished just then would leave a traceback in the log.
    """
    threading.Thread(target=_wait, args=(future, work), daemon=True).start()


def _wait(future: Any, work: Callable[[], None]) -> None:
    with suppress(Exception):  # the scheduler or this process went away
        future.exception(timeout=None)
    work()


def is_lost(error: Exception) -> bool:
    """Whether a future raised this because the scheduler forgot it or went away."""
    from distributed.client import FutureCancelledError

    return isinstance(error, FutureCancelledError)


def error_of(future: Any) -> CnnError:
    """What went wrong in a future whose status is "error", as one of our own errors."""
    error: BaseException = future.exception(timeout=ANSWER_TIMEOUT)
    if isinstance(error, CnnError):
        return error
    kind = type(error).__name__
    return RunError("run.killed") if kind == "KilledWorker" else RunError("run.failed", kind=kind)
