"""The scheduler in the server: what it does not remember."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import dask
import pytest
from distributed import rpc
from distributed.security import Security

from cnn_core.engine import cluster

STRANGERS = {
    "without encryption": lambda: ("tcp", Security()),
    "with a certificate of their own": lambda: ("tls", Security.temporary()),
}


@pytest.mark.slow
@pytest.mark.parametrize("stranger", STRANGERS)
def test_only_our_own_processes_reach_the_scheduler(stranger: str) -> None:
    """Who reaches it could run code in this process and in the workers."""

    async def knock(scheme: str, security: Security) -> dict[str, object]:
        address = f"{scheme}://{local.scheduler_address.partition('://')[2]}"
        arguments = security.get_connection_args("client")
        async with rpc(address, connection_args=arguments, timeout=5) as scheduler:
            answer: dict[str, object] = await asyncio.wait_for(scheduler.identity(), 10)
            return answer

    # On a thread of its own: Playwright leaves an event loop running on that of the tests.
    with closing(cluster.local()) as local, ThreadPoolExecutor(1) as thread:

        def answer(scheme: str, security: Security) -> dict[str, object]:
            return thread.submit(lambda: asyncio.run(knock(scheme, security))).result()

        assert answer("tls", local.security)["type"] == "Scheduler"
        with pytest.raises((OSError, TimeoutError)):
            answer(*STRANGERS[stranger]())


@pytest.mark.slow
def test_a_worker_gets_certificate_and_key_and_no_other_way_in() -> None:
    with closing(cluster.local()) as local:
        keys = cluster.keys(local)
    names = {name: name.removeprefix("DASK_").lower().replace("__", ".") for name in keys}
    with dask.config.set({names[name]: text for name, text in keys.items()}):
        security = Security()
    assert security.require_encryption
    assert security.get_listen_args("worker")["ssl_context"].verify_mode == ssl.CERT_REQUIRED


@pytest.mark.slow
def test_the_scheduler_keeps_no_diary_of_looks() -> None:
    with closing(cluster.local()) as local:
        assert local.scheduler.transition_log.maxlen <= 100
        assert local.scheduler.computations.maxlen <= 10


ROOT = Path(__file__).parents[2]
ENDS = """
import atexit, time
from distributed import Client, LocalCluster
from cnn_core.engine import cluster
local = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)
client = Client(local, set_as_default=False)
atexit.register(time.sleep, 3.0)  # as the engine, which waits for its workers to end
cluster.when_over(client.submit(time.sleep, 1.0), lambda: print("over", flush=True))
"""


@pytest.mark.slow
def test_a_run_that_is_over_while_the_process_ends_leaves_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "over\n"
    assert "Traceback" not in done.stderr
