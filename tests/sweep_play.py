"""An engine without processes: the real queue, and workers that the test lets go on epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from small_runs import MODEL, SHORT

from cnn_core import runs, sweeps
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.engine.cluster import error_of
from cnn_core.engine.queue import Queue
from cnn_core.planning.limits import Limits
from cnn_core.planning.space import parse
from cnn_core.progress.events import EpochEnd, RunStarted
from cnn_core.runs import control
from cnn_core.runs import log as run_log
from cnn_core.sweeps import Plan, Sweep

Accuracy = Callable[[runs.Run, int], float]
"""The validation accuracy of a run at an epoch."""


def plan(*texts: str, **settings: Any) -> Plan:
    """A plan such as `plan("kernel=3,5", trials=4)` around a small network."""
    dimensions = tuple(parse(*text.split("=")) for text in texts)
    return Plan(MODEL, SHORT, dimensions, **{"method": "random", "trials": 4, **settings})


class Future:
    """Stands for a Dask future; the test says how it goes."""

    def __init__(self, run: runs.Run) -> None:
        self.run, self.status = run, "pending"

    def exception(self, timeout: float) -> BaseException | None:
        return None


class Played:
    """Stands for an engine, with the queue of a real one."""

    def __init__(self, workers: int = 1, accuracy: Accuracy = lambda run, epoch: 0.5) -> None:
        self.accuracy, self.futures = accuracy, []
        self.refused: Exception | None = None
        self._names = frozenset(f"train-{number}" for number in range(workers))
        self._queue = Queue(self._send, error_of)
        self.works: list[Callable[[], None]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def workers(self, kind: str) -> frozenset[str]:
        return self._names

    def before_each_step(self, work: Callable[[], None]) -> None:
        self.works.append(work)

    def order(self, *setup: Any, **options: Any) -> runs.Run:
        if self.refused:
            raise self.refused
        return self._queue.order(*setup, **options)

    def _send(self, run: runs.Run) -> Future:
        self.futures.append(Future(run))
        return self.futures[-1]

    def tick(self) -> None:
        """What the engine's thread does again and again."""
        self._queue.vouch()
        for work in self.works:
            work()
        self._queue.step(len(self._names))

    def training(self) -> list[Future]:
        return [future for future in self.futures if future.status == "pending"]

    def epoch(self, future: Future, state: str | None = None) -> None:
        """Train one epoch, and end the run after its last, when it is asked to stop, or in that state."""
        run = future.run
        done = len(run_log.history(run).complete_epochs)
        write = run_log.EventWriter(run)
        if not done:
            runs.write_status(run, "running")
            write(RunStarted(run.train.epochs, 1149, 18, "float32"))
        accuracy = self.accuracy(run, done + 1)
        write(EpochEnd(done + 1, 1.0, 0.5, 1.0 - accuracy, accuracy, 1.0, 1.0))
        write.close()
        if state is None and control.read_control(run).stop:
            state = "stopped"
        if state or done + 1 == run.train.epochs:
            runs.write_status(run, state or "finished", speed=1.0)
            future.status = "finished"


def play(engine: Played, rounds: int = 100) -> None:
    """Let everything train to its end, one epoch a round."""
    for _ in range(rounds):
        engine.tick()
        if not engine.training() and not any(map(_active, sweeps.newest())):
            return
        for future in engine.training():
            engine.epoch(future)


def _active(sweep: Sweep) -> bool:
    return sweeps.progress(sweep).state == "running"


def begin(engine: Played, plan: Plan, owner: str = "me", **options: Any) -> Sweep:
    """A sweep, with a driver of its own that scans at every step."""
    sweep = sweeps.begin(plan, owner=owner, **options)
    drive(engine)
    return sweep


def drive(engine: Played) -> sweeps.Driver:
    driver = sweeps.Driver(engine)  # type: ignore[arg-type]
    driver._scanned = -1e9

    def step() -> None:
        driver._scanned = -1e9
        driver.step()

    engine.works.append(step)
    return driver


def by_kernel(run: runs.Run, epoch: int) -> float:
    return 0.8 + 0.02 * run.model.blocks[0].kernel - 0.1 * run.model.dropout + 0.001 * epoch


def finished(owner: str, **settings: Any) -> Sweep:
    """A sweep that is over, with runs as workers write them."""
    engine = Played(accuracy=by_kernel)
    grid = plan("kernel=3,5", "dropout=0.0,0.3", **{"method": "grid", "trials": 4, **settings})
    sweep = begin(engine, grid, owner=owner, name="Sweep 1")
    play(engine)
    return sweep


__all__ = [
    "Limits",
    "ModelConfig",
    "Played",
    "TrainConfig",
    "begin",
    "drive",
    "finished",
    "plan",
    "play",
]
