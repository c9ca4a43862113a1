"""What a visitor has reached, kept by the server under the visitor's word: one small file each.

It is kept beside the runs, where reloads and restarts leave it; no browser can write it.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cnn_core.course.goals import GOALS
from cnn_core.course.progress import Progress
from cnn_core.runs import record, steady

LOCK_TIMEOUT_S = 2.0
KEPT_S = 180 * 24 * 3600.0  # a file that nobody wrote to for as long may go
MOST_KEPT = 20_000  # files, of a few hundred bytes each; those go first that were written first
MOST_NUMBERS, LONGEST = 8, 40  # of an attempt, and characters of each


def read(owner: str) -> dict[str, Progress]:
    """The goals that the visitor has reached, by name; none if there is no file that can be read."""
    tree = record.read_json(_path(owner)) or {}
    attempts = {name: _from_tree(part) for name, part in tree.items() if name in GOALS}
    return {name: attempt for name, attempt in attempts.items() if attempt is not None}


def keep(owner: str, name: str, attempt: Progress) -> bool:
    """Keep a goal that was reached, unless a better attempt is kept.

    Returns:
        Whether it is kept now; False on a disk that is full or may not be written.

    Raises:
        KeyError: If there is no such goal.
        ValueError: If the attempt does not reach it.
    """
    if name not in GOALS:
        raise KeyError(name)
    if not attempt.reached:
        raise ValueError(f"{name} is not reached.")
    path = _path(owner)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=LOCK_TIMEOUT_S):
            if not path.exists():
                _remove_old(path.parent)
            kept = read(owner)
            if attempt.beats(kept.get(name)):
                tree = {each: _to_tree(value) for each, value in {**kept, name: attempt}.items()}
                record.write_json(path, tree)
                steady.stamp(path)
    except (OSError, NotImplementedError, Timeout):
        return False
    return True


def _path(owner: str) -> Path:
    """The visitor's file; whatever the word is made of, its name is hexadecimal."""
    name = hashlib.sha256(owner.encode()).hexdigest()[:32]
    return record.home().parent / "goals" / f"{name}.json"


def _remove_old(folder: Path) -> None:
    """Make room for another visitor: what is old goes, and more where there are too many."""
    ages = {path: steady.age(path) for path in folder.glob("*.json")}
    for place, path in enumerate(sorted(ages, key=ages.__getitem__), 1):
        if place >= MOST_KEPT or ages[path] > KEPT_S:
            with suppress(OSError):
                path.unlink()
                path.with_suffix(".lock").unlink(missing_ok=True)


def _to_tree(attempt: Progress) -> dict[str, Any]:
    return {"score": list(attempt.score), "numbers": dict(attempt.numbers)}


def _from_tree(tree: Any) -> Progress | None:
    """The attempt of a tree; None of a damaged one."""
    try:
        pairs = list(tree["numbers"].items())[:MOST_NUMBERS]
        numbers = {str(name)[:LONGEST]: str(text)[:LONGEST] for name, text in pairs}
        return Progress(True, tuple(tree["score"]), 1.0, numbers)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
