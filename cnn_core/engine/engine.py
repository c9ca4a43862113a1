"""The engine: send runs to worker processes, and look into models there. The server's only door to Keras."""

from __future__ import annotations

import atexit
import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cnn_core import runs, version
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.engine import cluster, looks, rates, trainer, worker
from cnn_core.engine.estimate import Place
from cnn_core.engine.processes import CLOSE_TIMEOUT, Backoff, WorkerProcess
from cnn_core.engine.queue import Queue
from cnn_core.engine.rates import RangeTest, RangeTests
from cnn_core.errors import CnnError, EngineError
from cnn_core.planning.limits import Limits

TICK = 0.25
LAST_WORDS = 1.0  # seconds in which the end of the process explains why something failed

log = logging.getLogger(__name__)


class Engine:
    """Worker processes and the queue before them; safe to call on every thread.

    Without `scheduler` it starts a Dask scheduler in this process, and train workers and one look
    worker as child processes, which end with this process however it ends. With `scheduler`, such as
    "tcp://host:8786", it uses the workers of that cluster that have the resource "train" or "look",
    and waits for it whenever it is away.

    Args:
        scheduler: Address of an existing cluster, or None.
        on_ready: Called once, on another thread, when everything the engine needs is loaded.
        head_start: Delay in seconds before the workers load TensorFlow, so that the first page gets
            the processor.
        train_workers: How many networks its own workers train at the same time, at least 1.
        plan: One of `limits.WORKER_PLANS`: "separate"; "one" worker that trains and looks, one network at
            a time; or "off", which also leaves an existing cluster alone.
    """

    def __init__(
        self,
        scheduler: str | None = None,
        *,
        on_ready: Callable[[], None] = lambda: None,
        head_start: float = 0.0,
        train_workers: int = 1,
        plan: str = "separate",
    ) -> None:
        self._address = scheduler
        self._off = plan == "off"
        self._ours = scheduler is None or self._off
        version.fingerprint()
        self._on_ready = on_ready
        self._head_start = head_start
        self._range_tests = RangeTests()
        self._queue = Queue(self._send, cluster.error_of)
        apart = {"train": train_workers, "look": 1}
        self._counts = {"separate": apart, "one": {worker.BOTH: 1}, "off": {}}[plan]
        self._processes: dict[str, list[WorkerProcess]] = {}
        self._before_step: list[Callable[[], None]] = []
        self._workers: dict[str, set[str]] = {}
        self._strangers: set[str] = (
            set()
        )  # kinds of which only workers of another version are there
        self._client: Any = None
        self._cluster: Any = None
        self._closing = threading.Event()
        self._due = threading.Event()  # there is something to do before the next tick
        self._tried = threading.Event()
        self._problem: EngineError | None = None  # with the scheduler; a worker has its own
        self._backoff = Backoff()
        self._thread = threading.Thread(target=self._live, name="convscope-engine", daemon=True)

    def start(self) -> Engine:
        """Begin to start the workers, and return immediately."""
        atexit.register(self.close)
        self._thread.start()
        return self

    def close(self) -> None:
        """End the workers. Runs that waited or trained are interrupted, and resumable.

        The workers of an existing cluster are not ours to end: what they train goes on.
        """
        self._closing.set()
        self._due.set()
        atexit.unregister(self.close)
        if self._thread.ident:
            self._thread.join(timeout=CLOSE_TIMEOUT)
        for process in self._all_processes():
            process.end()
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(OSError, RuntimeError, TimeoutError):
                    part.close(timeout=CLOSE_TIMEOUT)
        self._queue.close()

    def problem(self, kind: str) -> EngineError | None:
        """Why no worker of that kind, "train" or "look", can be had at the moment, if that is so.

        It is still tried, with growing pauses, and the problem goes away by itself.
        """
        if self._off:
            return EngineError(f"engine.off_{kind}")
        if self._problem is not None:
            return self._problem
        able = (*self._processes.get(kind, ()), *self._processes.get(worker.BOTH, ()))
        problems = [process.problem for process in able]
        return problems[0] if problems and all(problems) else None

    def ready(self, kind: str) -> bool:
        """Whether a worker of that kind, "train" or "look", is there."""
        return bool(self._workers.get(kind))

    def workers(self, kind: str) -> frozenset[str]:
        """Names of the workers of that kind that are there, such as "train-1234" with a process id."""
        return frozenset(self._workers.get(kind, ()))

    @property
    def capacity(self) -> int:
        """How many networks are trained at the same time, also while the workers are still starting."""
        return len(self.workers("train")) or (self._counts.get("train", 1) if self._ours else 1)

    def lack(self, kind: str) -> EngineError | None:
        """Why no worker does what "train" or "look" names, if that is known; it may change by itself.

        Our own workers are started again when they end; those of an existing cluster somebody has to start.
        """
        problem = self.problem(kind)
        if problem or self._ours or self.ready(kind) or not self._tried.is_set():
            return problem
        what = "version" if kind in self._strangers else "no_worker"
        return EngineError(f"engine.{what}_{kind}", address=self._address)

    def lacks(self) -> list[EngineError]:
        """What `lack` says of every kind of worker, as far as it says anything."""
        return [lack for kind in worker.KINDS if (lack := self.lack(kind))]

    @property
    def ours(self) -> bool:
        """Whether this engine has workers of its own, not those of an existing cluster."""
        return self._ours

    def order(
        self,
        model: ModelConfig,
        train: TrainConfig,
        *,
        owner: str = "",
        name: str = "",
        limits: Limits | None = None,
        sweep: str = "",
        trial: int = 0,
    ) -> runs.Run:
        """Make a run and queue it, as `Queue.order`; nothing is made if it is refused.

        Raises:
            LimitError: If it is over a cap, or its owner has too many runs waiting.
            DataError, ShapeError: If it cannot be trained.
            EngineError: If the engine is down.
            RunError: If its folder cannot be written.
        """
        self._refuse_if_down("train")
        run = self._queue.order(
            model, train, owner=owner, name=name, limits=limits, sweep=sweep, trial=trial
        )
        self._due.set()
        return run

    def resume(self, run: runs.Run, *, by: str, limits: Limits | None = None) -> None:
        """Queue an interrupted run again, as `Queue.resume`; raises `EngineError` if the engine is down."""
        self._refuse_if_down("train")
        self._queue.resume(run, by=by, limits=limits)

    def check(self, model: ModelConfig, train: TrainConfig, limits: Limits | None = None) -> None:
        """Refuse what is over a cap at the speed that was measured here; raises as `check_limits`."""
        self._queue.check(model, train, limits)

    def range_test(self, model: ModelConfig, train: TrainConfig, *, owner: str) -> RangeTest:
        """Send a learning rate range test to a train worker; it waits there for the run that trains.

        Raises:
            LimitError: If the set-up is over a cap, or too many tests of `owner` or of all are waiting.
            DataError, ShapeError: If it cannot be trained.
            EngineError: If the engine is down, or not there yet.
        """
        self.check(model, train)
        self._refuse_if_down("train")
        if self._client is None:
            raise self.lack("train") or EngineError("engine.starting")

        def send() -> Any:
            key = f"rates-{uuid.uuid4().hex}"
            needs = self._needs("train")
            return cluster.submit(self._client, needs, key, rates.range_test, model, train)

        return self._range_tests.send(owner, send)

    def _refuse_if_down(self, kind: str) -> None:
        if problem := self.problem(kind):
            # A new one each time, because an error that is raised keeps a traceback.
            raise EngineError(problem.key, **problem.slots)

    def holds(self, run_id: str) -> bool:
        """Whether the run waits or works in this engine."""
        return self._queue.holds(run_id)

    def hold(self, sweep: str, *, held: bool) -> None:
        """Send no waiting trial of that sweep, or do so again."""
        self._queue.hold(sweep, held=held)

    def before_each_step(self, work: Callable[[], None]) -> None:
        """Call `work` on the engine's thread each time before it sends runs to workers."""
        self._before_step.append(work)

    def stop(self, run: runs.Run, *, by: str) -> None:
        """Take the run out of the queue, or ask it to end and keep its best weights; as `Queue.stop`."""
        self._queue.stop(run, by=by)

    def place(self, run: runs.Run) -> Place:
        """Where the run stands in the queue, and how long those before it will take."""
        return self._queue.place(run)

    def estimate(self, model: ModelConfig, train: TrainConfig) -> float | None:
        """Seconds that such a run would take from its start; None without any measurement."""
        return self._queue.estimate(model, train)

    def pause_left(self, run: runs.Run) -> float | None:
        """Seconds after which a paused run goes on by itself; None if it is not paused or nobody waits."""
        return self._queue.pause_left(run)

    def look(self, name: str, run: runs.Run, *arguments: Any, timeout: float = 30.0) -> Any:
        """Call a function of `looks.LOOKS` with the run's best model in a look worker.

        Args:
            name: Key of `looks.LOOKS`, such as "predict".
            run: The run whose best.keras is looked at.
            arguments: Handed on to the function; plain values and NumPy arrays.
            timeout: Seconds to wait for a worker and its answer.

        Raises:
            CnnError: What the function raised on purpose.
            EngineError: If there is no such look, or no answer came.
        """
        if name not in looks.LOOKS:
            raise EngineError("engine.unknown_look", name=name)
        deadline = time.monotonic() + timeout
        self._tried.wait(timeout)
        self._refuse_if_down("look")
        if self._client is None:
            raise EngineError("engine.slow", seconds=round(timeout))
        if lack := self.lack("look"):
            raise lack
        future = None
        try:
            key, needs = f"look-{uuid.uuid4().hex}", self._needs("look")
            future = cluster.submit(self._client, needs, key, looks.look, name, run.id, arguments)
            return future.result(timeout=max(0.0, deadline - time.monotonic()))
        except CnnError:
            raise
        except TimeoutError as error:
            raise self.lack("look") or EngineError("engine.slow", seconds=round(timeout)) from error
        except Exception as error:
            if cluster.is_lost(error):  # with the scheduler that it was sent to
                raise EngineError("engine.scheduler", address=self._address) from error
            if not self._is_ending():
                log.warning("look %s failed", name, exc_info=True)
            raise EngineError("engine.failed", kind=type(error).__name__) from error
        finally:
            if future is not None:
                future.release()

    def _live(self) -> None:
        if self._closing.wait(self._head_start):
            self._tried.set()
            return
        if self._off:
            self._tried.set()
            self._try(self._on_ready)
            return
        self._try(self.tick)
        self._try(self._on_ready)
        while not self._closing.is_set():
            self._due.wait(TICK)
            self._due.clear()
            if not self._closing.is_set():
                self._try(self.tick)

    def _try(self, work: Callable[[], None]) -> None:
        """What fails must not end the engine; the next tick tries again."""
        try:
            work()
        except Exception:
            if not self._is_ending():
                log.exception("the engine stumbled")

    def _is_ending(self) -> bool:
        """Whether the engine ends, or its process; where it does not, the answer takes `LAST_WORDS`.

        A process that ends refuses new threads, and imports that need them, before it calls `close`.
        """
        return self._closing.wait(LAST_WORDS) or not threading.main_thread().is_alive()

    def _open_cluster(self) -> bool:
        """Start the scheduler and the workers; whether there is a scheduler now."""
        if not self._backoff.due:
            return False
        try:
            self._cluster = cluster.local()
        except Exception as error:
            self._backoff.fail()
            self._problem = EngineError("engine.down", reason=type(error).__name__)
            if not self._is_ending():
                log.exception("the engine did not start")
            return False
        self._problem = None
        self._address = self._cluster.scheduler_address
        # Again, now that Dask has registered what it does at exit: the last registered goes first.
        atexit.unregister(self.close)
        atexit.register(self.close)
        for kind, count in self._counts.items():
            if not self._closing.is_set():
                self._processes[kind] = [
                    WorkerProcess(str(self._address), kind, cluster.keys(self._cluster))
                    for _ in range(count)
                ]
        return True

    def _all_processes(self) -> list[WorkerProcess]:
        return [process for kind in self._processes.values() for process in kind]

    def tick(self) -> None:
        """Look after the workers and the queue once; the engine's thread does so all the time."""
        try:
            reachable = not self._ours or self._cluster is not None or self._open_cluster()
            # The run of a worker that has ended waits again.
            ended = [process.revive() for process in self._all_processes()]
            self._queue.vouch(immediately=any(ended))
            if reachable:
                self._workers = self._find_workers()
                for work in self._before_step:
                    self._try(work)
                self._queue.step(len(self._workers.get("train", ())))
        finally:
            self._tried.set()

    def _find_workers(self) -> dict[str, set[str]]:
        """Names of the workers of each kind; none while an existing cluster is away."""
        try:
            workers = self._ask_scheduler()
        except (OSError, ValueError):
            if self._ours:
                raise
            log.debug("no scheduler at %s", self._address, exc_info=True)
            self._problem = EngineError("engine.scheduler", address=self._address)
            return {}
        if not self._ours:
            self._problem = None
        names, self._strangers = {}, set()
        for kind in worker.KINDS:
            of_kind = [info for info in workers.values() if info["resources"].get(kind)]
            needs = self._needs(kind)
            names[kind] = {
                str(info["name"]) for info in of_kind if needs.keys() <= info["resources"].keys()
            }
            if of_kind and not names[kind]:
                self._strangers.add(kind)
        for process in self._all_processes():
            if any(process.name in of_kind for of_kind in names.values()):
                process.answered()
        return names

    def _needs(self, kind: str) -> dict[str, float]:
        """What a worker has to offer; our own run the code that lies here, whatever its version."""
        return cluster.needs(kind, same_version=not self._ours)

    def _ask_scheduler(self) -> dict[str, Any]:
        """The workers that it knows. Raises OSError or ValueError while there is no scheduler."""
        if self._client is None or self._client.status == "closed":
            self._client = cluster.connect(str(self._address), self._cluster)
        return cluster.workers(self._client)

    def _send(self, run: runs.Run) -> Any:
        key = f"train-{run.id}-{uuid.uuid4().hex[:6]}"
        needs = self._needs("train")
        future = cluster.submit(self._client, needs, key, trainer.train_run, run.id)
        # A worker that waited for the next tick would lose that time with every run.
        cluster.when_over(future, self._due.set)
        return future
