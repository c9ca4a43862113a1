"""What a run has said: one process writes the log, others read it on while it grows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from cnn_core.progress.events import EpochEnd, Event, from_json, to_json
from cnn_core.progress.history import RECENT, Accumulator, History
from cnn_core.runs import record

_BATCH = b'{"kind": "BatchEnd"'  # how `to_json` begins such a line
_LAYERS = b'{"kind": "LayersMeasured"'


class EventWriter:
    """Appends events to events.jsonl, each flushed as it is written."""

    def __init__(self, run: record.Run) -> None:
        record.refuse_shipped(run)
        path = run.folder / "events.jsonl"
        torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        self._file = path.open("a", encoding="utf-8")
        if torn:
            self._file.write("\n")

    def __call__(self, event: Event) -> None:
        """Write one line."""
        self._file.write(to_json(event) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class EventReader:
    """Reads events.jsonl on from where it stopped; safe to call on several threads."""

    def __init__(self, folder: Path, planned_epochs: int) -> None:
        self._path = folder / "events.jsonl"
        self._epochs = planned_epochs
        self._offset = 0
        self._accumulator = Accumulator()
        self._history = History(planned_epochs)
        self._lock = threading.Lock()

    def history(self) -> History:
        """The history of the run up to the last complete line; the same object if nothing is new."""
        with self._lock:
            fresh = self._read_on()
            if fresh:
                for event in fresh:
                    self._accumulator.add(event)
                self._history = self._accumulator.history(self._epochs)
            return self._history

    def _read_on(self) -> list[Event]:
        try:
            if self._path.stat().st_size == self._offset:
                return []
            with self._path.open("rb") as file:
                file.seek(self._offset)
                fresh = file.read()
        except OSError:
            return []
        end = fresh.rfind(b"\n") + 1
        self._offset += end
        return list(_parse(fresh[:end]))


def history(run: record.Run) -> History:
    """What the run has said so far; only what is new since the last call is read."""
    return _reader(run.folder, run.train.epochs).history()


def resumes_after(run: record.Run) -> int:
    """The epoch after which training continues if the run is resumed; 0 if it begins again."""
    if not (run.folder / "last.keras").exists():
        return 0
    past = history(run)
    return past.saved_epoch or past.epochs_done  # runs of older versions do not say what they saved


@lru_cache(maxsize=32)
def _reader(folder: Path, epochs: int) -> EventReader:
    return EventReader(folder, epochs)


def best_epoch(run: record.Run) -> EpochEnd | None:
    """The epoch of the lowest validation loss; its log is read again only when it has grown."""
    try:
        size = (run.folder / "events.jsonl").stat().st_size
    except OSError:
        return None
    return _best_epoch(run.folder, run.train.epochs, size)


@lru_cache(maxsize=512)
def _best_epoch(folder: Path, epochs: int, size: int) -> EpochEnd | None:
    return EventReader(folder, epochs).history().best


def digest(run: record.Run) -> History:
    """The history without what was measured inside the epochs, but for the last few reports: much quicker."""
    try:
        log = (run.folder / "events.jsonl").read_bytes()
    except OSError:
        return History(run.train.epochs)
    lines = log[: log.rfind(b"\n") + 1].splitlines()
    lines = [line for line in lines if not line.startswith(_LAYERS)]
    batches = [place for place, line in enumerate(lines) if line.startswith(_BATCH)]
    for place in batches[:-RECENT]:
        lines[place] = b""
    return History.from_events(_parse(b"\n".join(filter(None, lines))), run.train.epochs)


def _parse(lines: bytes) -> Iterator[Event]:
    for line in lines.splitlines():
        try:
            yield from_json(line.decode("utf-8"))
        except ValueError:  # torn by a kill; what it said is said again by the resumed run
            continue
