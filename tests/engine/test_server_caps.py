"""What a server does for all its visitors together: a cap on hours, and runs that an administrator ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from played_queue import Workers, queue, turn, workers
from small_runs import MODEL, PLENTY, SHORT, state

from cnn_core import __main__ as command
from cnn_core import runs
from cnn_core.datasets import training_images
from cnn_core.engine.queue import Queue
from cnn_core.errors import LimitError
from cnn_core.planning.cost import estimated_seconds
from cnn_core.planning.limits import Limits
from cnn_core.planning.presets import PRESETS
from cnn_core.runs import control

__all__ = ["queue", "workers"]  # fixtures


def test_it_ends_a_run_of_anybody_that_waits_in_a_server(
    queue: Queue, workers: Workers, capsys
) -> None:
    first, second = (queue.order(MODEL, SHORT, owner=owner, limits=PLENTY) for owner in "ab")
    turn(queue, workers)  # the first is sent
    assert command.main(["admin", "--end", second.id[-6:]]) == 0
    queue.vouch(immediately=True)
    assert not queue.holds(second.id)
    assert state(second) == "stopped"
    assert queue.holds(first.id)
    assert command.main(["admin", "--end-all"]) == 0
    assert control.read_control(first).stop  # its worker reads that
    assert command.main(["admin", "--end", second.id]) == 0
    assert "over already" in capsys.readouterr().out


def test_a_queue_of_too_many_hours_is_refused_and_a_first_run_never(queue: Queue) -> None:
    caps = Limits(queued=100, hours=1)
    preset = PRESETS["textbook"]
    heavy = preset.model, replace(preset.train, size="full")
    run_seconds = estimated_seconds(*heavy, training_images(heavy[1])) * heavy[1].epochs
    fitting = max(1, int(3600 / run_seconds))
    for _ in range(fitting):
        queue.order(*heavy, owner="a", limits=caps)
    with pytest.raises(LimitError) as refused:
        queue.order(*heavy, owner="b", limits=caps)
    assert refused.value.key == "limit.hours"
    queue.order(*heavy, owner="b", limits=caps, sweep="s")  # trials wait after every single run
    assert len(list(runs.newest())) == fitting + 1
