"""A future that a test plays."""

from __future__ import annotations

from collections.abc import Callable


class Future:
    """Stands for a Dask future; the test says how it goes."""

    def __init__(self, run_id: str) -> None:
        self.run_id, self.status, self.error = run_id, "pending", None
        self.when_done: list[Callable[[Future], None]] = []

    def add_done_callback(self, work: Callable[[Future], None]) -> None:
        self.when_done.append(work)

    def exception(self, timeout: float) -> BaseException | None:
        return self.error

    def end(self, status: str = "finished", error: BaseException | None = None) -> None:
        self.status, self.error = status, error
        for work in self.when_done:
            work(self)
