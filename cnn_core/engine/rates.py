"""Learning rate range tests in a train worker: they wait for it like a run, and take seconds."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

from cnn_core import datasets
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.engine.turns import TURNS
from cnn_core.errors import CnnError, EngineError, LimitError
from cnn_core.progress.learning_rates import RateCurve

MOST, MOST_OF_ONE = 20, 2  # tests that are not done: of all visitors, and of one

log = logging.getLogger(__name__)


def range_test(model: ModelConfig, train: TrainConfig) -> RateCurve:
    """What `training.range_test` measures on the bundled sample; called in a worker.

    Raises:
        CnnError: Whatever goes wrong.
    """
    problem: CnnError
    try:
        from cnn_core.training import release_custom_gradients
        from cnn_core.training.range_test import range_test as measure

        data = datasets.load(train.dataset, "sample")
        with TURNS.held(), release_custom_gradients() as graphs:

            def give_way() -> bool:
                if TURNS.wanted:
                    with graphs.of_others():
                        TURNS.give_way()
                return False

            return measure(model, train, data, stop=give_way)
    except CnnError as error:
        problem = error
    except Exception as error:
        log.exception("the range test failed")
        problem = EngineError("engine.failed", kind=type(error).__name__)
    # Dask sends an error with those it came from; the server would load TensorFlow to read its own.
    problem.__cause__ = problem.__context__ = None
    raise problem


class RangeTest:
    """A range test that was sent to a worker; it is given up when nobody keeps this object.

    Args:
        future: Of Dask.
    """

    def __init__(self, future: Any) -> None:
        self._future = future

    @property
    def done(self) -> bool:
        """Whether there is a result, or an error."""
        return bool(self._future.status != "pending")

    def result(self) -> RateCurve:
        """The losses, once it is done.

        Raises:
            CnnError: If it failed.
        """
        if self._future.status == "finished":
            curve: RateCurve = self._future.result(timeout=5)
            return curve
        error = self._future.exception(timeout=5) if self._future.status == "error" else None
        if isinstance(error, CnnError):
            raise error.with_traceback(None)
        raise EngineError("engine.failed", kind=type(error).__name__ if error else "lost")

    def cancel(self) -> None:
        """Give it up; one that a worker has begun goes on for a few seconds."""
        self._future.release()


class RangeTests:
    """The range tests that wait or work, of which each visitor may have a few; safe on every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tests: list[tuple[str, weakref.ref[RangeTest]]] = []

    def send(self, owner: str, send: Callable[[], Any]) -> RangeTest:
        """Send one more.

        Args:
            owner: Who asks for it; a word as in `Run.owner`.
            send: Makes the future.

        Raises:
            LimitError: If too many of this owner, or of all, are not done.
        """
        with self._lock:
            kept = [(name, ref) for name, ref in self._tests if (test := ref()) and not test.done]
            self._tests = kept
            if len(kept) >= MOST or sum(name == owner for name, _ in kept) >= MOST_OF_ONE:
                raise LimitError("limit.range_tests")
            test = RangeTest(send())
            self._tests.append((owner, weakref.ref(test)))
        return test
