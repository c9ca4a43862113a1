"""A future that a test plays."""

from __future__ import annotations

import threading


class Future:
    """Stands for a Dask future; the test says how it goes."""

    def __init__(self, run_id: str) -> None:
        self.run_id, self.status, self.error = run_id, "pending", None
        self._over = threading.Event()

    def exception(self, timeout: float | None) -> BaseException | None:
        self._over.wait(timeout)
        return self.error

    def end(self, status: str = "finished", error: BaseException | None = None) -> None:
        self.status, self.error = status, error
        self._over.set()
