"""Two train workers of the app's own: two runs train at the same time, and a range test finds one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from patience import until
from small_runs import LONG, MODEL, PLENTY, SHORT, state

from cnn_core.engine import Engine
from cnn_core.progress.learning_rates import ramp

pytestmark = [pytest.mark.slow, pytest.mark.long]
# At each landing tests/engine/test_existing_cluster.py has two runs that train at the same time, and
# tests/engine/test_real_workers.py a range test.


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path / "home"))
    engine = Engine(train_workers=2).start()
    yield engine
    engine.close()


def test_two_runs_train_at_the_same_time_and_a_range_test_is_answered(engine: Engine) -> None:
    assert engine.capacity == 2
    until(lambda: len(engine.workers("train")) == 2)
    test = engine.range_test(MODEL, SHORT, owner="us")
    until(lambda: test.done)
    curve = test.result()
    assert curve.rates == ramp()[: len(curve.rates)]
    assert len(curve.losses) == len(curve.rates)
    racers = [
        engine.order(MODEL, replace(LONG, batch_size=size), owner="us", limits=PLENTY)
        for size in (4, 5)
    ]
    until(lambda: [state(run) for run in racers] == ["running", "running"])
    for run in racers:
        engine.stop(run, by="us")
    until(lambda: not any(engine.holds(run.id) for run in racers))
