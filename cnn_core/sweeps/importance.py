"""The importance of the settings of a sweep, calculated in a process of its own and kept."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from cnn_core.sweeps.evaluator import EVALUATORS
from cnn_core.sweeps.record import Sweep

PROGRAM = Path(__file__).with_name("evaluator.py")
PATIENCE = 300.0  # seconds; a machine that trains is busy

log = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(1, thread_name_prefix="convscope-importance")


def importance(sweep: Sweep, evaluator: str, complete: int) -> dict[str, float] | None:
    """Share of each setting by its name, as `evaluator.evaluate`; None while it is calculated.

    Args:
        sweep: The sweep.
        evaluator: One of `EVALUATORS`.
        complete: Complete trials so far; it is calculated once for each number of them.
    """
    future = _calculated(sweep.journal, sweep.id, evaluator, complete)
    return future.result() if future.done() else None


@lru_cache(maxsize=64)
def _calculated(
    journal: Path, name: str, evaluator: str, complete: int
) -> Future[dict[str, float]]:
    return _pool.submit(_run, journal, name, evaluator)


def _run(journal: Path, name: str, evaluator: str) -> dict[str, float]:
    # -P: it must not import the modules beside it in place of others of the same name.
    command = [sys.executable, "-P", str(PROGRAM), str(journal), name, evaluator]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        importances: dict[str, float] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        if journal.exists():  # else the sweep was deleted meanwhile
            log.warning("the importance of %s cannot be calculated: %s", name, type(error).__name__)
        return {}
    return importances


__all__ = ["EVALUATORS", "importance"]
