"""Who of a room trains, waits or is stuck, and how far each is with the challenge: from run folders alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cnn_core.config import ModelConfig
from cnn_core.course import goals_room
from cnn_core.course.goals_room import Measured
from cnn_core.course.goals_training import Training
from cnn_core.course.progress import Progress
from cnn_core.errors import RunError
from cnn_core.runs import log, record, store
from cnn_core.runs.summary import Summary

SAME_ERRORS = 3  # in a row: who meets that one needs help
NOTHING_STARTED_S = 180.0
WORTH = 0.8  # validation accuracy from which accuracy per parameter counts: guessing needs none
STATES = ("stuck", "trains", "waits", "idle", "reached")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one person is.

    Attributes:
        state: One of `STATES`.
        why: Of who is stuck: "same_error" or "nothing_started"; else empty.
        sentence: The error that they meet, by language; empty of who meets none that a run tells.
        latest: Their newest run since the challenge began; None if there is none.
        progress: Their best attempt at the challenge; None without one.
        measured: What counts of them on the leaderboard; None if nothing does.
    """

    state: str
    why: str
    sentence: Mapping[str, str]
    latest: Summary | None
    progress: Progress | None
    measured: Measured | None


def standing(
    rows: Sequence[Summary],
    since: float,
    now: float,
    goal: str | None = None,
    setup: ModelConfig | None = None,
    errors: int = 0,
) -> Standing:
    """Where somebody is.

    Args:
        rows: Their runs.
        since: When the challenge began, or they joined if that was later; in seconds since 1970.
        now: The time now, in the same seconds.
        goal: One of `ROOM_GOALS`; None without a challenge.
        setup: The network that they have in the playground.
        errors: How often their window showed the same error in a row.
    """  # fmt: skip
    own = [row for row in rows if row.run.created >= since]
    own.sort(key=lambda row: row.run.created, reverse=True)  # ids tell seconds alone
    trainings = [training for row in own if (training := _training(row)) is not None]
    progress = goals_room.attempt(goal, trainings, setup) if goal else None
    measured = goals_room.measured(goal, trainings) if goal else None
    why = "" if progress and progress.reached else _stuck(own, since, now, errors, bool(goal))
    state = "idle"
    if any(row.status.state == "running" for row in own):
        state = "trains"
    elif any(row.status.active for row in own):
        state = "waits"
    elif progress is not None and progress.reached:
        state = "reached"
    elif why:
        state = "stuck"
    failed = (own[0].status.error or {}) if own and why == "same_error" else {}
    return Standing(
        state, why if state == "stuck" else "", failed, own[0] if own else None, progress, measured
    )


def _stuck(own: Sequence[Summary], since: float, now: float, errors: int, challenged: bool) -> str:
    newest = [
        (row.status.error or {}).get("en", "")
        for row in own[:SAME_ERRORS]
        if row.status.state == "failed"
    ]
    if errors >= SAME_ERRORS or (len(newest) == SAME_ERRORS and len(set(newest)) == 1):
        return "same_error"
    last = max([since, *(max(row.run.created, row.status.since) for row in own[:1])])
    return "nothing_started" if challenged and now - last >= NOTHING_STARTED_S else ""


def by_accuracy(standings: Mapping[str, Standing]) -> list[tuple[str, Measured]]:
    """People with what counts of them, the highest validation accuracy first."""
    return _ranked(standings, lambda figures: (figures.accuracy, -figures.params))


def by_accuracy_per_parameter(standings: Mapping[str, Standing]) -> list[tuple[str, Measured]]:
    """People from an accuracy of `WORTH` on, the highest accuracy for each parameter first."""
    ranked = _ranked(standings, lambda figures: (figures.per_thousand, figures.accuracy))
    return [(person, figures) for person, figures in ranked if figures.accuracy >= WORTH]


def _ranked(
    standings: Mapping[str, Standing], key: Callable[[Measured], tuple[float, ...]]
) -> list[tuple[str, Measured]]:
    counted = [(person, each.measured) for person, each in standings.items() if each.measured]
    return sorted(counted, key=lambda row: key(row[1]), reverse=True)


def of_owners(rows: Iterable[Summary], owners: Iterable[str]) -> dict[str, list[Summary]]:
    """The runs of each owner, in their order; trials of sweeps are nobody's own training."""
    sorted_rows: dict[str, list[Summary]] = {owner: [] for owner in owners}
    for row in rows:
        if row.run.owner in sorted_rows and not row.run.sweep:
            sorted_rows[row.run.owner].append(row)
    return sorted_rows


def _training(row: Summary) -> Training | None:
    try:
        size = (row.run.folder / "events.jsonl").stat().st_size
    except OSError:
        size = 0
    return _read(row.run.folder, row.run.id, size)


@lru_cache(maxsize=1_000)
def _read(folder: Path, run_id: str, size: int) -> Training | None:
    """A run with its epochs; `size` is that of its log, so that one that has grown is read again."""
    try:
        run = store.open_run(run_id)
    except RunError:
        return None
    return Training(run.model, run.train, log.digest(run)) if record.exists(run) else None
