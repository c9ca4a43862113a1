"""How far this visitor is with the challenges; pages tell what was done, and a goal reached is said there.

What a page tells is calculated by the server: nothing that a browser says is taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import streamlit as st

from cnn_core import runs
from cnn_core.course import goals, goals_record
from cnn_core.course.goals import GOALS
from cnn_core.course.goals_training import Training
from cnn_core.course.progress import Progress
from cnn_core.errors import RunError
from cnn_core.progress.history import History
from cnn_core.runs import log as run_log
from cnn_core.runs import summary
from pages.session.visitor import visitor
from pages.session.words import t

ATTEMPTS = "goal_attempts"  # session key: the best attempt at each goal
NEWEST = 300  # of the visitor's runs, that are looked through


def attempts() -> dict[str, Progress]:
    """The visitor's best attempt at each goal in this window, and what was reached before."""
    kept: dict[str, Progress] | None = st.session_state.get(ATTEMPTS)
    if kept is None:
        kept = st.session_state[ATTEMPTS] = goals_record.read(visitor())
    return kept


def is_open(name: str) -> bool:
    """Whether the visitor has not reached that goal yet."""
    attempt = attempts().get(name)
    return attempt is None or not attempt.reached


def tell(name: str, attempt: Progress | None) -> None:
    """Keep an attempt if it is the best one, and say so when it reaches the goal."""
    before = attempts().get(name)
    if attempt is None or not attempt.beats(before):
        return
    attempts()[name] = attempt
    if not attempt.reached:
        return
    goals_record.keep(visitor(), name, attempt)
    if before is None or not before.reached:
        st.toast(
            t("challenges.reached_now", goal=t(f"goals.{name}.title")), icon=":material/flag:",
            duration="long",
        )  # fmt: skip


def try_goal(name: str, evidence: Callable[[], object]) -> None:
    """Check a goal that is still open; `evidence` is only calculated then."""
    if is_open(name):
        tell(name, GOALS[name].rule.check(evidence()))


def tell_run(run: runs.Run, history: History) -> None:
    """The same for the goals of runs, of a run of this visitor."""
    if run.owner == visitor():
        for name, attempt in goals.of_run(Training(run.model, run.train, history)).items():
            tell(name, attempt)


def look_through_runs() -> bool:
    """Compare what the visitor's runs have reached with what is kept; whether one of them still trains."""
    owner, active = visitor(), False
    own = [row for row in summary.summaries() if row.run.owner == owner][:NEWEST]
    for row in own:
        active = active or row.status.active
        stopped = row.status.state in {"stopped", "diverged"}
        for name, attempt in _of_run(row.run.folder, row.run.id, _size(row.run), stopped).items():
            tell(name, attempt)
    return active


def refresh() -> None:
    """Take over what this visitor has reached in another window."""
    st.session_state[ATTEMPTS] = goals.merged(attempts(), goals_record.read(visitor()))


def _size(run: runs.Run) -> int:
    try:
        return (run.folder / "events.jsonl").stat().st_size
    except OSError:
        return 0


@lru_cache(maxsize=2 * NEWEST)
def _of_run(folder: Path, run_id: str, size: int, whole: bool) -> dict[str, Progress]:
    """What a run has reached; `size` is that of its log, `whole` whether its batches count, too."""
    try:
        run = runs.open_run(run_id)
    except RunError:
        return {}
    history = run_log.history(run) if whole else run_log.digest(run)
    return goals.of_run(Training(run.model, run.train, history))
