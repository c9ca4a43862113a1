"""An engine whose cluster is only played."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

from played_future import Future
from small_runs import MODEL, PLENTY, SHORT

from cnn_core import runs
from cnn_core.engine import Engine, trainer, worker


def offers(kind: str) -> dict[str, float]:
    """The resources of a worker of that kind."""
    return {kind: 1, worker.version_resource(): 1}


class Cluster:
    """Stands for a Dask client and its workers."""

    def __init__(self, workers: int = 1) -> None:
        self.status = "running"
        self.scheduler = self
        self.identity = "identity"
        self.futures: list[Future] = []
        self.workers_of_scheduler = {
            f"tcp://{n}": {"name": f"train-{n}", "resources": offers("train")}
            for n in range(workers)
        }

    def close(self, timeout: float) -> None: ...

    def sync(self, ask: str, n_workers: int, callback_timeout: float) -> dict[str, Any]:
        assert (ask, n_workers) == ("identity", -1)
        assert callback_timeout > 0
        return {"workers": self.workers_of_scheduler}

    def submit(self, work: Callable[..., Any], call: bytes, **options: Any) -> Future:
        assert work is pickle.loads
        assert options["resources"] in (offers("train"), {"train": 1})  # of others', of our own
        assert not options["pure"]
        with mock.patch.object(trainer, "train_run", Future):
            self.futures.append(pickle.loads(call))
        return self.futures[-1]


class LocalScheduler:
    """Stands for a scheduler in this process, or for a worker process that runs."""

    scheduler_address, name = "tcp://made-up:1", ""
    security = SimpleNamespace(tls_ca_file="a", tls_worker_cert="b", tls_worker_key="c")
    problem = None

    def close(self, timeout: float) -> None: ...
    def answered(self) -> None: ...
    def end(self) -> None: ...
    def revive(self) -> bool:
        return False


def threads_of_engines() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "convscope-engine"]


def order(engine: Engine, owner: str = "me") -> runs.Run:
    return engine.order(MODEL, SHORT, owner=owner, limits=PLENTY)
