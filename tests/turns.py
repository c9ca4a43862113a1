"""In which order the files of tests run."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
LONGEST = (
    "engine/test_real_workers.py",
    "engine/test_existing_cluster.py",
    "pages/test_every_control.py",
    "export/test_exported_programs.py",
    "training/test_checkpoints.py",
)
"""Files that take a minute or more, the longest first."""


def turn(path: Path) -> int:
    """The longest files first, those in a browser next: short ones at the end keep every process busy."""
    name = path.relative_to(TESTS).as_posix()
    if name in LONGEST:
        return LONGEST.index(name)
    return len(LONGEST) + (not name.startswith("browser/"))
