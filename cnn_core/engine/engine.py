"""The engine: send runs to worker processes, and look into models there. The server's only door to Keras."""

from __future__ import annotations

import atexit
import logging
import math
import threading
import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cnn_core import runs, version
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.engine import cluster, looks, worker
from cnn_core.engine.estimate import Place, present_speed, wait, whole
from cnn_core.engine.processes import CLOSE_TIMEOUT, Backoff, WorkerProcess
from cnn_core.errors import CnnError, EngineError, LimitError, RunError
from cnn_core.planning.limits import Limits, check_limits
from cnn_core.runs import control, lease
from cnn_core.runs import log as run_log

TICK = 0.25
MOST_PAUSE = 300.0  # seconds that a run may be paused while others wait for its worker

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    """A run that waits (without a future) or was sent to a worker."""

    run: runs.Run
    future: Any = None


class Engine:
    """Worker processes and the queue before them; safe to call on every thread.

    Without `scheduler` it starts a Dask scheduler in this process, and one train worker and one look
    worker as child processes, which end with this process however it ends. With `scheduler`, such as
    "tcp://host:8786", it uses the workers of that cluster that have the resource "train" or "look",
    and waits for it whenever it is away.

    Args:
        scheduler: Address of an existing cluster, or None.
        on_ready: Called once, on another thread, when everything the engine needs is loaded.
        head_start: Delay in seconds before the workers load TensorFlow, so that the first page gets
            the processor.
    """

    def __init__(
        self,
        scheduler: str | None = None,
        *,
        on_ready: Callable[[], None] = lambda: None,
        head_start: float = 0.0,
    ) -> None:
        self._address = scheduler
        self._ours = scheduler is None
        version.fingerprint()
        self._on_ready = on_ready
        self._head_start = head_start
        self._lock = threading.RLock()
        self._jobs: list[_Job] = []  # oldest first
        self._processes: dict[str, WorkerProcess] = {}
        self._workers: dict[str, set[str]] = {}
        self._strangers: set[str] = (
            set()
        )  # kinds of which only workers of another version are there
        self._client: Any = None
        self._cluster: Any = None
        self._closing = threading.Event()
        self._tried = threading.Event()
        self._problem: EngineError | None = None  # with the scheduler; a worker has its own
        self._backoff = Backoff()
        self._vouched = -math.inf
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
        atexit.unregister(self.close)
        if self._thread.ident:
            self._thread.join(timeout=CLOSE_TIMEOUT)
        for process in self._processes.values():
            process.end()
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(OSError, RuntimeError, TimeoutError):
                    part.close(timeout=CLOSE_TIMEOUT)
        with self._lock:
            for job in self._jobs:
                if runs.status(job.run).state == "queued":
                    _tell(job.run, "interrupted")
            self._jobs.clear()

    def problem(self, kind: str) -> EngineError | None:
        """Why no worker of that kind, "train" or "look", can be had at the moment, if that is so.

        It is still tried, with growing pauses, and the problem goes away by itself.
        """
        if self._problem is not None:
            return self._problem
        process = self._processes.get(kind)
        return process.problem if process else None

    def ready(self, kind: str) -> bool:
        """Whether a worker of that kind, "train" or "look", is there."""
        return bool(self._workers.get(kind))

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
    ) -> runs.Run:
        """Make a run and queue it; nothing is made if it is refused.

        Raises:
            LimitError: If it is over a cap, or its owner has too many runs waiting.
            DataError, ShapeError: If it cannot be trained.
            EngineError: If the engine is down.
            RunError: If its folder cannot be written.
        """
        limits = limits or Limits.from_environment()
        self.check(model, train, limits)
        with self._lock:
            self._refuse_crowd(owner, limits)
            run = runs.create(model, train, owner=owner, name=name)
            self._jobs.append(_Job(run))
        return run

    def resume(self, run: runs.Run, *, by: str, limits: Limits | None = None) -> None:
        """Queue an interrupted run again; it continues after its last complete epoch.

        Args:
            run: The run.
            by: Who asks: a word as in `Run.owner`. It is the owner who may have only so many runs queued.
            limits: Caps; those of the environment if not given.

        Raises:
            RunError: If `by` does not own the run, it has ended, is still active, or its folder cannot
                be written.
            LimitError, DataError, EngineError: As in `order`.
        """
        runs.refuse_stranger(run, by)
        limits = limits or Limits.from_environment()
        self.check(run.model, run.train, limits, done=run_log.resumes_after(run))
        with self._lock:
            if self.holds(run.id):
                raise RunError("run.not_resumable", id=run.id)
            if lease.holder(run):
                raise lease.refusal(run)
            self._refuse_crowd(run.owner, limits)
            # Of two servers that resume it, one finds it resumable.
            if not runs.write_status(run, "queued", only_if=runs.RESUMABLE):
                raise RunError("run.not_resumable", id=run.id)
            control.ask(run, by=by, stop=False, paused=False)
            self._jobs.append(_Job(run))

    def check(
        self, model: ModelConfig, train: TrainConfig, limits: Limits | None = None, *, done: int = 0
    ) -> None:
        """Refuse what is over a cap at the speed that was measured here; raises as `check_limits`."""
        check_limits(model, train, limits, speed=self._speed(), done=done)

    def _refuse_crowd(self, owner: str, limits: Limits) -> None:
        self._refuse_if_down("train")
        if len(self._jobs) >= limits.waiting:
            raise LimitError("limit.waiting", cap=limits.waiting)
        if sum(job.run.owner == owner for job in self._jobs) >= limits.queued:
            raise LimitError("limit.queued", cap=limits.queued)

    def _refuse_if_down(self, kind: str) -> None:
        if problem := self.problem(kind):
            # A new one each time, because an error that is raised keeps a traceback.
            raise EngineError(problem.key, **problem.slots)

    def holds(self, run_id: str) -> bool:
        """Whether the run waits or works in this engine."""
        with self._lock:
            return any(job.run.id == run_id for job in self._jobs)

    def stop(self, run: runs.Run, *, by: str) -> None:
        """Take the run out of the queue, or ask it to end and keep its best weights.

        A run that waited to go on after an interruption is interrupted again, not lost.

        Raises:
            RunError: If `by` does not own the run, or its folder is gone or cannot be written.
        """
        control.ask(run, by=by, stop=True)
        with self._lock:
            for job in self._jobs:
                if job.run.id == run.id and job.future is None:
                    self._jobs.remove(job)
                    _tell(run, "interrupted" if run_log.history(run).complete_epochs else "stopped")
                    return

    def place(self, run: runs.Run) -> Place:
        """Where the run stands in the queue, and how long those before it will take."""
        with self._lock:
            ahead: list[runs.Run] = []
            for job in self._jobs:
                if job.run.id == run.id:
                    break
                ahead.append(job.run)
            else:
                return Place(0, None)
            if job.future is not None:
                return Place(0, None)
            working = self._working()
        workers = len(self._workers.get("train", ()))
        return Place(len(ahead), wait(ahead, working, workers))

    def estimate(self, model: ModelConfig, train: TrainConfig) -> float | None:
        """Seconds that such a run would take from its start; None without any measurement."""
        return whole(model, train, self._speed())

    def _speed(self) -> float | None:
        with self._lock:
            working = self._working()
        return present_speed(working)

    def _working(self) -> list[runs.Run]:
        return [job.run for job in self._jobs if job.future is not None]

    def look(self, name: str, run: runs.Run, *arguments: Any, timeout: float = 30.0) -> Any:
        """Call a function of `worker.LOOKS` with the run's best model in a look worker.

        Args:
            name: Key of `worker.LOOKS`, such as "predict".
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
            log.warning("look %s failed", name, exc_info=True)
            raise EngineError("engine.failed", kind=type(error).__name__) from error
        finally:
            if future is not None:
                future.release()

    def _live(self) -> None:
        if self._closing.wait(self._head_start):
            self._tried.set()
            return
        while True:
            self._try(self._tick)
            if not self._tried.is_set():
                self._tried.set()
                self._try(self._on_ready)
            if self._closing.wait(TICK):
                return

    def _try(self, work: Callable[[], None]) -> None:
        """What fails must not end the engine; the next tick tries again."""
        try:
            work()
        except Exception:
            if not self._closing.is_set():
                log.exception("the engine stumbled")

    def _open_cluster(self) -> bool:
        """Start the scheduler and the workers; whether there is a scheduler now."""
        if not self._backoff.due:
            return False
        try:
            self._cluster = cluster.local()
        except Exception as error:
            log.exception("the engine did not start")
            self._backoff.fail()
            self._problem = EngineError("engine.down", reason=type(error).__name__)
            return False
        self._problem = None
        self._address = self._cluster.scheduler_address
        # Again, now that Dask has registered what it does at exit: the last registered goes first.
        atexit.unregister(self.close)
        atexit.register(self.close)
        for kind in worker.KINDS:
            if not self._closing.is_set():
                self._processes[kind] = WorkerProcess(str(self._address), kind)
        return True

    def _tick(self) -> None:
        reachable = not self._ours or self._cluster is not None or self._open_cluster()
        for process in self._processes.values():
            if process.revive():
                self._vouched = -math.inf  # the run that it trained waits again
        self._vouch()
        if not reachable:
            return
        self._workers = self._find_workers()
        with self._lock:
            self._collect()
            self._send()

    def _find_workers(self) -> dict[str, set[str]]:
        """Names of the workers of each kind; none while an existing cluster is away."""
        try:
            known = self._ask_scheduler()
        except (OSError, ValueError):
            if self._ours:
                raise
            log.debug("no scheduler at %s", self._address, exc_info=True)
            self._problem = EngineError("engine.scheduler", address=self._address)
            return {}
        if not self._ours:
            self._problem = None
        found, self._strangers = {}, set()
        for kind in worker.KINDS:
            of_kind = [it for it in known.values() if it["resources"].get(kind)]
            needs = self._needs(kind)
            found[kind] = {
                str(it["name"]) for it in of_kind if needs.keys() <= it["resources"].keys()
            }
            if of_kind and not found[kind]:
                self._strangers.add(kind)
        for kind, process in self._processes.items():
            if process.name in found[kind]:
                process.answered()
        return found

    def _needs(self, kind: str) -> dict[str, float]:
        """What a worker has to offer; our own run the code that lies here, whatever its version."""
        return cluster.needs(kind, same_version=not self._ours)

    def _ask_scheduler(self) -> dict[str, Any]:
        """The workers that it knows. Raises OSError or ValueError while there is no scheduler."""
        if self._client is None or self._client.status == "closed":
            self._client = cluster.connect(str(self._address))
        return cluster.workers(self._client)

    def _vouch(self) -> None:
        """Say of the runs that wait here that they do; also of one whose worker just died."""
        if time.monotonic() - self._vouched < runs.SECONDS_BETWEEN_LIFE_SIGNS:
            return
        self._vouched = time.monotonic()
        with self._lock:
            for job in self._jobs:
                state = runs.status(job.run).state
                if state == "interrupted":
                    _tell(job.run, "queued", only_if=("interrupted",))
                elif state == "queued":
                    with suppress(OSError):
                        runs.show_life(job.run)
            self._end_long_pauses()

    def _end_long_pauses(self) -> None:
        """A run that its visitor left paused goes on by itself once others wait for the worker."""
        for job in self._jobs:
            if self.pause_left(job.run) == 0.0:
                with suppress(RunError):
                    control.ask(job.run, by=job.run.owner, paused=False, pause_ended=True)

    def pause_left(self, run: runs.Run) -> float | None:
        """Seconds after which a paused run goes on by itself; None if it is not paused or nobody waits."""
        with self._lock:
            if not any(job.future is None for job in self._jobs):
                return None
            working = any(job.run.id == run.id and job.future is not None for job in self._jobs)
        paused = control.paused_for(run) if working else 0.0
        return max(0.0, MOST_PAUSE - paused) if paused else None

    def _collect(self) -> None:
        for job in list(self._jobs):
            if job.future is None or job.future.status == "pending":
                continue
            if job.future.status in ("cancelled", "lost"):  # the scheduler went away
                job.future, self._vouched = None, -math.inf
                continue
            self._jobs.remove(job)
            if job.future.status == "error":
                _tell(job.run, "failed", cluster.error_of(job.future))

    def _send(self) -> None:
        free = len(self._workers.get("train", ()))
        free -= sum(job.future is not None for job in self._jobs)
        for job in [job for job in self._jobs if job.future is None][: max(0, free)]:
            key = f"train-{job.run.id}-{uuid.uuid4().hex[:6]}"
            job.future = cluster.submit(
                self._client, self._needs("train"), key, worker.train_run, job.run.id
            )


def _tell(
    run: runs.Run,
    state: str,
    error: CnnError | None = None,
    only_if: Collection[str] = runs.STATES,
) -> None:
    """Write the status of a run whose folder may be gone meanwhile."""
    try:
        runs.write_status(run, state, error=error, only_if=only_if)
    except (CnnError, OSError):
        log.warning("the status of run %s cannot be written", run.id, exc_info=True)
