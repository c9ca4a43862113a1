"""What both tables of the notes have in common: which fields a row has, and texts in every language."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from cnn_core import texts
from cnn_core.lessons.reader import LESSONS


def check_row(
    name: str,
    row: Mapping[str, Any],
    *,
    needed: Set[str],
    allowed: Set[str],
    translated: tuple[str, ...],
) -> None:
    """Refuse a row that is not built as it should be.

    Args:
        name: What messages call it.
        row: Its fields; "terms", if there are any, are names of lessons.
        needed: Fields that it must have.
        allowed: Fields that it may have.
        translated: Fields that are given in every language.

    Raises:
        ValueError: If a field is missing, unknown or empty, or there is no such lesson.
    """
    if not needed <= set(row) <= allowed:
        wrong = ", ".join(sorted((needed - set(row)) | (set(row) - allowed)))
        raise ValueError(f"{name}: missing or unknown {wrong}.")
    for field in translated:
        if set(row[field]) != set(texts.LANGUAGES) or not all(row[field].values()):
            raise ValueError(f"{name}: {field} is not given in every language.")
    if unknown := set(row.get("terms", ())) - set(LESSONS):
        raise ValueError(f"{name}: no lesson {', '.join(sorted(unknown))}.")
