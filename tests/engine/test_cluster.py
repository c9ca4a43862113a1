"""The scheduler in the server: what it does not remember."""

from __future__ import annotations

from contextlib import closing

import pytest

from cnn_core.engine import cluster


@pytest.mark.slow
def test_the_scheduler_keeps_no_diary_of_looks() -> None:
    with closing(cluster.local()) as local:
        assert local.scheduler.transition_log.maxlen <= 100
        assert local.scheduler.computations.maxlen <= 10
