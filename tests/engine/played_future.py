"""A future that a test plays."""

from __future__ import annotations


class Future:
    """Stands for a Dask future; the test says how it goes."""

    def __init__(self, run_id: str) -> None:
        self.run_id, self.status, self.error = run_id, "pending", None

    def exception(self, timeout: float) -> BaseException | None:
        return self.error

    def end(self, status: str = "finished", error: BaseException | None = None) -> None:
        self.status, self.error = status, error
