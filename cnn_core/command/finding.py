"""One thing that a check of this machine looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        level: "ok", "warning" (it works, with a loss) or "problem" (it does not work).
        subject: What was checked, such as "python".
        sentence: What was found, and what to do about it.
    """

    level: str
    subject: str
    sentence: str
