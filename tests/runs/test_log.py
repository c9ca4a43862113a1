"""The log of a run: written immediately, read on while it grows, whatever tore it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from small_runs import make

from cnn_core.progress.events import (
    BatchEnd,
    EpochEnd,
    Event,
    LearningRateChanged,
    Paused,
    Resumed,
    RunEnded,
    RunStarted,
    to_json,
)
from cnn_core.progress.history import History
from cnn_core.runs import log as run_log


def started(done: int = 0) -> RunStarted:
    return RunStarted(100, 500, 8, "float32", done, 1.0)


def report(epoch: int, batch: int) -> BatchEnd:
    return BatchEnd(epoch, batch, 8, 1 / (epoch + batch), 0.5, 1e-3, 100.0, 2.0)


def epoch_end(epoch: int, complete: bool = True) -> EpochEnd:
    return EpochEnd(epoch, 1.0, 0.5, 1 / epoch, 0.5, 1e-3, 3.0, complete=complete)


STORY: list[Event] = [
    started(),
    report(1, 3),
    Paused(1, 3),
    report(1, 4),
    Resumed(1, 4),
    report(1, 8),
    epoch_end(1),
    LearningRateChanged(2, 1, 1e-4),
    report(2, 8),
    epoch_end(2),
    report(3, 2),
    started(2),
    report(3, 8),
    epoch_end(3),
    RunEnded("finished", 3, 3, 9.0),
]


def test_a_history_that_grows_equals_a_full_reading_at_every_byte() -> None:
    run = make()
    content = "".join(to_json(event) + "\n" for event in STORY).encode()
    growing = run_log.EventReader(run.folder, 3)
    path = run.folder / "events.jsonl"
    assert growing.history() == run_log.EventReader(run.folder, 3).history() == History(3)
    for size in range(0, len(content) + 1, 7):
        path.write_bytes(content[:size])
        lines = content[:size].count(b"\n")
        expected = History.from_events(STORY[:lines], 3)
        assert growing.history() == expected
        assert run_log.EventReader(run.folder, 3).history() == expected


@given(some.lists(some.integers(0, 600), min_size=1, max_size=6))
def test_a_history_does_not_depend_on_when_it_was_read(cuts: list[int]) -> None:
    content = "".join(to_json(event) + "\n" for event in STORY).encode()
    run = make()
    growing = run_log.EventReader(run.folder, 3)
    for size in [*sorted(cuts), len(content)]:
        (run.folder / "events.jsonl").write_bytes(content[:size])
        growing.history()
    assert growing.history() == History.from_events(STORY, 3)


def test_a_history_without_news_is_the_same_object() -> None:
    run = make()
    write = run_log.EventWriter(run)
    write(started())
    first = run_log.history(run)
    assert run_log.history(run) is first
    write(report(1, 3))
    assert run_log.history(run).batches == (report(1, 3),)
    write.close()
    assert first.batches == ()


def test_each_event_is_read_once_however_often_the_history_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = make()
    parsed, added, opened = [], [], []
    parse, add, open_file = run_log.from_json, run_log.Accumulator.add, Path.open
    monkeypatch.setattr(run_log, "from_json", lambda text: parsed.append(text) or parse(text))
    monkeypatch.setattr(
        run_log.Accumulator, "add", lambda self, event: added.append(event) or add(self, event)
    )
    write = run_log.EventWriter(run)
    for event in STORY:
        write(event)
        run_log.history(run)
    write.close()
    assert len(parsed) == len(STORY)
    assert added == STORY
    monkeypatch.setattr(
        Path, "open", lambda self, *args, **kw: opened.append(self) or open_file(self, *args, **kw)
    )
    run_log.history(run)
    assert opened == []


def test_what_is_said_is_readable_at_once() -> None:
    run = make()
    write = run_log.EventWriter(run)
    for count, event in enumerate(STORY, start=1):
        write(event)
        assert run_log.history(run) == History.from_events(STORY[:count], 3)
    write.close()


@pytest.mark.parametrize("torn", [b'{"kind": "BatchEnd", "epo', b"\xed\x95", b"\0" * 50, b"{}"])
def test_a_torn_last_line_is_left_out_and_the_next_word_stands_on_its_own_line(
    torn: bytes,
) -> None:
    run = make()
    path = run.folder / "events.jsonl"
    path.write_bytes("".join(to_json(event) + "\n" for event in STORY[:7]).encode() + torn)
    assert run_log.history(run) == History.from_events(STORY[:7], 3)
    write = run_log.EventWriter(run)
    for event in STORY[7:]:
        write(event)
    write.close()
    assert run_log.history(run) == History.from_events(STORY, 3)
    assert run_log.EventReader(run.folder, 3).history() == History.from_events(STORY, 3)


def test_the_complete_epochs_are_what_a_resumed_training_needs() -> None:
    run = make()
    write = run_log.EventWriter(run)
    for event in (started(), epoch_end(1), epoch_end(2), epoch_end(3, complete=False)):
        write(event)
    write.close()
    assert run_log.history(run).complete_epochs == (epoch_end(1), epoch_end(2))


def test_a_history_can_be_read_on_many_threads() -> None:
    run = make()
    write = run_log.EventWriter(run)
    failures: list[History] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            history = run_log.history(run)
            batches = [it.batch for it in history.batches]
            if batches != list(range(1, len(batches) + 1)):
                failures.append(history)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for batch in range(1, 201):
        write(report(1, batch))
    over.set()
    for thread in threads:
        thread.join()
    write.close()
    assert failures == []
    assert len(run_log.history(run).batches) == 200
