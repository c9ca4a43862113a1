"""The state of a run: who is working on it, and whether that process is alive."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from cnn_core import texts
from cnn_core.errors import CnnError, RunError
from cnn_core.files import write_within
from cnn_core.runs import identity, lease
from cnn_core.runs.record import Run, changing, read_json, refuse_shipped, write_json

ACTIVE = ("queued", "running")
OVER = ("finished", "stopped", "diverged")
RESUMABLE = ("interrupted", "failed")
STATES = (*ACTIVE, *OVER, *RESUMABLE)
SECONDS_BETWEEN_LIFE_SIGNS = 3.0
WAITS_FOR_DISK = "run.waits_for_disk"


@dataclass(frozen=True, slots=True)
class Status:
    """Where a run stands.

    Attributes:
        state: "queued", "running", "finished", "stopped", "diverged", "failed" or "interrupted"
            (nobody works on it any more, though it has not ended).
        since: When it got there, in seconds since 1970.
        speed: Of this machine while it trained: seconds of `pace.estimated_seconds` worked off in one;
            0 if it was not measured.
        extra: Seconds that it took beside its epochs, mostly to compile; 0 if that was not measured.
        error: What went wrong when it failed, or what it waits for, in a sentence for each language.
        cause: Key of that sentence, as in `CnnError.key`; empty without one.
    """

    state: str
    since: float = 0.0
    speed: float = 0.0
    extra: float = 0.0
    error: dict[str, str] | None = None
    cause: str = ""

    @property
    def waits_for_disk(self) -> bool:
        """Whether the run waits for room on a full disk, and goes on by itself."""
        return self.state == "queued" and self.cause == WAITS_FOR_DISK

    @property
    def active(self) -> bool:
        """Whether the run waits or works."""
        return self.state in ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether training can be resumed after the last complete epoch."""
        return self.state in RESUMABLE

    def sentence(self, language: str) -> str:
        """What went wrong, in words; empty if nothing did."""
        return (self.error or {}).get(language, "")


def status(run: Run) -> Status:
    """Where the run stands; a run that claims to be active and shows no life is interrupted.

    One on another machine shows life by the time stamp of a file, so clocks must agree to seconds.
    """
    tree = read_json(run.folder / "status.json")
    recorded = status_of(tree) if tree else Status("interrupted")
    if tree and recorded.active and not _alive(run, tree):
        return replace(recorded, state="interrupted")
    return recorded


def status_of(tree: dict[str, Any]) -> Status:
    """The status that a tree of status.json holds; interrupted if it holds none."""
    try:
        error = tree.get("error")
        recorded = Status(
            state=str(tree["state"]),
            since=float(tree.get("since", 0.0)),
            speed=float(tree.get("speed", 0.0)),
            extra=float(tree.get("extra", 0.0)),
            error={name: str(text) for name, text in error.items()} if error else None,
            cause=str(tree.get("cause", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return Status("interrupted")
    return recorded if recorded.state in STATES else Status("interrupted")


def write_status(
    run: Run,
    state: str,
    *,
    speed: float = 0.0,
    extra: float = 0.0,
    error: CnnError | None = None,
    only_if: Collection[str] = STATES,
) -> bool:
    """Replace the run's status; the writing process vouches for an active one until it dies.

    Args:
        run: The run.
        state: One of `STATES`.
        speed: As in `Status`.
        extra: As in `Status`.
        error: What went wrong.
        only_if: States that it may replace. Another process cannot change the state in between.

    Returns:
        Whether it was replaced.

    Raises:
        RunError: If the run's folder is gone or cannot be written.
    """
    with changing(run, even_unlocked=True):
        if only_if is not STATES and status(run).state not in only_if:
            return False
        _replace(run, state, speed, extra, error)
    return True


def _replace(run: Run, state: str, speed: float, extra: float, error: CnnError | None) -> None:
    tree: dict[str, Any] = {
        "state": state,
        "since": time.time(),
        "speed": speed,
        "extra": extra,
        **identity.own(),
    }
    if error is not None:
        tree["cause"] = error.key
        tree["error"] = {language: error.sentence(language) for language in texts.LANGUAGES}
    try:
        show_life(run)
        write_json(run.folder / "status.json", tree)
    except FileNotFoundError:
        raise RunError("run.not_found", id=run.id) from None
    except OSError:
        try:
            write_within(run.folder / "status.json", json.dumps(tree).encode())
        except OSError as again:
            raise RunError("run.storage", folder=str(run.folder)) from again


def full_disk(run: Run) -> RunError:
    """What is said of a run that waits for room on the disk."""
    return RunError(WAITS_FOR_DISK, folder=str(run.folder))


def show_life(run: Run) -> None:
    """Say that somebody is still working on the run, or keeps it in a queue."""
    refuse_shipped(run)
    (run.folder / "alive").touch()


def _alive(run: Run, tree: dict[str, Any]) -> bool:
    """Whether the process that said so lives and showed it lately; one that slept still has its lease."""
    if identity.lives(tree) is False:
        return False
    return lease.shows_life(run) or lease.holder(run) is not None
